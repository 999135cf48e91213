/**
 * A trial: batches in one write transaction that is rolled back. It has a writer thread of its own, so
 * that no other write of this process ends up in the transaction.
 */
import { EventColumns } from '../event-columns.ts'
import { countsOf } from '../ledger/quarantine.ts'
import { UsageChanges } from '../ledger/usage-deltas.ts'
import type { AppendOutcome, Trial, TrialChanges } from '../usage-store.ts'
import { applyEvents, type PackedBatch } from './append.ts'
import type { Connection } from './connection.ts'
import type { Writer } from './writer.ts'

const trials = new WeakMap<Connection, UsageChanges>()

/** On the writer thread. Takes the lock, which the connection keeps until `endTrial`. */
export function beginTrial(connection: Connection): void {
  connection.withLock(() => connection.prepare('BEGIN IMMEDIATE').run())
  trials.set(connection, new UsageChanges())
}

/** On the writer thread, between `beginTrial` and `endTrial`. */
export function appendToTrial(connection: Connection, batch: PackedBatch): AppendOutcome {
  const changes = new UsageChanges()
  const applied = wholeOrNot(connection, () => applyEvents(connection, batch, { changes }))
  trials.get(connection)!.addAll(changes)
  return { ...applied, counts: countsOf(batch, applied) }
}

/** A failed batch leaves the trial as it was before. */
function wholeOrNot<T>({ db }: Connection, work: () => T): T {
  db.exec('SAVEPOINT batch')
  try {
    const result = work()
    db.exec('RELEASE batch')
    return result
  } catch (error) {
    // SQLite itself ends the transaction when the disk is full.
    if (db.isTransaction) db.exec('ROLLBACK TO batch; RELEASE batch')
    throw error
  }
}

export function changesOfTrial(connection: Connection): TrialChanges {
  return connection.take(trials.get(connection)!.list())
}

export function endTrial(connection: Connection): void {
  // SQLite itself ends the transaction when the disk is full.
  if (connection.db.isTransaction) connection.db.exec('ROLLBACK')
  connection.checksums.abandon()
  trials.delete(connection)
}

/** On the caller's thread. Nothing else uses the writer meanwhile. */
export async function tryOut<T>(writer: Writer, work: (trial: Trial) => Promise<T>): Promise<T> {
  try {
    await writer.run('beginTrial', [])
    return await work({
      append: (batch) => {
        const events = EventColumns.of(batch.events).packed()
        return writer.run('appendToTrial', [{ ...batch, events }])
      },
      changes: () => writer.run('changesOfTrial', []),
    })
  } finally {
    await writer.run('endTrial', []).catch(() => {})
  }
}
