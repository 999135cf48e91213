/** Which days and months an audit goes over, and how far the store is purged, sealed, gathered and under checksum. */
import { DAY_SECONDS, floorTo, monthNumber } from '../../domain/time.ts'
import { FRESH_FROM, GATHERED_SIMS } from '../ledger/buckets.ts'
import { CHECKSUMMED_SIMS, CHECKSUMMED_THROUGH, type ChecksumLimit } from './checksum-limit.ts'
import { LEDGER_TABLES } from './checksums.ts'
import type { Ask, AuditEngine } from './engine.ts'

export interface Bounds extends ChecksumLimit {
  readonly purgedThrough: number
  readonly sealedThrough: number
  readonly freshFrom: number
  readonly gatheredSims: number
}

export async function boundsOf(ask: Ask): Promise<Bounds> {
  const rows = await ask(
    `SELECT name, value FROM setting
     WHERE name IN ('purged_through', 'sealed_through', '${CHECKSUMMED_THROUGH}',
                    '${CHECKSUMMED_SIMS}', '${FRESH_FROM}', '${GATHERED_SIMS}')`,
  )
  const limit = (name: string, unless = Number.MIN_SAFE_INTEGER) =>
    Number(rows.find((row) => row.name === name)?.value ?? unless)
  return {
    purgedThrough: limit('purged_through'),
    sealedThrough: limit('sealed_through'),
    checksummedThrough: limit(CHECKSUMMED_THROUGH),
    checksummedSims: limit(CHECKSUMMED_SIMS, 0),
    freshFrom: limit(FRESH_FROM),
    gatheredSims: limit(GATHERED_SIMS, 0),
  }
}

/** Where some questions about a day begin and end, as the parameters `day` and `dayEnd`. */
export interface Span {
  readonly day: number
  readonly dayEnd: number
}

/**
 * A day in pieces that can be asked about one after the other while others write in between. They are as
 * short as possible, because a day may have many million rows. Rows of a fresh day are split by time.
 * Those of a day that is being gathered may move between two questions.
 */
export function piecesOf(
  day: number,
  {
    freshSeconds,
    freshFrom,
    gatheredSims,
  }: Pick<Bounds, 'freshFrom' | 'gatheredSims'> & {
    readonly freshSeconds: number
  },
): readonly Span[] {
  const dayEnd = day + DAY_SECONDS
  const isFresh = day > freshFrom || (day === freshFrom && gatheredSims === 0)
  if (!isFresh) return [{ day, dayEnd }]
  return Array.from({ length: DAY_SECONDS / freshSeconds }, (_, i) => {
    return { day: day + i * freshSeconds, dayEnd: day + (i + 1) * freshSeconds }
  })
}

/**
 * Every day that some table has anything of, in order of time. Asked at the start of each part of the
 * way, so it reads no long table: the hours and the SIMs' totals have rules of their own that put them on
 * one of these days.
 */
export async function daysOf(
  ask: Ask,
  { isSpread }: Pick<AuditEngine, 'isSpread'>,
): Promise<number[]> {
  const bucketsOf = isSpread ? selectBuckets : skipToBuckets
  const starts = [
    ...LEDGER_TABLES.map(bucketsOf),
    'SELECT DISTINCT started_at AS at FROM account_day',
    `SELECT part AS at FROM checksum WHERE table_name IN ('ledger', 'ledger_history')`,
  ]
  const days = new Set<number>()
  for (const text of starts) {
    for (const { at } of await ask(text)) days.add(floorTo(Number(at), DAY_SECONDS))
  }
  return [...days].sort((a, b) => a - b)
}

function selectBuckets(table: string): string {
  return `SELECT DISTINCT bucket AS at FROM ${table}`
}

/** Skips from bucket to bucket by the key, however many rows each has. Citus does not accept this. */
function skipToBuckets(table: string): string {
  return `
    WITH RECURSIVE days (at) AS (
      SELECT MIN(bucket) FROM ${table}
      UNION ALL
      SELECT (SELECT MIN(bucket) FROM ${table} WHERE bucket > days.at)
      FROM days WHERE days.at IS NOT NULL
    )
    SELECT at FROM days WHERE at IS NOT NULL`
}

/** As counted by `monthNumber`: the months of the days, and those that totals name. */
export async function monthsOf(
  ask: Ask,
  days: readonly number[],
  hasSimMonths: boolean,
): Promise<number[]> {
  const months = new Set(days.map(monthNumber))
  for (const table of hasSimMonths ? ['sim_day', 'sim_month'] : ['sim_day']) {
    for (const row of await ask(`SELECT DISTINCT month FROM ${table}`))
      months.add(Number(row.month))
  }
  return [...months].sort((a, b) => a - b)
}
