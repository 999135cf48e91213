/** The store on PostgreSQL, on one server or, with Citus, on many. */
import { type Actor, SOMEBODY } from '../../domain/act.ts'
import { actsOf } from '../acts.ts'
import { acceptRows } from '../audit/accept.ts'
import { runRepair } from '../audit/repair.ts'
import { eraseNumber, eraseSim } from '../directory/erase.ts'
import { eraseAccount } from '../directory/erase-account.ts'
import { listFeedProgress, listFeedTotals } from '../directory/feed-progress.ts'
import { moveSim } from '../directory/moves.ts'
import { EventArray } from '../event-list.ts'
import { CHECKSUM_ROWS_MAX } from '../ledger/checksumming.ts'
import { reclassify } from '../ledger/reclassify.ts'
import { discardQuarantine } from '../ledger/recycle.ts'
import { tryUndo, undoImport } from '../ledger/undo.ts'
import { countOld, deleteOld, endRetention, sealNextDay } from '../ledger/upkeep.ts'
import { readLimits } from '../limits.ts'
import { CHANGES, NOTES, READS, withSids } from '../operations.ts'
import { answerUsage } from '../questions/question.ts'
import { offered, type Steps } from '../session.ts'
import { readTime } from '../time.ts'
import { type AppendBatch, BATCH_RECORDS_MAX, type UsageStore } from '../usage-store.ts'
import { append, hasRepeats, orderByKey } from './append.ts'
import { audit, changingEngine } from './audit.ts'
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
import { Work } from './work.ts'

export interface PostgresOptions extends Omit<ConnectionOptions, 'place'> {
  /** Creates the schema if the database has none. */
  readonly create?: boolean
  /** Opens a database into which a store is being moved, for the process that moves it. */
  readonly unfinished?: boolean
  /** About how many rows of a day one transaction puts under checksum; 10 000 by default. */
  readonly checksumRowsMax?: number
  /** UTC seconds; replaces the server's clock if a test needs another time. */
  readonly serverClock?: () => number
  /** Called once with the server's clock in UTC seconds, for a caller that has another clock. */
  readonly onServerTime?: (serverTime: number) => void
}

/** Measured; see `docs/storage.md`. */
export const BATCH_RECORDS_BEST = 50_000

/** How long the known limit of sealed days is used. An outdated one only makes answers slower. */
const SEALED_GOOD_MS = 10_000

/**
 * Opens the database. Fails with `missing` if it holds no store and none is to be created; with `invalid`
 * for an impossible URL; with `unavailable` if the server cannot be reached or refuses the login; with
 * `incompatible` if the database belongs to something else or has an older or newer schema; and with
 * `read_only` if it cannot be written. A failure changes nothing.
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
  const readiness = new Readiness(database, (s) => place.verify(s.client))
  const calls = new Calls()
  const parts: Parts = {
    database,
    calls,
    partitions: new Partitions(database),
    newFeeds: new NewRecordFeeds(() => database.topology.siftsFrom),
    sealed: new SealedThrough(database),
    serverClock: options.serverClock,
    checksumRowsMax: options.checksumRowsMax ?? CHECKSUM_ROWS_MAX,
  }
  let closing: Promise<void> | null = null
  const actingAs = (actor: Actor): UsageStore => {
    const work = new Work(database, actor)
    return {
      batchRecordsMax: BATCH_RECORDS_BEST,
      openEvents: () => new EventArray(),
      ...directoryOf(parts, work),
      ...deliveriesOf(parts, work),
      ...usageOf(parts),
      ...upkeepOf(parts, work),
      requireInPlace: () => place.require(() => readiness.require()),
      check: () => calls.run(() => readiness.require()),
      close: () => (closing ??= calls.end().then(() => database.close())),
      actingAs,
    }
  }
  return actingAs(SOMEBODY)
}

/** What a store has, whoever acts. */
interface Parts {
  readonly database: Database
  readonly calls: Calls
  readonly partitions: Partitions
  readonly newFeeds: NewRecordFeeds
  readonly sealed: SealedThrough
  readonly serverClock: (() => number) | undefined
  readonly checksumRowsMax: number
}

function directoryOf({ database, calls }: Parts, work: Work) {
  const changes = offered(CHANGES, (begin) => calls.run(() => work.change(work.taking(begin))))
  return {
    ...offered(READS, (begin) =>
      calls.run(() => database.read((session) => session.take(begin()))),
    ),
    ...changes,
    ...withSids(changes),
    ...offered(NOTES, (begin) => calls.run(() => database.write(work.taking(begin)))),
  }
}

