/** The store on PostgreSQL, of one server or, with Citus, of many. */
import { type Actor, SOMEBODY } from '../../domain/act.ts'
import { acceptRows } from '../accept.ts'
import { actsOf, type LoggedAct, logAct } from '../acts.ts'
import { eraseNumber, eraseSim } from '../erase.ts'
import { eraseAccount } from '../erase-account.ts'
import { listFeedProgress, listFeedTotals } from '../feed-progress.ts'
import { readLimits } from '../limits.ts'
import { moveSim } from '../moves.ts'
import { CHANGES, NOTES, READS, withSids } from '../operations.ts'
import { answerUsage } from '../question.ts'
import { reclassify } from '../reclassify.ts'
import { discardQuarantine } from '../recycle.ts'
import { runRepair } from '../repair.ts'
import { actingOf, offered, type Steps } from '../session.ts'
import { readTime } from '../time.ts'
import { undoImport } from '../undo.ts'
import { countOld, deleteOld, endRetention, sealNextDay } from '../upkeep.ts'
import { type AppendBatch, BATCH_RECORDS_MAX, type UsageStore } from '../usage-store.ts'
import { append, orderByKey } from './append.ts'
import { audit, changingEngine, type OnOneState } from './audit.ts'
import { deleteOldMarks } from './commit-marks.ts'
import { type ConnectionOptions, closedStore, Database } from './connection.ts'
import { parsePostgresUrl } from './database-url.ts'
import { listUsageEvents } from './ledger-reads.ts'
import { NewRecordFeeds } from './new-record-feeds.ts'
import { Partitions } from './partitions.ts'
import { Place } from './place.ts'
import { Readiness } from './readiness.ts'
import { recycle } from './recycle.ts'
import { openSchema } from './schema.ts'
import type { PostgresSession } from './session.ts'
import { tryOut } from './trial.ts'
import * as upkeep from './upkeep.ts'
import { queryUsage } from './usage-reads.ts'

export interface PostgresOptions extends Omit<ConnectionOptions, 'place'> {
  /** Makes the schema where the database has none. */
  readonly create?: boolean
  /** Opens a database into which a store is being moved, for the process that moves it. */
  readonly unfinished?: boolean
  /** UTC seconds; stands in for the server's clock where a test needs another time. */
  readonly serverClock?: () => number
  /** Called once with the server's clock in UTC seconds, for whoever has another one. */
  readonly onServerTime?: (serverTime: number) => void
}

/** How old the word on which days are sealed may be; an old one only makes answers slower. */
const SEALED_GOOD_MS = 10_000

/**
 * Opens the database. Fails with `missing` where it holds no store, unless that is to be made; with
 * `invalid` for a URL that cannot be, with `unavailable` where the server cannot be reached or refuses the login, with
 * `incompatible` when the database belongs to something else or has an older or newer schema, and
 * with `read_only` when it cannot be written. Then nothing was changed.
 */
