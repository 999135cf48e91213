/** Deliveries that wait for the writer together share a transaction, and nothing else. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { describe, it, type TestContext } from 'node:test'
import type { AppendBatch, AppendOutcome } from '../../../src/storage/usage-store.ts'
import { openLedger } from '../../contract/engine.ts'
import { SQLITE } from '../../contract/sqlite-engine.ts'
import { aBatch, anImportStart, instant, NOW } from '../../support/builders.ts'

const AT = '2026-03-10T10:00:00Z'
const MARCH = { start: '2026-03-01T00:00:00Z', end: '2026-04-01T00:00:00Z' }
const DELIVERIES = 20

async function openWaiting(t: TestContext) {
  const ledger = await openLedger(t, SQLITE)
  const path = ledger.temp.url.slice('sqlite:'.length)
  const other = new DatabaseSync(path)
  t.after(() => other.close())
  const { importId, feed, store } = ledger
  const batches = Array.from({ length: DELIVERIES }, (_, i) =>
    aBatch({
      ...{ importId, feed },
      events: [ledger.event({ at: AT, recordId: `r${i}`, upload: 10 + i })],
    }),
  )
  /** Another program holds the file until all of them have been requested. */
  async function appendTogether(given: readonly AppendBatch[]) {
    other.exec('BEGIN IMMEDIATE')
    const appended = given.map((batch) => store.append(batch))
    other.exec('ROLLBACK')
    return Promise.allSettled(appended)
  }
  return { ledger, path, other, batches, appendTogether }
}

/**
 * How many transactions the file's log has: the last frame of each states the size of the file after it.
 */
function commitsOf(path: string): number {
  const log = readFileSync(`${path}-wal`)
  const frameBytes = 24 + log.readUInt32BE(8)
  const salts = log.subarray(16, 24)
  let commits = 0
  for (let at = 32; at + frameBytes <= log.length; at += frameBytes) {
    const isOfThisLog = log.subarray(at + 8, at + 16).equals(salts)
    if (isOfThisLog && log.readUInt32BE(at + 4) > 0) commits++
  }
  return commits
}

const counted = (outcomes: readonly PromiseSettledResult<AppendOutcome>[]) =>
  outcomes.map((outcome) =>
    outcome.status === 'fulfilled' ? outcome.value.counts.accepted : String(outcome.reason),
  )

const sumTo = (count: number) => count * 10 + (count * (count - 1)) / 2

describe('deliveries that wait together', () => {
  it('are each counted, in one or two transactions', async (t) => {
    const { ledger, path, batches, appendTogether } = await openWaiting(t)
    const before = commitsOf(path)
    assert.deepEqual(
      counted(await appendTogether(batches)),
      batches.map(() => 1),
    )
    const commits = commitsOf(path) - before
    assert.ok(commits === 1 || commits === 2, `${commits} transactions`)
    const total = sumTo(DELIVERIES)
    assert.deepEqual(await ledger.simUsage(MARCH), [`2026-03-01T00:00:00Z home US ${total}/0/0/0`])
    await ledger.assertAuditClean()
  })

  it('are kept if one of them is refused, which leaves nothing', async (t) => {
    const { ledger, batches, appendTogether } = await openWaiting(t)
    const upload = Number.MAX_SAFE_INTEGER
    const tooMuch = Array.from({ length: 1_100 }, (_, i) =>
      ledger.event({ at: AT, recordId: `x${i}`, upload }),
    )
    const [before, after] = [batches.slice(0, 10), batches.slice(10)]
    const refused = { ...batches[0]!, events: tooMuch }
    const outcomes = counted(await appendTogether([...before, refused, ...after]))
    assert.match(String(outcomes[10]), /a sum of usage passes 9223372036854775807/)
    outcomes.splice(10, 1)
    assert.deepEqual(
      outcomes,
      batches.map(() => 1),
    )
    const total = sumTo(DELIVERIES)
    assert.deepEqual(await ledger.simUsage(MARCH), [`2026-03-01T00:00:00Z home US ${total}/0/0/0`])
    const found = await ledger.store.findImport(ledger.importId)
    assert.equal(found!.counts.accepted, DELIVERIES)
    await ledger.assertAuditClean()
  })

  it('are each tried alone if one of them ends the whole transaction', async (t) => {
    const { ledger, other, batches, appendTogether } = await openWaiting(t)
    // Like a full disk: the database itself ends the transaction.
    other.exec(`
      CREATE TRIGGER full BEFORE INSERT ON ledger WHEN NEW.record_id = 'r7'
      BEGIN SELECT RAISE(ROLLBACK, 'the transaction is gone'); END`)
    const outcomes = counted(await appendTogether(batches))
    assert.match(String(outcomes[7]), /the transaction is gone/)
    assert.deepEqual(
      outcomes.filter((_, i) => i !== 7),
      batches.slice(1).map(() => 1),
    )
    other.exec('DROP TRIGGER full')
    assert.deepEqual(counted(await appendTogether(batches)).indexOf(1), 7)
    const total = sumTo(DELIVERIES)
    assert.deepEqual(await ledger.simUsage(MARCH), [`2026-03-01T00:00:00Z home US ${total}/0/0/0`])
    await ledger.assertAuditClean()
  })

  it('are under checksum on days that are, even after one that was refused', async (t) => {
    const { ledger, batches, appendTogether } = await openWaiting(t)
    const { store, feed } = ledger
    await appendTogether(batches)
    while (await store.sealNextDay(instant('2026-03-12T00:00:00Z')));
    while (await store.checksumNextDay());
    // Undoing watches the ledger, while deliveries watch their own changes.
    const { id: importId } = await store.beginImport(anImportStart(feed))
    await store.append(aBatch({ importId, feed, events: [ledger.event({ at: AT, upload: 5 })] }))
    await store.undoImport(importId, NOW)
    const upload = Number.MAX_SAFE_INTEGER
    const tooMuch = Array.from({ length: 1_100 }, () => ledger.event({ at: AT, upload }))
    const late = batches.map((batch, i) => ({
      ...batch,
      events: [ledger.event({ at: AT, recordId: `late${i}`, upload: 1 })],
    }))
    const refused = { ...batches[0]!, events: tooMuch }
    // One of them may come before the others have been requested, and stay alone.
    const [first, second, ...others] = counted(await appendTogether([refused, refused, ...late]))
    for (const refusal of [first, second]) assert.match(String(refusal), /a sum of usage passes/)
    assert.deepEqual(
      others,
      late.map(() => 1),
    )
    await ledger.assertAuditClean()
  })

  it('are seen in the order of the requests, along with changes of the directory', async (t) => {
    const { ledger, other } = await openWaiting(t)
    const { store, feed } = ledger
    other.exec('BEGIN IMMEDIATE')
    const done = [
      ...['one', 'two', 'three'].map((name) => store.updateFeed(feed.id, { name })),
      store.updateFeed(feed.id + 1_000, { name: 'four' }),
      store.updateFeed(feed.id, { name: 'five' }),
    ]
    other.exec('ROLLBACK')
    const outcomes = await Promise.allSettled(done)
    assert.deepEqual(
      outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value.name : 'refused')),
      ['one', 'two', 'three', 'refused', 'five'],
    )
    const acts = await store.listActs({ objectKind: 'feed' }, { limit: 4 })
    assert.deepEqual(
      acts.map(({ details }) => details.name),
      ['five', 'three', 'two', 'one'],
    )
    assert.equal((await store.listFeeds())[0]!.name, 'five')
    await ledger.assertAuditClean()
  })
})
