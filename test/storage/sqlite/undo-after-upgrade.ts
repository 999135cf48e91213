/** The same small ledger before and after an upgrade: every one of its imports can be undone. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { type Engine, openLedger, reopen, usageLines } from '../../contract/engine.ts'
import { aBatch, anImportStart, NOW } from '../../support/builders.ts'

export async function assertUndoAfterUpgrade(
  t: TestContext,
  engine: Engine,
  upgrade: (url: string) => Promise<void>,
): Promise<void> {
  const ledger = await openLedger(t, engine, { onConflict: 'replace' })
  const { feed, sim, importId, temp } = ledger
  const record = ledger.event({ at: '2026-02-10T01:00:00Z', upload: 1 })
  const nearlyFull = 2 ** 32 - 10
  const reading = (hour: number, upload: number, is32Bit: boolean) =>
    ledger.event({
      recordId: 's1',
      at: `2026-02-11T0${hour}:00:00Z`,
      upload,
      reading: { is32Bit },
    })
  await ledger.append([record, reading(1, nearlyFull, true), reading(2, 20, true)])
  const { id: second } = await ledger.store.beginImport(anImportStart(feed))
  const events = [{ ...record, upload: 5 }, reading(2, 40, true)]
  await ledger.store.append(aBatch({ importId: second, feed, events }))
  await ledger.store.close()
  await upgrade(temp.url)

  const store = await reopen(t, engine, temp.url)
  const asked = { granularity: 'daily' } as const
  const lines = () => usageLines(store, { simId: sim.id }, asked)
  assert.deepEqual(await lines(), [
    '2026-02-10T00:00:00Z home US 5/0/0/0',
    `2026-02-11T00:00:00Z home US ${nearlyFull + 50}/0/0/0`,
  ])
  assert.equal((await store.undoImport(second, NOW)).restored, 2)
  assert.deepEqual(await lines(), [
    '2026-02-10T00:00:00Z home US 1/0/0/0',
    `2026-02-11T00:00:00Z home US ${nearlyFull + 30}/0/0/0`,
  ])
  assert.equal((await store.audit()).differenceCount, 0)
  assert.equal((await store.undoImport(importId, NOW)).removed, 3)
  assert.deepEqual(await lines(), [])
  assert.equal((await store.audit()).ledgerRows, 0)
}
