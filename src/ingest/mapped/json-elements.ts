/**
 * Cuts records out of a JSON document of any size, byte by byte: those of the list, or the one object, at
 * a path. Each is parsed separately later, so that a broken one affects no other. Several documents may
 * follow one another. Memory stays flat.
 */

import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { RAW_BYTES_MAX } from '../../domain/import.ts'
import { shown, UsageError } from '../../domain/usage-error.ts'
import type { Line, LineFault } from '../lines.ts'
import { NESTING_LEVELS_MAX, RECORD_BYTES_MAX, tooDeep, tooLong } from './limits.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** The longest key or number outside records that is looked at; longer ones are skipped. */
const TOKEN_BYTES_MAX = 1_024

/** A list or object outside the records. */
interface Frame {
  readonly isList: boolean
  /** True if its entries are the records. */
  readonly holdsRecords: boolean
  /** How many steps of the path lead here; -1 if it is off the path. */
  readonly depthOnPath: number
  key: string
}

type Expectation = 'value' | 'first value' | 'key' | 'first key' | 'colon' | 'end'

export class JsonElements {
  readonly #path: readonly string[]
  readonly #frames: Frame[] = []
  #expected: Expectation = 'value'
  /** Bytes of the token outside records that is being read: a quoted text or a word. */
  #token: number[] | null = null
  #tokenIsText = false
  #isEscaped = false
  /** Chunks of the record being read. */
  #parts: Uint8Array[] | null = null
  #partsBytes = 0
  /** The closing brackets of the open levels. */
  #levels: number[] = []
  #excessLevels = 0
  #isTooDeep = false
  #inText = false
  #isScalar = false
  #lastNumber = 0
  #documents = 0
  /** In the current document. */
  #foundPath = false
  #documentsWithoutPath = 0
  #failure: UsageError | null = null
  #elements: Line[] = []

  /** `path` leads to the records by keys; it is empty for the document itself. */
  constructor(path: readonly string[]) {
    this.#path = path
  }

  /**
   * The records that end within `chunk`, numbered by their order. Throws `unreadable` if the document is
   * not JSON, after the records before that place were returned.
   */
  push(chunk: Uint8Array): readonly Line[] {
    if (this.#failure !== null) throw this.#failure
    let at = 0
    try {
      while (at < chunk.length) {
        at = this.#parts === null ? this.#outside(chunk, at) : this.#inside(chunk, at)
      }
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      this.#failure = error
    }
    return this.#taken()
  }

  end(): readonly Line[] {
    if (this.#failure !== null) throw this.#failure
    if (this.#token !== null && !this.#tokenIsText) this.#endWord()
    if (this.#parts !== null) throw unreadable(`it ends within record ${this.#lastNumber + 1}`)
    if (this.#frames.length > 0 || this.#token !== null) throw unreadable('it ends too early')
    if (this.#documents === 0) throw unreadable('the delivery is empty')
    if (this.#documentsWithoutPath === this.#documents) {
      throw unreadable(
        `there is nothing at ${shown(this.#path.join('.'))}, where the mapping says the records are`,
      )
    }
    return this.#taken()
  }

  /** Known once the delivery has ended: a page may be followed by the error that came in place of the next. */
  warnings(): string[] {
    const count = this.#documentsWithoutPath
    if (count === 0 || count === this.#documents) return []
    const what = count === 1 ? '1 document has' : `${count} documents have`
    return [
      `${what} nothing at ${shown(this.#path.join('.'))}, where the mapping says the records are`,
    ]
  }

  #taken(): readonly Line[] {
    const taken = this.#elements
    this.#elements = []
    return taken
  }

  /** Reads what is outside records, up to the start of one. Returns where to continue. */
  #outside(chunk: Uint8Array, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at]!
      if (this.#token !== null) {
        if (this.#tokenIsText) {
          this.#continueText(byte)
          continue
        }
        if (isWordByte(byte)) {
          this.#keep(byte)
          continue
        }
        this.#endWord()
      }
      if (byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)) continue
      if (this.#isRecordStart(byte)) {
        this.#beginRecord(byte)
        return at
      }
      this.#structure(byte)
    }
    return chunk.length
  }

  #isRecordStart(byte: number): boolean {
    if (this.#expected !== 'value' && this.#expected !== 'first value') return false
    const frame = this.#frames.at(-1)
    if (frame?.holdsRecords) return byte !== CLOSE_LIST
    return this.#isAtPath() && byte === OPEN_OBJECT
  }

  /** True if the next value is the one at the path. */
  #isAtPath(): boolean {
    const frame = this.#frames.at(-1)
    if (frame === undefined) return this.#path.length === 0
    return !frame.holdsRecords && this.#stepsTo(frame) === this.#path.length
  }

  /** How many steps of the path the frame's next value lies behind; -1 if it is off the path. */
  #stepsTo(frame: Frame): number {
    if (frame.isList || frame.depthOnPath === -1) return -1
    return frame.key === this.#path[frame.depthOnPath] ? frame.depthOnPath + 1 : -1
  }

  #structure(byte: number): void {
    const frame = this.#frames.at(-1)
    const expected = this.#expected
    const isValue = expected === 'value' || expected === 'first value'
    if (byte === QUOTE && (isValue || expected === 'key' || expected === 'first key')) {
      this.#refuseAtPath('a text')
      this.#token = [byte]
      this.#tokenIsText = true
    } else if (isValue && (byte === OPEN_OBJECT || byte === OPEN_LIST)) {
      this.#open(byte === OPEN_LIST)
    } else if (isValue && isWordByte(byte)) {
      this.#token = [byte]
      this.#tokenIsText = false
    } else if (byte === COLON && expected === 'colon') {
      this.#expected = 'value'
    } else if (byte === COMMA && expected === 'end' && frame !== undefined) {
      this.#expected = frame.isList ? 'value' : 'key'
    } else if (this.#mayClose(byte, frame)) {
      this.#frames.pop()
      this.#endValue()
    } else throw unreadable(`${shownByte(byte)} is out of place, after record ${this.#lastNumber}`)
  }

