/** Questions about a fleet: any grouping, any filter, page by page, compared with a plain model. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import type { HomeSet } from '../../src/domain/classification.ts'
import type { CountryCode } from '../../src/domain/country.ts'
import type { Sim } from '../../src/domain/directory.ts'
import type { Plmn } from '../../src/domain/plmn.ts'
import type { SimGroup } from '../../src/domain/sim-group.ts'
import { plus } from '../../src/domain/sums.ts'
import {
  readsTooMuch,
  type UsageMember,
  type UsageQuestion,
} from '../../src/domain/usage-question.ts'
import type { LedgerPlace, UsageStore } from '../../src/storage/usage-store.ts'
import {
  AT_HOME,
  aBatch,
  abroad,
  aFeed,
  anAccount,
  anEvent,
  anImportStart,
  aSim,
  homeSet,
  instant,
  NATIONAL,
  NOW,
  newSimSid,
  sidOf,
  US_HOME,
} from '../support/builders.ts'
import {
  changesAfterMove,
  expectedMembers,
  type ModelChange,
  type ModelEvent,
  type ModelMove,
  memberLine,
  ownerAt,
  reclassified,
} from '../support/fleet-model.ts'
import { share } from '../support/volume.ts'
import { type Engine, failureOf, openLedger, register } from './engine.ts'

const HOUR = 3_600
const DAY = 86_400
const FIRST = instant('2026-01-27T00:00:00Z')
const DAYS = 40
const SEALED = instant('2026-03-05T00:00:00Z')

const servings = [
  AT_HOME,
  NATIONAL,
  abroad('FR'),
  abroad('FR', '208-10'),
  abroad('MX', '334-020'),
  { ...AT_HOME, plmn: null, country: null, zoneStated: true },
]
const KEYS = ['customer', 'site'] as const
const VALUES = ['acme', 'b=c', 'ünï'] as const

interface Fleet {
  readonly store: UsageStore
  /** SIMs begin with the first, and move between them. */
  readonly accountIds: readonly [number, number]
  readonly sims: readonly Sim[]
  /** For each of the accounts. */
  readonly groups: readonly (readonly SimGroup[])[]
  readonly feedIds: readonly number[]
}

async function openFleet(t: TestContext, engine: Engine): Promise<Fleet> {
  const temp = await engine.open()
  t.after(() => temp.dispose())
  const { store } = temp
  const [account, second, other] = [
    await store.createAccount(anAccount()),
    await store.createAccount(anAccount()),
    await store.createAccount(anAccount()),
  ]
  const stated = Array.from({ length: 4 }, () => aSim())
  const options = { at: FIRST - DAY, newSid: newSimSid }
  const { sims } = await store.registerSims(account.id, stated, options)
  // Another account's SIM, whose usage no answer may show.
  const foreign = await register(store, other)
  const groups = []
  for (const [n, { id }] of [account, second].entries()) {
    const ofAccount = []
    for (let i = 0; i < 2; i++) {
      const group = { sid: sidOf('HF', 7_000 + 10 * n + i), uniqueName: `group ${i}`, settings: {} }
      ofAccount.push(await store.createGroup(id, group, NOW))
    }
    groups.push(ofAccount)
  }
  const feedIds = []
  for (let i = 0; i < 2; i++) {
    const feed = await store.createFeed(aFeed())
    feedIds.push(feed.id)
    const { id: importId } = await store.beginImport(anImportStart(feed))
    const event = anEvent({ simId: foreign.id, accountId: other.id, occurredAt: FIRST, upload: 7 })
    await store.append(aBatch({ importId, feed, events: [event] }))
  }
  return { store, accountIds: [account.id, second.id], sims, groups, feedIds }
}

/** A few days in two months, so that changes meet usage on the same day. The last ones are not sealed. */
const aDay = fc.constantFrom(0, 4, 5, 18, 19, 34, 37, 39).map((day) => FIRST + day * DAY)
const anInstant = fc
  .tuple(aDay, fc.integer({ min: 0, max: 7 }))
  .map(([day, part]) => day + part * 3 * HOUR + 7)
const aMidnight = aDay
const aSimIndex = fc.nat({ max: 3 })

