/**
 * Damage as files suffer it on their way: bits that flip, and pieces that are lost, repeated or foreign.
 */
import fc from 'fast-check'

export type Mutation =
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  | { readonly kind: 'set'; readonly at: number; readonly byte: number }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'drop'; readonly at: number; readonly length: number }
  | {
      readonly kind: 'repeat'
      readonly at: number
      readonly length: number
      readonly times: number
    }
  /** What is inserted at a place, over what is there. */
  | { readonly kind: 'splice'; readonly at: number; readonly bytes: Uint8Array }

/** Lengths in binary formats, and characters with a meaning in texts. */
const TELLING_BYTES = [
  0,
  1,
  0x7f,
  0x80,
  0x81,
  0x82,
  0x84,
  0x88,
  0xff,
  ...Buffer.from('",\n\r\t{}[]'),
]

/** Lengths that no delivery fulfils, and elements that are opened over and over. */
const BOMBS = [
  '847fffffff',
  '88ffffffffffffffff',
  '8800000000ffffff',
  '80',
  '61806180',
  '7f8100',
].map((hex) => Buffer.from(hex, 'hex'))

/** Small enough that a repeated delivery is still read in no time. */
const REPEATED_BYTES_MAX = 65_536

/** Places are fractions of 2^32, so that one list of mutations fits deliveries of any length. */
const PLACES = 2 ** 32

/** A few mutations; what is spliced in comes from `deliveries`, or is noise. */
export function mutations(deliveries: readonly Uint8Array[]): fc.Arbitrary<readonly Mutation[]> {
  const at = fc.integer({ min: 0, max: PLACES - 1 })
  const length = fc.integer({ min: 1, max: 64 })
  const foreign = fc
    .tuple(fc.constantFrom(...deliveries), at, length)
    .map(([bytes, from, count]) => {
      const start = placeIn(bytes, from)
      return bytes.slice(start, start + count)
    })
  const noise = fc.uint8Array({ minLength: 1, maxLength: 16 })
  const spliced = fc.oneof(foreign, noise, fc.constantFrom(...BOMBS))
  const times = fc.oneof(
    { weight: 5, arbitrary: fc.constant(1) },
    fc.integer({ min: 2, max: 1_000 }),
  )
  const mutation = fc.oneof<fc.Arbitrary<Mutation>[]>(
    fc.record({ kind: fc.constant('flip'), at, bit: fc.integer({ min: 0, max: 7 }) }),
    fc.record({ kind: fc.constant('set'), at, byte: fc.constantFrom(...TELLING_BYTES) }),
    fc.record({ kind: fc.constant('cut'), at }),
    fc.record({ kind: fc.constant('drop'), at, length }),
    fc.record({ kind: fc.constant('repeat'), at, length, times }),
    fc.record({ kind: fc.constant('splice'), at, bytes: spliced }),
  )
  return fc.array(mutation, { minLength: 1, maxLength: 6 })
}

export function mutated(bytes: Uint8Array, done: readonly Mutation[]): Uint8Array {
  return done.reduce<Uint8Array>(mutateOnce, bytes)
}

function mutateOnce(bytes: Uint8Array, mutation: Mutation): Uint8Array {
  const at = placeIn(bytes, mutation.at)
  const before = bytes.subarray(0, at)
  switch (mutation.kind) {
    case 'flip':
      return Buffer.concat([before, one(bytes[at]! ^ (1 << mutation.bit)), bytes.subarray(at + 1)])
    case 'set':
      return Buffer.concat([before, one(mutation.byte), bytes.subarray(at + 1)])
    case 'cut':
      return before
    case 'drop':
      return Buffer.concat([before, bytes.subarray(at + mutation.length)])
    case 'repeat':
      return repeated(bytes, at, mutation)
    case 'splice':
      return Buffer.concat([before, mutation.bytes, bytes.subarray(at + mutation.bytes.length)])
  }
}

function repeated(
  bytes: Uint8Array,
  at: number,
  { length, times }: { length: number; times: number },
): Uint8Array {
  const part = bytes.subarray(at, at + length)
  const timesMax = Math.ceil(REPEATED_BYTES_MAX / Math.max(part.length, 1))
  const copies = new Array<Uint8Array>(Math.min(times, timesMax)).fill(part)
  return Buffer.concat([bytes.subarray(0, at), ...copies, bytes.subarray(at)])
}

function one(byte: number): Uint8Array {
  return Uint8Array.of(byte)
}

function placeIn(bytes: Uint8Array, at: number): number {
  return Math.floor((at / PLACES) * bytes.length)
}
