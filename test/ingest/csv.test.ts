/** Canonical CSV: quoting, header lines, and faults that cost no more than their own line. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { CANONICAL_FIELDS } from '../../src/ingest/formats/canonical-record.ts'
import { isFault, linesOf } from '../../src/ingest/formats/cdr-format.ts'
import { CsvReader, csvRereader } from '../../src/ingest/formats/csv.ts'
import { splitCsvRecord } from '../../src/ingest/formats/csv-records.ts'
import { readDelivery } from './reading.ts'

const HEADER = 'record_id,sim,occurred_at,upload\n'
const AT = '2026-03-01T10:00:00Z'
const record = (id: string, { upload = '1' } = {}) => `${id},sim-1,${AT},${upload}\n`

const readCsv = (content: string | Uint8Array) => readDelivery(new CsvReader(), content)

/** The ids of the records read, and the faults beside them. */
function readRecords(lines: string): { ids: string[]; faults: readonly string[] } {
  const { records, faults } = readCsv(HEADER + lines)
  return { ids: records.map(({ recordId }) => recordId), faults }
}

describe('a CSV record', () => {
  const cases: readonly [string, string[] | 'open' | 'malformed'][] = [
    ['', ['']],
    ['a', ['a']],
    ['a,b', ['a', 'b']],
    [',', ['', '']],
    ['a,,', ['a', '', '']],
    ['"a"', ['a']],
    ['"a,b",c', ['a,b', 'c']],
    ['"a ""b"" c",d', ['a "b" c', 'd']],
    ['"""a"""', ['"a"']],
    ['"",""', ['', '']],
    ['""""', ['"']],
    ['"a\nb",c', ['a\nb', 'c']],
    ['"a",', ['a', '']],
    [' a , b ', [' a ', ' b ']],
    ['"a', 'open'],
    ['a,"', 'open'],
    ['"a""', 'open'],
    ['"a"b', 'malformed'],
    ['"a" ,b', 'malformed'],
    ['"a""b"c,d', 'malformed'],
    ['a"b,c', 'malformed'],
    ['a,b""', 'malformed'],
    [' "a,b"', 'malformed'],
  ]
  for (const [text, fields] of cases) {
    const outcome = typeof fields === 'string' ? fields : `${fields.length} fields`
    it(`${JSON.stringify(text)} is ${outcome}`, () => {
      assert.deepEqual(splitCsvRecord(text), fields)
    })
  }

  it('gives back whatever was quoted as RFC 4180 says', () => {
    const field = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', 'é') })
    fc.assert(
      fc.property(fc.array(field, { minLength: 1, maxLength: 6 }), (fields) => {
        const text = fields.map((value) => `"${value.replaceAll('"', '""')}"`).join(',')
        assert.deepEqual(splitCsvRecord(text), fields)
      }),
    )
  })
})

