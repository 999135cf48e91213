/** What feeds have delivered, what is missing, and how far they are complete. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { feedGaps, NO_DELIVERIES } from '../../src/domain/completeness.ts'
import { NO_SERIES_COUNTS } from '../../src/domain/counter-series.ts'
import type { Feed } from '../../src/domain/directory.ts'
import { type DeliveryFacts, NO_FACTS, NO_VERDICTS } from '../../src/domain/import.ts'
import type { UsageStore } from '../../src/storage/usage-store.ts'
import {
  aBatch,
  aFeed,
  anAccount,
  anImportStart,
  aQuarantinedRecord,
  instant,
  NOW,
} from '../support/builders.ts'
import { type Engine, failureOf, type Ledger, openEmpty, openLedger, reopen } from './engine.ts'

const HOUR = 3_600
/** 48 hours before `NOW`, as a whole hour. */
const SETTLED = instant('2026-03-13T12:00:00Z')

interface Brought {
  readonly status?: 'done' | 'failed'
  readonly startedAt?: number
  readonly source?: string
  readonly facts?: DeliveryFacts
}

async function bring(store: UsageStore, feed: Feed, brought: Brought = {}) {
  const { status = 'done', startedAt = NOW, source = 'usage.csv', facts } = brought
  const { id } = await store.beginImport(anImportStart(feed, { startedAt, source }))
  const end = { status, finishedAt: startedAt + 9, checksum: null, error: null }
  return store.finishImport(id, { ...end, ...(facts && { facts }) })
}

const numbered = (number: number, cutOff: number | null = null): DeliveryFacts => ({
  sequence: { stream: 'A→B', number },
  completeThrough: cutOff,
  usageFrom: null,
})

async function progressOf(store: UsageStore, feed: Feed) {
  return (await store.listFeedProgress()).find(({ feedId }) => feedId === feed.id)!
}

async function missing(store: UsageStore, feed: Feed): Promise<string[]> {
  return feedGaps(await progressOf(store, feed)).map(
    ({ stream, from, to, acceptance }) =>
      `${stream} ${from}-${to}${acceptance === null ? '' : ` ${acceptance.by}: ${acceptance.reason}`}`,
  )
}

export function describeFeedProgress(engine: Engine): void {
  describe('the progress of a feed', () => describeProgress(engine))
  describe('a gap that is accepted', () => describeAcceptance(engine))
  describe('a feed that is changed', () => describeChanges(engine))
  describe('the completeness of the feeds of an account', () => describeAccount(engine))
  describe('the totals of a feed', () => describeTotals(engine))
}

function describeProgress(engine: Engine): void {
  it('is empty at first', async (t) => {
    const { store } = await openEmpty(t, engine)
    assert.deepEqual(await store.listFeedProgress(), [])
    const feed = await store.createFeed(aFeed())
    assert.deepEqual(await store.listFeedProgress(), [
      {
        feedId: feed.id,
        deliveries: NO_DELIVERIES,
        acceptances: [],
        completeThrough: null,
        completeFrom: null,
        series: NO_SERIES_COUNTS,
      },
    ])
  })

  it('includes deliveries that are done, and no others', async (t) => {
    const { store } = await openEmpty(t, engine)
    const feed = await store.createFeed(aFeed())
    const other = await store.createFeed(aFeed())
    await store.beginImport(anImportStart(feed, { startedAt: NOW + 100 }))
    await bring(store, feed, { status: 'failed', facts: numbered(7), startedAt: NOW + 100 })
    assert.equal((await progressOf(store, feed)).deliveries.newestAt, null)
    await bring(store, feed)
    const { deliveries, completeThrough } = await progressOf(store, feed)
    assert.deepEqual([deliveries.newestAt, completeThrough], [NOW, SETTLED])
    assert.equal((await progressOf(store, other)).completeThrough, null)
  })

  it('is kept with what every delivery said about itself', async (t) => {
    const { store, url } = await openEmpty(t, engine)
    const feed = await store.createFeed(aFeed())
    const cutOff = instant('2026-03-15T04:30:00Z')
    const first = await bring(store, feed, { facts: numbered(99_998, cutOff - 2 * HOUR) })
    assert.deepEqual(first.facts, numbered(99_998, cutOff - 2 * HOUR))
    const plain = await bring(store, feed)
    assert.deepEqual(plain.facts, NO_FACTS)
    await bring(store, feed, { facts: numbered(2, cutOff), startedAt: NOW + 60 })
    const progress = await progressOf(store, feed)
    assert.equal(progress.completeThrough, instant('2026-03-15T02:00:00Z'))
    const [gap] = feedGaps(progress)
    assert.deepEqual([gap!.from, gap!.to, gap!.openedAt], [99_999, 1, NOW + 60])
    await store.close()
    const again = await reopen(t, engine, url)
    assert.deepEqual(await progressOf(again, feed), progress)
    assert.deepEqual(await again.findImport(first.id), first)
    for (const number of [99_999, 1]) await bring(again, feed, { facts: numbered(number) })
    const filled = await progressOf(again, feed)
    assert.deepEqual(feedGaps(filled), [])
    assert.equal(filled.completeThrough, instant('2026-03-15T04:00:00Z'))
  })

  it('loses no delivery when two stores add many at once', async (t) => {
    const { store, url } = await openEmpty(t, engine)
    const feed = await store.createFeed(aFeed())
    const beside = await reopen(t, engine, url)
    const numbers = Array.from({ length: 24 }, (_, i) => i + 1).filter((number) => number !== 17)
    await Promise.all(
      numbers.map((number) =>
        bring(number % 2 === 0 ? store : beside, feed, { facts: numbered(number) }),
      ),
    )
    assert.deepEqual(await missing(store, feed), ['A→B 17-17'])
  })

  it('goes by the number in the file name if the feed has a matching pattern', async (t) => {
    const { store } = await openEmpty(t, engine)
    const sequencePattern = '^(?<stream>\\w+)-(?<sequence>\\d+)\\.csv$'
    const feed = await store.createFeed(aFeed({ sequencePattern }))
    assert.deepEqual(await store.findFeed(feed.name), feed)
    assert.equal(feed.sequencePattern, sequencePattern)
    for (const source of ['in/x-1.csv', 'in/x-4.csv', 'y-7.csv', 'other.csv']) {
      await bring(store, feed, { source })
    }
    assert.deepEqual(await missing(store, feed), ['x 2-3'])
  })
}

