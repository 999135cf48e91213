/** Compares the ledger with what is derived from it: the questions, and how a difference is described. */
import { DAY_SECONDS, formatInstant, monthStart } from '../../domain/time.ts'
import { ZONES } from '../../domain/usage-event.ts'
import { COUNTER_COLUMNS, COUNTER_SUMS } from '../counter-columns.ts'
import { dayText } from '../ledger/buckets.ts'
import {
  ACCOUNT_BY,
  ACCOUNT_CELL,
  placesOf,
  SIM_BY,
  SIM_DIMENSIONS,
  SIM_MONTH as SIM_MONTH_KEY,
} from '../rollups.ts'
import type { Row } from '../rows.ts'
import type { Ask, Parameters } from './engine.ts'
import type { Found } from './found.ts'
import { AUDIT_DIFFERENCES_MAX, type AuditDifference } from './report.ts'

const DAYS_OF_MONTH_MAX = 31

/** One derived table, its key, and the ledger's own answer for the same cells. */
export interface DerivedTable {
  readonly name: string
  readonly key: readonly string[]
  readonly recomputed: string
  readonly stored: string
}

/** Rows of one account, if only its rows are asked for. */
const OF_ACCOUNT = '(CAST(:account AS BIGINT) IS NULL OR account_id = :account)'
const SIMS_OF_ACCOUNT = `
  (CAST(:account AS BIGINT) IS NULL
   OR sim_id IN (SELECT sim.id FROM sim WHERE sim.account_id = :account))`

/** A whole account's cells are one range of the key, and its hours of one day a short part of that. */
function cellsOfAccounts(table: 'account_hour' | 'account_day'): string {
  return `
    SELECT ${table}.*
    FROM account CROSS JOIN ${table}
    WHERE ${table}.account_id = account.id
      AND ${table}.started_at >= :day AND ${table}.started_at < :dayEnd
      AND (CAST(:account AS BIGINT) IS NULL OR account.id = :account)`
}

/** From the rows of a day or a piece of it. Parameters: `day`, `dayEnd`, `purgedThrough`, `account`. */
export const ACCOUNT_HOURS: DerivedTable = {
  name: 'account hour',
  key: ACCOUNT_CELL,
  recomputed: `
    SELECT account_id, occurred_at - occurred_at % 3600 AS started_at, ${ACCOUNT_BY}, ${COUNTER_SUMS}
    FROM ledger
    WHERE bucket >= :day AND bucket < :dayEnd AND occurred_at >= :purgedThrough AND ${OF_ACCOUNT}
    GROUP BY ${placesOf(ACCOUNT_CELL)}`,
  stored: cellsOfAccounts('account_hour'),
}

/** From all rows of a day. Parameters: `day`, `dayEnd`, `purgedThrough`, `account`. */
export const ACCOUNT_DAY: DerivedTable = {
  name: 'account day',
  key: ACCOUNT_CELL,
  recomputed: `
    SELECT account_id, ${dayText('bucket')} AS started_at, ${ACCOUNT_BY}, ${COUNTER_SUMS}
    FROM ledger
    WHERE bucket >= :day AND bucket < :dayEnd AND occurred_at >= :purgedThrough AND ${OF_ACCOUNT}
    GROUP BY ${placesOf(ACCOUNT_CELL)}`,
  stored: cellsOfAccounts('account_day'),
}

/** From its hours, if those are correct. Parameters: `day`, `dayEnd`, `account`. */
export const ACCOUNT_DAY_OF_HOURS: DerivedTable = {
  ...ACCOUNT_DAY,
  recomputed: `
    SELECT account_id, ${dayText('started_at')} AS started_at, ${ACCOUNT_BY}, ${COUNTER_SUMS}
    FROM (${cellsOfAccounts('account_hour')}) AS hours
    GROUP BY ${placesOf(ACCOUNT_CELL)}`,
}

/**
 * Sealed rows lie in the buckets of their days, ordered by SIM within each. The rows of some SIMs in a
 * month are therefore short ranges.
 */
const BUCKETS_OF_MONTH = `
  bucket IN (${Array.from({ length: DAYS_OF_MONTH_MAX }, (_, i) => `:day${i}`).join(', ')})
      AND bucket < :sealedThrough`
const SOME_SIMS = 'sim_id >= :simFrom AND sim_id < :simTo'

/**
 * For `SIM_DAYS_OF_MONTH` and `SIM_MONTH`: the month, and the SIMs from the first id to before the last.
 */
export function spanOfMonth(month: number, [simFrom, simTo]: SimSpan = ALL_SIMS): Parameters {
  const [start, end] = [monthStart(month), monthStart(month + 1)]
  const days = Array.from({ length: DAYS_OF_MONTH_MAX }, (_, i) => {
    // A shorter month names its last day more than once.
    return [`day${i}`, Math.min(start + i * DAY_SECONDS, end - DAY_SECONDS)]
  })
  return { month, monthStart: start, monthEnd: end, simFrom, simTo, ...Object.fromEntries(days) }
}

export type SimSpan = readonly [simFrom: number, simTo: number]

/** Including ids that no SIM can have. */
export const ALL_SIMS: SimSpan = [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]

