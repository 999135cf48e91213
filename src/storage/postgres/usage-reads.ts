/**
 * Answers to usage questions: a SIM's from its ledger rows and sealed days, an account's from rollups.
 */
import { DAY_SECONDS } from '../../domain/time.ts'
import type { UsageGroup, UsageQuery } from '../../domain/usage-query.ts'
import { partsHeld } from '../directory/tenures.ts'
import { bucketsOf, WHOLE_DAYS } from '../ledger/buckets.ts'
import { monthsOf, sealedDays, wholeDays } from '../questions/day-ranges.ts'
import { ofParts } from '../questions/usage-parts.ts'
import { usageGroupsFromRows } from '../rows.ts'
import type { Database } from './connection.ts'
import * as sql from './ledger-sql.ts'
import type { PostgresSession } from './session.ts'

/** A longer question first asks for the ledger's bounds, because it may be about all time. */
const DAYS_ASKED_USUALLY = 1_000

/**
 * Days before `sealedThrough` may be read from their totals. An outdated value is too low, so more is
 * read from the ledger.
 */
export async function queryUsage(
  database: Database,
  query: UsageQuery,
  sealedThrough: number,
): Promise<UsageGroup[]> {
  const { scope, start, end } = query
  if (start >= end) return []
  if (!('simId' in scope)) {
    return database.read((session) => queryAccount(session, query, scope.accountId))
  }
  const { simId, accountId } = scope
  const isShort = end - start <= DAYS_ASKED_USUALLY * DAY_SECONDS
  const held = async (session: PostgresSession) =>
    accountId === undefined ? null : session.take(partsHeld(simId, accountId, query))
  const found = await database.read(async (session) => {
    if ((await held(session)) !== null) return null
    return isShort ? querySim(session, query, simId, sealedThrough) : null
  })
  if (found !== null) return found
  // The ledger's bounds and its rows must come from one state, and so must the parts of an answer.
  return database.readOneState(async (session) => {
    const parts = (await held(session)) ?? [{ start, end }]
    const groups = []
    for (const part of parts) {
      groups.push(await queryWithinLedger(session, { ...query, ...part }, simId, sealedThrough))
    }
    return ofParts(query, groups)
  })
}

async function queryWithinLedger(
  session: PostgresSession,
  query: UsageQuery,
  simId: number,
  sealedThrough: number,
): Promise<UsageGroup[]> {
  const bounds = (await session.get(sql.SELECT_LEDGER_BOUNDS))!
  if (bounds.first === null) return []
  const last = (bounds.last as number) + DAY_SECONDS
  const start = Math.max(query.start, bounds.first as number)
  const end = Math.min(query.end, last)
  return start < end ? querySim(session, { ...query, start, end }, simId, sealedThrough) : []
}

async function queryAccount(
  session: PostgresSession,
  { start, end, granularity }: UsageQuery,
  accountId: number,
): Promise<UsageGroup[]> {
  const text =
    granularity === 'hourly' ? sql.SELECT_ACCOUNT_HOURS : sql.SELECT_ACCOUNT_USAGE[granularity]
  const values = accountUsageValues({ start, end, granularity }, accountId)
  return usageGroupsFromRows(await session.bigintArrays(text, values))
}

/** The parameters of `SELECT_ACCOUNT_HOURS` and of `SELECT_ACCOUNT_USAGE`. */
export function accountUsageValues(
  { start, end, granularity }: Omit<UsageQuery, 'scope'>,
  accountId: number,
) {
  if (granularity === 'hourly') return [accountId, start, end]
  const { firstDay, endDay } = wholeDays(start, end)
  return [accountId, start, end, firstDay, endDay]
}

/** Sealed days come from their totals, the rest from the ledger. */
export async function querySim(
  session: PostgresSession,
  { start, end, granularity }: UsageQuery,
  simId: number,
  sealedThrough: number,
): Promise<UsageGroup[]> {
  const values = simUsageValues({ start, end, granularity }, simId, sealedThrough)
  const rows = await session.bigintArrays(sql.SELECT_SIM_USAGE[granularity], values)
  return usageGroupsFromRows(rows)
}

/** The parameters of `SELECT_SIM_USAGE`. */
export function simUsageValues(
  { start, end, granularity }: Omit<UsageQuery, 'scope'>,
  simId: number,
  sealedThrough: number,
) {
  const sealed =
    granularity === 'hourly'
      ? { firstDay: start, endDay: start }
      : sealedDays(start, end, sealedThrough)
  const buckets = [
    ...new Set([
      ...bucketsOf(start, sealed.firstDay, WHOLE_DAYS),
      ...bucketsOf(sealed.endDay, end, WHOLE_DAYS),
    ]),
  ]
  const ofLedger = [simId, buckets, buckets[0] ?? start, buckets.at(-1) ?? start, start, end]
  if (granularity === 'hourly') return ofLedger
  const { firstDay, endDay } = sealed
  return [...ofLedger, monthsOf(firstDay, endDay), firstDay, endDay]
}
