/** Reads mapped JSON and NDJSON: records are objects, and values are found by their path. */
import { shown } from '../../domain/usage-error.ts'
import { faultOf, type LineCdrReader, type ReadRecord } from '../formats/cdr-format.ts'
import { repeatedKeys } from '../formats/repeated-keys.ts'
import type { Line } from '../lines.ts'
import { NESTING_LEVELS_MAX, tooDeep } from './limits.ts'
import type { Mapping, Reference } from './mapping.ts'
import { type PathStep, parsePath } from './paths.ts'
import { RecordBuilder, RecordRules } from './record-builder.ts'
import type { RowAccess, TextOf } from './row.ts'
import { isRecord } from './rules.ts'

/** A record, or one entry of the list or map inside it that `each` names. */
interface Row {
  readonly record: unknown
  /** '' if there is no `each`. */
  readonly key: string
  readonly value: unknown
}

/** The step that leads into the entry instead of the record. */
const ENTRY_KEY = '@key'
const ENTRY_VALUE = '@value'

/** A number as written in the text, if a float would lose part of it. */
class NumberText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** An unquoted number this long may have more digits than a float keeps. */
const LONG_NUMBER = /[:[,]\s*-?[\d.]{16}/

/**
 * The value, with `NumberText` for numbers whose text a float would not reproduce. A number of at most 15
 * digits is reproduced, because no two such decimals share a float.
 */
function parseExactly(text: string): unknown {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text)
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' ? new NumberText(context!.source!) : value,
  )
}

/** What reading JSON takes of a mapping; deliveries share it. */
interface JsonRules {
  readonly access: Access
  readonly records: RecordRules<Row>
  readonly each: readonly PathStep[] | null
}

const rulesByMapping = new WeakMap<Mapping, JsonRules>()

function rulesOf(mapping: Mapping): JsonRules {
  const known = rulesByMapping.get(mapping)
  if (known !== undefined) return known
  const access = new Access()
  const { each } = mapping.source
  const rules = {
    access,
    records: new RecordRules(mapping, access),
    each: each === undefined ? null : parsePath(each),
  }
  rulesByMapping.set(mapping, rules)
  return rules
}

/** Reads records that are already cut apart, each of them one JSON text. */
export class MappedJsonReader implements LineCdrReader {
  readonly #access: Access
  readonly #builder: RecordBuilder<Row>
  readonly #each: readonly PathStep[] | null
  readonly #eachText: string
  /** What messages call a record. */
  readonly #name: 'line' | 'record'
  /** Entries so far; if a record has several, they are what is counted. */
  #entries = 0
  /** How many records have neither a list nor a map where `each` expects their entries. */
  #withoutEntries = 0

  constructor(mapping: Mapping) {
    const { each: eachText = '', format } = mapping.source
    const { access, records, each } = rulesOf(mapping)
    this.#access = access
    this.#builder = new RecordBuilder(records)
    this.#each = each
    this.#eachText = eachText
    this.#name = format === 'ndjson' ? 'line' : 'record'
  }

