/**
 * Answers to usage questions: a SIM's from its ledger rows and sealed days, an account's from rollups.
 */
import type { UsageGroup, UsageQuery } from '../../domain/usage-query.ts'
import { partsHeld } from '../directory/tenures.ts'
import { isLong, withinLedger } from '../ledger/bounds.ts'
import { WHOLE_DAYS } from '../ledger/buckets.ts'
import { accountUsageValues, SELECT_ACCOUNT_USAGE } from '../questions/account-usage.ts'
import { monthsOf, readFrom } from '../questions/day-ranges.ts'
import { ofParts } from '../questions/usage-parts.ts'
import { usageGroupsFromRows } from '../rows.ts'
import type { Database } from './connection.ts'
import * as sql from './ledger-sql.ts'
import type { PostgresSession } from './session.ts'

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
  const held = async (session: PostgresSession) =>
    accountId === undefined ? null : session.take(partsHeld(simId, accountId, query))
  const found = await database.read(async (session) => {
    if ((await held(session)) !== null) return null
    return isLong(query) ? null : querySim(session, query, simId, sealedThrough)
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
  const period = await session.take(withinLedger(query))
  return period === null ? [] : querySim(session, { ...query, ...period }, simId, sealedThrough)
}

async function queryAccount(
  session: PostgresSession,
  query: UsageQuery,
  accountId: number,
): Promise<UsageGroup[]> {
  const text = SELECT_ACCOUNT_USAGE[query.granularity]
  const rows = await session.sumArrays(text, accountUsageValues(query, accountId))
  return usageGroupsFromRows(rows)
}

/** Sealed days come from their totals, the rest from the ledger. */
export async function querySim(
  session: PostgresSession,
  { start, end, granularity }: UsageQuery,
  simId: number,
  sealedThrough: number,
): Promise<UsageGroup[]> {
  const values = simUsageValues({ start, end, granularity }, simId, sealedThrough)
  const rows = await session.sumArrays(sql.SELECT_SIM_USAGE[granularity], values)
  return usageGroupsFromRows(rows)
}

/** The parameters of `SELECT_SIM_USAGE`. */
export function simUsageValues(
  { start, end, granularity }: Omit<UsageQuery, 'scope'>,
  simId: number,
  sealedThrough: number,
) {
  const limits = { sealedThrough, buckets: WHOLE_DAYS }
  const { firstDay, endDay, buckets } = readFrom({ start, end, granularity }, limits)
  const ofLedger = [simId, buckets, buckets[0] ?? start, buckets.at(-1) ?? start, start, end]
  if (granularity === 'hourly') return ofLedger
  return [...ofLedger, monthsOf(firstDay, endDay), firstDay, endDay]
}
