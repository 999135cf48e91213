/** What panels export: files that spreadsheets and programs read alike, and that say what was seen. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { UsageRow } from '../../console/src/api/amounts.ts'
import { csvText, fileName, tableOf } from '../../console/src/format/csv.ts'
import {
  heatTable,
  membersTable,
  seriesTable,
  totalsTable,
} from '../../console/src/parts/export-tables.ts'
import { instant } from '../support/builders.ts'
import { parseCsv } from '../support/csv-text.ts'

const START = instant('2026-11-01T00:00:00Z')
const HOUR = 3600
const BIG = 2n ** 60n + 1n

const amounts = (data: bigint) => ({
  ...{ data, download: data - 1n, upload: 1n, commands: 3n, toSim: 2n, fromSim: 1n },
})

function aRow(member: Partial<UsageRow['member']>, data: bigint): UsageRow {
  const none = {
    ...{ sim_sid: null, group: null, label: null, zone: null, country_code: null, network: null },
  }
  return { start: START, ...amounts(data), member: { ...none, ...member } }
}

describe('CSV', () => {
  it('is what was put in, cell by cell, whatever text it is', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 12 })
    const quiet = text.filter((cell) => !/^[=+\-@＝＋－＠]|[\p{Cc}\p{Cf}\u2028\u2029]/u.test(cell))
    fc.assert(
      fc.property(fc.array(fc.tuple(quiet, quiet), { maxLength: 5 }), (rows) => {
        const parsed = parseCsv(csvText({ columns: ['a', 'b'], rows }))
        assert.deepEqual(parsed, [['a', 'b'], ...rows])
      }),
    )
  })

  it('has numbers with every digit, and nothing where there is nothing', () => {
    const text = csvText({ columns: ['n', 'm', 'is', 'no'], rows: [[BIG, -5, true, null]] })
    assert.equal(text, `n,m,is,no\r\n${BIG},-5,true,\r\n`)
  })

  it('computes nothing in a spreadsheet, and breaks no line', () => {
    const cells = ['=HYPERLINK("x")', '@SUM(A1)', '+1;2', '-x', '-5', 'a\r\nb', 'say "hi"']
    const [, ...rows] = csvText({ columns: ['c'], rows: cells.map((cell) => [cell]) })
      .trimEnd()
      .split('\r\n')
    assert.deepEqual(rows, [
      ...[`"'=HYPERLINK(""x"")"`, "'@SUM(A1)", `"'+1;2"`, "'-x", '-5', 'a\\u000d\\u000ab'],
      '"say ""hi"""',
    ])
  })

  it('has the fields that were named, in their order', () => {
    const row = { a: 1, b: 'x', c: null }
    assert.deepEqual(tableOf<'a' | 'c'>([row], ['c', 'a']), {
      columns: ['c', 'a'],
      rows: [[null, 1]],
    })
  })
})

describe('the name of a file', () => {
  it('says what is in it, in letters and digits', () => {
    const parts = ['Countries', 'zone', 'home', '2026-11-01', '2026-11-28']
    assert.equal(fileName(parts), 'simtally-Countries-zone-home-2026-11-01-2026-11-28.csv')
    assert.equal(fileName(['../..', 'Müller & Söhne/\u0000']), 'simtally-Müller-Söhne.csv')
  })

  it('leads nowhere and is short, whatever the parts are', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 200 })), (parts) => {
        const name = fileName(parts)
        assert.match(name, /^simtally[-\p{L}\p{N}]*\.csv$/u)
        assert.ok([...name].length <= 160)
      }),
    )
  })
})

describe('tables of panels', () => {
  const period = { start: START, end: START + 2 * HOUR }
  const [from, to] = ['2026-11-01T00:00:00Z', '2026-11-01T02:00:00Z']

  it('of members name them, the period and all that is counted', () => {
    const rows = [aRow({ country_code: 'MEX' }, BIG), aRow({}, 5n)]
    assert.deepEqual(membersTable(rows, ['country_code'], period), {
      columns: [
        ...['country_code', 'start', 'end', 'download', 'upload', 'data_total'],
        ...['to_sim', 'from_sim', 'commands_total'],
      ],
      rows: [
        ['MEX', from, to, BIG - 1n, 1n, BIG, 2n, 1n, 3n],
        [null, from, to, 4n, 1n, 5n, 2n, 1n, 3n],
      ],
    })
  })

  it('of totals have the period before below', () => {
    const before = { start: START - 2 * HOUR, end: START }
    const { rows } = totalsTable([
      { period, amounts: amounts(7n) },
      { period: before, amounts: amounts(6n) },
    ])
    assert.deepEqual(rows, [
      [from, to, 6n, 1n, 7n, 2n, 1n, 3n],
      ['2026-10-31T22:00:00Z', from, 5n, 1n, 6n, 2n, 1n, 3n],
    ])
  })

  const buckets = [0, 1].map((hour) => ({
    ...{ start: START + hour * HOUR, end: START + (hour + 1) * HOUR },
    ...{ values: [BigInt(hour), 10n], total: BigInt(hour) + 10n },
  }))
  const layers = ['download', 'upload'].map((key) => ({ key, name: key }))

  it('of a chart have a row for each bar, and say which may still grow', () => {
    const known = { completeFrom: START, completeThrough: START + HOUR }
    const series = { layers, buckets, before: [4n], ...known } as const
    assert.deepEqual(seriesTable({ ...series, metric: 'data' }), {
      columns: [
        ...['start', 'end', 'data_total', 'download', 'upload', 'data_total_before', 'complete'],
      ],
      rows: [
        [from, '2026-11-01T01:00:00Z', 10n, 0n, 10n, 4n, true],
        ['2026-11-01T01:00:00Z', to, 11n, 1n, 10n, null, false],
      ],
    })
    const commands = seriesTable({ ...series, metric: 'commands', before: null })
    assert.deepEqual(commands.columns, [
      ...['start', 'end', 'commands_total', 'to_sim', 'from_sim', 'complete'],
    ])
    const { rows } = seriesTable({ ...series, metric: 'data', completeThrough: null })
    assert.deepEqual(
      rows.map((row) => row.at(-1)),
      [null, null],
    )
    const late = { completeFrom: START + HOUR, completeThrough: START + 2 * HOUR }
    assert.deepEqual(
      seriesTable({ ...series, metric: 'data', ...late }).rows.map((row) => row.at(-1)),
      [false, true],
      'what was there before the feeds began is not complete',
    )
  })

  it('of the week have each hour of each day', () => {
    const heat = Array.from({ length: 7 }, (_, day) =>
      Array.from({ length: 24 }, (_, hour) => BigInt(day * 24 + hour)),
    )
    const { columns, rows } = heatTable(heat, 'data')
    assert.deepEqual(columns, ['weekday', 'hour', 'data_total'])
    assert.equal(rows.length, 7 * 24)
    assert.deepEqual(
      [rows[0], rows.at(-1)],
      [
        ['Mon', 0, 0n],
        ['Sun', 23, 167n],
      ],
    )
  })
})