  #mayClose(byte: number, frame: Frame | undefined): boolean {
    if (frame === undefined) return false
    return frame.isList
      ? byte === CLOSE_LIST && (this.#expected === 'end' || this.#expected === 'first value')
      : byte === CLOSE_OBJECT && (this.#expected === 'end' || this.#expected === 'first key')
  }

  #open(isList: boolean): void {
    const frame = this.#frames.at(-1)
    if (this.#frames.length >= NESTING_LEVELS_MAX)
      throw unreadable(`outside the records ${tooDeep()}`)
    const isAtPath = this.#isAtPath()
    const depthOnPath = frame === undefined ? 0 : this.#stepsTo(frame)
    this.#frames.push({ isList, holdsRecords: isAtPath && isList, depthOnPath, key: '' })
    if (isAtPath) this.#foundPath = true
    this.#expected = isList ? 'first value' : 'first key'
  }

  #endValue(): void {
    this.#expected = this.#frames.length === 0 ? 'value' : 'end'
    if (this.#frames.length > 0) return
    this.#documents++
    if (!this.#foundPath) this.#documentsWithoutPath++
    this.#foundPath = false
  }

  #continueText(byte: number): void {
    this.#keep(byte)
    if (this.#isEscaped) this.#isEscaped = false
    else if (byte === BACKSLASH) this.#isEscaped = true
    else if (byte === QUOTE) {
      const text = this.#tokenValue()
      if (this.#expected === 'key' || this.#expected === 'first key') {
        this.#frames.at(-1)!.key = typeof text === 'string' ? text : ''
        this.#expected = 'colon'
      } else this.#endValue()
    }
  }

  #endWord(): void {
    const value = this.#tokenValue()
    if (this.#isAtPath() && value === null) this.#foundPath = true
    else this.#refuseAtPath('a number or a word')
    this.#endValue()
  }

  #refuseAtPath(what: string): void {
    if (this.#expected === 'key' || this.#expected === 'first key' || !this.#isAtPath()) return
    const where = this.#path.length === 0 ? 'the delivery' : shown(this.#path.join('.'))
    throw unreadable(`${where} is ${what}, not a list of records`)
  }

  #keep(byte: number): void {
    if (this.#token!.length <= TOKEN_BYTES_MAX) this.#token!.push(byte)
  }

  /** Nothing for a token that is too long to look at. */
  #tokenValue(): unknown {
    const text = Buffer.from(this.#token!).toString('utf8')
    const isLong = this.#token!.length > TOKEN_BYTES_MAX
    this.#token = null
    if (isLong) return undefined
    try {
      return JSON.parse(text)
    } catch {
      throw unreadable(`${shown(text)} is not a value, after record ${this.#lastNumber}`)
    }
  }

  #beginRecord(byte: number): void {
    this.#foundPath = true
    this.#parts = []
    this.#partsBytes = 0
    this.#levels = []
    this.#excessLevels = 0
    this.#isTooDeep = false
    this.#inText = false
    this.#isEscaped = false
    this.#isScalar = byte !== OPEN_OBJECT && byte !== OPEN_LIST
  }

  /** Continues reading the record. Returns where to continue. */
  #inside(chunk: Uint8Array, from: number): number {
    let at = from
    for (; at < chunk.length; at++) {
      const byte = chunk[at]!
      if (this.#inText) {
        if (this.#isEscaped) this.#isEscaped = false
        else if (byte === BACKSLASH) this.#isEscaped = true
        else if (byte === QUOTE) this.#inText = false
        continue
      }
      if (byte === QUOTE) this.#inText = true
      else if (this.#isScalar && (byte === COMMA || byte === CLOSE_LIST)) {
        this.#collect(chunk.subarray(from, at))
        this.#endRecord()
        return at
      } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) this.#openLevel(byte)
      else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
        if (!this.#closeLevel(byte)) continue
        this.#collect(chunk.subarray(from, at + 1))
        this.#endRecord()
        return at + 1
      }
    }
    this.#collect(chunk.subarray(from, at))
    return at
  }