  read(lines: readonly Line[]): readonly ReadRecord[] {
    const records: ReadRecord[] = []
    for (const { number, text, fault } of lines) {
      if (text === null) {
        records.push({ ...fault!, line: this.#positionOf(number), field: null })
      } else if (text.trim() !== '') this.#readText(text, number, records)
    }
    return records
  }

  end(): readonly ReadRecord[] {
    return []
  }

  warnings(): string[] {
    const warnings = this.#builder.warnings()
    const count = this.#withoutEntries
    if (count === 0) return warnings
    const what = count === 1 ? '1 record has' : `${count} records have`
    return [
      ...warnings,
      `${what} no list or map of entries at ${shown(this.#eachText)}, and no usage`,
    ]
  }

  #readText(text: string, line: number, records: ReadRecord[]): void {
    const unreadable = (detail: string) =>
      records.push(
        faultOf(this.#positionOf(line), text, { reason: 'unreadable', detail, field: null }),
      )
    if (this.#name === 'line' && isTooDeep(text)) {
      unreadable(tooDeep())
      return
    }
    let record: unknown
    try {
      record = parseExactly(text)
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      unreadable(`the ${this.#name} is not JSON`)
      return
    }
    if (!isRecord(record) || record instanceof NumberText) {
      unreadable(`the ${this.#name} is JSON, but not an object such as {"id": …}`)
      return
    }
    const contradiction = this.#contradiction(text, record)
    if (contradiction !== null) {
      unreadable(contradiction)
      return
    }
    for (const row of this.#rowsOf(record)) {
      const built = this.#builder.build(row, this.#positionOf(line), text)
      if (built !== null) records.push(built)
    }
  }

  /** Null unless the record states something that the mapping reads in two ways. */
  #contradiction(text: string, record: unknown): string | null {
    for (const key of repeatedKeys(text, record).keys()) {
      // Where each entry of a map is a record, its keys are data.
      if (this.#each === null && !this.#access.keys.has(key)) continue
      return `the key ${shown(key)} is there twice in one object, with different values`
    }
    return null
  }

  #positionOf(line: number): number {
    return this.#each === null ? line : ++this.#entries
  }

  #rowsOf(record: unknown): readonly Row[] {
    if (this.#each === null) return [{ record, key: '', value: null }]
    const entries = valueAt(record, this.#each)
    if (Array.isArray(entries)) {
      return entries.map((value, i) => ({ record, key: String(i + 1), value }))
    }
    if (!isRecord(entries) || entries === NO_TEXT) {
      this.#withoutEntries++
      return []
    }
    return Object.entries(entries).map(([key, value]) => ({ record, key, value }))
  }
}

class Access implements RowAccess<Row> {
  /** All steps of the paths that were asked for. */
  readonly keys = new Set<PathStep>()

  textOf(reference: Reference): TextOf<Row> {
    const find = this.#find(reference)
    return (row) => textOf(find(row))
  }

  isBareNumber(reference: Reference): (row: Row) => boolean {
    const find = this.#find(reference)
    return (row) => {
      const value = find(row)
      return typeof value === 'number' || value instanceof NumberText
    }
  }

  #find(reference: Reference): (row: Row) => unknown {
    const steps = parsePath(String(reference))
    if (steps === null) throw new Error(`${shown(String(reference))} is not a path`)
    for (const step of steps) this.keys.add(step)
    return finder(steps)
  }
}

function finder(steps: readonly PathStep[]): (row: Row) => unknown {
  const [first, ...others] = steps
  if (first === ENTRY_KEY) return ({ key }) => key
  if (first === ENTRY_VALUE) return ({ value }) => valueAt(value, others)
  return ({ record }) => valueAt(record, steps)
}

/** Undefined if there is nothing. If the path leads into a text, the result is `NO_TEXT`. */
function valueAt(from: unknown, steps: readonly PathStep[]): unknown {
  let value = from
  for (const step of steps) {
    if (isText(value)) return NO_TEXT
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<PathStep, unknown>)[step]
  }
  return value
}

/** Stands for what is not a single text, such as lists and maps. */
const NO_TEXT = {}

function isText(value: unknown): boolean {
  if (typeof value === 'string') return value.trim() !== ''
  return typeof value === 'number' || typeof value === 'boolean' || value instanceof NumberText
}

const textOf = (value: unknown): ReturnType<TextOf<Row>> => {
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value.trim()
  if (value instanceof NumberText) return value.text
  return typeof value === 'object' ? undefined : String(value)
}

function isTooDeep(text: string): boolean {
  // Nearly all texts have this few brackets, and are recognized without looking at quotes.
  if (text.split(/[[{]/, NESTING_LEVELS_MAX + 2).length <= NESTING_LEVELS_MAX + 1) return false
  let levels = 0
  for (const [bracket] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
    if (bracket === '{' || bracket === '[') levels++
    else if (bracket === '}' || bracket === ']') levels--
    if (levels > NESTING_LEVELS_MAX) return true
  }
  return false
}
