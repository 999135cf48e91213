/** What keeps a store quick, true and small: totals and checksums of sealed days, and the end of retention. */
import { BASE_KEPT_SECONDS } from '../../domain/counter-series.ts'
import { DAY_SECONDS, floorTo, INSTANT_MIN, monthNumber, monthStart } from '../../domain/time.ts'
import { DELETE_OLD_IMPORT_BUCKETS, DELETE_UNDELIVERED, UPSERT_SETTING } from '../directory-sql.ts'
import { readLimits } from '../limits.ts'
import { DELETE_OLD_REPEATS } from '../repeats.ts'
import { totalsTooLarge } from '../sealing.ts'
import { DELETE_OLD_UNDONE } from '../undone-versions.ts'
import type { PurgeOutcome } from '../usage-store.ts'
import * as checksums from './checksums.ts'
import { OUT_OF_RANGE, sqlState } from './failures.ts'
import * as sql from './ledger-sql.ts'
import { listPartitions, PARTITIONED_TABLES } from './partitions.ts'
import * as purgeSql from './purge-sql.ts'
import type { PostgresSession } from './session.ts'

/** Runs inside a write transaction that keeps batches out. */
export async function sealNextDay(session: PostgresSession, before: number): Promise<boolean> {
  const { purgedThrough, sealedThrough } = await session.take(readLimits())
  const from = Math.max(sealedThrough, floorTo(purgedThrough, DAY_SECONDS))
  const next = (await session.get(sql.SELECT_NEXT_BUCKET, [from, before]))?.bucket
  if (next === undefined) return false
  const day = next as number
  if (day + DAY_SECONDS > before) return false
  await session
    .run(sql.SEAL_DAY, [monthNumber(day), day, purgedThrough])
    .catch((error: unknown) => {
      throw sqlState(error) === OUT_OF_RANGE ? totalsTooLarge(day, error) : error
    })
  await session.run(UPSERT_SETTING, ['sealed_through', String(day + DAY_SECONDS)])
  return true
}

/** Runs inside a write transaction that keeps batches out; not on Citus, which has no checksums. */
export async function checksumNextDay(session: PostgresSession): Promise<boolean> {
  const { purgedThrough, sealedThrough } = await session.take(readLimits())
  await checksums.fold(session, purgedThrough)
  const limit = (await checksums.ledgerLimit(session)) ?? INSTANT_MIN
  const from = Math.max(limit, floorTo(purgedThrough, DAY_SECONDS))
  const next = (await session.get(sql.SELECT_NEXT_BUCKET, [from, sealedThrough]))?.bucket
  if (next === undefined) return false
  const partitions = await listPartitions(session)
  await checksums.takeDay(session, next as number, { purgedThrough, partitions })
  return true
}

interface PurgeLimits {
  readonly before: number
  /** Start of the day that `before` lies in: that day is cut, not dropped. */
  readonly day: number
}

/** What a purge would take; changes nothing. */
export async function countOld(session: PostgresSession, before: number): Promise<PurgeOutcome> {
  const day = floorTo(before, DAY_SECONDS)
  const count = async (text: string, ...values: number[]) =>
    (await session.get(text, values))!.rows as number
  return {
    ledgerRows:
      (await count(purgeSql.COUNT_OLD_LEDGER, before)) +
      (await count(purgeSql.COUNT_OLD_HISTORY, before)),
    rollupCells:
      (await count(purgeSql.COUNT_OLD_HOURS, before)) +
      (await count(purgeSql.COUNT_OLD_DAYS, day)) +
      (await count(purgeSql.COUNT_OLD_SIM_DAYS, monthNumber(day), day)),
    quarantineEntries: await count(purgeSql.COUNT_OLD_DELIVERIES, before),
    done: true,
  }
}

/**
 * Takes what is older out of all that is derived and lets no more of it in. Runs inside a write
 * transaction that keeps batches out. Returns how many cells are gone.
 */
export async function endRetention(session: PostgresSession, before: number): Promise<number> {
  const { purgedThrough, sealedThrough } = await session.take(readLimits())
  if (purgedThrough >= before) return 0
  return dropOldCells(session, { before, day: floorTo(before, DAY_SECONDS) }, sealedThrough)
}

/** A drop that has to wait longer is tried again later, in milliseconds. */
const DROP_WAIT_MS = 2_000

