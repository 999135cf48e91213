/** What a store knows of the time, and what its processes have seen pass. */
import type { StoreTime } from '../../domain/store-time.ts'
import { UPSERT_SETTING } from '../directory-sql.ts'
import * as sql from '../time-sql.ts'
import type { Connection } from './connection.ts'
import { readSetting } from './directory-reads.ts'
import { feedById, rebuildProgress } from './feed-progress.ts'

export function readTime(connection: Connection): StoreTime {
  const ofRows = sql.timeFromRows(
    connection.prepare(sql.SELECT_NEWEST_USAGE).get(),
    connection.prepare(sql.SELECT_NEWEST_STAMP).get(),
    {
      provenAt: readSetting(connection, sql.TIME_PROVEN),
      purgedThrough: readSetting(connection, 'purged_through'),
    },
  )
  return { serverAt: null, ...ofRows }
}

/** Runs inside a write transaction. */
export function proveTime(connection: Connection, at: number): void {
  const known = readSetting(connection, sql.TIME_PROVEN) as number | null
  if (known === null || known < at) connection.prepare(UPSERT_SETTING).run(sql.TIME_PROVEN, at)
}

/** Runs inside a write transaction. Returns how many imports were stamped anew. */
export function trustClock(connection: Connection, at: number): number {
  const feeds = connection.prepare(sql.SELECT_STAMPED_AHEAD).all(at, at)
  const { changes } = connection.prepare(sql.CORRECT_STAMPS).run(at, at, at, at, at, at)
  for (const row of feeds) {
    rebuildProgress(connection, feedById(connection, row.feed_id as number))
  }
  return Number(changes)
}
