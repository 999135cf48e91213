/**
 * BER, the encoding of carriers' roaming batches: elements of a tag, a length and a content, which may
 * again be elements. Lengths are definite or end with a mark; tags have one octet or several. This file
 * does not know what any tag means. Every limit has a name, which its refusal gives.
 */

/** Deepest nesting of an element that is read at once. Carriers' events have about ten levels. */
export const BER_DEPTH_MAX = 32
/** Longest element that is read at once, in bytes: an event, or a part of the header. */
export const BER_ELEMENT_BYTES_MAX = 1_048_576
/** Most elements within one that is read at once. */
export const BER_ELEMENTS_MAX = 100_000
/** Real tag numbers are far lower; three octets hold up to 2^21 - 1. */
export const BER_TAG_OCTETS_MAX = 3
/** More octets than any length of a file needs. */
export const BER_LENGTH_OCTETS_MAX = 8
/** Longest integer, in octets; carriers' counters have at most 8. */
export const BER_INTEGER_OCTETS_MAX = 16

export const INDEFINITE = -1
const APPLICATION_CLASS = 1

/** What is wrong with the encoding, as a clause: `an element is longer than what it is part of`. */
export class BerFault extends Error {
  override readonly name = 'BerFault'
}

/** One element's tag and length, as set by `read`. */
export class BerHeader {
  /** The number of an application tag; below 0 for a tag of another class. */
  tag = 0
  isConstructed = false
  /** In bytes, or `INDEFINITE`. */
  length = 0
  contentAt = 0

  /** False if the header goes on after `end`. Throws `BerFault`. */
  read(bytes: Uint8Array, at: number, end: number): boolean {
    if (at >= end) return false
    const first = bytes[at]!
    let next = at + 1
    let number = first & 0x1f
    if (number === 0x1f) {
      number = 0
      for (let octets = 1; ; octets++) {
        if (next >= end) return false
        const octet = bytes[next++]!
        number = number * 128 + (octet & 0x7f)
        if (octet < 0x80) break
        if (octets >= BER_TAG_OCTETS_MAX) {
          throw new BerFault(
            `a tag has more than ${BER_TAG_OCTETS_MAX} octets (BER_TAG_OCTETS_MAX)`,
          )
        }
      }
    }
    const tagClass = first >> 6
    this.tag = tagClass === APPLICATION_CLASS ? number : -1 - number
    this.isConstructed = (first & 0x20) !== 0
    return this.#readLength(bytes, next, end)
  }

  #readLength(bytes: Uint8Array, at: number, end: number): boolean {
    if (at >= end) return false
    let length = bytes[at]!
    let next = at + 1
    if (length === 0x80) {
      if (!this.isConstructed) throw new BerFault('a primitive element has no definite length')
      length = INDEFINITE
    } else if (length > 0x80) {
      const octets = length & 0x7f
      if (octets > BER_LENGTH_OCTETS_MAX) {
        throw new BerFault(
          `a length has ${octets} octets, at most ${BER_LENGTH_OCTETS_MAX} allowed (BER_LENGTH_OCTETS_MAX)`,
        )
      }
      if (next + octets > end) return false
      length = 0
      for (const stop = next + octets; next < stop; next++) length = length * 256 + bytes[next]!
      if (!Number.isSafeInteger(length)) {
        throw new BerFault(`a length is above ${Number.MAX_SAFE_INTEGER}`)
      }
    }
    this.length = length
    this.contentAt = next
    return true
  }
}

/** The mark that ends an element of indefinite length. */
export function isEndMark(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0 && bytes[at + 1] === 0
}

/** Told what an element holds, in order. `parent` is the tag of the enclosing element. */
export interface BerVisitor {
  /** A primitive element; its content is `bytes` from `from` up to `to`. */
  value(parent: number, tag: number, bytes: Buffer, from: number, to: number): void
  /** A constructed element begins. */
  open(parent: number, tag: number): void
  /** A constructed element has ended. */
  close(tag: number): void
}

