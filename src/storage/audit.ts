/** The ledger against what is derived from it: the questions, and how a difference is told. */
import { COUNTER_RANGE_32_BIT, WRAP_GROWTH_MAX } from '../domain/counter-series.ts'
import { formatInstant, monthStart } from '../domain/time.ts'
import { ZONES } from '../domain/usage-event.ts'
import type { Row } from './rows.ts'
import type { AuditDifference } from './usage-store.ts'

const COUNTERS = ['upload', 'download', 'to_sim', 'from_sim'] as const

function sums(): string {
  return COUNTERS.map((name) => `SUM(${name}) AS ${name}`).join(', ')
}

/** As `growthOf` in `domain/counter-series.ts`: null where a counter was reset. */
function growth(name: string): string {
  return `
    CASE WHEN ${name} >= last_${name} THEN ${name} - last_${name}
         WHEN bits = 32 AND last_${name} < ${COUNTER_RANGE_32_BIT}
              AND ${name} + ${COUNTER_RANGE_32_BIT} - last_${name} <= ${WRAP_GROWTH_MAX}
         THEN ${name} + ${COUNTER_RANGE_32_BIT} - last_${name}
    END`
}

/** Each reading beside the one before it in its series. */
const GROWN_READINGS = `
  SELECT beside.*,
         ${COUNTERS.map((name) => `${growth(name)} AS grown_${name}`).join(', ')},
         (${COUNTERS.map((name) => `${growth(name)} IS NULL`).join(' OR ')}) AS begins_anew
  FROM (SELECT reading.*,
               ${COUNTERS.map((name) => `LAG(${name}) OVER series AS last_${name}`).join(', ')}
        FROM reading
        WINDOW series AS (PARTITION BY sim_id, feed_id, record_id ORDER BY occurred_at)) AS beside`

/** One derived table, its key, and the ledger's own answer for the same cells. */
export interface DerivedTable {
  readonly name: string
  readonly table: string
  readonly key: readonly string[]
  readonly recomputed: string
  readonly stored: string
}

export const DERIVED_TABLES: readonly DerivedTable[] = [
  {
    name: 'account hour',
    table: 'account_hour',
    key: ['account_id', 'started_at', 'zone', 'country', 'plmn'],
    recomputed: `
      SELECT account_id, occurred_at - occurred_at % 3600 AS started_at, zone, country, plmn,
             ${sums()}
      FROM ledger WHERE occurred_at >= :purgedThrough GROUP BY 1, 2, 3, 4, 5`,
    stored: 'SELECT * FROM account_hour',
  },
  {
    name: 'account day',
    table: 'account_day',
    key: ['account_id', 'started_at', 'zone', 'country', 'plmn'],
    recomputed: `
      SELECT account_id, bucket AS started_at, zone, country, plmn, ${sums()}
      FROM ledger WHERE occurred_at >= :purgedThrough GROUP BY 1, 2, 3, 4, 5`,
    stored: 'SELECT * FROM account_day',
  },
  {
    name: 'sim day',
    table: 'sim_day',
    key: ['sim_id', 'started_at', 'zone', 'country'],
    recomputed: `
      SELECT sim_id, bucket AS started_at, zone, country, ${sums()}
      FROM ledger WHERE occurred_at >= :purgedThrough AND bucket < :sealedThrough
      GROUP BY 1, 2, 3, 4`,
    stored: 'SELECT * FROM sim_day WHERE started_at >= :purgedThrough - 86399',
  },
  {
    name: 'reading',
    table: 'reading',
    key: ['sim_id', 'feed_id', 'record_id', 'occurred_at'],
    recomputed: `
      SELECT sim_id, feed_id, record_id, occurred_at,
             ${COUNTERS.map((name) => `CASE WHEN begins_anew THEN ${name} ELSE grown_${name} END AS ${name}`).join(', ')}
      FROM (${GROWN_READINGS}) AS grown
      WHERE occurred_at >= :purgedThrough`,
    stored: 'SELECT * FROM ledger WHERE (stated & 4) <> 0 AND occurred_at >= :purgedThrough',
  },
]

/** Only SQLite has it, for the months from `firstMonth` up to `endMonth`. */
export const SIM_MONTHS: DerivedTable = {
  name: 'sim month',
  table: 'sim_month',
  key: ['sim_id', 'month', 'zone', 'country'],
  recomputed: `
    SELECT sim_id, strftime('%Y', bucket, 'unixepoch') * 12
                   + strftime('%m', bucket, 'unixepoch') - 1 AS month, zone, country, ${sums()}
    FROM ledger WHERE bucket >= :firstMonthStart AND bucket < :endMonthStart
    GROUP BY 1, 2, 3, 4`,
  stored: 'SELECT * FROM sim_month WHERE month >= :firstMonth',
}

export function countRecomputed({ recomputed }: DerivedTable): string {
  return `SELECT COUNT(*) AS cells FROM (${recomputed}) AS recomputed`
}

/**
 * Lays both sides over each other and adds them up by cell. A FULL JOIN says the same, but SQLite
 * runs it as a nested loop: minutes instead of a second for 100 000 cells.
 */
export function selectDifferences({ key, recomputed, stored }: DerivedTable): string {
  // Columns of a UNION go by position, so both sides list the stored counters first.
  const side = (isStored: boolean, source: string) => `
      SELECT ${key.join(', ')},
             ${COUNTERS.map((name) => `${isStored ? name : '0'} AS stored_${name}`).join(', ')},
             ${COUNTERS.map((name) => `${isStored ? '0' : name} AS recomputed_${name}`).join(', ')}
      FROM (${source}) AS ${isStored ? 'stored' : 'recomputed'}`
  const totals = ['stored', 'recomputed'].flatMap((prefix) =>
    COUNTERS.map((name) => `SUM(${prefix}_${name}) AS ${prefix}_${name}`),
  )
  const differs = COUNTERS.map((name) => `SUM(stored_${name}) <> SUM(recomputed_${name})`)
  return `
    SELECT ${key.join(', ')}, ${totals.join(', ')}
    FROM (${side(true, stored)} UNION ALL ${side(false, recomputed)}) AS sides
    GROUP BY ${key.join(', ')}
    HAVING ${differs.join(' OR ')}
    ORDER BY ${key.join(', ')}`
}

/** From a row of `selectDifferences`. */
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
  return ['upload', 'download', 'to_sim', 'from_sim']
    .map((name) => `${name} ${row[`${prefix}_${name}`]}`)
    .join(', ')
}
