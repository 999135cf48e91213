/** How much memory is in use, without what only waits to be collected. */
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { CdrReader } from '../../src/ingest/formats/cdr-format.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes of objects and buffers that are still referenced. */
export function liveBytes(): number {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const LOOK_EVERY_BYTES = 4 * 1_048_576

/** The most bytes in use while the reader gets all chunks; it is not read to its end. */
export async function peakBytesOfReading(
  reader: CdrReader,
  chunks: Iterable<Uint8Array>,
): Promise<number> {
  let peak = 0
  let lookAt = 0
  let given = 0
  for (const chunk of chunks) {
    reader.push(chunk)
    given += chunk.length
    if (given < lookAt) continue
    lookAt = given + LOOK_EVERY_BYTES
    collect()
    // Collected buffers are returned in another turn.
    await setImmediate()
    peak = Math.max(peak, liveBytes())
  }
  return peak
}