/** Parameters: those of `spanOfMonth`, `sealedThrough`, `purgedThrough`, `account`. */
export const SIM_DAYS_OF_MONTH: DerivedTable = {
  name: 'sim day',
  key: ['sim_id', 'started_at', ...Object.keys(SIM_DIMENSIONS)],
  recomputed: `
    SELECT sim_id, ${dayText('bucket')} AS started_at, ${SIM_BY}, ${COUNTER_SUMS}
    FROM ledger
    WHERE ${BUCKETS_OF_MONTH} AND ${SOME_SIMS}
      AND occurred_at >= :purgedThrough AND ${SIMS_OF_ACCOUNT}
    GROUP BY ${placesOf(SIM_MONTH_KEY)}`,
  stored: `
    SELECT * FROM sim_day
    WHERE month = :month AND ${SOME_SIMS}
      AND started_at >= :purgedThrough - 86399 AND ${SIMS_OF_ACCOUNT}`,
}

/** Only in SQLite: the sealed days of each month that retention has not cut. */
export const SIM_MONTH: DerivedTable = {
  name: 'sim month',
  key: ['sim_id', 'month', ...Object.keys(SIM_DIMENSIONS)],
  recomputed: `
    SELECT sim_id, :month AS month, ${SIM_BY}, ${COUNTER_SUMS}
    FROM ledger
    WHERE ${BUCKETS_OF_MONTH} AND ${SOME_SIMS} AND :monthStart >= :purgedThrough
      AND ${SIMS_OF_ACCOUNT}
    GROUP BY ${placesOf(SIM_MONTH_KEY)}`,
  stored: `SELECT * FROM sim_month WHERE month = :month AND ${SOME_SIMS} AND ${SIMS_OF_ACCOUNT}`,
}

/**
 * Lays both sides over each other and sums them by cell. A FULL JOIN means the same, but SQLite runs it
 * as a nested loop: minutes instead of a second for 100 000 cells. The first row has no key; it says how
 * many cells there are, and how many of them differ. A missing cell counts as zeros, because a correction
 * can leave zeros behind.
 */
export function selectDifferences(
  { key, recomputed, stored }: DerivedTable,
  namedMax = AUDIT_DIFFERENCES_MAX,
): string {
  // Columns of a UNION match by position, so both sides list the stored counters first.
  const side = (isStored: boolean, source: string) => `
      SELECT ${key.join(', ')},
             ${COUNTER_COLUMNS.map((name) => `${isStored ? name : '0'} AS stored_${name}`).join(', ')},
             ${COUNTER_COLUMNS.map((name) => `${isStored ? '0' : name} AS recomputed_${name}`).join(', ')}
      FROM (${source}) AS ${isStored ? 'stored' : 'recomputed'}`
  const numbers = ['stored', 'recomputed'].flatMap((prefix) =>
    COUNTER_COLUMNS.map((name) => `${prefix}_${name}`),
  )
  const totals = numbers.map((name) => `SUM(${name}) AS ${name}`)
  const differs = COUNTER_COLUMNS.map((name) => `stored_${name} <> recomputed_${name}`).join(' OR ')
  const columns = [...key, ...numbers]
  return `
    WITH cells AS (
      SELECT ${key.join(', ')}, ${totals.join(', ')}
      FROM (${side(true, stored)} UNION ALL ${side(false, recomputed)}) AS sides
      GROUP BY ${key.join(', ')}
    )
    SELECT * FROM (
      SELECT 1 AS ranked, ${columns.join(', ')}, 0 AS cells, 0 AS differing
      FROM cells
      WHERE ${differs}
      ORDER BY ${key.join(', ')}
      LIMIT ${namedMax}
    ) AS differing
    UNION ALL
    SELECT 0, ${columns.map(() => 'NULL').join(', ')},
           COUNT(*), COUNT(*) FILTER (WHERE ${differs})
    FROM cells
    ORDER BY ranked`
}

/** Adds to the findings how many cells there are, and which of them differ. */
export async function compareCells(
  ask: Ask,
  derived: DerivedTable,
  { of, found }: { readonly of: Parameters; readonly found: Found },
): Promise<void> {
  const [counts, ...rows] = await ask(selectDifferences(derived), of)
  found.cells += Number(counts!.cells)
  found.add(
    rows.map((row) => differenceFromRow(derived, row)),
    Number(counts!.differing),
  )
}

/** From a row of `selectDifferences` that has a key. */
export function differenceFromRow({ name, key }: DerivedTable, row: Row): AuditDifference {
  const parts = key.map((column) => {
    const value = row[column]
    if (column === 'month') return `from ${formatInstant(monthStart(Number(value)))}`
    if (column === 'started_at') return `from ${formatInstant(Number(value))}`
    if (column === 'occurred_at') return `at ${formatInstant(Number(value))}`
    if (column === 'zone') return `zone ${ZONES[Number(value)]}`
    return `${column} ${value === '' ? 'unknown' : value}`
  })
  return {
    table: name,
    cell: parts.join(', '),
    stored: countersInWords(row, 'stored'),
    recomputed: countersInWords(row, 'recomputed'),
  }
}

function countersInWords(row: Row, prefix: string): string {
  return COUNTER_COLUMNS.map((name) => `${name} ${row[`${prefix}_${name}`]}`).join(', ')
}