/** Partitions of months that have ended before the instant, with their rows. */
export type OldMonths = ReadonlyMap<string, number>

/**
 * Counting takes as long as reading their keys. After `endRetention` no batch adds to them, so that
 * none has to wait for it.
 */
export async function countOldMonths(session: PostgresSession, before: number): Promise<OldMonths> {
  const months = new Map<string, number>()
  for (const { name, month } of await listPartitions(session)) {
    if (monthStart(month + 1) > before) continue
    const { rows } = await session.client.query<{ rows: string }>(
      `SELECT COUNT(*) AS rows FROM ${name}`,
    )
    months.set(name, Number(rows[0]!.rows))
  }
  return months
}

/**
 * One step of deleting what `endRetention` has given up, inside a write transaction that keeps
 * batches out. `months` are dropped whole, which costs the same whatever they hold.
 */
export async function deleteOld(
  session: PostgresSession,
  { before, rowsMax }: { before: number; rowsMax: number },
  months: OldMonths,
): Promise<Omit<PurgeOutcome, 'rollupCells'>> {
  let ledgerRows = 0
  // Another process may have dropped some, and has counted them.
  for (const { name, month } of await listPartitions(session)) {
    const rows = months.get(name)
    if (rows === undefined) continue
    // Behind a drop that waits for a long look at the ledger, everybody would wait.
    await session.client.query(`SET LOCAL lock_timeout = ${DROP_WAIT_MS}`)
    await session.client.query(`DROP TABLE ${name}`)
    await checksums.forgetDays(session, month)
    ledgerRows += rows
  }
  for (const table of PARTITIONED_TABLES) {
    ledgerRows += await deleteOldRows(session, table, before, rowsMax - ledgerRows)
  }
  const limit = Math.max(0, rowsMax - ledgerRows)
  const quarantineEntries = await session.run(purgeSql.DELETE_DELIVERIES, [before, limit])
  if (quarantineEntries > 0) await session.run(DELETE_UNDELIVERED)
  return { ledgerRows, quarantineEntries, done: ledgerRows + quarantineEntries < rowsMax }
}

/** Deletes about `rowsMax` old rows, bucket by bucket, in each the SIMs up to the limit. */
async function deleteOldRows(
  session: PostgresSession,
  table: (typeof PARTITIONED_TABLES)[number],
  before: number,
  rowsMax: number,
): Promise<number> {
  if (rowsMax <= 0) return 0
  let deleted = 0
  for (const row of await session.all(purgeSql.selectOldBuckets(table), [before])) {
    if (deleted >= rowsMax) break
    const bucket = row.bucket as number
    const offset = rowsMax - deleted
    const end = await session.get(purgeSql.selectStepEnd(table), [bucket, before, offset])
    const lastSim = (end?.sim_id as number | undefined) ?? Number.MAX_SAFE_INTEGER
    deleted += await session.run(purgeSql.deleteStep(table), [bucket, before, lastSim])
  }
  return deleted
}

/**
 * Takes the old usage out of every derived table at once and notes the limit; from then on the
 * ledger rows before it count nowhere, and can be deleted in as many steps as it takes.
 */
async function dropOldCells(
  session: PostgresSession,
  { before, day }: PurgeLimits,
  sealedThrough: number,
): Promise<number> {
  const run = (text: string, ...values: number[]) => session.run(text, values)
  await session.run(UPSERT_SETTING, ['purged_through', String(before)])
  await run(purgeSql.DELETE_OLD_READINGS, before, before - BASE_KEPT_SECONDS)
  await run(DELETE_OLD_IMPORT_BUCKETS, day)
  await run(DELETE_OLD_REPEATS, day)
  await run(DELETE_OLD_UNDONE, before)
  const month = monthNumber(day)
  const dropped =
    (await run(purgeSql.DELETE_OLD_HOURS, before)) +
    (await run(purgeSql.DELETE_OLD_DAYS, day)) +
    (await run(purgeSql.DELETE_OLD_SIM_DAYS, month, day))
  if (before > day) {
    await run(purgeSql.DELETE_DAY, day)
    await run(purgeSql.REBUILD_DAY, day, before, day + DAY_SECONDS)
    await run(purgeSql.DELETE_SIM_DAY, month, day)
    if (day < sealedThrough) await run(sql.SEAL_DAY, month, day, before)
  }
  return dropped
}
