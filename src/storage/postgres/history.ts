/** The histories of identities: their versions that were replaced, read and written whole. */
import { type StoredEvent, storedEventFromRow } from '../rows.ts'
import type { Value } from '../session.ts'
import { historyOf } from '../version-chain.ts'
import { contentOf, type Identity } from './ledger-changes.ts'
import * as sql from './ledger-sql.ts'
import * as readingSql from './reading-sql.ts'
import { columnsOf, type PostgresSession } from './session.ts'
import { DELETE_REPLACED_VERSIONS } from './undo-sql.ts'

/** Identities of one feed as the SQL takes them: arrays of a column each, then the feed. */
export function namesOf(identities: readonly Identity[], feedId: number): Value[] {
  const rows = identities.map(([bucket, simId, occurredAt, , recordId]) => {
    return [bucket, simId, occurredAt, recordId]
  })
  return [...columnsOf(rows), feedId]
}

/** An identity with all its versions, oldest first; the last one is the row of the ledger. */
export interface Chain {
  readonly identity: Identity
  readonly versions: readonly StoredEvent[]
}

/** In the order of the identities, which are of one feed and all in the ledger. */
export async function readChains(
  session: PostgresSession,
  identities: readonly Identity[],
  feedId: number,
): Promise<Chain[]> {
  if (identities.length === 0) return []
  const names = namesOf(identities, feedId)
  const rows = await session.all(readingSql.SELECT_ROWS_AT, names)
  const versions = await session.all(readingSql.SELECT_VERSIONS_AT, names)
  const current = new Map(rows.map((row) => [row.position as number, storedEventFromRow(row)]))
  const replaced = Map.groupBy(versions, (row) => row.position as number)
  return identities.map((identity, i) => {
    const history = (replaced.get(i) ?? []).map(storedEventFromRow)
    return { identity, versions: [...history, current.get(i)!] }
  })
}

/** Writes the history that belongs to each chain in place of the one that is there. */
export async function rewriteHistories(
  session: PostgresSession,
  chains: readonly Chain[],
  feedId: number,
): Promise<void> {
  if (chains.length === 0) return
  const identities = chains.map(({ identity }) => identity)
  await session.run(DELETE_REPLACED_VERSIONS, namesOf(identities, feedId))
  const rows = chains.flatMap(({ identity, versions }) =>
    historyOf(versions).map(({ version, event, replacedAt, replacedByImport }): Value[] => [
      ...identity,
      version,
      ...contentOf(event),
      replacedAt,
      replacedByImport,
    ]),
  )
  if (rows.length > 0) await session.run(sql.INSERT_HISTORY, columnsOf(rows))
}
