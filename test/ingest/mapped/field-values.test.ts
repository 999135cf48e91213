/** Ids, networks and countries: what tells records apart, and what a carrier's words mean. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createMappedReader } from '../../../src/ingest/formats/mapped.ts'
import { ContentIds, joinedTexts } from '../../../src/ingest/mapped/content-ids.ts'
import { countryOfName } from '../../../src/ingest/mapped/country-names.ts'
import type {
  CountryValue,
  FieldValues,
  Mapping,
  MncDigits,
} from '../../../src/ingest/mapped/mapping.ts'
import { readDelivery } from '../reading.ts'

function mapping(fields: Partial<FieldValues>, more: Partial<Mapping> = {}): Mapping {
  return {
    source: { format: 'ndjson' },
    fields: {
      record_id: 'id',
      sim: { constant: 'tracker' },
      occurred_at: { from: 'at', format: 'unix' },
      upload: { from: 'up', unit: 'bytes' },
      ...fields,
    },
    ...more,
  }
}

const read = (fields: Partial<FieldValues>, records: readonly object[], more?: Partial<Mapping>) =>
  readDelivery(
    createMappedReader(mapping(fields, more)),
    records.map((record) => `${JSON.stringify({ id: 'r', at: 1772359200, ...record })}\n`).join(''),
  )

describe('an id of several values', () => {
  it('is another one for other values, whatever is in them', () => {
    const part = fc.string({ unit: fc.constantFrom('a', '|', '\\', '') })
    const parts = fc.array(part, { minLength: 2, maxLength: 4 })
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        const same = a.length === b.length && a.every((text, i) => text === b[i])
        assert.equal(joinedTexts(a) === joinedTexts(b), same)
      }),
      { numRuns: 2_000 },
    )
  })

  it('is missing only where all of them are', () => {
    const { records, faults } = read({ record_id: ['a', 'b'] }, [{ a: 1 }, { b: 1 }, { up: 1 }])
    assert.deepEqual(
      records.map(({ recordId }) => recordId),
      ['1|', '|1'],
    )
    assert.deepEqual(faults, ['3 record_id: record_id "" in "a", "b": a value is required'])
  })
})

describe('an id from content', () => {
  it('counts equal records, and is the same when they come again', () => {
    const contents = ['x', 'y', 'x', 'x', 'y']
    const ids = () => {
      const made = new ContentIds()
      return contents.map((content) => made.idOf(content))
    }
    const first = ids()
    assert.equal(new Set(first).size, contents.length)
    assert.deepEqual(ids(), first)
    assert.equal(first[2], `${first[0]}-2`)
    assert.equal(first[3], `${first[0]}-3`)
  })
})

describe('an MNC on its own', () => {
  const plmnsOf = (digits: number | undefined, ...mncs: unknown[]) => {
    const plmn = { mcc: 'mcc', mnc: 'mnc', ...(digits !== undefined && { mnc_digits: digits }) }
    const { records, faults } = read(
      { plmn },
      mncs.map((mnc) => ({ mcc: 310, mnc })),
    )
    return [
      ...records.map(({ network }) => network.plmn),
      ...faults.map((fault) => fault.slice(0, 18)),
    ]
  }

  it('keeps its zeros', () => {
    assert.deepEqual(plmnsOf(undefined, '07', '007', '26', 260, '260'), [
      ...['310-07', '310-007', '310-26', '310-260', '310-260'],
    ])
  })

  it('is no network where zeros may have been lost, unless the mapping says how many', () => {
    assert.deepEqual(plmnsOf(undefined, '7', 7, 26), [
      '1 plmn: plmn "310-',
      '2 plmn: plmn "310-',
      '3 plmn: plmn "310-',
    ])
    assert.deepEqual(plmnsOf(2, '7', 7, 26, 260), ['310-07', '310-07', '310-26', '310-260'])
    assert.deepEqual(plmnsOf(3, '7', 7, 26, 260), ['310-007', '310-007', '310-026', '310-260'])
    assert.deepEqual(plmnsOf(2, '1234'), ['1 plmn: plmn "310-'])
  })

  it('is as long as the mapping says of its MCC, and loses the zeros of a carrier that pads', () => {
    const digits = { 310: 3, 206: 2 }
    const parts = (mnc_digits: MncDigits) => ({ mcc: 'mcc', mnc: 'mnc', mnc_digits })
    const of = (plmn: FieldValues['plmn'], ...records: object[]) =>
      read({ plmn: plmn! }, records).records.map(({ network }) => network.plmn)
    const records = [
      ...[
        { mcc: 206, mnc: '001' },
        { mcc: 206, mnc: 1 },
        { mcc: 206, mnc: '000' },
      ],
      ...[
        { mcc: 310, mnc: 26 },
        { mcc: 310, mnc: '004' },
        { mcc: 310, mnc: '260' },
      ],
    ]
    assert.deepEqual(of(parts(digits), ...records), [
      ...['206-01', '206-01', '206-00', '310-026', '310-004', '310-260'],
    ])
    assert.deepEqual(of(parts({ ...digits, otherwise: 2 }), { mcc: 262, mnc: '002' }), ['262-02'])
    // Of other MCCs nothing is known.
    assert.deepEqual(of(parts(digits), { mcc: 334, mnc: '020' }, { mcc: 334, mnc: 20 }), [
      '334-020',
    ])
    const inOne = { from: 'plmn', mnc_digits: digits }
    assert.deepEqual(
      of(inOne, { plmn: '206001' }, { plmn: 2061 }, { plmn: '310 26' }, { plmn: '334-020' }, {}),
      ['206-01', '206-01', '310-026', '334-020', null],
    )
    assert.match(read({ plmn: inOne }, [{ plmn: 'Proximus' }]).faults.join(), /"Proximus"/)
  })

  it('is no network without its MCC, and nothing where both are absent', () => {
    const { records, faults } = read({ plmn: { mcc: 'mcc', mnc: 'mnc' } }, [{ mnc: '07' }, {}])
    assert.equal(faults.length, 1)
    assert.equal(records[0]!.network.plmn, null)
  })
})

describe('a country', () => {
  it('is known by its English name, whatever the spelling, for every code', () => {
    const names = new Intl.DisplayNames(['en'], { type: 'region' })
    for (const code of ['DE', 'US', 'CI', 'BA', 'XK', 'AX', 'RE', 'TR', 'CZ', 'KR', 'HK']) {
      assert.equal(countryOfName(names.of(code)!), code)
    }
    for (const [name, code] of [
      ['germany', 'DE'],
      [' GERMANY ', 'DE'],
      ['Côte d’Ivoire', 'CI'],
      ["Cote d'Ivoire", 'CI'],
      ['Turkey', 'TR'],
      ['Türkiye', 'TR'],
      ['Czech Republic', 'CZ'],
      ['Bosnia & Herzegovina', 'BA'],
      ['United States of America', 'US'],
      ['Atlantis', null],
      ['', null],
    ] as const) {
      assert.equal(countryOfName(name), code, name)
    }
  })

  it('may be written in several forms in one column, of which the first that fits counts', () => {
    const of = (as: CountryValue['as'], ...texts: string[]) => {
      const { records, faults } = read(
        { country: { from: 'where', as: as! } },
        texts.map((where) => ({ where })),
      )
      return [...records.map(({ network }) => network.country), ...faults]
    }
    assert.deepEqual(of(['tadig', 'name', 'code'], 'ESPVV', 'espvv', 'Spain', 'ES', 'ESP', ''), [
      ...['ES', 'ES', 'ES', 'ES', 'ES', null],
    ])
    assert.deepEqual(of('tadig', 'K00MT', 'AAAMS'), ['XK', 'ZZ'])
    for (const tadig of ['ESPV', 'ESPVVV', 'XXXVV', 'ES-VV']) {
      assert.match(of('tadig', tadig).join(), /expected a TADIG code/)
    }
    assert.match(
      of(['tadig', 'name'], 'Vodafone').join(),
      /expected a TADIG code: .*, or a country's English name/,
    )
  })
})

describe('a record', () => {
  it('is skipped by any rule, expected by all, and told apart by when', () => {
    const records = [
      { id: 'a', type: 'data', up: 5 },
      { id: 'b', type: 'sms', up: 5 },
      { id: 'c', type: 'voice', up: 5 },
      { id: 'd', type: 'data', test: true, up: 5 },
      { id: 'e', up: 5 },
    ]
    const fields: Partial<FieldValues> = {
      upload: { from: 'up', unit: 'kB', when: { field: 'type', is: 'data' } },
      from_sim: { constant: 2, when: { field: 'type', is_not: ['data', 'voice'] } },
    }
    const {
      records: found,
      faults,
      warnings,
    } = read(fields, records, {
      skip: [
        { field: 'test', is: 'true' },
        { field: 'type', is: 'voice' },
      ],
      expect: [{ field: 'type', empty: false }],
    })
    assert.deepEqual(
      found.map(({ recordId, counters: { upload, fromSim } }) => [recordId, upload, fromSim]),
      [
        ['a', 5_000, 0],
        ['b', 0, 2],
      ],
    )
    assert.deepEqual(faults, ['5 invalid_field: "": the mapping expects that "type" is not empty'])
    assert.deepEqual(warnings, [
      '1 record was skipped, as the mapping says: "test" is "true"',
      '1 record was skipped, as the mapping says: "type" is "voice"',
    ])
  })

  it('ends before it began, or has counted nothing, and is a record all the same', () => {
    const { records, faults } = read({}, [
      { begin: 1772359300, up: 0 },
      { id: 's', up: '' },
    ])
    assert.deepEqual([records.length, faults], [2, []])
  })

  it('does not name its subscriber in full where its SIM is at fault', () => {
    const { faults } = read({ sim: 'sim' }, [{ sim: `89012600000000000${'1'.repeat(60)}` }])
    assert.match(faults[0]!, /sim "890126…11" in "sim": \d+ characters, at most 64 allowed/)
  })
})
