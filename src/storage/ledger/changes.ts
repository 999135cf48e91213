/** Changes ledger rows along with their histories and what is derived from them. */
import { counterValues } from '../../domain/counters.ts'
import type { Limits } from '../limits.ts'
import { type Identity, type Row, type StoredEvent, storedEventFromRow } from '../rows.ts'
import {
  all,
  deleteRows,
  insert,
  type NamedRows,
  run,
  type Steps,
  type Values,
} from '../session.ts'
import { CONTENT_COLUMNS, IDENTITY_COLUMNS } from '../tables.ts'
import type { EventBatch } from './incoming-events.ts'
import { UsageDeltas } from './usage-deltas.ts'
import { historyOf } from './version-chain.ts'

export function identityFromRow(row: Row, feedId: number): Identity {
  return [
    row.bucket as number,
    row.sim_id as number,
    row.occurred_at as number,
    feedId,
    row.record_id as string,
  ]
}

/** What is about to change is no longer what it was, so the decision has to be made again. */
export class Overtaken extends Error {}

/** A row that changes. */
export interface LedgerChange {
  readonly identity: Identity
  readonly before: StoredEvent
  readonly after: StoredEvent
  /** Versions that go to history, oldest first, with their counters as delivered. */
  readonly replaced: readonly StoredEvent[]
  /** How many versions history already has. */
  readonly versionsBefore: number
}

/** Values of `CONTENT_COLUMNS`. */
export function contentOf({ accountId, columns, version, importId, line, knownAt }: StoredEvent) {
  const { zone, country, plmn, stated } = columns
  const counters = counterValues(version)
  return [accountId, zone, country, plmn, stated, ...counters, importId, line, knownAt] as const
}

const OLD = ['import_id', 'line', 'known_at']

/** Rows that are still what they were when the decision was made. */
const REPLACE_EVENTS = `
  UPDATE ledger
  SET ${CONTENT_COLUMNS.map((name) => `${name} = named.${name}`).join(', ')}
  FROM :named
  WHERE ${IDENTITY_COLUMNS.map((name) => `ledger.${name} = named.${name}`).join(' AND ')}
    AND ${OLD.map((name) => `ledger.${name} = named.old_${name}`).join(' AND ')}`

const TYPES: Readonly<Record<string, 'bigint' | 'smallint' | 'text'>> = {
  record_id: 'text',
  country: 'text',
  plmn: 'text',
  zone: 'smallint',
  stated: 'smallint',
}

function typed(columns: readonly string[]): NamedRows['columns'] {
  return Object.fromEntries(columns.map((name) => [name, TYPES[name] ?? 'bigint']))
}

const REPLACED = typed([
  ...IDENTITY_COLUMNS,
  ...OLD.map((name) => `old_${name}`),
  ...CONTENT_COLUMNS,
])

/** Writes changes in key order. Throws `Overtaken`. */
export function* writeLedgerChanges(
  { importId, knownAt, changes: told }: Pick<EventBatch, 'importId' | 'knownAt' | 'changes'>,
  changes: readonly LedgerChange[],
  limits: Limits,
): Steps<void> {
  if (changes.length === 0) return
  const rows = changes.map(({ identity, before, after }) => {
    const { importId: by, line, knownAt: at } = before
    return [...identity, by, line, at, ...contentOf(after)]
  })
  const changed = yield* run(REPLACE_EVENTS, [], { columns: REPLACED, rows })
  if (changed !== changes.length) {
    throw new Overtaken('records were changed by another import meanwhile')
  }
  const history: Values[] = []
  const deltas = new UsageDeltas(limits, told)
  for (const { identity, before, after, replaced, versionsBefore } of changes) {
    const [, simId, occurredAt] = identity
    replaced.forEach((version, i) => {
      history.push([...identity, versionsBefore + i, ...contentOf(version), knownAt, importId])
    })
    for (const [{ accountId, columns, version }, times] of [
      [before, -1],
      [after, 1],
    ] as const) {
      deltas.add({ accountId, simId, occurredAt }, columns, version, times)
    }
  }
  yield* addToHistory(history)
  yield* deltas.write()
}

/** Rows of `ledger_history`: identity, version, content, when it was replaced and by which import. */
function addToHistory(rows: readonly Values[]): Steps<unknown> {
  const replacement = ['replaced_at', 'replaced_by_import']
  const columns = [...IDENTITY_COLUMNS, 'version', ...CONTENT_COLUMNS, ...replacement]
  return insert({ table: 'ledger_history', columns, rows })
}

/** Identities of one feed, which is the first value of the text that joins them. */
function named(identities: readonly Identity[]): NamedRows {
  return {
    columns: { bucket: 'bigint', sim_id: 'bigint', occurred_at: 'bigint', record_id: 'text' },
    rows: identities.map(([bucket, simId, at, , recordId]) => [bucket, simId, at, recordId]),
  }
}

function joined(table: 'ledger' | 'ledger_history'): string {
  return `
    SELECT named.position - 1 AS position, ${table}.*
    FROM :named
    JOIN ${table} ON ${table}.bucket = named.bucket
                 AND ${table}.sim_id = named.sim_id
                 AND ${table}.occurred_at = named.occurred_at
                 AND ${table}.feed_id = ?1
                 AND ${table}.record_id = named.record_id`
}

/** The ledger's rows for identities of one feed, each with the `position` of its identity. */
export function rowsAt(identities: readonly Identity[], feedId: number): Steps<Row[]> {
  return all(joined('ledger'), [feedId], named(identities))
}

/** The history of each identity, oldest first, by position. */
export function* historiesAt(
  identities: readonly Identity[],
  feedId: number,
): Steps<ReadonlyMap<number, readonly StoredEvent[]>> {
  const text = `${joined('ledger_history')} ORDER BY named.position, ledger_history.version`
  const rows = yield* all(text, [feedId], named(identities))
  const byPosition = Map.groupBy(rows, (row) => row.position as number)
  return new Map([...byPosition].map(([at, list]) => [at, list.map(storedEventFromRow)]))
}

/** An identity with all its versions, oldest first; the last one is the ledger row. */
export interface Chain {
  readonly identity: Identity
  readonly versions: readonly StoredEvent[]
}

/** In the order of the identities, which belong to one feed and are all in the ledger. */
export function* readChains(identities: readonly Identity[], feedId: number): Steps<Chain[]> {
  const rows = yield* rowsAt(identities, feedId)
  const current = new Map(rows.map((row) => [row.position as number, storedEventFromRow(row)]))
  const replaced = yield* historiesAt(identities, feedId)
  return identities.map((identity, i) => {
    return { identity, versions: [...(replaced.get(i) ?? []), current.get(i)!] }
  })
}

/** Replaces the stored history of each chain by the chain's own. */
export function* rewriteHistories(chains: readonly Chain[]): Steps<void> {
  yield* deleteRows({
    table: 'ledger_history',
    columns: IDENTITY_COLUMNS,
    rows: chains.map(({ identity }) => identity),
  })
  yield* addToHistory(
    chains.flatMap(({ identity, versions }) =>
      historyOf(versions).map(({ version, event, replacedAt, replacedByImport }) => [
        ...[...identity, version, ...contentOf(event)],
        ...[replacedAt, replacedByImport],
      ]),
    ),
  )
}
