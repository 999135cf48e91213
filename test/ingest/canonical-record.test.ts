/** What the canonical fields may hold, whichever format they come in. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { RAW_BYTES_MAX } from '../../src/domain/import.ts'
import { formatInstant, INSTANT_MAX, INSTANT_MIN } from '../../src/domain/time.ts'
import {
  CANONICAL_FIELDS,
  type CanonicalField,
  CanonicalRecordParser,
  textsOf,
} from '../../src/ingest/formats/canonical-record.ts'
import { isFault } from '../../src/ingest/formats/cdr-format.ts'
import { COUNTRY_SPELLINGS, INSTANT_SPELLINGS, PLMN_SPELLINGS } from '../support/record-files.ts'

type Fields = Partial<Record<CanonicalField, string>>

const LEFT_OUT = Object.fromEntries(CANONICAL_FIELDS.map((field) => [field, ''])) as Record<
  CanonicalField,
  string
>
const REQUIRED = { record_id: 'a', sim: 'sim-1', occurred_at: '2026-03-01T10:00:00Z' }

const parser = new CanonicalRecordParser()

function parse(stated: Fields, raw = 'as delivered') {
  return parser.parse(textsOf({ ...LEFT_OUT, ...REQUIRED, ...stated }), 7, raw)
}

function read(stated: Fields) {
  const result = parse(stated)
  if (isFault(result)) throw new assert.AssertionError({ message: result.detail })
  return result
}

function faultIn(stated: Fields) {
  const result = parse(stated)
  assert.ok(isFault(result), JSON.stringify(stated))
  assert.equal(result.reason, 'invalid_field')
  return result
}

const occurredAt = (text: string) => formatInstant(read({ occurred_at: text }).occurredAt)

describe('occurred_at', () => {
  const accepted: readonly [string, string, string][] = [
    ['UTC', '2026-02-28T23:59:59Z', '2026-02-28T23:59:59Z'],
    ['an offset ahead of UTC', '2026-03-01T05:44:59+05:45', '2026-02-28T23:59:59Z'],
    ['an offset behind UTC, without colon', '2026-02-28T18:00:00-0600', '2026-03-01T00:00:00Z'],
    ['an offset of hours', '2026-03-01T01:00:00+01', '2026-03-01T00:00:00Z'],
    ['no zone, which is UTC', '2026-03-01T00:00:00', '2026-03-01T00:00:00Z'],
    ['a space instead of the T', '2026-03-01 00:00:00', '2026-03-01T00:00:00Z'],
    ['small letters', '2026-03-01t00:00:00z', '2026-03-01T00:00:00Z'],
    ['no seconds', '2026-03-01T10:20Z', '2026-03-01T10:20:00Z'],
    ['fractions, which are cut off', '2026-02-28T23:59:59.999999999Z', '2026-02-28T23:59:59Z'],
    ['fractions with a comma', '2026-02-28T23:59:59,9+00:00', '2026-02-28T23:59:59Z'],
    ['a date alone, which is its midnight', '2026-03-01', '2026-03-01T00:00:00Z'],
    ['29 February of a leap year', '2024-02-29T00:00:00Z', '2024-02-29T00:00:00Z'],
    ['29 February of 2000', '2000-02-29', '2000-02-29T00:00:00Z'],
  ]
  for (const [name, text, at] of accepted) {
    it(`may have ${name}: ${text}`, () => assert.equal(occurredAt(text), at))
  }

  const refused = [
    '2026-02-30T00:00:00Z',
    '2026-02-29T00:00:00Z',
    '1900-02-29',
    '2026-02-28T24:00:00Z',
    '2026-02-28T23:60:00Z',
    '2026-02-28T23:59:60Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-1-1',
    '26-01-01',
    '01/02/2026 10:00',
    '20260101',
    '20260101T100000Z',
    '2026-01-01T10Z',
    '2026-01-01T10:00:00+19:00',
    '2026-01-01T10:00:00+05:60',
    '2026-01-01T10:00:00 UTC',
    '2026-01-01T10:0a:00Z',
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00+01:00',
    '1772359200',
    'now',
    '',
  ]
  for (const text of refused) {
    it(`is refused as ${JSON.stringify(text)}`, () => {
      const { field, detail } = faultIn({ occurred_at: text })
      assert.equal(field, 'occurred_at')
      assert.equal(
        detail,
        text === ''
          ? 'occurred_at "": a value is required'
          : `occurred_at "${text}": expected an ISO 8601 time such as ` +
              '2026-02-28T23:59:59Z or …T23:59:59+05:45',
      )
    })
  }

  it('is the same instant in every spelling of it', () => {
    const anyInstant = fc.integer({ min: INSTANT_MIN + 86_400, max: INSTANT_MAX - 86_400 })
    fc.assert(
      fc.property(anyInstant, fc.constantFrom(...INSTANT_SPELLINGS), (at, spell) => {
        assert.equal(read({ occurred_at: spell(at) }).occurredAt, at)
      }),
    )
  })
})

describe('a counter', () => {
  it('is digits, and 0 when it is left out', () => {
    const { counters } = read({ upload: '0', download: '12', to_sim: '0007' })
    assert.deepEqual(counters, { upload: 0, download: 12, toSim: 7, fromSim: 0 })
  })

  it('goes up to the largest number that is exact', () => {
    assert.equal(read({ download: '9007199254740991' }).counters.download, 2 ** 53 - 1)
    assert.equal(read({ download: `${'0'.repeat(300)}1` }).counters.download, 1)
    for (const text of ['9007199254740992', '9007199254740993', '9'.repeat(70)]) {
      const { field, detail } = faultIn({ download: text })
      assert.equal(field, 'download')
      assert.equal(detail, `download "${text}": at most 9007199254740991 allowed`)
    }
  })

  it('is refused when it is anything but digits', () => {
    const fields = ['upload', 'download', 'to_sim', 'from_sim'] as const
    for (const text of [
      '-1',
      '+1',
      '1.5',
      '1.0',
      '1e3',
      '1,000',
      '0x10',
      '1 000',
      'NaN',
      '٣',
      '−1',
    ]) {
      for (const name of fields) {
        const { field, detail } = faultIn({ [name]: text })
        assert.equal(field, name)
        assert.equal(
          detail,
          `${name} "${text}": expected a whole number, 0 or more, without sign or fraction`,
        )
      }
    }
  })
})

describe('plmn, country and zone', () => {
  it('may each be left out', () => {
    assert.deepEqual(read({}).network, { plmn: null, country: null, zone: null })
  })

  it('are the same in every spelling', () => {
    for (const spell of PLMN_SPELLINGS) {
      assert.equal(read({ plmn: spell('310-260') }).network.plmn, '310-260')
      assert.equal(read({ plmn: spell('262-01') }).network.plmn, '262-01')
    }
    for (const spell of COUNTRY_SPELLINGS) {
      assert.equal(read({ country: spell('MX') }).network.country, 'MX')
    }
    assert.equal(read({ zone: 'National_Roaming' }).network.zone, 'national_roaming')
  })

  it('keep the zeros of an MNC: 01 is not 001', () => {
    const plmns = ['310-01', '310-001', '31001', '310001'].map(
      (plmn) => read({ plmn }).network.plmn,
    )
    assert.deepEqual(plmns, ['310-01', '310-001', '310-01', '310-001'])
  })

  it('are the same object where they say the same, so that they are classified once', () => {
    const stated = { plmn: '310-260', country: 'US', zone: '' }
    assert.equal(read(stated).network, read(stated).network)
    assert.notEqual(read(stated).network, read({ ...stated, zone: 'home' }).network)
  })

  const refused: readonly [CanonicalField, readonly string[], string][] = [
    [
      'plmn',
      ['310', '3102', '310-1', '310-2600', '310_260', 'T-Mobile', '310-26O', '0310-260'],
      'expected MCC-MNC such as 310-260 (3 digits, then 2 or 3)',
    ],
    [
      'country',
      ['UK', 'XX', 'USD', 'Mexico', '484', 'M', 'ß'],
      'expected an ISO 3166-1 code such as MX or MEX',
    ],
    [
      'zone',
      ['roaming', 'international', 'homes', 'home ,'],
      'expected home, national_roaming, international_roaming',
    ],
  ]
  for (const [name, texts, rule] of refused) {
    it(`are refused in spellings nobody knows: ${name}`, () => {
      for (const text of texts) {
        for (const again of [false, true]) {
          const { field, detail } = faultIn({ [name]: text })
          assert.equal(field, name)
          assert.equal(detail, `${name} "${text}": ${rule}`, `again: ${again}`)
        }
      }
    })
  }

  it('stay apart when there are more of them than are remembered', () => {
    const one = read({ plmn: '310-260' }).network
    for (let i = 0; i < 10_100; i++) {
      const plmn = `${500 + Math.floor(i / 100)}-${String(i % 100).padStart(2, '0')}`
      assert.equal(read({ plmn }).network.plmn, plmn)
    }
    assert.notEqual(read({ plmn: '310-260' }).network, one)
    assert.deepEqual(read({ plmn: '310-260' }).network, one)
  })
})

describe('record_id and sim', () => {
  it('are required', () => {
    assert.equal(faultIn({ record_id: '' }).detail, 'record_id "": a value is required')
    assert.equal(faultIn({ sim: '' }).detail, 'sim "": a value is required')
  })

  it('may be as long as their limit, and not longer', () => {
    assert.equal(read({ record_id: 'r'.repeat(200) }).recordId.length, 200)
    assert.equal(read({ sim: 's'.repeat(64) }).sim.length, 64)
    assert.equal(
      faultIn({ record_id: 'r'.repeat(201) }).detail,
      `record_id "${'r'.repeat(80)}…": 201 characters, at most 200 allowed`,
    )
    assert.equal(
      faultIn({ sim: `${'8'.repeat(64)}9` }).detail,
      'sim "888888…89": 65 characters, at most 64 allowed',
    )
  })

  it('are kept as they are delivered', () => {
    const { recordId, sim } = read({ record_id: '00012.é😀|"\'', sim: '+1 555 0100' })
    assert.deepEqual([recordId, sim], ['00012.é😀|"\'', '+1 555 0100'])
  })
})

describe('a record with faults', () => {
  it('names all of them, in the order of the fields', () => {
    const { field, detail, line, raw } = faultIn({
      from_sim: '-4',
      upload: 'x',
      zone: 'abroad',
      country: 'UK',
      plmn: '1',
      occurred_at: 'never',
      sim: '',
    })
    assert.equal(field, 'sim')
    assert.equal(line, 7)
    assert.equal(Buffer.from(raw).toString(), 'as delivered')
    assert.deepEqual(
      detail.split('; ').map((fault) => fault.split(':')[0]),
      [
        'sim ""',
        'occurred_at "never"',
        'plmn "1"',
        'country "UK"',
        'zone "abroad"',
        'upload "x"',
        'from_sim "-4"',
      ],
    )
  })

  it('keeps the beginning of its text, and the hash of all of it', () => {
    const raw = `é${'x'.repeat(1_000_000)}`
    const fault = parse({ upload: 'x' }, raw)
    assert.ok(isFault(fault))
    assert.equal(fault.raw.length, RAW_BYTES_MAX)
    assert.equal(fault.raw.buffer.byteLength, RAW_BYTES_MAX)
    assert.equal(fault.rawHash, createHash('sha256').update(raw).digest('hex'))
  })

  it('does not weigh on the next one', () => {
    faultIn({ upload: 'x' })
    assert.equal(read({ upload: '1' }).counters.upload, 1)
  })
})