const events = fc.array(
  fc.record({
    sim: aSimIndex,
    at: anInstant,
    feed: fc.nat({ max: 1 }),
    serving: fc.nat({ max: servings.length - 1 }),
    upload: fc.nat({ max: 1_000 }),
    toSim: fc.nat({ max: 2 }),
  }),
  { minLength: 10, maxLength: 60 },
)

const changes = fc.array(
  fc.record({
    sim: aSimIndex,
    at: fc.oneof(anInstant, aMidnight),
    key: fc.constantFrom(null, ...KEYS),
    value: fc.option(fc.nat({ max: 2 }), { nil: null }),
  }),
  { maxLength: 14 },
)

const transfers = fc.array(
  fc.record({ sim: aSimIndex, at: fc.oneof(anInstant, aMidnight), to: fc.nat({ max: 1 }) }),
  { maxLength: 8 },
)

const HOMES = [
  US_HOME,
  homeSet('208-10 334-020', 'MX'),
  homeSet('', 'FR US'),
  homeSet('310-410', ''),
] as const

const homes = fc.array(
  fc.record({
    home: fc.nat({ max: HOMES.length - 1 }),
    /** Null if an account's home set changes. */
    sim: fc.option(aSimIndex, { nil: null }),
    account: fc.nat({ max: 1 }),
    since: anInstant,
  }),
  { minLength: 2, maxLength: 4 },
)

const STEPS = [
  ...(['change', 'deliver', 'transfer', 'reclassify', 'seal', 'deliver others'] as const),
  ...(['transfer others', 'change others', 'reclassify again', 'purge', 'undo'] as const),
] as const

/** Neither the order nor leaving some out may matter. */
const steps = fc.shuffledSubarray([...STEPS], { minLength: 7 })

/** What happens to deliveries: one is undone, or old usage is deleted. */
const losses = fc.record({
  undone: fc.nat({ max: 3 }),
  purgedBefore: fc.option(fc.constantFrom(0, 4, 5).map((day) => FIRST + day * DAY + 4 * HOUR)),
})

const anHour = fc.integer({ min: -24, max: (DAYS + 1) * 24 }).map((hour) => FIRST + hour * HOUR)

function rarely<T>(value: fc.Arbitrary<T>) {
  return fc
    .option(value, { nil: undefined, freq: 1 })
    .chain((one) => fc.boolean().map((isTaken) => (isTaken ? one : undefined)))
}

const questions = fc.array(
  fc.record({
    account: fc.nat({ max: 1 }),
    bounds: fc.tuple(fc.oneof(anHour, aMidnight), fc.oneof(anHour, aMidnight)),
    granularity: fc.constantFrom('hourly', 'daily', 'monthly', 'all'),
    groupBy: fc.oneof(
      fc.subarray(['sim', 'group', 'label'], { minLength: 1 }),
      fc.subarray(['sim', 'group', 'label', 'zone', 'country', 'network', 'feed']),
    ),
    labelKey: fc.constantFrom(...KEYS),
    order: fc.constantFrom('start', '-start', 'data', '-data', 'commands', '-commands'),
    filter: fc.record({
      // Most questions have few filters, because all at once would leave nothing to sum.
      sim: rarely(aSimIndex),
      group: rarely(fc.nat({ max: 1 })),
      label: rarely(fc.tuple(fc.constantFrom(...KEYS), fc.constantFrom(...VALUES))),
      serving: rarely(fc.nat({ max: servings.length - 1 })),
      by: fc.constantFrom('zone', 'country', 'plmn'),
      feed: rarely(fc.nat({ max: 1 })),
    }),
    pageSize: fc.integer({ min: 1, max: 7 }),
  }),
  { minLength: 40, maxLength: 40 },
)

type Asked = Generated<typeof questions>[number]

function questionOf(asked: Asked, { accountIds, sims, groups, feedIds }: Fleet): UsageQuestion {
  const { account, bounds, granularity, groupBy, labelKey, order, filter } = asked
  const serving = filter.serving === undefined ? undefined : servings[filter.serving]!
  const { by = 'zone' } = filter
  return {
    accountId: accountIds[account]!,
    start: Math.min(...bounds),
    end: Math.max(...bounds),
    granularity: granularity as UsageQuestion['granularity'],
    groupBy: groupBy as UsageQuestion['groupBy'],
    labelKey,
    order: order as UsageQuestion['order'],
    filter: {
      ...(filter.sim !== undefined && { simId: sims[filter.sim]!.id }),
      ...(filter.group !== undefined && { groupId: groups[account]![filter.group]!.id }),
      ...(filter.label && { label: { key: filter.label[0], value: filter.label[1] } }),
      ...(serving && { [by]: serving[by as 'zone'] }),
      ...(filter.feed !== undefined && { feedId: feedIds[filter.feed]! }),
    },
  }
}

