/** What is no mapping: every fault is found at once and named by its path. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { Ajv } from 'ajv'
import type { Mapping } from '../../../src/ingest/mapped/mapping.ts'
import { mappingFaults } from '../../../src/ingest/mapped/mapping-check.ts'
import { mappingOf, READY_MAPPINGS } from '../../../src/ingest/mappings/mappings.ts'
import { deliveriesOf } from './deliveries.ts'

const SCHEMA = new URL('../../../docs/formats/mapping.schema.json', import.meta.url)

const GOOD = {
  source: { format: 'csv' },
  fields: {
    record_id: 'id',
    sim: 'sim',
    occurred_at: { from: 'at' },
    upload: { from: 'up', unit: 'MB' },
  },
}

const withSource = (source: object) => ({ ...GOOD, source: { ...GOOD.source, ...source } })
const withFields = (fields: object) => ({ ...GOOD, fields: { ...GOOD.fields, ...fields } })

/** `schema` is false where the schema's language cannot say the rule. */
const BAD: readonly [mapping: unknown, faults: readonly RegExp[], schema?: false][] = [
  [undefined, [/^mapping: expected a map of source, fields, skip, expect, readings, resets$/]],
  [[], [/^mapping "\[\]": expected a map of/]],
  [{}, [/^source: it is required$/, /^fields: it is required$/]],
  [{ ...GOOD, readings: true, resets: 'start' }, [/^resets "start": expected one of never, fall$/]],
  [{ ...GOOD, resets: 'fall' }, [/^resets "fall": it belongs to readings only/], false],
  [{ ...GOOD, feilds: 1 }, [/^feilds: not known here; expected one of source, fields/]],
  [
    withSource({ format: 'tsv' }),
    [/^source\.format "tsv": expected one of csv, ndjson, json, xml$/],
  ],
  [withSource({ encoding: 'ebcdic' }), [/^source\.encoding "ebcdic": expected one of utf-8, /]],
  [withSource({ delimiter: ';;' }), [/^source\.delimiter ";;": expected one character/]],
  [withSource({ delimiter: '"' }), [/^source\.delimiter "\\"": /, /it is also the quote$/], false],
  [withSource({ quote: '""' }), [/^source\.quote "\\"\\"": expected one character, or none/]],
  [withSource({ header: 'no' }), [/^source\.header "no": expected true or false$/]],
  [withSource({ skip_lines: -1 }), [/^source\.skip_lines "-1": expected a whole number from 0 to/]],
  [withSource({ decimal: ';' }), [/^source\.decimal ";": expected one of \., ,$/]],
  [withSource({ thousands: '.' }), [/^source\.thousands "\.": it would be part of numbers/], false],
  [withSource({ records: 'a' }), [/^source\.records "a": it belongs to json and xml only$/], false],
  [
    withSource({ format: 'json', delimiter: ';' }),
    [/^source\.delimiter ";": it belongs to csv/],
    false,
  ],
  [
    withSource({ format: 'json', records: 'a..b' }),
    [/^source\.records "a\.\.b": expected a path/],
    false,
  ],
  [withSource({ format: 'xml' }), [/^source\.records: it is required: the path to the records/]],
  [
    withSource({ header: false }),
    [1, 2, 3, 4].map(() => /: expected a whole number from 1/),
    false,
  ],
  [
    withFields({ sim: undefined, upload: undefined }),
    [
      /^fields\.sim: it is required$/,
      /^fields: at least one of upload, download, to_sim, from_sim is required$/,
    ],
  ],
  [withFields({ sim: '' }), [/^fields\.sim "": expected the name of a column$/]],
  [withFields({ sim: 0 }), [/^fields\.sim "0": expected a whole number from 1 to 1000$/]],
  [
    withFields({ sim: {} }),
    [/^fields\.sim "\{\}": expected exactly one of from, first_of, constant$/],
  ],
  [withFields({ sim: { from: 'a', constant: 'b' } }), [/^fields\.sim .*: expected exactly one of/]],
  [
    withFields({ sim: { first_of: [] } }),
    [/^fields\.sim\.first_of "\[\]": expected a list that is/],
  ],
  [
    withFields({ sim: { first_of: ['a', 1.5] } }),
    [/^fields\.sim\.first_of\[1\] "1\.5": expected a/],
  ],
  [withFields({ record_id: [] }), [/^fields\.record_id "\[\]": expected a list/]],
  [
    withFields({ record_id: { content: 'a' } }),
    [/^fields\.record_id\.content "a": expected a list/],
  ],
  [
    withFields({ upload: 'up' }),
    [/^fields\.upload "up": expected a map of from, first_of, when, unit$/],
  ],
  [withFields({ upload: { from: 'up' } }), [/^fields\.upload\.unit: it is required$/]],
  [
    withFields({ upload: { from: 'up', unit: 'mb' } }),
    [/^fields\.upload\.unit "mb": expected one of bytes, kB, KiB, MB, MiB, GB, GiB$/],
  ],
  [
    withFields({ upload: { from: 'up', unit: { from: 'u', values: { MB: 'Mb' } } } }),
    [/^fields\.upload\.unit\.values\.MB "Mb": expected one of bytes/],
  ],
  [withFields({ to_sim: { constant: -1 } }), [/^fields\.to_sim\.constant "-1": expected a whole/]],
  [
    withFields({ to_sim: { constant: 1, when: { field: 'a' } } }),
    [/^fields\.to_sim\.when .*: expected exactly one of is, is_not, ends_with, empty$/],
  ],
  [
    withFields({ to_sim: { constant: 1, when: { field: 'a', is: 5 } } }),
    [/^fields\.to_sim\.when\.is "5": expected a text/],
  ],
  [withFields({ plmn: { mcc: 'a' } }), [/^fields\.plmn\.mnc: it is required$/]],
  [
    withFields({ plmn: { mcc: 'a', mnc: 'b', mnc_digits: { 31: 2, otherwise: 4 } } }),
    [
      /^fields\.plmn\.mnc_digits\.otherwise "4": /,
      /^fields\.plmn\.mnc_digits\.31 "2": expected an MCC/,
    ],
  ],
  [
    withFields({ plmn: { from: 'a', mnc_digits: {} } }),
    [/^fields\.plmn\.mnc_digits "\{\}": expected a map/],
  ],
  [
    withFields({ plmn: undefined, network: { from: 'a', values: { x: 'nowhere' } } }),
    [/^fields\.network\.values\.x "nowhere": expected a PLMN such as/],
    false,
  ],
  [
    withFields({ plmn: 'b', country: 'c', network: 'a' }),
    [
      /^fields\.plmn "b": network already gives it/,
      /^fields\.country "c": network already gives it/,
    ],
    false,
  ],
  [
    withFields({ plmn: undefined, network: { constant: 'ES' } }),
    [/^fields\.network\.constant: not known here/, /exactly one of/],
  ],
  [
    withFields({ country: { from: 'a', as: ['code', 'flag'] } }),
    [/^fields\.country\.as\[1\] "flag": /],
  ],
  [
    withFields({ country: { from: 'a', as: [] } }),
    [/^fields\.country\.as "\[\]": expected a list/],
  ],
  [
    withFields({
      occurred_at: { from: 'a', format: 'YYYY-MM-DD', zone: { from: 'z', values: { X: 'Mars' } } },
    }),
    [/^fields\.occurred_at\.zone\.values\.X "Mars": expected UTC/],
    false,
  ],
  [
    withFields({ occurred_at: { from: 'a', format: 'unix', zone: { from: 'z' } } }),
    [/^fields\.occurred_at\.zone .* state their zone themselves/],
    false,
  ],
  [
    withFields({ plmn: { mcc: 'a', mnc: 'b', mnc_digits: 4 } }),
    [/^fields\.plmn\.mnc_digits "4": /],
  ],
  [
    withFields({ country: { from: 'a', as: 'iso' } }),
    [/^fields\.country\.as "iso": expected one of code, name, tadig$/],
  ],
  [
    withFields({ zone: { from: 'a', values: { x: 'abroad' } } }),
    [/^fields\.zone\.values\.x "abroad": expected one of home/],
  ],
  [
    withFields({ occurred_at: 'at' }),
    [/^fields\.occurred_at "at": expected a map of from, first_of, format, zone$/],
  ],
  [
    withFields({ occurred_at: { from: 'at', zone: 'Berlin' } }),
    [/^fields\.occurred_at\.zone "Berlin": expected UTC, an offset/],
    false,
  ],
  [
    withFields({ occurred_at: { from: 'at', format: 'DD.MM.YYYY' } }),
    [/^fields\.occurred_at\.zone: times of this format do not state/],
    false,
  ],
  [
    withFields({ occurred_at: { from: 'at', format: 'unix', zone: 'UTC' } }),
    [/^fields\.occurred_at\.zone "UTC": times of this format state/],
    false,
  ],
  [
    withFields({ occurred_at: { from: 'at', format: 'HH:mm' } }),
    [/^fields\.occurred_at\.format "HH:mm": expected iso, unix, .*; a year \(YYYY\)/],
    false,
  ],
  [
    withFields({ occurred_at: { from: 'at', format: 5 } }),
    [/^fields\.occurred_at\.format "5": expected iso, unix/],
  ],
  [{ ...GOOD, skip: [] }, [/^skip "\[\]": expected a list/]],
  [{ ...GOOD, skip: [{ is: 'a' }] }, [/^skip\[0\]\.field: it is required$/]],
  [{ ...GOOD, expect: { field: 'a', is: 'b' } }, [/^expect .*: expected a list/]],
  [{ ...GOOD, readings: 1 }, [/^readings "1": expected true or false$/]],
  [
    JSON.parse('{"source":{"format":"csv"},"fields":{"__proto__":{"from":"a"}}}'),
    [
      /^fields\.__proto__: not known here/,
      /^fields\.record_id/,
      /^fields\.sim/,
      /^fields\.occurred_at/,
      /^fields: at least/,
    ],
  ],
]

const validate = new Ajv({ allErrors: true, strict: false }).compile(
  JSON.parse(readFileSync(SCHEMA, 'utf8')),
)

/** As a file has it: what is undefined is not there. */
const plain = (value: unknown) => (value === undefined ? null : JSON.parse(JSON.stringify(value)))

describe('a mapping', () => {
  for (const [mapping, faults] of BAD) {
    it(`is refused as ${String(faults[0])}`, () => {
      const found = mappingFaults(mapping)
      assert.equal(found.length, faults.length, found.join('\n'))
      for (const [i, fault] of faults.entries()) assert.match(found[i]!, fault)
    })
  }

  it('is refused with all its faults at once', () => {
    const mapping = {
      source: { format: 'csv', delimiter: '' },
      fields: { sim: [], upload: { unit: 'mb' } },
    }
    assert.deepEqual(
      mappingFaults(mapping).map((fault) => fault.split(/[ :]/)[0]),
      [
        'source.delimiter',
        'fields.sim',
        'fields.upload.unit',
        'fields.upload',
        'fields.record_id',
        'fields.occurred_at',
      ],
    )
  })

  it('may refer to columns by number, also where they have names', () => {
    assert.deepEqual(mappingFaults(withFields({ sim: 3 })), [])
  })
})

describe('the schema of mappings', () => {
  it('takes every ready mapping, and every one of the examples', () => {
    const own = deliveriesOf('own').map(({ settings }) => settings.mapping as Mapping)
    const ready = READY_MAPPINGS.map(({ name }) => mappingOf(deliveriesOf(name)[0]!.settings))
    for (const mapping of [GOOD, ...own, ...ready]) {
      assert.ok(validate(plain(mapping)), JSON.stringify(validate.errors))
      assert.deepEqual(mappingFaults(mapping), [])
    }
  })

  it('refuses what is refused, but for rules that it cannot say', () => {
    for (const [mapping, faults, sayable = true] of BAD) {
      if (sayable) assert.equal(validate(plain(mapping)), false, String(faults[0]))
    }
  })
})
