/** Versions by the operator and by an account's own key: which one counts, and what undoing leaves. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { UsageEvent } from '../../src/domain/usage-event.ts'
import { aBatch, anImportStart, NOW } from '../support/builders.ts'
import { type Engine, type Ledger, openLedger } from './engine.ts'

const AT = '2026-03-14T10:20:30Z'

const total = (upload: number) => [`2026-01-01T00:00:00Z home US ${upload}/0/0/0`]

async function assertTotal(ledger: Ledger, lines: readonly string[]): Promise<void> {
  assert.deepEqual(await ledger.simUsage(), lines)
  assert.deepEqual(await ledger.accountUsage(), lines)
  await ledger.assertAuditClean()
}

/** An import by the account's key, or another one by the operator. */
async function deliver(
  { store, feed, account }: Ledger,
  events: readonly UsageEvent[],
  by: 'account' | 'operator' = 'account',
) {
  const accountId = by === 'account' ? account.id : null
  const { id: importId } = await store.beginImport({ ...anImportStart(feed), accountId })
  const outcome = await store.append(aBatch({ importId, accountId, feed, events }))
  return { importId, ...outcome }
}

export function describePrecedence(engine: Engine): void {
  describe('what the operator has delivered, next to an account’s', () => {
    for (const onConflict of ['reject', 'replace', 'max'] as const) {
      it(`is not replaced by an account’s version, under ${onConflict}`, async (t) => {
        const ledger = await openLedger(t, engine, { onConflict })
        const record = ledger.event({ at: AT, upload: 5 })
        await ledger.append([record])
        const events = [3, 8].map((upload) => ({ ...record, upload, raw: `${upload}` }))
        const { counts, conflicts } = await deliver(ledger, events)
        assert.equal(counts.quarantined, 2)
        assert.match(conflicts[0]!.detail, /the version of the operator outranks it$/)
        await assertTotal(ledger, total(5))
      })

      it(`replaces an account’s version, under ${onConflict}`, async (t) => {
        const ledger = await openLedger(t, engine, { onConflict })
        const record = ledger.event({ at: AT, upload: 5 })
        await deliver(ledger, [record])
        assert.equal((await ledger.append([{ ...record, upload: 3 }])).counts.replaced, 1)
        await assertTotal(ledger, total(3))
        // The account's version is known, and stays where it is.
        assert.equal((await deliver(ledger, [record])).counts.duplicate, 1)
        await assertTotal(ledger, total(3))
        await ledger.store.undoImport(ledger.importId, NOW)
        await assertTotal(ledger, total(5))
      })

      it(`stays when the account undoes the same, under ${onConflict}`, async (t) => {
        const ledger = await openLedger(t, engine, { onConflict })
        const record = ledger.event({ at: AT, upload: 5 })
        const first = await deliver(ledger, [record])
        assert.equal((await ledger.append([record])).counts.duplicate, 1)
        // It is the operator's now, whatever the account states.
        assert.equal((await deliver(ledger, [{ ...record, upload: 9 }])).counts.quarantined, 1)
        const { removed, kept } = await ledger.store.undoImport(first.importId, NOW)
        assert.deepEqual([removed, kept], [0, 0])
        await assertTotal(ledger, total(5))
        const again = await deliver(ledger, [record])
        await ledger.store.undoImport(ledger.importId, NOW)
        await assertTotal(ledger, total(5))
        await ledger.store.undoImport(again.importId, NOW)
        await assertTotal(ledger, [])
      })
    }

    it('is new under replace if only an account has stated it before', async (t) => {
      const ledger = await openLedger(t, engine, { onConflict: 'replace' })
      const record = ledger.event({ at: AT })
      const [a, b] = [1, 2].map((upload) => ({ ...record, upload }))
      await deliver(ledger, [a!])
      await deliver(ledger, [b!])
      assert.equal((await ledger.append([a!])).counts.replaced, 1)
      await assertTotal(ledger, total(1))
      assert.equal((await deliver(ledger, [b!], 'operator')).counts.replaced, 1)
      await assertTotal(ledger, total(2))
    })

    it('keeps an account’s repeats when it takes over what they repeat', async (t) => {
      const ledger = await openLedger(t, engine)
      const events = Array.from({ length: 5 }, (_, i) =>
        ledger.event({ recordId: `r${i}`, at: AT, upload: 1, line: i + 1 }),
      )
      const first = await deliver(ledger, events)
      const second = await deliver(ledger, events)
      await ledger.append(events.slice(1, 3))
      await ledger.store.undoImport(first.importId, NOW)
      await ledger.store.undoImport(ledger.importId, NOW)
      await assertTotal(ledger, total(5))
      await ledger.store.undoImport(second.importId, NOW)
      await assertTotal(ledger, [])
    })
  })
}