function describeAcceptance(engine: Engine): void {
  it('is listed with who and why, and holds nothing back any more', async (t) => {
    const { store, url } = await openEmpty(t, engine)
    const feed = await store.createFeed(aFeed())
    const other = await store.createFeed(aFeed())
    const hour = instant('2026-03-15T00:00:00Z')
    for (const to of [feed, other]) {
      for (const number of [1, 5]) {
        await bring(store, to, { facts: numbered(number, hour + number * HOUR) })
      }
    }
    const gap = { stream: 'A→B', from: 2, to: 3 }
    const acceptance = { by: 'Ada', reason: 'never "made"', at: NOW + 5 }
    const accepted = await store.acceptGap(feed.id, gap, acceptance)
    assert.deepEqual(accepted, await progressOf(store, feed))
    assert.deepEqual(accepted.acceptances, [{ stream: 'A→B', first: 2, last: 3, ...acceptance }])
    assert.deepEqual(await missing(store, feed), ['A→B 2-3 Ada: never "made"', 'A→B 4-4'])
    assert.equal(accepted.completeThrough, hour + HOUR)
    const beside = await reopen(t, engine, url)
    await beside.acceptGap(feed.id, { ...gap, from: 4, to: 4 }, acceptance)
    assert.equal((await progressOf(store, feed)).completeThrough, hour + 5 * HOUR)
    await bring(store, feed, { facts: numbered(6, hour + 6 * HOUR) })
    assert.equal((await progressOf(store, feed)).completeThrough, hour + 6 * HOUR)
    assert.deepEqual(await missing(store, other), ['A→B 2-4'])
  })

  it('is refused if nothing of it is missing, and nothing is kept', async (t) => {
    const { store } = await openEmpty(t, engine)
    const feed = await store.createFeed(aFeed())
    for (const number of [1, 5]) await bring(store, feed, { facts: numbered(number) })
    const acceptance = { by: 'Ada', reason: 'x', at: NOW }
    const accept = (feedId: number, gap: { stream: string; from: number; to: number | null }) =>
      failureOf('not_found', store.acceptGap(feedId, gap, acceptance))
    const tooLong = await accept(feed.id, { stream: 'A→B', from: 2, to: 5 })
    assert.equal(tooLong.hint, 'missing: 2 to 4')
    await accept(feed.id, { stream: 'B→A', from: 2, to: 3 })
    await accept(feed.id, { stream: 'A→B', from: 5, to: null })
    await accept(feed.id + 1, { stream: 'A→B', from: 2, to: 3 })
    assert.deepEqual((await progressOf(store, feed)).acceptances, [])
  })

  it('may be the end of a stream', async (t) => {
    const { store } = await openEmpty(t, engine)
    const feed = await store.createFeed(aFeed())
    await bring(store, feed, { facts: numbered(1, NOW - 99 * HOUR) })
    const sequence = { stream: 'other', number: 1 }
    await bring(store, feed, { facts: { sequence, completeThrough: null, usageFrom: null } })
    const acceptance = { by: 'Ada', reason: 'contract ended', at: NOW }
    const end = { stream: 'A→B', from: 2, to: null }
    const { completeThrough } = await store.acceptGap(feed.id, end, acceptance)
    assert.equal(completeThrough, SETTLED)
  })
}

