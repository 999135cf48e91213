/** What a store knows of the time, and what its processes have seen pass. */
import type { StoreTime } from '../../domain/store-time.ts'
import { UPSERT_SETTING } from '../directory-sql.ts'
import * as sql from '../time-sql.ts'
import type { Session } from './connection.ts'
import { readSetting } from './directory-reads.ts'
import { feedById, rebuildProgress } from './feed-progress.ts'
import { lock } from './locks.ts'

/** Not the transaction's own time: that stands still while the transaction goes on. */
export const SERVER_TIME = 'floor(extract(epoch FROM clock_timestamp()))::bigint'

/** The server's clock, which all machines on the store share; UTC seconds. */
export async function serverTime(session: Session): Promise<number> {
  return Number((await session.get(`SELECT ${SERVER_TIME} AS server_at`))!.server_at)
}

/** `serverClock` stands in for the server's where a test needs another time. */
export async function readTime(session: Session, serverClock?: () => number): Promise<StoreTime> {
  const ofRows = sql.timeFromRows(
    await session.get(sql.SELECT_NEWEST_USAGE),
    await session.get(sql.SELECT_NEWEST_STAMP),
    {
      provenAt: await readSetting(session, sql.TIME_PROVEN),
      purgedThrough: await readSetting(session, 'purged_through'),
    },
  )
  return { serverAt: serverClock?.() ?? (await serverTime(session)), ...ofRows }
}

/** Runs inside a write transaction. */
export async function proveTime(session: Session, at: number, schema: string): Promise<void> {
  await lock(session, 'directory', schema)
  const known = await readSetting(session, sql.TIME_PROVEN)
  if (known === null || Number(known) < at) {
    await session.run(UPSERT_SETTING, [sql.TIME_PROVEN, String(at)])
  }
}

/** Runs inside a change of the directory. Returns how many imports were stamped anew. */
export async function trustClock(session: Session, at: number): Promise<number> {
  const feeds = await session.all(sql.SELECT_STAMPED_AHEAD, [at, at])
  const changed = await session.run(sql.CORRECT_STAMPS, [at, at, at, at, at, at])
  for (const row of feeds) {
    await rebuildProgress(session, await feedById(session, row.feed_id as number))
  }
  return changed
}