/**
 * Tells `visitor` all of the element that starts at `from` and ends at `to`. Throws `BerFault` if it is
 * malformed or exceeds a limit; what was told until then may be incomplete.
 */
export function walkElement(bytes: Buffer, from: number, to: number, visitor: BerVisitor): void {
  const walk = new BerWalk(bytes, to, visitor)
  if (walk.element(0, from, to, 0) !== to) throw new BerFault('an element is followed by another')
}

class BerWalk {
  readonly #bytes: Buffer
  readonly #to: number
  readonly #visitor: BerVisitor
  readonly #header = new BerHeader()
  #elements = 0

  constructor(bytes: Buffer, to: number, visitor: BerVisitor) {
    this.#bytes = bytes
    this.#to = to
    this.#visitor = visitor
  }

  /** Where the element that starts at `at` ends, within one that ends at `end`. */
  element(parent: number, at: number, end: number, depth: number): number {
    const header = this.#header
    if (!header.read(this.#bytes, at, end)) throw new BerFault('an element is cut')
    if (++this.#elements > BER_ELEMENTS_MAX) {
      throw new BerFault(`more than ${BER_ELEMENTS_MAX} elements (BER_ELEMENTS_MAX)`)
    }
    const { tag, length, contentAt } = header
    if (length !== INDEFINITE && contentAt + length > end) throw longerThanParent()
    if (!header.isConstructed) {
      this.#visitor.value(parent, tag, this.#bytes, contentAt, contentAt + length)
      return contentAt + length
    }
    if (depth >= BER_DEPTH_MAX) {
      throw new BerFault(`elements are nested more than ${BER_DEPTH_MAX} deep (BER_DEPTH_MAX)`)
    }
    this.#visitor.open(parent, tag)
    const after =
      length === INDEFINITE
        ? this.#marked(tag, contentAt, end, depth)
        : this.#measured(tag, contentAt, contentAt + length, depth)
    this.#visitor.close(tag)
    return after
  }

  #measured(tag: number, from: number, to: number, depth: number): number {
    let at = from
    while (at < to) {
      // Bytes beyond that belong to another element, and may not have come yet.
      if (at + 2 <= to && isEndMark(this.#bytes, at)) throw strayMark()
      at = this.element(tag, at, to, depth + 1)
    }
    return to
  }

  #marked(tag: number, from: number, end: number, depth: number): number {
    let at = from
    while (at + 2 <= end) {
      if (isEndMark(this.#bytes, at)) return at + 2
      at = this.element(tag, at, end, depth + 1)
    }
    throw end === this.#to ? new BerFault('an element is cut') : longerThanParent()
  }
}

export function longerThanParent(): BerFault {
  return new BerFault('an element is longer than what it is part of')
}

export function strayMark(): BerFault {
  return new BerFault('a mark ends an element that has a definite length')
}

/** Two's complement of any size that fits; null if it has no octets or too many. */
export function integerOf(bytes: Uint8Array, from: number, to: number): number | bigint | null {
  const octets = to - from
  if (octets < 1 || octets > BER_INTEGER_OCTETS_MAX) return null
  const first = bytes[from]!
  let value = first < 0x80 ? first : first - 256
  if (octets <= 6) {
    for (let at = from + 1; at < to; at++) value = value * 256 + bytes[at]!
    return value
  }
  let large = BigInt(value)
  for (let at = from + 1; at < to; at++) large = large * 256n + BigInt(bytes[at]!)
  return large >= Number.MIN_SAFE_INTEGER && large <= Number.MAX_SAFE_INTEGER
    ? Number(large)
    : large
}

/** Two digits per octet, the left one first; an F at the end is filler. */
export function bcdOf(bytes: Buffer, from: number, to: number): string {
  const text = bytes.toString('hex', from, to)
  return text.endsWith('f') ? text.slice(0, -1) : text
}

/** One character per octet; anything but ASCII stays visible as Latin-1. */
export function asciiOf(bytes: Buffer, from: number, to: number): string {
  return bytes.toString('latin1', from, to)
}
