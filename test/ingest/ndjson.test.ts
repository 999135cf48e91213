/** Canonical NDJSON: one object a line, and numbers that are counted as they are written. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NdjsonReader } from '../../src/ingest/formats/ndjson.ts'
import { readDelivery } from './reading.ts'

const AT = '2026-03-01T10:00:00Z'
const WHOLE_NUMBER = 'expected a whole number, 0 or more, without sign or fraction'

const readNdjson = (content: string | Uint8Array) => readDelivery(new NdjsonReader(), content)

/** A record with more members, as they are written. */
const record = (members: string) =>
  `{"record_id":"a","sim":"sim-1","occurred_at":"${AT}"${members === '' ? '' : `,${members}`}}`

const uploadOf = (members: string) => readNdjson(record(members)).records[0]?.counters.upload
const faultOf = (content: string) => {
  const { records, faults } = readNdjson(content)
  assert.deepEqual(records, [])
  assert.equal(faults.length, 1)
  return faults[0]!
}

describe('an NDJSON delivery', () => {
  it('states everything that a usage record can say', () => {
    const line = record(
      '"plmn":"310-260","country":"USA","zone":"home",' +
        '"upload":1,"download":20,"to_sim":300,"from_sim":4000',
    )
    const { records, faults, warnings } = readNdjson(`\ufeff${line}\r\n`)
    assert.deepEqual([faults, warnings], [[], []])
    assert.deepEqual(records, [
      {
        recordId: 'a',
        sim: 'sim-1',
        occurredAt: Date.parse(AT) / 1_000,
        network: { plmn: '310-260', country: 'US', zone: 'home' },
        counters: { upload: 1, download: 20, toSim: 300, fromSim: 4_000 },
        reading: null,
        line: 1,
        raw: line,
      },
    ])
  })

  it('counts 0 for what is absent, null or empty', () => {
    for (const members of ['', '"upload":null,"plmn":null', '"upload":"","zone":" "']) {
      const { records, faults } = readNdjson(record(members))
      assert.deepEqual(faults, [])
      assert.deepEqual(records[0]!.counters, { upload: 0, download: 0, toSim: 0, fromSim: 0 })
      assert.deepEqual(records[0]!.network, { plmn: null, country: null, zone: null })
    }
  })

  it('skips empty lines and counts them', () => {
    const { records } = readNdjson(`\n${record('')}\n \r\n${record('')}`)
    assert.deepEqual(
      records.map(({ line }) => line),
      [2, 4],
    )
  })

  it('may be empty', () => {
    assert.deepEqual(readNdjson(''), { records: [], faults: [], lines: [], warnings: [] })
  })

  it('ignores keys that are not known, and says so', () => {
    const { records, warnings } = readNdjson(
      `${record('"colour":"red"')}\n${record('"Upload":5,"colour":{"upload":7}')}`,
    )
    assert.deepEqual(
      records.map(({ counters }) => counters.upload),
      [0, 0],
    )
    assert.deepEqual(warnings, [
      'keys that Simtally does not know were ignored: "colour", "Upload"',
    ])
  })

  it('names no more than 20 keys that are not known', () => {
    const lines = Array.from({ length: 50 }, (_, i) => record(`"key-${i}":1`))
    const [warning] = readNdjson(lines.join('\n')).warnings
    assert.match(warning!, /"key-0", .*"key-19" and possibly more$/)
    assert.doesNotMatch(warning!, /key-20/)
  })

  it('goes on after a line that cannot be read, in the order of the lines', () => {
    const bytes = Buffer.concat([
      Buffer.from(`${record('')}\nnot json\n${record('')}\n`),
      Buffer.from([0x7b, 0xff, 0x7d, 0x0a]),
      Buffer.from(`${record('')}\n{"a":"\0"}\n${record('')}`),
    ])
    const { records, faults, lines } = readNdjson(bytes)
    assert.deepEqual(lines, [1, 2, 3, 4, 5, 6, 7])
    assert.deepEqual(
      records.map(({ line }) => line),
      [1, 3, 5, 7],
    )
    assert.match(faults[0]!, /^2 unreadable: the line is not JSON: /)
    assert.equal(faults[1], '4 unreadable: the line is not valid UTF-8')
    assert.equal(faults[2], '6 unreadable: the line has a NUL byte at character 7')
  })
})

describe('an NDJSON line that is no object', () => {
  it('is refused for what its JSON is', () => {
    for (const line of ['[1]', '1', '"a"', 'null', 'true', `[${record('')}]`]) {
      assert.equal(
        faultOf(line),
        '1 unreadable: the line is JSON, but not an object such as {"record_id": …}',
      )
    }
  })

  it('is refused for not being JSON', () => {
    for (const line of ['{', record('').slice(0, -1), record('') + record(''), `${record('')},`]) {
      assert.match(faultOf(line), /^1 unreadable: the line is not JSON: \w/)
    }
  })

  it('is described without the subscriber in it, and without its control characters', () => {
    for (const line of [
      '8901260000000000014,1',
      '{"sim":"8901260000000000014"',
      '{\x1b[31m:1}',
      '{\x7f',
      '🚚',
    ]) {
      const fault = faultOf(line)
      assert.doesNotMatch(fault, /\d{10}/)
      assert.doesNotMatch(fault, /\p{Cc}/u)
      assert.ok(fault.isWellFormed())
    }
  })

  it('does not end the import, however deep it is nested', () => {
    const deep = '['.repeat(30_000) + ']'.repeat(30_000)
    const line = record(`"x":${deep},"upload":9007199254740993`)
    const { records, faults } = readNdjson(`${line}\n${record('')}`)
    assert.deepEqual(faults, ['1 unreadable: objects or arrays are nested too deeply'])
    assert.equal(records.length, 1)
  })
})

