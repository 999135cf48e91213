/** Readings of counters that only grow: what they come to, in whatever order they arrive. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { COUNTER_NAMES } from '../../src/domain/counters.ts'
import { NO_VERDICTS } from '../../src/domain/import.ts'
import { DAY_SECONDS } from '../../src/domain/time.ts'
import {
  RESETS,
  type ReadingTraits,
  resolveConflict,
  sameContent,
  type UsageEvent,
} from '../../src/domain/usage-event.ts'
import { aBatch, abroad, aFeed, anImportStart, instant, NOW } from '../support/builders.ts'
import { modelUsage } from '../support/series-model.ts'
import { anySimulation } from '../support/simulated-source.ts'
import { share } from '../support/volume.ts'
import { type Engine, type Ledger, openLedger } from './engine.ts'

const FROM = instant('2026-03-08T00:00:00Z')

const anyReading = fc.record({
  series: fc.constantFrom('s1', 's2'),
  /** Hours after `FROM`; few, so that readings meet. */
  hour: fc.nat({ max: 60 }),
  upload: fc.oneof(fc.nat({ max: 50 }), fc.constantFrom(2 ** 32 - 10, 2 ** 32 - 1)),
  download: fc.nat({ max: 50 }),
  traits: fc.record<ReadingTraits>({
    is32Bit: fc.boolean(),
    resets: fc.constantFrom('never', ...RESETS),
    isStart: fc.nat({ max: 4 }).map((n) => n === 0),
    unknown: fc.subarray([...COUNTER_NAMES], { maxLength: 1 }),
  }),
  isAbroad: fc.boolean(),
})
type AnyReading = typeof anyReading extends fc.Arbitrary<infer T> ? T : never

function eventOf(ledger: Ledger, { series, hour, isAbroad, traits, ...read }: AnyReading) {
  const { unknown = [] } = traits
  const counters = { ...read, ...Object.fromEntries(unknown.map((name) => [name, 0])) }
  return ledger.event({
    recordId: series,
    occurredAt: FROM + hour * 3_600,
    ...counters,
    reading: traits,
    ...(isAbroad && { serving: abroad('FR') }),
  })
}

/** The usage of all hours by the rule for the whole set: hour and zone to counters. */
function expectedUsage(readings: Iterable<UsageEvent>): Map<string, bigint> {
  const bySeries = Map.groupBy(readings, ({ recordId }) => recordId)
  const sums = new Map<string, bigint>()
  for (const list of bySeries.values()) {
    const sorted = list.sort((a, b) => a.occurredAt - b.occurredAt)
    const usages = modelUsage(sorted.map((event) => ({ ...event, traits: event.reading! })))
    sorted.forEach(({ occurredAt, serving }, i) => {
      const key = `${occurredAt} ${serving.zone}`
      const { upload, download } = usages[i]!
      sums.set(key, (sums.get(key) ?? 0n) + BigInt(upload) * 1_000_000n + BigInt(download))
    })
  }
  return new Map([...sums].filter(([, sum]) => sum > 0n))
}

async function storedUsage({ store, sim, account }: Ledger) {
  const asked = { start: FROM, end: FROM + 4 * DAY_SECONDS, granularity: 'hourly' } as const
  const scopes = [{ simId: sim.id }, { accountId: account.id }]
  return Promise.all(
    scopes.map(async (scope) => {
      const groups = await store.queryUsage({ scope, ...asked })
      const sums = groups.map(({ bucketStart, zone, upload, download }) => {
        return [`${bucketStart} ${zone}`, BigInt(upload) * 1_000_000n + BigInt(download)] as const
      })
      return new Map(sums.filter(([, sum]) => sum > 0n))
    }),
  )
}

function asVersion(event: UsageEvent) {
  return { ...event, traits: event.reading! }
}

/** All versions of each identity that ever counted; the present one is last. */
function keep(
  kept: Map<string, UsageEvent[]>,
  event: UsageEvent,
  policy: Parameters<typeof resolveConflict>[0],
): void {
  const key = `${event.recordId} ${event.occurredAt}`
  const versions = kept.get(key)
  if (versions === undefined) {
    kept.set(key, [event])
    return
  }
  const [stored, ...others] = versions.map(asVersion).reverse()
  const incoming = asVersion(event)
  const wasReplaced = () => others.some((version) => sameContent(version, incoming))
  const verdict = resolveConflict(policy, stored!, incoming, wasReplaced)
  if (verdict === 'replaced') versions.push(event)
}

function sorted(map: ReadonlyMap<string, bigint>) {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1))
}

