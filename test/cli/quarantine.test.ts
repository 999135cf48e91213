/** `simtally quarantine`: what waits is shown, counted later, or discarded. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { iccidOf } from '../support/builders.ts'
import { CliFixture, jsonLines } from './cli-fixture.ts'

const HEADER = 'record_id,sim,occurred_at,plmn,upload\n'

interface EntryJson {
  readonly id: number
  readonly import: number
  readonly line: number
  readonly reason: string
  readonly record: { readonly upload: number } | null
}

interface RecycledJson {
  readonly records: number
  readonly accepted: number
  readonly duplicate: number
  readonly quarantined: number
  readonly unreadable: number
  readonly errors: readonly { import: number; line: number; reason: string }[]
}

describe('simtally quarantine', () => {
  let cli: CliFixture
  let account: string
  let feeds = 0
  let sims = 500
  before(async () => {
    cli = await CliFixture.open()
    account = await cli.account()
  })
  after(() => cli.close())

  /** A feed with an import that has left one record of an unknown SIM, and one without a time. */
  async function quarantined() {
    const feed = `feed-${++feeds}`
    const iccid = iccidOf(++sims)
    await cli.json(['feed', 'create', feed, '--format', 'csv'])
    const stdin = `${HEADER}r1,${iccid},2026-03-01T10:00:00Z,310-260,5\nr2,${iccid},soon,310-260,5\n`
    const { stdout } = await cli.run(['import', '-', '--feed', feed, '--json'], { stdin })
    return { feed, iccid, id: JSON.parse(stdout).import as number }
  }

  const register = (iccid: string) =>
    cli.json(['sim', 'import', '-', '--account', account], { stdin: `iccid\n${iccid}\n` })

  it('counts what can be counted, and exits with 3 while something waits', async () => {
    const { feed, iccid, id } = await quarantined()
    await register(iccid)
    const args = ['quarantine', 'recycle', '--feed', feed, '--json']
    const { exitCode, stdout } = await cli.run(args)
    const [done] = jsonLines<RecycledJson>(stdout)
    assert.equal(exitCode, 3)
    assert.deepEqual([done!.records, done!.accepted, done!.quarantined], [2, 1, 1])
    assert.deepEqual(
      done!.errors.map(({ import: of, line, reason }) => [of, line, reason]),
      [[id, 3, 'invalid_field']],
    )
    const [shown] = (
      await cli.json<{ import: number; accepted: number; quarantined: number }>(['import', 'list'])
    ).filter((one) => one.import === id)
    assert.deepEqual([shown!.accepted, shown!.quarantined], [1, 1])
    const again = await cli.run([...args, '--cause', 'unknown_sim'])
    assert.deepEqual([again.exitCode, jsonLines<RecycledJson>(again.stdout)[0]!.records], [0, 0])
  })

  it('says in words what became of them', async () => {
    const { iccid, id } = await quarantined()
    await register(iccid)
    const { exitCode, stdout } = await cli.run(['quarantine', 'recycle', `${id}:2`, `${id}:3`])
    assert.equal(exitCode, 3)
    assert.match(stdout, /^2 quarantined records looked at$/m)
    assert.match(stdout, /^ {2}accepted +1 {2}/m)
    assert.match(
      stdout,
      new RegExp(`^ {2}import ${id}, line 3: invalid_field: occurred_at "soon"`, 'm'),
    )
  })

  it('shows one record with all that is known of it', async () => {
    const { iccid, id } = await quarantined()
    const [entry] = await cli.json<EntryJson>(['quarantine', 'show', `${id}:2`])
    assert.deepEqual([entry!.line, entry!.reason, entry!.record?.upload], [2, 'unknown_sim', 5])
    const byId = await cli.run(['quarantine', 'show', String(entry!.id)])
    assert.match(byId.stdout, /^reason +unknown_sim$/m)
    assert.match(byId.stdout, /^record +record "r1" of sim .* at 2026-03-01T10:00:00Z/m)
    // Whoever runs the meter has to find the SIM; accounts are shown it masked.
    assert.match(byId.stdout, new RegExp(`^detail +sim "${iccid}": no SIM`, 'm'))
    const unread = await cli.run(['quarantine', 'show', `${id}:3`])
    assert.match(unread.stdout, /^record +could not be read$/m)
  })

  it('discards what is named, and prints who did so, why, and what is gone', async () => {
    const { feed, id } = await quarantined()
    const why = ['--by', 'Ada', '--reason', 'test SIMs']
    const gone = await cli.json<
      EntryJson & { by: string; because: string; date_discarded: string }
    >(['quarantine', 'discard', `${id}:2`, ...why])
    assert.deepEqual(
      gone.map(({ line, by, because, date_discarded }) => [line, by, because, date_discarded]),
      [[2, 'Ada', 'test SIMs', '2026-03-15T12:34:56Z']],
    )
    const rest = await cli.run(['quarantine', 'discard', '--feed', feed, ...why])
    assert.match(rest.stdout, /line 3: invalid_field: r2,/)
    assert.match(rest.stdout, /^1 quarantined record is discarded by Ada: test SIMs$/m)
    assert.deepEqual(await cli.json(['quarantine', 'list', '--feed', feed]), [])
  })

  it('accepts a conflict, which counts in the place of what it contradicts', async () => {
    const iccid = iccidOf(++sims)
    await register(iccid)
    const feed = `feed-${++feeds}`
    await cli.json(['feed', 'create', feed, '--format', 'csv'])
    const ids: number[] = []
    for (const upload of [5, 7]) {
      const stdin = `${HEADER}r1,${iccid},2026-03-02T10:00:00Z,310-260,${upload}\n`
      const { stdout } = await cli.run(['import', '-', '--feed', feed, '--json'], { stdin })
      ids.push(JSON.parse(stdout).import)
    }
    const why = ['--by', 'Ada', '--reason', 'ticket 12']
    const accepted = await cli.run(['quarantine', 'accept', `${ids[1]}:2`, ...why])
    assert.equal(accepted.exitCode, 0, accepted.stderr)
    const usage = await cli.run(['usage', iccid, '--json', '--start', '2026-03-01'])
    assert.match(usage.stdout, /"upload":7\b/)
    const log = await cli.run(['log', 'list', '--kind', 'import', '--json'])
    const [act] = jsonLines<{ verb: string; details: { by: string; reason: string } }>(log.stdout)
    assert.deepEqual([act!.verb, act!.details.by], ['accept conflict', 'Ada'])
    assert.equal((await cli.run(['quarantine', 'accept', '--feed', feed, ...why])).exitCode, 0)
    const { id } = await quarantined()
    for (const [args, exitCode, expected] of [
      [[`${id}:2`], 1, /waits as unknown_sim, and contradicts nothing that counts/],
      [[], 2, /which conflicts\?/],
      [[`${id}:2`, '--feed', feed], 2, /of no use/],
    ] as const) {
      const result = await cli.run(['quarantine', 'accept', ...args, ...why])
      assert.match(result.stderr, expected)
      assert.equal(result.exitCode, exitCode)
    }
    const stdin = `${HEADER}r1,${iccid},2026-03-02T10:00:00Z,310-260,9\n`
    const { stdout } = await cli.run(['import', '-', '--feed', feed, '--json'], { stdin })
    await cli.run(['feed', 'set', feed, '--on-conflict', 'max'])
    const again = await cli.run(['quarantine', 'accept', `${JSON.parse(stdout).import}:2`, ...why])
    assert.match(again.stderr, /decides between versions itself: its conflict policy is max/)
  })

  it('refuses wrong usage, and names what there is not', async () => {
    const { id } = await quarantined()
    const why = ['--by', 'Ada', '--reason', 'x']
    for (const [args, exitCode, expected] of [
      [['discard', `${id}:2`], 2, /required option '--by <name>'/],
      [['discard', ...why], 2, /everything would be discarded/],
      [['discard', `${id}:2`, '--import', String(id), ...why], 2, /of no use/],
      [
        ['discard', `${id}:2`, '--by', ' ', '--reason', 'x'],
        2,
        /--by " ": expected the name of a person/,
      ],
      [['discard', '--cause', 'whim', ...why], 2, /Allowed choices are/],
      [['recycle', 'first'], 2, /"first": expected IMPORT:LINE such as 7:42/],
      [['recycle', `${id}:9`], 1, new RegExp(`no quarantined record ${id}:9`)],
      [['show', '4711000'], 1, /no quarantined record 4711000/],
      [['recycle', '--import', '4711000'], 1, /there is no import 4711000/],
      [['recycle', '--feed', 'nowhere'], 1, /there is no feed "nowhere"/],
    ] as const) {
      const result = await cli.run(['quarantine', ...args])
      assert.match(result.stderr, expected)
      assert.equal(result.exitCode, exitCode, args.join(' '))
    }
    assert.equal((await cli.json(['quarantine', 'list', '--import', String(id)])).length, 2)
  })

  it('counts by the mapping that the feed was set to', async () => {
    const iccid = iccidOf(++sims)
    await register(iccid)
    const mapping = (column: string) =>
      `source: { format: csv }\nfields:\n  record_id: id\n  sim: sim\n  occurred_at: { from: at }\n` +
      `  plmn: { constant: 310-260 }\n  upload: { from: ${column}, unit: bytes }\n`
    const [wrong, right] = [
      await cli.file('wrong.yaml', mapping('note')),
      await cli.file('right.yaml', mapping('bytes')),
    ]
    await cli.json(['feed', 'create', 'mapped', '--mapping', wrong])
    const stdin = `id,sim,at,note,bytes\nr1,${iccid},2026-03-02T10:00:00Z,hm,7\n`
    assert.equal((await cli.run(['import', '-', '--feed', 'mapped'], { stdin })).exitCode, 3)
    const set = await cli.run(['feed', 'set', 'mapped', '--mapping', right])
    assert.equal(set.exitCode, 0, set.stderr)
    const [done] = await cli.json<RecycledJson>(['quarantine', 'recycle', '--feed', 'mapped'])
    assert.equal(done!.accepted, 1)
    const csvFeed = (await quarantined()).feed
    const refused = await cli.run(['feed', 'set', csvFeed, '--mapping', right])
    assert.match(refused.stderr, /the format csv has no mapping/)
    assert.equal(refused.exitCode, 2)
  })
})
