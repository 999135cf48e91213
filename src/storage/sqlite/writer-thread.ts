/** The thread that writes. It takes one operation after the other, so writes never interleave. */
import { parentPort, workerData } from 'node:worker_threads'
import { UsageError } from '../../domain/usage-error.ts'
import { type Connection, type ConnectionOptions, openConnection } from './connection.ts'
import { translated } from './failures.ts'
import type { WriterReply, WriterRequest } from './writer.ts'
import { OPERATIONS } from './writer-operations.ts'

const { path, options } = workerData as { path: string; options: ConnectionOptions }
const port = parentPort!
let connection: Connection | null = null

port.on('message', (request: WriterRequest | 'close') => {
  if (request === 'close') {
    connection?.close()
    port.close()
    return
  }
  port.postMessage(reply(request))
  connection?.giveWay()
  keepLogShort()
})

/** Nobody waits for it: what makes it fail meets the next operation, which tells of it. */
function keepLogShort(): void {
  try {
    if (connection?.db.isTransaction === false) connection.log.keepShort()
  } catch {}
}

function reply({ id, name, values, acting }: WriterRequest): WriterReply {
  try {
    connection ??= openConnection(path, options)
    const open = connection
    open.acting = acting
    // The name picks the function and its argument types together, which types cannot follow here.
    const operation = OPERATIONS[name] as (c: Connection, ...values: unknown[]) => unknown
    return { id, result: translated(path, () => operation(open, ...values)) }
  } catch (error) {
    leaveReadOnly(error)
    return { id, failure: failureOf(error) }
  }
}

/** A connection that was made while the file could only be read stays so; the next may do better. */
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
