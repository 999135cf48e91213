/** Undoing an import: what leaves, what returns, and what is left of the import. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { feedGaps } from '../../src/domain/completeness.ts'
import { NO_FACTS, NO_VERDICTS } from '../../src/domain/import.ts'
import { type ConflictPolicy, RESETS, type UsageEvent } from '../../src/domain/usage-event.ts'
import {
  AT_HOME,
  aBatch,
  abroad,
  aFeed,
  anImportStart,
  aQuarantinedRecord,
  instant,
  NOW,
} from '../support/builders.ts'
import { modelUsage } from '../support/series-model.ts'
import { share } from '../support/volume.ts'
import { type Engine, failureOf, type Ledger, openLedger, reopen } from './engine.ts'

const AT = '2026-03-14T10:20:30Z'
const UNDONE_AT = NOW + 60

/** Another import by the ledger's feed. */
async function anotherImport(
  { store, feed }: Ledger,
  knownAt = NOW,
  accountId: number | null = null,
) {
  const start = anImportStart(feed)
  const { id } = await store.beginImport({ ...start, accountId })
  const append = (events: readonly UsageEvent[], rest = {}) =>
    store.append(aBatch({ importId: id, accountId, feed, events, knownAt, ...rest }))
  return { id, append }
}

const total = (upload: number, where = 'home US') => [
  `2026-01-01T00:00:00Z ${where} ${upload}/0/0/0`,
]

/** Import, line and known-at of what counts, in ledger order. */
async function provenances({ store, sim }: Ledger) {
  const period = { start: instant('2026-01-01T00:00:00Z'), end: instant('2026-04-01T00:00:00Z') }
  const entries = await store.listUsageEvents({ simId: sim.id, ...period }, { limit: 100 })
  return entries
    .filter(({ isCounted }) => isCounted)
    .map(({ importId, line, knownAt }) => [importId, line, knownAt])
}

async function assertTotal(ledger: Ledger, lines: readonly string[]): Promise<void> {
  assert.deepEqual(await ledger.simUsage(), lines)
  assert.deepEqual(await ledger.accountUsage(), lines)
  await ledger.assertAuditClean()
}

