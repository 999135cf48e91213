/**
 * Days that are not sealed yet, and days being sealed or put under checksum some rows at a time: every
 * answer is the same as if nothing had ever been gathered or sealed, and whatever is done halfway has the
 * same result.
 */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { Sim } from '../../src/domain/directory.ts'
import { DAY_SECONDS, floorTo, formatInstant, HOUR_SECONDS } from '../../src/domain/time.ts'
import type { UsageEvent } from '../../src/domain/usage-event.ts'
import type { LedgerPlace, UsageStore } from '../../src/storage/usage-store.ts'
import {
  aBatch,
  abroad,
  aFeed,
  anAccount,
  anEvent,
  anImportStart,
  aQuarantinedRecord,
  aSim,
  homeSet,
  instant,
  NOW,
  newSimSid,
  sidOf,
} from '../support/builders.ts'
import { isWhole, share } from '../support/volume.ts'
import { assertAuditClean, type Engine, openEmpty, usageLines } from './engine.ts'

const FIRST_DAY = instant('2026-03-01T00:00:00Z')
const DAYS = 3
const SEALED = FIRST_DAY + 2 * DAY_SECONDS

/** Where buckets of any length may begin and end, and times in between. */
const TIMES = [
  ...['00:00:00', '01:59:59', '02:00:00', '03:59:59', '12:00:00', '17:30:00', '21:59:59'],
  '23:59:59',
]

/** About how many rows are gathered or put under checksum at a time. */
const ROWS_MAX = { gatherRowsMax: 4, checksumRowsMax: 4 }

interface Fleet {
  readonly store: UsageStore
  readonly sims: readonly Sim[]
  readonly accountIds: readonly number[]
  readonly importIds: readonly number[]
  /** In order. */
  readonly delivered: readonly UsageEvent[]
  /** An event of the SIM at this position, and of its account. */
  event(sim: number, at: string, stated?: Partial<UsageEvent>): UsageEvent
  append(importId: number, ...events: UsageEvent[]): Promise<unknown>
  beginImport(): Promise<number>
  /** One transaction of sealing; false if none is left. */
  seal(): Promise<boolean>
  /** As `seal`, and then one of putting days under checksum. */
  goOn(): Promise<boolean>
  /** Every kind of answer about all SIMs. */
  answers(): Promise<unknown[]>
}

/** SIMs of two accounts with usage at all times of three days, some of it replaced, and readings. */
async function openFleet(t: TestContext, engine: Engine): Promise<Fleet> {
  const temp = await openEmpty(t, engine)
  const store = await engine.reopen(temp.url, ROWS_MAX)
  t.after(() => store.close())
  const accounts = [await store.createAccount(anAccount()), await store.createAccount(anAccount())]
  const sims: Sim[] = []
  const registered = { at: instant('2026-01-01T00:00:00Z'), newSid: newSimSid }
  for (const { id } of [...accounts, ...accounts]) {
    sims.push(...(await store.registerSims(id, [aSim()], registered)).sims)
  }
  const feed = await store.createFeed(aFeed({ onConflict: 'replace' }))
  let line = 0
  const delivered: UsageEvent[] = []
  const fleet = {
    store,
    delivered,
    sims,
    accountIds: accounts.map(({ id }) => id),
    event: (sim: number, at: string, stated: Partial<UsageEvent> = {}) => {
      const { id: simId, accountId } = sims[sim]!
      return anEvent({ simId, accountId, occurredAt: instant(at), line: ++line, ...stated })
    },
    append: (importId: number, ...events: UsageEvent[]) => {
      delivered.push(...events)
      return store.append(aBatch({ importId, feed, events }))
    },
    beginImport: async () => (await store.beginImport(anImportStart(feed))).id,
    seal: () => store.sealNextDay(SEALED),
    goOn: async () => (await store.sealNextDay(SEALED)) || (await store.checksumNextDay()),
    answers: async () => await answersOf(store, { sims, accountIds: accounts.map(({ id }) => id) }),
  }
  const [first, second] = [await fleet.beginImport(), await fleet.beginImport()]
  const events = sims.flatMap((_, sim) =>
    Array.from({ length: DAYS }, (_, day) =>
      formatInstant(FIRST_DAY + day * DAY_SECONDS).slice(0, 10),
    )
      .flatMap((date, day) => TIMES.map((time, i) => ({ at: `${date}T${time}Z`, n: day * 50 + i })))
      .map(({ at, n }) =>
        fleet.event(sim, at, {
          ...{ recordId: `r${n}`, upload: 1 + sim + n, toSim: n % 3 },
          ...(n % 4 === 1 && { serving: abroad('FR') }),
        }),
      ),
  )
  await fleet.append(first, ...events)
  const replaced = events.filter((_, i) => i % 5 === 0)
  await fleet.append(
    second,
    ...replaced.map((event) => ({ ...event, upload: 7_000, line: ++line })),
  )
  const readings = TIMES.map((time, i) =>
    fleet.event(0, `2026-03-02T${time}Z`, {
      ...{ recordId: 'series', upload: 100 * (i + 1) ** 2 },
      reading: { is32Bit: false },
    }),
  )
  await fleet.append(second, ...readings)
  return { ...fleet, importIds: [first, second] }
}

