/**
 * Cuts a stream of bytes into lines. Memory stays flat for any input: a line that is too long is skipped,
 * but its beginning is kept so that it can be quarantined.
 */
import { isAscii, isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { RAW_BYTES_MAX } from '../domain/import.ts'

/** No carrier's record comes near it. Without a limit, a missing line feed would fill the memory. */
export const LINE_BYTES_MAX = 65_536

export interface Line {
  /** From 1, counting empty lines. */
  readonly number: number
  /** The line without its line end; null if it is too long or not UTF-8. */
  readonly text: string | null
  readonly fault: LineFault | null
}

export interface LineFault {
  readonly reason: 'unreadable' | 'line_too_long'
  readonly detail: string
  /** The line's beginning, at most `RAW_BYTES_MAX` bytes. */
  readonly raw: Uint8Array
  /** SHA-256 of the line in hexadecimal; of its first `LINE_BYTES_MAX` bytes if it is too long. */
  readonly rawHash: string
}

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const BYTE_ORDER_MARK = '\ufeff'

interface LongLine {
  readonly head: Uint8Array
  bytes: number
  /** If the line ends next, a carriage return here is part of the line end. */
  lastByte: number | undefined
}

export class LineReader {
  #rest: Uint8Array = new Uint8Array(0)
  #long: LongLine | null = null
  #lastNumber = 0

  /** The lines that end within `chunk`. */
  push(chunk: Uint8Array): Line[] {
    const lastEnd = chunk.lastIndexOf(LINE_FEED)
    if (lastEnd === -1) {
      this.#keepRest(chunk)
      return []
    }
    const lines: Line[] = []
    let from = 0
    if (this.#long !== null) {
      from = chunk.indexOf(LINE_FEED) + 1
      lines.push(this.#endLongLine(chunk.subarray(0, from - 1)))
    }
    const whole = chunk.subarray(from, lastEnd + 1)
    if (whole.length > 0) this.#readBlock(joined(this.#rest, whole), lines)
    this.#rest = new Uint8Array(0)
    this.#keepRest(chunk.subarray(lastEnd + 1))
    return lines
  }

  /** The last line, if it has no line end; call once, after the last chunk. */
  end(): Line[] {
    if (this.#long !== null) return [this.#endLongLine(new Uint8Array(0))]
    const lines: Line[] = []
    if (this.#rest.length > 0) this.#readBlock(joined(this.#rest, Uint8Array.of(LINE_FEED)), lines)
    this.#rest = new Uint8Array(0)
    return lines
  }

  #keepRest(bytes: Uint8Array): void {
    if (this.#long !== null) {
      this.#long.bytes += bytes.length
      this.#long.lastByte = bytes.at(-1) ?? this.#long.lastByte
      return
    }
    this.#rest = joined(this.#rest, bytes)
    // One byte more than a line may have, which can be the carriage return of the line end.
    if (this.#rest.length <= LINE_BYTES_MAX + 1) return
    this.#long = {
      head: ownBytes(this.#rest, LINE_BYTES_MAX),
      bytes: this.#rest.length,
      lastByte: this.#rest.at(-1),
    }
    this.#rest = new Uint8Array(0)
  }

  #endLongLine(tail: Uint8Array): Line {
    this.#keepRest(tail)
    const { head, bytes, lastByte } = this.#long!
    this.#long = null
    const lineBytes = lastByte === CARRIAGE_RETURN ? bytes - 1 : bytes
    return faulty(++this.#lastNumber, 'line_too_long', tooLong(lineBytes), head)
  }

  /** `block` ends with a line feed. */
  #readBlock(block: Uint8Array, lines: Line[]): void {
    const buffer = Buffer.from(block.buffer, block.byteOffset, block.byteLength)
    const ascii = isAscii(buffer)
    if (ascii || isUtf8(buffer)) {
      this.#readText(buffer, ascii, lines)
      return
    }
    for (let start = 0; start < buffer.length; ) {
      const end = buffer.indexOf(LINE_FEED, start)
      const line = buffer.subarray(start, end + 1)
      if (isUtf8(line)) this.#readText(line, false, lines)
      else lines.push(this.#undecodable(line.subarray(0, -1)))
      start = end + 1
    }
  }

  /** `buffer` is valid UTF-8 and ends with a line feed. */
  #readText(buffer: Buffer, ascii: boolean, lines: Line[]): void {
    const text = buffer.toString(ascii ? 'latin1' : 'utf8')
    // Checked in the bytes, because V8 searches a text for NUL a hundred times slower than for a letter.
    const mayHaveNul = buffer.includes(0)
    for (let start = 0; start < text.length; ) {
      const end = text.indexOf('\n', start)
      const stop = text.charCodeAt(end - 1) === CARRIAGE_RETURN && end > start ? end - 1 : end
      const line = text.slice(start, stop)
      start = end + 1
      const number = ++this.#lastNumber
      // In UTF-8, a character has at most three bytes per UTF-16 unit.
      const mayBeLong = line.length > (ascii ? LINE_BYTES_MAX : LINE_BYTES_MAX / 3)
      if (mayBeLong && Buffer.byteLength(line) > LINE_BYTES_MAX) {
        const bytes = Buffer.from(line, 'utf8')
        lines.push(faulty(number, 'line_too_long', tooLong(bytes.length), bytes))
      } else if (mayHaveNul && line.includes('\0')) {
        const detail = `the line has a NUL byte at character ${line.indexOf('\0') + 1}`
        lines.push(faulty(number, 'unreadable', detail, Buffer.from(line, 'utf8')))
      } else {
        const marked = number === 1 && line.startsWith(BYTE_ORDER_MARK)
        lines.push({ number, text: marked ? line.slice(1) : line, fault: null })
      }
    }
  }

  #undecodable(bytes: Uint8Array): Line {
    const number = ++this.#lastNumber
    const line = bytes.at(-1) === CARRIAGE_RETURN ? bytes.subarray(0, -1) : bytes
    return line.length > LINE_BYTES_MAX
      ? faulty(number, 'line_too_long', tooLong(line.length), line)
      : faulty(number, 'unreadable', 'the line is not valid UTF-8', line)
  }
}

function faulty(
  number: number,
  reason: LineFault['reason'],
  detail: string,
  bytes: Uint8Array,
): Line {
  return {
    number,
    text: null,
    fault: {
      reason,
      detail,
      raw: ownBytes(bytes, RAW_BYTES_MAX),
      rawHash: createHash('sha256').update(bytes.subarray(0, LINE_BYTES_MAX)).digest('hex'),
    },
  }
}

/** A copy, because a part of a chunk, kept or sent to another thread, takes the whole chunk along. */
function ownBytes(bytes: Uint8Array, bytesMax: number): Uint8Array {
  return new Uint8Array(bytes.subarray(0, bytesMax))
}

function tooLong(bytes: number): string {
  return `the line has ${bytes} bytes, at most ${LINE_BYTES_MAX} allowed`
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}
