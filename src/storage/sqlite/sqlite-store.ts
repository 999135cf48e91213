/**
 * The store on one SQLite file. One thread writes; reads run on the caller's thread, on a
 * connection of their own, which in WAL mode never waits for the writer.
 */

import { type Actor, SOMEBODY } from '../../domain/act.ts'
import type { SimRegistration } from '../../domain/directory.ts'
import type { Sid } from '../../domain/identifiers.ts'
import { UsageError } from '../../domain/usage-error.ts'
import { acceptRows } from '../accept.ts'
import { runRepair } from '../repair.ts'
import { type AppendBatch, BATCH_RECORDS_MAX, type UsageStore } from '../usage-store.ts'
import { listActs } from './acts.ts'
import { audit, changing, readAuditRun } from './audit.ts'
import { type Connection, LOCK_WAIT_MS, openConnection } from './connection.ts'
import { FileGuard } from './database-file.ts'
import * as reads from './directory-reads.ts'
import { translated } from './failures.ts'
import * as feedAccess from './feed-access.ts'
import * as progress from './feed-progress.ts'
import { listFeedTotals } from './feed-totals.ts'
import { listUsageEvents } from './ledger-reads.ts'
import { readLimits } from './limits.ts'
import { packEvents, transfersOf } from './packed-events.ts'
import { ReadMemo } from './read-memo.ts'
import { SpareThreads } from './spare-threads.ts'
import { readTime } from './time.ts'
import { tryOut } from './trial.ts'
import { queryUsage } from './usage-reads.ts'
import { LOG_BYTES_MAX } from './write-ahead-log.ts'
import { Writer } from './writer.ts'

export interface SqliteOptions {
  /** How long a write waits while another process holds the lock; 30 s unless given. */
  readonly lockWaitMs?: number
  /** From which size of the log on a write waits for readers to fold it; 128 MiB unless given. */
  readonly logBytesMax?: number
  /** Makes the store where the file is missing or empty. */
  readonly create?: boolean
  /** Told in a line what an operator should see to. */
  readonly onWarning?: (warning: string) => void
}

/**
 * Opens the database file. Fails with `missing` where there is no store, unless it is to be made;
 * with `incompatible` when the file belongs to another program or a newer Simtally, with
 * `unavailable` or `read_only` when it cannot be opened for writing. While the store is open and
 * its file is gone or another one, every call fails with `missing` or `replaced`.
 */