async function answersOf(
  store: UsageStore,
  { sims, accountIds }: Pick<Fleet, 'sims' | 'accountIds'>,
): Promise<unknown[]> {
  const all: unknown[] = []
  const bounds = [
    ['2026-02-15T00:00:00Z', '2026-03-15T00:00:00Z'],
    ['2026-03-01T01:00:00Z', '2026-03-02T23:00:00Z'],
    ['2026-03-01T22:00:00Z', '2026-03-03T02:00:00Z'],
  ] as const
  for (const [start, end] of bounds) {
    for (const granularity of ['all', 'daily', 'hourly'] as const) {
      const asked = { start, end, granularity }
      for (const { id: simId } of sims) all.push(await usageLines(store, { simId }, asked))
      for (const accountId of accountIds) all.push(await usageLines(store, { accountId }, asked))
    }
    const period = { start: instant(start), end: instant(end) }
    for (const accountId of accountIds) {
      for (const groupBy of [['sim'], ['sim', 'network'], ['feed']] as const) {
        const question = { accountId, ...period, filter: {}, groupBy, order: 'data' } as const
        const members = await store.answerUsage({ ...question, granularity: 'all' }, { limit: 99 })
        all.push(members)
      }
      const silent = await store.listSims({ accountId, silentSince: period.end - 1 }, { limit: 9 })
      all.push(silent.map(({ id }) => id))
    }
    for (const { id: simId } of sims) {
      // Page by page, so that pages continue within a bucket.
      const filter = { simId, ...period }
      let page = await store.listUsageEvents(filter, { limit: 5 })
      while (page.length > 0) {
        all.push(page)
        const { occurredAt, feedId, recordId } = page.at(-1)!
        page = await store.listUsageEvents(filter, {
          limit: 5,
          after: { occurredAt, feedId, recordId },
        })
      }
    }
  }
  return all
}

/** What SIMs have used by the hour, from the events alone. The last event of an identity counts. */
function linesOf(events: readonly UsageEvent[]): string[] {
  const last = new Map(events.map((e) => [`${e.simId} ${e.occurredAt} ${e.recordId}`, e]))
  const sums = new Map<string, [upload: number, toSim: number]>()
  for (const { occurredAt, serving, upload, toSim } of last.values()) {
    const hour = formatInstant(floorTo(occurredAt, HOUR_SECONDS))
    const key = `${hour} ${serving.zone} ${serving.country}`
    const [bytes, commands] = sums.get(key) ?? [0, 0]
    sums.set(key, [bytes + upload, commands + toSim])
  }
  return [...sums].map(([key, [upload, toSim]]) => `${key} ${upload}/0/${toSim}/0`).sort()
}

/** Does something to the fleet. If it works in steps, `goOn` does the next step of sealing in between. */
type Act = (fleet: Fleet, goOn: () => Promise<unknown>) => Promise<unknown>

const NEW_SID = sidOf('DE', 0xabcde) as Sim['sid']