export function describeUndo(engine: Engine): void {
  describe('undoing an import', () => {
    it('removes its rows, and keeps those of others', async (t) => {
      const ledger = await openLedger(t, engine)
      const { store, importId } = ledger
      await ledger.append([1, 2].map((upload) => ledger.event({ at: AT, upload })))
      const second = await anotherImport(ledger)
      const late = '2026-02-01T00:00:00Z'
      await second.append([AT, late].map((at) => ledger.event({ at, upload: 10 })))
      const outcome = await store.undoImport(second.id, UNDONE_AT)
      const { import: undone, ...counts } = outcome
      assert.deepEqual(counts, { removed: 2, restored: 0, kept: 0, quarantineEntries: 0 })
      assert.deepEqual([undone.status, undone.undoneAt], ['undone', UNDONE_AT])
      assert.deepEqual(undone.counts, { ...NO_VERDICTS, accepted: 2 })
      assert.deepEqual(await store.findImport(second.id), undone)
      await assertTotal(ledger, total(3))
      assert.equal((await store.findImport(importId))?.undoneAt, null)
    })

    it('removes more rows than one step takes, on sealed days too', async (t) => {
      const ledger = await openLedger(t, engine)
      const from = instant('2026-03-01T00:00:00Z')
      await ledger.append([ledger.event({ occurredAt: from, upload: 7 })])
      const second = await anotherImport(ledger)
      const events = Array.from({ length: 20_011 }, (_, i) =>
        ledger.event({ recordId: `m${i}`, occurredAt: from + (i % 3) * 30_000, upload: 1 }),
      )
      await second.append(events)
      while (await ledger.store.sealNextDay(NOW));
      assert.equal((await ledger.store.undoImport(second.id, UNDONE_AT)).removed, events.length)
      await assertTotal(ledger, total(7))
    })

    it('keeps a record that another import delivered too, as that one’s', async (t) => {
      const ledger = await openLedger(t, engine)
      const records = [5, 6].map((upload, i) => ledger.event({ at: AT, upload, line: i + 1 }))
      await ledger.append(records)
      const second = await anotherImport(ledger, NOW + 1)
      const again = records.map((record, i) => ({ ...record, line: i + 7 }))
      assert.equal((await second.append(again)).counts.duplicate, 2)
      const third = await anotherImport(ledger, NOW + 2)
      await third.append([{ ...records[1]!, line: 3 }])
      const { removed, restored, kept } = await ledger.store.undoImport(ledger.importId, UNDONE_AT)
      assert.deepEqual([removed, restored, kept], [0, 0, 2])
      await assertTotal(ledger, total(11))
      assert.deepEqual(await provenances(ledger), [
        [second.id, 7, NOW + 1],
        [second.id, 8, NOW + 1],
      ])
      await ledger.store.undoImport(second.id, UNDONE_AT)
      await assertTotal(ledger, total(6))
      assert.deepEqual(await provenances(ledger), [[third.id, 3, NOW + 2]])
      await ledger.store.undoImport(third.id, UNDONE_AT)
      await assertTotal(ledger, [])
    })

    it('forgets repeats with the import that brought them', async (t) => {
      const ledger = await openLedger(t, engine)
      const record = ledger.event({ at: AT, upload: 5 })
      await ledger.append([record])
      const second = await anotherImport(ledger)
      await second.append([record])
      await ledger.store.undoImport(second.id, UNDONE_AT)
      await assertTotal(ledger, total(5))
      await ledger.store.undoImport(ledger.importId, UNDONE_AT)
      await assertTotal(ledger, [])
    })

    it('counts a smaller version under max once the larger one is undone', async (t) => {
      const ledger = await openLedger(t, engine, { onConflict: 'max' })
      const record = ledger.event({ at: AT })
      await ledger.append([{ ...record, upload: 9 }])
      const second = await anotherImport(ledger)
      assert.equal((await second.append([{ ...record, upload: 4 }])).counts.duplicate, 1)
      const { restored } = await ledger.store.undoImport(ledger.importId, UNDONE_AT)
      assert.equal(restored, 1)
      await assertTotal(ledger, total(4))
    })

    it('makes a repeated version the newest once its first import is undone', async (t) => {
      const ledger = await openLedger(t, engine, { onConflict: 'replace' })
      const record = ledger.event({ at: AT })
      const [first, other] = [1, 2].map((upload) => ({ ...record, upload }))
      await ledger.append([first!])
      const second = await anotherImport(ledger)
      await second.append([other!])
      const third = await anotherImport(ledger)
      assert.equal((await third.append([first!])).counts.duplicate, 1)
      await assertTotal(ledger, total(2))
      // As if only the other import had come, and then the first.
      const { restored } = await ledger.store.undoImport(ledger.importId, UNDONE_AT)
      assert.equal(restored, 1)
      await assertTotal(ledger, total(1))
    })

    it('loses repeats with the usage that retention deletes', async (t) => {
      const ledger = await openLedger(t, engine)
      const events = ['2026-01-10T00:00:00Z', AT].map((at, i) =>
        ledger.event({ at, upload: 1, line: i + 1 }),
      )
      await ledger.append(events)
      const second = await anotherImport(ledger)
      await second.append(events)
      const before = instant('2026-02-01T00:00:00Z')
      while (!(await ledger.store.purge({ before, rowsMax: 10, dryRun: false })).done);
      const { kept } = await ledger.store.undoImport(ledger.importId, UNDONE_AT)
      assert.equal(kept, 1)
      await assertTotal(ledger, total(1))
    })

    it('counts what it had replaced again, in its former place', async (t) => {
      const ledger = await openLedger(t, engine, { onConflict: 'replace' })
      const record = ledger.event({ at: AT, upload: 5 })
      await ledger.append([record])
      const second = await anotherImport(ledger)
      await second.append([{ ...record, upload: 8, serving: abroad('FR') }])
      const { removed, restored } = await ledger.store.undoImport(second.id, UNDONE_AT)
      assert.deepEqual([removed, restored], [0, 1])
      await assertTotal(ledger, total(5))
      // What was undone has never been there, so it may come again.
      const third = await anotherImport(ledger)
      const { counts } = await third.append([{ ...record, upload: 8, serving: abroad('FR') }])
      assert.equal(counts.replaced, 1)
      await assertTotal(ledger, total(8, 'international_roaming FR'))
    })

    it('goes back past all its own versions to the newest of another import', async (t) => {
      const ledger = await openLedger(t, engine, { onConflict: 'replace' })
      const record = ledger.event({ at: AT })
      const version = (upload: number) => ({ ...record, upload })
      await ledger.append([version(1)])
      const second = await anotherImport(ledger, NOW + 1)
      const third = await anotherImport(ledger, NOW + 2)
      await second.append([version(2), version(3)])
      await third.append([version(4)])
      await second.append([version(5), version(6)])
      await ledger.store.undoImport(second.id, UNDONE_AT)
      await assertTotal(ledger, total(4))
      assert.equal((await ledger.append([version(1)])).counts.duplicate, 1)
      await ledger.store.undoImport(third.id, UNDONE_AT)
      await assertTotal(ledger, total(1))
      await ledger.store.undoImport(ledger.importId, UNDONE_AT)
      await assertTotal(ledger, [])
      assert.equal((await ledger.store.audit()).ledgerRows, 0)
    })

    it('forgets its versions that no longer count', async (t) => {
      const ledger = await openLedger(t, engine, { onConflict: 'replace' })
      const record = ledger.event({ at: AT, upload: 1 })
      await ledger.append([record])
      const second = await anotherImport(ledger)
      await second.append([{ ...record, upload: 2 }])
      const outcome = await ledger.store.undoImport(ledger.importId, UNDONE_AT)
      assert.deepEqual([outcome.removed, outcome.restored], [0, 0])
      await assertTotal(ledger, total(2))
      const third = await anotherImport(ledger)
      assert.equal((await third.append([record])).counts.replaced, 1)
      await ledger.store.undoImport(second.id, UNDONE_AT)
      await assertTotal(ledger, total(1))
    })

    it('removes its quarantine, but keeps what others delivered too', async (t) => {
      const ledger = await openLedger(t, engine)
      const { store } = ledger
      const [alone, shared] = ['alone', 'shared'].map((text) => aQuarantinedRecord(text))
      await ledger.append([], { quarantined: [alone!, shared!, shared!] })
      const second = await anotherImport(ledger)
      await second.append([], { quarantined: [shared!] })
      const { quarantineEntries } = await store.undoImport(ledger.importId, UNDONE_AT)
      assert.equal(quarantineEntries, 3)
      const left = await store.listQuarantine({}, { limit: 9 })
      assert.deepEqual(
        left.map(({ importId, raw }) => [importId, Buffer.from(raw).toString()]),
        [[second.id, 'shared']],
      )
    })

    it('is announced by a trial, with its months, without being done', async (t) => {
      const ledger = await openLedger(t, engine, { onConflict: 'replace' })
      const { store } = ledger
      const record = ledger.event({ at: '2026-02-14T00:00:00Z', upload: 5 })
      await ledger.append([record])
      const second = await anotherImport(ledger)
      const events = [
        { ...record, upload: 8 },
        ledger.event({ at: AT, upload: 1, serving: abroad('FR') }),
      ]
      await second.append(events, { quarantined: [aQuarantinedRecord('a')] })
      const acts = await store.listActs({}, { limit: 9 })
      const { import: found, changes, months, ...counts } = await store.tryUndo(second.id, NOW)
      assert.equal(found.status, 'running')
      assert.deepEqual(counts, { removed: 1, restored: 1, kept: 0, quarantineEntries: 1 })
      assert.deepEqual(
        changes.map(({ simSid, zone, country, upload }) => [simSid, zone, country, upload]),
        [
          [ledger.sim.sid, 'home', 'US', -3n],
          [ledger.sim.sid, 'international_roaming', 'FR', -1n],
        ],
      )
      assert.deepEqual(
        months.map(({ month, zone, upload }) => [month, zone, upload]),
        [
          [instant('2026-02-01T00:00:00Z'), 'home', -3n],
          [instant('2026-03-01T00:00:00Z'), 'international_roaming', -1n],
        ],
      )
      assert.deepEqual(await store.listActs({}, { limit: 9 }), acts)
      assert.equal((await store.listQuarantine({}, { limit: 9 })).length, 1)
      await assertTotal(ledger, [...total(8), ...total(1, 'international_roaming FR')])
    })

    it('is refused a second time, and for an import that does not exist', async (t) => {
      const { store, importId } = await openLedger(t, engine)
      await store.undoImport(importId, UNDONE_AT)
      const twice = await failureOf('conflict', store.undoImport(importId, UNDONE_AT + 1))
      assert.match(twice.message, /already undone, at 2026-03-15T12:35:56Z/)
      await failureOf('conflict', store.tryUndo(importId, UNDONE_AT))
      await failureOf('not_found', store.tryUndo(importId + 1, UNDONE_AT))
      await failureOf('not_found', store.undoImport(importId + 1, UNDONE_AT))
      assert.equal((await store.findImport(importId))?.undoneAt, UNDONE_AT)
    })

    it('ends an import that still runs: nothing more of it is stored', async (t) => {
      const ledger = await openLedger(t, engine)
      const { store, importId, temp } = ledger
      await ledger.append([ledger.event({ at: AT, upload: 1 })])
      const other = await reopen(t, engine, temp.url)
      await other.undoImport(importId, UNDONE_AT)
      const quarantined = [aQuarantinedRecord('x')]
      const batch = ledger.append([ledger.event({ at: AT, upload: 1 })], { quarantined })
      assert.match((await failureOf('conflict', batch)).message, /was undone while it ran/)
      const end = {
        status: 'done',
        finishedAt: NOW,
        checksum: null,
        error: null,
        facts: NO_FACTS,
      } as const
      await failureOf('conflict', store.finishImport(importId, end))
      assert.equal((await store.findImport(importId))?.status, 'undone')
      assert.deepEqual(await store.listQuarantine({}, { limit: 9 }), [])
      await assertTotal(ledger, [])
    })

    it('lets the same file be delivered again', async (t) => {
      const ledger = await openLedger(t, engine)
      const { store, importId, feed } = ledger
      await ledger.append([ledger.event({ at: AT })])
      const checksum = 'a'.repeat(64)
      const end = {
        status: 'done',
        finishedAt: NOW,
        checksum,
        error: null,
        facts: NO_FACTS,
      } as const
      await store.finishImport(importId, end)
      assert.equal((await store.findCountedImport(feed.id, checksum))?.id, importId)
      await store.undoImport(importId, UNDONE_AT)
      assert.equal(await store.findCountedImport(feed.id, checksum), null)
    })

    it('leaves usage alone that is beyond retention', async (t) => {
      const ledger = await openLedger(t, engine)
      const { store, importId } = ledger
      const [old, kept] = ['2026-02-01T05:00:00Z', '2026-02-01T06:00:00Z']
      await ledger.append([old, old, old, kept].map((at) => ledger.event({ at, upload: 1 })))
      await store.purge({ before: instant(kept), rowsMax: 1, dryRun: false })
      assert.equal((await store.undoImport(importId, UNDONE_AT)).removed, 1)
      await assertTotal(ledger, [])
    })

    it('leaves a gap in place of a numbered delivery, which no longer completes its feed', async (t) => {
      const { store, feed } = await openLedger(t, engine)
      const ids = []
      for (const number of [1, 2, 3]) {
        const { id } = await store.beginImport(anImportStart(feed, { startedAt: NOW + number }))
        const facts = {
          sequence: { stream: 's', number },
          completeThrough: NOW - 7_200 + number,
          usageFrom: null,
        }
        const end = {
          status: 'done',
          finishedAt: NOW + number,
          checksum: null,
          error: null,
        } as const
        await store.finishImport(id, { ...end, facts })
        ids.push(id)
      }
      await store.undoImport(ids[1]!, UNDONE_AT)
      const progress = (await store.listFeedProgress()).find(({ feedId }) => feedId === feed.id)!
      const gaps = feedGaps(progress)
      assert.deepEqual(
        gaps.map(({ stream, from, to }) => [stream, from, to]),
        [['s', 2, 2]],
      )
    })

    it('touches nothing of another feed', async (t) => {
      const ledger = await openLedger(t, engine)
      const other = await ledger.store.createFeed(aFeed())
      const { id } = await ledger.store.beginImport(anImportStart(other))
      const record = ledger.event({ at: AT, upload: 3 })
      await ledger.append([record])
      await ledger.store.append(aBatch({ importId: id, feed: other, events: [record] }))
      await ledger.store.undoImport(ledger.importId, UNDONE_AT)
      await assertTotal(ledger, total(3))
    })
  })

  describe('undoing an import of readings', () => describeUndoneReadings(engine))
}

