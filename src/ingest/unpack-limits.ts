/** What packed deliveries may unpack to, however they are packed. */
import { type LimitName, type Limits, limitRemedy } from '../domain/limits.ts'
import { UsageError } from '../domain/usage-error.ts'

export const READ_BYTES = 262_144

/** Small deliveries may be as repetitive as they like; their ratio does not matter. */
export const RATIO_FREE_BYTES = 16 * 1024 ** 2

export type UnpackLimits = Pick<Limits, 'unpackedBytes' | 'unpackRatio'>

/** `bytesPacked` is how much packed data has been read so far, never less than what was unpacked. */
export function refuseBeyond(
  { unpackedBytes, unpackRatio }: UnpackLimits,
  bytesUnpacked: number,
  bytesPacked: number,
): void {
  if (bytesUnpacked > unpackedBytes) {
    throw tooMuch('unpackedBytes', `unpacks to more than ${unpackedBytes} bytes`)
  }
  if (bytesUnpacked > RATIO_FREE_BYTES && bytesUnpacked > bytesPacked * unpackRatio) {
    throw tooMuch('unpackRatio', `unpacks to more than ${unpackRatio} times its size`)
  }
}

function tooMuch(limit: LimitName, what: string): UsageError {
  return new UsageError('unreadable', `the packed data ${what}`, {
    limit,
    hint: limitRemedy(limit),
  })
}