/** Page by page, as a client asks. */
async function answered(store: UsageStore, question: UsageQuestion, limit: number) {
  const members: UsageMember[] = []
  for (;;) {
    const after = members.at(-1)
    const page = await store.answerUsage(question, { limit, ...(after && { after }) })
    members.push(...page)
    if (page.length < limit) return members
  }
}

function assertOrder({ order }: UsageQuestion, members: readonly UsageMember[]): void {
  const leading = ({ bucketStart, upload, download, toSim, fromSim }: UsageMember) =>
    order.endsWith('start')
      ? BigInt(bucketStart)
      : order.endsWith('data')
        ? plus(upload, download)
        : plus(toSim, fromSim)
  const sign = order.startsWith('-') ? -1n : 1n
  for (const [i, member] of members.entries()) {
    const next = members[i + 1]
    if (next) assert.ok(BigInt(leading(member)) * sign <= BigInt(leading(next)) * sign, order)
  }
}

type Generated<A> = A extends fc.Arbitrary<infer T> ? T : never

interface Lived {
  readonly given: Generated<typeof events>
  readonly moves: Generated<typeof changes>
  readonly transfers: Generated<typeof transfers>
  readonly homes: Generated<typeof homes>
  readonly losses: Generated<typeof losses>
  readonly steps: Generated<typeof steps>
}

/** Applies usage, changes and moves in any order, beside a model of what is left of them. */
class Life {
  known: ModelChange[] = []
  readonly #fleet: Fleet
  readonly #events: Lived['given']
  #usage: ModelEvent[]
  /** The imports that have delivered each event in the store. */
  readonly #importsOf = new Map<number, Set<number>>()
  readonly #importIds: number[] = []
  readonly #moved: ModelMove[] = []
  readonly #homes = { accounts: new Map<number, HomeSet>(), sims: new Map<number, HomeSet>() }
  #purgedBefore = Number.NEGATIVE_INFINITY

  constructor(fleet: Fleet, given: Lived['given']) {
    this.#fleet = fleet
    this.#events = given
    this.#usage = given.map((_, i) => this.#asDelivered(i))
    for (const id of fleet.accountIds) this.#homes.accounts.set(id, US_HOME)
  }