function describeChanges(engine: Engine): void {
  it('is complete by its new settle time', async (t) => {
    const { store } = await openEmpty(t, engine)
    const feed = await store.createFeed(aFeed({ settleSeconds: 6 * HOUR }))
    await bring(store, feed)
    assert.equal((await progressOf(store, feed)).completeThrough, SETTLED + 42 * HOUR)
    const changed = await store.updateFeed(feed.id, { settleSeconds: 24 * HOUR })
    assert.deepEqual(changed, { ...feed, settleSeconds: 24 * HOUR })
    assert.deepEqual(await store.findFeed(feed.name), changed)
    assert.equal((await progressOf(store, feed)).completeThrough, SETTLED + 24 * HOUR)
  })

  it('has the gaps of all its deliveries by its new pattern, and keeps accepted ones', async (t) => {
    const { store } = await openEmpty(t, engine)
    const feed = await store.createFeed(aFeed())
    for (const number of [1, 4, 5]) await bring(store, feed, { source: `u${number}.csv` })
    await bring(store, feed, { status: 'failed', source: 'u9.csv' })
    assert.deepEqual(await missing(store, feed), [])
    const sequencePattern = 'u(?<sequence>\\d+)'
    assert.equal((await store.updateFeed(feed.id, { sequencePattern })).settleSeconds, 172_800)
    assert.deepEqual(await missing(store, feed), [' 2-3'])
    await store.acceptGap(
      feed.id,
      { stream: '', from: 2, to: 2 },
      { by: 'B', reason: 'r', at: NOW },
    )
    assert.deepEqual(await store.updateFeed(feed.id, { sequencePattern: null }), feed)
    assert.deepEqual(await missing(store, feed), [])
    await store.updateFeed(feed.id, { sequencePattern })
    assert.deepEqual(await missing(store, feed), [' 2-2 B: r', ' 3-3'])
  })

  it('changes only what is stated', async (t) => {
    const ledger = await openLedger(t, engine)
    const { store, feed } = ledger
    await ledger.append([ledger.event({ upload: 1 })])
    const before = await ledger.simUsage()
    const changes = {
      name: 'another',
      format: 'mapped',
      settings: { mapping: 'soracom' },
      onConflict: 'max',
      defaultZone: 'national_roaming',
    } as const
    const changed = await store.updateFeed(feed.id, changes)
    assert.deepEqual(changed, { ...feed, ...changes })
    assert.deepEqual(await store.findFeed('another'), changed)
    assert.equal(await store.findFeed(feed.name), null)
    assert.equal((await store.findImport(ledger.importId))?.feedName, 'another')
    assert.deepEqual(await store.updateFeed(feed.id, { defaultZone: null }), {
      ...changed,
      defaultZone: null,
    })
    assert.deepEqual(await ledger.simUsage(), before)
    await ledger.assertAuditClean()
  })

  it('cannot take the name of another feed', async (t) => {
    const { store } = await openEmpty(t, engine)
    const feed = await store.createFeed(aFeed())
    const other = await store.createFeed(aFeed())
    await failureOf('conflict', store.updateFeed(feed.id, { name: other.name }))
    assert.deepEqual(await store.findFeed(feed.name), feed)
    assert.deepEqual(await store.updateFeed(feed.id, { name: feed.name }), feed)
  })

  it('has to exist', async (t) => {
    const { store } = await openEmpty(t, engine)
    await failureOf('not_found', store.updateFeed(7, { settleSeconds: 1 }))
  })
}

