/** Lists the SIMs that match a filter, page by page. */
import type { Sim } from '../../domain/directory.ts'
import { DAY_SECONDS } from '../../domain/time.ts'
import { HOLDS_STILL } from '../../domain/timeline.ts'
import { eachCounter } from '../counter-columns.ts'
import type { PageRequest, SimFilter } from '../fleet-store.ts'
import { bucketsOf, dayOf } from '../ledger/buckets.ts'
import { readLimits } from '../limits.ts'
import { monthsOf } from '../questions/day-ranges.ts'
import { simFromRow } from '../rows.ts'
import { all, get, type Steps, type Value } from '../session.ts'
import { SIM_COLUMNS } from './sql.ts'

/** A condition on SIMs, with the values of its `?` in order. */
type Condition = readonly [text: string, ...values: Value[]]

const IN_GROUP = 'sim.id IN (SELECT sim_id FROM sim_membership WHERE group_id = ? AND ended_at = ?)'
const IN_NO_GROUP = `
  NOT EXISTS (SELECT 1 FROM sim_membership AS held
              WHERE held.sim_id = sim.id AND held.group_id IS NOT NULL AND held.ended_at = ?)`
const LABELLED = `
  sim.id IN (SELECT sim_id FROM sim_label WHERE key = ? AND value = ? AND ended_at = ?)`
const SEARCHED = ['sid', 'iccid', 'msisdn', 'unique_name', 'friendly_name']
const FOUND = `
  (${SEARCHED.map((name) => `sim.${name} ILIKE ? ESCAPE '!' OR`).join(' ')}
   sim.id IN (SELECT sim_id FROM sim_imsi WHERE imsi LIKE ? ESCAPE '!'))`
const IS_USAGE = eachCounter((name) => `used.${name} > 0`, ' OR ')
/** What another account used with the SIM is not this one's usage. */
const OF_ANOTHER = `
  EXISTS (SELECT 1 FROM sim_tenure AS other
          WHERE other.sim_id = sim.id AND other.account_id <> sim.account_id
            AND other.started_at < used.started_at + 86400 AND used.started_at < other.ended_at)`
const SILENT_IN_DAYS = `
  NOT EXISTS (SELECT 1 FROM sim_day AS used
              WHERE used.month = ANY (?::bigint[]) AND used.sim_id = sim.id
                AND used.started_at >= ? AND (${IS_USAGE}) AND NOT ${OF_ANOTHER})`
const SILENT_IN_LEDGER = `
  NOT EXISTS (SELECT 1 FROM ledger AS used
              WHERE used.bucket = ANY (?::bigint[]) AND used.sim_id = sim.id
                AND used.occurred_at >= ? AND used.account_id = sim.account_id AND (${IS_USAGE}))`
/** The SIM's totals cannot be split on the day of a move. */
const SILENT_ON_DAY_OF_MOVE = `
  NOT EXISTS (SELECT 1 FROM sim_tenure AS tenure
              JOIN ledger AS used ON used.bucket = tenure.started_at - tenure.started_at % 86400
                                 AND used.sim_id = tenure.sim_id
              WHERE tenure.sim_id = sim.id AND used.occurred_at >= ?
                AND used.account_id = sim.account_id AND (${IS_USAGE}))`

const SELECT_LAST_BUCKET = 'SELECT MAX(bucket) AS last FROM ledger'

export function* listSims(
  filter: SimFilter,
  { limit, afterId, beforeId }: PageRequest,
): Steps<Sim[]> {
  const isBefore = beforeId !== undefined
  const conditions: Condition[] = [
    [`sim.id ${isBefore ? '<' : '>'} ?`, beforeId ?? afterId ?? 0],
    ...conditionsOf(filter),
    ...(filter.silentSince === undefined ? [] : yield* silentSince(filter.silentSince)),
  ]
  const text = `
    SELECT ${SIM_COLUMNS}
    WHERE ${conditions.map(([condition]) => condition).join(' AND ')}
    ORDER BY sim.id ${isBefore ? 'DESC' : 'ASC'}
    LIMIT ?`
  const sims = (yield* all(text, [...conditions.flatMap(([, ...values]) => values), limit])).map(
    simFromRow,
  )
  return isBefore ? sims.reverse() : sims
}

function conditionsOf(filter: SimFilter): Condition[] {
  const { accountId, iccid, status, search, groupId, label } = filter
  const conditions: Condition[] = []
  if (accountId !== undefined) conditions.push(['sim.account_id = ?', accountId])
  if (iccid !== undefined) conditions.push(['sim.iccid = ?', iccid])
  if (status !== undefined) conditions.push(['sim.status = ?', status])
  if (groupId === null) conditions.push([IN_NO_GROUP, HOLDS_STILL])
  else if (groupId !== undefined) conditions.push([IN_GROUP, groupId, HOLDS_STILL])
  if (label !== undefined) conditions.push([LABELLED, label.key, label.value, HOLDS_STILL])
  if (search !== undefined) {
    const part = `%${search.replace(/[!%_]/g, '!$&')}%`
    conditions.push([FOUND, ...SEARCHED.map(() => part), part])
  }
  return conditions
}

/** Sealed days are judged by their totals; the others, and the instant's own day, by the ledger. */
function* silentSince(since: number): Steps<Condition[]> {
  const { last } = (yield* get(SELECT_LAST_BUCKET))!
  if (last === null) return []
  const { sealedThrough, buckets: rule } = yield* readLimits()
  const end = dayOf(last as number) + DAY_SECONDS
  const firstDay = dayOf(since)
  const nextDay = firstDay + DAY_SECONDS
  const buckets = new Set([
    ...bucketsOf(firstDay, Math.min(nextDay, end), rule),
    ...bucketsOf(Math.max(firstDay, sealedThrough), end, rule),
  ])
  const months = monthsOf(nextDay, Math.min(sealedThrough, end))
  return [
    [SILENT_IN_LEDGER, [...buckets], since],
    ...(months.length === 0
      ? []
      : [[SILENT_IN_DAYS, months, nextDay] as const, [SILENT_ON_DAY_OF_MOVE, since] as const]),
  ]
}
