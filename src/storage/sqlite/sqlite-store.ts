/**
 * The store in one SQLite file. One thread writes. Reads run on the caller's thread, on a connection of
 * their own, which in WAL mode never waits for the writer.
 */

import { type Actor, SOMEBODY } from '../../domain/act.ts'
import { UsageError } from '../../domain/usage-error.ts'
import { sourceOf, type UsageQuestion } from '../../domain/usage-question.ts'
import { acceptRows } from '../audit/accept.ts'
import { runRepair } from '../audit/repair.ts'
import { listFeedProgress } from '../directory/feed-progress.ts'
import { signingKey } from '../directory/reads.ts'
import { EventColumns } from '../event-columns.ts'
import { CHECKSUM_ROWS_MAX } from '../ledger/checksumming.ts'
import { GATHER_ROWS_MAX } from '../ledger/gathering.ts'
import { readLimits } from '../limits.ts'
import { CHANGES, NOTES, READS, withSids } from '../operations.ts'
import { answerUsage } from '../questions/question.ts'
import { type Operations, offered } from '../session.ts'
import { readTime } from '../time.ts'
import { type AppendBatch, BATCH_RECORDS_MAX, type UsageStore } from '../usage-store.ts'
import { audit, changing } from './audit.ts'
import { type Connection, LOCK_WAIT_MS, openConnection } from './connection.ts'
import { FileGuard } from './database-file.ts'
import { translated } from './failures.ts'
import { listFeedTotals } from './feed-totals.ts'
import { listUsageEvents } from './ledger-reads.ts'
import { ReadMemo } from './read-memo.ts'
import { SpareThreads } from './spare-threads.ts'
import { tryOut } from './trial.ts'
import { queryUsage } from './usage-reads.ts'
import { LOG_BYTES_MAX } from './write-ahead-log.ts'
import { Writer } from './writer.ts'
import type { OperationName } from './writer-operations.ts'

export interface SqliteOptions {
  /** How long a write waits while another process holds the lock; 30 s by default. */
  readonly lockWaitMs?: number
  /** The log size above which a write waits for readers in order to fold it; 128 MiB by default. */
  readonly logBytesMax?: number
  /** About how many rows of a day one transaction gathers before the day is sealed; 20 000 by default. */
  readonly gatherRowsMax?: number
  /** About how many rows of a day one transaction puts under checksum; 10 000 by default. */
  readonly checksumRowsMax?: number
  /** Creates the store if the file is missing or empty. */
  readonly create?: boolean
  /** Told, in one line, what an operator should attend to. */
  readonly onWarning?: (warning: string) => void
}

/** How many heavy questions run at a time. Each has its own connection and page cache. */
const QUESTION_THREADS_MAX = 2

/** Questions that come with every request. */
const REMEMBERED: ReadonlySet<string> = new Set<keyof typeof READS>([
  'findAccount',
  'findAccountById',
  'findApiKey',
  'findConsoleSession',
  'findSim',
  'findHeldSim',
  'accountCoverage',
])

/**
 * Opens the database file. Fails with `missing` if there is no store and none is to be created, with
 * `incompatible` if the file belongs to another program or a newer Simtally, and with `unavailable` or
 * `read_only` if it cannot be opened for writing. If the file of an open store disappears or is replaced,
 * every call fails with `missing` or `replaced`.
 */
export async function openSqliteStore(
  path: string,
  {
    lockWaitMs = LOCK_WAIT_MS,
    logBytesMax = LOG_BYTES_MAX,
    gatherRowsMax = GATHER_ROWS_MAX,
    checksumRowsMax = CHECKSUM_ROWS_MAX,
    ...options
  }: SqliteOptions = {},
): Promise<UsageStore> {
  const reader = openConnection(path, { ...options, role: 'reader', lockWaitMs })
  const guard = new FileGuard(path, () => reader.bytesInUse())
  const newWriter = (role: 'reader' | 'writer' = 'writer') =>
    new Writer(path, { role, lockWaitMs, logBytesMax, files: guard.files })
  const parts: Parts = {
    reader,
    guard,
    newWriter,
    gatherRowsMax,
    checksumRowsMax,
    memo: new ReadMemo(reader),
    writer: newWriter(),
    auditThreads: new SpareThreads(() => newWriter('reader')),
    questionThreads: new SpareThreads(() => newWriter('reader'), {
      threadsMax: QUESTION_THREADS_MAX,
      // Pages of a console ask several at once, again and again.
      idleMax: QUESTION_THREADS_MAX,
    }),
    trialThreads: new SpareThreads(newWriter),
    /** Reads are synchronous inside. The port has promises for engines that are not. */
    read: async (work) => {
      if (!reader.db.isOpen) throw new UsageError('unavailable', 'the store is closed')
      guard.require()
      try {
        return translated(path, () => work(reader))
      } catch (error) {
        throw guard.noted(error)
      }
    },
  }
  const actingAs = (actor: Actor): UsageStore => {
    const run = runningAs(actor, parts)
    return {
      batchRecordsMax: BATCH_RECORDS_MAX,
      openEvents: () => EventColumns.open(),
      ...directoryOf(parts, run),
      ...deliveriesOf(parts, run),
      ...usageOf(parts),
      ...upkeepOf(parts, { actor, run }),
      // A closed store reports that itself; the files beside it may have gone with it.
      requireInPlace: () => reader.db.isOpen && guard.require(),
      check: async () => {
        if (reader.db.isOpen) guard.look()
        await parts.read((c) => c.take(signingKey()))
      },
      close: () => close(parts),
      actingAs,
    }
  }
  return actingAs(SOMEBODY)
}

