/**
 * Cuts a JSON array of any length into its elements as it comes in. It does not judge what an element
 * holds. Memory stays flat, because an element over the limit is skipped.
 */
import { isUtf8 } from 'node:buffer'
import { RAW_BYTES_MAX } from '../../domain/import.ts'
import { UsageError } from '../../domain/usage-error.ts'
import type { LineFault } from '../lines.ts'

export interface ArrayElement {
  /** From 1; continues through arrays that follow one another. */
  readonly position: number
  /** The element, or its beginning if it is at fault. */
  readonly text: string
  readonly fault: Pick<LineFault, 'reason' | 'detail'> | null
}

const QUOTE = 0x22
const COMMA = 0x2c
const OPENING_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSING_BRACKET = 0x5d
const OPENING_BRACE = 0x7b
const CLOSING_BRACE = 0x7d

export class JsonArraySplitter {
  readonly #elementBytesMax: number
  /** 0 outside of an array, 1 between its elements, more within one. */
  #depth = 0
  #isInText = false
  #isEscaped = false
  /** What earlier chunks hold of the open element, as far as it is kept. */
  #parts: Uint8Array[] = []
  #partsBytes = 0
  #position = 0
  /** Thrown by the next call, so that what precedes the fault is returned first. */
  #error: UsageError | null = null

  constructor(elementBytesMax: number) {
    this.#elementBytesMax = elementBytesMax
  }

  /** The elements that end within `chunk`. Throws `unreadable` after what is not an array. */
  push(chunk: Uint8Array): ArrayElement[] {
    if (this.#error !== null) throw this.#error
    const elements: ArrayElement[] = []
    let start = 0
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!
      if (this.#isInText) {
        if (this.#isEscaped) this.#isEscaped = false
        else if (byte === BACKSLASH) this.#isEscaped = true
        else if (byte === QUOTE) this.#isInText = false
      } else if (this.#depth === 0) {
        if (byte === OPENING_BRACKET) this.#depth = 1
        else if (!isBlank(byte)) {
          this.#error = this.#outside()
          return elements
        }
        start = i + 1
      } else if (byte === QUOTE) {
        this.#isInText = true
      } else if (byte === OPENING_BRACE || byte === OPENING_BRACKET) {
        this.#depth++
      } else if (this.#depth > 1 && (byte === CLOSING_BRACE || byte === CLOSING_BRACKET)) {
        this.#depth--
      } else if (this.#depth === 1 && (byte === COMMA || byte === CLOSING_BRACKET)) {
        this.#keep(chunk.subarray(start, i))
        this.#endElement(elements)
        if (byte === CLOSING_BRACKET) this.#depth = 0
        start = i + 1
      }
    }
    if (this.#depth > 0) this.#keep(chunk.subarray(start))
    return elements
  }

  /** Call once after the last chunk. Throws as `push`, and if an array is still open. */
  end(): void {
    if (this.#error !== null) throw this.#error
    if (this.#depth === 0) return
    throw new UsageError(
      'unreadable',
      `the delivery ends before its JSON array is closed, after record ${this.#position}`,
      { hint: 'deliver it again, whole' },
    )
  }

  #outside(): UsageError {
    return new UsageError(
      'unreadable',
      `a JSON array is followed by something else, after record ${this.#position}`,
      { hint: 'deliver objects in one array, or one object a line' },
    )
  }

  /** A copy, because a part of a chunk keeps all of it in memory. */
  #keep(bytes: Uint8Array): void {
    const room = this.#elementBytesMax - this.#partsBytes
    if (room > 0 && bytes.length > 0) this.#parts.push(Uint8Array.from(bytes.subarray(0, room)))
    this.#partsBytes += bytes.length
  }

  #endElement(elements: ArrayElement[]): void {
    const bytes = Buffer.concat(this.#parts)
    const size = this.#partsBytes
    this.#parts = []
    this.#partsBytes = 0
    // An empty array has an end but no element, and a surplus comma loses nothing.
    if (bytes.every(isBlank) && size === bytes.length) return
    const position = ++this.#position
    if (size > this.#elementBytesMax) {
      const detail = `the record has ${size} bytes, at most ${this.#elementBytesMax} allowed`
      elements.push({ position, text: headOf(bytes), fault: { reason: 'line_too_long', detail } })
    } else if (!isUtf8(bytes)) {
      const fault = { reason: 'unreadable', detail: 'the record is not valid UTF-8' } as const
      elements.push({ position, text: headOf(bytes), fault })
    } else {
      elements.push({ position, text: bytes.toString('utf8').trim(), fault: null })
    }
  }
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function headOf(bytes: Buffer): string {
  return bytes.subarray(0, RAW_BYTES_MAX).toString('utf8').trim()
}
