/** Opening, reopening, closing, and many callers at once. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { NO_VERDICTS } from '../../src/domain/import.ts'
import {
  ANY_NAME,
  aBatch,
  aKey,
  anEvent,
  anImportStart,
  aQuarantinedRecord,
  aSim,
  NOW,
  newSimSid,
} from '../support/builders.ts'
import {
  assertAuditClean,
  type Engine,
  openEmpty,
  openLedger,
  reopen,
  usageLines,
} from './engine.ts'

/** What a delivery at `NOW` completes: up to 48 hours before, as a whole hour. */
const SETTLED = NOW - 48 * 3_600 - (NOW % 3_600)

export function describeLifetime(engine: Engine): void {
  describe('a store that is opened again', () => {
    it('has kept everything', async (t) => {
      const ledger = await openLedger(t, engine, { onConflict: 'replace' })
      const { store, account, sim, feed, importId, temp } = ledger
      const key = await store.createApiKey(aKey({ accountId: account.id }))
      const old = ledger.event({ recordId: 'r', at: '2026-03-01T10:00:00Z', upload: 1 })
      await ledger.append([old, { ...old, upload: 2 }], {
        quarantined: [aQuarantinedRecord('a')],
        expired: 1,
      })
      await store.sealNextDay(NOW)
      const imported = await store.findImport(importId)
      const entries = await store.listQuarantine({}, { limit: 9 })
      const usage = [await ledger.simUsage(), await ledger.accountUsage()]
      await store.close()

      const again = await reopen(t, engine, temp.url)
      assert.deepEqual(await again.listAccounts(), [account])
      assert.deepEqual(await again.findSim(account.id, sim.sid), sim)
      assert.deepEqual(await again.findFeed(feed.name), feed)
      assert.deepEqual(await again.findApiKey(key.sid), key)
      assert.deepEqual(await again.findImport(importId), imported)
      assert.deepEqual(await again.listQuarantine({}, { limit: 9 }), entries)
      const scopes = [{ simId: sim.id }, { accountId: account.id }]
      const usageAgain = await Promise.all(scopes.map((scope) => usageLines(again, scope)))
      assert.deepEqual(usageAgain, usage)
      const { counts } = await again.append(aBatch({ importId, feed, events: [old] }))
      assert.deepEqual(counts, { ...NO_VERDICTS, duplicate: 1 })
      await assertAuditClean(again)
    })

    it('signs with the same 32 bytes', async (t) => {
      const { store, url } = await openEmpty(t, engine)
      const key = await store.signingKey()
      assert.equal(key.length, 32)
      assert.deepEqual(Buffer.from(await store.signingKey()), Buffer.from(key))
      const beside = await reopen(t, engine, url)
      assert.deepEqual(Buffer.from(await beside.signingKey()), Buffer.from(key))
    })

    it('signs with bytes that no other store has', async (t) => {
      const [one, other] = [await engine.make(), await engine.make()]
      t.after(() => Promise.all([one.dispose(), other.dispose()]))
      const keys = await Promise.all([one.store.signingKey(), other.store.signingKey()])
      assert.notDeepEqual(Buffer.from(keys[0]), Buffer.from(keys[1]))
    })
  })

  describe('a store', () => {
    it('can be checked while it is open', async (t) => {
      const { store } = await openEmpty(t, engine)
      await store.check()
    })

    it('fails every call after it is closed', async (t) => {
      const { store, append, event, sim } = await openLedger(t, engine)
      await store.close()
      await assert.rejects(store.check())
      await assert.rejects(append([event({})]))
      await assert.rejects(store.listAccounts())
      const query = { scope: { simId: sim.id }, start: 0, end: NOW, granularity: 'all' } as const
      await assert.rejects(store.queryUsage(query))
    })

    it('finishes what is under way before it closes', async (t) => {
      const { store, append, event, temp, account } = await openLedger(t, engine)
      const events = Array.from({ length: 2_000 }, () => event({ upload: 1 }))
      const appended = append(events)
      const closed = store.close()
      assert.equal((await appended).counts.accepted, 2_000)
      await closed
      const again = await reopen(t, engine, temp.url)
      const lines = await usageLines(again, { accountId: account.id })
      assert.deepEqual(lines, ['2026-01-01T00:00:00Z home US 2000/0/0/0'])
    })
  })

  describe('many callers at once', () => {
    it('count each event once, even if two stores bring the same', async (t) => {
      const { store, temp, feed, event, sim } = await openLedger(t, engine)
      const beside = await reopen(t, engine, temp.url)
      const events = Array.from({ length: 400 }, (_, i) => event({ recordId: `r${i}`, upload: 1 }))
      const stores = [store, beside]
      const imports = await Promise.all(stores.map((one) => one.beginImport(anImportStart(feed))))
      const outcomes = await Promise.all(
        stores.flatMap((one, s) =>
          Array.from({ length: 8 }, (_, b) => {
            const batch = events.slice(b * 50, b * 50 + 50)
            return one.append(aBatch({ importId: imports[s]!.id, feed, events: batch }))
          }),
        ),
      )
      const sum = (verdict: 'accepted' | 'duplicate') =>
        outcomes.reduce((total, { counts }) => total + counts[verdict], 0)
      assert.deepEqual([sum('accepted'), sum('duplicate')], [400, 400])
      for (const one of stores) {
        const lines = await usageLines(one, { simId: sim.id })
        assert.deepEqual(lines, ['2026-01-01T00:00:00Z home US 400/0/0/0'])
        await assertAuditClean(one)
      }
    })

    it('see in every store what was written through any of them', async (t) => {
      const { store, temp, account, append, event, sim, importId } = await openLedger(t, engine)
      const beside = await reopen(t, engine, temp.url)
      const scopes = [{ simId: sim.id }, { accountId: account.id }]
      const asked = [store, beside].flatMap((one) => scopes.map((scope) => ({ one, scope })))
      for (let i = 1; i <= 4; i++) {
        for (const { one, scope } of asked) await usageLines(one, scope)
        await append([event({ upload: 1 })])
        for (const { one, scope } of asked) {
          const lines = [`2026-01-01T00:00:00Z home US ${i}/0/0/0`]
          assert.deepEqual(await usageLines(one, scope), lines)
        }
      }
      assert.equal((await beside.accountCoverage(account.id))[0]!.completeThrough, null)
      const end = { status: 'done', finishedAt: NOW, checksum: null, error: null } as const
      const finished = await store.finishImport(importId, end)
      assert.deepEqual(await beside.findImport(importId), finished)
      assert.equal((await beside.accountCoverage(account.id))[0]!.completeThrough, SETTLED)
      await beside.sealNextDay(NOW)
      await beside.purge({ before: NOW - (NOW % 3_600), rowsMax: 1_000, dryRun: false })
      for (const { one, scope } of asked) assert.deepEqual(await usageLines(one, scope), [])
    })

    it('know in every store which SIMs were registered through any of them', async (t) => {
      const { store, temp, account } = await openLedger(t, engine)
      const beside = await reopen(t, engine, temp.url)
      assert.deepEqual(await store.resolveSims(['new'], ANY_NAME), new Map())
      const options = { at: NOW, newSid: newSimSid }
      const created = await beside.createSim(account.id, aSim({ uniqueName: 'new' }), options)
      assert.deepEqual(await store.findSim(account.id, 'new'), created)
      assert.equal((await store.resolveSims(['new'], ANY_NAME)).get('new')?.simId, created.id)
      const key = await beside.createApiKey(aKey())
      assert.deepEqual(await store.findApiKey(key.sid), key)
      await store.revokeApiKey(key.sid, NOW)
      assert.equal((await beside.findApiKey(key.sid))?.revokedAt, NOW)
    })

    it('register a SIM once, whichever is first', async (t) => {
      const { store, temp, account } = await openLedger(t, engine)
      const beside = await reopen(t, engine, temp.url)
      const stated = aSim({ uniqueName: 'contested' })
      const outcomes = await Promise.all(
        [store, beside, store, beside].map((one) =>
          one.registerSims(account.id, [stated], { at: NOW, newSid: newSimSid }),
        ),
      )
      const created = outcomes.reduce((sum, outcome) => sum + outcome.created, 0)
      assert.equal(created, 1)
      assert.equal(new Set(outcomes.map(({ sims }) => sims[0]?.id)).size, 1)
    })

    it('never see half of a batch', async (t) => {
      const { store, feed, importId, sim, account } = await openLedger(t, engine)
      const pair = (i: number) =>
        ['up', 'down'].map((side) =>
          anEvent({
            simId: sim.id,
            accountId: account.id,
            recordId: `${side}${i}`,
            upload: side === 'up' ? 1 : 0,
            download: side === 'down' ? 1 : 0,
          }),
        )
      let writing = true
      const written = (async () => {
        for (let i = 0; i < 50; i++) {
          await store.append(aBatch({ importId, feed, events: pair(i) }))
        }
        writing = false
      })()
      while (writing) {
        await nextTurn()
        for (const scope of [{ simId: sim.id }, { accountId: account.id }]) {
          const line = (await usageLines(store, scope))[0] ?? '0/0/0/0'
          const [up, down] = line.split(' ').at(-1)!.split('/')
          assert.equal(up, down)
        }
      }
      await written
    })
  })
}