/** What a store has, whoever acts. */
interface Parts {
  readonly reader: Connection
  readonly guard: FileGuard
  readonly newWriter: () => Writer
  readonly gatherRowsMax: number
  readonly checksumRowsMax: number
  readonly memo: ReadMemo
  readonly writer: Writer
  readonly auditThreads: SpareThreads
  readonly questionThreads: SpareThreads
  readonly trialThreads: SpareThreads
  readonly read: <T>(work: (connection: Connection) => T) => Promise<T>
}

async function close(parts: Parts): Promise<void> {
  const { reader, writer, auditThreads, questionThreads, trialThreads } = parts
  await Promise.all([
    writer.close(),
    auditThreads.close(),
    questionThreads.close(),
    trialThreads.close(),
  ])
  reader.close()
}

function runningAs(actor: Actor, { reader, guard, writer }: Parts): Writer['run'] {
  return async (name, values, options) => {
    if (reader.db.isOpen) guard.require()
    const result = await writer.run(name, values, { actor, ...options }).catch((error) => {
      throw guard.noted(error)
    })
    // What went into a file that is gone was not stored.
    guard.lookOnce(writer.heard)
    return result
  }
}

function directoryOf({ read, memo }: Parts, run: Writer['run']) {
  const onWriter = <Of extends Operations>(operations: Of) =>
    offered(operations, (_, name, given) =>
      run(name as OperationName, given as never).then((result) => result as never),
    )
  const changes = onWriter(CHANGES)
  return {
    ...offered(READS, (begin, name, given) =>
      read((c) =>
        REMEMBERED.has(name)
          ? memo.answer(`${name} ${given.join(' ')}`, () => c.take(begin()))
          : c.take(begin()),
      ),
    ),
    ...changes,
    ...withSids(changes),
    ...onWriter(NOTES),
  }
}

function deliveriesOf({ trialThreads }: Parts, run: Writer['run']) {
  return {
    append: async (batch) => run('append', [packedBatch(batch)]),
    deliver: async ({ start, batch, end }) =>
      run('deliver', [{ start, batch: packedBatch(batch), end }]),
    tryOut: (work) => trialThreads.use((thread) => tryOut(thread, work)),
    undoImport: (importId, at) => run('undoImport', [importId, at]),
    tryUndo: (importId, at) => run('tryUndo', [importId, at]),
    moveSim: (simId, move, at) => run('moveSim', [simId, move, at]),
    recycle: (batch) => run('recycle', [batch]),
    discardQuarantine: (entryIds, decision) => run('discardQuarantine', [entryIds, decision]),
  } satisfies Partial<UsageStore>
}

function usageOf({ read, memo, questionThreads }: Parts) {
  return {
    queryUsage: (query) =>
      read((c) =>
        queryUsage(
          c,
          query,
          memo.answer('limits', () => c.take(readLimits())),
        ),
      ),
    // A heavy read gets a thread of its own, because here it would keep all other questions waiting.
    answerUsage: (question, page) =>
      isQuick(question)
        ? read((c) => c.read(() => c.take(answerUsage(question, page))))
        : questionThreads.use((thread) => thread.run('answerUsage', [question, page])),
    listUsageEvents: (filter, page) => read((c) => listUsageEvents(c, filter, page)),
    listFeedProgress: () => read((c) => c.read(() => c.take(listFeedProgress()))),
    listFeedTotals: () => listFeedTotals(read),
    readTime: () => read((c) => ({ serverAt: null, ...c.take(readTime()) })),
  } satisfies Partial<UsageStore>
}

function upkeepOf(
  { newWriter, gatherRowsMax, checksumRowsMax, auditThreads, questionThreads }: Parts,
  { actor, run }: { readonly actor: Actor; readonly run: Writer['run'] },
) {
  const plan: Writer['run'] = (name, values) =>
    questionThreads.use((thread) => thread.run(name, values))
  return {
    audit: (options) => auditThreads.use((thread) => audit(thread, options)),
    repairDerived: () => changing(newWriter(), actor, runRepair),
    acceptRows: (acceptance) =>
      changing(newWriter(), actor, (engine) => acceptRows(engine, acceptance)),
    checksumNextDay: () => run('checksumNextDay', [checksumRowsMax]),
    sealNextDay: (before) => run('sealNextDay', [before, gatherRowsMax]),
    reclassify: (given) =>
      given.dryRun ? plan('planReclassification', [given]) : run('reclassify', [given]),
    eraseSim: (simId, given) =>
      given.dryRun ? plan('planEraseSim', [simId, given]) : run('eraseSim', [simId, given]),
    eraseNumber: (number, given) =>
      given.dryRun ? plan('planEraseNumber', [number, given]) : run('eraseNumber', [number, given]),
    eraseAccount: (accountId, given) =>
      given.dryRun
        ? plan('planEraseAccount', [accountId, given])
        : run('eraseAccount', [accountId, given]),
    overwriteDeleted: () => run('overwriteDeleted', []),
    purge: (options) => run('purge', [options]),
  } satisfies Partial<UsageStore>
}

/** It reads a few rows per day. */
function isQuick(question: UsageQuestion): boolean {
  return sourceOf(question) === 'account totals' || question.filter.simId !== undefined
}

function packedBatch<Batch extends Pick<AppendBatch, 'events'>>(batch: Batch) {
  if (batch.events.length > BATCH_RECORDS_MAX) {
    throw new RangeError(`a batch has ${batch.events.length} events, at most ${BATCH_RECORDS_MAX}`)
  }
  return { ...batch, events: EventColumns.of(batch.events).packed() }
}
