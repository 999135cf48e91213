/** Groups and labels, and which SIM had which when. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { SimAssignment } from '../../src/domain/sim-group.ts'
import { LABELS_MAX } from '../../src/domain/sim-group.ts'
import type { UsageStore } from '../../src/storage/usage-store.ts'
import { anAccount, aSim, instant, NOW, newSimSid, sidOf } from '../support/builders.ts'
import { type Engine, failureOf, openEmpty, register } from './engine.ts'

const settings = { data_limit: 1_000, data_enabled: true, ip_commands_url: null }

async function openFleet(t: TestContext, engine: Engine) {
  const { store } = await openEmpty(t, engine)
  const account = await store.createAccount(anAccount())
  const other = await store.createAccount(anAccount())
  const sim = await register(store, account)
  const trackers = await store.createGroup(
    account.id,
    { sid: sidOf('HF', 1), uniqueName: 'trackers', settings },
    NOW,
  )
  const pumps = await store.createGroup(
    account.id,
    { sid: sidOf('HF', 2), uniqueName: null, settings: {} },
    NOW,
  )
  const place = async (simId = sim.id) => {
    const { group, labels } = (await store.simPlaces([simId])).get(simId)!
    return { group: group?.sid ?? null, labels }
  }
  const assign = (...assignments: SimAssignment[]) => store.assignSims(account.id, assignments, NOW)
  return { store, account, other, sim, trackers, pumps, place, assign }
}

export function describeGroups(engine: Engine): void {
  describe('groups', () => {
    it('are created, found, changed and listed', async (t) => {
      const { store, account, other, trackers, pumps } = await openFleet(t, engine)
      assert.deepEqual(trackers.settings, settings)
      assert.equal(trackers.accountSid, account.sid)
      assert.deepEqual(await store.findGroup(account.id, 'trackers'), trackers)
      assert.deepEqual(await store.findGroup(account.id, pumps.sid), pumps)
      assert.equal(await store.findGroup(other.id, 'trackers'), null)
      assert.equal(await store.findGroup(other.id, trackers.sid), null)

      const later = NOW + 60
      const changes = { uniqueName: 'Pumps', settings: { data_limit: 5 } }
      const changed = await store.updateGroup(pumps.id, changes, later)
      assert.equal(changed.uniqueName, 'Pumps')
      assert.deepEqual(changed.settings, { data_limit: 5 })
      assert.equal(changed.updatedAt, later)
      const unnamed = await store.updateGroup(trackers.id, { uniqueName: '' }, later)
      assert.equal(unnamed.uniqueName, null)
      assert.deepEqual(unnamed.settings, settings)

      const list = (filter: object, page: Parameters<UsageStore['listGroups']>[1]) =>
        store.listGroups({ accountId: account.id, ...filter }, page)
      assert.deepEqual(await list({}, { limit: 9 }), [unnamed, changed])
      assert.deepEqual(await list({}, { limit: 1, afterId: trackers.id }), [changed])
      assert.deepEqual(await list({}, { limit: 9, beforeId: pumps.id }), [unnamed])
      assert.deepEqual(await list({ uniqueName: 'Pumps' }, { limit: 9 }), [changed])
      assert.deepEqual(await store.listGroups({ accountId: other.id }, { limit: 9 }), [])
    })

    it('have unique names within an account', async (t) => {
      const { store, account, other, trackers, pumps } = await openFleet(t, engine)
      const named = (n: number) => ({ sid: sidOf('HF', n), uniqueName: 'trackers', settings: {} })
      const error = await failureOf('conflict', store.createGroup(account.id, named(3), NOW))
      assert.equal(error.field, 'unique_name')
      await failureOf(
        'conflict',
        store.createGroup(account.id, { ...named(1), uniqueName: null }, NOW),
      )
      await failureOf('conflict', store.updateGroup(pumps.id, { uniqueName: 'trackers' }, NOW))
      await store.updateGroup(trackers.id, { uniqueName: 'trackers' }, NOW)
      await store.createGroup(other.id, named(4), NOW)
      await failureOf('not_found', store.updateGroup(99, {}, NOW))
      await failureOf('not_found', store.createGroup(99, named(5), NOW))
    })
  })

  describe('assignments', () => {
    it('put SIMs into groups, label them, and end both', async (t) => {
      const { trackers, pumps, sim, place, assign } = await openFleet(t, engine)
      assert.deepEqual(await place(), { group: null, labels: {} })
      const labels = { customer: 'acme', site: 'Zürich=1' }
      const outcome = await assign({ simId: sim.id, groupId: trackers.id, labels })
      assert.deepEqual(outcome, { changed: 1, unchanged: 0 })
      assert.deepEqual(await place(), { group: trackers.sid, labels })
      assert.deepEqual(await assign({ simId: sim.id, groupId: trackers.id, labels }), {
        ...{ changed: 0, unchanged: 1 },
      })
      await assign({ simId: sim.id, groupId: pumps.id, labels: { site: null } })
      assert.deepEqual(await place(), { group: pumps.sid, labels: { customer: 'acme' } })
      await assign({ simId: sim.id, groupId: null })
      assert.deepEqual(await place(), { group: null, labels: { customer: 'acme' } })
    })

    it('hold until the next change when backdated', async (t) => {
      const { trackers, pumps, sim, place, assign } = await openFleet(t, engine)
      const since = (text: string) => instant(`2026-03-${text}T00:00:00Z`)
      await assign({ simId: sim.id, groupId: pumps.id, since: since('10') })
      await assign({ simId: sim.id, groupId: trackers.id, since: since('05') })
      assert.deepEqual((await place()).group, pumps.sid)
      await assign({ simId: sim.id, groupId: trackers.id, since: since('12') })
      assert.deepEqual((await place()).group, trackers.sid)
    })

    it('are made all or none, and only within the account', async (t) => {
      const { store, account, other, trackers, sim, place, assign } = await openFleet(t, engine)
      const foreign = await register(store, other)
      const own = { simId: sim.id, groupId: trackers.id }
      await failureOf('not_found', assign(own, { simId: foreign.id, groupId: null }))
      await failureOf('not_found', assign(own, { simId: sim.id, groupId: 99 }))
      const ofOther = { simId: foreign.id, groupId: trackers.id }
      await failureOf('not_found', store.assignSims(other.id, [ofOther], NOW))
      const ahead = await failureOf('invalid', assign(own, { ...own, since: NOW + 1 }))
      assert.equal(ahead.field, '1.since')
      const twice = [
        { ...own, since: NOW - 5 },
        { simId: sim.id, groupId: null, since: NOW - 5 },
      ]
      await failureOf('conflict', assign(...twice))
      const many = Array.from({ length: LABELS_MAX + 1 }, (_, i) => [`k${i}`, 'v'])
      await failureOf('invalid', assign({ simId: sim.id, labels: Object.fromEntries(many) }))
      assert.deepEqual(await place(), { group: null, labels: {} })
      assert.deepEqual(await assign(), { changed: 0, unchanged: 0 })
      assert.equal((await store.listActs({ objectKind: 'sim' }, { limit: 9 })).length, 2)
      assert.equal((await store.audit()).differenceCount, 0)
      await store.assignSims(account.id, [own], NOW)
      const [act] = await store.listActs({ objectKind: 'sim' }, { limit: 1 })
      assert.equal(act!.verb, 'assign')
    })

    it('hold from the beginning for a SIM registered with them', async (t) => {
      const { store, account, trackers } = await openFleet(t, engine)
      const at = NOW + 5
      const registered = await store.registerSims(account.id, [aSim()], { at, newSid: newSimSid })
      const [sim] = registered.sims
      await store.assignSims(account.id, [{ simId: sim!.id, groupId: trackers.id }], at)
      // If the membership began at registration, this change would end there. It has always held, so the
      // change replaces it.
      const since = instant('2026-01-01T00:00:00Z')
      await store.assignSims(account.id, [{ simId: sim!.id, groupId: null, since }], at)
      assert.equal((await store.simPlaces([sim!.id])).get(sim!.id)!.group, null)
    })
  })
}