describe('a CSV delivery', () => {
  it('states everything that a usage record can say', () => {
    const { records, faults, warnings } = readCsv(
      `${CANONICAL_FIELDS.join()}\nr-1,DE1,${AT},310-260,US,home,1,20,300,4000\n`,
    )
    assert.deepEqual([faults, warnings], [[], []])
    assert.deepEqual(records, [
      {
        recordId: 'r-1',
        sim: 'DE1',
        occurredAt: Date.parse(AT) / 1_000,
        network: { plmn: '310-260', country: 'US', zone: 'home' },
        counters: { upload: 1, download: 20, toSim: 300, fromSim: 4_000 },
        reading: null,
        line: 2,
        raw: `r-1,DE1,${AT},310-260,US,home,1,20,300,4000`,
      },
    ])
  })

  it('may name its columns in any order, in capitals, quoted and with spaces', () => {
    const { records, faults } = readCsv(
      `\ufeff"UPLOAD", Occurred_At ,"sim",record_id\r\n5, ${AT} ," sim-1 ",a\r\n`,
    )
    assert.deepEqual(faults, [])
    const { recordId, sim, counters } = records[0]!
    assert.deepEqual([recordId, sim, counters.upload], ['a', 'sim-1', 5])
  })

  it('counts 0 for what it has no column for', () => {
    const { records } = readCsv(`record_id,sim,occurred_at\na,sim-1,${AT}\n`)
    assert.deepEqual(records[0]!.counters, { upload: 0, download: 0, toSim: 0, fromSim: 0 })
    assert.deepEqual(records[0]!.network, { plmn: null, country: null, zone: null })
  })

  it('ignores columns that are not known, and says so', () => {
    const { records, warnings } = readCsv(
      `record_id,"tariff, old",sim,occurred_at,Colour\na,flat,sim-1,${AT},red\n`,
    )
    assert.equal(records.length, 1)
    assert.deepEqual(warnings, [
      'columns that Simtally does not know were ignored: "tariff, old", "Colour"',
    ])
  })

  it('names only some of many columns that are not known', () => {
    const unknown = Array.from({ length: 25 }, (_, i) => `x${i}`)
    const { warnings } = readCsv(`record_id,sim,occurred_at,${unknown.join(',')}\n`)
    assert.match(warnings[0]!, /: "x0", "x1", .*, "x19" and 5 more$/)
  })

  it('skips empty lines, before the header as well, and counts them', () => {
    const { records } = readCsv(`\n \n${HEADER}\n\t\n${record('a')}\r\n${record('b')}`)
    assert.deepEqual(
      records.map(({ recordId, line }) => [recordId, line]),
      [
        ['a', 6],
        ['b', 8],
      ],
    )
  })

  it('may have a header and no record', () => {
    assert.deepEqual(readCsv(HEADER), { records: [], faults: [], lines: [], warnings: [] })
  })

  it('may quote a comma, a quote and a line break', () => {
    const { records, faults } = readCsv(`${HEADER}"a,""b""\r\nc",sim-1,${AT},1\n${record('d')}`)
    assert.deepEqual(faults, [])
    assert.deepEqual(
      records.map(({ recordId, line }) => [recordId, line]),
      [
        ['a,"b"\nc', 2],
        ['d', 4],
      ],
    )
    assert.equal(records[0]!.raw, `"a,""b""\nc",sim-1,${AT},1`)
  })
})

