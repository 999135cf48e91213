/**
 * Days that come under checksum SIM by SIM: whatever happens meanwhile, and whoever does it, checksums stay
 * right, and a row that something else changes is named as soon as it is under one.
 */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import { DAY_SECONDS, HOUR_SECONDS } from '../../src/domain/time.ts'
import type { UsageEvent } from '../../src/domain/usage-event.ts'
import type { UsageStore } from '../../src/storage/usage-store.ts'
import {
  aBatch,
  aFeed,
  anAccount,
  anEvent,
  anImportStart,
  aSim,
  instant,
  NOW,
  newSimSid,
} from '../support/builders.ts'
import { rowsOf } from '../support/table-rows.ts'
import { isWhole, share } from '../support/volume.ts'
import { assertAuditClean, type Engine, openEmpty } from './engine.ts'

const DAY = instant('2026-03-01T00:00:00Z')
const DAYS = 3
const SIMS = 5
const HOURS = [1, 5, 12, 23]
const SEALED = DAY + 2 * DAY_SECONDS
/** A SIM's day has more rows, so that each transaction takes one of them. */
const OPTIONS = { gatherRowsMax: 100, checksumRowsMax: 2 }

async function openWorld(t: TestContext, engine: Engine) {
  const { url, store: first } = await openEmpty(t, engine)
  await first.close()
  const open = async () => {
    const store = await engine.reopen(url, OPTIONS)
    t.after(() => store.close())
    return store
  }
  const store = await open()
  const account = await store.createAccount(anAccount())
  const other = await store.createAccount(anAccount())
  const sims: number[] = []
  const registered = { at: instant('2026-01-01T00:00:00Z'), newSid: newSimSid }
  while (sims.length < SIMS) {
    sims.push((await store.registerSims(account.id, [aSim()], registered)).sims[0]!.id)
  }
  const feed = await store.createFeed(aFeed({ onConflict: 'replace' }))
  let line = 0
  const event = (sim: number, occurredAt: number, stated: Partial<UsageEvent> = {}) =>
    anEvent({ simId: sims[sim]!, accountId: account.id, occurredAt, line: ++line, ...stated })
  const deliver = async (events: readonly UsageEvent[], through: UsageStore = store) => {
    const { id: importId } = await through.beginImport(anImportStart(feed))
    await through.append(aBatch({ importId, feed, events }))
    return importId
  }
  for (const upload of [1, 2]) {
    const events = sims.flatMap((_, sim) =>
      Array.from({ length: DAYS }, (_, day) => DAY + day * DAY_SECONDS).flatMap((day) =>
        HOURS.map((hour) => event(sim, day + hour * HOUR_SECONDS, { recordId: `${hour}`, upload })),
      ),
    )
    await deliver(events)
  }
  const seal = async () => {
    while (await store.sealNextDay(SEALED));
  }
  /** Rows that differ from their checksums, in the words of an audit. */
  const named = async () => {
    const { differences } = await store.audit()
    return differences
      .filter(({ cell }) => cell.startsWith('rows of '))
      .map(({ table, cell }) => `${table}, ${cell}`)
  }
  return {
    ...{ url, store, open, account, other, sims, feed, event, deliver, seal, named },
    change: (text: string) => rowsOf(url, text),
  }
}

type World = Awaited<ReturnType<typeof openWorld>>

/** Takes this many steps from the start of the first day. */
async function checksumSims({ store, seal }: World, steps: number): Promise<void> {
  await seal()
  for (let n = 0; n < steps; n++) assert.equal(await store.checksumNextDay(), true)
}

async function finish({ store }: World): Promise<void> {
  while (await store.checksumNextDay());
  await assertAuditClean(store)
}

/** What may happen between two steps. */
type Deed =
  | { readonly does: 'step' | 'step elsewhere' | 'seal' | 'undo' | 'purge' | 'move' | 'reclassify' }
  | {
      readonly does: 'deliver' | 'deliver elsewhere' | 'try' | 'be refused'
      readonly places: Places
    }
type Places = readonly (readonly [sim: number, hour: number])[]

const anyPlaces = fc.array(
  fc.tuple(fc.nat(SIMS - 1), fc.integer({ min: -20, max: DAYS * 24 - 1 })),
  { minLength: 1, maxLength: 12 },
)
const anyDeeds = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.constant<Deed>({ does: 'step' }) },
    {
      weight: 3,
      arbitrary: fc
        .constantFrom('step elsewhere', 'seal', 'undo', 'purge', 'move', 'reclassify')
        .map((does): Deed => ({ does })),
    },
    {
      weight: 7,
      arbitrary: fc.record({
        does: fc.constantFrom('deliver', 'deliver elsewhere', 'try', 'be refused'),
        places: anyPlaces,
      }),
    },
  ),
  { minLength: 8, maxLength: 24 },
)

