/** Erased SIMs and accounts: nothing names them any more, and every total stays as it is. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Sim } from '../../src/domain/directory.ts'
import type { Erasure, SimErasure } from '../../src/storage/usage-store.ts'
import {
  aBatch,
  abroad,
  aKey,
  anAccount,
  anImportStart,
  aQuarantinedRecord,
  homeSet,
  instant,
  NOW,
  sidOf,
} from '../support/builders.ts'
import { type Engine, failureOf, type Ledger, openLedger, register } from './engine.ts'

const BY: Erasure = { by: 'Ada', reason: 'asked for', at: NOW + 60, dryRun: false }
const NEW_SID = `DE${'e'.repeat(32)}` as Sim['sid']
const SIM: SimErasure = { ...BY, newSid: NEW_SID }
const UNUSABLE = 'f'.repeat(64)
const AT = '2026-03-01T10:20:30Z'

/** A ledger whose SIM has a name, a history, and usage on sealed days under checksum. */
async function openUsed(t: Parameters<typeof openLedger>[0], engine: Engine): Promise<Ledger> {
  const ledger = await openLedger(t, engine, { onConflict: 'replace' })
  const { store, sim, feed } = ledger
  await store.updateSim(sim.id, { uniqueName: 'secret-bus', friendlyName: 'Ada’s bus' }, NOW)
  const labels = { customer: 'Ada' }
  await store.assignSims(sim.accountId, [{ simId: sim.id, labels }], NOW)
  const first = ledger.event({ at: AT, upload: 3, recordId: 'of-ada' })
  await ledger.append([
    first,
    ledger.event({ at: '2026-03-01T10:40:00Z', upload: 4 }),
    ledger.event({ at: '2026-03-01T10:40:00Z', download: 5, serving: abroad('FR') }),
    ledger.event({
      ...{ at: '2026-03-14T10:00:00Z', upload: 6, recordId: 'session' },
      reading: { is32Bit: false },
    }),
    ledger.event({ ...{ at: '2026-03-14T11:00:00Z', upload: Number.MAX_SAFE_INTEGER } }),
    ledger.event({ ...{ at: '2026-03-14T11:00:00Z', upload: Number.MAX_SAFE_INTEGER } }),
  ])
  const { id: importId } = await store.beginImport(anImportStart(feed))
  await store.append(aBatch({ importId, feed, events: [{ ...first, upload: 7 }] }))
  while (await store.sealNextDay(instant('2026-03-10T00:00:00Z')));
  while (await store.checksumNextDay());
  return ledger
}

async function answers({ accountUsage, simUsage }: Ledger): Promise<unknown> {
  return [
    await accountUsage(),
    await accountUsage({ granularity: 'hourly' }),
    await accountUsage({ granularity: 'daily' }),
    await simUsage({ granularity: 'hourly' }),
  ]
}

