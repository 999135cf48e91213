/** Turns a delivery of any encoding into UTF-8, chunk by chunk. */
import { shown, UsageError } from '../../domain/usage-error.ts'
import type { Encoding } from './mapping.ts'
import { StrictDecoder } from './strict-decoder.ts'

const MARKS: readonly (readonly [bytes: readonly number[], encoding: Encoding])[] = [
  [[0xef, 0xbb, 0xbf], 'utf-8'],
  [[0xff, 0xfe], 'utf-16le'],
  [[0xfe, 0xff], 'utf-16be'],
]

/** As long as the longest mark, or as two characters of UTF-16 without one. */
const HEAD_BYTES = 4

const DECLARATION_BEGIN = '<?xml'
/** By then, an XML declaration has ended, if there is one. */
const DECLARATION_BYTES_MAX = 256
const DECLARATION = /^<\?xml[^>]*?encoding\s*=\s*["']([^"']*)["'][^>]*\?>/
const DECLARED: Readonly<Record<string, Encoding>> = {
  'utf-8': 'utf-8',
  utf8: 'utf-8',
  'us-ascii': 'utf-8',
  ascii: 'utf-8',
  'iso-8859-1': 'latin-1',
  latin1: 'latin-1',
  'windows-1252': 'windows-1252',
}

export interface EncodingChoice {
  /** What the mapping says. */
  readonly stated: Encoding | undefined
  /** True if the text's own XML declaration counts when the mapping says nothing. */
  readonly isXml: boolean
}

export class Utf8Stream {
  readonly #choice: EncodingChoice
  /** The first bytes, until the encoding is known. */
  #head: Buffer | null = Buffer.alloc(0)
  /** Null if the bytes are already UTF-8. */
  #decoder: StrictDecoder | null = null

  constructor(choice: EncodingChoice) {
    this.#choice = choice
  }

  /** UTF-8 without a byte order mark. Throws `unreadable` if the bytes have another encoding. */
  push(chunk: Uint8Array): Uint8Array {
    if (this.#head === null) return this.#decoded(chunk)
    this.#head = Buffer.concat([this.#head, chunk])
    return this.#knowsEncoding(this.#head) ? this.#begin() : new Uint8Array(0)
  }

  /** What was waiting for more. Throws as `push`, also if the bytes end within a character. */
  end(): Uint8Array {
    const begun = this.#head === null ? new Uint8Array(0) : this.#begin()
    this.#decoder?.end()
    return begun
  }

  #knowsEncoding(head: Buffer): boolean {
    if (head.length < HEAD_BYTES) return false
    if (!this.#choice.isXml || head.length >= DECLARATION_BYTES_MAX) return true
    const begin = head.toString('latin1', 0, DECLARATION_BEGIN.length)
    return !DECLARATION_BEGIN.startsWith(begin) || head.includes('?>')
  }

  #begin(): Uint8Array {
    const head = this.#head!
    this.#head = null
    const [mark, marked] = MARKS.find(([bytes]) => bytes.every((b, i) => head[i] === b)) ?? [[]]
    const encoding = this.#encodingOf(marked, head)
    const label = encoding === 'latin-1' ? 'windows-1252' : encoding
    if (label !== 'utf-8') this.#decoder = new StrictDecoder(label, encoding)
    // If a mark does not fit the encoding, its bytes are letters of the text.
    return this.#decoded(head.subarray(marked === encoding ? mark.length : 0))
  }

  #encodingOf(marked: Encoding | undefined, head: Buffer): Encoding {
    const { stated, isXml } = this.#choice
    if (stated === 'utf-16') {
      if (marked === 'utf-16le' || marked === 'utf-16be') return marked
      throw new UsageError('unreadable', 'encoding "utf-16": there is no byte order mark', {
        hint: 'say utf-16le or utf-16be in the mapping (source.encoding)',
      })
    }
    if (stated !== undefined) return stated
    const unmarked = unmarkedUtf16(head)
    if (marked !== undefined || unmarked !== undefined) return marked ?? unmarked!
    const declared = isXml ? DECLARATION.exec(declarationOf(head))?.[1] : undefined
    if (declared === undefined) return 'utf-8'
    const known = DECLARED[declared.toLowerCase()]
    if (known !== undefined) return known
    throw new UsageError('unreadable', `encoding ${shown(declared)} is not known`, {
      hint: 'say which one is meant in the mapping (source.encoding)',
    })
  }

  #decoded(bytes: Uint8Array): Uint8Array {
    return this.#decoder === null ? bytes : Buffer.from(this.#decoder.push(bytes), 'utf8')
  }
}

/** UTF-16 that has lost its mark: every second byte of ASCII is 0, which UTF-8 has no reason for. */
function unmarkedUtf16(head: Buffer): Encoding | undefined {
  if (head.length < HEAD_BYTES) return undefined
  const [a, b, c, d] = head
  if (b === 0 && d === 0 && a !== 0 && c !== 0) return 'utf-16le'
  return a === 0 && c === 0 && b !== 0 && d !== 0 ? 'utf-16be' : undefined
}

/** Everything up to the first end of a declaration, whatever else has come along. */
function declarationOf(head: Buffer): string {
  const text = head.toString('latin1', 0, DECLARATION_BYTES_MAX)
  const end = text.indexOf('?>')
  return end === -1 ? text : text.slice(0, end + 2)
}
