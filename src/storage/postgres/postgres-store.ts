/** The store on PostgreSQL, of one server or, with Citus, of many. */
import { type Actor, SOMEBODY } from '../../domain/act.ts'
import type { SimRegistration } from '../../domain/directory.ts'
import type { Sid } from '../../domain/identifiers.ts'
import { acceptRows } from '../accept.ts'
import { actsOf, type LoggedAct } from '../acts.ts'
import { runRepair } from '../repair.ts'
import { type AppendBatch, BATCH_RECORDS_MAX, type UsageStore } from '../usage-store.ts'
import { listActs, logAct } from './acts.ts'
import { append, orderByKey, readLimits } from './append.ts'
import { audit, changingEngine, keepAuditRun, type OnOneState, readAuditRun } from './audit.ts'
import { deleteOldMarks } from './commit-marks.ts'
import { type ConnectionOptions, closedStore, Database, type Session } from './connection.ts'
import { parsePostgresUrl } from './database-url.ts'
import * as reads from './directory-reads.ts'
import * as writes from './directory-writes.ts'
import * as feedAccess from './feed-access.ts'
import * as progress from './feed-progress.ts'
import { listUsageEvents } from './ledger-reads.ts'
import { lock } from './locks.ts'
import { NewRecordFeeds } from './new-record-feeds.ts'
import { Partitions } from './partitions.ts'
import { Place } from './place.ts'
import { Readiness } from './readiness.ts'
import { discardQuarantine, recycle } from './recycle.ts'
import { openSchema } from './schema.ts'
import { proveTime, readTime, trustClock } from './time.ts'
import { tryOut } from './trial.ts'
import { undoImport } from './undo.ts'
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
  const name = target.schema
  let closing: Promise<void> | null = null

  const read = <T>(work: (session: Session) => Promise<T>) => calls.run(() => database.read(work))
  const write = <T>(work: (session: Session) => Promise<T>) => calls.run(() => database.write(work))
  /** Changes of the directory follow one another, so that a look and a change see the same. */
  const change = <T>(work: (session: Session) => Promise<T>) =>
    write(async (session) => {
      await lock(session, 'directory', name)
      return work(session)
    })
  /** Work for which no batch may be under way. */
  const alone = <T>(work: (session: Session) => Promise<T>) =>
    database.write(
      async (session) => {
        await lock(session, 'limits', name)
        return work(session)
      },
      { unlimited: true },
    )

  async function purge(
    given: Parameters<UsageStore['purge']>[0],
    actor: Actor,
  ): ReturnType<UsageStore['purge']> {
    if (given.dryRun) {
      return database.readOneState((session) => upkeep.countOld(session, given.before), {
        unlimited: true,
      })
    }
    try {
      const rollupCells = await alone(async (session) => {
        await deleteOldMarks(session)
        return upkeep.endRetention(session, given.before)
      })
      const months = await database.readOneState((s) => upkeep.countOldMonths(s, given.before), {
        unlimited: true,
      })
      return await alone(async (session) => {
        const deleted = { ...(await upkeep.deleteOld(session, given, months)), rollupCells }
        await logAct(session, actor, actsOf.purge(deleted, given))
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
    /** Logs what the work comes to in its own transaction. */
    const logged =
      <T>(work: (session: Session) => Promise<T>, actOf: (result: T) => LoggedAct | null) =>
      async (session: Session): Promise<T> => {
        const result = await work(session)
        await logAct(session, actor, actOf(result))
        return result
      }
    const changing = () => changingEngine({ look, alone }, database.topology, actor)
    return {
      createAccount: (account) =>
        change(logged((s) => writes.createAccount(s, account), actsOf.createAccount)),
      updateAccount: (accountId, changes) =>
        change(
          logged(
            (s) => writes.updateAccount(s, accountId, changes),
            (account) => actsOf.updateAccount(account, changes),
          ),
        ),
      rotateAuthToken: (accountId, token) =>
        change(
          logged(
            (s) => writes.rotateAuthToken(s, accountId, token),
            (account) => actsOf.rotateAuthToken(account, token),
          ),
        ),
      endPreviousToken: (accountId) =>
        change(logged((s) => writes.endPreviousToken(s, accountId), actsOf.endPreviousToken)),
      findAccount: (sid) => read((s) => reads.findAccount(s, sid)),
      findAccountById: (id) => read((s) => reads.findAccountById(s, id)),
      listAccounts: () => read(reads.listAccounts),

      createApiKey: (key) =>
        change(logged((s) => writes.createApiKey(s, key), actsOf.createApiKey)),
      findApiKey: (sid) => read((s) => reads.findApiKey(s, sid)),
      listApiKeys: () => read(reads.listApiKeys),
      revokeApiKey: (sid, at) =>
        change(
          logged(
            (s) => writes.revokeApiKey(s, sid, at),
            (key) => actsOf.revokeApiKey(key, at),
          ),
        ),
      noteKeyUses: (uses) => change((s) => writes.noteKeyUses(s, uses)),

      registerSims: (accountId, registrations, { at, newSid }) => {
        const newSids = sidsFor(registrations, newSid)
        return change(
          logged(
            (s) => writes.registerSims(s, accountId, registrations, { at, newSids }),
            actsOf.registerSims,
          ),
        )
      },
      createSim: (accountId, registration, { at, newSid }) => {
        const sid = newSid()
        return change(
          logged(
            (s) => writes.createSim(s, accountId, registration, { at, newSid: sid }),
            actsOf.createSim,
          ),
        )
      },
      updateSim: (simId, changes, at) =>
        change(
          logged(
            (s) => writes.updateSim(s, simId, changes, at),
            (sim) => actsOf.updateSim(sim, changes),
          ),
        ),
      findSim: (accountId, sidOrName) => read((s) => reads.findSim(s, accountId, sidOrName)),
      listSims: (filter, page) => read((s) => reads.listSims(s, filter, page)),
      resolveSims: (names, scope) => read((s) => reads.resolveSims(s, names, scope)),

      createFeed: (feed) => change(logged((s) => writes.createFeed(s, feed), actsOf.createFeed)),
      updateFeed: (feedId, changes) =>
        change(
          logged(
            (s) => progress.updateFeed(s, feedId, changes),
            (feed) => actsOf.updateFeed(feed, changes),
          ),
        ),
      findFeed: (feedName) => read((s) => reads.findFeed(s, feedName)),
      findAccountFeed: (accountId, feedName) =>
        read((s) => feedAccess.findAccountFeed(s, accountId, feedName)),
      grantFeed: (feedId, accountId, at) =>
        change(logged((s) => feedAccess.grantFeed(s, feedId, accountId, at), actsOf.grantFeed)),
      revokeFeedGrant: (feedId, accountId) =>
        change(
          logged((s) => feedAccess.revokeFeedGrant(s, feedId, accountId), actsOf.revokeFeedGrant),
        ),
      listFeedGrants: () => read(feedAccess.listFeedGrants),
      listFeeds: () => read(reads.listFeeds),

      beginImport: (start) => write((s) => writes.beginImport(s, start)),
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
              append(session, batch, ordered, { schema: name, assumeNew, alone }),
            )
          return newFeeds.append(batch.feed.id, write)
        }),
      noteRestarts: (importId, restarts) =>
        write((s) => writes.noteRestarts(s, importId, restarts)),
      listRestarts: (feedId) => read((s) => reads.listRestarts(s, feedId)),
      listSeries: (filter, page) => read((s) => reads.listSeries(s, filter, page)),
      // One after the other, as the feed's progress takes each delivery in.
      finishImport: (importId, end) =>
        change(logged((s) => writes.finishImport(s, importId, end), actsOf.finishImport)),
      tryOut: (work) =>
        calls.run(async () => {
          // Its transaction has a connection of its own, beside those that others may wait for.
          const own = database.another()
          return tryOut(own, partitions, work).finally(() => own.close())
        }),
      undoImport: (importId, at) =>
        calls.run(() =>
          alone(logged((s) => undoImport(s, importId, { at, schema: name }), actsOf.undoImport)),
        ),
      findImport: (id) => read((s) => reads.findImport(s, id)),
      findCountedImport: (feedId, checksum) =>
        read((s) => reads.findCountedImport(s, feedId, checksum)),
      listImports: (filter, page) => read((s) => reads.listImports(s, filter, page)),
      findQuarantineEntry: (id) => read((s) => reads.findQuarantineEntry(s, id)),
      recycle: (batch) =>
        calls.run(async () => {
          await partitions.ensure(
            batch.events.map(({ event }) => event.occurredAt),
            batch.knownAt,
          )
          return alone(
            logged(
              (session) => recycle(session, batch, name),
              ({ counts }) => actsOf.recycle(counts, batch),
            ),
          )
        }),
      discardQuarantine: (entryIds) =>
        calls.run(() =>
          alone(
            logged(
              (s) => discardQuarantine(s, entryIds),
              (count) => actsOf.discardQuarantine(entryIds, count),
            ),
          ),
        ),
      listQuarantine: (filter, page) => read((s) => reads.listQuarantine(s, filter, page)),

      queryUsage: (query) => calls.run(async () => queryUsage(database, query, await sealed.get())),
      listUsageEvents: (filter, page) => calls.run(() => listUsageEvents(database, filter, page)),
      accountCoverage: (accountId) => read((s) => progress.accountCoverage(s, accountId)),
      listFeedProgress: () => calls.run(() => database.readOneState(progress.listFeedProgress)),
      acceptGap: (feedId, gap, acceptance) =>
        change(
          logged(
            (s) => progress.acceptGap(s, feedId, gap, acceptance),
            () => actsOf.acceptGap(feedId, gap, acceptance),
          ),
        ),
      listFeedTotals: () => calls.run(() => database.readOneState(progress.listFeedTotals)),
      noteDropFolder: (state) => change((s) => writes.noteDropFolder(s, state)),
      listDropFolders: () => read(reads.listDropFolders),

      readTime: () => read((s) => readTime(s, options.serverClock)),
      trustClock: (at) =>
        change(
          logged(
            (s) => trustClock(s, at),
            (imports) => actsOf.trustClock(imports, at),
          ),
        ),
      proveTime: (at) => write((s) => proveTime(s, at, name)),
      audit: (options) => calls.run(() => audit(look, database.topology, options)),
      repairDerived: () => calls.run(() => runRepair(changing())),
      acceptRows: (acceptance) => calls.run(() => acceptRows(changing(), acceptance)),
      readAuditRun: () => read(readAuditRun),
      keepAuditRun: (run) => write((s) => keepAuditRun(s, run)),
      checksumNextDay: () =>
        calls.run(async () =>
          database.topology.name === 'plain' ? alone(upkeep.checksumNextDay) : false,
        ),
      sealNextDay: (before) => calls.run(() => alone((s) => upkeep.sealNextDay(s, before))),
      purge: (given) => calls.run(() => purge(given, actor)),

      signingKey: () =>
        read(async (s) => Buffer.from((await reads.readSetting(s, 'signing_key'))!, 'hex')),
      requireInPlace: () => place.require(() => readiness.require()),
      check: () => calls.run(() => readiness.require()),
      close: () => (closing ??= calls.end().then(() => database.close())),
      actingAs,
      listActs: (filter, page) => read((s) => listActs(s, filter, page)),
    }
  }
  return actingAs(SOMEBODY)
}

function requireBatchSize({ events }: AppendBatch): void {
  if (events.length > BATCH_RECORDS_MAX) {
    throw new RangeError(`a batch has ${events.length} events, at most ${BATCH_RECORDS_MAX}`)
  }
}

/** A call may be repeated; the SIDs it gives must not change with it. */
function sidsFor(registrations: readonly SimRegistration[], newSid: () => Sid): Sid[] {
  return registrations.map(({ sid }) => sid ?? newSid())
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
      this.#value = (await this.#database.read(readLimits)).sealedThrough
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
