/** Asking for usage: bounds, buckets, order, exact sums. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { abroad, NATIONAL } from '../support/builders.ts'
import { type Engine, failureOf, type Ledger, openLedger, register } from './engine.ts'

/** Uploads of one byte, two, four and so on at the instants, so that each sum tells its parts. */
async function appendAt(ledger: Ledger, ...instants: string[]): Promise<void> {
  await ledger.append(instants.map((at, i) => ledger.event({ at, upload: 2 ** i })))
}

export function describeQueries(engine: Engine): void {
  describe('usage of a SIM', () => describeSimUsage(engine))
  describe('usage of an account', () => describeAccountUsage(engine))
}

function describeSimUsage(engine: Engine): void {
  it('is nothing if nothing was delivered', async (t) => {
    const { simUsage } = await openLedger(t, engine)
    for (const granularity of ['all', 'hourly', 'daily'] as const) {
      assert.deepEqual(await simUsage({ granularity }), [])
    }
  })

  it('includes the second of its start, but not that of its end', async (t) => {
    const ledger = await openLedger(t, engine)
    await appendAt(
      ledger,
      '2026-03-14T10:00:00Z',
      '2026-03-14T10:00:01Z',
      '2026-03-14T10:59:59Z',
      '2026-03-14T11:00:00Z',
    )
    const sum = async (start: string, end: string) =>
      (await ledger.simUsage({ start: `2026-03-14T${start}Z`, end: `2026-03-14T${end}Z` }))[0]
        ?.split(' ')
        .at(-1) ?? 'nothing'
    assert.equal(await sum('10:00:00', '11:00:00'), '7/0/0/0')
    assert.equal(await sum('10:00:00', '11:00:01'), '15/0/0/0')
    assert.equal(await sum('10:00:01', '10:59:59'), '2/0/0/0')
    assert.equal(await sum('10:00:01', '11:00:00'), '6/0/0/0')
    assert.equal(await sum('10:00:02', '10:59:59'), 'nothing')
    assert.equal(await sum('11:00:00', '11:00:00'), 'nothing')
  })

  it('starts an all record at the start of the query', async (t) => {
    const ledger = await openLedger(t, engine)
    await appendAt(ledger, '2026-03-14T10:20:30Z')
    const bounds = { start: '2026-03-14T07:08:09Z', end: '2026-03-14T23:59:59Z' }
    assert.deepEqual(await ledger.simUsage(bounds), ['2026-03-14T07:08:09Z home US 1/0/0/0'])
  })

  it('puts 23:59:59 in the earlier day and 00:00:00 in the later one', async (t) => {
    const ledger = await openLedger(t, engine)
    await appendAt(ledger, '2026-02-28T23:59:59Z', '2026-03-01T00:00:00Z')
    assert.deepEqual(await ledger.simUsage({ granularity: 'daily' }), [
      '2026-02-28T00:00:00Z home US 1/0/0/0',
      '2026-03-01T00:00:00Z home US 2/0/0/0',
    ])
    assert.deepEqual(await ledger.simUsage({ granularity: 'hourly' }), [
      '2026-02-28T23:00:00Z home US 1/0/0/0',
      '2026-03-01T00:00:00Z home US 2/0/0/0',
    ])
  })

  it('includes 29 February', async (t) => {
    const ledger = await openLedger(t, engine)
    await appendAt(
      ledger,
      '2024-02-28T23:59:59Z',
      '2024-02-29T00:00:00Z',
      '2024-02-29T23:59:59Z',
      '2024-03-01T00:00:00Z',
    )
    const bounds = { start: '2024-02-01T00:00:00Z', end: '2024-04-01T00:00:00Z' }
    assert.deepEqual(await ledger.simUsage({ ...bounds, granularity: 'daily' }), [
      '2024-02-28T00:00:00Z home US 1/0/0/0',
      '2024-02-29T00:00:00Z home US 6/0/0/0',
      '2024-03-01T00:00:00Z home US 8/0/0/0',
    ])
  })

  it('counts the first and last bucket only as far as the query reaches', async (t) => {
    const ledger = await openLedger(t, engine)
    await appendAt(
      ledger,
      '2026-03-14T10:00:00Z',
      '2026-03-14T10:30:00Z',
      '2026-03-14T12:29:59Z',
      '2026-03-14T12:30:00Z',
    )
    const bounds = { start: '2026-03-14T10:30:00Z', end: '2026-03-14T12:30:00Z' }
    assert.deepEqual(await ledger.simUsage({ ...bounds, granularity: 'hourly' }), [
      '2026-03-14T10:00:00Z home US 2/0/0/0',
      '2026-03-14T12:00:00Z home US 4/0/0/0',
    ])
    assert.deepEqual(await ledger.simUsage({ ...bounds, granularity: 'daily' }), [
      '2026-03-14T00:00:00Z home US 6/0/0/0',
    ])
  })

  it('is ordered by bucket, zone and country', async (t) => {
    const ledger = await openLedger(t, engine)
    const servings = [abroad('GB', '234-10'), abroad('FR'), NATIONAL, undefined]
    const events = ['2026-03-15T00:00:00Z', '2026-03-14T00:00:00Z'].flatMap((at) =>
      servings.map((serving) => ledger.event({ at, upload: 1, ...(serving && { serving }) })),
    )
    await ledger.append(events)
    const daily = (day: string) => [
      `${day} home US 1/0/0/0`,
      `${day} national_roaming US 1/0/0/0`,
      `${day} international_roaming FR 1/0/0/0`,
      `${day} international_roaming GB 1/0/0/0`,
    ]
    const expected = [...daily('2026-03-14T00:00:00Z'), ...daily('2026-03-15T00:00:00Z')]
    assert.deepEqual(await ledger.simUsage({ granularity: 'daily' }), expected)
    assert.deepEqual(await ledger.accountUsage({ granularity: 'daily' }), expected)
  })

  it('sums past 2^53 exactly', async (t) => {
    const ledger = await openLedger(t, engine)
    const max = Number.MAX_SAFE_INTEGER
    const events = Array.from({ length: 1_000 }, () => ledger.event({ upload: max, download: max }))
    await ledger.append(events)
    const sum = 1_000n * BigInt(max)
    const line = `2026-01-01T00:00:00Z home US ${sum}/${sum}/0/0`
    assert.deepEqual(await ledger.simUsage(), [line])
    assert.deepEqual(await ledger.accountUsage(), [line])
    await ledger.assertAuditClean()
  })

  it('refuses a batch that takes a sum past 2^63, and keeps nothing of it', async (t) => {
    const ledger = await openLedger(t, engine)
    await ledger.append([ledger.event({ upload: 7 })])
    const max = Number.MAX_SAFE_INTEGER
    const absurd = Array.from({ length: 1_025 }, () => ledger.event({ upload: max }))
    const failure = await failureOf('overflow', ledger.append(absurd))
    assert.match(failure.message, /9223372036854775807/)
    assert.deepEqual(await ledger.simUsage(), ['2026-01-01T00:00:00Z home US 7/0/0/0'])
    await ledger.assertAuditClean()
  })

  it('accepts as much as a stored sum leaves room for, and no more', async (t) => {
    const ledger = await openLedger(t, engine)
    const max = Number.MAX_SAFE_INTEGER
    await ledger.append(Array.from({ length: 1_024 }, () => ledger.event({ upload: max })))
    await failureOf('overflow', ledger.append([ledger.event({ upload: 1_024 })]))
    await ledger.append([ledger.event({ upload: 1_023 })])
    assert.deepEqual(await ledger.simUsage(), [
      '2026-01-01T00:00:00Z home US 9223372036854775807/0/0/0',
    ])
    await failureOf('overflow', ledger.append([ledger.event({ upload: 1 })]))
    await ledger.assertAuditClean()
  })

  it('does not include other SIMs’ usage', async (t) => {
    const ledger = await openLedger(t, engine)
    const { store, account } = ledger
    const second = await register(store, account)
    await ledger.append([
      ledger.event({ upload: 1 }),
      ledger.event({ simId: second.id, upload: 2 }),
    ])
    assert.deepEqual(await ledger.simUsage(), ['2026-01-01T00:00:00Z home US 1/0/0/0'])
    assert.deepEqual(await ledger.accountUsage(), ['2026-01-01T00:00:00Z home US 3/0/0/0'])
  })

  it('costs no more when asked for all time', async (t) => {
    const ledger = await openLedger(t, engine)
    await appendAt(ledger, '2026-03-14T10:20:30Z')
    const allTime = { start: '0001-01-01T00:00:00Z', end: '9999-12-31T23:59:59Z' }
    const begun = performance.now()
    for (let i = 0; i < 5; i++) {
      assert.equal((await ledger.simUsage(allTime)).length, 1)
      assert.equal((await ledger.accountUsage(allTime)).length, 1)
    }
    // Going through the days of ten thousand years takes seconds; looking for usage does not.
    assert.ok(performance.now() - begun < 2_000)
  })

  it('adds up to the same by hour, by day and at once', async (t) => {
    const ledger = await openLedger(t, engine)
    const events = Array.from({ length: 200 }, (_, i) =>
      ledger.event({
        occurredAt: Date.UTC(2026, 1, 20, 0, 0, i * 7_919) / 1000,
        upload: i,
        download: 3 * i,
        fromSim: i % 2,
        serving: i % 3 === 0 ? NATIONAL : abroad(i % 2 === 0 ? 'FR' : 'GB'),
      }),
    )
    await ledger.append(events)
    for (const ask of [ledger.simUsage, ledger.accountUsage]) {
      const all = total(await ask({ granularity: 'all' }))
      assert.deepEqual(total(await ask({ granularity: 'hourly' })), all)
      assert.deepEqual(total(await ask({ granularity: 'daily' })), all)
      assert.equal(all.get('international_roaming FR')?.length, 4)
    }
  })
}