function deliveriesOf({ database, calls, partitions, newFeeds }: Parts, work: Work) {
  return {
    append: (batch) =>
      calls.run(async () => {
        requireBatchSize(batch)
        const events = [...batch.events]
        const instants = events.map(({ occurredAt }) => occurredAt)
        await partitions.ensure(instants, batch.knownAt)
        const ordered = orderByKey(events)
        const facts = {
          ...{ feedId: batch.feed.id, events: events.length },
          isRepeating: hasRepeats(ordered),
        }
        return newFeeds.append(facts, (way) =>
          database.write((session, alone) => append(session, batch, ordered, { way, alone })),
        )
      }),
    tryOut: (trial) =>
      calls.run(async () => {
        // Its transaction has a separate connection, besides those that others may wait for.
        const own = database.another()
        return tryOut(own, partitions, trial).finally(() => own.close())
      }),
    undoImport: (importId, at) =>
      calls.run(() =>
        work.alone(work.logged((s) => s.take(undoImport(importId, at)), actsOf.undoImport)),
      ),
    tryUndo: (importId, at) =>
      calls.run(() =>
        database.rolledBack(
          async (session) => {
            await session.lock('limits')
            return session.take(tryUndo(importId, at))
          },
          { unlimited: true },
        ),
      ),
    moveSim: (simId, move, at) =>
      calls.run(() =>
        work.alone(work.logged((s) => s.take(moveSim(simId, move, at)), actsOf.moveSim)),
      ),
    recycle: (batch) =>
      calls.run(async () => {
        const instants = batch.events.map(({ event }) => event.occurredAt)
        await partitions.ensure(instants, batch.knownAt)
        return work.alone(
          work.logged(
            (session) => recycle(session, batch),
            ({ counts }) => actsOf.recycle(counts, batch),
          ),
        )
      }),
    discardQuarantine: (entryIds, decision) =>
      calls.run(() =>
        work.alone(
          work.logged(
            (s) => s.take(discardQuarantine(entryIds, decision)),
            (count) => actsOf.discardQuarantine(entryIds, count, decision),
          ),
        ),
      ),
  } satisfies Partial<UsageStore>
}

function usageOf({ database, calls, sealed, serverClock }: Parts) {
  const oneState = <T>(begin: () => Steps<T>) =>
    calls.run(() => database.readOneState((session) => session.take(begin())))
  return {
    queryUsage: (query) => calls.run(async () => queryUsage(database, query, await sealed.get())),
    answerUsage: (question, page) =>
      calls.run(() => database.read((s) => s.take(answerUsage(question, page)))),
    listUsageEvents: (filter, page) => calls.run(() => listUsageEvents(database, filter, page)),
    listFeedProgress: () => oneState(listFeedProgress),
    listFeedTotals: () => oneState(listFeedTotals),
    readTime: () =>
      calls.run(() =>
        database.read(async (s) => ({
          ...(await s.take(readTime())),
          serverAt: serverClock?.() ?? (await s.now()),
        })),
      ),
  } satisfies Partial<UsageStore>
}

function upkeepOf({ database, calls, partitions, checksumRowsMax }: Parts, work: Work) {
  const { topology } = database
  const changing = () => changingEngine(work, topology, work.actor)
  const planOrDo = <T>({ dryRun }: { readonly dryRun: boolean }, begin: () => Steps<T>) =>
    calls.run(() => (dryRun ? work.look : work.alone)(work.taking(begin)))
  return {
    audit: (options) => calls.run(() => audit(work.look, topology, options)),
    repairDerived: () => calls.run(() => runRepair(changing())),
    acceptRows: (acceptance) => calls.run(() => acceptRows(changing(), acceptance)),
    checksumNextDay: () =>
      calls.run(async () =>
        topology.name === 'plain'
          ? work.alone((session) => upkeep.checksumNextDay(session, checksumRowsMax))
          : false,
      ),
    sealNextDay: (before) => calls.run(() => work.alone((s) => s.take(sealNextDay(before)))),
    reclassify: (given) => planOrDo(given, () => reclassify(given)),
    eraseSim: (simId, given) => planOrDo(given, () => eraseSim(simId, given)),
    eraseNumber: (number, given) => planOrDo(given, () => eraseNumber(number, given)),
    eraseAccount: (accountId, given) => planOrDo(given, () => eraseAccount(accountId, given)),
    // Its files are the server's, and so is the space that deleted rows leave in them.
    overwriteDeleted: async () => false,
    purge: (given) =>
      calls.run(() => purge(database, work, given).finally(() => partitions.forget())),
  } satisfies Partial<UsageStore>
}

async function purge(
  database: Database,
  work: Work,
  given: Parameters<UsageStore['purge']>[0],
): ReturnType<UsageStore['purge']> {
  const look = <T>(looking: (session: PostgresSession) => Promise<T>) =>
    database.readOneState(looking, { unlimited: true })
  if (given.dryRun) return look((session) => session.take(countOld(given.before)))
  const rollupCells = await work.alone(async (session) => {
    await deleteOldMarks(session)
    return session.take(endRetention(given.before))
  })
  const months = await look((session) => upkeep.countOldMonths(session, given.before))
  return work.alone(
    work.logged(
      async (session) => {
        const dropped = await upkeep.dropMonths(session, months)
        return { ...(await session.take(deleteOld(given, dropped))), rollupCells }
      },
      (deleted) => actsOf.purge(deleted, given),
    ),
  )
}

function requireBatchSize({ events }: AppendBatch): void {
  if (events.length > BATCH_RECORDS_MAX) {
    throw new RangeError(`a batch has ${events.length} events, at most ${BATCH_RECORDS_MAX}`)
  }
}

/** Up to when days are sealed. Asked again now and then, because others seal too. */
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
