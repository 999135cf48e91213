/** SIMs that move to another account: earlier usage stays where it was used. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { Account } from '../../src/domain/directory.ts'
import type { UsageEvent } from '../../src/domain/usage-event.ts'
import type { UsageQuestion } from '../../src/domain/usage-question.ts'
import {
  ANY_NAME,
  aBatch,
  abroad,
  aFeed,
  anAccount,
  anEvent,
  anImportStart,
  aSim,
  homeSet,
  instant,
  NOW,
  newSimSid,
  sidOf,
} from '../support/builders.ts'
import { assertAuditClean, type Engine, failureOf, openEmpty, usageLines } from './engine.ts'

const REGISTERED = instant('2026-01-01T00:00:00Z')
const MOVED = instant('2026-02-10T10:20:30Z')
const SEALED = instant('2026-03-10T00:00:00Z')
const DAY = 86_400

/** Two accounts, and a SIM of the first with numbers, names, a group and a label. */
async function openMove(t: TestContext, engine: Engine) {
  const temp = await openEmpty(t, engine)
  const { store } = temp
  const from = await store.createAccount(anAccount({ home: homeSet('310-260', 'US') }))
  const to = await store.createAccount(anAccount({ home: homeSet('208-10', 'FR') }))
  const stated = aSim({
    uniqueName: 'pump',
    friendlyName: 'The pump',
    msisdn: '15550000044' as never,
  })
  const options = { at: REGISTERED, newSid: newSimSid }
  const sim = (await store.registerSims(from.id, [stated], options)).sims[0]!
  const feed = await store.createFeed(aFeed({ onConflict: 'replace' }))
  const { id: importId } = await store.beginImport(anImportStart(feed))
  let line = 0
  const event = (at: string, stated: Partial<UsageEvent> = {}) =>
    anEvent({ simId: sim.id, accountId: from.id, occurredAt: instant(at), line: ++line, ...stated })
  const append = (...events: UsageEvent[]) => store.append(aBatch({ importId, feed, events }))
  const seal = async () => {
    while (await store.sealNextDay(SEALED));
  }
  const move = (account: Account, since = MOVED) =>
    store.moveSim(sim.id, { toAccountId: account.id, since }, NOW)
  const ofSim = (account: Account) =>
    usageLines(store, { simId: sim.id, accountId: account.id }, { granularity: 'daily' })
  const ofAccount = (account: Account) =>
    usageLines(store, { accountId: account.id }, { granularity: 'daily' })
  const recordsOf = async (account: Account) => {
    const period = { start: REGISTERED, end: NOW }
    const filter = { simId: sim.id, accountId: account.id, ...period }
    return (await store.listUsageEvents(filter, { limit: 50 })).map(({ recordId }) => recordId)
  }
  const bySim = async (account: Account) => {
    const question: UsageQuestion = {
      ...{ accountId: account.id, start: REGISTERED, end: SEALED + 5 * DAY, filter: {} },
      ...({ granularity: 'all', order: 'start', groupBy: ['sim'] } as const),
    }
    const members = await store.answerUsage(question, { limit: 9 })
    return members.map(({ simSid, upload }) => [simSid, upload])
  }
  return {
    ...{ temp, store, from, to, sim, feed, importId, event, append, seal, move },
    ...{ ofSim, ofAccount, recordsOf, bySim },
  }
}

const BEFORE = '2026-02-10T10:20:29Z'
const AFTER = '2026-02-10T10:20:30Z'

