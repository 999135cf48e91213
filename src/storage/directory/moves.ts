/**
 * Moves a SIM to another account, which owns its usage from then on. A backdated move also moves usage
 * that is already counted: ledger rows change their account, and everything derived from them follows by
 * the difference. The SIM's own totals stay as they are.
 */
import { type Account, isErased, type Sim } from '../../domain/directory.ts'
import type { SimMove } from '../../domain/sim-tenure.ts'
import { DAY_SECONDS, formatInstant } from '../../domain/time.ts'
import { ALWAYS_HELD, HOLDS_STILL } from '../../domain/timeline.ts'
import { shown, UsageError } from '../../domain/usage-error.ts'
import type { MoveOutcome } from '../fleet-store.ts'
import { bucketsOf } from '../ledger/buckets.ts'
import { UsageDeltas } from '../ledger/usage-deltas.ts'
import { readLimits } from '../limits.ts'
import { storedEventFromRow } from '../rows.ts'
import { all, get, insert, lock, run, type Steps } from '../session.ts'
import { addAccountFeeds } from './feed-access.ts'
import { endPlaces } from './groups.ts'
import * as reads from './reads.ts'
import { type StoredTenure, tenuresOf } from './tenures.ts'

const SELECT_LAST_BUCKETS = `
  SELECT (SELECT MAX(bucket) FROM ledger) AS of_ledger,
         (SELECT MAX(bucket) FROM ledger_history) AS of_history`

/** Parameters: buckets, the first and the last of them, SIM, from. */
const OF_SIM = `
  bucket = ANY (?1::bigint[]) AND bucket >= ?2 AND bucket <= ?3
  AND sim_id = ?4 AND occurred_at >= ?5`
const SELECT_EVENTS = `SELECT * FROM ledger WHERE ${OF_SIM}`
const SELECT_REPLACED = `
  SELECT DISTINCT feed_id, import_id FROM ledger_history WHERE ${OF_SIM}`
const SELECT_UNDONE = `
  SELECT DISTINCT feed_id, import_id FROM undone_version WHERE sim_id = ? AND occurred_at >= ?`
const MOVE_EVENTS = `UPDATE ledger SET account_id = ?6 WHERE ${OF_SIM}`
const MOVE_REPLACED = `UPDATE ledger_history SET account_id = ?6 WHERE ${OF_SIM}`
const MOVE_UNDONE = `
  UPDATE undone_version SET account_id = ?3 WHERE sim_id = ?1 AND occurred_at >= ?2`

/** An account may take back what it has delivered, itself or as a repeat. */
const SELECT_DELIVERER = `
  SELECT account.sid, import.id
  FROM import JOIN account ON account.id = import.account_id
  WHERE import.id = ANY (?1::bigint[])
     OR import.id IN (SELECT import_id FROM repeat_run WHERE of_import_id = ANY (?1::bigint[]))
  ORDER BY import.id
  LIMIT 1`
const SELECT_BOUND_FEED = `
  SELECT feed.name, account.sid
  FROM feed JOIN account ON account.id = feed.account_id
  WHERE feed.id = ANY (?1::bigint[]) AND feed.account_id <> ?2
  ORDER BY feed.id
  LIMIT 1`

const END_TENURE = `
  UPDATE sim_tenure SET ended_at = ?, unique_name = ? WHERE sim_id = ? AND started_at = ?`
/** Names and URLs are the account's own; numbers, home set and status belong to the SIM. */
const MOVE_SIM = `
  UPDATE sim
  SET account_id = ?, unique_name = NULL, friendly_name = NULL, callbacks = '{}', updated_at = ?
  WHERE id = ?`

/** Runs inside a write transaction that excludes batches. */
export function* moveSim(
  simId: number,
  { toAccountId, since }: SimMove,
  at: number,
): Steps<MoveOutcome> {
  yield* lock('directory')
  const sim = yield* reads.findSimById(simId)
  if (sim === null) throw new UsageError('not_found', `there is no SIM ${simId}`)
  const to = yield* reads.accountById(toAccountId)
  const from = since ?? at
  const tenures = yield* tenuresOf(simId)
  requireMovable({ sim, to, tenures }, from, at)
  const events = yield* moveUsage(sim, to, from)
  yield* endPlaces(simId, from)
  yield* writeTenures(sim, to, { from, last: tenures.at(-1) })
  yield* run(MOVE_SIM, [to.id, at, simId])
  const moved = (yield* reads.findSimById(simId))!
  return { sim: moved, fromAccountSid: sim.accountSid, since: from, events }
}