export function describeReadings(engine: Engine): void {
  describe('readings', () => {
    const hour = (
      hours: number,
      upload: number,
      { download = 0, ...traits }: Partial<ReadingTraits & { download: number }> = {},
    ): AnyReading => {
      const rest = { traits: { is32Bit: false, ...traits }, isAbroad: false }
      return { series: 's1', hour: hours, upload, download, ...rest }
    }

    it('count what they exceed the one before by', async (t) => {
      const ledger = await openLedger(t, engine)
      const fall = { resets: 'fall' } as const
      const readings = [hour(1, 100), hour(2, 150), hour(3, 150), hour(4, 30, fall)]
      const events = readings.map((reading) => eventOf(ledger, reading))
      const { counts } = await ledger.append(events)
      assert.deepEqual(counts, { ...NO_VERDICTS, accepted: 4 })
      assert.deepEqual(await ledger.simUsage({ granularity: 'hourly' }), [
        '2026-03-08T01:00:00Z home US 100/0/0/0',
        '2026-03-08T02:00:00Z home US 50/0/0/0',
        '2026-03-08T04:00:00Z home US 30/0/0/0',
      ])
      await ledger.assertAuditClean()
    })

    it('take their share from the next one if they come late', async (t) => {
      const ledger = await openLedger(t, engine)
      await ledger.append([eventOf(ledger, hour(1, 100)), eventOf(ledger, hour(30, 150))])
      while (await ledger.store.sealNextDay(NOW));
      const { counts } = await ledger.append([eventOf(ledger, hour(2, 110))])
      assert.deepEqual(counts, { ...NO_VERDICTS, accepted: 1 })
      assert.deepEqual(await ledger.simUsage({ granularity: 'daily' }), [
        '2026-03-08T00:00:00Z home US 110/0/0/0',
        '2026-03-09T00:00:00Z home US 40/0/0/0',
      ])
      assert.deepEqual(await ledger.accountUsage(), ['2026-01-01T00:00:00Z home US 150/0/0/0'])
      await ledger.assertAuditClean()
    })

    it('add nothing after a fall until they pass the highest so far, in any order', async (t) => {
      const readings = [hour(1, 100), hour(2, 40), hour(30, 90), hour(31, 101), hour(55, 130)]
      for (const order of [
        readings,
        readings.toReversed(),
        [2, 4, 1, 0, 3].map((i) => readings[i]!),
      ]) {
        const ledger = await openLedger(t, engine)
        for (const [i, reading] of order.entries()) {
          await ledger.append([eventOf(ledger, reading)])
          if (i === 1) while (await ledger.store.sealNextDay(NOW));
        }
        assert.deepEqual(await ledger.simUsage({ granularity: 'daily' }), [
          '2026-03-08T00:00:00Z home US 100/0/0/0',
          '2026-03-09T00:00:00Z home US 1/0/0/0',
          '2026-03-10T00:00:00Z home US 29/0/0/0',
        ])
        await ledger.assertAuditClean()
      }
    })

    it('change all that were measured from them when they are undone', async (t) => {
      const ledger = await openLedger(t, engine)
      const { store, feed } = ledger
      const hours = Array.from({ length: 40 }, (_, i) => hour(i + 2, 10 * i))
      const { id: importId } = await store.beginImport(anImportStart(feed))
      await store.append(aBatch({ importId, feed, events: [eventOf(ledger, hour(1, 385))] }))
      await ledger.append(hours.map((reading) => eventOf(ledger, reading)))
      const total = (upload: number) => [`2026-01-01T00:00:00Z home US ${upload}/0/0/0`]
      assert.deepEqual(await ledger.simUsage(), total(390))
      await store.undoImport(importId, NOW)
      assert.deepEqual(await ledger.simUsage(), total(390))
      assert.equal((await ledger.simUsage({ granularity: 'hourly' })).length, 39)
      await ledger.assertAuditClean()
    })

    it('begin again at a start, and only there', async (t) => {
      const ledger = await openLedger(t, engine)
      const start = { resets: 'start', isStart: true } as const
      const [early, late] = [hour(5, 60), hour(4, 0, start)]
      await ledger.append([hour(1, 100), early].map((reading) => eventOf(ledger, reading)))
      assert.deepEqual(await ledger.simUsage(), ['2026-01-01T00:00:00Z home US 100/0/0/0'])
      await ledger.append([eventOf(ledger, late)])
      assert.deepEqual(await ledger.simUsage(), ['2026-01-01T00:00:00Z home US 160/0/0/0'])
      await ledger.assertAuditClean()
    })

    it('count their other counters if one is unknown, and do not repeat a 0', async (t) => {
      const ledger = await openLedger(t, engine, { onConflict: 'max' })
      const unknown = { unknown: ['upload'], download: 7 } as const
      await ledger.append([hour(1, 100), hour(2, 0, unknown)].map((one) => eventOf(ledger, one)))
      await ledger.append([eventOf(ledger, hour(3, 130, { download: 7 }))])
      assert.deepEqual(await ledger.simUsage(), ['2026-01-01T00:00:00Z home US 130/7/0/0'])
      const { counts } = await ledger.append([eventOf(ledger, hour(2, 110, { download: 7 }))])
      assert.deepEqual(counts, { ...NO_VERDICTS, replaced: 1 })
      assert.deepEqual(await ledger.simUsage({ granularity: 'hourly' }), [
        '2026-03-08T01:00:00Z home US 100/0/0/0',
        '2026-03-08T02:00:00Z home US 10/7/0/0',
        '2026-03-08T03:00:00Z home US 20/0/0/0',
      ])
      await ledger.assertAuditClean()
    })

    it('are tallied and shown if they are more than growth', async (t) => {
      const ledger = await openLedger(t, engine)
      const { store, sim, feed, importId } = ledger
      const [start, wraps] = [{ resets: 'start', isStart: true } as const, { is32Bit: true }]
      const readings = [
        ...[
          hour(1, 100),
          hour(2, 40),
          hour(3, 0, start),
          hour(4, 2 ** 32 - 10),
          hour(5, 20, wraps),
        ],
        // A reading repeated within the batch counts as it is at the end.
        hour(2, 40),
      ]
      const events = readings.map((reading) => eventOf(ledger, reading))
      const counts = { resets: 1, falls: 1, wraps: 1 }
      await store.tryOut(async (trial) => {
        const outcome = await trial.append(aBatch({ importId: 0, feed, events }))
        assert.deepEqual(outcome.series, counts)
      })
      assert.deepEqual((await ledger.append(events)).series, counts)
      assert.deepEqual((await store.findImport(importId))!.series, counts)
      assert.deepEqual((await store.listFeedProgress())[0]!.series, counts)
      const filter = { simId: sim.id, start: FROM, end: FROM + DAY_SECONDS }
      const shown = async () => {
        const page = await store.listUsageEvents(filter, { limit: 10 })
        return page.map(({ reading }) => reading)
      }
      assert.deepEqual(await shown(), ['growth', 'fall', 'reset', 'growth', 'wrap'])
      // A late reading explains the fall. The feed no longer has it, but the import had it.
      const { id: late } = await store.beginImport(anImportStart(feed))
      const first = { ...eventOf(ledger, hour(1.5, 0, start)), recordId: 's1' }
      const outcome = await store.append(aBatch({ importId: late, feed, events: [first] }))
      assert.deepEqual(outcome.series, { resets: 1, falls: 0, wraps: 0 })
      const now = (await store.listFeedProgress())[0]!.series
      assert.deepEqual(now, { resets: 2, falls: 0, wraps: 1 })
      assert.deepEqual((await store.findImport(importId))!.series, counts)
      await ledger.assertAuditClean()
    })

    it('are compared as they were read', async (t) => {
      const ledger = await openLedger(t, engine)
      const readings = [eventOf(ledger, hour(1, 100)), eventOf(ledger, hour(2, 150))]
      await ledger.append(readings)
      const again = await ledger.append(readings)
      assert.deepEqual(again.counts, { ...NO_VERDICTS, duplicate: 2 })
      const other = await ledger.append([eventOf(ledger, hour(2, 50))])
      assert.deepEqual(other.counts, { ...NO_VERDICTS, quarantined: 1 })
      assert.match(
        other.conflicts[0]!.detail,
        /stored with upload 150, .* this one states upload 50/,
      )
    })

    it('are not usage, and usage is not a reading', async (t) => {
      const ledger = await openLedger(t, engine, { onConflict: 'max' })
      const reading = eventOf(ledger, hour(1, 100))
      const usage = { ...eventOf(ledger, hour(2, 100)), reading: null }
      await ledger.append([reading, usage])
      const { counts } = await ledger.append([
        { ...reading, reading: null, upload: 200 },
        { ...usage, reading: { is32Bit: false }, upload: 200 },
      ])
      assert.deepEqual(counts, { ...NO_VERDICTS, quarantined: 2 })
      assert.deepEqual(await ledger.simUsage(), ['2026-01-01T00:00:00Z home US 200/0/0/0'])
      await ledger.assertAuditClean()
    })

    it('belong to the SIM, the feed and the series they name', async (t) => {
      const ledger = await openLedger(t, engine)
      const { store, event } = ledger
      const other = await store.createFeed(aFeed())
      const { id: importId } = await store.beginImport(anImportStart(other))
      await ledger.append([
        eventOf(ledger, hour(1, 100)),
        eventOf(ledger, { ...hour(2, 110), series: 's2' }),
      ])
      const elsewhere = event({
        recordId: 's1',
        occurredAt: FROM + 3 * 3_600,
        upload: 120,
        reading: { is32Bit: false },
      })
      await store.append(aBatch({ importId, feed: other, events: [elsewhere] }))
      assert.deepEqual(await ledger.simUsage(), ['2026-01-01T00:00:00Z home US 330/0/0/0'])
    })

    it('are measured from one that retention has deleted', async (t) => {
      const ledger = await openLedger(t, engine)
      const readings = [hour(0, 100), hour(4, 105), hour(5, 101), hour(30, 130), hour(40, 140)]
      await ledger.append(readings.map((reading) => eventOf(ledger, reading)))
      const before = FROM + 26 * 3_600
      await ledger.store.purge({ before, rowsMax: 1_000, dryRun: false })
      await ledger.append([eventOf(ledger, hour(28, 110))])
      assert.deepEqual(await ledger.simUsage({ granularity: 'hourly' }), [
        '2026-03-09T04:00:00Z home US 5/0/0/0',
        '2026-03-09T06:00:00Z home US 20/0/0/0',
        '2026-03-09T16:00:00Z home US 10/0/0/0',
      ])
      await ledger.assertAuditClean()
    })

    it('never come to more than a real source has used', async (t) => {
      const anyDelivery = anySimulation
        .filter(({ readings }) => readings.length > 0)
        .chain(({ readings, ...simulated }) =>
          fc.record({
            simulated: fc.constant(simulated),
            order: fc.shuffledSubarray([...readings], { minLength: readings.length }),
            batches: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 20, maxLength: 20 }),
            seals: fc.boolean(),
          }),
        )
      const check = async ({ simulated, order, batches, seals }: Delivered) => {
        const ledger = await openLedger(t, engine)
        for (let i = 0, from = 0; from < order.length; from += batches[i++ % 20]!) {
          const events = order
            .slice(from, from + batches[i % 20]!)
            // Hours apart, so that days are sealed between them.
            .map(({ at, upload, download, traits }) =>
              ledger.event({
                ...{ recordId: 's1', occurredAt: FROM + at * 60, upload, download },
                reading: traits,
              }),
            )
          await ledger.append(events)
          if (seals) await ledger.store.sealNextDay(NOW)
        }
        const [sums] = await ledger.store.queryUsage({
          scope: { simId: ledger.sim.id },
          ...{ start: FROM, end: FROM + 60 * DAY_SECONDS, granularity: 'all' },
        })
        const { upload = 0, download = 0 } = sums ?? {}
        const { truth, isProved } = simulated
        assert.ok(upload <= truth.upload && download <= truth.download)
        if (isProved) assert.deepEqual([upload, download], [truth.upload, truth.download])
        await ledger.assertAuditClean()
        await ledger.temp.dispose()
      }
      type Delivered = typeof anyDelivery extends fc.Arbitrary<infer T> ? T : never
      const runs = { numRuns: share(4, 10), seed: 20_261_128 }
      await fc.assert(fc.asyncProperty(anyDelivery, check), runs)
    })

    for (const onConflict of ['reject', 'replace', 'max'] as const) {
      it(`come to the same in every order under ${onConflict}, cut into any batches`, async (t) => {
        const batches = fc.array(fc.array(anyReading, { minLength: 1, maxLength: 8 }), {
          minLength: 1,
          maxLength: 5,
        })
        await fc.assert(
          fc.asyncProperty(batches, fc.boolean(), async (delivered, seals) => {
            const ledger = await openLedger(t, engine, { onConflict })
            const kept = new Map<string, UsageEvent[]>()
            for (const batch of delivered) {
              const events = batch.map((reading) => eventOf(ledger, reading))
              const { counts } = await ledger.append(events)
              for (const event of events) keep(kept, event, onConflict)
              const total = Object.values(counts).reduce((a, b) => a + b, 0)
              assert.equal(total, events.length)
              if (seals) await ledger.store.sealNextDay(NOW)
            }
            const expected = sorted(
              expectedUsage([...kept.values()].map((versions) => versions.at(-1)!)),
            )
            const [sim, account] = await storedUsage(ledger)
            assert.deepEqual(sorted(sim!), expected)
            assert.deepEqual(sorted(account!), expected)
            await ledger.assertAuditClean()
            await ledger.temp.dispose()
          }),
          { numRuns: share(3, 8), seed: 20_260_315 },
        )
      })
    }
  })
}
