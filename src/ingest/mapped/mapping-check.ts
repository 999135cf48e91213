/** Checks that data from outside is a mapping. Finds every fault, and names it by its path. */
import { byField, COUNTER_FIELDS, COUNTERS } from '../../domain/counters.ts'
import { parseCountry } from '../../domain/country.ts'
import { parsePlmn } from '../../domain/plmn.ts'
import { UsageError } from '../../domain/usage-error.ts'
import { ZONES } from '../../domain/usage-event.ts'
import { COLUMNS_MAX } from '../formats/csv-records.ts'
import {
  COUNTRY_FORMS,
  DATA_UNITS,
  ENCODINGS,
  MAPPED_RESETS,
  type Mapping,
  SOURCE_FORMATS,
  type SourceFormat,
  TIME_FORMATS,
} from './mapping.ts'
import { parsePath } from './paths.ts'
import {
  choice,
  eitherObjectOr,
  flags,
  isRecord,
  listOf,
  mapOf,
  objectOf,
  type Rule,
  refuse,
  texts,
  wholeNumbers,
} from './rules.ts'
import { parseTimePattern } from './time-pattern.ts'
import { isTimeZone, ZONE_NAMES, ZONE_RULE } from './time-zone.ts'

/** Which keys of the source apply to which formats. */
const SOURCE_KEYS: Readonly<Record<string, readonly SourceFormat[]>> = {
  delimiter: ['csv'],
  quote: ['csv'],
  header: ['csv'],
  skip_lines: ['csv'],
  records: ['json', 'xml'],
  each: ['json', 'ndjson'],
}

const SKIP_LINES_MAX = 1_000

/** Throws `invalid` with all faults, one per line. */
export function checkMapping(value: unknown): asserts value is Mapping {
  const faults = mappingFaults(value)
  if (faults.length === 0) return
  throw new UsageError('invalid', faults.join('; '), {
    faults,
    field: 'mapping',
    hint: 'docs/formats/mapped.md says what a mapping may contain',
  })
}

export function mappingFaults(value: unknown): string[] {
  const faults: string[] = []
  const source = isRecord(value) && isRecord(value.source) ? value.source : {}
  const rules = rulesFor(source)
  objectOf(rules, { required: ['source', 'fields'] })(
    value,
    isRecord(value) ? '' : 'mapping',
    faults,
  )
  if (isRecord(value) && value.resets !== undefined && value.readings !== true) {
    refuse(faults, 'resets', value.resets, 'it belongs to readings only: set readings to true')
  }
  return faults
}

function rulesFor(source: Readonly<Record<string, unknown>>): Readonly<Record<string, Rule>> {
  const reference = referenceRule(source)
  const condition = conditionRule(reference)
  return {
    source: sourceRule,
    fields: fieldsRule(reference, condition),
    skip: listOf(condition),
    expect: listOf(condition),
    readings: flags,
    resets: choice(MAPPED_RESETS),
  }
}

const oneCharacter = texts('expected one character', (text) => text.length === 1)

