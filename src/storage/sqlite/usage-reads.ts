/** Sums usage for a query. An answer of several statements is read in one transaction. */
import type { CountryCode } from '../../domain/country.ts'
import { ceilTo, DAY_SECONDS, floorTo, monthNumber } from '../../domain/time.ts'
import { ZONES } from '../../domain/usage-event.ts'
import {
  addUsage,
  type Granularity,
  type UsageGroup,
  type UsageQuery,
} from '../../domain/usage-query.ts'
import { usageGroupFromRow } from '../rows.ts'
import type { Connection } from './connection.ts'
import * as sql from './ledger-sql.ts'

/** Retention keeps 18 months, at most 550 days. */
const DAYS_ASKED_USUALLY = 600

const ACCOUNT_TEXTS: Readonly<Record<Granularity, string>> = {
  hourly: sql.SELECT_ACCOUNT_HOURS,
  daily: sql.SELECT_ACCOUNT_DAYS,
  all: sql.SELECT_ACCOUNT_TOTAL,
}

/**
 * Days before `sealedThrough` may be read from their totals. A value that is out of date is too
 * low, and then more is read from the ledger.
 */
export function queryUsage(
  connection: Connection,
  query: UsageQuery,
  sealedThrough: number,
): UsageGroup[] {
  if (query.start >= query.end) return []
  return 'simId' in query.scope
    ? querySim(connection, query, query.scope.simId, sealedThrough)
    : queryAccount(connection, query, query.scope.accountId)
}

function queryAccount(
  connection: Connection,
  { start, end, granularity }: UsageQuery,
  account: number,
): UsageGroup[] {
  const days = wholeDays(start, end)
  const values =
    granularity === 'hourly' ? { account, start, end } : { account, start, end, ...days }
  return connection.prepareBigints(ACCOUNT_TEXTS[granularity]).all(values).map(usageGroupFromRow)
}

/** Sealed days come from their totals, the rest from the ledger. */
function querySim(
  connection: Connection,
  { start, end, granularity }: UsageQuery,
  simId: number,
  sealedThrough: number,
): UsageGroup[] {
  if (end - start > DAYS_ASKED_USUALLY * DAY_SECONDS && !connection.db.isTransaction) {
    // The ledger's bounds and its rows have to be of one state.
    const query = { scope: { simId }, start, end, granularity }
    return connection.read(() => querySim(connection, query, simId, sealedThrough))
  }
  const [from, to] = withinLedger(connection, start, end)
  const sealed =
    granularity === 'hourly'
      ? { firstDay: from, endDay: from }
      : sealedDays(from, to, sealedThrough)
  const buckets = new Set([...bucketsOf(from, sealed.firstDay), ...bucketsOf(sealed.endDay, to)])
  const reads = monthsOf(sealed.firstDay, sealed.endDay).map((month) => () => {
    const text = sql.SELECT_SIM_MONTH[granularity === 'all' ? 'all' : 'daily']
    return connection.prepareBigints(text).all(month, simId, sealed.firstDay, sealed.endDay)
  })
  if (buckets.size > 0) {
    const list = JSON.stringify([...buckets])
    reads.push(() => {
      const text = sql.SELECT_SIM_LEDGER[granularity]
      return connection.prepareBigints(text).all(list, simId, start, end)
    })
  }
  const readAll = () => reads.flatMap((read) => read().map(usageGroupFromRow))
  // A statement sees one state of the store by itself.
  const isOneState = reads.length <= 1 || connection.db.isTransaction
  const groups = isOneState ? readAll() : connection.read(readAll)
  // Days are either sealed or not, so only a total can have parts of several reads.
  return inOrder(granularity === 'all' ? addedUp(groups, start) : groups)
}

/**
 * A question about all of time would list the days of ten thousand years; those beyond the first
 * and the last bucket of the ledger have no usage.
 */
export function withinLedger(connection: Connection, start: number, end: number): [number, number] {
  if (end - start <= DAYS_ASKED_USUALLY * DAY_SECONDS) return [start, end]
  const bounds = connection.prepare(sql.SELECT_LEDGER_BOUNDS).get()!
  const first = bounds.first as number | null
  if (first === null) return [start, start]
  const last = (bounds.last as number) + sql.LEDGER_BUCKET_SECONDS
  const from = Math.max(start, first)
  return [from, Math.max(from, Math.min(end, last))]
}

/** The whole sealed days inside [start, end); both are its start when there is none. */
function sealedDays(
  start: number,
  end: number,
  sealedThrough: number,
): { firstDay: number; endDay: number } {
  const whole = wholeDays(start, end)
  const endDay = Math.min(whole.endDay, sealedThrough)
  return whole.firstDay < endDay ? { ...whole, endDay } : { firstDay: start, endDay: start }
}

/** One group a zone and country, all in the bucket that begins at `start`. */
function addedUp(groups: readonly UsageGroup[], start: number): UsageGroup[] {
  const byKey = new Map<string, UsageGroup>()
  for (const group of groups) {
    const key = group.zone + group.country
    const sums = byKey.get(key)
    const added = sums === undefined ? group : { ...group, ...addUsage(sums, group) }
    byKey.set(key, { ...added, bucketStart: start })
  }
  return [...byKey.values()]
}

function inOrder(groups: UsageGroup[]): UsageGroup[] {
  return groups.sort(
    (a, b) =>
      a.bucketStart - b.bucketStart ||
      ZONES.indexOf(a.zone) - ZONES.indexOf(b.zone) ||
      compareCountries(a.country, b.country),
  )
}

function compareCountries(a: CountryCode | null, b: CountryCode | null): number {
  return (a ?? '') < (b ?? '') ? -1 : (a ?? '') > (b ?? '') ? 1 : 0
}

/** The whole UTC days inside [start, end); `firstDay` equals `endDay` when there is none. */
function wholeDays(start: number, end: number): { firstDay: number; endDay: number } {
  const firstDay = ceilTo(start, DAY_SECONDS)
  const endDay = floorTo(end, DAY_SECONDS)
  // Within one day everything is an edge: the hours up to `firstDay`, which lies beyond `end`.
  return firstDay < endDay ? { firstDay, endDay } : { firstDay: end, endDay: end }
}

/** The ledger buckets that [start, end) touches, oldest first. */
function bucketsOf(start: number, end: number): number[] {
  const first = floorTo(start, sql.LEDGER_BUCKET_SECONDS)
  const count = Math.max(0, Math.ceil((end - first) / sql.LEDGER_BUCKET_SECONDS))
  return start < end
    ? Array.from({ length: count }, (_, i) => first + i * sql.LEDGER_BUCKET_SECONDS)
    : []
}

function monthsOf(start: number, end: number): number[] {
  if (start >= end) return []
  const first = monthNumber(start)
  return Array.from({ length: monthNumber(end - 1) - first + 1 }, (_, i) => first + i)
}