const FROM = instant('2026-03-08T00:00:00Z')
const SERIES = ['s1', 's2'] as const

function describeUndoneReadings(engine: Engine): void {
  const reading = (ledger: Ledger, hour: number, upload: number, is32Bit = false) =>
    ledger.event({
      recordId: 's1',
      occurredAt: FROM + hour * 3_600,
      upload,
      reading: { is32Bit },
    })

  it('returns the share of a removed one to the next', async (t) => {
    const ledger = await openLedger(t, engine)
    await ledger.append([reading(ledger, 1, 100), reading(ledger, 30, 150)])
    const second = await anotherImport(ledger)
    await second.append([reading(ledger, 2, 110), reading(ledger, 29, 120)])
    await ledger.store.undoImport(second.id, UNDONE_AT)
    assert.deepEqual(await ledger.simUsage({ granularity: 'hourly' }), [
      '2026-03-08T01:00:00Z home US 100/0/0/0',
      '2026-03-09T06:00:00Z home US 50/0/0/0',
    ])
    await ledger.assertAuditClean()
    await ledger.store.undoImport(ledger.importId, UNDONE_AT)
    await assertTotal(ledger, [])
  })

  it('restores a replaced one as it was read, with its counters’ width', async (t) => {
    const ledger = await openLedger(t, engine, { onConflict: 'replace' })
    const nearlyFull = 2 ** 32 - 10
    await ledger.append([reading(ledger, 1, nearlyFull, true), reading(ledger, 2, 20, true)])
    const second = await anotherImport(ledger)
    // With 64 bits, it is a fall, which adds nothing.
    await second.append([reading(ledger, 2, 30, false)])
    await assertTotal(ledger, total(nearlyFull))
    const { restored } = await ledger.store.undoImport(second.id, UNDONE_AT)
    assert.equal(restored, 1)
    await assertTotal(ledger, total(nearlyFull + 30))
    assert.deepEqual(await ledger.simUsage({ granularity: 'hourly' }), [
      `2026-03-08T01:00:00Z home US ${nearlyFull}/0/0/0`,
      '2026-03-08T02:00:00Z home US 30/0/0/0',
    ])
    const third = await anotherImport(ledger)
    assert.equal((await third.append([reading(ledger, 2, 20, true)])).counts.duplicate, 1)
  })

  it('allows usage in place of a reading', async (t) => {
    const ledger = await openLedger(t, engine)
    const first = reading(ledger, 1, 100)
    await ledger.append([first])
    await ledger.store.undoImport(ledger.importId, UNDONE_AT)
    const second = await anotherImport(ledger)
    assert.equal((await second.append([{ ...first, reading: null }])).counts.accepted, 1)
    await assertTotal(ledger, total(100))
  })

  const anyRecord = fc.record({
    series: fc.constantFrom(...SERIES),
    hour: fc.nat({ max: 8 }),
    upload: fc.oneof(fc.nat({ max: 5 }), fc.constantFrom(2 ** 32 - 10, 2 ** 32 - 1)),
    traits: fc.record({ is32Bit: fc.boolean(), resets: fc.constantFrom(...RESETS) }),
    isAbroad: fc.boolean(),
    isReading: fc.boolean(),
  })
  const anyHistory = fc.record({
    batches: fc.array(
      fc.record({
        by: fc.nat({ max: IMPORTS - 1 }),
        records: fc.array(anyRecord, { minLength: 1, maxLength: 10 }),
      }),
      { minLength: 2, maxLength: 7 },
    ),
    undone: fc.uniqueArray(fc.nat({ max: IMPORTS - 1 }), { minLength: 1 }),
    sealsAfter: fc.nat({ max: 6 }),
  })

  for (const onConflict of ['reject', 'replace', 'max'] as const satisfies ConflictPolicy[]) {
    it(`leaves usage as if the import had never come, under ${onConflict}`, async (t) => {
      await fc.assert(
        fc.asyncProperty(anyHistory, async ({ batches, undone, sealsAfter }) => {
          const ledger = await openLedger(t, engine, { onConflict })
          const imports: Awaited<ReturnType<typeof anotherImport>>[] = []
          for (let by = 0; by < IMPORTS; by++) {
            imports.push(await anotherImport(ledger, NOW, accountOf(ledger, by)))
          }
          const deliveries: Delivery[] = []
          let line = 0
          for (const [i, { by, records }] of batches.toSorted((a, b) => a.by - b.by).entries()) {
            const isAccounts = accountOf(ledger, by) !== null
            const events = records.map(({ series, hour, traits, isAbroad, upload, ...record }) => {
              const isReading = record.isReading && !isAccounts
              return ledger.event({
                recordId: `${series}${isReading}`,
                occurredAt: FROM + hour * 10_000,
                upload,
                reading: isReading ? traits : null,
                serving: isAbroad ? abroad('FR') : AT_HOME,
                line: ++line,
              })
            })
            for (const event of events) {
              const delivery = { by, isAccounts, event }
              if (isCounted(deliveries, delivery, onConflict)) deliveries.push(delivery)
            }
            await imports[by]!.append(events)
            if (i === sealsAfter) while (await ledger.store.sealNextDay(NOW));
          }
          for (const [n, by] of undone.entries()) {
            const left = undone.slice(0, n + 1)
            await undoAsAnnounced(ledger, imports[by]!.id)
            const came = deliveries.filter((delivery) => !left.includes(delivery.by))
            await assertCounted(ledger, counted(came, onConflict))
          }
          // What is gone comes back once, and what is there stays as it is.
          const again = await anotherImport(ledger)
          const came = deliveries.filter(({ by }) => !undone.includes(by))
          const keys = new Set(came.map(({ event }) => identityOf(event)))
          const gone = Map.groupBy(
            deliveries.filter(({ event }) => !keys.has(identityOf(event))),
            ({ event }) => identityOf(event),
          )
          const firsts = [...gone.values()].map(([first]) => first!.event)
          const { counts } = await again.append(firsts)
          assert.deepEqual(counts, { ...NO_VERDICTS, accepted: firsts.length })
          await ledger.assertAuditClean()
          await ledger.temp.dispose()
        }),
        { numRuns: share(3, 8), seed: 20_260_315 },
      )
    })
  }
}

