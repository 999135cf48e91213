/** Unpacks gzip data, and refuses data that is cut, damaged or made to grow without end. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { UsageError } from '../domain/usage-error.ts'
import { READ_BYTES, refuseBeyond, type UnpackLimits } from './unpack-limits.ts'

/** Reads `packed` to its end. Nothing may follow but zeros, which some programs use as padding. */
export async function* unpackedGzip(
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
  // An iterator that cannot be closed, because what follows the gzip data is still to be read.
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
    // Not awaited, because a source that waits for bytes ends only when more of them come.
    input.return?.().catch(() => {})
  }
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
