/**
 * FreeRADIUS detail text: blocks of a date line and indented `Attribute = value` lines, each ended by an
 * empty line.
 */
import { LINE_BYTES_MAX, type Line, type LineFault } from '../lines.ts'
import { faultOf, type LineCdrReader, type ReadRecord } from './cdr-format.ts'
import { PacketAttributes } from './radius-attributes.ts'
import type { RadiusRecordParser } from './radius-record.ts'
import { shownName } from './radius-warnings.ts'

/** An attribute takes at least two octets of a packet, which has at most 4096. */
export const BLOCK_ATTRIBUTES_MAX = 2_048

/** In UTF-16 units. No packet comes near it, but a block that never ends would fill the memory. */
export const BLOCK_CHARACTERS_MAX = LINE_BYTES_MAX

const ATTRIBUTE_LINE = /^[ \t]+(\S+)[ \t]+(?:=|:=|\+=|==)(?:[ \t]+(.*))?$/

const NOT_ENDED = 'the block has no empty line at its end, so it may have been cut'

interface Block {
  /** The number of its first line. */
  readonly line: number
  readonly dateLine: string | null
  /** As delivered, as far as they are kept. */
  readonly lines: string[]
  readonly attributes: PacketAttributes
  attributeCount: number
  characters: number
  fault: Pick<LineFault, 'reason' | 'detail'> | null
  /** Once a block is over a limit, no more of it is kept. */
  isOver: boolean
}

export class RadiusDetailReader implements LineCdrReader {
  readonly #parser: RadiusRecordParser
  #block: Block | null = null

  constructor(parser: RadiusRecordParser) {
    this.#parser = parser
  }

  read(lines: readonly Line[]): readonly ReadRecord[] {
    const records: ReadRecord[] = []
    for (const line of lines) this.#take(line, records)
    return records
  }

  end(): readonly ReadRecord[] {
    const records: ReadRecord[] = []
    // A block without its end may lack lines. Without the gigawords, for one, the count would be wrong.
    this.#finish(records, NOT_ENDED)
    return records
  }

  warnings(): string[] {
    return this.#parser.warnings()
  }

  #take(line: Line, records: ReadRecord[]): void {
    const { text } = line
    if (text === null) {
      const fault = line.fault!
      const block = this.#open(line.number, null)
      block.fault ??= { reason: fault.reason, detail: `line ${line.number}: ${fault.detail}` }
      this.#keep(block, Buffer.from(fault.raw).toString('utf8'))
    } else if (text === '') {
      this.#finish(records, null)
    } else if (text.trim() === '') {
      // A line of only indentation ends nothing: it is what remains of a line that was cut there.
    } else if (text[0] === ' ' || text[0] === '\t') {
      this.#takeAttribute(this.#open(line.number, null), line.number, text)
    } else {
      this.#finish(records, NOT_ENDED)
      this.#keep(this.#open(line.number, text), text)
    }
  }

  /** The open block, or a new one. */
  #open(line: number, dateLine: string | null): Block {
    this.#block ??= {
      line,
      dateLine,
      lines: [],
      attributes: new PacketAttributes(),
      attributeCount: 0,
      characters: 0,
      fault: null,
      isOver: false,
    }
    return this.#block
  }

  #keep(block: Block, text: string): void {
    block.characters += text.length + 1
    if (block.characters > BLOCK_CHARACTERS_MAX && !block.isOver) {
      block.isOver = true
      const detail = `the block has more than ${BLOCK_CHARACTERS_MAX} characters`
      block.fault ??= { reason: 'unreadable', detail }
    }
    if (!block.isOver) block.lines.push(text)
  }

  #takeAttribute(block: Block, line: number, text: string): void {
    this.#keep(block, text)
    if (block.isOver) return
    if (++block.attributeCount > BLOCK_ATTRIBUTES_MAX) {
      block.isOver = true
      const detail = `the block has more than ${BLOCK_ATTRIBUTES_MAX} attributes`
      block.fault ??= { reason: 'unreadable', detail }
      return
    }
    const match = ATTRIBUTE_LINE.exec(text)
    if (match === null) {
      const detail = `line ${line} is not of the form Attribute = value`
      block.fault ??= { reason: 'unreadable', detail }
      return
    }
    const [, name = '', written = ''] = match
    const key = this.#parser.wanted.keyOf(name)
    if (key === null) return
    const value = attributeValue(written.trim())
    if (value === null) {
      const detail = `line ${line}: the quote of ${shownName(name)} is never closed`
      block.fault ??= { reason: 'unreadable', detail }
    } else {
      block.attributes.add(key, value)
    }
  }

  #finish(records: ReadRecord[], notEnded: string | null): void {
    const block = this.#block
    if (block === null) return
    this.#block = null
    const raw = block.lines.join('\n')
    const fault = faultOfBlock(block, notEnded)
    if (fault !== null) {
      records.push(faultOf(block.line, raw, { ...fault, field: null }))
      return
    }
    const { line, dateLine, attributes } = block
    const record = this.#parser.parse({ line, raw, dateLine, attributes })
    if (record !== null) records.push(record)
  }
}

function faultOfBlock(block: Block, notEnded: string | null): Block['fault'] {
  if (block.fault !== null) return block.fault
  if (block.attributeCount === 0) {
    const detail = 'no indented lines with attributes follow the line that begins the block'
    return { reason: 'unreadable', detail }
  }
  return notEnded === null ? null : { reason: 'unreadable', detail: notEnded }
}

const ESCAPED: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }

/** As written, without its quotes; null if they do not close. */
function attributeValue(written: string): string | null {
  const quote = written[0]
  if (quote !== '"' && quote !== "'") return written
  const body = /^(["'])((?:\\.|(?!\1)[^\\])*)\1$/s.exec(written)?.[2]
  if (body === undefined || !body.includes('\\')) return body ?? null
  return body.replace(/\\([0-7]{3}|.)/gs, (_, code: string) =>
    code.length === 3 ? String.fromCharCode(Number.parseInt(code, 8)) : (ESCAPED[code] ?? code),
  )
}