/** Undoes an import, and checks that a trial before it announces the result and changes nothing. */
async function undoAsAnnounced(ledger: Ledger, importId: number): Promise<void> {
  const { store } = ledger
  const before = await usageByPlace(ledger)
  const { import: found, changes, months, ...announced } = await store.tryUndo(importId, UNDONE_AT)
  assert.deepEqual(await usageByPlace(ledger), before)
  assert.deepEqual(found, await store.findImport(importId))
  const { import: _, ...counts } = await store.undoImport(importId, UNDONE_AT)
  assert.deepEqual(announced, counts)
  const expected = new Map(before)
  for (const { zone, country, upload } of changes) {
    const place = `${zone} ${country}`
    expected.set(place, (expected.get(place) ?? 0n) + upload)
  }
  const after = new Map([...expected].filter(([, upload]) => upload !== 0n).sort())
  assert.deepEqual(await usageByPlace(ledger), after)
  const uploads = (told: readonly { readonly upload: bigint }[]) =>
    told.reduce((sum, { upload }) => sum + upload, 0n)
  assert.equal(uploads(months), uploads(changes))
}

async function usageByPlace({ store, sim }: Ledger): Promise<Map<string, bigint>> {
  const period = { start: FROM, end: FROM + 10 * 86_400, granularity: 'all' } as const
  const groups = await store.queryUsage({ scope: { simId: sim.id }, ...period })
  const used = groups.filter(({ upload }) => upload > 0)
  return new Map(
    used
      .map(({ zone, country, upload }): [string, bigint] => [`${zone} ${country}`, BigInt(upload)])
      .sort(),
  )
}