describe('a CSV header', () => {
  const refused: readonly [string, string, RegExp][] = [
    ['an empty delivery', '', /^there is no header line: the delivery is empty$/],
    ['a delivery of empty lines', '\n\r\n \n', /^there is no header line: the delivery is empty$/],
    [
      'a missing column',
      'record_id,sim,upload\n',
      /^the header line "record_id,sim,upload" has no column occurred_at$/,
    ],
    ['all columns missing', 'a,b\n', / has no column record_id, sim, occurred_at$/],
    ['a repeated column', 'record_id,sim,occurred_at,SIM\n', / has column sim more than once$/],
    [
      'several faults',
      'sim,upload,upload\n',
      / has no column record_id, occurred_at; column upload more than once$/,
    ],
    ['another delimiter', HEADER.replaceAll(',', ':'), /"record_id:sim:occurred_at:upload" has no/],
    ['a delimiter that is stated twice', `sep=;\nsep=|\n${HEADER}`, /"sep=|" has no/],
    [
      'an open quote',
      `"${HEADER}`,
      /^the header line .* has no column record_id, sim, occurred_at$/,
    ],
    ['more columns than make sense', `${HEADER.trim()}${',x'.repeat(1_000)}\n`, /1000 columns$/],
    ['a NUL byte', `\0${HEADER}`, /^line 1, the header: the line has a NUL byte at character 1$/],
    ['a line without end', 'x'.repeat(70_000), /^line 1, the header: the line has 70000 bytes, /],
  ]
  for (const [name, content, message] of refused) {
    it(`refuses ${name}, and says what a header looks like`, () => {
      assert.throws(() => readCsv(content), {
        name: 'UsageError',
        code: 'unreadable',
        message,
        hint: `the first line names the columns, separated by commas: ${CANONICAL_FIELDS.join()}`,
      })
    })
  }

  it('refuses bytes that are no UTF-8, such as UTF-16', () => {
    assert.throws(() => readCsv(Buffer.from(`\ufeff${HEADER}`, 'utf16le')), {
      code: 'unreadable',
      message: 'line 1, the header: the line is not valid UTF-8',
    })
  })

  const delimiters = [
    ['semicolons', ';'],
    ['tabs', '\t'],
    ['bars', '|'],
  ] as const
  for (const [name, delimiter] of delimiters) {
    it(`may have ${name}, with or without a line in front that says so`, () => {
      const content = `${HEADER}${record('a')}`.replaceAll(',', delimiter)
      const { records, faults } = readCsv(content)
      assert.deepEqual([records.map(({ recordId }) => recordId), faults], [['a'], []])
      const marked = readCsv(`SEP=${delimiter}\r\n${content}`)
      assert.deepEqual(marked.records, [{ ...records[0], line: 3 }])
    })
  }

  it('may be separated by any character that a line in front of it names', () => {
    const content = `sep=:\n${HEADER}${record('a').replaceAll(AT, '2026-03-01')}`
    assert.equal(readCsv(content.replaceAll(',', ':')).records.length, 1)
  })

  it('is kept with the line in front of it, to read a record by itself', () => {
    const reader = new CsvReader()
    const lines = [`sep=;`, HEADER.trim().replaceAll(',', ';')]
    reader.read(lines.map((text, i) => ({ number: i + 1, text, fault: null })))
    const text = record('a').trim().replaceAll(',', ';')
    const read = csvRereader(reader.context())!.read(text, 7)
    assert.equal(read !== null && !isFault(read) && read.recordId, 'a')
  })

  it('does not repeat the subscriber of a record that stands in its place', () => {
    assert.throws(() => readCsv(`a,8901260000000000014,${AT},1\n`), {
      message: /^the header line "a,890126…14,2026-03-01T10:00:00Z,1" has no column record_id, /,
    })
  })
})