const sourceShape = objectOf(
  {
    format: choice(SOURCE_FORMATS),
    encoding: choice(ENCODINGS),
    delimiter: texts(
      'expected one character, not a line break and not the quote',
      (text) => text.length === 1 && !/[\r\n"]/.test(text),
    ),
    quote: texts('expected one character, or none if quotes are ordinary characters', isQuote),
    header: flags,
    skip_lines: wholeNumbers(0, SKIP_LINES_MAX),
    records: texts('expected a path such as data.records', (text) => parsePath(text) !== null),
    each: texts('expected a path such as traffic.classes', (text) => parsePath(text) !== null),
    decimal: choice(['.', ',']),
    thousands: oneCharacter,
  },
  { required: ['format'] },
)

function isQuote(text: string): boolean {
  return text.length <= 1 && !/[\r\n]/.test(text)
}

const sourceRule: Rule = (value, path, faults) => {
  sourceShape(value, path, faults)
  if (!isRecord(value)) return
  const { format, delimiter = ',', quote = '"', decimal = '.', thousands } = value
  for (const [key, formats] of Object.entries(SOURCE_KEYS)) {
    if (value[key] !== undefined && !formats.includes(format as SourceFormat)) {
      refuse(faults, `${path}.${key}`, value[key], `it belongs to ${formats.join(' and ')} only`)
    }
  }
  if (format === 'xml' && value.records === undefined) {
    refuse(
      faults,
      `${path}.records`,
      undefined,
      'it is required: the path to the records, such as result.cdrs.cdr',
    )
  }
  if (delimiter === quote) refuse(faults, `${path}.delimiter`, delimiter, 'it is also the quote')
  if (thousands === decimal || /^[\d+-]$/.test(String(thousands))) {
    refuse(faults, `${path}.thousands`, thousands, 'it would be part of numbers')
  }
}

/** A path in JSON and XML; a column's name or number in CSV. */
function referenceRule({ format, header }: Readonly<Record<string, unknown>>): Rule {
  if (format === 'json' || format === 'ndjson' || format === 'xml') {
    return texts('expected a path such as network.mcc', (text) => parsePath(text) !== null)
  }
  const byNumber = wholeNumbers(1, COLUMNS_MAX)
  if (header === false) return byNumber
  const byName = texts('expected the name of a column', (text) => text.trim() !== '')
  return (value, path, faults) =>
    (typeof value === 'number' ? byNumber : byName)(value, path, faults)
}

function conditionRule(reference: Rule): Rule {
  const text = texts('expected a text; write numbers in quotes', () => true)
  const textOrTexts: Rule = (value, path, faults) =>
    (Array.isArray(value) ? listOf(text) : text)(value, path, faults)
  return objectOf(
    {
      field: reference,
      is: textOrTexts,
      is_not: textOrTexts,
      ends_with: textOrTexts,
      empty: flags,
    },
    { required: ['field'], oneOf: ['is', 'is_not', 'ends_with', 'empty'] },
  )
}

function fieldsRule(reference: Rule, condition: Rule): Rule {
  const anyText = texts('expected a text', () => true)
  const origins = { from: reference, first_of: listOf(reference), when: condition }
  const oneOf = ['from', 'first_of', 'constant']
  const translated = { constant: anyText, values: mapOf(anyText), otherwise: anyText }
  const textValue = objectOf({ ...origins, ...translated }, { oneOf })
  const parts = objectOf(
    { mcc: reference, mnc: reference, mnc_digits: mncDigits },
    { required: ['mcc', 'mnc'] },
  )
  const plmn = objectOf({ ...origins, ...translated, mnc_digits: mncDigits }, { oneOf })
  const network = objectOf(
    { ...origins, values: mapOf(networkName), mnc_digits: mncDigits },
    { oneOf: ['from', 'first_of'] },
  )
  const country = { ...origins, ...translated, as: countryForms }
  const zones = choice(ZONES)
  const zone = { ...origins, constant: zones, values: mapOf(zones), otherwise: zones }
  const data = objectOf(
    { ...origins, unit: unitRule(reference) },
    { required: ['unit'], oneOf: ['from', 'first_of'] },
  )
  const count = objectOf(
    { ...origins, constant: wholeNumbers(0, Number.MAX_SAFE_INTEGER) },
    { oneOf },
  )
  const counts = eitherObjectOr(reference, count)
  const shape = objectOf(
    {
      record_id: recordIdRule(reference, textValue),
      sim: eitherObjectOr(reference, textValue),
      occurred_at: timeRule(reference),
      plmn: eitherObjectOr(reference, (value, path, faults) => {
        const hasParts = isRecord(value) && (value.mcc !== undefined || value.mnc !== undefined)
        ;(hasParts ? parts : plmn)(value, path, faults)
      }),
      country: eitherObjectOr(reference, objectOf(country, { oneOf })),
      network: eitherObjectOr(reference, network),
      zone: objectOf(zone, { oneOf }),
      ...byField((place) => (COUNTERS[place]!.quantity === 'data' ? data : counts)),
    },
    { required: ['record_id', 'sim', 'occurred_at'] },
  )
  return (value, path, faults) => {
    shape(value, path, faults)
    if (isRecord(value) && COUNTER_FIELDS.every((name) => value[name] === undefined)) {
      refuse(faults, path, undefined, `at least one of ${COUNTER_FIELDS.join(', ')} is required`)
    }
    if (!isRecord(value) || value.network === undefined) return
    for (const name of ['plmn', 'country'] as const) {
      const rule = 'network already gives it: remove one of the two'
      if (value[name] !== undefined) refuse(faults, `${path}.${name}`, value[name], rule)
    }
  }
}

const mncDigits: Rule = (value, path, faults) => {
  const digits = wholeNumbers(2, 3)
  if (!isRecord(value)) return digits(value, path, faults)
  mapOf(digits)(value, path, faults)
  for (const mcc of Object.keys(value)) {
    if (/^\d{3}$/.test(mcc) || mcc === 'otherwise') continue
    refuse(faults, `${path}.${mcc}`, value[mcc], 'expected an MCC of 3 digits, or otherwise')
  }
}

const countryForms: Rule = (value, path, faults) => {
  const form = choice(COUNTRY_FORMS)
  ;(Array.isArray(value) ? listOf(form) : form)(value, path, faults)
}

const networkName = texts(
  'expected a PLMN such as 310-260, or an ISO 3166-1 code such as ES or ESP',
  (text) => parsePlmn(text) !== null || parseCountry(text) !== null,
)

function recordIdRule(reference: Rule, textValue: Rule): Rule {
  const references = listOf(reference)
  const content = objectOf({ content: references }, { required: ['content'] })
  return (value, path, faults) => {
    if (Array.isArray(value)) references(value, path, faults)
    else if (!isRecord(value)) reference(value, path, faults)
    else (value.content === undefined ? textValue : content)(value, path, faults)
  }
}

function unitRule(reference: Rule): Rule {
  const unit = choice(DATA_UNITS)
  const stated = objectOf(
    { from: reference, values: mapOf(unit) },
    { required: ['from', 'values'] },
  )
  return eitherObjectOr(unit, stated)
}

function timeRule(reference: Rule): Rule {
  const references: Rule = (value, path, faults) =>
    (Array.isArray(value) ? listOf(reference) : reference)(value, path, faults)
  const named = texts(ZONE_RULE, isTimeZone)
  const zone = eitherObjectOr(
    named,
    objectOf({ from: reference, values: mapOf(named) }, { required: ['from'] }),
  )
  const formats = `${TIME_FORMATS.join(', ')}, or a pattern such as DD.MM.YYYY HH:mm:ss`
  const shape = objectOf(
    {
      from: references,
      first_of: listOf(reference),
      format: texts(`expected ${formats}`, () => true),
      zone,
    },
    { oneOf: ['from', 'first_of'] },
  )
  return (value, path, faults) => {
    shape(value, path, faults)
    if (!isRecord(value) || (value.format !== undefined && typeof value.format !== 'string')) return
    const format = value.format ?? 'iso'
    const isNamed = (TIME_FORMATS as readonly string[]).includes(format)
    const pattern = isNamed ? null : parseTimePattern(format)
    const statesZone = typeof pattern === 'object' && pattern?.parts.includes('offset') === true
    if (typeof pattern === 'string') {
      refuse(faults, `${path}.format`, format, `expected ${formats}; ${pattern}`)
    } else if (pattern !== null && !statesZone && value.zone === undefined) {
      const rule = `times of this format do not state their zone, so it is required here: ${ZONE_NAMES}; or {from: …} if each record states it`
      refuse(faults, `${path}.zone`, undefined, rule)
    } else if ((statesZone || format.startsWith('unix')) && value.zone !== undefined) {
      refuse(faults, `${path}.zone`, value.zone, 'times of this format state their zone themselves')
    }
  }
}
