/** Registering, changing, finding and listing SIMs. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SimRegistration } from '../../src/domain/directory.ts'
import type { CallbackChanges } from '../../src/domain/sim-callbacks.ts'
import {
  anAccount,
  aSim,
  homeSet,
  iccidOf,
  imsiOf,
  msisdnOf,
  NOW,
  newSimSid,
  sidOf,
} from '../support/builders.ts'
import { type Engine, failureOf, openEmpty, register } from './engine.ts'

export async function openAccounts(t: Parameters<typeof openEmpty>[0], engine: Engine) {
  const { store } = await openEmpty(t, engine)
  const account = await store.createAccount(anAccount())
  const other = await store.createAccount(anAccount())
  const registerAll = (registrations: readonly SimRegistration[], at = NOW) =>
    store.registerSims(account.id, registrations, { at, newSid: newSimSid })
  return { store, account, other, registerAll }
}

export function describeSims(engine: Engine): void {
  describe('registering SIMs', () => describeRegistration(engine))
  describe('what registering SIMs would do', () => describePreview(engine))
  describe('changing a SIM', () => describeChanges(engine))
  describe('finding SIMs', () => describeFinding(engine))
}

function describeRegistration(engine: Engine): void {
  it('keeps everything that is stated', async (t) => {
    const { account, registerAll, store } = await openAccounts(t, engine)
    const stated = {
      sid: sidOf('HS', 7),
      iccid: iccidOf(1),
      imsis: [imsiOf(2), imsiOf(1)],
      msisdn: msisdnOf(1),
      uniqueName: 'truck 7',
      friendlyName: 'Truck Nº 7',
      status: 'suspended',
      home: homeSet('208-01', 'FR'),
    } as const
    const { created, updated, unchanged, sims } = await registerAll([stated])
    assert.deepEqual({ created, updated, unchanged }, { created: 1, updated: 0, unchanged: 0 })
    const sim = sims[0]!
    assert.deepEqual(sim, {
      id: sim.id,
      accountId: account.id,
      accountSid: account.sid,
      callbacks: {},
      createdAt: NOW,
      updatedAt: NOW,
      ...stated,
    })
    assert.deepEqual(await store.findSim(account.id, sim.sid), sim)
  })

  it('makes a SIM active, with a new SID and no names, unless stated', async (t) => {
    const { registerAll, store, account } = await openAccounts(t, engine)
    const newSid = () => sidOf('DE', 77)
    const imsis = [imsiOf(5)]
    const { sims } = await store.registerSims(account.id, [{ imsis }], { at: NOW, newSid })
    const { sid, status, iccid, msisdn, uniqueName, friendlyName, home } = sims[0]!
    assert.deepEqual([sid, status], [sidOf('DE', 77), 'active'])
    assert.deepEqual([iccid, msisdn, uniqueName, friendlyName], [null, null, null, null])
    assert.deepEqual(home, { plmns: [], countries: [] })
    assert.equal((await registerAll([aSim()])).created, 1)
  })

  it('returns SIMs in the order of the registrations', async (t) => {
    const { registerAll } = await openAccounts(t, engine)
    const old = (await registerAll([aSim({ uniqueName: 'old' })])).sims[0]!
    const { sims } = await registerAll([
      aSim({ uniqueName: 'a' }),
      { sid: old.sid },
      aSim({ uniqueName: 'b' }),
    ])
    assert.deepEqual(
      sims.map((sim) => sim.uniqueName),
      ['a', 'old', 'b'],
    )
  })

  const ways = [
    ['its SID', { sid: sidOf('DE', 1) }],
    ['its ICCID', { iccid: iccidOf(1) }],
    ['one of its IMSIs', { imsis: [imsiOf(2)] }],
  ] as const
  for (const [way, name] of ways) {
    it(`updates what is stated about a SIM named by ${way}, and keeps the rest`, async (t) => {
      const { registerAll, store, account } = await openAccounts(t, engine)
      const first = await registerAll([
        {
          sid: sidOf('DE', 1),
          iccid: iccidOf(1),
          imsis: [imsiOf(1), imsiOf(2)],
          msisdn: msisdnOf(1),
          uniqueName: 'before',
          friendlyName: 'kept',
          home: homeSet('310-260', 'US'),
        },
      ])
      const again = await registerAll(
        [{ ...name, uniqueName: 'after', home: { countries: homeSet('', 'CA').countries } }],
        NOW + 60,
      )
      assert.deepEqual([again.created, again.updated, again.unchanged], [0, 1, 0])
      const expected = {
        ...first.sims[0]!,
        uniqueName: 'after',
        home: homeSet('310-260', 'CA'),
        updatedAt: NOW + 60,
      }
      assert.deepEqual(again.sims, [expected])
      assert.deepEqual(await store.findSim(account.id, 'after'), expected)
    })
  }

  it('adds IMSIs to those that a SIM has', async (t) => {
    const { registerAll } = await openAccounts(t, engine)
    await registerAll([{ iccid: iccidOf(1), imsis: [imsiOf(1)] }])
    const { sims, updated } = await registerAll([
      { iccid: iccidOf(1), imsis: [imsiOf(2), imsiOf(1), imsiOf(3)] },
    ])
    assert.equal(updated, 1)
    assert.deepEqual(sims[0]?.imsis, [imsiOf(1), imsiOf(2), imsiOf(3)])
  })

  it('gives a SIM known by IMSI its ICCID', async (t) => {
    const { registerAll, store, account } = await openAccounts(t, engine)
    const { sims } = await registerAll([{ imsis: [imsiOf(1)] }])
    await registerAll([{ iccid: iccidOf(1), imsis: [imsiOf(1)] }])
    const found = await store.listSims({ accountId: account.id }, { limit: 10 })
    assert.deepEqual(
      found.map((sim) => [sim.sid, sim.iccid]),
      [[sims[0]?.sid, iccidOf(1)]],
    )
  })

  it('reports a SIM as unchanged if nothing new is stated', async (t) => {
    const { registerAll } = await openAccounts(t, engine)
    const stated = aSim({ imsis: [imsiOf(1)], uniqueName: 'same', home: homeSet('', 'US') })
    const first = await registerAll([stated])
    const again = await registerAll([stated], NOW + 60)
    assert.deepEqual([again.created, again.updated, again.unchanged], [0, 0, 1])
    assert.deepEqual(again.sims, first.sims)
  })

  it('registers a SIM once that a list names twice', async (t) => {
    const { registerAll } = await openAccounts(t, engine)
    const { created, sims } = await registerAll([
      { iccid: iccidOf(1), imsis: [imsiOf(1)] },
      { iccid: iccidOf(1), imsis: [imsiOf(2)] },
    ])
    assert.equal(created, 1)
    assert.equal(sims[0]?.id, sims[1]?.id)
    assert.deepEqual(sims[1]?.imsis, [imsiOf(1), imsiOf(2)])
  })

  it('accepts thousands at once', async (t) => {
    const { registerAll, store, account } = await openAccounts(t, engine)
    const many = Array.from({ length: 3_000 }, (_, i) => aSim({ imsis: [imsiOf(i)] }))
    assert.equal((await registerAll(many)).created, 3_000)
    assert.equal((await registerAll(many)).unchanged, 3_000)
    const page = await store.listSims({ accountId: account.id }, { limit: 5_000 })
    assert.equal(page.length, 3_000)
  })
}

function describePreview(engine: Engine): void {
  it('matches what registering them does, with every conflict, and changes nothing', async (t) => {
    const { store, account, other, registerAll } = await openAccounts(t, engine)
    const [known] = (await registerAll([aSim({ uniqueName: 'a', msisdn: msisdnOf(9) })])).sims
    await register(store, other, { iccid: iccidOf(50) })
    const list = [
      { iccid: known!.iccid!, uniqueName: 'a' },
      { iccid: known!.iccid!, friendlyName: 'A' },
      { iccid: iccidOf(50) },
      { iccid: iccidOf(51), uniqueName: 'a' },
      { iccid: iccidOf(52), msisdn: msisdnOf(9) },
      { iccid: iccidOf(53), uniqueName: 'b' },
      { iccid: iccidOf(54), uniqueName: 'b' },
    ]
    const previews = await store.previewSims(account.id, list)
    assert.deepEqual(
      previews.map((one) => ('effect' in one ? one.effect : one.conflict.field)),
      ['unchanged', 'updated', '2.iccid', '3.unique_name', '4.msisdn', 'created', '6.unique_name'],
    )
    const good = list.filter((_, index) => 'effect' in previews[index]!)
    assert.equal((await store.listSims({ accountId: account.id }, { limit: 9 })).length, 1)
    const { created, updated, unchanged } = await registerAll(good)
    assert.deepEqual({ created, updated, unchanged }, { created: 1, updated: 1, unchanged: 1 })
    await failureOf('not_found', store.previewSims(9_999, []))
  })
}

function describeChanges(engine: Engine): void {
  it('changes what is stated and keeps the rest', async (t) => {
    const { store, account } = await openAccounts(t, engine)
    const sim = await register(store, account, aSim({ friendlyName: 'old', uniqueName: 'u' }))
    const changed = await store.updateSim(sim.id, { status: 'suspended' }, NOW + 5)
    assert.deepEqual(changed, { ...sim, status: 'suspended', updatedAt: NOW + 5 })
    const renamed = await store.updateSim(sim.id, { friendlyName: 'new', uniqueName: 'v' }, NOW + 9)
    const expected = { ...changed, friendlyName: 'new', uniqueName: 'v', updatedAt: NOW + 9 }
    assert.deepEqual(renamed, expected)
    assert.deepEqual(await store.findSim(account.id, 'v'), expected)
    assert.equal(await store.findSim(account.id, 'u'), null)
  })

  it('keeps callbacks part by part, even through another registration', async (t) => {
    const { store, account } = await openAccounts(t, engine)
    const sim = await register(store, account, aSim({ iccid: iccidOf(1) }))
    const change = (callbacks: CallbackChanges, at: number) =>
      store.updateSim(sim.id, { callbacks }, at)
    const url = 'https://example.com/sms?to=é'
    await change({ voiceFallback: { method: 'GET' }, sms: { url } }, NOW + 1)
    const set = await change({ sms: { method: 'GET' } }, NOW + 2)
    const expected = { sms: { url, method: 'GET' }, voiceFallback: { url: null, method: 'GET' } }
    assert.deepEqual(set.callbacks, expected)
    assert.equal(set.updatedAt, NOW + 2)
    await register(store, account, { iccid: iccidOf(1), friendlyName: 'again' })
    assert.deepEqual((await store.findSim(account.id, sim.sid))?.callbacks, expected)
    const same = await change({ sms: { url, method: 'GET' } }, NOW + 9)
    assert.ok(same.updatedAt < NOW + 9)
    const bare = await change(
      { sms: { url: null, method: 'POST' }, voiceFallback: { method: 'POST' } },
      NOW + 9,
    )
    assert.deepEqual(bare.callbacks, {})
  })

  it('removes names with an empty text', async (t) => {
    const { store, account } = await openAccounts(t, engine)
    const sim = await register(store, account, aSim({ friendlyName: 'f', uniqueName: 'u' }))
    const bare = await store.updateSim(sim.id, { friendlyName: '', uniqueName: '' }, NOW + 5)
    assert.deepEqual([bare.friendlyName, bare.uniqueName], [null, null])
    assert.equal(await store.findSim(account.id, ''), null)
    await register(store, account, aSim({ uniqueName: 'u' }))
  })

  it('lets any number of SIMs be without a unique name', async (t) => {
    const { store, account } = await openAccounts(t, engine)
    for (const uniqueName of ['a', 'b']) {
      const sim = await register(store, account, aSim({ uniqueName }))
      await store.updateSim(sim.id, { uniqueName: '' }, NOW)
    }
  })

  it('refuses the unique name of another SIM in the account', async (t) => {
    const { store, account, other } = await openAccounts(t, engine)
    const sim = await register(store, account, aSim({ uniqueName: 'mine' }))
    await register(store, account, aSim({ uniqueName: 'taken' }))
    await register(store, other, aSim({ uniqueName: 'free' }))
    const changes = { uniqueName: 'taken', friendlyName: 'lost' }
    await failureOf('conflict', store.updateSim(sim.id, changes, NOW + 5))
    assert.deepEqual(await store.findSim(account.id, 'mine'), sim)
    assert.equal((await store.updateSim(sim.id, { uniqueName: 'mine' }, NOW)).uniqueName, 'mine')
    assert.equal((await store.updateSim(sim.id, { uniqueName: 'free' }, NOW)).uniqueName, 'free')
  })
}

function describeFinding(engine: Engine): void {
  it('finds by SID, and by unique name within the account', async (t) => {
    const { store, account } = await openAccounts(t, engine)
    const sim = await register(store, account, aSim({ uniqueName: 'truck 7' }))
    assert.deepEqual(await store.findSim(account.id, sim.sid), sim)
    assert.deepEqual(await store.findSim(account.id, 'truck 7'), sim)
    assert.deepEqual(await store.findSim(null, sim.sid), sim)
    assert.equal(await store.findSim(null, 'truck 7'), null)
    assert.equal(await store.findSim(account.id, sim.iccid!), null)
  })

  it('does not find the SIMs of another account', async (t) => {
    const { store, account, other } = await openAccounts(t, engine)
    const foreign = await register(store, other, aSim({ uniqueName: 'truck 7' }))
    assert.equal(await store.findSim(account.id, foreign.sid), null)
    assert.equal(await store.findSim(account.id, 'truck 7'), null)
  })

  it('lists in order of registration, for one account or all', async (t) => {
    const { store, account, other } = await openAccounts(t, engine)
    const one = await register(store, account, aSim({ sid: sidOf('DE', 9) }))
    const foreign = await register(store, other)
    const two = await register(store, account, aSim({ sid: sidOf('DE', 8) }))
    assert.deepEqual(await store.listSims({ accountId: account.id }, { limit: 9 }), [one, two])
    assert.deepEqual(await store.listSims({}, { limit: 9 }), [one, foreign, two])
  })

  it('lists by ICCID and by status', async (t) => {
    const { store, account, other } = await openAccounts(t, engine)
    const accountId = account.id
    const one = await register(store, account, aSim({ status: 'suspended' }))
    const two = await register(store, account)
    const foreign = await register(store, other, aSim({ status: 'suspended' }))
    const list = (filter: Parameters<typeof store.listSims>[0]) =>
      store.listSims(filter, { limit: 9 })
    assert.deepEqual(await list({ accountId, status: 'suspended' }), [one])
    assert.deepEqual(await list({ accountId, status: 'active' }), [two])
    assert.deepEqual(await list({ accountId, iccid: two.iccid! }), [two])
    assert.deepEqual(await list({ accountId, iccid: foreign.iccid! }), [])
    assert.deepEqual(await list({ accountId, iccid: two.iccid!, status: 'suspended' }), [])
  })

  it('goes through the pages forwards and backwards', async (t) => {
    const { store, account, other, registerAll } = await openAccounts(t, engine)
    await registerAll([aSim(), aSim()])
    await register(store, other)
    await registerAll([aSim(), aSim(), aSim()])
    const filter = { accountId: account.id }
    const all = await store.listSims(filter, { limit: 9 })
    const [a, b, c, d, e] = all
    assert.deepEqual(await store.listSims(filter, { limit: 2 }), [a, b])
    assert.deepEqual(await store.listSims(filter, { limit: 2, afterId: b!.id }), [c, d])
    assert.deepEqual(await store.listSims(filter, { limit: 2, afterId: d!.id }), [e])
    assert.deepEqual(await store.listSims(filter, { limit: 2, afterId: e!.id }), [])
    assert.deepEqual(await store.listSims(filter, { limit: 2, beforeId: e!.id }), [c, d])
    assert.deepEqual(await store.listSims(filter, { limit: 2, beforeId: b!.id }), [a])
    assert.deepEqual(await store.listSims(filter, { limit: 2, beforeId: a!.id }), [])
  })
}