function requireMovable(
  {
    sim,
    to,
    tenures,
  }: { readonly sim: Sim; readonly to: Account; readonly tenures: readonly StoredTenure[] },
  from: number,
  at: number,
): void {
  if (sim.accountId === to.id) {
    throw new UsageError(
      'conflict',
      `account ${to.sid}: the SIM ${sim.sid} already belongs to this account; name another one`,
      { field: 'account', value: to.sid },
    )
  }
  if (isErased(sim)) {
    throw new UsageError('conflict', `SIM ${sim.sid} has been erased and stays with its account`, {
      field: 'sim',
      value: sim.sid,
    })
  }
  const refused = (code: 'invalid' | 'conflict', rule: string) =>
    new UsageError(code, `since ${shown(formatInstant(from))}: ${rule}`, {
      field: 'since',
      value: formatInstant(from),
    })
  if (from > at)
    throw refused('invalid', 'a move cannot be dated in the future; make it when it takes effect')
  if (from < sim.createdAt) {
    throw refused(
      'invalid',
      `the SIM was registered at ${formatInstant(sim.createdAt)}; give this instant or a later one`,
    )
  }
  const last = tenures.at(-1)
  if (last === undefined || from > last.startedAt) return
  const movedAt = formatInstant(last.startedAt)
  throw refused(
    'conflict',
    from === last.startedAt
      ? 'the SIM has already moved in this second; give a later one'
      : `the SIM has already moved at ${movedAt}, and moves follow each other; give an instant after it`,
  )
}

/** Returns how many ledger events belong to the other account now. */
function* moveUsage(sim: Sim, to: Account, from: number): Steps<number> {
  const bounds = (yield* get(SELECT_LAST_BUCKETS))!
  const last = Math.max(Number(bounds.of_ledger ?? 0), Number(bounds.of_history ?? 0))
  const limits = yield* readLimits()
  const buckets = bucketsOf(from, last + DAY_SECONDS, limits.buckets)
  const undone = yield* all(SELECT_UNDONE, [sim.id, from])
  const ofSim = [buckets, buckets[0] ?? 0, buckets.at(-1) ?? 0, sim.id, from]
  const replaced = buckets.length === 0 ? [] : yield* all(SELECT_REPLACED, ofSim)
  const feedIds = new Set([...replaced, ...undone].map((row) => row.feed_id as number))
  const importIds = new Set([...replaced, ...undone].map((row) => row.import_id as number))
  // The SIM's totals do not depend on the account.
  const deltas = new UsageDeltas({ ...limits, sealedThrough: Number.MIN_SAFE_INTEGER })
  let events = 0
  for (const bucket of buckets) {
    for (const row of yield* all(SELECT_EVENTS, [[bucket], bucket, bucket, sim.id, from])) {
      const { version, columns, importId } = storedEventFromRow(row)
      const occurredAt = row.occurred_at as number
      events++
      feedIds.add(row.feed_id as number)
      importIds.add(importId)
      // Once retention has passed, totals are gone, although some rows may still be there.
      if (occurredAt < limits.purgedThrough) continue
      deltas.add({ accountId: sim.accountId, simId: sim.id, occurredAt }, columns, version, -1)
      deltas.add({ accountId: to.id, simId: sim.id, occurredAt }, columns, version, 1)
    }
  }
  yield* requireOperators([...feedIds], [...importIds], { to, from })
  yield* deltas.write()
  if (buckets.length > 0) {
    yield* run(MOVE_EVENTS, [...ofSim, to.id])
    yield* run(MOVE_REPLACED, [...ofSim, to.id])
  }
  yield* run(MOVE_UNDONE, [sim.id, from, to.id])
  for (const feedId of [...feedIds].sort((a, b) => a - b)) {
    yield* addAccountFeeds(new Set([to.id]), feedId)
  }
  return events
}

/** An account must not decide about another's usage, and it may take back what it has delivered. */
function* requireOperators(
  feedIds: readonly number[],
  importIds: readonly number[],
  { to, from }: { readonly to: Account; readonly from: number },
): Steps<void> {
  const since = `since ${shown(formatInstant(from))}`
  const refusal = { field: 'since', value: formatInstant(from) }
  const bound = yield* get(SELECT_BOUND_FEED, [feedIds, to.id])
  if (bound !== undefined) {
    throw new UsageError(
      'conflict',
      `${since}: the feed ${bound.name} has brought usage from then on and is bound to ${bound.sid}; ` +
        'give an instant after that usage, or undo its imports first',
      refusal,
    )
  }
  const deliverer = yield* get(SELECT_DELIVERER, [importIds])
  if (deliverer === undefined) return
  throw new UsageError(
    'conflict',
    `${since}: ${deliverer.sid} itself has delivered usage from then on, with import ${deliverer.id}; ` +
      'give an instant after that usage, or undo the import first',
    refusal,
  )
}

function* writeTenures(
  sim: Sim,
  to: Account,
  { from, last }: { readonly from: number; readonly last: StoredTenure | undefined },
): Steps<void> {
  const first = [sim.id, ALWAYS_HELD, from, sim.accountId, sim.uniqueName] as const
  if (last !== undefined) yield* run(END_TENURE, [from, sim.uniqueName, sim.id, last.startedAt])
  const next = [sim.id, from, HOLDS_STILL, to.id, null] as const
  yield* insert({
    table: 'sim_tenure',
    columns: ['sim_id', 'started_at', 'ended_at', 'account_id', 'unique_name'],
    rows: last === undefined ? [first, next] : [next],
  })
}
