/** A trial: batches in one transaction that is rolled back. */
import { UsageError } from '../../domain/usage-error.ts'
import { countsOf } from '../ledger/quarantine.ts'
import { UsageChanges } from '../ledger/usage-deltas.ts'
import type { Trial } from '../usage-store.ts'
import { applyEvents, orderByKey } from './append.ts'
import type { Database } from './connection.ts'
import { translate } from './failures.ts'
import { MAKE_INCOMING } from './ledger-sql.ts'
import type { Partitions } from './partitions.ts'
import type { PostgresSession } from './session.ts'

/** One connection per server, so that creating a partition does not wait for the trial's own changes. */
const ONE_CONNECTION_A_SERVER = "SET LOCAL citus.multi_shard_modify_mode TO 'sequential'"

/** Months without a partition get one. It may stay, and is empty. */
export function tryOut<T>(
  database: Database,
  partitions: Partitions,
  work: (trial: Trial) => Promise<T>,
): Promise<T> {
  return database.rolledBack(async (session) => {
    const { attachingWaits } = database.topology
    if (attachingWaits) await session.client.query(ONE_CONNECTION_A_SERVER)
    const changes = new UsageChanges()
    let hasWritten = false
    return work({
      append: async (batch) => {
        const incoming = [...batch.events]
        const ordered = orderByKey(incoming)
        const instants = incoming.map(({ occurredAt }) => occurredAt)
        // Created by another transaction, they would wait for this one forever.
        if (attachingWaits && hasWritten) {
          await partitions.ensureWithin(session, instants, batch.knownAt)
        } else {
          await partitions.ensure(instants, batch.knownAt)
        }
        hasWritten = true
        const ofBatch = new UsageChanges()
        const applied = await wholeOrNot(database, session, async () => {
          const events = {
            ...batch,
            coming: 'delivered' as const,
            mayRewrite: true,
            changes: ofBatch,
          }
          const outcome = await applyEvents(session, events, ordered, {
            // A refused row would end the transaction, and with it the trial.
            way: 'moved',
            alone: false,
          })
          // It is emptied when a transaction ends, which is only after many batches here.
          await session.client.query(`${MAKE_INCOMING}; TRUNCATE incoming`)
          return outcome
        })
        changes.addAll(ofBatch)
        return { ...applied, counts: countsOf(batch, applied) }
      },
      changes: () => session.take(changes.list()),
    })
  })
}

/** A batch whose sums are too large leaves the trial as it was before; other failures end it. */
async function wholeOrNot<T>(
  { target }: Database,
  session: PostgresSession,
  work: () => Promise<T>,
): Promise<T> {
  await session.client.query('SAVEPOINT batch')
  try {
    const result = await work()
    await session.client.query('RELEASE SAVEPOINT batch')
    return result
  } catch (error) {
    const failure = translate(target.shown, error)
    if (!(failure instanceof UsageError) || failure.code !== 'overflow') throw error
    await session.client.query('ROLLBACK TO SAVEPOINT batch; RELEASE SAVEPOINT batch')
    throw failure
  }
}