const ACTS: Readonly<Record<string, Act>> = {
  'an import is taken back': ({ store, importIds }) => store.undoImport(importIds[1]!, NOW),
  'an import is taken back and comes again': async (fleet) => {
    const { store, importIds } = fleet
    await store.undoImport(importIds[1]!, NOW)
    const again = await fleet.beginImport()
    await fleet.append(
      again,
      fleet.event(1, '2026-03-01T02:00:00Z', { recordId: 'r4', upload: 8_000 }),
    )
  },
  'late records come and some are replaced': async (fleet) => {
    const late = await fleet.beginImport()
    const at = ['2026-02-20T05:00:00Z', '2026-03-01T23:00:00Z', '2026-03-02T02:30:00Z']
    const events = at.flatMap((time) =>
      [0, 1, 2, 3].map((sim) => fleet.event(sim, time, { upload: 11, recordId: 'late' })),
    )
    await fleet.append(late, ...events)
    await fleet.append(
      late,
      ...[0, 1, 2, 3].map((sim) =>
        fleet.event(sim, '2026-03-02T12:00:00Z', { recordId: 'r58', upload: 5 }),
      ),
      fleet.event(0, '2026-03-02T05:00:00Z', {
        ...{ recordId: 'series', upload: 3_000 },
        reading: { is32Bit: false },
      }),
    )
  },
  'records that waited are counted': async (fleet) => {
    const { store } = fleet
    const importId = await fleet.beginImport()
    const feed = (await store.listFeeds())[0]!
    const quarantined = [aQuarantinedRecord('waits', { line: 5 })]
    await store.append(aBatch({ importId, feed, events: [], quarantined }))
    const [entry] = await store.listQuarantine({ importId }, { limit: 9 })
    const event = fleet.event(2, '2026-03-01T13:00:00Z', {
      upload: 77,
      line: 5,
      recordId: 'waited',
    })
    const looked = { events: [{ entryId: entry!.id, event }], expired: [], faults: [] }
    await store.recycle({ importId, feed, knownAt: NOW, ...looked })
  },
  'a SIM moves to the other account': ({ store, sims, accountIds }) => {
    const since = instant('2026-03-02T03:00:00Z')
    return store.moveSim(sims[3]!.id, { toAccountId: accountIds[0]!, since }, NOW + 60)
  },
  'a SIM is erased': ({ store, sims }) =>
    store.eraseSim(sims[1]!.id, {
      ...{ by: 'Ada', reason: 'asked for', at: NOW, dryRun: false },
      newSid: NEW_SID,
    }),
  // Rows that retention has given up are gathered while they are deleted, both of a cut day and of a
  // whole one.
  'retention ends within a day': async ({ store }, goOn) => {
    for (const before of ['2026-03-01T13:00:00Z', '2026-03-02T05:00:00Z'].map(instant)) {
      const rowsMax = share(20, 7)
      while (!(await store.purge({ before, rowsMax, dryRun: false })).done) {
        await assertAuditClean(store)
        await goOn()
      }
    }
  },
  'usage is classified anew, while sealing goes on': async (fleet, goOn) => {
    const { store, accountIds } = fleet
    await store.updateAccount(accountIds[0]!, { home: homeSet('310-410 208-01', 'FR') })
    let after: LedgerPlace | null = null
    let changed = 0
    do {
      const step = await store.reclassify({ since: FIRST_DAY, dryRun: false, rowsMax: 9, after })
      changed += step.changed
      after = step.next
      await goOn()
    } while (after !== null)
    return changed
  },
}

export function describeFreshDays(engine: Engine): void {
  describe('days that are not sealed yet', () => {
    it('answer with what their records come to', async (t) => {
      const { store, sims, delivered } = await openFleet(t, engine)
      // What readings come to is tested elsewhere.
      for (const { id: simId } of sims.slice(1)) {
        const hours = await usageLines(store, { simId }, { granularity: 'hourly' })
        const own = delivered.filter((event) => event.simId === simId)
        assert.deepEqual(hours.toSorted(), linesOf(own))
      }
      await assertAuditClean(store)
    })

    it('give the same answers at every step of being sealed', async (t) => {
      const fleet = await openFleet(t, engine)
      const before = await fleet.answers()
      const every = share(4, 1)
      for (let more = true, step = 1; more; step++) {
        more = await fleet.seal()
        if (more && step % every !== 0) continue
        assert.deepEqual(await fleet.answers(), before)
        await assertAuditClean(fleet.store)
      }
      while (await fleet.store.checksumNextDay());
      await assertAuditClean(fleet.store)
    })

    for (const [i, [name, act]] of Object.entries(ACTS).entries()) {
      // On a server, `npm test` only runs those that take several steps.
      if (engine.isOnServer && !isWhole() && act.length < 2) continue
      it(`have the same result if ${name}, before, while and after they are sealed`, async (t) => {
        let expected: unknown[] | null = null
        const others = isWhole() ? STEPS : STEPS.filter((_, n) => n % 3 === i % 3)
        for (const [seals, checksums] of [[0, 0], ...others] as const) {
          const fleet = await openFleet(t, engine)
          for (let n = 0; n < seals && (await fleet.seal()); n++);
          for (let n = 0; n < checksums && (await fleet.store.checksumNextDay()); n++);
          // The store for comparison gathers nothing.
          const told = await act(fleet, async () => seals > 0 && (await fleet.goOn()))
          const found = [typeof told === 'number' ? told : null, ...(await namelessAnswers(fleet))]
          expected ??= found
          assert.deepEqual(found, expected, `after ${seals} and ${checksums} steps`)
          if (seals > 0 || isWhole()) await assertAuditClean(fleet.store)
          while (await fleet.seal());
          assert.deepEqual(await namelessAnswers(fleet), expected.slice(1))
          while (await fleet.store.checksumNextDay());
          await assertAuditClean(fleet.store)
        }
      })
    }
  })
}

/**
 * After so many steps of sealing, the first day is begun, one is half gathered, or all are sealed. Then
 * none, a part of the first, a part of the second or all of them come under checksum.
 */
const STEPS = [
  [2, 0],
  [9, 0],
  [100, 0],
  [100, 2],
  [100, 7],
  [100, 100],
] as const

/** Each store has other SIMs, with other names. */
async function namelessAnswers(fleet: Fleet): Promise<unknown[]> {
  const answers = JSON.stringify(await fleet.answers(), (key, value) => {
    if (/Sid$|^feedName$/.test(key)) return null
    return typeof value === 'bigint' ? String(value) : value
  })
  return JSON.parse(answers)
}
