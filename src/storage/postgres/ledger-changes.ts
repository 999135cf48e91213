/** Rows of the ledger that change: they, their history and what is derived from them. */

import type { Limits } from '../limits.ts'
import type { StoredEvent } from '../rows.ts'
import type { Value } from '../session.ts'
import type { EventBatch, IncomingEvent } from './append.ts'
import { CellChanges } from './cell-changes.ts'
import { Overtaken } from './failures.ts'
import * as sql from './ledger-sql.ts'
import { columnsOf, type PostgresSession } from './session.ts'

/** A row of the ledger as it is, or as it will be. */
export type Current = StoredEvent

export type Identity = readonly [
  bucket: number,
  simId: number,
  occurredAt: number,
  feedId: number,
  recordId: string,
]

export interface LedgerChange {
  readonly identity: Identity
  readonly before: Current
  readonly after: Current
  /** Versions that go to history, oldest first, with the counters that were delivered. */
  readonly replaced: readonly Current[]
  /** How many versions history has already. */
  readonly versionsBefore: number
}

export function identityOf({ bucket, event }: IncomingEvent, feedId: number): Identity {
  return [bucket, event.simId, event.occurredAt, feedId, event.recordId]
}

/**
 * Writes changes in the order of their keys. Throws `Overtaken` when a row is no longer what it was
 * before; the decision then has to be made anew on what is there.
 */
export async function writeLedgerChanges(
  session: PostgresSession,
  { importId, knownAt, changes: told }: Pick<EventBatch, 'importId' | 'knownAt' | 'changes'>,
  changes: readonly LedgerChange[],
  { sealedThrough }: Limits,
): Promise<void> {
  if (changes.length === 0) return
  const rows = changes.map(({ identity, before, after }) => [
    ...identity,
    before.importId,
    before.line,
    before.knownAt,
    ...contentOf(after),
  ])
  const changed = await session.run(sql.REPLACE_EVENTS, columnsOf(rows))
  if (changed !== changes.length) {
    throw new Overtaken('records were changed by another import meanwhile')
  }
  const history: Value[][] = []
  const cells = new CellChanges(sealedThrough)
  for (const { identity, before, after, replaced, versionsBefore } of changes) {
    const [, simId, occurredAt] = identity
    replaced.forEach((version, i) => {
      history.push([...identity, versionsBefore + i, ...contentOf(version), knownAt, importId])
    })
    for (const [row, times] of [
      [before, -1],
      [after, 1],
    ] as const) {
      const { accountId, columns, version } = row
      cells.add({ ...version, simId, occurredAt, accountId }, columns, times)
      told?.add({ accountId, simId, columns }, version, times)
    }
  }
  if (history.length > 0) await session.run(sql.INSERT_HISTORY, columnsOf(history))
  await cells.write(session)
}

export function contentOf({ accountId, columns, version, importId, line, knownAt }: Current) {
  const { zone, country, plmn, stated } = columns
  const { upload, download, toSim, fromSim } = version
  const counters = [upload, download, toSim, fromSim] as const
  return [accountId, zone, country, plmn, stated, ...counters, importId, line, knownAt] as const
}
