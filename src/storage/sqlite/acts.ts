/** The log of acts: written beside each change, read newest first. */
import type { Act, ActFilter } from '../../domain/act.ts'
import {
  actFilterValues,
  actFromRow,
  actToRow,
  INSERT_ACT,
  type LoggedAct,
  selectActs,
} from '../acts.ts'
import type { Connection } from './connection.ts'

/** Runs inside the transaction of what is logged. */
export function logAct(connection: Connection, act: LoggedAct | null): void {
  if (act === null) return
  const { actor, at } = connection.acting
  const now = at ?? (connection.prepare('SELECT unixepoch() AS now').get()!.now as number)
  connection.prepare(INSERT_ACT).run(...actToRow(act, { at: now, actor }))
}

export function listActs(
  connection: Connection,
  filter: ActFilter,
  { limit, beforeId }: { limit: number; beforeId?: number },
): Act[] {
  const wanted = beforeId === undefined ? filter : { ...filter, beforeId }
  const statement = connection.prepare(selectActs(wanted))
  return statement.all(...actFilterValues(wanted), limit).map(actFromRow)
}
