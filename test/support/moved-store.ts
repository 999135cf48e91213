/** Stores to move, and what a move has left behind. */
import assert from 'node:assert/strict'
import { type MoveOptions, moveStore } from '../../src/storage/open-store.ts'
import type { TransferProof } from '../../src/storage/transfer/proof.ts'
import type { UsageStore } from '../../src/storage/usage-store.ts'
import {
  aBatch,
  abroad,
  aFeed,
  aKey,
  anAccount,
  anEvent,
  anImportStart,
  aQuarantinedRecord,
  imsiOf,
  instant,
  NOW,
  newSimSid,
  sidOf,
} from './builders.ts'

/** A move nobody watches. */
export const QUIET: MoveOptions = {
  restart: false,
  onStep: () => {},
  onProgress: () => {},
  onProof: () => {},
  isStopped: () => false,
}

/** Moves to the end; fails if anything differs. */
export async function moveWhole(
  from: string,
  to: string,
  options: Partial<MoveOptions> = {},
): Promise<TransferProof> {
  const { proof } = await moveStore({ from, to }, { ...QUIET, ...options })
  assert.ok(proof !== null)
  assert.deepEqual(proof.differences, [])
  return proof
}

/** Moves until this many pieces have been reported; nothing is lost by stopping there. */
export async function movePart(from: string, to: string, pieces: number): Promise<void> {
  let seen = 0
  const options = {
    rowsMax: 3,
    onProgress: () => void seen++,
    isStopped: () => seen >= pieces,
  }
  const { proof } = await moveStore({ from, to }, { ...QUIET, ...options })
  assert.equal(proof, null)
}

/** Texts that database dump formats get wrong: escapes, quotes, other scripts. */
const AWKWARD = 'tab\t, line\n, return\r, back\\slash, \\N, \\., "quotes", \u007f ñ🚚'

const DAYS = ['2026-02-27', '2026-02-28', '2026-03-01', '2026-03-02', '2026-03-14']

/** Puts rows into every table, with awkward values in each. */
export async function fillStore(store: UsageStore): Promise<void> {
  const account = await store.createAccount(anAccount({ name: AWKWARD }))
  const other = await store.createAccount(anAccount())
  await store.createApiKey(aKey({ accountId: account.id, revokedAt: NOW }))
  await store.createApiKey(aKey())
  const registrations = Array.from({ length: 7 }, (_, n) => ({
    imsis: [imsiOf(n), imsiOf(100 + n)],
    friendlyName: n === 0 ? AWKWARD : `SIM ${n}`,
    ...(n === 1 ? { uniqueName: '0' } : {}),
  }))
  const options = { at: NOW, newSid: newSimSid }
  const { sims } = await store.registerSims(account.id, registrations, options)
  const [moving] = (await store.registerSims(other.id, [{ imsis: [imsiOf(200)] }], options)).sims
  await store.moveSim(moving!.id, { toAccountId: account.id, since: NOW + 60 }, NOW + 60)
  const made = { sid: sidOf('HF', 1), uniqueName: 'trackers', settings: { note: AWKWARD } }
  const group = await store.createGroup(account.id, made, NOW)
  const place = { groupId: group.id, labels: { customer: 'acme' }, since: NOW - 60 }
  await store.assignSims(account.id, [{ simId: sims[0]!.id, ...place }], NOW)
  const feed = await store.createFeed(aFeed({ onConflict: 'replace', defaultZone: 'home' }))
  const { id: importId } = await store.beginImport(anImportStart(feed, { source: AWKWARD }))
  await store.createFeed(aFeed({ accountId: other.id }))
  await store.grantFeed(feed.id, account.id, NOW)
  const events = sims.flatMap(({ id: simId }, n) =>
    DAYS.map((day, i) =>
      anEvent({
        simId,
        accountId: account.id,
        occurredAt: instant(`${day}T0${i}:30:00Z`),
        recordId: n === 2 ? AWKWARD : `r${i}`,
        // Two of them pass 2^53 in their hour, day and month.
        upload: n < 3 ? Number.MAX_SAFE_INTEGER : n,
        ...(i === 1 ? { serving: abroad('FR') } : {}),
      }),
    ),
  )
  const quarantined = [
    aQuarantinedRecord('bytes', { raw: new Uint8Array([0, 9, 10, 92, 128, 255]), field: null }),
    aQuarantinedRecord(AWKWARD, { detail: AWKWARD, field: 'sim' }),
  ]
  await store.append(aBatch({ importId, feed, events, quarantined }))
  const replacing = events.slice(0, 4).map((event) => ({ ...event, download: 77, line: 9 }))
  await store.append(aBatch({ importId, feed, events: replacing, quarantined, expired: 3 }))
  const readings = DAYS.map((day, i) =>
    anEvent({
      simId: sims[6]!.id,
      accountId: account.id,
      occurredAt: instant(`${day}T12:00:00Z`),
      recordId: 'series',
      upload: 1_000 * (i + 1),
      reading: { is32Bit: i % 2 === 0 },
    }),
  )
  await store.append(aBatch({ importId, feed, events: readings }))
  const end = { status: 'done', finishedAt: NOW, checksum: 'c'.repeat(64), error: null } as const
  await store.finishImport(importId, end)
  for (const number of [1, 5]) {
    const { id } = await store.beginImport(anImportStart(feed))
    const facts = {
      sequence: { stream: AWKWARD, number },
      completeThrough: NOW - number,
      usageFrom: NOW,
    }
    await store.finishImport(id, { ...end, facts })
  }
  const acceptance = { by: AWKWARD, reason: 'never made', at: NOW }
  await store.acceptGap(feed.id, { stream: AWKWARD, from: 2, to: 3 }, acceptance)
  await store.beginImport(anImportStart(feed, { accountId: account.id }))
  const wrong = await store.beginImport(anImportStart(feed))
  const changed = events.slice(20, 24).map((event) => ({ ...event, download: 78, line: 10 }))
  await store.append(aBatch({ importId: wrong.id, feed, events: changed }))
  await store.undoImport(wrong.id, NOW)
  const again = await store.beginImport(anImportStart(feed))
  await store.append(aBatch({ importId: again.id, feed, events: events.slice(20, 24) }))
  const [waiting, failed, leftAlone] = [1, 2, 3]
  await store.noteDropFolder({
    ...{ feedId: feed.id, path: AWKWARD, waiting, waitingSince: NOW, failed, leftAlone },
    seenAt: NOW,
  })
  for (let i = 0; i < 3; i++) await store.sealNextDay(NOW)
  const before = instant('2026-02-27T00:00:00Z')
  while (!(await store.purge({ before, rowsMax: 100, dryRun: false })).done);
}
