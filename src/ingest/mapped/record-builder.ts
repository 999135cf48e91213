/**
 * Applies a mapping to one row. The result is the canonical fields as texts, or the faults that keep the
 * row out.
 */

import { COUNTER_FIELDS, COUNTER_NAMES, COUNTERS } from '../../domain/counters.ts'
import type { QuarantinedRecord } from '../../domain/import.ts'
import { shown } from '../../domain/usage-error.ts'
import type { ReadingTraits } from '../../domain/usage-event.ts'
import {
  CanonicalRecordParser,
  type FieldFault,
  type PlainField,
} from '../formats/canonical-record.ts'
import { type CdrRecord, faultOf, isFault, type ReadRecord } from '../formats/cdr-format.ts'
import { ContentIds } from './content-ids.ts'
import { compileCondition, describeCondition, FieldCompiler } from './field-values.ts'
import type { Condition, Mapping } from './mapping.ts'
import type { NetworkText } from './network-text.ts'
import type { RowAccess } from './row.ts'
import { isRecord } from './rules.ts'

type TextField = Exclude<PlainField, 'occurred_at'>

interface Test<Row> {
  readonly condition: Condition
  readonly holds: (row: Row) => boolean
}

/**
 * A mapping's rules as functions of a row. Compiling them takes longer than reading a small delivery. They
 * keep nothing of a delivery, so deliveries can share them.
 */
export class RecordRules<Row> {
  readonly parser: CanonicalRecordParser
  readonly fields: Readonly<Record<TextField, (row: Row) => string>>
  /** The texts of the counters, in the order of `COUNTERS`. */
  readonly counters: readonly ((row: Row) => string)[]
  readonly occurredAt: (row: Row) => number | null
  /** Used instead of PLMN and country if one text gives the network. */
  readonly network: ((row: Row) => NetworkText) | null
  readonly skip: readonly Test<Row>[]
  readonly expect: readonly (Test<Row> & { readonly shownOf: (row: Row) => string })[]
  readonly hasContentIds: boolean
  /** Null if counters are usage. */
  readonly reading: ReadingTraits | null
  /** The counters that the mapping reads, for messages. */
  readonly counterNames: readonly string[]
  /** Of the row that is being read. */
  faults: FieldFault[] = []

  constructor(mapping: Mapping, access: RowAccess<Row>) {
    const { fields, source } = mapping
    const compiler = new FieldCompiler(access, source, (fault) => this.faults.push(fault))
    const recordId = compiler.recordId(fields.record_id)
    const sim = compiler.text('sim', fields.sim)
    this.occurredAt = compiler.time(fields.occurred_at)
    this.network = compiler.network(fields.network)
    this.fields = {
      record_id: recordId,
      sim,
      plmn: compiler.plmn(fields.plmn),
      country: compiler.country(fields.country),
      zone: compiler.text('zone', fields.zone),
    }
    this.counters = COUNTERS.map((counter) => compiler.counter(counter, fields))
    this.parser = new CanonicalRecordParser(compiler.origins)
    const testOf = (condition: Condition) => ({
      condition,
      holds: compileCondition(condition, access),
    })
    this.skip = (mapping.skip ?? []).map(testOf)
    this.expect = (mapping.expect ?? []).map((condition) => {
      const text = access.textOf(condition.field)
      return { ...testOf(condition), shownOf: (row) => shown(text(row) ?? '') }
    })
    const { readings = false, resets = 'never' } = mapping
    this.reading = readings ? { is32Bit: false, resets } : null
    this.hasContentIds = isRecord(fields.record_id) && fields.record_id.content !== undefined
    this.counterNames = COUNTER_FIELDS.filter((field) => fields[field] !== undefined)
  }
}

/** Builds the records of one delivery. */
export class RecordBuilder<Row> {
  readonly #rules: RecordRules<Row>
  /** How many records each of the skip rules has skipped. */
  readonly #skipped: number[]
  readonly #contentIds: ContentIds | null
  /** How many records state none of the counters that the mapping reads. */
  #withoutCounters = 0

  constructor(rules: RecordRules<Row>) {
    this.#rules = rules
    this.#skipped = rules.skip.map(() => 0)
    this.#contentIds = rules.hasContentIds ? new ContentIds() : null
  }

  /** Null if the mapping skips the row. Throws `unreadable` at the limit of content keys. */
  build(row: Row, line: number, raw: string): ReadRecord | null {
    const rules = this.#rules
    for (let i = 0; i < rules.skip.length; i++) {
      if (rules.skip[i]!.holds(row)) {
        this.#skipped[i]!++
        return null
      }
    }
    for (const { condition, holds, shownOf } of rules.expect) {
      if (!holds(row)) return unexpected(condition, shownOf(row), line, raw)
    }
    rules.faults = []
    const { fields } = rules
    const recordId = fields.record_id(row)
    const occurredAt = rules.occurredAt(row)
    const network = rules.network === null ? null : rules.network(row)
    const counters = rules.counters.map((text) => text(row))
    const record = rules.parser.parse(
      {
        record_id: this.#contentIds === null ? recordId : this.#contentIds.idOf(recordId),
        sim: fields.sim(row),
        occurred_at: '',
        plmn: network === null ? fields.plmn(row) : network.plmn,
        country: network === null ? fields.country(row) : network.country,
        zone: fields.zone(row),
        counters,
      },
      line,
      raw,
      rules.faults,
      occurredAt,
    )
    if (isFault(record)) return record
    if (rules.reading !== null) return asReading(record, rules.reading, counters)
    if (counters.every((text) => text === '')) this.#withoutCounters++
    return record
  }

  warnings(): string[] {
    const { skip, counterNames } = this.#rules
    const skipped = skip.flatMap(({ condition }, i) => {
      const count = this.#skipped[i]!
      const what = count === 1 ? '1 record was' : `${count} records were`
      return count === 0
        ? []
        : [`${what} skipped, as the mapping says: ${describeCondition(condition)}`]
    })
    const count = this.#withoutCounters
    if (count === 0) return skipped
    const what = count === 1 ? '1 record states' : `${count} records state`
    return [
      ...skipped,
      `${what} none of the counters that the mapping reads, and adds nothing: ${counterNames.join(', ')}`,
    ]
  }
}

/** A counter that the record does not state, or leaves empty, is unknown. */
function asReading(record: CdrRecord, traits: ReadingTraits, texts: readonly string[]): CdrRecord {
  const unknown = COUNTER_NAMES.filter((_, place) => texts[place] === '')
  return { ...record, reading: { ...traits, ...(unknown.length > 0 && { unknown }) } }
}

function unexpected(
  condition: Condition,
  value: string,
  line: number,
  raw: string,
): QuarantinedRecord {
  return faultOf(line, raw, {
    reason: 'invalid_field',
    field: null,
    detail: `${value}: the mapping expects that ${describeCondition(condition)}`,
  })
}