const IMPORTS = 5

/** Every third import is delivered by the account's own key. */
function accountOf({ account }: Ledger, by: number): number | null {
  return by % 3 === 1 ? account.id : null
}

interface Delivery {
  readonly by: number
  readonly isAccounts: boolean
  readonly event: UsageEvent
}

function identityOf({ recordId, occurredAt }: UsageEvent): string {
  return `${recordId} ${occurredAt}`
}

function contentOf({ event: { upload, serving } }: Delivery): string {
  return `${upload} ${serving.plmn}`
}

/** False for a conflict, which waits in quarantine whatever is undone. */
function isCounted(before: readonly Delivery[], came: Delivery, policy: string): boolean {
  const ofEvent = before.filter(({ event }) => identityOf(event) === identityOf(came.event))
  const operators = ofEvent.filter(({ isAccounts }) => !isAccounts)
  const isKnown = (known: readonly Delivery[]) =>
    known.some((delivery) => contentOf(delivery) === contentOf(came))
  if (came.isAccounts) {
    if (isKnown(ofEvent)) return true
    return operators.length === 0 && (policy !== 'reject' || ofEvent.length === 0)
  }
  return policy !== 'reject' || operators.length === 0 || isKnown(operators)
}

/**
 * What counts for each event when these deliveries come one after another: the operator's versions, or
 * the account's if there are no others.
 */