function describeAccount(engine: Engine): void {
  const use = async (ledger: Ledger, feed: Feed, brought: Brought = {}) => {
    const { store } = ledger
    const { startedAt = NOW } = brought
    const { id } = await store.beginImport(anImportStart(feed, { startedAt }))
    await store.append(aBatch({ importId: id, feed, events: [ledger.event({})] }))
    return (status: 'done' | 'failed' = 'done') =>
      store.finishImport(id, { status, finishedAt: NOW + 9, checksum: null, error: null })
  }

  it('is that of each feed that brought its usage', async (t) => {
    const ledger = await openLedger(t, engine)
    const { store, account, feed } = ledger
    const through = async () =>
      (await store.accountCoverage(account.id))
        .map(({ completeThrough }) => String(completeThrough))
        .toSorted()
    assert.deepEqual(await through(), [])
    const finish = await use(ledger, feed)
    assert.deepEqual(await through(), ['null'])
    await finish()
    assert.deepEqual(await through(), [String(SETTLED)])
    await (await use(ledger, feed, { startedAt: NOW + HOUR }))()
    await (await use(ledger, feed, { startedAt: NOW - HOUR }))()
    await (await use(ledger, feed, { startedAt: NOW + 9 * HOUR }))('failed')
    assert.deepEqual(await through(), [String(SETTLED + HOUR)])
    const finishSecond = await use(ledger, await store.createFeed(aFeed()))
    assert.deepEqual(await through(), [String(SETTLED + HOUR), 'null'])
    await finishSecond()
    assert.deepEqual(await through(), [String(SETTLED), String(SETTLED + HOUR)])
  })

  it('does not include feeds that only brought usage of others', async (t) => {
    const ledger = await openLedger(t, engine)
    const other = await ledger.store.createAccount(anAccount())
    await (await use(ledger, ledger.feed))()
    assert.deepEqual(await ledger.store.accountCoverage(other.id), [])
  })

  it('counts a delivery that brought nothing new, too', async (t) => {
    const ledger = await openLedger(t, engine)
    const { store, account, feed } = ledger
    await use(ledger, feed)
    await bring(store, feed, { startedAt: NOW + HOUR })
    const [coverage] = await store.accountCoverage(account.id)
    assert.equal(coverage!.completeThrough, SETTLED + HOUR)
  })

  it('begins with the first delivery of usage to end, whatever the clocks say', async (t) => {
    const ledger = await openLedger(t, engine)
    const { store, account, feed } = ledger
    await use(ledger, feed)
    const from = async () => (await store.accountCoverage(account.id))[0]!.completeFrom
    assert.equal(await from(), null)
    const bringing = (usageFrom: number | null, startedAt: number) =>
      bring(store, feed, { startedAt, facts: { ...NO_FACTS, usageFrom } })
    await bringing(null, NOW)
    assert.equal(await from(), null)
    // The clock is two years ahead, and then right again.
    const first = await bringing(NOW - 10 * HOUR, NOW + 700 * 24 * HOUR)
    await bringing(NOW - 999 * HOUR, NOW)
    const floored = NOW - 10 * HOUR - (NOW % HOUR)
    assert.equal(await from(), floored)
    await store.updateFeed(feed.id, {})
    assert.equal(await from(), floored)
    await store.undoImport(first.id, NOW)
    assert.equal(await from(), NOW - 999 * HOUR - (NOW % HOUR))
    await store.updateFeed(feed.id, { coversFrom: NOW - 5 * HOUR })
    assert.equal(await from(), NOW - 5 * HOUR - (NOW % HOUR))
    await ledger.assertAuditClean()
  })

  it('is what a retirement leaves of it', async (t) => {
    const ledger = await openLedger(t, engine)
    const { store, account, feed } = ledger
    await (await use(ledger, feed))()
    const retirement = { at: NOW - HOUR, reason: 'contract ended' }
    assert.deepEqual((await store.updateFeed(feed.id, { retirement })).retirement, retirement)
    const [coverage] = await store.accountCoverage(account.id)
    assert.equal(coverage!.retiredAt, NOW - HOUR)
    assert.equal(coverage!.completeThrough, SETTLED)
    await store.updateFeed(feed.id, { retirement: null })
    assert.equal((await store.accountCoverage(account.id))[0]!.retiredAt, null)
    await failureOf(
      'invalid',
      store.updateFeed(feed.id, { lateSeconds: 9 * HOUR, overdueSeconds: HOUR }),
    )
  })
}

function describeTotals(engine: Engine): void {
  it('count its imports, their verdicts, and what waits in quarantine', async (t) => {
    const ledger = await openLedger(t, engine)
    const { store, feed } = ledger
    const idle = await store.createFeed(aFeed())
    const same = ledger.event({ recordId: 'same', upload: 1 })
    const quarantined = [aQuarantinedRecord('a'), aQuarantinedRecord('b', { reason: 'future' })]
    await ledger.append([ledger.event({}), same, same], { quarantined, expired: 3 })
    await ledger.append([{ ...same, upload: 2 }], { quarantined: [aQuarantinedRecord('a')] })
    await bring(store, feed)
    await bring(store, feed)
    await bring(store, feed, { status: 'failed' })
    assert.deepEqual(await store.listFeedTotals(), [
      {
        feedId: feed.id,
        imports: { running: 1, done: 2, failed: 1, undone: 0 },
        counts: { accepted: 2, duplicate: 1, replaced: 0, quarantined: 4, expired: 3 },
        waiting: { unknown_sim: 1, future: 1, conflict: 1 },
      },
      {
        feedId: idle.id,
        imports: { running: 0, done: 0, failed: 0, undone: 0 },
        counts: NO_VERDICTS,
        waiting: {},
      },
    ])
  })
}
