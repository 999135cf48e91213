/** Turns a mapping's values into functions of a row. */

import type { COUNTERS } from '../../domain/counters.ts'
import { parseCountry } from '../../domain/country.ts'
import { isShortened, SHORTENED } from '../../domain/spreadsheet-numbers.ts'
import { shown } from '../../domain/usage-error.ts'
import type { CanonicalField, FieldFault } from '../formats/canonical-record.ts'
import { countryOfTadig } from '../formats/tadig.ts'
import { type Clock, clockOf } from './clock.ts'
import { joinedTexts } from './content-ids.ts'
import { countryOfName } from './country-names.ts'
import {
  type CommandsValue,
  type Condition,
  type CountryForm,
  type CountryValue,
  type DataUnit,
  type DataValue,
  type FieldValues,
  isReference,
  type NetworkValue,
  type PlmnParts,
  type PlmnValue,
  type Reference,
  referenceText,
  type Source,
  type TextValue,
  type TimeValue,
} from './mapping.ts'
import { mncOf, type NetworkText, NO_NETWORK, networkOf, plmnOf } from './network-text.ts'
import {
  mayBeGrouped,
  type NumberStyle,
  plainNumber,
  UNIT_BYTES,
  wholeBytes,
  wholeNumber,
} from './quantity.ts'
import type { RowAccess, TextOf } from './row.ts'
import { isTimeZone, ZONE_RULE } from './time-zone.ts'

/** Records name few zones. What their clocks are made of is remembered separately, by name. */
const CLOCKS_MAX = 1_000

const COUNTRY_READERS: Readonly<
  Record<CountryForm, { read: (text: string) => string | null; expected: string }>
> = {
  code: { read: parseCountry, expected: 'an ISO 3166-1 code such as ES or ESP' },
  name: {
    read: countryOfName,
    expected: "a country's English name; others can be listed in values",
  },
  tadig: {
    read: (text) => countryOfTadig(text.toUpperCase()),
    expected: 'a TADIG code: 5 characters that begin with a country, as ESPVV does',
  },
}

type FieldText<Row> = (row: Row) => string

const MAY_BE_GROUPED =
  'it is either a fraction or has grouped thousands; decimal in the source of the mapping says which'

const NO_SINGLE_TEXT =
  'it is a list or a map, is inside a text, or occurs more than once; expected one text'

export class FieldCompiler<Row> {
  /** Where each field is read from, for messages. */
  readonly origins: Partial<Record<CanonicalField, string>> = {}
  readonly #access: RowAccess<Row>
  readonly #style: NumberStyle
  readonly #isPlain: boolean
  /** Other sources write powers of ten in full, and do not lose digits that a cell has no room for. */
  readonly #isSheet: boolean
  /** True if texts may have thousands in groups, because the mapping does not say how numbers are written. */
  readonly #mayGroup: boolean
  readonly #report: (fault: FieldFault) => void

  constructor(access: RowAccess<Row>, source: Source, report: (fault: FieldFault) => void) {
    this.#access = access
    this.#style = { decimal: source.decimal ?? '.', thousands: source.thousands ?? '' }
    this.#isPlain = this.#style.decimal === '.' && this.#style.thousands === ''
    this.#isSheet = source.format === 'csv'
    this.#mayGroup = source.decimal === undefined && this.#isPlain
    this.#report = report
  }

