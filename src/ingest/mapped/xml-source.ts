/**
 * Reads mapped XML of any size: records are the elements at a path, and values are found by their path
 * below. Nothing but XML's five entities and character references is expanded. A document type
 * declaration, which could define more, is refused.
 */
import { createHash } from 'node:crypto'
import sax from 'sax'
import { NO_FACTS, RAW_BYTES_MAX, type StatedFacts } from '../../domain/import.ts'
import { shown, UsageError } from '../../domain/usage-error.ts'
import type { CdrReader, ReadRecord } from '../formats/cdr-format.ts'
import { NESTING_LEVELS_MAX, RECORD_BYTES_MAX, tooDeep, tooLong } from './limits.ts'
import type { Mapping, Reference } from './mapping.ts'
import { RecordBuilder, RecordRules } from './record-builder.ts'
import type { RowAccess } from './row.ts'
import { StrictDecoder } from './strict-decoder.ts'

/** Texts by their path below the record; null if a path occurs more than once. */
type Row = Map<string, string | null>

/** How many characters the parser gets at once; limits are checked after each piece. */
const PIECE_CHARACTERS = 16_384

// The parser's own limit depends on how the text is cut. Ours do not, and take effect first.
Object.assign(sax, { MAX_BUFFER_LENGTH: 4 * RECORD_BYTES_MAX })

/** Characters after `<!` that tell a comment, a CDATA section and a declaration apart. */
const DECLARATION_HEAD_CHARACTERS = 8

const FOLLOWED =
  'something follows the end of the document; if it is another document, deliver each by itself'

const DECLARATION_REFUSED =
  'it has a document type declaration (DOCTYPE); entities are not expanded, so none may be declared (ENTITY_DECLARATIONS_MAX 0)'

export class MappedXmlReader implements CdrReader {
  readonly #path: string
  /** Of the element that holds the records; empty if they are the document itself. */
  readonly #parentPath: string
  readonly #builder: RecordBuilder<Row>
  readonly #parser = sax.parser(true, { position: true })
  readonly #decoder = new StrictDecoder('utf-8', 'valid UTF-8')
  /** Names of the open elements. */
  readonly #open: string[] = []
  /** The text that may still belong to a record, and how much came before it. */
  #text = ''
  #textStart = 0
  /** The record being read; null outside of records. */
  #row: Row | null = null
  #recordStart = 0
  #recordLevel = 0
  /** The beginning of a record that is too long to keep; null for others. */
  #longHead: string | null = null
  /** Position after the last tag or comment. A tag that starts later is still open. */
  #tagEnd = 0
  #value = ''
  #hasElements = false
  #lastNumber = 0
  #foundParent = false
  #records: ReadRecord[] = []
  #failure: UsageError | null = null

  constructor(mapping: Mapping) {
    this.#path = withoutPrefixes(mapping.source.records!)
    this.#parentPath = this.#path.split('.').slice(0, -1).join('.')
    this.#builder = new RecordBuilder(new RecordRules(mapping, ACCESS))
    this.#parser.onopentag = ({ name, attributes }) =>
      this.#openElement(localName(name), attributes as Record<string, string>)
    this.#parser.onclosetag = () => this.#closeElement()
    this.#parser.ontext = (text) => this.#addText(text)
    this.#parser.onopencdata = () => this.#endTag()
    this.#parser.oncdata = (text) => this.#addText(text)
    this.#parser.oncomment = () => this.#endTag()
    this.#parser.onprocessinginstruction = () => this.#endTag()
    const refuse = () => {
      this.#endTag()
      throw notXml(DECLARATION_REFUSED)
    }
    this.#parser.onsgmldeclaration = refuse
    this.#parser.ondoctype = refuse
    this.#parser.onerror = (error) => {
      if (this.#isInTag()) this.#checkTagLength()
      const { closedRoot } = this.#parser as unknown as { readonly closedRoot: boolean }
      if (closedRoot) throw notXml(FOLLOWED)
      throw notXml(shown(error.message.split('\n')[0]!).slice(1, -1))
    }
  }

  push(bytes: Uint8Array): readonly ReadRecord[] {
    if (this.#failure !== null) throw this.#failure
    this.#guarded(() => this.#write(this.#decoder.push(bytes)))
    return this.#taken()
  }

  end(): readonly ReadRecord[] {
    if (this.#failure === null) {
      this.#guarded(() => {
        this.#decoder.end()
        this.#parser.close()
      })
    }
    if (this.#failure !== null) throw this.#failure
    if (this.#textStart === 0) throw notXml('it is empty')
    if (!this.#foundParent) {
      throw notXml(
        `it has no ${this.#parentPath || this.#path}, where the mapping says the records are`,
      )
    }
    return this.#taken()
  }

  warnings(): string[] {
    return this.#builder.warnings()
  }

  facts(): StatedFacts {
    return NO_FACTS
  }

  /** What was read before a failure is returned first. */
  #guarded(work: () => void): void {
    try {
      work()
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      this.#failure = error
    }
  }

