/** Which account had a SIM when: the rows, and what they mean for events and answers. */
import type { Sid } from '../../domain/identifiers.ts'
import type { HeldSim } from '../../domain/sim-tenure.ts'
import { UsageError } from '../../domain/usage-error.ts'
import type { Row } from '../rows.ts'
import { all, get, type Steps } from '../session.ts'
import { findSim } from './reads.ts'

/** Most stores have none, and then nothing else is asked. */
const SELECT_ANY = 'SELECT 1 AS found FROM sim_tenure LIMIT 1'
const SELECT_TENURES_OF = `
  SELECT * FROM sim_tenure WHERE sim_id = ANY (?::bigint[]) ORDER BY sim_id, started_at`
const SELECT_TENURES = 'SELECT * FROM sim_tenure WHERE sim_id = ? ORDER BY started_at'
const SELECT_BOUND_ACCOUNT = 'SELECT account_id FROM feed WHERE id = ?'

const FORMER_COLUMNS = `
  sim.id, sim.sid, account.id AS account_id, account.sid AS account_sid, tenure.unique_name,
  tenure.ended_at
  FROM sim_tenure AS tenure
  JOIN sim ON sim.id = tenure.sim_id
  JOIN account ON account.id = tenure.account_id
  WHERE tenure.account_id = ?`
const SELECT_FORMER_BY_SID = `
  SELECT ${FORMER_COLUMNS} AND sim.sid = ? ORDER BY tenure.ended_at DESC LIMIT 1`
const SELECT_FORMER_BY_NAME = `
  SELECT ${FORMER_COLUMNS} AND tenure.unique_name = ? ORDER BY tenure.ended_at DESC LIMIT 1`

/** A row of `sim_tenure`. */
export interface StoredTenure {
  readonly simId: number
  readonly startedAt: number
  readonly endedAt: number
  readonly accountId: number
}

function tenureFromRow(row: Row): StoredTenure {
  return {
    simId: row.sim_id as number,
    startedAt: row.started_at as number,
    endedAt: row.ended_at as number,
    accountId: row.account_id as number,
  }
}

/** In order of time; none if the SIM has never moved. */
export function* tenuresOf(simId: number): Steps<StoredTenure[]> {
  return (yield* all(SELECT_TENURES, [simId])).map(tenureFromRow)
}

export function* findHeldSim(
  accountId: number | null,
  sidOrUniqueName: string,
): Steps<HeldSim | null> {
  const sim = yield* findSim(accountId, sidOrUniqueName)
  if (sim !== null) {
    const { id, sid, accountSid, uniqueName } = sim
    return { id, sid, accountId: sim.accountId, accountSid, uniqueName, leftAt: null }
  }
  if (accountId === null) return null
  const values = [accountId, sidOrUniqueName]
  const row =
    (yield* get(SELECT_FORMER_BY_SID, values)) ?? (yield* get(SELECT_FORMER_BY_NAME, values))
  return row === undefined ? null : heldSimFromRow(row)
}

function heldSimFromRow(row: Row): HeldSim {
  return {
    id: row.id as number,
    sid: row.sid as Sid,
    accountId: row.account_id as number,
    accountSid: row.account_sid as Sid,
    uniqueName: row.unique_name as string | null,
    leftAt: row.ended_at as number,
  }
}

/** A period, in UTC seconds. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** The SIM's own account first, then its tenures. */
const SELECT_OWNERS = `
  SELECT account_id, NULL AS started_at, NULL AS ended_at FROM sim WHERE id = ?1
  UNION ALL
  SELECT account_id, started_at, ended_at FROM sim_tenure WHERE sim_id = ?1`

/** The parts of a period in which the account had the SIM; null if it has always had it. */
export function* partsHeld(simId: number, accountId: number, span: Span): Steps<Span[] | null> {
  const owners = yield* all(SELECT_OWNERS, [simId])
  if (owners.length === 1 && owners[0]!.account_id === accountId) return null
  return owners
    .filter((owner) => owner.account_id === accountId && owner.started_at !== null)
    .map((owner) => ({
      start: Math.max(span.start, owner.started_at as number),
      end: Math.min(span.end, owner.ended_at as number),
    }))
    .filter(({ start, end }) => start < end)
}

/** Whose record it is, as resolved earlier. */
interface Owned {
  readonly simId: number
  readonly accountId: number
  readonly occurredAt: number
}

/**
 * The events of a batch that no longer belong to the account they were resolved for, because their SIM
 * has moved since: their positions, each with the account that has them now. Throws `unavailable` if the
 * delivery could only mean SIMs of one account, because it then has to be read again.
 */
export function* movedMeanwhile(
  {
    accountId,
    feed,
  }: { readonly accountId: number | null; readonly feed: { readonly id: number } },
  events: Iterable<Owned>,
): Steps<ReadonlyMap<number, number>> {
  const moved = new Map<number, number>()
  if ((yield* get(SELECT_ANY)) === undefined) return moved
  const owned = [...events]
  const simIds = [...new Set(owned.map(({ simId }) => simId))]
  const rows = (yield* all(SELECT_TENURES_OF, [simIds])).map(tenureFromRow)
  const bySim = Map.groupBy(rows, ({ simId }) => simId)
  for (const [position, event] of owned.entries()) {
    const owner = bySim
      .get(event.simId)
      ?.find(
        ({ startedAt, endedAt }) => startedAt <= event.occurredAt && event.occurredAt < endedAt,
      )
    if (owner !== undefined && owner.accountId !== event.accountId) {
      moved.set(position, owner.accountId)
    }
  }
  if (moved.size > 0) {
    const bound = accountId ?? (yield* get(SELECT_BOUND_ACCOUNT, [feed.id]))?.account_id ?? null
    if (bound !== null) throw movedOn()
  }
  return moved
}

function movedOn(): UsageError {
  return new UsageError(
    'unavailable',
    'a SIM has moved to another account while its records were on their way; deliver them again: ' +
      'what is counted is not counted twice',
  )
}
