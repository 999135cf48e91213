/** The log of acts: written beside each change, read newest first. */
import type { Act, ActFilter, Actor } from '../../domain/act.ts'
import {
  actFilterValues,
  actFromRow,
  actToRow,
  INSERT_ACT,
  type LoggedAct,
  selectActs,
} from '../acts.ts'
import type { Session } from './connection.ts'

const NOW = 'SELECT floor(extract(epoch FROM clock_timestamp()))::bigint AS now'

/** Runs inside the transaction of what is logged. */
export async function logAct(session: Session, actor: Actor, act: LoggedAct | null): Promise<void> {
  if (act === null) return
  const at = actor.clock?.() ?? ((await session.get(NOW))!.now as number)
  await session.run(INSERT_ACT, actToRow(act, { at, actor: actor.name }))
}

export async function listActs(
  session: Session,
  filter: ActFilter,
  { limit, beforeId }: { limit: number; beforeId?: number },
): Promise<Act[]> {
  const wanted = beforeId === undefined ? filter : { ...filter, beforeId }
  const rows = await session.all(selectActs(wanted), [...actFilterValues(wanted), limit])
  return rows.map(actFromRow)
}