  text(field: CanonicalField, value: Reference | TextValue | undefined): FieldText<Row> {
    if (value === undefined) return () => ''
    if (isReference(value)) return this.#from(field, [value])
    const { constant, values, otherwise, when } = value
    const given = this.#given(field, value)
    if (constant !== undefined) return this.#when(when, () => constant)
    if (values === undefined) return this.#when(when, given)
    const meanings = new Map(Object.entries(values))
    const known = [...meanings.keys()].map(shown).join(', ')
    return this.#when(when, (row) => {
      const text = given(row)
      if (text === '') return ''
      const meaning = meanings.get(text) ?? otherwise
      if (meaning === undefined) return this.#refuse(field, text, `expected one of ${known}`)
      return meaning
    })
  }

  recordId(value: FieldValues['record_id']): FieldText<Row> {
    if (isReference(value) || (!isList(value) && !('content' in value))) {
      return this.text('record_id', value)
    }
    const parts = isList(value) ? value : value.content
    const texts = parts.map((part) => this.#from('record_id', [part]))
    this.#name('record_id', parts)
    return (row) => {
      const found = texts.map((text) => text(row))
      return found.every((text) => text === '') ? '' : joinedTexts(found)
    }
  }

  /** UTC seconds; null if the time is absent or wrong. */
  time(value: TimeValue): (row: Row) => number | null {
    const clockOfRow = this.#clocks(value)
    const written =
      value.first_of === undefined
        ? this.#joined('occurred_at', isList(value.from) ? value.from : [value.from!])
        : this.#from('occurred_at', value.first_of)
    return (row) => {
      const text = written(row)
      if (text === '') return null
      const clock = clockOfRow(row)
      if (clock === null) return null
      const at = clock.read(text)
      if (at === null) this.#refuse('occurred_at', text, clock.rule)
      return at
    }
  }

  /** Null if the record's zone is invalid. */
  #clocks({ format = 'iso', zone }: TimeValue): (row: Row) => Clock | null {
    if (zone === undefined || typeof zone === 'string') {
      const clock = clockOf(format, zone)
      return () => clock
    }
    const { from, values = {} } = zone
    const meanings = new Map(Object.entries(values))
    const stated = this.#single('occurred_at', this.#access.textOf(from))
    const clocks = new Map<string, Clock>()
    const rule = `its zone, ${referenceText(from)}: ${ZONE_RULE}`
    return (row) => {
      const text = stated(row)
      const known = clocks.get(text)
      if (known !== undefined) return known
      const name = meanings.get(text) ?? text
      if (name === '' || !isTimeZone(name)) {
        this.#refuse('occurred_at', text, rule)
        return null
      }
      const clock = clockOf(format, name)
      if (clocks.size >= CLOCKS_MAX) clocks.clear()
      clocks.set(text, clock)
      return clock
    }
  }

  plmn(value: Reference | PlmnValue | PlmnParts | undefined): FieldText<Row> {
    if (value === undefined || isReference(value)) return this.text('plmn', value)
    if (!('mcc' in value)) {
      const { mnc_digits: digits } = value
      const text = this.text('plmn', value)
      return digits === undefined ? text : (row) => plmnOf(text(row), digits)
    }
    const { mcc, mnc, mnc_digits: digits } = value
    const mccText = this.#from('plmn', [mcc])
    const mncText = this.#from('plmn', [mnc])
    const isBareNumber = this.#access.isBareNumber(mnc)
    this.#name('plmn', [mcc, mnc])
    return (row) => {
      const found = mccText(row)
      const stated = mncText(row)
      if (stated === '' && found === '') return ''
      const given = mncOf(found, stated, digits)
      const isAsStated = given === stated && typeof digits !== 'number'
      const mayHaveLostZeros = given.length < 2 || (given.length === 2 && isBareNumber(row))
      if (!isAsStated || !mayHaveLostZeros || given === '') return `${found}-${given}`
      const rule =
        'an MNC has 2 or 3 digits, zeros included: 7 may be 07 or 007; mnc_digits in the mapping says which'
      return this.#refuse('plmn', `${found}-${given}`, rule)
    }
  }

  /** Refuses text that names no network, as a fault of the field `plmn`. */
  network(value: Reference | NetworkValue | undefined): ((row: Row) => NetworkText) | null {
    if (value === undefined) return null
    const stated: NetworkValue = isReference(value) ? { from: value } : value
    const { values = {}, mnc_digits: digits } = stated
    const names = new Map(Object.entries(values))
    const given = this.#when(stated.when, this.#given('plmn', stated))
    const rule =
      'expected a PLMN such as 310-260, a TADIG code such as ESPVV, or a name that values lists'
    return (row) => {
      const text = given(row)
      if (text === '') return NO_NETWORK
      const found = networkOf(text, names, digits)
      if (found === null) this.#refuse('plmn', text, rule)
      return found ?? NO_NETWORK
    }
  }

  country(value: Reference | CountryValue | undefined): FieldText<Row> {
    const text = this.text('country', value)
    const form = value === undefined || isReference(value) ? undefined : value.as
    if (form === undefined || form === 'code') return text
    const forms = [form].flat()
    const rule = `expected ${forms.map((one) => COUNTRY_READERS[one].expected).join(', or ')}`
    return (row) => {
      const found = text(row)
      if (found === '') return ''
      for (const one of forms) {
        const code = COUNTRY_READERS[one].read(found)
        if (code !== null) return code
      }
      return this.#refuse('country', found, rule)
    }
  }

  counter({ field, quantity }: (typeof COUNTERS)[number], fields: FieldValues): FieldText<Row> {
    if (quantity === 'data') return this.#data(field, fields[field])
    return this.#count(field, fields[field], quantity === 'commands' ? ' of Commands' : '')
  }

  #data(field: CanonicalField, value: DataValue | undefined): FieldText<Row> {
    if (value === undefined) return () => ''
    const given = this.#given(field, value)
    const unitOf = this.#unit(field, value.unit)
    const isAmbiguous = this.#ambiguity(value)
    const number = this.#plainNumber()
    return this.#when(value.when, (row) => {
      const text = given(row)
      if (text === '') return ''
      const unit = unitOf(row)
      if (unit === null) return ''
      if (this.#isSheet && isShortened(text)) return this.#refuse(field, text, SHORTENED)
      // Fractions of larger units are usual, but nothing has part of a byte.
      if (unit === 'bytes' && isAmbiguous(text, row)) {
        return this.#refuse(field, text, MAY_BE_GROUPED)
      }
      const plain = number(text)
      const bytes = plain === null ? null : wholeBytes(plain, UNIT_BYTES[unit])
      return (
        bytes ?? this.#refuse(field, text, `expected a number of ${unit}, 0 or more${this.#like()}`)
      )
    })
  }

  #count(
    field: CanonicalField,
    value: Reference | CommandsValue | undefined,
    what: string,
  ): FieldText<Row> {
    if (value === undefined) return () => ''
    const stated: CommandsValue = isReference(value) ? { from: value } : value
    const { constant } = stated
    if (constant !== undefined) return this.#when(stated.when, () => String(constant))
    const given = this.#given(field, stated)
    const isAmbiguous = this.#ambiguity(stated)
    const number = this.#plainNumber()
    return this.#when(stated.when, (row) => {
      const text = given(row)
      if (text === '') return ''
      if (this.#isSheet && isShortened(text)) return this.#refuse(field, text, SHORTENED)
      if (isAmbiguous(text, row)) return this.#refuse(field, text, MAY_BE_GROUPED)
      const plain = number(text)
      const count = plain === null ? null : wholeNumber(plain)
      return count ?? this.#refuse(field, text, `expected a whole number${what}, 0 or more`)
    })
  }

  #unit(field: CanonicalField, unit: DataValue['unit']): (row: Row) => DataUnit | null {
    if (typeof unit === 'string') return () => unit
    const stated = this.#access.textOf(unit.from)
    const meanings = new Map(Object.entries(unit.values))
    const rule = `its unit, ${referenceText(unit.from)}, has to be one of ${[...meanings.keys()].map(shown).join(', ')}`
    return (row) => {
      const text = stated(row)
      const found = text === undefined ? undefined : meanings.get(text)
      if (found !== undefined) return found
      this.#refuse(field, text ?? '', rule)
      return null
    }
  }

  /** True for a text that may have its thousands in groups. A number of JSON never has. */
  #ambiguity({ from, first_of: firstOf = [] }: Pick<TextValue, 'from' | 'first_of'>) {
    const references = from === undefined ? firstOf : [from]
    const numbers = references.map((reference) => this.#access.isBareNumber(reference))
    return (text: string, row: Row): boolean =>
      this.#mayGroup && mayBeGrouped(text) && !numbers.some((isNumber) => isNumber(row))
  }

  #plainNumber(): (text: string) => string | null {
    return this.#isPlain ? (text) => text : (text) => plainNumber(text, this.#style)
  }

  #like(): string {
    return this.#isPlain
      ? ' and without separators'
      : `, written as the mapping says (decimal ${shown(this.#style.decimal)})`
  }

  #given(field: CanonicalField, value: Pick<TextValue, 'from' | 'first_of'>): FieldText<Row> {
    if (value.from !== undefined) return this.#from(field, [value.from])
    return value.first_of === undefined ? () => '' : this.#from(field, value.first_of)
  }

  /** All texts, separated by spaces. */
  #joined(field: CanonicalField, references: readonly Reference[]): FieldText<Row> {
    const texts = references.map((reference) => this.#from(field, [reference]))
    this.#name(field, references)
    if (texts.length === 1) return texts[0]!
    return (row) =>
      texts
        .map((text) => text(row))
        .join(' ')
        .trim()
  }

  /** The first text that is not empty. */
  #from(field: CanonicalField, references: readonly Reference[]): FieldText<Row> {
    this.#name(field, references)
    const [first, ...others] = references.map((reference) =>
      this.#single(field, this.#access.textOf(reference)),
    )
    if (others.length === 0) return first!
    return (row) => {
      let text = first!(row)
      for (let i = 0; text === '' && i < others.length; i++) text = others[i]!(row)
      return text
    }
  }

  #single(field: CanonicalField, textOf: TextOf<Row>): FieldText<Row> {
    return (row) => textOf(row) ?? this.#refuse(field, '', NO_SINGLE_TEXT)
  }

  #when(condition: Condition | undefined, text: FieldText<Row>): FieldText<Row> {
    if (condition === undefined) return text
    const holds = compileCondition(condition, this.#access)
    return (row) => (holds(row) ? text(row) : '')
  }

  #name(field: CanonicalField, references: readonly Reference[]): void {
    this.origins[field] = references.map(referenceText).join(', ')
  }

  #refuse(field: CanonicalField, value: string, rule: string): string {
    this.#report({ field, value, rule })
    return ''
  }
}

