/**
 * Reads one BER element of any length as its bytes come in. Some constructed elements are entered, and
 * their children are passed on whole, one after another. Only one child is in memory at a time.
 */
import {
  BER_DEPTH_MAX,
  BER_ELEMENT_BYTES_MAX,
  BerFault,
  BerHeader,
  INDEFINITE,
  isEndMark,
  longerThanParent,
  strayMark,
} from './ber.ts'

export interface BerReceiver {
  /** Whether the children of a constructed element come one by one; otherwise it comes whole. */
  enters(depth: number, tag: number): boolean
  /** One whole element, including its header, at `bytes` from `from` up to `to`; must not be kept. */
  element(depth: number, tag: number, bytes: Buffer, from: number, to: number): void
  /** An entered element has ended. */
  left(depth: number, tag: number): void
}

interface Level {
  readonly tag: number
  /** Position in the delivery; `INDEFINITE` if a mark ends it. */
  readonly end: number
  /** The nearest known end, of this element or an enclosing one. */
  readonly bound: number
}

export class BerStream {
  readonly #receiver: BerReceiver
  readonly #header = new BerHeader()
  readonly #levels: Level[] = []
  #held = Buffer.alloc(0)
  #heldBytes = 0
  /** Position in the delivery of the first byte that is held or comes next. */
  #position = 0
  /** How much of an element without a definite length has been scanned, and how deep the scan is. */
  #scanned = 0
  #openMarks = 0
  #isComplete = false

  constructor(receiver: BerReceiver) {
    this.#receiver = receiver
  }

  /** Where the element being read starts, in bytes from the start of the delivery. */
  get position(): number {
    return this.#position
  }

  /** How many bytes have come. */
  get bytesReceived(): number {
    return this.#position + this.#heldBytes
  }

  /** The tags of the elements that have not ended, outermost first. */
  get openTags(): readonly number[] {
    return this.#levels.map(({ tag }) => tag)
  }

  /** True once the outermost element has ended. */
  get isComplete(): boolean {
    return this.#isComplete
  }

  /** Throws `BerFault`, and what the receiver throws. */
  push(chunk: Uint8Array): void {
    const bytes = this.#withHeld(chunk)
    const start = this.#position
    let at = 0
    try {
      for (;;) {
        const next = this.#isComplete ? this.#skipPadding(bytes, at) : this.#step(bytes, at)
        if (next === null) break
        at = next
        this.#position = start + at
      }
    } finally {
      this.#hold(bytes, at)
    }
  }

  /** Reads one element, or enters or leaves one; null if that takes more bytes. */
  #step(bytes: Buffer, at: number): number | null {
    const level = this.#levels.at(-1)
    if (level !== undefined && this.#position === level.end) return this.#leave(at)
    // Converts positions to offsets in `bytes`.
    const bound = (level?.bound ?? Number.POSITIVE_INFINITY) - this.#position + at
    const end = Math.min(bytes.length, bound)
    if (level !== undefined && at + 2 <= end && isEndMark(bytes, at)) {
      if (level.end !== INDEFINITE) throw strayMark()
      return this.#leave(at + 2)
    }
    const header = this.#header
    if (!header.read(bytes, at, end)) return needMore(end, bound)
    const depth = this.#levels.length
    if (header.length !== INDEFINITE && header.contentAt + header.length > bound) {
      throw longerThanParent()
    }
    if (header.isConstructed && this.#receiver.enters(depth, header.tag)) {
      return this.#enter(at, level)
    }
    const elementEnd = this.#endOf(bytes, at, end, bound)
    if (elementEnd === null) return null
    this.#scanned = 0
    this.#receiver.element(depth, header.tag, bytes, at, elementEnd)
    if (depth === 0) this.#isComplete = true
    return elementEnd
  }

  #enter(at: number, around: Level | undefined): number {
    const { tag, length, contentAt } = this.#header
    const contentPosition = this.#position + (contentAt - at)
    const end = length === INDEFINITE ? INDEFINITE : contentPosition + length
    const bound = end === INDEFINITE ? (around?.bound ?? Number.POSITIVE_INFINITY) : end
    this.#levels.push({ tag, end, bound })
    return contentAt
  }

  #leave(at: number): number {
    const { tag } = this.#levels.pop()!
    this.#receiver.left(this.#levels.length, tag)
    if (this.#levels.length === 0) this.#isComplete = true
    return at
  }

  /** Where the element whose header was read ends; null if that takes more bytes. */
  #endOf(bytes: Buffer, at: number, end: number, bound: number): number | null {
    const { length, contentAt } = this.#header
    if (length === INDEFINITE) return this.#endOfMarked(bytes, at, end, bound)
    if (contentAt + length - at > BER_ELEMENT_BYTES_MAX) throw tooLong()
    return contentAt + length <= end ? contentAt + length : null
  }

  /** Continues where the bytes ended before, so that small chunks cost no more than large ones. */
  #endOfMarked(bytes: Buffer, start: number, end: number, bound: number): number | null {
    const header = new BerHeader()
    let at = start + this.#scanned
    for (;;) {
      if (at - start > BER_ELEMENT_BYTES_MAX) throw tooLong()
      this.#scanned = at - start
      if (this.#scanned > 0 && at + 2 <= end && isEndMark(bytes, at)) {
        at += 2
        if (--this.#openMarks === 0) break
        continue
      }
      if (!header.read(bytes, at, end)) return needMore(end, bound)
      at = header.contentAt
      if (header.length !== INDEFINITE) at += header.length
      else if (++this.#openMarks > BER_DEPTH_MAX + 1) {
        throw new BerFault(`elements are nested more than ${BER_DEPTH_MAX} deep (BER_DEPTH_MAX)`)
      }
    }
    return at
  }

  /** Some writers fill the last block of a file with zeros. */
  #skipPadding(bytes: Buffer, at: number): number | null {
    if (at >= bytes.length) return null
    for (let next = at; next < bytes.length; next++) {
      if (bytes[next] === 0) continue
      this.#position += next - at
      throw new BerFault('bytes follow the end of the batch; deliver each batch by itself')
    }
    return bytes.length
  }

  #withHeld(chunk: Uint8Array): Buffer {
    if (this.#heldBytes === 0) {
      return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    }
    const bytes = this.#heldBytes + chunk.length
    if (bytes > this.#held.length) {
      const larger = Buffer.allocUnsafe(Math.max(bytes, this.#held.length * 2))
      this.#held.copy(larger, 0, 0, this.#heldBytes)
      this.#held = larger
    }
    this.#held.set(chunk, this.#heldBytes)
    this.#heldBytes = bytes
    return this.#held.subarray(0, bytes)
  }

  /** Keeps a copy of what was not read yet, because chunks belong to the caller. */
  #hold(bytes: Buffer, from: number): void {
    const rest = bytes.length - from
    const isHeld = this.#heldBytes > 0
    if (isHeld && from > 0) this.#held.copyWithin(0, from, bytes.length)
    if (!isHeld && rest > 0) {
      if (this.#held.length < rest) this.#held = Buffer.allocUnsafe(rest)
      bytes.copy(this.#held, 0, from)
    }
    this.#heldBytes = rest
  }
}

/** More bytes may come, but not beyond the end of the enclosing element. */
function needMore(end: number, bound: number): null {
  if (end >= bound) throw longerThanParent()
  return null
}

function tooLong(): BerFault {
  return new BerFault(
    `an element is longer than ${BER_ELEMENT_BYTES_MAX} bytes (BER_ELEMENT_BYTES_MAX)`,
  )
}