  #taken(): readonly ReadRecord[] {
    const taken = this.#records
    this.#records = []
    return taken
  }

  #write(text: string): void {
    for (let at = 0; at < text.length; at += PIECE_CHARACTERS) {
      const piece = text.slice(at, at + PIECE_CHARACTERS)
      this.#text += piece
      this.#parse(piece)
      this.#forget()
    }
  }

  /**
   * For each character of a declaration, the parser compares all of the declaration so far; one of 16 kB
   * would take a second. It is therefore asked what it has begun a few characters after each `<!`, which
   * may even be at the end of the previous piece.
   */
  #parse(piece: string): void {
    let from = 0
    for (let found = -2; ; ) {
      const isLast = found === -1
      const to = isLast ? piece.length : found + 2 + DECLARATION_HEAD_CHARACTERS
      if (to > from) {
        this.#parser.write(piece.slice(from, to))
        from = to
        const { sgmlDecl } = this.#parser as unknown as { readonly sgmlDecl: string }
        if (sgmlDecl.length >= DECLARATION_HEAD_CHARACTERS) throw notXml(DECLARATION_REFUSED)
      }
      if (isLast) return
      found = piece.indexOf('<!', found + 2)
    }
  }

  /** Keeps the text that an open record needs, or with which an open tag may begin one. */
  #forget(): void {
    const { position } = this.#parser
    const tagStart = this.#parser.startTagPosition - 1
    const isInTag = this.#isInTag()
    if (isInTag) this.#checkTagLength()
    const isOpen = this.#row !== null && this.#longHead === null
    if (isOpen && position - this.#recordStart > RECORD_BYTES_MAX) {
      this.#longHead = this.#textFrom(this.#recordStart).slice(0, RECORD_BYTES_MAX)
      this.#row!.clear()
      this.#value = ''
    }
    const needsRecord = isOpen && this.#longHead === null
    const keepFrom = needsRecord ? this.#recordStart : isInTag ? tagStart : position
    this.#text = this.#textFrom(keepFrom)
    this.#textStart = keepFrom
  }

  #isInTag(): boolean {
    return this.#parser.startTagPosition - 1 >= this.#tagEnd
  }

  /** For a tag, a comment or a declaration, ended or not. */
  #checkTagLength(): void {
    if (this.#parser.position - this.#parser.startTagPosition >= RECORD_BYTES_MAX) {
      throw notXml(`a tag has more than ${RECORD_BYTES_MAX} bytes (RECORD_BYTES_MAX)`)
    }
  }

  #textFrom(position: number): string {
    return this.#text.slice(position - this.#textStart)
  }

  #endTag(): void {
    this.#checkTagLength()
    this.#tagEnd = this.#parser.position
  }

  #openElement(name: string, attributes: Readonly<Record<string, string>>): void {
    this.#endTag()
    if (this.#open.length >= NESTING_LEVELS_MAX) throw notXml(tooDeep())
    this.#open.push(name)
    if (this.#row === null) {
      const path = this.#open.join('.')
      if (path === this.#parentPath) this.#foundParent = true
      if (path !== this.#path) return
      this.#foundParent = true
      this.#row = new Map()
      this.#recordStart = this.#parser.startTagPosition - 1
      this.#recordLevel = this.#open.length
      this.#longHead = null
    }
    this.#value = ''
    this.#hasElements = false
    for (const [attribute, value] of Object.entries(attributes)) {
      this.#set([...this.#open.slice(this.#recordLevel), `@${localName(attribute)}`], value)
    }
  }

  #addText(text: string): void {
    if (this.#row !== null && this.#longHead === null) this.#value += text
  }

  #closeElement(): void {
    this.#endTag()
    if (this.#row === null) {
      this.#open.pop()
      return
    }
    if (!this.#hasElements) this.#set(this.#open.slice(this.#recordLevel), this.#value)
    this.#value = ''
    this.#hasElements = true
    if (this.#open.length === this.#recordLevel) this.#endRecord()
    this.#open.pop()
  }

  #set(path: readonly string[], value: string): void {
    if (this.#longHead !== null) return
    const key = path.join('.')
    this.#row!.set(key, this.#row!.has(key) ? null : value.trim())
  }

  #endRecord(): void {
    const row = this.#row!
    this.#row = null
    const line = ++this.#lastNumber
    const length = this.#parser.position - this.#recordStart
    const raw = this.#longHead ?? this.#textFrom(this.#recordStart).slice(0, length)
    if (this.#longHead !== null || Buffer.byteLength(raw) > RECORD_BYTES_MAX) {
      this.#records.push(longRecord(line, raw))
      return
    }
    const record = this.#builder.build(row, line, raw)
    if (record !== null) this.#records.push(record)
  }
}

const ACCESS: RowAccess<Row> = {
  textOf(reference: Reference) {
    const path = withoutPrefixes(String(reference))
    return (row) => {
      const text = row.get(path)
      return text === null ? undefined : (text ?? '')
    }
  },
  isBareNumber: () => () => false,
}

function longRecord(line: number, raw: string): ReadRecord {
  const bytes = Buffer.from(raw.slice(0, RECORD_BYTES_MAX), 'utf8')
  return {
    line,
    reason: 'line_too_long',
    detail: tooLong(),
    field: null,
    raw: new Uint8Array(bytes.subarray(0, RAW_BYTES_MAX)),
    rawHash: createHash('sha256').update(bytes).digest('hex'),
  }
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}

function withoutPrefixes(path: string): string {
  return path
    .split('.')
    .map((step) => (step.startsWith('@') ? `@${localName(step.slice(1))}` : localName(step)))
    .join('.')
}

function notXml(why: string): UsageError {
  return new UsageError('unreadable', `the delivery is not the XML that was expected: ${why}`)
}