describe('a CSV line that cannot be read', () => {
  it('states how many fields it has and must have', () => {
    assert.deepEqual(readRecords(`a,sim-1,${AT}\n${record('b')}c,sim-1,${AT},1,2\n\n,,,,,\n`), {
      ids: ['b'],
      faults: [
        '2 unreadable: 3 fields, but the header has 4',
        '4 unreadable: 5 fields, but the header has 4',
        '6 unreadable: 6 fields, but the header has 4',
      ],
    })
  })

  it('with a stray quote costs only itself', () => {
    assert.deepEqual(readRecords(`${record('a')}"b,sim-1,${AT},1\n${record('c')}${record('d')}`), {
      ids: ['a', 'c', 'd'],
      faults: ['3 unreadable: a quote is opened and never closed'],
    })
  })

  it('with a quote that is never closed costs only itself at the end, too', () => {
    assert.deepEqual(readRecords(`${record('a')}b,"sim-1,${AT},1\n`), {
      ids: ['a'],
      faults: ['3 unreadable: a quote is opened and never closed'],
    })
  })

  it('with a field that is quoted only in part costs only itself', () => {
    const detail =
      'a field is quoted only in part: quote all of it, and double the quotes inside ("")'
    assert.deepEqual(readRecords(`"a"x,sim-1,${AT},1\n${record('b')}c "3",sim-1,${AT},1\n`), {
      ids: ['b'],
      faults: [`2 unreadable: ${detail}`, `4 unreadable: ${detail}`],
    })
  })

  it('is one of many, all of which are told, in the order of the lines', () => {
    const stray = `"x,sim-1,${AT},1\n`
    const { records, faults, lines } = readCsv(
      `${HEADER}${record('a')}${stray}${stray}${record('b')}${stray}\0\n${record('c')}${stray}`,
    )
    assert.deepEqual(
      records.map(({ recordId }) => recordId),
      ['a', 'b', 'c'],
    )
    assert.deepEqual(
      faults.map((fault) => fault.split(':')[0]),
      ['3 unreadable', '4 unreadable', '6 unreadable', '7 unreadable', '9 unreadable'],
    )
    assert.deepEqual(lines, [2, 3, 4, 5, 6, 7, 8, 9])
  })

  it('breaks the quoted field it stands in, and what is left of that is no record', () => {
    const { ids, faults } = readRecords(`"a\n\0\nb",sim-1,${AT},1\n${record('c')}`)
    assert.deepEqual(ids, ['c'])
    assert.deepEqual(faults, [
      '2 unreadable: a quote is opened and never closed',
      '3 unreadable: the line has a NUL byte at character 1',
      '4 unreadable: a field is quoted only in part: quote all of it, and double the quotes ' +
        'inside ("")',
    ])
  })

  it('is given up after 32 lines, and the lines after it are read anew', () => {
    const quoted = (lines: number) => `"a${'\nb'.repeat(lines - 1)}",sim-1,${AT},1\n`
    assert.deepEqual(readRecords(quoted(32)).ids.length, 1)
    const { ids, faults } = readRecords(
      `"a\n${Array.from({ length: 40 }, (_, i) => record(`r${i}`)).join('')}`,
    )
    assert.equal(ids.length, 40)
    assert.deepEqual(faults, ['2 unreadable: a quote is opened and never closed'])
  })

  it('costs no record beside it, wherever the stray quotes are', () => {
    const lines = fc.array(fc.constantFrom('good', 'open', 'closed', 'open in the middle'), {
      maxLength: 80,
    })
    fc.assert(
      fc.property(lines, (kinds) => {
        const text = kinds.map((kind, i) => {
          if (kind === 'good') return record(`r${i}`)
          if (kind === 'open') return `"r${i},sim-1,${AT},1\n`
          if (kind === 'closed') return `"r${i}"x,sim-1,${AT},1\n`
          return `r${i},"sim-1,${AT},1\n`
        })
        const { ids, faults } = readRecords(text.join(''))
        const good = kinds.flatMap((kind, i) => (kind === 'good' ? [`r${i}`] : []))
        assert.deepEqual(ids, good)
        assert.equal(faults.length, kinds.length - good.length)
      }),
    )
  })
})

describe('a CSV header with other columns', () => {
  const joined = `${HEADER}${record('a')}occurred_at,sim,record_id,upload\n${record('b')}`

  it('ends the delivery, and the records before it count', () => {
    const reader = new CsvReader()
    const lines = linesOf(joined.trimEnd())
    const ids = reader.read(lines).map((one) => (isFault(one) ? `${one.line}` : one.recordId))
    assert.deepEqual(ids, ['a', '3'])
    assert.throws(() => reader.end(), {
      message: 'line 3: another header, whose columns or their order are not those of the first',
      hint: 'several files were joined: deliver each of them by itself',
    })
  })

  it('is no record when read again, and keeps no other from it', () => {
    const rereader = csvRereader(HEADER.trimEnd())!
    assert.equal(rereader.read('occurred_at,sim,record_id,upload', 3), null)
    const again = rereader.read(record('b').trimEnd(), 4)!
    assert.ok(!isFault(again) && again.recordId === 'b')
  })
})

describe('a CSV value that cannot be used', () => {
  it('is named together with all others of its record', () => {
    const { ids, faults } = readRecords(`,sim-1,2026-02-30,-1\n${record('b')}`)
    assert.deepEqual(ids, ['b'])
    assert.deepEqual(faults, [
      '2 record_id: record_id "": a value is required; occurred_at "2026-02-30": expected an ' +
        'ISO 8601 time such as 2026-02-28T23:59:59Z or …T23:59:59+05:45; upload "-1": expected ' +
        'a whole number, 0 or more, without sign or fraction',
    ])
  })

  it('is what a second header line has, where files were joined', () => {
    const { ids, faults } = readRecords(`${record('a')}${HEADER}${record('b')}`)
    assert.deepEqual(ids, ['a', 'b'])
    assert.match(faults.join(), /^3 occurred_at: occurred_at "occurred_at": expected an ISO 8601 /)
  })
})