function isList(value: unknown): value is readonly Reference[] {
  return Array.isArray(value)
}

export function compileCondition<Row>(
  condition: Condition,
  access: RowAccess<Row>,
): (row: Row) => boolean {
  const textOf = access.textOf(condition.field)
  const { is, is_not: isNot, ends_with: endings, empty } = condition
  if (empty !== undefined) return (row) => (textOf(row) === '') === empty
  if (endings !== undefined) {
    const ends = [endings].flat()
    return (row) => {
      const text = textOf(row) ?? ''
      return ends.some((end) => text.endsWith(end))
    }
  }
  const named = new Set([is ?? isNot!].flat())
  const wanted = is !== undefined
  return (row) => named.has(textOf(row) ?? '') === wanted
}

/** `"type" is one of "SMS", "MMS"`. */
export function describeCondition(condition: Condition): string {
  const { field, is, is_not: isNot, ends_with: endings, empty } = condition
  const name = referenceText(field)
  if (empty !== undefined) return `${name} is ${empty ? 'empty' : 'not empty'}`
  const texts = [is ?? isNot ?? endings!].flat().map((text) => shown(text))
  const listed = texts.length > 1 ? `one of ${texts.join(', ')}` : texts.join()
  if (endings !== undefined) return `${name} ends with ${listed}`
  return is === undefined ? `${name} is not one of ${texts.join(', ')}` : `${name} is ${listed}`
}