export function describeErase(engine: Engine): void {
  describe('erasing a SIM', () => {
    it('removes what names it and each record, and keeps every total', async (t) => {
      const ledger = await openUsed(t, engine)
      const { store, sim, account } = ledger
      const before = await answers(ledger)
      const plan = await store.eraseSim(sim.id, { ...SIM, dryRun: true })
      const counts = { usageEvents: 6, versions: 1, quarantineEntries: 0 }
      assert.deepEqual(plan, { sid: sim.sid, ...counts })
      assert.equal((await store.findSim(null, sim.sid))?.uniqueName, 'secret-bus')

      assert.deepEqual(await store.eraseSim(sim.id, SIM), { sid: NEW_SID, ...counts })
      assert.deepEqual(await answers(ledger), before)
      await ledger.assertAuditClean()
      assert.equal(await store.findSim(null, sim.sid), null)
      assert.equal(await store.findSim(account.id, 'secret-bus'), null)
      const erased = await store.findSim(null, NEW_SID)
      const { iccid, imsis, msisdn, uniqueName, friendlyName, status } = erased!
      assert.deepEqual(
        { iccid, imsis, msisdn, uniqueName, friendlyName, status },
        {
          ...{ iccid: null, imsis: [], msisdn: null, uniqueName: null, friendlyName: null },
          status: 'canceled',
        },
      )
      const place = (await store.simPlaces([sim.id])).get(sim.id)
      assert.deepEqual([place?.group, place?.labels], [null, {}])
      const period = { start: instant('2026-01-01T00:00:00Z'), end: NOW }
      const events = await store.listUsageEvents({ simId: sim.id, ...period }, { limit: 100 })
      assert.ok(events.every(({ recordId, line }) => recordId.startsWith('erased ') && line === 0))
      assert.ok(events.every(({ occurredAt }) => occurredAt % 3_600 === 0))
      assert.ok(events.every(({ replaced, undone }) => replaced.length + undone.length === 0))
    })

    it('is logged without what is erased', async (t) => {
      const { store, sim, account, importId } = await openUsed(t, engine)
      await store.eraseSim(sim.id, SIM)
      const acts = await store.listActs({}, { limit: 100 })
      const { verb, object, details } = acts[0]!
      assert.deepEqual([verb, object], ['erase', NEW_SID])
      assert.deepEqual(details, {
        ...{ account: account.sid, usage_events: 6, versions: 1, quarantine_entries: 0 },
        ...{ last_import: importId + 1, by: 'Ada', reason: 'asked for' },
      })
      const rest = JSON.stringify(acts.slice(1))
      for (const gone of [sim.sid, 'secret-bus', 'bus', 'customer']) {
        assert.ok(!rest.includes(gone), gone)
      }
      assert.ok(acts.some((act) => act.verb === 'change' && act.object === 'erased'))
    })

    it('happens once, and frees its numbers for another SIM', async (t) => {
      const ledger = await openUsed(t, engine)
      const { store, sim, account } = ledger
      await store.eraseSim(sim.id, SIM)
      await failureOf('conflict', store.eraseSim(sim.id, SIM))
      await failureOf('not_found', store.eraseSim(9_999, SIM))
      const again = await register(store, account, { iccid: sim.iccid!, imsis: sim.imsis })
      assert.notEqual(again.id, sim.id)
      await ledger.append([ledger.event({ simId: again.id, at: AT, upload: 1 })])
      await ledger.assertAuditClean()
    })

    it('removes its waiting records by any of its numbers, and no others', async (t) => {
      const ledger = await openLedger(t, engine)
      const { store, sim } = ledger
      const number = sim.iccid!
      const waits = (line: number, raw: string) => aQuarantinedRecord(raw, { line })
      await ledger.append([], {
        quarantined: [
          waits(1, `r1,${number},2026-03-01T10:00:00Z`),
          waits(2, `r2,1${number},2026-03-01T10:00:00Z`),
          waits(3, 'r3,nobody,2026-03-01T10:00:00Z'),
        ],
      })
      const { quarantineEntries } = await store.eraseSim(sim.id, SIM)
      assert.equal(quarantineEntries, 1)
      const left = await store.listQuarantine({}, { limit: 10 })
      assert.deepEqual(
        left.map(({ line }) => line),
        [2, 3],
      )
      await ledger.assertAuditClean()
      // What comes later waits, until the number is erased again.
      await ledger.append([], { quarantined: [waits(4, `r4,${number},x`)] })
      assert.equal(await store.eraseNumber(number, { ...BY, dryRun: true }), 1)
      assert.equal(await store.eraseNumber(number, BY), 1)
      assert.equal(await store.eraseNumber(number, BY), 0)
      await failureOf('not_found', store.eraseNumber('a name', BY))
      await ledger.assertAuditClean()
    })

    it('leaves sums that later changes keep exact: undo, home sets, purge and moves', async (t) => {
      const ledger = await openUsed(t, engine)
      const { store, sim, account, importId } = ledger
      const other = await store.createAccount(anAccount())
      // Registered at NOW. It moves in the middle of an hour in which both accounts have usage.
      const moved = instant('2026-03-15T12:50:00Z')
      await store.moveSim(sim.id, { toAccountId: other.id, since: moved }, moved)
      const at = (time: string, accountId: number) =>
        ledger.event({ at: time, accountId, upload: 9, serving: abroad('FR') })
      await ledger.append([
        at('2026-03-15T12:45:00Z', account.id),
        at('2026-03-15T12:55:00Z', other.id),
      ])
      const both = async () => [
        await ledger.accountUsage({ granularity: 'hourly' }),
        await store.queryUsage({
          scope: { accountId: other.id },
          ...{ start: instant('2026-03-01T00:00:00Z'), end: NOW + 86_400, granularity: 'hourly' },
        }),
      ]
      const before = await both()
      await store.eraseSim(sim.id, SIM)
      assert.deepEqual(await both(), before)
      await ledger.assertAuditClean()
      await store.updateAccount(account.id, { home: homeSet('208-01', 'FR') })
      const given = { since: 0, dryRun: false, rowsMax: 1_000 }
      assert.equal((await store.reclassify(given)).changed, 0)
      await store.undoImport(importId, NOW + 90)
      await ledger.assertAuditClean()
      await store.purge({ before: instant('2026-03-10T00:00:00Z'), rowsMax: 1_000, dryRun: false })
      await ledger.assertAuditClean()
    })
  })

  describe('erasing an account', () => {
    it('waits for its SIMs, then ends all log-ins and keeps its totals', async (t) => {
      const ledger = await openUsed(t, engine)
      const { store, sim, account } = ledger
      const key = await store.createApiKey(aKey({ accountId: account.id, label: 'Ada’s key' }))
      const made = { sid: sidOf('HF', 5), uniqueName: 'Ada’s', settings: {} }
      const group = await store.createGroup(account.id, made, NOW)
      await store.assignSims(account.id, [{ simId: sim.id, groupId: group.id }], NOW + 1)
      const given = { ...BY, unusableHash: UNUSABLE }
      const plan = await store.eraseAccount(account.id, { ...given, dryRun: true })
      assert.deepEqual(plan, { keys: 1, groups: 1, quarantineEntries: 0 })
      await failureOf('conflict', store.eraseAccount(account.id, given))
      await failureOf('not_found', store.eraseAccount(9_999, given))

      const before = await answers(ledger)
      await store.eraseSim(sim.id, SIM)
      assert.deepEqual(await store.eraseAccount(account.id, given), plan)
      assert.deepEqual(await answers(ledger), before)
      const erased = await store.findAccountById(account.id)
      const { name, authTokenHash, previousToken } = erased!
      assert.deepEqual([name, authTokenHash, previousToken], ['erased', UNUSABLE, null])
      const { label, secretHash, revokedAt } = (await store.findApiKey(key.sid))!
      assert.deepEqual([label, secretHash, revokedAt], ['', UNUSABLE, BY.at])
      assert.equal(await store.findGroup(account.id, 'Ada’s'), null)
      const acts = await store.listActs({}, { limit: 100 })
      assert.ok(!JSON.stringify(acts).includes('Ada’s'))
      assert.deepEqual([acts[0]?.verb, acts[0]?.object], ['erase', account.sid])
      await ledger.assertAuditClean()
    })
  })
}