/** The one that is tried in any case: late records for SIMs before and after the limit. */
const EXAMPLE: Deed[] = [
  ...(['seal', 'step', 'step', 'step elsewhere'] as const).map((does) => ({ does })),
  {
    does: 'deliver',
    places: [
      [0, 2],
      [1, 5],
      [4, 5],
      [4, 20],
    ],
  },
  { does: 'be refused', places: [[0, 30]] },
  { does: 'step' },
  { does: 'deliver elsewhere', places: [[3, 7]] },
  { does: 'undo' },
]

/** Does what is asked, one after the other, on two stores on the same database. */
class Doing {
  readonly #world: World
  readonly #elsewhere: UsageStore
  readonly #imports: number[] = []
  #purgedHours = -10
  #moves = 0

  constructor(world: World, elsewhere: UsageStore) {
    this.#world = world
    this.#elsewhere = elsewhere
  }

  async do(deed: Deed): Promise<void> {
    const { store, account, other, sims, feed } = this.#world
    switch (deed.does) {
      case 'step':
        await store.checksumNextDay()
        return
      case 'step elsewhere':
        await this.#elsewhere.checksumNextDay()
        return
      case 'seal':
        await store.sealNextDay(SEALED)
        return
      case 'undo': {
        const importId = this.#imports.pop()
        if (importId !== undefined) await store.undoImport(importId, NOW)
        return
      }
      case 'purge':
        // The rows are deleted in more steps than this.
        this.#purgedHours += 7
        await store.purge({
          ...{ before: DAY + this.#purgedHours * HOUR_SECONDS, rowsMax: 3, dryRun: false },
        })
        return
      case 'move': {
        const to = this.#moves % 2 === 0 ? other : account
        const since = DAY + ++this.#moves * 5 * HOUR_SECONDS
        await store.moveSim(sims[2]!, { toAccountId: to.id, since }, NOW + this.#moves)
        return
      }
      case 'reclassify':
        await store.reclassify({ since: DAY, dryRun: false, rowsMax: 7, after: null })
        return
      case 'deliver':
        this.#imports.push(await this.#world.deliver(this.#events(deed.places)))
        return
      case 'deliver elsewhere':
        await this.#world.deliver(this.#events(deed.places), this.#elsewhere)
        return
      case 'try': {
        const { id: importId } = await store.beginImport(anImportStart(feed))
        const events = this.#events(deed.places)
        await store.tryOut((trial) => trial.append(aBatch({ importId, feed, events })))
        return
      }
      case 'be refused': {
        const [[sim, hour]] = deed.places as [[number, number]]
        const one = { upload: Number.MAX_SAFE_INTEGER }
        const occurredAt = DAY + hour * HOUR_SECONDS
        const events = Array.from({ length: 1_100 }, () => this.#world.event(sim, occurredAt, one))
        // Where retention has ended, they are only too old.
        await this.#world
          .deliver(events)
          .catch((error) => assert.match(String(error), /a sum of usage passes/))
      }
    }
  }

  /** Some are new, and others replace what is there. */
  #events(places: Places, stated: Partial<UsageEvent> = {}): UsageEvent[] {
    return places.map(([sim, hour]) => {
      const known = HOURS.includes(hour % 24) ? { recordId: `${hour % 24}` } : {}
      return this.#world.event(sim, DAY + hour * HOUR_SECONDS, { ...known, upload: 9, ...stated })
    })
  }
}

export function describeChecksumSteps(engine: Engine): void {
  describe('a day that comes under checksum in steps', () => {
    it('takes one for every SIM if each has many rows, and is whole then', async (t) => {
      const world = await openWorld(t, engine)
      await world.seal()
      let steps = 0
      for (; await world.store.checksumNextDay(); steps++) await assertAuditClean(world.store)
      // That nothing comes after the last SIM takes another to see.
      assert.equal(steps, 2 * (SIMS + 1))
      const { checksummedThrough } = await world.store.audit()
      assert.equal(checksummedThrough, SEALED)
    })

    it('has exactly its rows up to a SIM under checksum', async (t) => {
      const world = await openWorld(t, engine)
      const { sims, change, named } = world
      const done = 2
      await checksumSims(world, done)
      for (const table of ['ledger', 'ledger_history']) {
        const name = `${table.replace('_', ' ')}, rows of 2026-03-01`
        for (const [i, simId] of sims.entries()) {
          const where = `sim_id = ${simId} AND occurred_at = ${DAY + 5 * HOUR_SECONDS}`
          await change(`UPDATE ${table} SET line = line + 1000 WHERE ${where}`)
          assert.deepEqual(await named(), i < done ? [name] : [], `${table} of SIM ${i}`)
          await change(`UPDATE ${table} SET line = line - 1000 WHERE ${where}`)
        }
        // From before the limit to after it, and back.
        for (const [from, to] of [sims.slice(1, 3), sims.slice(1, 3).reverse()]) {
          const at = `occurred_at = ${DAY + 12 * HOUR_SECONDS}`
          await change(
            `UPDATE ${table} SET sim_id = ${to}, record_id = 'x' WHERE sim_id = ${from} AND ${at}`,
          )
          assert.ok((await named()).includes(name), `${table} from ${from} to ${to}`)
          await change(
            `UPDATE ${table} SET sim_id = ${from}, record_id = '12' WHERE record_id = 'x'`,
          )
        }
        await assertAuditClean(world.store)
      }
      await finish(world)
    })

    it('accepts rows as they are, and repairs totals only from rows that fit', async (t) => {
      const world = await openWorld(t, engine)
      const { store, sims, change, named } = world
      await checksumSims(world, 2)
      const [first, second, , fourth] = sims
      const lose = (simId: number) =>
        change(`UPDATE ledger SET upload = upload + 1 WHERE sim_id = ${simId}
                AND occurred_at = ${DAY + 5 * HOUR_SECONDS}`)
      // Not under checksum, so the totals follow.
      await lose(fourth!)
      assert.equal((await store.repairDerived()).notRebuilt.length, 0)
      await assertAuditClean(store)
      await lose(first!)
      assert.ok((await store.repairDerived()).notRebuilt.length > 0)
      assert.deepEqual(await named(), ['ledger, rows of 2026-03-01'])
      const acceptance = { reason: 'by hand', since: null, ledgerOnly: false }
      assert.equal((await store.acceptRows(acceptance)).length, 1)
      assert.equal((await store.repairDerived()).notRebuilt.length, 0)
      await assertAuditClean(store)
      await lose(second!)
      assert.deepEqual(await named(), ['ledger, rows of 2026-03-01'])
      await change(`UPDATE ledger SET upload = upload - 1 WHERE sim_id = ${second}
                    AND occurred_at = ${DAY + 5 * HOUR_SECONDS}`)
      await finish(world)
    })

    for (const [purges, left] of [
      [1, 'most of it'],
      [7, 'only the history'],
    ] as const) {
      it(`includes what retention has given up while ${left} is left`, async (t) => {
        const world = await openWorld(t, engine)
        const { store } = world
        await world.seal()
        // The next is the last day.
        const before = DAY + DAY_SECONDS + 6 * HOUR_SECONDS
        const purge = () => store.purge({ before, rowsMax: 4, dryRun: false })
        for (let n = 0; n < purges; n++) assert.equal((await purge()).done, false)
        for (let n = 0; n < SIMS; n++) {
          await store.checksumNextDay()
          await assertAuditClean(store)
        }
        while (!(await purge()).done) await assertAuditClean(store)
        await finish(world)
      })
    }

    it('stays right among whatever else happens, in any order', async (t) => {
      const runs = engine.isOnServer ? share(2, 20) : share(6, 60)
      let tampered = 0
      await fc.assert(
        fc.asyncProperty(anyDeeds, fc.nat(), async (deeds, chosen) => {
          const world = await openWorld(t, engine)
          const { store, url, change, named } = world
          const elsewhere = await world.open()
          const doing = new Doing(world, elsewhere)
          for (const deed of deeds) {
            await doing.do(deed)
            if (isWhole()) await assertAuditClean(store)
          }
          await assertAuditClean(store)
          const under = await rowsOf(url, UNDER_CHECKSUM)
          if (under.length > 0) {
            const { sim_id: simId, bucket, line } = under[chosen % under.length]!
            const where = `sim_id = ${simId} AND bucket = ${bucket} AND line = ${line}`
            await change(`UPDATE ledger SET known_at = known_at + 1 WHERE ${where}`)
            assert.equal((await named()).length, 1)
            await change(`UPDATE ledger SET known_at = known_at - 1 WHERE ${where}`)
            tampered++
          }
          await world.seal()
          await finish(world)
          await Promise.all([store.close(), elsewhere.close()])
        }),
        { numRuns: runs, examples: [[EXAMPLE, 3]] },
      )
      assert.ok(tampered > 0)
    })
  })
}

/** As the settings say, written down once more. */
const UNDER_CHECKSUM = `
  SELECT ledger.sim_id, ledger.bucket, ledger.line
  FROM ledger
  JOIN setting AS through ON through.name = 'checksummed_through'
  JOIN setting AS sims ON sims.name = 'checksummed_sims'
  WHERE ledger.bucket < CAST(through.value AS BIGINT)
     OR (ledger.bucket = CAST(through.value AS BIGINT)
         AND ledger.sim_id <= CAST(sims.value AS BIGINT))
  ORDER BY ledger.bucket, ledger.sim_id, ledger.line`
