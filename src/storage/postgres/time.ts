/** What a store knows of the time, and what its processes have seen pass. */
import type { StoreTime } from '../../domain/store-time.ts'
import { UPSERT_SETTING } from '../directory-sql.ts'
import * as sql from '../time-sql.ts'
import type { Session } from './connection.ts'
import { readSetting } from './directory-reads.ts'
import { lock } from './locks.ts'

/** Not the transaction's own time: that stands still while the transaction goes on. */
export const SERVER_TIME = 'floor(extract(epoch FROM clock_timestamp()))::bigint'

/** The server's clock, which all machines on the store share; UTC seconds. */
export async function serverTime(session: Session): Promise<number> {
  return Number((await session.get(`SELECT ${SERVER_TIME} AS server_at`))!.server_at)
}

export async function readTime(session: Session): Promise<StoreTime> {
  const ofRows = sql.timeFromRows(
    await session.get(sql.SELECT_NEWEST_USAGE),
    await session.get(sql.SELECT_NEWEST_STAMP),
    {
      provenAt: await readSetting(session, sql.TIME_PROVEN),
      purgedThrough: await readSetting(session, 'purged_through'),
    },
  )
  return { serverAt: await serverTime(session), ...ofRows }
}

/** Runs inside a write transaction. */
export async function proveTime(session: Session, at: number, schema: string): Promise<void> {
  await lock(session, 'directory', schema)
  const known = await readSetting(session, sql.TIME_PROVEN)
  if (known === null || Number(known) < at) {
    await session.run(UPSERT_SETTING, [sql.TIME_PROVEN, String(at)])
  }
}
