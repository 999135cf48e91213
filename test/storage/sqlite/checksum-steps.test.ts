/** Files that are copied, restored or upgraded while a day comes under checksum. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { DAY_SECONDS, HOUR_SECONDS } from '../../../src/domain/time.ts'
import {
  backUpStore,
  migrateStore,
  openStore,
  restoreStore,
} from '../../../src/storage/open-store.ts'
import { MIGRATIONS } from '../../../src/storage/sqlite/migrations/migrations.ts'
import type { UsageStore } from '../../../src/storage/usage-store.ts'
import { assertAuditClean, openLedger, register } from '../../contract/engine.ts'
import { SQLITE } from '../../contract/sqlite-engine.ts'
import { aBatch, instant, NOW } from '../../support/builders.ts'
import { rowsOf } from '../../support/table-rows.ts'

const DAY = instant('2026-03-01T00:00:00Z')
const QUIET = { force: true, onProgress: () => {}, isStopped: () => false }
const OPTIONS = { checksumRowsMax: 2 }

/** Of a sealed day, one of three SIMs is under checksum. */
async function openHalf(t: TestContext) {
  const ledger = await openLedger(t, SQLITE)
  const { url, dir } = ledger.temp
  await ledger.store.close()
  const open = async (at = url) => {
    const store = await openStore(at, OPTIONS)
    t.after(() => store.close())
    return store
  }
  const store = await open()
  const sims = [ledger.sim.id]
  while (sims.length < 3) sims.push((await register(store, ledger.account)).id)
  const deliver = async (through: UsageStore, recordId: string) => {
    const { importId, feed } = ledger
    const events = sims.flatMap((simId) =>
      [1, 5, 12].map((hour) =>
        ledger.event({ simId, occurredAt: DAY + hour * HOUR_SECONDS, recordId }),
      ),
    )
    await through.append(aBatch({ importId, feed, events }))
  }
  await deliver(store, 'first')
  while (await store.sealNextDay(DAY + DAY_SECONDS));
  assert.equal(await store.checksumNextDay(), true)
  assert.deepEqual(await settings(url), { checksummed_through: DAY, checksummed_sims: sims[0] })
  return { url, dir, store, sims, open, deliver }
}

async function settings(url: string): Promise<Record<string, unknown>> {
  const text = "SELECT name, value FROM setting WHERE name LIKE 'checksummed%'"
  return Object.fromEntries((await rowsOf(url, text)).map(({ name, value }) => [name, value]))
}

const DONE = { checksummed_through: DAY + DAY_SECONDS, checksummed_sims: 0 }

async function finish(store: UsageStore, url: string): Promise<void> {
  await assertAuditClean(store)
  while (await store.checksumNextDay()) await assertAuditClean(store)
  assert.deepEqual(await settings(url), DONE)
}

describe('a file with a day that is partly under checksum', () => {
  it('has a backup that continues by itself, and can be restored', async (t) => {
    const { url, dir, store, open, deliver } = await openHalf(t)
    const [file, again] = [`${dir}/copy.db`, `${dir}/again.db`]
    for (const to of [file, again]) await backUpStore(url, to, QUIET)
    await deliver(store, 'second')
    await finish(store, url)
    const copy = await open(`sqlite:${file}`)
    await deliver(copy, 'other')
    await finish(copy, `sqlite:${file}`)
    await store.close()
    await restoreStore(url, again, { ...QUIET, now: NOW })
    await finish(await open(), url)
  })

  it('begins again after an upgrade', async (t) => {
    const { url, store, open } = await openHalf(t)
    await store.close()
    await rowsOf(url, "DELETE FROM setting WHERE name IN ('fresh_from', 'gathered_sims')")
    await rowsOf(url, `PRAGMA user_version = ${VERSION_OF_DAYS}`)
    const { from, to } = await migrateStore(url)
    assert.deepEqual([from, to], [VERSION_OF_DAYS, MIGRATIONS.length])
    assert.deepEqual(await settings(url), {})
    await finish(await open(), url)
  })

  it('has the setting itself under checksum', async (t) => {
    const { url, store, sims } = await openHalf(t)
    for (const simId of [0, sims[1]!]) {
      await rowsOf(url, `UPDATE setting SET value = ${simId} WHERE name = 'checksummed_sims'`)
      const { differences } = await store.audit()
      const tables = differences.map(({ table }) => table)
      assert.deepEqual(tables, ['setting', 'ledger'], `up to SIM ${simId}`)
    }
  })
})

/** A schema whose upgrade to the present one changes no row of a gathered day. */
const VERSION_OF_DAYS = 6
