/**
 * Keeps a database's checksums. Triggers note what our transactions do to rows, and the notes are added
 * up now and then. Citus cannot distribute tables with triggers, so there are none on Citus.
 */
import type pg from 'pg'
import { monthNumber, monthStart } from '../../domain/time.ts'
import type { ChecksummedTable } from '../audit/checked-rows.ts'
import {
  CHECKSUMMED_SIMS,
  CHECKSUMMED_THROUGH,
  type ChecksumLimit,
  isUnderChecksum,
  underChecksumText,
} from '../audit/checksum-limit.ts'
import {
  addTotals,
  checksumKey,
  headsOf,
  isFrozen,
  isOfLedger,
  MONTH_CHAIN,
  type Month,
  partExpression,
  partOf,
  TOTAL_END,
  WITHOUT_CHECKSUM,
} from '../audit/checksums.ts'
import { signingKey } from '../directory/reads.ts'
import { type ChecksumPiece, OF_PIECE } from '../ledger/checksumming.ts'
import { columnsOfTable, TABLES, type Table } from '../tables.ts'
import type { Partition } from './partitions.ts'
import type { PostgresSession } from './session.ts'
import { TOPOLOGIES, type Topology } from './topology.ts'

/** Marks the present transaction as ours, by the key of `checksumKey`. */
export const SAY_KEY = `
  SELECT set_config('simtally.checksum_key',
    (SELECT encode(sha256(convert_to('checksum', 'UTF8') || decode(value, 'hex')), 'hex')
     FROM setting WHERE name = 'signing_key'), true);`

/** From here on, the transaction's changes look like another program's. */
export const UNSAY_KEY = "SELECT set_config('simtally.checksum_key', '', true)"

export const KEPT_CHECKSUMS = `
  SELECT table_name, part, row_count, total FROM checksum
  UNION ALL
  SELECT table_name, part, row_count, total FROM checksum_change`

const PUT_CHECKSUMS = `
  ON CONFLICT (table_name, part) DO UPDATE
  SET row_count = checksum.row_count + excluded.row_count,
      total = (checksum.total + excluded.total) % ${TOTAL_END}`

/** Noted totals may be negative; stored ones never are. */
const FOLD = `
  WITH gone AS (
    DELETE FROM checksum_change RETURNING table_name, part, row_count, total
  ), sums AS (
    SELECT table_name, part, SUM(row_count)::bigint AS row_count,
           ((SUM(total) % ${TOTAL_END} + ${TOTAL_END}) % ${TOTAL_END})::bigint AS total
    FROM gone GROUP BY table_name, part
  ), put AS (
    INSERT INTO checksum (table_name, part, row_count, total)
    SELECT table_name, part, row_count, total FROM sums ORDER BY table_name, part
    ${PUT_CHECKSUMS}
  )
  SELECT part, SUM(row_count)::bigint AS row_count, (SUM(total) % ${TOTAL_END})::bigint AS total
  FROM sums WHERE table_name IN ('ledger', 'ledger_history') GROUP BY part`

const SELECT_MONTHS = `
  SELECT part AS month, row_count AS "rowCount", total FROM checksum
  WHERE table_name = '${MONTH_CHAIN}' ORDER BY part`

/** The sum of the rows' hashes, in a transaction that has set the key. */
export function totalOf({ name }: ChecksummedTable): string {
  return `(SUM(row_hash(current_setting('simtally.checksum_key'), ${name}::text)) % ${TOTAL_END})::bigint`
}

export function checksummedTables(topology: Topology): ChecksummedTable[] {
  if (topology.name === 'citus') return []
  return (TABLES as readonly Table[])
    .filter(({ name }) => WITHOUT_CHECKSUM[name] === undefined)
    .map((table) => {
      const integers = table.key.filter((column) => table.columns[column] === 'integer')
      return {
        name: table.name,
        columns: columnsOfTable(table),
        part: partOf(table.name, integers),
      }
    })
}

/** Removes every row of the ledger from under checksum, but keeps the settings. */
export const UNDER_NO_CHECKSUM = `
  UPDATE setting
  SET value = CASE name WHEN '${CHECKSUMMED_SIMS}' THEN '0' ELSE '${Number.MIN_SAFE_INTEGER}' END
  WHERE name IN ('${CHECKSUMMED_THROUGH}', '${CHECKSUMMED_SIMS}')`

/**
 * Creates the triggers of the tables that have checksums, and recomputes those. The ledger has none
 * afterwards. Inside a transaction, on one server.
 */
export async function recomputeAll(client: pg.ClientBase): Promise<void> {
  await dropTriggers(client)
  await client.query(`${SAY_KEY} SET LOCAL bytea_output = 'hex'`)
  for (const table of checksummedTables(TOPOLOGIES.plain)) {
    const { name, part } = table
    if (isOfLedger(name)) continue
    await client.query(`
      INSERT INTO checksum (table_name, part, row_count, total)
      SELECT '${name}', ${partExpression(part)}, COUNT(*), ${totalOf(table)}
      FROM ${name} GROUP BY 2`)
    await client.query(tableTriggers(table))
  }
}

