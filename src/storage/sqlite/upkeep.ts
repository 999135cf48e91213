/** What keeps a store quick, true and small: totals and checksums of sealed days, and the end of retention. */
import { BASE_KEPT_SECONDS } from '../../domain/counter-series.ts'
import { DAY_SECONDS, floorTo, monthNumber } from '../../domain/time.ts'
import { DELETE_OLD_IMPORT_BUCKETS, DELETE_UNDELIVERED, UPSERT_SETTING } from '../directory-sql.ts'
import { firstMonthFrom, readLimits } from '../limits.ts'
import { DELETE_OLD_REPEATS } from '../repeats.ts'
import { totalsTooLarge } from '../sealing.ts'
import { DELETE_OLD_UNDONE } from '../undone-versions.ts'
import type { PurgeOutcome } from '../usage-store.ts'
import type { Connection } from './connection.ts'
import { isOverflow } from './failures.ts'
import * as sql from './ledger-sql.ts'
import * as purgeSql from './purge-sql.ts'

/** Runs inside a write transaction. */
export function sealNextDay(connection: Connection, before: number): boolean {
  const { purgedThrough, sealedThrough, firstMonth, endMonth } = connection.take(readLimits())
  const from = Math.max(sealedThrough, floorTo(purgedThrough, DAY_SECONDS))
  const next = connection.prepare(sql.SELECT_NEXT_BUCKET).get(from)?.bucket
  if (next === undefined) return false
  const day = floorTo(next as number, DAY_SECONDS)
  if (day + DAY_SECONDS > before) return false
  connection.prepare(UPSERT_SETTING).run('sealed_through', day + DAY_SECONDS)
  // Months that are behind the sealed days now are whole, and get their totals with them.
  const totals = { from: Math.max(firstMonth, endMonth), end: monthNumber(day + DAY_SECONDS) }
  try {
    connection.prepare(sql.SEAL_DAY).run(monthNumber(day), day, purgedThrough)
    if (totals.from < totals.end) {
      connection.prepare(sql.TOTAL_MONTHS).run(totals.from, totals.end)
    }
  } catch (error) {
    throw isOverflow(error) ? totalsTooLarge(day, error) : error
  }
  return true
}

/** Runs inside a write transaction. */
export function checksumNextDay(connection: Connection): boolean {
  const { purgedThrough, sealedThrough } = connection.take(readLimits())
  const { checksums } = connection
  const from = Math.max(
    checksums.ledgerLimit() ?? purgedThrough,
    floorTo(purgedThrough, DAY_SECONDS),
  )
  const next = connection.prepare(sql.SELECT_NEXT_BUCKET).get(from)?.bucket
  if (next === undefined || (next as number) >= sealedThrough) return false
  checksums.takeDay(next as number)
  return true
}

/** Runs inside a write transaction, once for each step. */
export function purge(
  connection: Connection,
  { before, rowsMax, dryRun }: { before: number; rowsMax: number; dryRun: boolean },
): PurgeOutcome {
  const limits = { before, day: floorTo(before, DAY_SECONDS) }
  if (dryRun) return { ...countOld(connection, limits), done: true }
  const { purgedThrough, sealedThrough } = connection.take(readLimits())
  const rollupCells = purgedThrough < before ? dropOldCells(connection, limits, sealedThrough) : 0
  let ledgerRows = 0
  for (const text of [purgeSql.DELETE_LEDGER_STEP, purgeSql.DELETE_HISTORY_STEP]) {
    const statement = connection.prepare(text)
    while (ledgerRows < rowsMax) {
      const bucket = connection.prepare(purgeSql.OLDEST_BUCKET[text]!).get(before)?.bucket
      if (bucket === undefined) break
      ledgerRows += Number(
        statement.run({ bucket: bucket as number, before, limit: rowsMax - ledgerRows }).changes,
      )
    }
  }
  const limit = Math.max(0, rowsMax - ledgerRows)
  const quarantineEntries = Number(
    connection.prepare(purgeSql.DELETE_DELIVERIES).run(before, limit).changes,
  )
  if (quarantineEntries > 0) connection.prepare(DELETE_UNDELIVERED).run()
  return {
    ledgerRows,
    rollupCells,
    quarantineEntries,
    done: ledgerRows + quarantineEntries < rowsMax,
  }
}

interface PurgeLimits {
  readonly before: number
  /** Start of the day that `before` lies in: that day is cut, not dropped. */
  readonly day: number
}

function countOld(
  connection: Connection,
  { before, day }: PurgeLimits,
): Omit<PurgeOutcome, 'done'> {
  const count = (text: string, ...values: number[]) =>
    Number(connection.prepare(text).get(...values)?.rows)
  return {
    ledgerRows:
      count(purgeSql.COUNT_OLD_LEDGER, before) + count(purgeSql.COUNT_OLD_HISTORY, before),
    rollupCells:
      count(purgeSql.COUNT_OLD_HOURS, before) +
      count(purgeSql.COUNT_OLD_DAYS, day) +
      count(purgeSql.COUNT_OLD_SIM_DAYS, day) +
      count(purgeSql.COUNT_OLD_SIM_MONTHS, firstMonthFrom(before)),
    quarantineEntries: count(purgeSql.COUNT_OLD_DELIVERIES, before),
  }
}

/**
 * Takes the old usage out of every derived table at once and notes the limit; from then on the
 * ledger rows before it count nowhere, and can be deleted in as many steps as it takes.
 */
function dropOldCells(
  connection: Connection,
  { before, day }: PurgeLimits,
  sealedThrough: number,
): number {
  const run = (text: string, ...values: number[]) =>
    Number(connection.prepare(text).run(...values).changes)
  connection.prepare(UPSERT_SETTING).run('purged_through', before)
  run(purgeSql.DELETE_OLD_READINGS, before, before - BASE_KEPT_SECONDS)
  run(DELETE_OLD_IMPORT_BUCKETS, day)
  run(DELETE_OLD_REPEATS, day)
  run(DELETE_OLD_UNDONE, before)
  const dropped =
    run(purgeSql.DELETE_OLD_HOURS, before) +
    run(purgeSql.DELETE_OLD_DAYS, day) +
    run(purgeSql.DELETE_OLD_SIM_DAYS, monthNumber(day), day)
  // The totals of a month that is cut are of no use any more; nothing was used by them going.
  run(purgeSql.DELETE_OLD_SIM_MONTHS, firstMonthFrom(before))
  if (before > day) {
    run(purgeSql.DELETE_DAY, day)
    run(purgeSql.REBUILD_DAY, day, before, day + DAY_SECONDS)
    run(purgeSql.DELETE_SIM_DAY, monthNumber(day), day)
    if (day < sealedThrough) run(sql.SEAL_DAY, monthNumber(day), day, before)
  }
  return dropped
}