export async function openSqliteStore(
  path: string,
  { lockWaitMs = LOCK_WAIT_MS, logBytesMax = LOG_BYTES_MAX, ...options }: SqliteOptions = {},
): Promise<UsageStore> {
  const reader = openConnection(path, { ...options, role: 'reader', lockWaitMs })
  const guard = new FileGuard(path, () => reader.bytesInUse())
  const memo = new ReadMemo(reader)
  const newWriter = (role: 'reader' | 'writer' = 'writer') =>
    new Writer(path, { role, lockWaitMs, logBytesMax, files: guard.files })
  const writer = newWriter()
  const auditThreads = new SpareThreads(() => newWriter('reader'))
  const trialThreads = new SpareThreads(newWriter)

  /** Reads are synchronous inside; the promise is the port's, for engines that are not. */
  async function read<T>(work: (connection: Connection) => T): Promise<T> {
    if (!reader.db.isOpen) throw new UsageError('unavailable', 'the store is closed')
    guard.require()
    try {
      return translated(path, () => work(reader))
    } catch (error) {
      throw guard.noted(error)
    }
  }

  const actingAs = (actor: Actor): UsageStore => {
    const run: Writer['run'] = async (name, values, options) => {
      if (reader.db.isOpen) guard.require()
      const result = await writer.run(name, values, { actor, ...options }).catch((error) => {
        throw guard.noted(error)
      })
      // What went into a file that is gone was not stored.
      guard.look()
      return result
    }
    return {
      createAccount: (account) => run('createAccount', [account]),
      updateAccount: (accountId, changes) => run('updateAccount', [accountId, changes]),
      rotateAuthToken: (accountId, token) => run('rotateAuthToken', [accountId, token]),
      endPreviousToken: (accountId) => run('endPreviousToken', [accountId]),
      findAccount: (sid) =>
        read((c) => memo.answer(`account sid ${sid}`, () => reads.findAccount(c, sid))),
      findAccountById: (id) =>
        read((c) => memo.answer(`account id ${id}`, () => reads.findAccountById(c, id))),
      listAccounts: () => read(reads.listAccounts),

      createApiKey: (key) => run('createApiKey', [key]),
      findApiKey: (sid) =>
        read((c) => memo.answer(`key sid ${sid}`, () => reads.findApiKey(c, sid))),
      listApiKeys: () => read(reads.listApiKeys),
      revokeApiKey: (sid, at) => run('revokeApiKey', [sid, at]),
      noteKeyUses: (uses) => run('noteKeyUses', [uses]),

      registerSims: (accountId, registrations, { at, newSid }) =>
        run('registerSims', [
          accountId,
          registrations,
          { at, newSids: sidsFor(registrations, newSid) },
        ]),
      createSim: (accountId, registration, { at, newSid }) =>
        run('createSim', [accountId, registration, { at, newSids: [newSid()] }]),
      updateSim: (simId, changes, at) => run('updateSim', [simId, changes, at]),
      findSim: (accountId, name) =>
        read((c) =>
          memo.answer(`sim ${accountId} ${name}`, () => reads.findSim(c, accountId, name)),
        ),
      listSims: (filter, page) => read((c) => reads.listSims(c, filter, page)),
      resolveSims: (names, scope) => read((c) => reads.resolveSims(c, names, scope)),

      createFeed: (feed) => run('createFeed', [feed]),
      updateFeed: (feedId, changes) => run('updateFeed', [feedId, changes]),
      findFeed: (name) => read((c) => reads.findFeed(c, name)),
      findAccountFeed: (accountId, name) =>
        read((c) => feedAccess.findAccountFeed(c, accountId, name)),
      grantFeed: (feedId, accountId, at) => run('grantFeed', [feedId, accountId, at]),
      revokeFeedGrant: (feedId, accountId) => run('revokeFeedGrant', [feedId, accountId]),
      listFeedGrants: () => read(feedAccess.listFeedGrants),
      listFeeds: () => read(reads.listFeeds),

      beginImport: (start) => run('beginImport', [start]),
      append: (batch) => append(run, batch),
      noteRestarts: (importId, restarts) => run('noteRestarts', [importId, restarts]),
      listRestarts: (feedId) => read((c) => reads.listRestarts(c, feedId)),
      listSeries: (filter, page) => read((c) => reads.listSeries(c, filter, page)),
      finishImport: (importId, end) => run('finishImport', [importId, end]),
      tryOut: (work) => trialThreads.use((thread) => tryOut(thread, work)),
      undoImport: (importId, at) => run('undoImport', [importId, at]),
      findImport: (id) => read((c) => reads.findImport(c, id)),
      findCountedImport: (feedId, checksum) =>
        read((c) => reads.findCountedImport(c, feedId, checksum)),
      listImports: (filter, page) => read((c) => reads.listImports(c, filter, page)),
      findQuarantineEntry: (id) => read((c) => reads.findQuarantineEntry(c, id)),
      recycle: (batch) => run('recycle', [batch]),
      discardQuarantine: (entryIds) => run('discardQuarantine', [entryIds]),
      listQuarantine: (filter, page) => read((c) => reads.listQuarantine(c, filter, page)),

      queryUsage: (query) =>
        read((c) =>
          queryUsage(
            c,
            query,
            memo.answer('limits', () => readLimits(c)),
          ),
        ),
      listUsageEvents: (filter, page) => read((c) => listUsageEvents(c, filter, page)),
      accountCoverage: (accountId) =>
        read((c) =>
          memo.answer(`feeds ${accountId}`, () => progress.accountCoverage(c, accountId)),
        ),
      listFeedProgress: () => read((c) => c.read(() => progress.listFeedProgress(c))),
      acceptGap: (feedId, gap, acceptance) => run('acceptGap', [feedId, gap, acceptance]),
      listFeedTotals: () => listFeedTotals(read),
      noteDropFolder: (state) => run('noteDropFolder', [state]),
      listDropFolders: () => read(reads.listDropFolders),

      readTime: () => read(readTime),
      trustClock: (at) => run('trustClock', [at]),
      proveTime: (at) => run('proveTime', [at]),
      audit: (options) => auditThreads.use((thread) => audit(thread, options)),
      repairDerived: () => changing(newWriter(), actor, runRepair),
      acceptRows: (acceptance) =>
        changing(newWriter(), actor, (engine) => acceptRows(engine, acceptance)),
      readAuditRun: () => read(readAuditRun),
      keepAuditRun: (auditRun) => run('keepAuditRun', [auditRun]),
      checksumNextDay: () => run('checksumNextDay', []),
      sealNextDay: (before) => run('sealNextDay', [before]),
      purge: (options) => run('purge', [options]),

      signingKey: () => read((c) => reads.readSetting(c, 'signing_key') as Uint8Array),
      // A store that is closed says so itself; the files beside it may have gone with it.
      requireInPlace: () => reader.db.isOpen && guard.require(),
      check: async () => {
        if (reader.db.isOpen) guard.look()
        await read((c) => reads.readSetting(c, 'signing_key'))
      },
      close: async () => {
        await Promise.all([writer.close(), auditThreads.close(), trialThreads.close()])
        reader.close()
      },
      actingAs,
      listActs: (filter, page) => read((c) => listActs(c, filter, page)),
    }
  }
  return actingAs(SOMEBODY)
}

async function append(run: Writer['run'], batch: AppendBatch): ReturnType<UsageStore['append']> {
  if (batch.events.length > BATCH_RECORDS_MAX) {
    throw new RangeError(`a batch has ${batch.events.length} events, at most ${BATCH_RECORDS_MAX}`)
  }
  const events = packEvents(batch.events)
  return run('append', [{ ...batch, events }], { transfers: transfersOf(events) })
}

/** Functions do not cross threads: the SIDs that may be needed are made here. */
function sidsFor(registrations: readonly SimRegistration[], newSid: () => Sid): Sid[] {
  return registrations.map(({ sid }) => sid ?? newSid())
}
