/** The ledger rows behind a number: which, in which order, and where each came from. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { addCounters } from '../../src/domain/counters.ts'
import type { CountryCode } from '../../src/domain/country.ts'
import type { LedgerEntry, LedgerFilter, LedgerPosition } from '../../src/domain/ledger-entry.ts'
import { NO_USAGE, type UsageGroup, type UsageSums } from '../../src/domain/usage-query.ts'
import {
  AT_HOME,
  aBatch,
  abroad,
  aFeed,
  anImportStart,
  instant,
  NATIONAL,
  NOW,
} from '../support/builders.ts'
import { share } from '../support/volume.ts'
import { type Engine, type Ledger, openLedger, register } from './engine.ts'

const YEAR = { start: instant('2026-01-01T00:00:00Z'), end: instant('2027-01-01T00:00:00Z') }

function list(ledger: Ledger, filter: Partial<LedgerFilter> = {}, limit = 1_000) {
  return ledger.store.listUsageEvents({ simId: ledger.sim.id, ...YEAR, ...filter }, { limit })
}

const idsOf = (entries: readonly LedgerEntry[]) => entries.map(({ recordId }) => recordId)

export function describeUsageEvents(engine: Engine): void {
  describe('usage events of a SIM', () => {
    it('are empty if nothing was delivered, even over all time', async (t) => {
      const ledger = await openLedger(t, engine)
      assert.deepEqual(await list(ledger), [])
      const allTime = { start: instant('0001-01-01T00:00:00Z'), end: 253_402_300_799 }
      assert.deepEqual(await list(ledger, allTime), [])
      await ledger.append([ledger.event({ at: '2026-03-14T10:00:00Z', recordId: 'a' })])
      assert.deepEqual(idsOf(await list(ledger, allTime)), ['a'])
      assert.deepEqual(await list(ledger, { start: YEAR.end, end: YEAR.start }), [])
    })

    it('have everything that the record stated, and its origin', async (t) => {
      const ledger = await openLedger(t, engine)
      const { store, feed, importId } = ledger
      const serving = { ...abroad('FR'), countryStated: true, zoneStated: true }
      const counters = { upload: Number.MAX_SAFE_INTEGER, download: 2, toSim: 3, fromSim: 4 }
      const at = '2026-03-14T10:20:30Z'
      await ledger.append(
        [ledger.event({ recordId: 'ü "1"', at, line: 77, serving, ...counters })],
        {
          knownAt: NOW + 5,
        },
      )
      const second = await store.createFeed(aFeed())
      const other = await store.beginImport(anImportStart(second, { source: 'märz.csv.gz' }))
      const unknown = { ...AT_HOME, plmn: null, country: null, zoneStated: true }
      const events = [ledger.event({ recordId: 'b', at, serving: unknown })]
      await store.append(aBatch({ importId: other.id, feed: second, events }))
      assert.deepEqual(await list(ledger), [
        {
          occurredAt: instant(at),
          feedId: feed.id,
          feedName: feed.name,
          recordId: 'ü "1"',
          ...counters,
          serving,
          importId,
          source: 'usage.csv',
          line: 77,
          knownAt: NOW + 5,
          replaced: [],
          isCounted: true,
          reading: null,
          undone: [],
        },
        {
          occurredAt: instant(at),
          feedId: second.id,
          feedName: second.name,
          recordId: 'b',
          upload: 0,
          download: 0,
          toSim: 0,
          fromSim: 0,
          serving: unknown,
          importId: other.id,
          source: 'märz.csv.gz',
          line: 1,
          knownAt: NOW,
          replaced: [],
          isCounted: true,
          reading: null,
          undone: [],
        },
      ])
    })

    it('include the second of the start, but not that of the end', async (t) => {
      const ledger = await openLedger(t, engine)
      const instants = ['2026-03-13T23:59:59Z', '2026-03-14T00:00:00Z', '2026-03-14T23:59:59Z']
      await ledger.append(instants.map((at) => ledger.event({ at, recordId: at })))
      const ids = async (start: string, end: string) =>
        idsOf(await list(ledger, { start: instant(start), end: instant(end) }))
      assert.deepEqual(await ids(instants[0]!, instants[1]!), [instants[0]])
      assert.deepEqual(await ids(instants[1]!, instants[2]!), [instants[1]])
      assert.deepEqual(await ids(instants[1]!, '2026-03-15T00:00:00Z'), instants.slice(1))
      assert.deepEqual(await ids(instants[1]!, instants[1]!), [])
    })

    it('are ordered by time, then feed, then the bytes of the record id', async (t) => {
      const ledger = await openLedger(t, engine)
      const { store } = ledger
      const late = ledger.event({ at: '2026-03-14T10:00:01Z', recordId: '0' })
      const ids = ['é', 'b', 'a', 'A', '_', '10', '9', '\u{1f600}', '\uffee']
      const same = ids.map((recordId) => ledger.event({ at: '2026-03-14T10:00:00Z', recordId }))
      const early = ledger.event({ at: '2026-03-13T10:00:00Z', recordId: 'z' })
      const second = await store.createFeed(aFeed())
      const { id: importId } = await store.beginImport(anImportStart(second))
      const ofSecond = ledger.event({ at: '2026-03-14T10:00:00Z', recordId: '!' })
      await store.append(aBatch({ importId, feed: second, events: [ofSecond] }))
      await ledger.append([late, ...same, early])
      const inOrder = ids.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      assert.deepEqual(idsOf(await list(ledger)), ['z', ...inOrder, '!', '0'])
    })

    it('are only those of the SIM', async (t) => {
      const ledger = await openLedger(t, engine)
      const other = await register(ledger.store, ledger.account)
      await ledger.append([
        ledger.event({ recordId: 'mine' }),
        ledger.event({ recordId: 'other', simId: other.id }),
      ])
      assert.deepEqual(idsOf(await list(ledger)), ['mine'])
      assert.deepEqual(idsOf(await list(ledger, { simId: other.id })), ['other'])
    })

    it('can be limited to a zone, a country or a feed', async (t) => {
      const ledger = await openLedger(t, engine)
      const { store, feed } = ledger
      const servings = { home: AT_HOME, national: NATIONAL, fr: abroad('FR'), gb: abroad('GB') }
      await ledger.append(
        Object.entries(servings).map(([recordId, serving]) => ledger.event({ recordId, serving })),
      )
      const second = await store.createFeed(aFeed())
      const { id: importId } = await store.beginImport(anImportStart(second))
      const events = [ledger.event({ recordId: 'second', serving: abroad('FR') })]
      await store.append(aBatch({ importId, feed: second, events }))
      const ids = async (filter: Partial<LedgerFilter>) =>
        idsOf(await list(ledger, filter)).toSorted()
      assert.deepEqual(await ids({ zone: 'home' }), ['home'])
      assert.deepEqual(await ids({ zone: 'international_roaming' }), ['fr', 'gb', 'second'])
      assert.deepEqual(await ids({ country: 'FR' as CountryCode }), ['fr', 'second'])
      assert.deepEqual(await ids({ country: 'FR' as CountryCode, feedId: feed.id }), ['fr'])
      assert.deepEqual(await ids({ zone: 'home', country: 'FR' as CountryCode }), [])
      assert.deepEqual(await ids({ feedId: second.id }), ['second'])
    })

    it('continue after the last one, whatever was added meanwhile', async (t) => {
      const ledger = await openLedger(t, engine)
      const at = (day: number) => `2026-03-${String(day).padStart(2, '0')}T10:00:00Z`
      const event = (day: number, recordId: string) => ledger.event({ at: at(day), recordId })
      await ledger.append([event(1, 'a'), event(1, 'c'), event(1, 'd'), event(28, 'e')])
      const page = async (after?: LedgerPosition) =>
        ledger.store.listUsageEvents(
          { simId: ledger.sim.id, ...YEAR },
          { limit: 2, ...(after && { after }) },
        )
      const first = await page()
      assert.deepEqual(idsOf(first), ['a', 'c'])
      await ledger.append([event(1, 'b'), event(1, 'ca'), event(9, '0')])
      const second = await page(first.at(-1))
      assert.deepEqual(idsOf(second), ['ca', 'd'])
      const third = await page(second.at(-1))
      assert.deepEqual(idsOf(third), ['0', 'e'])
      assert.deepEqual(await page(third.at(-1)), [])
    })
  })

  describe('versions that were replaced', () => {
    it('appear with the event, oldest first, each with its origin', async (t) => {
      const ledger = await openLedger(t, engine, { onConflict: 'replace' })
      const { store, feed, importId } = ledger
      const version = (upload: number, line: number, serving = AT_HOME) =>
        ledger.event({ recordId: 'r', at: '2026-03-14T10:20:30Z', upload, line, serving })
      await ledger.append([version(1, 11), version(2, 12, abroad('FR'))], { knownAt: NOW + 1 })
      const later = await store.beginImport(anImportStart(feed, { source: 'fixed.csv' }))
      const events = [
        version(3, 7),
        ledger.event({ recordId: 'other', at: '2026-03-14T10:20:30Z' }),
      ]
      await store.append(aBatch({ importId: later.id, feed, events, knownAt: NOW + 2 }))
      const [other, event] = await list(ledger)
      assert.deepEqual([other!.recordId, other!.replaced], ['other', []])
      const { upload, source, line, knownAt, replaced } = event!
      assert.deepEqual([upload, source, line, knownAt], [3, 'fixed.csv', 7, NOW + 2])
      const from = { importId, source: 'usage.csv', knownAt: NOW + 1 }
      const nothing = { download: 0, toSim: 0, fromSim: 0 }
      assert.deepEqual(replaced, [
        {
          ...{ ...nothing, upload: 1, serving: AT_HOME, ...from, line: 11 },
          ...{ replacedAt: NOW + 1, replacedByImport: importId },
        },
        {
          ...{ ...nothing, upload: 2, serving: abroad('FR'), ...from, line: 12 },
          ...{ replacedAt: NOW + 2, replacedByImport: later.id },
        },
      ])
    })

    it('are found by the present place of the event, and do not count', async (t) => {
      const ledger = await openLedger(t, engine, { onConflict: 'replace' })
      const event = ledger.event({ recordId: 'r', upload: 1, serving: abroad('FR') })
      await ledger.append([event])
      await ledger.append([{ ...event, upload: 2, serving: abroad('GB') }])
      assert.deepEqual(await list(ledger, { country: 'FR' as CountryCode }), [])
      const [found] = await list(ledger, { country: 'GB' as CountryCode })
      assert.deepEqual([found!.upload, found!.replaced.length], [2, 1])
    })
  })

  describe('usage events and usage', () => {
    it('add up to the same, in every zone and country, on pages of any size', async (t) => {
      const ledger = await openLedger(t, engine, { onConflict: 'replace' })
      const from = instant('2026-03-01T00:00:00Z')
      const servings = [AT_HOME, NATIONAL, abroad('FR'), abroad('GB', '234-10')]
      const anyInstant = fc.oneof(
        fc.integer({ min: from, max: from + 40 * 86_400 }),
        fc.integer({ min: 0, max: 40 }).map((day) => from + day * 86_400),
        fc.integer({ min: 1, max: 40 }).map((day) => from + day * 86_400 - 1),
      )
      const anyEvent = fc.record({
        occurredAt: anyInstant,
        recordId: fc.integer({ min: 1, max: 3 }).map(String),
        upload: fc.nat(9),
        download: fc.nat(9),
        toSim: fc.nat(2),
        serving: fc.constantFrom(...servings),
      })
      const property = fc.asyncProperty(
        fc.array(anyEvent, { maxLength: 30 }),
        anyInstant,
        anyInstant,
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        async (events, a, b, pageSize, seals) => {
          // Each run adds to what earlier runs have left.
          await ledger.append(events.map((event) => ledger.event(event)))
          if (seals) await ledger.store.sealNextDay(from + 10 * 86_400)
          const period = { start: Math.min(a, b), end: Math.max(a, b) }
          const entries = await allPages(ledger, period, pageSize)
          const scope = { simId: ledger.sim.id }
          const groups = await ledger.store.queryUsage({ scope, ...period, granularity: 'all' })
          assert.deepEqual(sumsOf(entries.map(placed)), sumsOf(groups))
          for (const { zone, country } of groups) {
            const place = { zone, ...(country && { country }) }
            const there = await allPages(ledger, { ...period, ...place }, pageSize)
            const all = entries.filter(
              ({ serving }) => serving.zone === zone && serving.country === country,
            )
            assert.deepEqual(there, all)
          }
        },
      )
      await fc.assert(property, { numRuns: share(4, 12) })
      await ledger.assertAuditClean()
    })
  })
}

async function allPages(ledger: Ledger, filter: Partial<LedgerFilter>, limit: number) {
  const entries: LedgerEntry[] = []
  for (;;) {
    const after = entries.at(-1)
    const page = await ledger.store.listUsageEvents(
      { simId: ledger.sim.id, ...YEAR, ...filter },
      { limit, ...(after && { after }) },
    )
    entries.push(...page)
    if (page.length < limit) return entries
  }
}

type Placed = Pick<UsageGroup, 'zone' | 'country' | 'upload' | 'download' | 'toSim' | 'fromSim'>

function placed({
  serving: { zone, country },
  upload,
  download,
  toSim,
  fromSim,
}: LedgerEntry): Placed {
  return {
    zone,
    country,
    upload: BigInt(upload),
    download: BigInt(download),
    toSim: BigInt(toSim),
    fromSim: BigInt(fromSim),
  }
}

/** By zone and country; sums of zero are absent. */
function sumsOf(parts: readonly Placed[]): [string, UsageSums][] {
  const totals = new Map<string, UsageSums>()
  for (const part of parts) {
    const place = `${part.zone} ${part.country}`
    totals.set(place, addCounters(totals.get(place) ?? NO_USAGE, part))
  }
  return [...totals].filter(([, sums]) => Object.values(sums).some((sum) => sum > 0n)).toSorted()
}
