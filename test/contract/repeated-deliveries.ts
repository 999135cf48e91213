/**
 * Earlier records come again among new, corrected and accounts' records. For each of them, a batch must
 * report the same as if they came one by one, however the stored ones follow each other.
 */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { addVerdicts, NO_VERDICTS } from '../../src/domain/import.ts'
import type { ConflictPolicy, UsageEvent } from '../../src/domain/usage-event.ts'
import { aBatch, abroad, anImportStart, NOW } from '../support/builders.ts'
import { seededRandom } from '../support/killed-process.ts'
import { type Engine, type Ledger, openLedger } from './engine.ts'

const RECORDS = 120
const START = '2026-03-01T00:00:00Z'

/** Three days of records, two at each instant. */
function recordsOf({ event, sim, account }: Ledger): UsageEvent[] {
  const { occurredAt: first } = event({ at: START })
  return Array.from({ length: RECORDS }, (_, i) => ({
    ...event({ simId: sim.id, accountId: account.id, upload: 100 + i }),
    occurredAt: first + Math.floor(i / 2) * 3_600,
    recordId: `r${i}`,
    line: i + 1,
    raw: `first ${i}`,
  }))
}

/** Equal for equal seeds: runs of records that are unchanged, corrected, moved abroad, new or doubled. */
function againOf(records: readonly UsageEvent[], seed: number): UsageEvent[] {
  const random = seededRandom(seed)
  const events: UsageEvent[] = []
  for (let i = 0; i < records.length; ) {
    const kind = Math.floor(random() * 6)
    for (let left = 1 + Math.floor(random() * 9); left > 0 && i < records.length; left--, i++) {
      const record = records[i]!
      const corrected = { ...record, upload: record.upload + (random() < 0.5 ? 1 : -1) }
      if (kind === 0) events.push(corrected)
      else if (kind === 1) events.push({ ...record, serving: abroad('FR') })
      else if (kind === 2) events.push({ ...record, recordId: `new ${i}` })
      else if (kind === 3) events.push(record, corrected, records[i ^ 1]!, corrected, record)
      else events.push(record)
    }
  }
  return events.map((event, i) => ({ ...event, line: i + 1, raw: `again ${i}` }))
}

/** The operator's import and an account's, each with part of the records; then these `again`. */
async function deliverAgain(
  t: TestContext,
  engine: Engine,
  { onConflict, batchOf, seed }: { onConflict: ConflictPolicy; batchOf: number; seed: number },
) {
  const ledger = await openLedger(t, engine, { onConflict })
  const { store, feed, account } = ledger
  const records = recordsOf(ledger)
  const start = { ...anImportStart(feed), accountId: account.id }
  const { id: ofAccount } = await store.beginImport(start)
  await store.append(
    aBatch({
      ...{ importId: ofAccount, accountId: account.id, feed },
      events: records.filter((_, i) => i % 20 >= 10),
    }),
  )
  await ledger.append(records.filter((_, i) => i % 20 < 15))
  // One of the days is sealed, and therefore under checksum.
  while (await store.sealNextDay(records.at(-1)!.occurredAt));
  while (await store.checksumNextDay());
  const { id: importId } = await store.beginImport(anImportStart(feed))
  const again = againOf(records, seed)
  let counts = NO_VERDICTS
  const conflicts: string[] = []
  for (let at = 0; at < again.length; at += batchOf) {
    const events = again.slice(at, at + batchOf)
    const outcome = await store.append(aBatch({ importId, feed, events }))
    counts = addVerdicts(counts, outcome.counts)
    conflicts.push(...outcome.conflicts.map(({ line, detail }) => `${line} ${detail}`))
  }
  return { ledger, ofAccount, importId, counts, conflicts }
}

type Delivered = Awaited<ReturnType<typeof deliverAgain>>

async function usageOf({ ledger }: Delivered): Promise<string[]> {
  await ledger.assertAuditClean()
  return ledger.simUsage({ granularity: 'hourly' })
}

export function describeRepeatedDeliveries(engine: Engine): void {
  describe('a delivery that partly repeats others', () => {
    for (const [seed, onConflict] of (['reject', 'replace', 'max'] as const).entries()) {
      it(`gets the verdicts that its records would get one by one, under ${onConflict}`, async (t) => {
        const whole = await deliverAgain(t, engine, { onConflict, batchOf: 10_000, seed })
        const single = await deliverAgain(t, engine, { onConflict, batchOf: 1, seed })
        assert.deepEqual(whole.counts, single.counts)
        assert.deepEqual(whole.conflicts, single.conflicts)
        const { accepted, duplicate, replaced, quarantined } = whole.counts
        const seen = [accepted, duplicate, onConflict === 'reject' ? quarantined : replaced]
        assert.ok(
          seen.every((count) => count > 0),
          JSON.stringify(whole.counts),
        )
        assert.deepEqual(await usageOf(whole), await usageOf(single))
        // What only repeats stays as the repeating import's, whichever other import is undone.
        for (const gone of ['ofAccount', 'importId'] as const) {
          const outcomes = []
          for (const world of [whole, single]) {
            const outcome = await world.ledger.store.undoImport(world[gone], NOW)
            outcomes.push([outcome.removed, outcome.kept, await usageOf(world)])
          }
          assert.deepEqual(outcomes[0], outcomes[1], gone)
        }
      })
    }

    it('leaves everything to the repeated delivery when the first one is undone', async (t) => {
      const ledger = await openLedger(t, engine)
      const { store, feed } = ledger
      const records = recordsOf(ledger)
      await ledger.append(records)
      const usage = await ledger.simUsage({ granularity: 'hourly' })
      const { id: importId } = await store.beginImport(anImportStart(feed))
      const events = records.toReversed().map((record, i) => ({ ...record, line: i + 1 }))
      const { counts } = await store.append(aBatch({ importId, feed, events }))
      assert.deepEqual(counts, { ...NO_VERDICTS, duplicate: RECORDS })
      const { removed, kept } = await store.undoImport(ledger.importId, NOW)
      assert.deepEqual([removed, kept], [0, RECORDS])
      assert.deepEqual(await ledger.simUsage({ granularity: 'hourly' }), usage)
      await ledger.assertAuditClean()
    })
  })
}