describe('an NDJSON counter', () => {
  it('is a number, or its digits as a text', () => {
    assert.equal(uploadOf('"upload":5'), 5)
    assert.equal(uploadOf('"upload":"5"'), 5)
    assert.equal(uploadOf('"upload":" 007 "'), 7)
    assert.equal(uploadOf('"upload":0'), 0)
    assert.equal(uploadOf('"upload":-0'), 0)
  })

  it('may be written with a fraction or exponent that says nothing', () => {
    assert.equal(uploadOf('"upload":5.0'), 5)
    assert.equal(uploadOf('"upload":1e3'), 1_000)
    assert.equal(uploadOf('"upload":1.5E1'), 15)
  })

  it('is read to the last digit up to the largest that is exact', () => {
    assert.equal(uploadOf('"upload":1125899906842624'), 2 ** 50)
    assert.equal(uploadOf('"upload":9007199254740991'), Number.MAX_SAFE_INTEGER)
    assert.equal(uploadOf('"upload" :\t9007199254740991'), Number.MAX_SAFE_INTEGER)
    assert.equal(uploadOf('"upload":"9007199254740991"'), Number.MAX_SAFE_INTEGER)
  })

  const refused: readonly [string, string][] = [
    ['1.5', WHOLE_NUMBER],
    ['0.1', WHOLE_NUMBER],
    ['-1', WHOLE_NUMBER],
    ['-9007199254740993', WHOLE_NUMBER],
    ['9007199254740991.4', WHOLE_NUMBER],
    ['1e300', WHOLE_NUMBER],
    ['1e999', WHOLE_NUMBER],
    ['9007199254740992', 'at most 9007199254740991 allowed'],
    ['9007199254740993', 'at most 9007199254740991 allowed'],
    ['123456789012345678901234567890', 'at most 9007199254740991 allowed'],
  ]
  for (const [number, rule] of refused) {
    it(`${number} is refused as it is written`, () => {
      const fault = `1 upload: upload "${number}": ${rule}`
      assert.equal(faultOf(record(`"upload":${number}`)), fault)
      assert.equal(faultOf(record(`"upload":"${number}"`)), fault)
    })
  }

  it('is not mistaken for another number of that name in the line', () => {
    const exact = '"upload":9007199254740991.4'
    for (const line of [
      record(`"x":{"upload":1},${exact}`),
      record(`"x":[{"y":{"upload":1}}],${exact},"z":{"upload":2}`),
      record(`"upload":1,${exact}`),
      record(`"x":"\\"upload\\":1",${exact}`),
      record(exact.replace('upload', '\\u0075pload')),
    ]) {
      assert.equal(faultOf(line), `1 upload: upload "9007199254740991.4": ${WHOLE_NUMBER}`, line)
    }
    assert.equal(uploadOf('"x":{"upload":9007199254740993},"upload":1125899906842625'), 2 ** 50 + 1)
  })

  it('is refused as another type, with its value', () => {
    const expected = 'expected a number or its digits'
    assert.equal(faultOf(record('"upload":true')), `1 upload: upload "true": ${expected}`)
    assert.equal(faultOf(record('"upload":[5]')), `1 upload: upload "[5]": ${expected}`)
    assert.equal(
      faultOf(record('"upload":{"bytes":5}')),
      `1 upload: upload "{\\"bytes\\":5}": ${expected}`,
    )
  })
})

describe('an NDJSON text', () => {
  it('is refused as a number where digits would be lost', () => {
    const line = `{"record_id":"a","sim":8901260000000000014,"occurred_at":1772359200,"plmn":310260}`
    assert.equal(
      faultOf(line),
      '1 sim: sim "890126…00": expected a text; ' +
        'occurred_at "1772359200": expected a text; plmn "310260": expected a text',
    )
  })

  it('may be a number for a record id that has all its digits', () => {
    const idOf = (id: string) => readNdjson(record('').replace('"a"', id)).records[0]?.recordId
    assert.equal(idOf('7'), '7')
    assert.equal(idOf('9007199254740991'), '9007199254740991')
    for (const id of ['9007199254740993', '4503599627370497.2', '1.5', '1e400', 'true']) {
      assert.equal(idOf(id), undefined, id)
    }
  })

  it('is told with all other faults of its record, one for each field', () => {
    assert.equal(
      faultOf('{"sim":5,"occurred_at":"2026-02-30","upload":-1,"country":false}'),
      '1 record_id: record_id "": a value is required; sim "5…": expected a text; ' +
        'occurred_at "2026-02-30": expected an ISO 8601 time such as 2026-02-28T23:59:59Z or ' +
        '…T23:59:59+05:45; country "false": expected a text; ' +
        `upload "-1": ${WHOLE_NUMBER}`,
    )
  })

  it('with characters that no store keeps is refused as an identifier', () => {
    for (const text of ['a\\u0000', '\\ud800', 'a\\udc00b']) {
      assert.match(
        faultOf(record('').replace('"a"', `"${text}"`)),
        /^1 record_id: .*: NUL and halves of surrogate pairs are not allowed$/,
      )
    }
    assert.equal(
      readNdjson(record('').replace('"a"', '"\\ud83d\\ude00"')).records[0]!.recordId,
      '😀',
    )
  })
})