  #openLevel(byte: number): void {
    // Levels that are too deep are only counted, so that a file of brackets cannot fill the memory.
    if (this.#levels.length === NESTING_LEVELS_MAX) this.#excessLevels++
    else this.#levels.push(byte === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_LIST)
    if (this.#excessLevels > 0) this.#isTooDeep = true
  }

  /** True if the record ends. */
  #closeLevel(byte: number): boolean {
    if (this.#excessLevels > 0) {
      this.#excessLevels--
      return false
    }
    if (this.#levels.pop() !== byte) {
      throw unreadable(`brackets do not match in record ${this.#lastNumber + 1}`)
    }
    return this.#levels.length === 0
  }

  #collect(part: Uint8Array): void {
    // One byte more than allowed is enough to know that it is too long.
    const room = RECORD_BYTES_MAX + 1 - this.#partsBytes
    if (room <= 0 || part.length === 0) return
    this.#parts!.push(new Uint8Array(part.subarray(0, room)))
    this.#partsBytes += Math.min(part.length, room)
  }

  #endRecord(): void {
    const bytes = Buffer.concat(this.#parts!)
    this.#parts = null
    this.#endValue()
    this.#elements.push(elementOf(++this.#lastNumber, bytes, this.#isTooDeep))
  }
}

function elementOf(number: number, bytes: Buffer, isTooDeep: boolean): Line {
  if (bytes.length > RECORD_BYTES_MAX) {
    return { number, text: null, fault: faulty('line_too_long', tooLong(), bytes) }
  }
  if (isTooDeep) return { number, text: null, fault: faulty('unreadable', tooDeep(), bytes) }
  if (!isUtf8(bytes)) {
    return {
      number,
      text: null,
      fault: faulty('unreadable', 'the record is not valid UTF-8', bytes),
    }
  }
  return { number, text: bytes.toString('utf8').trim(), fault: null }
}

function faulty(reason: LineFault['reason'], detail: string, bytes: Buffer): LineFault {
  return {
    reason,
    detail,
    raw: new Uint8Array(bytes.subarray(0, RAW_BYTES_MAX)),
    rawHash: createHash('sha256').update(bytes.subarray(0, RECORD_BYTES_MAX)).digest('hex'),
  }
}

/** Part of a number, or of `true`, `false` or `null`. */
function isWordByte(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    byte === 0x2d ||
    byte === 0x2b ||
    byte === 0x2e
  )
}

function shownByte(byte: number): string {
  return byte < 0x80 ? shown(String.fromCharCode(byte)) : `the byte 0x${byte.toString(16)}`
}

function unreadable(why: string): UsageError {
  return new UsageError('unreadable', `the delivery is not the JSON that was expected: ${why}`)
}
