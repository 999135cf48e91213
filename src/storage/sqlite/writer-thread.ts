/**
 * The thread that writes. It runs one operation at a time, so writes never interleave. Small operations
 * that wait together share a transaction, and thereby its sync to disk, which takes longer than they do.
 */
import { parentPort, receiveMessageOnPort } from 'node:worker_threads'
import { UsageError, type UsageErrorCode } from '../../domain/usage-error.ts'
import { type Connection, type ConnectionOptions, openConnection } from './connection.ts'
import { translated } from './failures.ts'
import type { WriterOrder, WriterReply, WriterRequest } from './writer.ts'
import { isShared, OPERATIONS, sparesOthers } from './writer-operations.ts'

const port = parentPort!
let path = ''
let options: ConnectionOptions = { role: 'reader' }
let connection: Connection | null = null

/** How many operations share a transaction at most. */
const SHARED_MAX = 64

/** How long shared work may keep other writers waiting, in milliseconds. */
const SHARED_MS_MAX = 20

port.on('message', (first: WriterOrder) => {
  const orders = [first]
  for (let order = orders.shift(); order !== undefined; order = orders.shift()) {
    if (order === 'close') {
      connection?.close()
      connection = null
      port.postMessage('closed')
    } else if ('path' in order) {
      path = order.path
      options = order.options
    } else {
      const requests = [order]
      if (isShared(order.name)) orders.push(...takeWaiting(requests))
      port.postMessage(repliesTo(requests))
      connection?.giveWay()
      keepLogShort()
    }
  }
})

/** Adds waiting requests that may share a transaction; returns the first orders that may not. */
function takeWaiting(requests: WriterRequest[]): WriterOrder[] {
  while (requests.length < SHARED_MAX) {
    const order = receiveMessageOnPort(port)?.message as WriterOrder | undefined
    if (order === undefined) return []
    if (order === 'close' || 'path' in order || !isShared(order.name)) return [order]
    requests.push(order)
  }
  return []
}

/** Nobody is answered before their changes are on disk. */
function repliesTo(requests: readonly WriterRequest[]): WriterReply[] {
  const replies: WriterReply[] = []
  while (replies.length < requests.length) {
    const left = requests.slice(replies.length)
    replies.push(...(left.length === 1 ? left.map(reply) : sharedReplies(left)))
  }
  return replies
}

/** Answers the first of the requests, and as many more as time allows. */
function sharedReplies(requests: readonly WriterRequest[]): WriterReply[] {
  const tried: WriterRequest[] = []
  try {
    const open = opened()
    return translated(path, () =>
      open.share(() => {
        const endAt = performance.now() + SHARED_MS_MAX
        const replies: WriterReply[] = []
        for (const request of requests) {
          tried.push(request)
          replies.push(replyInPiece(open, request))
          if (performance.now() >= endAt) break
        }
        return replies
      }),
    )
  } catch (error) {
    // Nothing was kept. Run alone, each request fails only for its own reasons.
    if (tried.length > 0) return tried.map(reply)
    leaveReadOnly(error)
    return [{ id: requests[0]!.id, failure: failureOf(error) }]
  }
}

/** Nobody waits for this. If it fails, the next operation will fail the same way and report it. */
function keepLogShort(): void {
  try {
    if (connection?.db.isTransaction === false) connection.log.keepShort()
  } catch {}
}

/** Faults of the place rather than of the request, which affect every piece of a transaction. */
const OF_PLACE: ReadonlySet<UsageErrorCode> = new Set([
  'incompatible',
  'missing',
  'read_only',
  'replaced',
  'storage_full',
  'unavailable',
])

/** Throws if the pieces before it cannot be kept either. */
function replyInPiece(open: Connection, request: WriterRequest): WriterReply {
  try {
    return { id: request.id, result: resultOf(open, request) }
  } catch (error) {
    const isOwn = error instanceof UsageError && !OF_PLACE.has(error.code)
    if (!isOwn || !sparesOthers(request.name) || !open.db.isTransaction) throw error
    return { id: request.id, failure: failureOf(error) }
  }
}

function reply(request: WriterRequest): WriterReply {
  try {
    return { id: request.id, result: resultOf(opened(), request) }
  } catch (error) {
    leaveReadOnly(error)
    return { id: request.id, failure: failureOf(error) }
  }
}

function resultOf(open: Connection, { name, values, acting }: WriterRequest): unknown {
  open.acting = acting
  // The name selects the function along with its argument types, which the type checker cannot follow
  // here.
  const operation = OPERATIONS[name] as (c: Connection, ...values: unknown[]) => unknown
  return translated(path, () => operation(open, ...values))
}

function opened(): Connection {
  connection ??= openConnection(path, options)
  return connection
}

/** A connection opened while the file was read-only stays read-only. A new one may do better. */
function leaveReadOnly(error: unknown): void {
  if (!(error instanceof UsageError) || error.code !== 'read_only') return
  connection?.close()
  connection = null
}

function failureOf(error: unknown): NonNullable<WriterReply['failure']> {
  if (error instanceof UsageError) {
    const { code, message, hint, field, value } = error
    return { kind: 'usage', code, message, details: { hint, field, value } }
  }
  const bug = error instanceof Error ? error : new Error(String(error))
  return { kind: 'bug', error: bug }
}