export async function openPostgresStore(
  url: string,
  options: PostgresOptions = {},
): Promise<UsageStore> {
  const target = parsePostgresUrl(url)
  const schema = await openSchema(target, options)
  options.onServerTime?.(options.serverClock?.() ?? schema.serverTime)
  const place = new Place(target, schema.signingKey)
  const database = new Database(target, schema.topology, { ...options, place })
  const partitions = new Partitions(database)
  const sealed = new SealedThrough(database)
  const readiness = new Readiness(database, (s) => place.verify(s.client))
  const newFeeds = new NewRecordFeeds()
  const calls = new Calls()
  let closing: Promise<void> | null = null

  const read = <T>(work: (session: PostgresSession) => Promise<T>) =>
    calls.run(() => database.read(work))
  const write = <T>(work: (session: PostgresSession) => Promise<T>) =>
    calls.run(() => database.write(work))
  /** Changes of the directory follow one another, so that a look and a change see the same. */
  const change = <T>(work: (session: PostgresSession) => Promise<T>) =>
    write(async (session) => {
      await session.lock('directory')
      return work(session)
    })
  /** Work for which no batch may be under way. */
  const alone = <T>(work: (session: PostgresSession) => Promise<T>) =>
    database.write(
      async (session) => {
        await session.lock('limits')
        return work(session)
      },
      { unlimited: true },
    )

  async function purge(
    given: Parameters<UsageStore['purge']>[0],
    actor: Actor,
  ): ReturnType<UsageStore['purge']> {
    if (given.dryRun) {
      return database.readOneState((session) => session.take(countOld(given.before)), {
        unlimited: true,
      })
    }
    try {
      const rollupCells = await alone(async (session) => {
        await deleteOldMarks(session)
        return session.take(endRetention(given.before))
      })
      const months = await database.readOneState((s) => upkeep.countOldMonths(s, given.before), {
        unlimited: true,
      })
      return await alone(async (session) => {
        const dropped = await upkeep.dropMonths(session, months)
        const deleted = { ...(await session.take(deleteOld(given, dropped))), rollupCells }
        session.acting = actingOf(actor)
        await session.take(logAct(actsOf.purge(deleted, given)))
        return deleted
      })
    } finally {
      partitions.forget()
    }
  }

  const look: OnOneState = (work) =>
    database.topology.hasOneSnapshot
      ? database.readOneState(work, { unlimited: true })
      : alone(work)

  const actingAs = (actor: Actor): UsageStore => {
    const byActor =
      <T>(work: (session: PostgresSession) => Promise<T>) =>
      (session: PostgresSession): Promise<T> => {
        session.acting = actingOf(actor)
        return work(session)
      }
    const take = <T>(begin: () => Steps<T>) => byActor((session) => session.take(begin()))
    /** Logs what the work comes to in its own transaction. */
    const logged = <T>(
      work: (session: PostgresSession) => Promise<T>,
      actOf: (result: T) => LoggedAct | null,
    ) =>
      byActor(async (session) => {
        const result = await work(session)
        await session.take(logAct(actOf(result)))
        return result
      })
    const planOrDo = <T>({ dryRun }: { readonly dryRun: boolean }, begin: () => Steps<T>) =>
      calls.run(() => (dryRun ? look(take(begin)) : alone(take(begin))))
    const changing = () => changingEngine({ look, alone }, database.topology, actor)
    const changes = offered(CHANGES, (begin) => change(take(begin)))
    return {
      ...offered(READS, (begin) => read((session) => session.take(begin()))),
      ...changes,
      ...withSids(changes),
      ...offered(NOTES, (begin) => write(take(begin))),
      append: (batch) =>
        calls.run(async () => {
          requireBatchSize(batch)
          await partitions.ensure(
            batch.events.map(({ occurredAt }) => occurredAt),
            batch.knownAt,
          )
          const ordered = orderByKey(batch.events)
          const write = (assumeNew: boolean) =>
            database.write((session, alone) =>
              append(session, batch, ordered, { assumeNew, alone }),
            )
          return newFeeds.append(batch.feed.id, write)
        }),
      tryOut: (work) =>
        calls.run(async () => {
          // Its transaction has a connection of its own, beside those that others may wait for.
          const own = database.another()
          return tryOut(own, partitions, work).finally(() => own.close())
        }),
      undoImport: (importId, at) =>
        calls.run(() => alone(logged((s) => s.take(undoImport(importId, at)), actsOf.undoImport))),
      moveSim: (simId, move, at) =>
        calls.run(() => alone(logged((s) => s.take(moveSim(simId, move, at)), actsOf.moveSim))),
      recycle: (batch) =>
        calls.run(async () => {
          await partitions.ensure(
            batch.events.map(({ event }) => event.occurredAt),
            batch.knownAt,
          )
          return alone(
            logged(
              (session) => recycle(session, batch),
              ({ counts }) => actsOf.recycle(counts, batch),
            ),
          )
        }),
      discardQuarantine: (entryIds, decision) =>
        calls.run(() =>
          alone(
            logged(
              (s) => s.take(discardQuarantine(entryIds, decision)),
              (count) => actsOf.discardQuarantine(entryIds, count, decision),
            ),
          ),
        ),

      queryUsage: (query) => calls.run(async () => queryUsage(database, query, await sealed.get())),
      answerUsage: (question, page) => read((s) => s.take(answerUsage(question, page))),
      listUsageEvents: (filter, page) => calls.run(() => listUsageEvents(database, filter, page)),
      listFeedProgress: () =>
        calls.run(() => database.readOneState((s) => s.take(listFeedProgress()))),
      listFeedTotals: () => calls.run(() => database.readOneState((s) => s.take(listFeedTotals()))),

      readTime: () =>
        read(async (s) => ({
          ...(await s.take(readTime())),
          serverAt: options.serverClock?.() ?? (await s.now()),
        })),
      audit: (options) => calls.run(() => audit(look, database.topology, options)),
      repairDerived: () => calls.run(() => runRepair(changing())),
      acceptRows: (acceptance) => calls.run(() => acceptRows(changing(), acceptance)),
      checksumNextDay: () =>
        calls.run(async () =>
          database.topology.name === 'plain' ? alone(upkeep.checksumNextDay) : false,
        ),
      sealNextDay: (before) => calls.run(() => alone((s) => s.take(sealNextDay(before)))),
      reclassify: (given) => planOrDo(given, () => reclassify(given)),
      eraseSim: (simId, given) => planOrDo(given, () => eraseSim(simId, given)),
      eraseNumber: (number, given) => planOrDo(given, () => eraseNumber(number, given)),
      eraseAccount: (accountId, given) => planOrDo(given, () => eraseAccount(accountId, given)),
      // Its files are the server's, and so is the room that deleted rows leave in them.
      overwriteDeleted: async () => false,
      purge: (given) => calls.run(() => purge(given, actor)),

      requireInPlace: () => place.require(() => readiness.require()),
      check: () => calls.run(() => readiness.require()),
      close: () => (closing ??= calls.end().then(() => database.close())),
      actingAs,
    }
  }
  return actingAs(SOMEBODY)
}

function requireBatchSize({ events }: AppendBatch): void {
  if (events.length > BATCH_RECORDS_MAX) {
    throw new RangeError(`a batch has ${events.length} events, at most ${BATCH_RECORDS_MAX}`)
  }
}

/** Days before the instant are sealed; asked for again now and then, because others seal too. */
class SealedThrough {
  readonly #database: Database
  #value = Number.MIN_SAFE_INTEGER
  #askedAt = Number.NEGATIVE_INFINITY

  constructor(database: Database) {
    this.#database = database
  }

  async get(): Promise<number> {
    const now = performance.now()
    if (now - this.#askedAt >= SEALED_GOOD_MS) {
      this.#askedAt = now
      this.#value = (await this.#database.read((s) => s.take(readLimits()))).sealedThrough
    }
    return this.#value
  }
}

/** The calls under way, which closing waits for. */
class Calls {
  readonly #underWay = new Set<Promise<unknown>>()
  #ended = false

  run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#ended) return Promise.reject(closedStore())
    const call = work()
    this.#underWay.add(call)
    const forget = () => void this.#underWay.delete(call)
    call.then(forget, forget)
    return call
  }

  async end(): Promise<void> {
    this.#ended = true
    await Promise.allSettled(this.#underWay)
  }
}
