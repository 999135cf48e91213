/** A small store with rows in every table, for tests that look at all of them. */
import type { Feed, Sim } from '../../src/domain/directory.ts'
import type { UsageStore } from '../../src/storage/usage-store.ts'
import {
  aBatch,
  abroad,
  aFeed,
  anAccount,
  anEvent,
  anImportStart,
  aQuarantinedRecord,
  aSim,
  instant,
  NOW,
  newSimSid,
} from './builders.ts'
import { fillStore } from './moved-store.ts'

/** Earlier days are sealed and under checksum; later ones are not. */
export const SEALED_THROUGH = instant('2026-04-02T00:00:00Z')

/**
 * As `fillStore`, with an import that was undone, one that repeats, late records, checksums, a SIM that
 * has moved, and a drop folder.
 */
export async function makeRichStore(store: UsageStore): Promise<void> {
  await fillStore(store)
  const [known] = await store.listFeeds()
  const [{ id: simId, accountId }] = (await store.listSims({}, { limit: 1 })) as [Sim]
  const { id: importId } = await store.beginImport(anImportStart(known!))
  const april = ['2026-04-01T05:00:00Z', '2026-04-10T05:10:00Z'].map((time) =>
    anEvent({ simId, accountId, occurredAt: instant(time), upload: 9 }),
  )
  await store.append(aBatch({ importId, feed: known!, events: april }))
  while (await store.sealNextDay(SEALED_THROUGH));
  while (await store.checksumNextDay());
  const feed = await store.createFeed(
    aFeed({ onConflict: 'max', sequencePattern: 'n(?<sequence>\\d+)' }),
  )
  const of = { simId, accountId }
  // Late, into days under checksum. Then another import replaces one of them and is undone.
  const first = await store.beginImport(anImportStart(feed, { source: 'n1.csv' }))
  const at = (text: string) => ({ ...of, occurredAt: instant(text) })
  const events = [
    anEvent({ ...at('2026-03-01T10:20:30Z'), recordId: 'late', upload: 5 }),
    anEvent({ ...at('2026-04-10T10:20:30Z'), recordId: 'new', upload: 6, serving: abroad('FR') }),
  ]
  const quarantined = [aQuarantinedRecord('waits', { line: 7 })]
  await store.append(aBatch({ importId: first.id, feed, events, quarantined }))
  const end = { status: 'done', finishedAt: NOW, checksum: 'd'.repeat(64), error: null } as const
  const facts = { sequence: null, completeThrough: null, usageFrom: events[0]!.occurredAt }
  await store.finishImport(first.id, { ...end, facts })
  const second = await store.beginImport(anImportStart(feed, { source: 'n2.csv' }))
  const larger = events.map((event) => ({ ...event, upload: 50 }))
  await store.append(aBatch({ importId: second.id, feed, events: larger }))
  await store.finishImport(second.id, end)
  await store.undoImport(second.id, NOW)
  const third = await store.beginImport(anImportStart(feed, { source: 'n3.csv' }))
  await store.append(aBatch({ importId: third.id, feed, events }))
  await store.noteRestarts(third.id, [{ seriesPrefix: 'gw/', at: NOW }])
  await moveOne(store, third.id, feed)
  await store.noteDropFolder({
    feedId: feed.id,
    path: '/srv/drop',
    waiting: 1,
    waitingSince: NOW,
    failed: 2,
    leftAlone: 3,
    seenAt: NOW,
  })
}

/** With usage of both accounts, before and after the seal. */
async function moveOne(store: UsageStore, importId: number, feed: Feed): Promise<void> {
  const [from] = await store.listAccounts()
  const to = await store.createAccount(anAccount())
  const options = { at: NOW, newSid: newSimSid }
  const stated = aSim({ uniqueName: 'travels' })
  const [sim] = (await store.registerSims(from!.id, [stated], options)).sims
  const events = ['2026-04-01T06:00:00Z', '2026-04-10T06:00:00Z'].map((time) =>
    anEvent({ simId: sim!.id, accountId: from!.id, occurredAt: instant(time), upload: 3 }),
  )
  await store.append(aBatch({ importId, feed, events }))
  const since = instant('2026-04-05T07:08:09Z')
  await store.moveSim(sim!.id, { toAccountId: to.id, since }, since)
}
