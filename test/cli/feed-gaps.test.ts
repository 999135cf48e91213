/** How feeds are doing, on the command line. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { NOW } from '../support/builders.ts'
import { CliFixture } from './cli-fixture.ts'

const HOUR = 3_600
const EMPTY = 'record_id,sim,occurred_at\n'
const PATTERN = '^(?<stream>[a-z]+)-(?<sequence>\\d+)\\.csv$'

let cli: CliFixture
before(async () => {
  cli = await CliFixture.open()
})
after(() => cli.close())

async function deliver(feed: string, name: string, now = NOW): Promise<string> {
  const file = await cli.file(name, EMPTY)
  const { exitCode, stderr } = await cli.run(['import', file, '--feed', feed], { now })
  assert.equal(exitCode, 0, stderr)
  return stderr
}

const listed = async (feed: string, now: number) => {
  const feeds = await cli.json<Record<string, unknown>>(['feed', 'list'], { now })
  return feeds.find(({ name }) => name === feed)!
}

const squeezed = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => line.trimEnd().replaceAll(/ {2,}/g, '  '))

describe('simtally feed list', () => {
  it('says whether a feed is late, and up to when it is complete', async () => {
    await cli.json(['feed', 'create', 'hub', '--format', 'csv', '--settle', '6h'])
    await deliver('hub', 'x.csv')
    const { state, silent_seconds, complete_through, open_gaps, date_last_delivery } = await listed(
      'hub',
      NOW + 25 * HOUR,
    )
    assert.deepEqual(
      { state, silent_seconds, complete_through, open_gaps, date_last_delivery },
      {
        state: 'late',
        silent_seconds: 25 * HOUR,
        complete_through: '2026-03-15T06:00:00Z',
        open_gaps: 0,
        date_last_delivery: '2026-03-15T12:34:56Z',
      },
    )
    const { stdout } = await cli.run(['feed', 'list'], { now: NOW + 50 * HOUR + 300 })
    const [titles, row] = squeezed(stdout)
    assert.equal(
      titles,
      'NAME  FORMAT  ON CONFLICT  DEFAULT ZONE  ACCOUNT  SIM NAMES  GRANTED TO  STATE  SILENT  OPEN GAPS  COMPLETE FROM  COMPLETE THROUGH',
    )
    assert.equal(
      row,
      'hub  csv  reject  sid iccid imsi msisdn  overdue  2d 2h  0  2026-03-15T06:00:00Z',
    )
  })
})

describe('simtally feed set', () => {
  it('changes settle time and pattern, and looks at what came before anew', async () => {
    await cli.json(['feed', 'create', 'changed', '--format', 'csv'])
    await deliver('changed', 'a-1.csv')
    await deliver('changed', 'a-3.csv')
    assert.equal((await listed('changed', NOW)).complete_through, '2026-03-13T12:00:00Z')
    const shorter = await cli.run(['feed', 'set', 'changed', '--settle', '90m'])
    assert.equal(
      shorter.stdout,
      'feed changed: csv, on conflict reject, default zone none, settle time 90m, late after 1d, overdue after 2d, ' +
        'covers from its first delivery on, sequence pattern none, ' +
        'SIMs of any account by SID, ICCID, IMSI or MSISDN\n',
    )
    assert.equal((await listed('changed', NOW)).complete_through, '2026-03-15T11:00:00Z')
    assert.deepEqual(await cli.json(['feed', 'set', 'changed', '--sequence-pattern', PATTERN]), [
      {
        name: 'changed',
        format: 'csv',
        settings: {},
        on_conflict: 'reject',
        default_zone: null,
        account_sid: null,
        sim_names: ['sid', 'iccid', 'imsi', 'msisdn'],
        settle_seconds: 5_400,
        sequence_pattern: PATTERN,
        late_seconds: 86_400,
        overdue_seconds: 172_800,
        covers_from: null,
      },
    ])
    assert.equal((await listed('changed', NOW)).open_gaps, 1)
    const [without] = await cli.json<{ sequence_pattern: string | null }>([
      ...['feed', 'set', 'changed', '--no-sequence-pattern'],
    ])
    assert.equal(without!.sequence_pattern, null)
    assert.equal((await listed('changed', NOW)).open_gaps, 0)
  })

  it('is wrong usage without a change, and with one that cannot be', async () => {
    for (const [args, message] of [
      [[], /^simtally: nothing to change: give one of --on-conflict, .*--settle, .*--no-seq/],
      [['--settle', '2 weeks'], /--settle "2 weeks": expected minutes, hours or days/],
      [['--settle', '91d'], /--settle "91d": .* at most 90d/],
      [['--settle', '24'], /--settle "24": expected minutes, hours or days/],
      [['--sequence-pattern', '\\d+'], /--sequence-pattern .*with a group \(\?<sequence>…\)/],
      [['--sequence-pattern', '(?<sequence>'], /error parsing regexp/],
    ] as const) {
      const refused = await cli.run(['feed', 'set', 'changed', ...args])
      assert.deepEqual([refused.exitCode, refused.stdout], [2, ''])
      assert.match(refused.stderr, message)
    }
    const nobody = await cli.run(['feed', 'set', 'nobody', '--settle', '0m'])
    assert.equal(nobody.exitCode, 1)
    assert.match(nobody.stderr, /^simtally: there is no feed "nobody"/)
  })
})

describe('simtally gap', () => {
  before(async () => {
    await cli.json(['feed', 'create', 'gappy', '--format', 'csv', '--sequence-pattern', PATTERN])
    await deliver('gappy', 'tap-1.csv')
    await deliver('gappy', 'tap-4.csv', NOW + HOUR)
    await deliver('gappy', 'b-7.csv', NOW + HOUR)
    await deliver('gappy', 'b-9.csv', NOW + 2 * HOUR)
  })

  it('lists what is missing, with its age', async () => {
    const { stdout } = await cli.run(['gap', 'list', '--feed', 'gappy'], { now: NOW + 30 * HOUR })
    assert.deepEqual(squeezed(stdout), [
      'FEED  STREAM  FROM  TO  COUNT  AGE  STATUS  ACCEPTED BY  REASON',
      'gappy  tap  2  3  2  1d 5h  open',
      'gappy  b  8  8  1  1d 4h  open',
    ])
    const [first] = await cli.json(['gap', 'list', '--feed', 'gappy'], { now: NOW + 30 * HOUR })
    assert.deepEqual(first, {
      feed: 'gappy',
      stream: 'tap',
      from: 2,
      to: 3,
      count: 2,
      status: 'open',
      date_opened: '2026-03-15T13:34:56Z',
      age_seconds: 29 * HOUR,
      accepted: null,
    })
  })

  it('lets somebody accept one, or the end of a stream', async () => {
    const accept = (...args: string[]) =>
      cli.run(['gap', 'accept', '--feed', 'gappy', ...args], { now: NOW + 30 * HOUR })
    const who = ['--by', 'Ada', '--reason', 'never made']
    const tap = await accept('--stream', 'tap', '--from', '2', '--to', '3', ...who)
    assert.equal(
      tap.stdout,
      'feed gappy: 2 to 3 accepted by Ada at 2026-03-16T18:34:56Z; ' +
        'open gaps 1, complete through 2026-03-13T13:00:00Z\n',
    )
    const { stdout } = await cli.run(['gap', 'list', '--feed', 'gappy'], { now: NOW + 30 * HOUR })
    assert.equal(
      squeezed(stdout)[1],
      'gappy  tap  2  3  2  1d 5h  accepted  Ada, 2026-03-16T18:34:56Z  never made',
    )
    await deliver('gappy', 'tap-5.csv', NOW + 99 * HOUR)
    assert.equal((await listed('gappy', NOW)).complete_through, '2026-03-13T13:00:00Z')
    const end = await accept('--stream', 'b', '--from', '10', '--to', 'end', ...who)
    assert.equal(end.stderr, '')
    assert.match(end.stdout, /the end before 10 accepted by Ada .* complete through 2026-03-17T15/)
  })

  it('refuses what is not missing, and what is said wrongly', async () => {
    const accept = (...args: string[]) => cli.run(['gap', 'accept', '--feed', 'gappy', ...args])
    const good = ['--by', 'Ada', '--reason', 'x']
    const full = await accept('--stream', 'tap', '--from', '4', '--to', '4', ...good)
    assert.equal(full.exitCode, 1)
    assert.equal(
      full.stderr,
      'simtally: stream "tap" has no open gap that contains 4 to 4\n  nothing is missing\n',
    )
    const other = await accept('--from', '4', '--to', '4', ...good)
    assert.match(other.stderr, /there is no stream ""\n {2}the feed's streams: "tap", "b"\n/)
    for (const [args, message] of [
      [['--to', '2', ...good], /required option '--from <number>' not specified/],
      [['--from', 'x', '--to', '2', ...good], /--from "x": expected the number of a delivery/],
      [['--from', '1', '--to', '-2', ...good], /--to "-2": expected the number of a delivery/],
      [['--from', '1', '--to', '2', '--by', ' ', '--reason', 'x'], /--by " ": expected the name/],
      [['--from', '1', '--to', '2', '--by', 'A', '--reason', ' '], /--reason " ": expected 1 to/],
    ] as const) {
      const refused = await accept(...args)
      assert.deepEqual([refused.exitCode, refused.stdout], [2, ''])
      assert.match(refused.stderr, message)
    }
  })
})

describe('simtally import', () => {
  it('warns of a file whose name does not fit the pattern of its feed', async () => {
    await cli.json(['feed', 'create', 'named', '--format', 'csv', '--sequence-pattern', PATTERN])
    const { stdout, stderr } = await cli.run([
      ...['import', await cli.file('other.csv', EMPTY), '--feed', 'named'],
    ])
    assert.match(stdout + stderr, /does not match the sequence pattern of its feed/)
  })
})
