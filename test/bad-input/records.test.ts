/** Every kind of bad record in one file among good ones: what is said of each, and that it heals. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { iccidOf } from '../support/builders.ts'
import { CliWorld, HEADER, type ImportJson, records } from './cli-world.ts'

/** What stands in the line instead of the good record. */
type Damage = (line: string) => string | Buffer

interface BadRecord {
  readonly name: string
  readonly damage: Damage
  readonly reason: string
  readonly field: string | null
  readonly detail: RegExp
}

const field = (name: string, bad: string, detail: RegExp): BadRecord => {
  const column = HEADER.trim().split(',').indexOf(name)
  return {
    name: `${name} ${bad}`,
    damage: (line) => `${line.trim().split(',').with(column, bad).join()}\n`,
    reason: 'invalid_field',
    field: name,
    detail,
  }
}

const unreadable = (name: string, damage: Damage, detail: RegExp): BadRecord => {
  return { name, damage, reason: 'unreadable', field: null, detail }
}

const WHOLE_NUMBER =
  /^upload "[^"]+": expected a whole number, 0 or more, without sign or fraction$/
const TIME = /^occurred_at "[^"]+": expected an ISO 8601 time such as /

const BAD_RECORDS: readonly BadRecord[] = [
  {
    name: 'a line of 10 MB',
    damage: (line) => `${line.trim()}${'x'.repeat(10_000_000)}\n`,
    reason: 'line_too_long',
    field: null,
    detail: /^the line has 100000\d\d bytes, at most 65536 allowed$/,
  },
  unreadable(
    'invalid UTF-8',
    (line) => Buffer.concat([Buffer.from([0xc3, 0x28]), Buffer.from(line)]),
    /^the line is not valid UTF-8$/,
  ),
  unreadable(
    'a NUL byte',
    (line) => line.replace('-', '\0'),
    /^the line has a NUL byte at character 7$/,
  ),
  unreadable('a cut line', (line) => `${line.slice(0, 40)}\n`, /^\d fields, but the header has 5$/),
  unreadable('a stray quote', (line) => `"${line}`, /^a quote is opened and never closed$/),
  field('upload', '-1', WHOLE_NUMBER),
  field('upload', '1.5', WHOLE_NUMBER),
  field('upload', '1e3', WHOLE_NUMBER),
  field('upload', '9007199254740993', /^upload "9007199254740993": at most 9007199254740991 /),
  field('occurred_at', '2026-02-30T10:00:00Z', TIME),
  field('occurred_at', '2026-02-28T24:00:00Z', TIME),
  field('plmn', 'T-Mobile', /^plmn "T-Mobile": expected MCC-MNC such as 310-260 /),
  field('record_id', '', /^record_id "": a value is required$/),
  {
    ...field(
      'occurred_at',
      '9999-12-31T23:59:59Z',
      /^occurred_at 9999-12-31T23:59:59Z: more than /,
    ),
    reason: 'future',
  },
  {
    ...field(
      'sim',
      iccidOf(99),
      /^sim "8901260000000000998": no SIM is registered with this name$/,
    ),
    reason: 'unknown_sim',
  },
  {
    ...field('plmn', '100-01', /^the record states plmn 100-01, whose country is not known/),
    reason: 'unknown_network',
  },
]

/** A bad record after each good one, and one more at the end. */
const GOOD = records(2 * BAD_RECORDS.length + 1)
const isGood = (_: unknown, i: number) => i % 2 === 0
const lineOf = (bad: number) => 2 * bad + 3

let world: CliWorld
let done: ImportJson
before(async () => {
  world = await CliWorld.open()
  const lines = GOOD.map((line, i) =>
    Buffer.from(i % 2 === 0 ? line : BAD_RECORDS[(i - 1) / 2]!.damage(line)),
  )
  const file = await world.cli.file('bad.csv', Buffer.concat([Buffer.from(HEADER), ...lines]))
  const ended = await world.import([file])
  assert.equal(ended.exitCode, 3, ended.stderr)
  done = ended.done[0]!
})
after(() => world.close())

describe('a record', () => {
  for (const [i, { name, reason, field: named, detail }] of BAD_RECORDS.entries()) {
    it(`with ${name} is quarantined, and told by line, field, value and rule`, async () => {
      const entry = (await world.quarantined(done.import)).find(({ line }) => line === lineOf(i))!
      assert.deepEqual([entry.reason, entry.field], [reason, named])
      assert.match(entry.detail, detail)
      assert.ok(entry.raw.length > 0 && entry.raw.length < 20_000)
    })
  }
})

describe('the records beside it', () => {
  it('are all counted, and no other', async () => {
    assert.deepEqual(
      [done.records, done.accepted, done.quarantined, done.status],
      [GOOD.length, GOOD.filter(isGood).length, BAD_RECORDS.length, 'done'],
    )
    assert.equal((await world.quarantined(done.import)).length, BAD_RECORDS.length)
  })

  it('are duplicates in the mended file, which completes the count', async () => {
    assert.equal(await world.countedRecords(), GOOD.filter(isGood).length)
    const mended = await world.cli.file('mended.csv', HEADER + GOOD.join(''))
    const { exitCode, done: all } = await world.import([mended])
    assert.equal(exitCode, 0)
    assert.deepEqual(
      [all[0]!.accepted, all[0]!.duplicate],
      [BAD_RECORDS.length, GOOD.filter(isGood).length],
    )
    assert.equal(await world.countedRecords(), GOOD.length)
  })
})