export function describeSimMoves(engine: Engine): void {
  describe('moving a SIM to another account', () => {
    for (const sealed of [false, true]) {
      it(`leaves usage where it was used, ${sealed ? 'sealed or not' : 'before days are sealed'}`, async (t) => {
        const world = await openMove(t, engine)
        const { store, from, to, sim, event, append } = world
        await append(
          event('2026-02-09T12:00:00Z', { recordId: 'a', upload: 1 }),
          event(BEFORE, { recordId: 'b', upload: 20 }),
          event(AFTER, { recordId: 'c', upload: 300, serving: abroad('FR', '208-10') }),
          event('2026-03-14T12:00:00Z', { recordId: 'd', upload: 4_000 }),
        )
        if (sealed) await world.seal()
        const { events, since, fromAccountSid, sim: moved } = await world.move(to)
        assert.deepEqual([events, since, fromAccountSid], [2, MOVED, from.sid])
        assert.deepEqual([moved.id, moved.accountSid], [sim.id, to.sid])
        if (!sealed) await world.seal()

        const old = [
          '2026-02-09T00:00:00Z home US 1/0/0/0',
          '2026-02-10T00:00:00Z home US 20/0/0/0',
        ]
        const own = [
          '2026-02-10T00:00:00Z international_roaming FR 300/0/0/0',
          '2026-03-14T00:00:00Z home US 4000/0/0/0',
        ]
        for (const answers of [world.ofSim, world.ofAccount]) {
          assert.deepEqual(await answers(from), old)
          assert.deepEqual(await answers(to), own)
        }
        assert.deepEqual(await world.recordsOf(from), ['a', 'b'])
        assert.deepEqual(await world.recordsOf(to), ['c', 'd'])
        assert.deepEqual(await world.bySim(from), [[sim.sid, 21]])
        assert.deepEqual(await world.bySim(to), [[sim.sid, 4_300]])
        assert.deepEqual(await store.listUsedNetworks(to.id), [
          { plmn: '208-10', country: 'FR' },
          { plmn: '310-260', country: 'US' },
        ])
        assert.deepEqual(await store.listUsedNetworks(from.id), [
          { plmn: '310-260', country: 'US' },
        ])
        assert.equal((await store.accountCoverage(to.id)).length, 1)
        await assertAuditClean(store)
      })
    }

    it('counts what comes late for the account that had the SIM, and nothing twice', async (t) => {
      const world = await openMove(t, engine)
      const { store, from, to, event, append, importId, feed } = world
      const early = event(BEFORE, { recordId: 'b', upload: 20 })
      const stale = event(AFTER, { recordId: 'c', upload: 300 })
      await append(early)
      await world.move(to)
      await world.seal()
      // Resolved before the move, stored after it.
      const { counts } = await append(early, stale, { ...stale, line: 9 })
      assert.deepEqual([counts.accepted, counts.duplicate], [1, 2])
      const late = event('2026-01-20T00:00:00Z', { recordId: 'a', upload: 7 })
      await append(late, { ...stale, accountId: to.id, upload: 301, line: 10 })
      assert.deepEqual(await world.bySim(from), [[world.sim.sid, 27]])
      assert.deepEqual(await world.bySim(to), [[world.sim.sid, 301]])

      const second = await store.beginImport(anImportStart(feed))
      const change = { ...stale, accountId: to.id, upload: 5, line: 1 }
      await store.append(aBatch({ importId: second.id, feed, events: [change] }))
      await world.move(from, MOVED + DAY)
      await store.undoImport(second.id, NOW)
      assert.deepEqual(await world.bySim(to), [[world.sim.sid, 301]])
      await store.undoImport(importId, NOW)
      for (const account of [from, to]) assert.deepEqual(await world.bySim(account), [])
      await assertAuditClean(store)
    })

    it('goes there and back, exact to the second', async (t) => {
      const world = await openMove(t, engine)
      const { from, to, event, append } = world
      const at = (second: number) => `2026-02-10T10:20:3${second}Z`
      await append(...[0, 1, 2, 3].map((n) => event(at(n), { recordId: `r${n}`, upload: 10 ** n })))
      await world.move(to, instant(at(1)))
      await world.move(from, instant(at(3)))
      await world.seal()
      assert.deepEqual(await world.ofSim(from), ['2026-02-10T00:00:00Z home US 1001/0/0/0'])
      assert.deepEqual(await world.ofSim(to), ['2026-02-10T00:00:00Z home US 110/0/0/0'])
      assert.deepEqual(await world.bySim(from), [[world.sim.sid, 1_001]])
      const asked = { start: '2026-02-10T10:20:31Z', end: '2026-02-10T10:20:32Z' }
      const scope = { simId: world.sim.id, accountId: to.id }
      const hourly = { ...asked, granularity: 'hourly' } as const
      assert.deepEqual(await usageLines(world.store, scope, hourly), [
        '2026-02-10T10:00:00Z home US 10/0/0/0',
      ])
      assert.deepEqual(await usageLines(world.store, { ...scope, accountId: from.id }, asked), [])
      await assertAuditClean(world.store)
    })

    it('keeps measuring a series of readings through the move', async (t) => {
      const world = await openMove(t, engine)
      const { from, to, event, append } = world
      const reading = (at: string, upload: number) =>
        event(at, { recordId: 'session', upload, reading: { is32Bit: false } })
      await append(reading('2026-02-10T09:00:00Z', 100), reading('2026-02-10T11:00:00Z', 150))
      await world.move(to)
      await append(reading('2026-02-10T12:00:00Z', 190))
      const used = async () => [(await world.bySim(from))[0]?.[1], (await world.bySim(to))[0]?.[1]]
      assert.deepEqual(await used(), [100, 90])
      // Late usage from the old account's time was not the new account's.
      await append(reading('2026-02-10T10:00:00Z', 120))
      assert.deepEqual(await used(), [120, 70])
      await world.store.undoImport(world.importId, NOW)
      assert.deepEqual(await used(), [undefined, undefined])
      await assertAuditClean(world.store)
    })

    it('removes names, group and labels, which belong to the account', async (t) => {
      const world = await openMove(t, engine)
      const { store, from, to, sim } = world
      const made = { sid: sidOf('HF', 1), uniqueName: 'pumps', settings: {} }
      const group = await store.createGroup(from.id, made, NOW)
      const assign = (since: number, labels: Record<string, string>) =>
        store.assignSims(from.id, [{ simId: sim.id, groupId: group.id, labels, since }], NOW)
      await assign(REGISTERED, { customer: 'acme' })
      await assign(MOVED + DAY, { customer: 'other' })
      await world.append(
        world.event(BEFORE, { upload: 1 }),
        world.event('2026-02-12T00:00:00Z', { upload: 2 }),
      )
      const { sim: moved } = await world.move(to)
      assert.deepEqual(
        [moved.uniqueName, moved.friendlyName, moved.iccid, moved.msisdn, moved.imsis],
        [null, null, sim.iccid, sim.msisdn, sim.imsis],
      )
      assert.deepEqual((await store.simPlaces([sim.id])).get(sim.id), { group: null, labels: {} })
      const question: UsageQuestion = {
        ...{ accountId: from.id, start: REGISTERED, end: SEALED, groupBy: ['group', 'label'] },
        ...{ granularity: 'all', order: 'start', labelKey: 'customer', filter: {} },
      }
      const told = async (accountId: number) =>
        (await store.answerUsage({ ...question, accountId }, { limit: 9 })).map(
          ({ group: ofGroup, label, upload }) => [ofGroup?.id ?? null, label, upload],
        )
      assert.deepEqual(await told(from.id), [[group.id, 'acme', 1]])
      assert.deepEqual(await told(to.id), [[null, null, 2]])
      const early = { simId: sim.id, labels: { site: 'x' }, since: MOVED - 1 }
      const error = await failureOf('invalid', store.assignSims(to.id, [early], NOW))
      assert.match(error.message, /0\.since "2026-02-10T10:20:29Z": .*2026-02-10T10:20:30Z/)
      await store.assignSims(to.id, [{ ...early, since: MOVED }], NOW)
      await failureOf('not_found', store.assignSims(from.id, [early], NOW))
    })

    it('is found by the account that had it, and listed by the one that has it', async (t) => {
      const world = await openMove(t, engine)
      const { store, from, to, sim } = world
      const held = { id: sim.id, sid: sim.sid, uniqueName: 'pump' }
      const { id: accountId, sid: accountSid } = from
      assert.deepEqual(await store.findHeldSim(from.id, 'pump'), {
        ...{ ...held, accountId, accountSid, leftAt: null },
      })
      assert.equal(await store.findHeldSim(to.id, sim.sid), null)
      await world.move(to)
      for (const name of ['pump', sim.sid]) {
        const found = { ...held, accountId, accountSid, leftAt: MOVED }
        assert.deepEqual(await store.findHeldSim(from.id, name), found)
        assert.equal(await store.findSim(from.id, name), null)
      }
      assert.equal((await store.findHeldSim(null, sim.sid))?.accountId, to.id)
      assert.equal(await store.findHeldSim(to.id, 'pump'), null)
      assert.deepEqual(await store.listSims({ accountId: from.id }, { limit: 9 }), [])
      const [listed] = await store.listSims({ accountId: to.id }, { limit: 9 })
      assert.equal(listed?.sid, sim.sid)
      // The name is free again, and from then on means the SIM that has it now.
      const next = { uniqueName: 'pump', iccid: aSim().iccid! }
      const options = { at: NOW, newSid: newSimSid }
      const other = (await store.registerSims(from.id, [next], options)).sims[0]!
      assert.equal((await store.findHeldSim(from.id, 'pump'))?.id, other.id)
      const scope = { ...ANY_NAME, accountId: from.id }
      const [match] = (await store.resolveSims(['pump'], scope)).values()
      assert.deepEqual(
        match?.tenures?.map(({ simId, endedAt }) => [simId, endedAt === MOVED]),
        [
          [sim.id, true],
          [other.id, false],
        ],
      )
    })

    it('resolves numbers to the account at the time, and its home set', async (t) => {
      const world = await openMove(t, engine)
      const { store, from, to, sim } = world
      await world.move(to)
      const names = [sim.sid, sim.iccid!, sim.msisdn!]
      const tenuresIn = async (accountId: number | null) =>
        [...(await store.resolveSims(names, { ...ANY_NAME, accountId })).values()].map((match) =>
          match.tenures!.map((tenure) => [tenure.accountId, tenure.home.countries[0]]),
        )
      const [old, own] = [
        [from.id, 'US'],
        [to.id, 'FR'],
      ]
      assert.deepEqual(await tenuresIn(null), [
        [old, own],
        [old, own],
        [old, own],
      ])
      assert.deepEqual(await tenuresIn(from.id), [[old], [old], [old]])
      assert.deepEqual(await tenuresIn(to.id), [[own], [own], [own]])
    })

    it('tells which SIMs are silent by their account’s usage', async (t) => {
      const world = await openMove(t, engine)
      const { store, to, event, append } = world
      await append(
        event('2026-02-10T08:00:00Z', { upload: 1 }),
        event('2026-02-10T11:00:00Z', { upload: 1 }),
      )
      await world.move(to)
      const silent = async (since: string) =>
        (await store.listSims({ accountId: to.id, silentSince: instant(since) }, { limit: 9 }))
          .length
      for (const sealed of [false, true]) {
        if (sealed) await world.seal()
        assert.equal(await silent('2026-02-01T00:00:00Z'), 0)
        assert.equal(await silent('2026-02-10T11:00:01Z'), 1)
      }
      const { id: accountId } = world.from
      await world.move(world.from, instant('2026-02-10T11:30:00Z'))
      const again = async (since: string) =>
        (await store.listSims({ accountId, silentSince: instant(since) }, { limit: 9 })).length
      assert.equal(await again('2026-02-10T08:00:00Z'), 0)
      assert.equal(await again('2026-02-10T08:00:01Z'), 1)
    })

    it('is refused with what to do about it', async (t) => {
      const world = await openMove(t, engine)
      const { store, from, to, sim } = world
      const refused = async (code: 'invalid' | 'conflict', account: Account, since?: number) => {
        const move = { toAccountId: account.id, ...(since !== undefined && { since }) }
        return (await failureOf(code, store.moveSim(sim.id, move, NOW))).message
      }
      assert.match(await refused('conflict', from), /^account AC.*already/)
      assert.match(
        await refused('invalid', to, NOW + 1),
        /^since "2026-03-15T12:34:57Z": .*in the future/,
      )
      assert.match(
        await refused('invalid', to, REGISTERED - 1),
        /^since "2025-12-31T23:59:59Z": .* registered at 2026-01-01T00:00:00Z; give this/,
      )
      await world.move(to)
      assert.match(
        await refused('conflict', from, MOVED),
        /already moved in this second; give a later/,
      )
      assert.match(
        await refused('conflict', from, MOVED - 1),
        /has already moved at 2026-02-10T10:20:30Z.*give an instant after it/,
      )
      const nobody = { toAccountId: 9_999 }
      await failureOf('not_found', store.moveSim(sim.id, nobody, NOW))
      await failureOf('not_found', store.moveSim(9_999, { toAccountId: to.id }, NOW))
      assert.equal((await store.findSim(null, sim.sid))?.accountSid, to.sid)
      const erasure = { at: NOW, by: 'Ada', reason: 'asked for', newSid: newSimSid() }
      await store.eraseSim(sim.id, { ...erasure, dryRun: false })
      assert.match(await refused('conflict', from), /has been erased and stays with its account/)
    })

    it('passes on nothing that an account has delivered, and gives it nothing of others’', async (t) => {
      const world = await openMove(t, engine)
      const { store, from, to, sim, feed, event } = world
      await store.grantFeed(feed.id, from.id, NOW)
      const { id } = await store.beginImport(anImportStart(feed, { accountId: from.id }))
      const own = (...events: UsageEvent[]) =>
        store.append(aBatch({ importId: id, accountId: from.id, feed, events }))
      await own(event(AFTER, { upload: 1 }))
      const move = { toAccountId: to.id, since: MOVED }
      const error = await failureOf('conflict', store.moveSim(sim.id, move, NOW))
      assert.match(error.message, new RegExp(`^since .*${from.sid} itself has delivered.* ${id};`))
      await store.undoImport(id, NOW)
      // For undone usage, the events still name the delivery to whoever asks.
      await failureOf('conflict', store.moveSim(sim.id, move, NOW))
      await world.move(to, MOVED + 1)
      const again = await store.beginImport(anImportStart(feed, { accountId: from.id }))
      const late = event('2026-02-20T00:00:00Z', { upload: 1 })
      const batch = aBatch({ importId: again.id, accountId: from.id, feed, events: [late] })
      assert.match(
        (await failureOf('unavailable', store.append(batch))).message,
        /deliver them again/,
      )
      assert.deepEqual(await world.ofAccount(to), [])
      const bound = await store.createFeed(aFeed({ accountId: to.id, accountSid: to.sid }))
      const { id: boundImport } = await store.beginImport(anImportStart(bound))
      const ofTo = { ...late, accountId: to.id }
      await store.append(aBatch({ importId: boundImport, feed: bound, events: [ofTo] }))
      await failureOf(
        'unavailable',
        store.append(aBatch({ importId: boundImport, feed: bound, events: [late] })),
      )
      const back = { toAccountId: from.id, since: MOVED + DAY }
      assert.match(
        (await failureOf('conflict', store.moveSim(sim.id, back, NOW))).message,
        new RegExp(`${bound.name} .* is bound to ${to.sid}`),
      )
      await assertAuditClean(store)
    })

    it('is logged', async (t) => {
      const world = await openMove(t, engine)
      await world.append(world.event(AFTER, { upload: 1 }))
      const { store, from, to, sim } = world
      const acting = store.actingAs({ name: 'operator', clock: () => NOW })
      await acting.moveSim(sim.id, { toAccountId: to.id, since: MOVED }, NOW)
      const [act] = await store.listActs({}, { limit: 1 })
      assert.deepEqual(
        { ...act, id: 0 },
        {
          ...{
            id: 0,
            at: NOW,
            actor: 'operator',
            verb: 'move',
            objectKind: 'sim',
            object: sim.sid,
          },
          details: { from: from.sid, to: to.sid, since: '2026-02-10T10:20:30Z', events: 1 },
        },
      )
    })
  })
}