function tableTriggers({ name, part }: ChecksummedTable): string {
  const note = `FOR EACH STATEMENT EXECUTE FUNCTION note_rows('${partExpression(part)}')`
  return `
    CREATE OR REPLACE TRIGGER checksum_added AFTER INSERT ON ${name}
    REFERENCING NEW TABLE AS added ${note};
    CREATE OR REPLACE TRIGGER checksum_changed AFTER UPDATE ON ${name}
    REFERENCING OLD TABLE AS gone NEW TABLE AS added ${note};
    CREATE OR REPLACE TRIGGER checksum_gone AFTER DELETE ON ${name}
    REFERENCING OLD TABLE AS gone ${note};`
}

/** Called before tables are distributed, which Citus refuses if they have triggers. */
export async function dropTriggers(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ name: string; on: string }>(`
    SELECT tgname AS name, tgrelid::regclass::text AS on FROM pg_trigger
    WHERE NOT tgisinternal AND tgname LIKE 'checksum\\_%'
      AND tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = current_schema()::regnamespace)`)
  for (const { name, on } of rows) await client.query(`DROP TRIGGER IF EXISTS ${name} ON ${on}`)
  await client.query(`DELETE FROM checksum; DELETE FROM checksum_change; ${UNDER_NO_CHECKSUM}`)
}

/** Ids begin here. */
const FIRST_SIM = 1

/** Has changes of a month noted for its rows up to the limit. */
export async function watchPartition(
  session: PostgresSession,
  { parent, name, month }: Partition,
  limit: ChecksumLimit,
): Promise<void> {
  if (!isUnderChecksum({ bucket: monthStart(month), simId: FIRST_SIM }, limit)) return
  const note = (row: string) => `
    FOR EACH ROW WHEN (${underChecksumText(limit, row)}) EXECUTE FUNCTION note_ledger_row('${parent}')`
  await session.client.query(`
    CREATE OR REPLACE TRIGGER checksum_added AFTER INSERT ON ${name} ${note('NEW.')};
    CREATE OR REPLACE TRIGGER checksum_changed AFTER UPDATE ON ${name} ${note('NEW.')};
    CREATE OR REPLACE TRIGGER checksum_gone AFTER DELETE ON ${name} ${note('OLD.')};`)
}

/** Adds up the notes. Inside a write transaction. */
export async function fold(session: PostgresSession, purgedThrough: number): Promise<void> {
  const days = await session.all(FOLD)
  const changes = days.map((row) => ({
    month: monthNumber(row.part as number),
    rowCount: row.row_count as number,
    total: row.total as number,
  }))
  await addToMonths(session, changes, purgedThrough)
}

/** Adds the rows to the checksums of their day, as notes. Inside a write transaction that excludes batches. */
export async function addPiece(
  session: PostgresSession,
  { bucket, after, last }: ChecksumPiece,
): Promise<void> {
  for (const table of checksummedTables(TOPOLOGIES.plain).filter(({ name }) => isOfLedger(name))) {
    await session.run(
      `INSERT INTO checksum_change (table_name, part, row_count, total)
       SELECT '${table.name}', ?1::bigint, COUNT(*), ${totalOf(table)}
       FROM ${table.name} WHERE ${OF_PIECE} HAVING COUNT(*) > 0`,
      [bucket, after, last],
    )
  }
}

async function addToMonths(
  session: PostgresSession,
  changes: readonly Month[],
  purgedThrough: number,
): Promise<void> {
  if (changes.length === 0) return
  const months = new Map<number, Month>()
  for (const row of await session.all(SELECT_MONTHS)) {
    months.set(row.month as number, row as unknown as Month)
  }
  for (const { month, rowCount, total } of changes) {
    if (isFrozen(month, purgedThrough)) continue
    const known = months.get(month) ?? { month, rowCount: 0, total: 0 }
    months.set(month, {
      month,
      rowCount: known.rowCount + rowCount,
      total: addTotals(known.total, total),
    })
  }
  const key = checksumKey(await session.take(signingKey()))
  const chain = [...months.values()].sort((a, b) => a.month - b.month)
  const heads = headsOf(key, chain)
  await session.run(
    `INSERT INTO checksum (table_name, part, row_count, total, head)
     SELECT '${MONTH_CHAIN}', * FROM unnest(?::bigint[], ?::bigint[], ?::bigint[], ?::text[])
     ON CONFLICT (table_name, part) DO UPDATE
     SET row_count = excluded.row_count, total = excluded.total, head = excluded.head`,
    [
      chain.map(({ month }) => month),
      chain.map(({ rowCount }) => rowCount),
      chain.map(({ total }) => total),
      heads,
    ],
  )
}

/**
 * For months whose partitions are gone: deletes the checksums of their days, and keeps those of the
 * months.
 */
export async function forgetDays(session: PostgresSession, month: number): Promise<void> {
  for (const table of ['checksum', 'checksum_change']) {
    await session.run(
      `DELETE FROM ${table}
       WHERE table_name IN ('ledger', 'ledger_history') AND part >= ? AND part < ?`,
      [monthStart(month), monthStart(month + 1)],
    )
  }
}