/** The sums of each zone and country over all buckets. */
function total(lines: readonly string[]): Map<string, number[]> {
  const totals = new Map<string, number[]>()
  for (const line of lines) {
    const [, zone, country, sums] = line.split(' ')
    const place = `${zone} ${country}`
    const counters = sums!.split('/').map(Number)
    const before = totals.get(place) ?? [0, 0, 0, 0]
    totals.set(
      place,
      before.map((sum, i) => sum + counters[i]!),
    )
  }
  return totals
}

function describeAccountUsage(engine: Engine): void {
  it('is kept by the hour', async (t) => {
    const ledger = await openLedger(t, engine)
    await appendAt(
      ledger,
      '2026-03-14T09:59:59Z',
      '2026-03-14T10:00:00Z',
      '2026-03-14T10:59:59Z',
      '2026-03-14T11:00:00Z',
    )
    const bounds = { start: '2026-03-14T10:00:00Z', end: '2026-03-14T11:00:00Z' }
    const hour = ['2026-03-14T10:00:00Z home US 6/0/0/0']
    assert.deepEqual(await ledger.accountUsage(bounds), hour)
    assert.deepEqual(await ledger.accountUsage({ ...bounds, granularity: 'hourly' }), hour)
  })

  it('counts the first and last day only as far as the query reaches', async (t) => {
    const ledger = await openLedger(t, engine)
    await appendAt(
      ledger,
      '2026-03-13T21:59:59Z',
      '2026-03-13T22:00:00Z',
      '2026-03-14T12:00:00Z',
      '2026-03-15T01:59:59Z',
      '2026-03-15T02:00:00Z',
    )
    const bounds = { start: '2026-03-13T22:00:00Z', end: '2026-03-15T02:00:00Z' }
    assert.deepEqual(await ledger.accountUsage({ ...bounds, granularity: 'daily' }), [
      '2026-03-13T00:00:00Z home US 2/0/0/0',
      '2026-03-14T00:00:00Z home US 4/0/0/0',
      '2026-03-15T00:00:00Z home US 8/0/0/0',
    ])
    assert.deepEqual(await ledger.accountUsage(bounds), ['2026-03-13T22:00:00Z home US 14/0/0/0'])
  })

  it('is the sum of its SIMs', async (t) => {
    const ledger = await openLedger(t, engine)
    const { store, account } = ledger
    const sims = [ledger.sim, await register(store, account), await register(store, account)]
    await ledger.append(
      sims.flatMap((sim, i) => [
        ledger.event({ simId: sim.id, upload: 10 ** i }),
        ledger.event({ simId: sim.id, download: 10 ** i, serving: abroad('FR') }),
      ]),
    )
    assert.deepEqual(await ledger.accountUsage(), [
      '2026-01-01T00:00:00Z home US 111/0/0/0',
      '2026-01-01T00:00:00Z international_roaming FR 0/111/0/0',
    ])
  })
}
