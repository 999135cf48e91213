/** Deliveries may be gzip or plain; their first two bytes tell, whatever they are called. */
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { LIMITS_DEFAULT, type LimitName, type Limits, limitRemedy } from '../domain/limits.ts'
import { UsageError } from '../domain/usage-error.ts'

const READ_BYTES = 262_144

/** Small deliveries may repeat themselves as they like: their ratio does not matter. */
export const RATIO_FREE_BYTES = 16 * 1024 ** 2

/** What gzip data may unpack to. */
export type UnpackLimits = Pick<Limits, 'unpackedBytes' | 'unpackRatio'>

/**
 * Yields the plain bytes of a delivery. Throws `unreadable` where gzip data is cut or damaged, or
 * unpacks to more than the limits allow, which it says before it has unpacked more.
 */
export async function* plainBytes(
  source: AsyncIterable<Uint8Array>,
  limits: UnpackLimits = LIMITS_DEFAULT,
): AsyncIterable<Uint8Array> {
  const { isGzip, bytes } = await sniff(source)
  yield* isGzip ? unpacked(bytes, limits) : bytes
}

/**
 * Reads a gzip file to its end without keeping anything, so that a cut or damaged file is refused
 * before any of it is counted. Does nothing for a plain file. Throws `unreadable`.
 */
export async function verifyGzipFile(
  path: string,
  limits: UnpackLimits = LIMITS_DEFAULT,
): Promise<void> {
  const file = await open(path)
  const magic = Buffer.alloc(2)
  try {
    await file.read(magic, 0, 2, 0)
  } finally {
    await file.close()
  }
  if (!isGzipMagic(magic)) return
  for await (const _ of unpacked(createReadStream(path, { highWaterMark: READ_BYTES }), limits));
}

/** Reads `packed` to its end: nothing but zeros, with which some programs fill up, may follow. */
async function* unpacked(
  packed: AsyncIterable<Uint8Array>,
  limits: UnpackLimits,
): AsyncIterable<Uint8Array> {
  const input = packed[Symbol.asyncIterator]()
  let bytesRead = 0
  let bytesBeforeZeros = 0
  async function next(): Promise<IteratorResult<Uint8Array>> {
    const result = await input.next()
    if (result.done !== true) {
      const lastByte = result.value.findLastIndex((byte) => byte !== 0)
      if (lastByte !== -1) bytesBeforeZeros = bytesRead + lastByte + 1
      bytesRead += result.value.length
    }
    return result
  }
  const gunzip = createGunzip({ chunkSize: READ_BYTES })
  // An iterator that cannot be ended, because what comes after the gzip data is still to be read.
  const endless = { [Symbol.asyncIterator]: () => ({ next }) }
  // The failure reaches the reader below through `gunzip`; nobody else awaits this one.
  const feeding = pipeline(Readable.from(endless, { objectMode: false }), gunzip).catch(() => {})
  try {
    let bytesUnpacked = 0
    for await (const chunk of gunzip) {
      bytesUnpacked += chunk.length
      refuseBeyond(limits, bytesUnpacked, gunzip.bytesWritten)
      yield chunk
    }
    while ((await next()).done !== true);
    if (bytesBeforeZeros > gunzip.bytesWritten)
      throw unreadableGzip('damaged', 'other data follows')
  } catch (error) {
    throw translated(error)
  } finally {
    gunzip.destroy()
    await feeding
    // Not awaited: a source that is waiting for bytes ends only when more of them come.
    input.return?.().catch(() => {})
  }
}

/** `bytesPacked` is what has been read of the gzip data by now, never less than what was unpacked. */
function refuseBeyond(limits: UnpackLimits, bytesUnpacked: number, bytesPacked: number): void {
  const { unpackedBytes, unpackRatio } = limits
  if (bytesUnpacked > unpackedBytes) {
    throw tooMuch('unpackedBytes', `unpacks to more than ${unpackedBytes} bytes`)
  }
  if (bytesUnpacked > RATIO_FREE_BYTES && bytesUnpacked > bytesPacked * unpackRatio) {
    throw tooMuch('unpackRatio', `unpacks to more than ${unpackRatio} times its size`)
  }
}

function tooMuch(limit: LimitName, what: string): UsageError {
  return new UsageError('unreadable', `the gzip data ${what}`, { limit, hint: limitRemedy(limit) })
}

function isGzipMagic(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}

async function sniff(
  source: AsyncIterable<Uint8Array>,
): Promise<{ isGzip: boolean; bytes: AsyncIterable<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]()
  let head: Uint8Array = new Uint8Array(0)
  let done = false
  while (head.length < 2 && !done) {
    const next = await iterator.next()
    done = next.done === true
    if (!done) head = head.length === 0 ? next.value : Buffer.concat([head, next.value])
  }
  async function* all(): AsyncIterable<Uint8Array> {
    try {
      if (head.length > 0) yield head
      while (!done) {
        const next = await iterator.next()
        if (next.done === true) return
        yield next.value
      }
    } finally {
      await iterator.return?.()
    }
  }
  return { isGzip: isGzipMagic(head), bytes: all() }
}

function translated(error: unknown): unknown {
  const code = (error as { code?: unknown } | null)?.code
  if (typeof code !== 'string' || !code.startsWith('Z_')) return error
  const what = code === 'Z_BUF_ERROR' ? 'cut off' : 'damaged'
  return unreadableGzip(what, (error as Error).message, error)
}

function unreadableGzip(what: string, why: string, cause?: unknown): UsageError {
  return new UsageError('unreadable', `the gzip data is ${what} (${why})`, {
    hint: 'fetch the delivery again and import it whole; records that were counted stay counted once',
    cause,
  })
}