  ofAccount(accountId: number): ModelEvent[] {
    return this.#usage.filter(
      (event, i) => this.#importsOf.has(i) && this.#ownerOf(event.simId, event.at) === accountId,
    )
  }

  /** Every record names the account that had its SIM at first, and the store has to know better. */
  async deliver(from: number, to: number): Promise<void> {
    const { store, accountIds, feedIds } = this.#fleet
    for (const feed of (await store.listFeeds()).filter(({ id }) => feedIds.includes(id))) {
      const { id: importId } = await store.beginImport(anImportStart(feed))
      this.#importIds.push(importId)
      const batch = this.#usage.slice(from, to).flatMap((event, offset) => {
        const i = from + offset
        if (event.feedId !== feed.id) return []
        if (event.at >= this.#purgedBefore) this.#count(i, importId)
        const { simId, at, upload, download, toSim, fromSim } = event
        const serving = servings[this.#events[i]!.serving]!
        const counters = { upload, download, toSim, fromSim }
        const place = { simId, accountId: accountIds[0], recordId: `e${i}`, line: offset + 1 }
        return [anEvent({ ...place, occurredAt: at, serving, ...counters })]
      })
      await store.append(aBatch({ importId, feed, events: batch }))
    }
  }

  async change(some: Lived['moves']): Promise<void> {
    const { store, accountIds, sims, groups } = this.#fleet
    for (const { sim, at, key, value } of some) {
      const simId = sims[sim]!.id
      const accountId = this.#ownerOf(simId, NOW)
      const own = groups[accountIds.indexOf(accountId)]!
      const told =
        key === null
          ? { groupId: value === null || value > 1 ? null : own[value]!.id }
          : { labels: { [key]: value === null ? null : VALUES[value]! } }
      const assigning = store.assignSims(accountId, [{ simId, since: at, ...told }], NOW)
      const isBeforeMove = this.#moved.some((move) => move.simId === simId && at < move.at)
      if (isBeforeMove) {
        await failureOf('invalid', assigning)
        continue
      }
      await assigning
      this.known.push({ simId, key, at, value: told.groupId ?? told.labels?.[key!] ?? null })
    }
  }

  async transfer(some: Lived['transfers']): Promise<void> {
    const { store, accountIds, sims } = this.#fleet
    for (const { sim, at, to } of some) {
      const simId = sims[sim]!.id
      const move = { simId, at, accountId: accountIds[to]! }
      const moving = store.moveSim(simId, { toAccountId: move.accountId, since: at }, NOW)
      const isEarly = this.#moved.some((other) => other.simId === simId && other.at >= at)
      if (isEarly || this.#ownerOf(simId, NOW) === move.accountId) {
        await failureOf('conflict', moving)
        continue
      }
      await moving
      this.#moved.push(move)
      this.known = changesAfterMove([...this.known, ...KEYS_OF_NOTHING], move)
    }
  }

  /** Applies each change of a home set to counted usage, in transactions of a few rows. */
  async reclassify(some: Lived['homes']): Promise<void> {
    const { store, accountIds, sims } = this.#fleet
    for (const { home: index, sim, account, since } of some) {
      const home = HOMES[index]!
      if (sim === null) {
        this.#homes.accounts.set(accountIds[account]!, home)
        await store.updateAccount(accountIds[account]!, { home })
      } else {
        const { id, sid } = sims[sim]!
        this.#homes.sims.set(id, home)
        const owner = this.#ownerOf(id, NOW)
        await store.registerSims(owner, [{ sid, home }], { at: NOW, newSid: newSimSid })
      }
      let after: LedgerPlace | null = null
      do {
        after = (await store.reclassify({ since, dryRun: false, rowsMax: 9, after })).next
      } while (after !== null)
      this.#usage = this.#usage.map((event, i) => {
        if (event.at < since || !this.#importsOf.has(i)) return event
        const ownerHome = this.#homes.accounts.get(this.#ownerOf(event.simId, event.at))!
        return reclassified(event, [this.#homes.sims.get(event.simId), ownerHome])
      })
    }
  }

  async undo(which: number): Promise<void> {
    const importId = this.#importIds[which]
    if (importId === undefined) return
    await this.#fleet.store.undoImport(importId, NOW)
    for (const [i, importIds] of this.#importsOf) {
      importIds.delete(importId)
      if (importIds.size === 0) this.#importsOf.delete(i)
    }
  }

  async purge(before: number | null): Promise<void> {
    if (before === null) return
    while (!(await this.#fleet.store.purge({ before, rowsMax: 5, dryRun: false })).done);
    this.#purgedBefore = before
    for (const i of this.#importsOf.keys()) {
      if (this.#usage[i]!.at < before) this.#importsOf.delete(i)
    }
  }

  /** An event that is already there counts no second time, and keeps its place. */
  #count(i: number, importId: number): void {
    const importIds = this.#importsOf.get(i)
    if (importIds === undefined) this.#usage[i] = this.#asDelivered(i)
    this.#importsOf.set(i, (importIds ?? new Set()).add(importId))
  }

  #asDelivered(i: number): ModelEvent {
    const { sims, feedIds } = this.#fleet
    const { sim, at, feed, serving, upload, toSim } = this.#events[i]!
    return {
      ...{ simId: sims[sim]!.id, at, feedId: feedIds[feed]!, ...servings[serving]! },
      ...{ upload, download: upload % 3, toSim, fromSim: upload % 2 },
    }
  }

  #ownerOf(simId: number, at: number): number {
    return ownerAt(this.#moved, { simId, at, first: this.#fleet.accountIds[0] })
  }
}

async function live(fleet: Fleet, { given, moves, transfers, homes, losses, steps }: Lived) {
  const life = new Life(fleet, given)
  const half = (list: readonly unknown[]) => list.length >> 1
  const does: Readonly<Record<(typeof STEPS)[number], () => Promise<void>>> = {
    change: () => life.change(moves.slice(0, half(moves))),
    deliver: () => life.deliver(0, half(given)),
    transfer: () => life.transfer(transfers.slice(0, half(transfers))),
    reclassify: () => life.reclassify(homes.slice(0, half(homes))),
    seal: async () => {
      while (await fleet.store.sealNextDay(SEALED));
    },
    // What is already there counts no second time, and what was undone counts again.
    'deliver others': () => life.deliver(half(given) >> 1, given.length),
    'transfer others': () => life.transfer(transfers.slice(half(transfers))),
    'change others': () => life.change(moves.slice(half(moves))),
    'reclassify again': () => life.reclassify(homes.slice(half(homes))),
    purge: () => life.purge(losses.purgedBefore),
    undo: () => life.undo(losses.undone),
  }
  for (const step of steps) await does[step]()
  return { ofAccount: (accountId: number) => life.ofAccount(accountId), known: life.known }
}

/** So that a move ends each of them, even if nothing was known about it yet. */
const KEYS_OF_NOTHING = [null, ...KEYS].map((key) => ({ simId: 0, key, at: 0, value: null }))

/** For each SIM and account, through the compatible API, along with the records behind it. */
async function assertUsageOfSims(
  { store, accountIds, sims }: Fleet,
  ofAccount: (accountId: number) => readonly ModelEvent[],
): Promise<void> {
  const period = { start: FIRST - DAY + 1, end: FIRST + (DAYS + 1) * DAY - 1 }
  for (const accountId of accountIds) {
    for (const { id: simId } of sims) {
      for (const granularity of ['hourly', 'daily', 'all'] as const) {
        const question: UsageQuestion = {
          ...{ accountId, ...period, granularity, filter: { simId }, order: 'start' },
          groupBy: ['zone', 'country'],
        }
        const scope = { simId, accountId }
        const groups = await store.queryUsage({ scope, ...period, granularity })
        assert.deepEqual(
          groups
            .map((group) => memberLine(question, group))
            .filter((line) => !/ 0.0.0.0$/.test(line))
            .sort(),
          expectedMembers(question, ofAccount(accountId), []).sort(),
        )
      }
      const filter = { simId, accountId, ...period }
      const listed = await store.listUsageEvents(filter, { limit: 1_000 })
      const expected = ofAccount(accountId).filter((event) => event.simId === simId)
      assert.deepEqual(
        listed.filter(({ isCounted }) => isCounted).map(({ occurredAt }) => occurredAt),
        expected.map(({ at }) => at).sort((a, b) => a - b),
      )
    }
  }
}

export function describeFleetQuestions(
  engine: Engine,
  numRuns = share(engine.isOnServer ? 1 : 3, 6),
): void {
  describe('questions about a fleet', () => {
    it('are answered as if by going through every event', async (t) => {
      const property = fc.asyncProperty(
        fc.record({
          given: events,
          moves: changes,
          transfers,
          homes,
          losses,
          steps,
          asked: questions,
        }),
        async ({ asked, ...lived }) => {
          const fleet = await openFleet(t, engine)
          const { store } = fleet
          const { ofAccount, known } = await live(fleet, lived)
          for (const one of asked) {
            const question = questionOf(one, fleet)
            if (readsTooMuch(question)) {
              await failureOf('invalid', store.answerUsage(question, { limit: 1 }))
              continue
            }
            const members = await answered(store, question, one.pageSize)
            assert.deepEqual(
              members.map((member) => memberLine(question, member)).sort(),
              expectedMembers(question, ofAccount(question.accountId), known).sort(),
              JSON.stringify(question),
            )
            assertOrder(question, members)
          }
          await assertUsageOfSims(fleet, ofAccount)
          assert.deepEqual((await store.audit()).differences, [])
          await store.close()
        },
      )
      await fc.assert(property, { numRuns, endOnFailure: true })
    })

    it('have no answer if nothing was used, and none about another account', async (t) => {
      const { store, accountIds } = await openFleet(t, engine)
      const [accountId] = accountIds
      const question: UsageQuestion = {
        ...{ accountId, start: FIRST, end: FIRST + DAY, filter: {}, groupBy: [] },
        ...({ granularity: 'all', order: 'start' } as const),
      }
      assert.deepEqual(await store.answerUsage(question, { limit: 5 }), [])
      assert.deepEqual(await store.listUsedNetworks(accountId), [])
    })

    it('name their SIMs, groups, feeds and networks', async (t) => {
      const { store, account, sim, feed, ...ledger } = await openLedger(t, engine)
      const made = { sid: sidOf('HF', 1), uniqueName: 'trackers', settings: { data_limit: 5 } }
      const { id, sid, uniqueName } = await store.createGroup(account.id, made, NOW)
      await store.assignSims(account.id, [{ simId: sim.id, groupId: id, since: FIRST }], NOW)
      await ledger.append([ledger.event({ upload: 5, serving: abroad('MX', '334-020') })])
      const [member] = await store.answerUsage(
        {
          ...{ accountId: account.id, start: NOW - 12_896, end: NOW - 12_896 + DAY, filter: {} },
          ...({ granularity: 'all', order: '-data' } as const),
          groupBy: ['sim', 'group', 'network', 'feed', 'country'],
        },
        { limit: 10 },
      )
      const { simSid, group, plmn, feedName, country, upload } = member!
      assert.deepEqual(
        { simSid, group, plmn, feedName, country, upload },
        {
          ...{ simSid: sim.sid, group: { id, sid, uniqueName }, plmn: '334-020' as Plmn },
          ...{ feedName: feed.name, country: 'MX' as CountryCode, upload: 5 },
        },
      )
      const networks = [{ plmn: '334-020', country: 'MX' }]
      assert.deepEqual(await store.listUsedNetworks(account.id), networks)
      assert.deepEqual(await store.listUsedNetworks(null), networks)
    })
  })

  describe('lists of SIMs', () => {
    it('find SIMs by any part of a number or name, by group, label and silence', async (t) => {
      const { store, account, sim, ...ledger } = await openLedger(t, engine)
      const { sims } = await store.registerSims(
        account.id,
        [
          { uniqueName: 'Pump_4', imsis: ['310260000000044' as never] },
          { friendlyName: 'Zähler 100%', msisdn: '15550000044' as never },
        ],
        { at: NOW, newSid: newSimSid },
      )
      const [pump, meter] = sims as [Sim, Sim]
      const found = async (filter: Parameters<UsageStore['listSims']>[0]) =>
        (await store.listSims({ accountId: account.id, ...filter }, { limit: 10 })).map(
          ({ id }) => id,
        )
      assert.deepEqual(await found({ search: 'pump_' }), [pump.id])
      assert.deepEqual(await found({ search: 'p_mp' }), [])
      assert.deepEqual(await found({ search: '00044' }), [pump.id, meter.id])
      assert.deepEqual(await found({ search: '100%' }), [meter.id])
      assert.deepEqual(await found({ search: 'Zähler' }), [meter.id])
      assert.deepEqual(await found({ search: pump.sid.toUpperCase().slice(-12) }), [pump.id])
      assert.deepEqual(await found({ search: '!' }), [])

      const made = { sid: sidOf('HF', 2), uniqueName: null, settings: {} }
      const group = await store.createGroup(account.id, made, NOW)
      const labels = { customer: 'acme' }
      await store.assignSims(account.id, [{ simId: pump.id, groupId: group.id, labels }], NOW + 1)
      assert.deepEqual(await found({ groupId: group.id }), [pump.id])
      assert.deepEqual(await found({ groupId: null }), [sim.id, meter.id])
      assert.deepEqual(await found({ label: { key: 'customer', value: 'acme' } }), [pump.id])
      assert.deepEqual(await found({ label: { key: 'customer', value: 'ac' } }), [])

      await ledger.append([
        ledger.event({ at: '2026-02-10T10:00:00Z', upload: 1 }),
        ledger.event({ simId: pump.id, at: '2026-03-10T10:00:00Z', upload: 1 }),
      ])
      const silentSince = (at: string) => found({ silentSince: instant(at) })
      for (const sealed of [false, true]) {
        if (sealed) while (await store.sealNextDay(SEALED));
        assert.deepEqual(await silentSince('2026-03-01T00:00:00Z'), [sim.id, meter.id])
        assert.deepEqual(await silentSince('2026-02-10T10:00:01Z'), [sim.id, meter.id])
        assert.deepEqual(await silentSince('2026-02-10T10:00:00Z'), [meter.id])
        assert.deepEqual(await silentSince('2026-03-10T10:00:01Z'), [sim.id, pump.id, meter.id])
      }
    })
  })
}
