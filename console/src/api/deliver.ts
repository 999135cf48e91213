/** Sends a file as the body of a delivery or of its dry run, and reports how much of it has been sent. */
import { API_ROOT } from '../base.ts'
import { parseExact } from './exact-json.ts'
import { answerOf, endSession, type Schema, SimtallyError, server } from './server.ts'

export interface Sending {
  readonly feed: string
  readonly file: File
  /** From 0 to 1. */
  readonly onSent: (share: number) => void
}

/** Also rejects with an `AbortError` once the signal fires. */
export function tryDelivery(
  sending: Sending,
  signal: AbortSignal,
): Promise<Schema<'DeliveryDryRun'>> {
  return send('Records/DryRun', sending, signal)
}

/**
 * From time to time, `onCounted` gets the number of records counted so far, according to the list of imports.
 * It gets null while the list may mean another delivery of such a file to the same feed.
 */
export async function deliver(
  sending: Sending,
  onCounted: (records: number | null) => void,
): Promise<Schema<'Delivery'>> {
  const before = await runningImports(sending).catch(() => [])
  const known = new Set(before.map((found) => found.import))
  let isOver = false
  const look = async () => {
    const own = (await runningImports(sending)).filter((found) => !known.has(found.import))
    if (!isOver) onCounted(own.length === 1 ? own[0]!.records : null)
  }
  const follow = async () => {
    while (!isOver) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
      // The delivery itself reports what is wrong.
      if (!isOver) await look().catch(() => {})
    }
  }
  void follow()
  return send<Schema<'Delivery'>>('Records', sending).finally(() => {
    isOver = true
  })
}

const LOOK_EVERY_MS = 400

async function runningImports({ feed, file }: Sending): Promise<readonly Schema<'Import'>[]> {
  const query = { Feed: feed, Status: 'running', PageSize: '50' }
  const { imports } = await answerOf(server.GET('/v1/Imports', { params: { query } }))
  const source = nameOf(file) ?? 'http'
  return imports.filter((found) => found.source === source)
}

const NAME_LENGTH_MAX = 255

/** Null for a name that the server would not take; the delivery then has no name. */
function nameOf({ name }: File): string | null {
  const isFit = name.length <= NAME_LENGTH_MAX && !/[\p{C}\p{Zl}\p{Zp}/\\]/u.test(name)
  return isFit && name !== '' ? name : null
}

/**
 * Uses `XMLHttpRequest`, because `fetch` does not report how much has been sent. Rejects with
 * `SimtallyError`, and with a `TypeError` if the connection breaks.
 */
function send<T>(what: string, { feed, file, onSent }: Sending, signal?: AbortSignal): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const request = new XMLHttpRequest()
  const name = nameOf(file)
  const query = name === null ? '' : `?FileName=${encodeURIComponent(name)}`
  request.open('POST', `${API_ROOT}v1/Feeds/${encodeURIComponent(feed)}/${what}${query}`)
  request.setRequestHeader('Simtally-Console', '1')
  request.setRequestHeader('Content-Type', typeOf(file.name))
  request.upload.onprogress = ({ loaded, total }) => {
    if (signal?.aborted !== true) onSent(total === 0 ? 1 : loaded / total)
  }
  request.onload = () => {
    const { status } = request
    const body = bodyOf(request.responseText)
    if (status < 300) return resolve(body as T)
    if (status === 401) endSession()
    const wait = request.getResponseHeader('Retry-After')
    const headers = new Headers(wait === null ? {} : { 'Retry-After': wait })
    reject(new SimtallyError(new Response(null, { status, headers }), body))
  }
  request.onerror = () => reject(new TypeError('the connection broke'))
  request.onabort = () => reject(new DOMException('not wanted any more', 'AbortError'))
  signal?.addEventListener('abort', () => request.abort())
  request.send(file)
  return promise
}

function bodyOf(text: string): unknown {
  try {
    return parseExact(text)
  } catch {
    return null
  }
}

/** The server recognizes compressed files by their first bytes, and other formats by the feed. */
function typeOf(name: string): string {
  if (/\.csv(\.gz)?$/i.test(name)) return 'text/csv'
  if (/\.(nd|j)sonl?(\.gz)?$|\.ndjson(\.gz)?$/i.test(name)) return 'application/x-ndjson'
  return 'application/octet-stream'
}