function counted(deliveries: readonly Delivery[], policy: string): UsageEvent[] {
  const events = Map.groupBy(deliveries, ({ event }) => identityOf(event))
  return [...events.values()].map((all) => {
    const operators = all.filter(({ isAccounts }) => !isAccounts)
    const ranked = operators.length > 0 ? operators : all
    const firsts = [...Map.groupBy(ranked, contentOf).values()].map(([first]) => first!)
    if (policy === 'reject') return firsts[0]!.event
    if (policy === 'replace') return firsts.at(-1)!.event
    return firsts.reduce((most, { event }) => {
      const isLarger =
        event.upload > most.upload ||
        (event.upload === most.upload && event.serving.plmn! > most.serving.plmn!)
      return isLarger ? event : most
    }, firsts[0]!.event)
  })
}

/** Asserts what the remaining versions come to, by hour, zone and upload. */
async function assertCounted(ledger: Ledger, left: readonly UsageEvent[]) {
  const sums = new Map<string, bigint>()
  for (const list of Map.groupBy(left, ({ recordId }) => recordId).values()) {
    const sorted = list.sort((a, b) => a.occurredAt - b.occurredAt)
    const readings = sorted.filter(({ reading }) => reading !== null)
    const grown = modelUsage(readings.map((event) => ({ ...event, traits: event.reading! })))
    sorted.forEach(({ occurredAt, upload, serving, reading }, i) => {
      const used = BigInt(reading === null ? upload : grown[i]!.upload)
      const key = `${occurredAt - (occurredAt % 3_600)} ${serving.zone}`
      sums.set(key, (sums.get(key) ?? 0n) + used)
    })
  }
  const expected = [...sums].filter(([, sum]) => sum > 0n).sort()
  const period = { start: FROM, end: FROM + 5 * 86_400, granularity: 'hourly' } as const
  for (const scope of [{ simId: ledger.sim.id }, { accountId: ledger.account.id }]) {
    const groups = await ledger.store.queryUsage({ scope, ...period })
    const stored = groups
      .filter(({ upload }) => upload > 0)
      .map(({ bucketStart, zone, upload }): [string, bigint] => [
        `${bucketStart} ${zone}`,
        BigInt(upload),
      ])
    assert.deepEqual(stored.sort(), expected)
  }
  await ledger.assertAuditClean()
}
