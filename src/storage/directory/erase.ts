/**
 * Erases a SIM. What names it and each of its records is deleted, and its usage stays by the hour, under
 * a SIM without a name. All totals therefore stay as they are and need no update.
 */
import type { Sim } from '../../domain/directory.ts'
import { isErased } from '../../domain/directory.ts'
import { simIdentities } from '../../domain/identifiers.ts'
import type { KeptRecord } from '../../domain/import.ts'
import { DAY_SECONDS, floorTo, HOUR_SECONDS } from '../../domain/time.ts'
import { shown, UsageError } from '../../domain/usage-error.ts'
import { logAct } from '../acts.ts'
import { COUNTER_COLUMNS } from '../counter-columns.ts'
import { bucketsOf } from '../ledger/buckets.ts'
import { actsOfLife } from '../life-acts.ts'
import type { EraseOutcome, Erasure, SimErasure } from '../life-store.ts'
import { readLimits } from '../limits.ts'
import type { Row } from '../rows.ts'
import { all, get, insert, lock, run, type Steps } from '../session.ts'
import { CONTENT_COLUMNS, IDENTITY_COLUMNS } from '../tables.ts'
import { ErasedNames } from './erased-names.ts'
import { findSimById } from './reads.ts'
import { tenuresOf } from './tenures.ts'

/** How many quarantined records are in memory at a time. */
const PAGE_RECORDS = 500

/** No row has a larger counter; an hour with more has several rows. */
const COUNTER_MAX = BigInt(Number.MAX_SAFE_INTEGER)

const SELECT_BOUNDS = 'SELECT MIN(bucket) AS first, MAX(bucket) AS last FROM ledger'
const SELECT_EVENTS = 'SELECT * FROM ledger WHERE bucket = ? AND sim_id = ?'
const DELETE_EVENTS = 'DELETE FROM ledger WHERE bucket = ? AND sim_id = ?'
const COUNT_VERSIONS = 'SELECT COUNT(*) AS rows FROM ledger_history WHERE bucket = ? AND sim_id = ?'
const DELETE_VERSIONS = 'DELETE FROM ledger_history WHERE bucket = ? AND sim_id = ?'
const COUNT_UNDONE = 'SELECT COUNT(*) AS rows FROM undone_version WHERE sim_id = ?'

/** For one SIM, by its id. */
const DELETES_OF_SIM = [
  'DELETE FROM undone_version WHERE sim_id = ?',
  'DELETE FROM reading WHERE sim_id = ?',
  'DELETE FROM sim_imsi WHERE sim_id = ?',
  'DELETE FROM sim_membership WHERE sim_id = ?',
  'DELETE FROM sim_label WHERE sim_id = ?',
  'UPDATE sim_tenure SET unique_name = NULL WHERE sim_id = ?',
] as const
const ERASE_SIM = `
  UPDATE sim
  SET sid = ?, iccid = NULL, msisdn = NULL, unique_name = NULL, friendly_name = NULL,
      status = 'canceled', home_plmns = '', home_countries = '', callbacks = '{}', updated_at = ?
  WHERE id = ?`
const SELECT_NAMES_BEFORE =
  'SELECT unique_name FROM sim_tenure WHERE sim_id = ? AND unique_name IS NOT NULL'

/** The log keeps who acted and how, but not on which SIM. */
const ERASE_ACTS_OF_SIM = `
  UPDATE act SET object = 'erased', details = '{}'
  WHERE object_kind = 'sim' AND (object = ?1 OR details LIKE ?2 OR details LIKE ?3)`

const SELECT_QUARANTINE = `
  SELECT quarantine.id, quarantine.raw, quarantine.deliverer_id, feed.account_id
  FROM quarantine JOIN feed ON feed.id = quarantine.feed_id
  WHERE quarantine.id > ? ORDER BY quarantine.id LIMIT ?`
const SELECT_KEPT_RECORDS = `
  SELECT quarantine_id, record FROM quarantine_delivery WHERE quarantine_id = ANY (?::bigint[])`
const DELETE_DELIVERIES = 'DELETE FROM quarantine_delivery WHERE quarantine_id = ANY (?::bigint[])'
const DELETE_RECORDS = 'DELETE FROM quarantine WHERE id = ANY (?::bigint[])'
const SELECT_LAST_IMPORT = 'SELECT COALESCE(MAX(id), 0) AS id FROM import'

/** Runs inside a write transaction that excludes batches; a dry run reads one state. */
export function* eraseSim(simId: number, given: SimErasure): Steps<EraseOutcome> {
  if (!given.dryRun) yield* lock('directory')
  const sim = yield* findSimById(simId)
  if (sim === null) throw new UsageError('not_found', `there is no SIM ${simId}`)
  if (isErased(sim)) {
    throw new UsageError('conflict', `SIM ${sim.sid} has been erased`, {
      field: 'sim',
      value: sim.sid,
    })
  }
  const usage = yield* eraseUsage(sim, given)
  const before = (yield* all(SELECT_NAMES_BEFORE, [simId])).map((row) => row.unique_name as string)
  const numbers = [sim.sid, sim.iccid, ...sim.imsis, sim.msisdn, sim.uniqueName, ...before]
  const names = new ErasedNames(numbers.filter((name) => name !== null))
  const quarantineEntries = yield* eraseWaiting(names, { ...given, accountId: sim.accountId })
  const outcome = { ...usage, quarantineEntries, sid: given.dryRun ? sim.sid : given.newSid }
  if (given.dryRun) return outcome
  for (const text of DELETES_OF_SIM) yield* run(text, [simId])
  yield* run(ERASE_SIM, [given.newSid, given.at, simId])
  const ofId = [`%"sim_id":${simId},%`, `%"sim_id":${simId}}%`]
  yield* run(ERASE_ACTS_OF_SIM, [sim.sid, ...ofId])
  yield* logAct(actsOfLife.eraseSim(outcome, sim, { ...given, lastImport: yield* lastImport() }))
  return outcome
}

/** Erases a number that belongs to no SIM from quarantine, in the same kind of transaction. */
export function* eraseNumber(number: string, given: Erasure): Steps<number> {
  if (simIdentities(number).every(({ kind }) => kind === 'unique_name')) {
    throw new UsageError('not_found', `there is no SIM ${shown(number)}`)
  }
  const entries = yield* eraseWaiting(new ErasedNames([number]), { ...given, accountId: null })
  if (!given.dryRun && entries > 0) {
    yield* logAct(actsOfLife.eraseNumber(entries, given))
  }
  return entries
}

/** The newest import. Imports up to it may have fewer records left than they have counted. */
export function* lastImport(): Steps<number> {
  return Number((yield* get(SELECT_LAST_IMPORT))!.id)
}

/** Records become hourly sums of the same account, feed, import and place. */
function* eraseUsage(
  { id: simId }: Sim,
  { dryRun }: Erasure,
): Steps<Pick<EraseOutcome, 'usageEvents' | 'versions'>> {
  const bounds = (yield* get(SELECT_BOUNDS))!
  const { purgedThrough, buckets } = yield* readLimits()
  const moves = (yield* tenuresOf(simId)).map(({ startedAt }) => startedAt)
  let usageEvents = 0
  let versions = Number((yield* get(COUNT_UNDONE, [simId]))!.rows)
  const first = Number(bounds.first ?? 0)
  const end = bounds.last === null ? first : Number(bounds.last) + DAY_SECONDS
  for (const bucket of bucketsOf(first, end, buckets)) {
    const rows = yield* all(SELECT_EVENTS, [bucket, simId])
    if (rows.length === 0) continue
    usageEvents += rows.length
    versions += Number((yield* get(COUNT_VERSIONS, [bucket, simId]))!.rows)
    if (dryRun) continue
    yield* run(DELETE_VERSIONS, [bucket, simId])
    yield* run(DELETE_EVENTS, [bucket, simId])
    const kept = rows.filter((row) => (row.occurred_at as number) >= purgedThrough)
    yield* insert({
      table: 'ledger',
      columns: [...IDENTITY_COLUMNS, ...CONTENT_COLUMNS],
      rows: sumsByHour(kept, moves),
    })
  }
  return { usageEvents, versions }
}

/** The rows of one bucket, as values of the ledger's columns. */
function sumsByHour(rows: readonly Row[], moves: readonly number[]) {
  const groups = Map.groupBy(rows, (row) => {
    const at = row.occurred_at as number
    // An hour in which a SIM moves belongs to two accounts.
    const hour = Math.max(floorTo(at, HOUR_SECONDS), ...moves.filter((moved) => moved <= at))
    const { account_id, feed_id, zone, country, plmn, import_id } = row
    return JSON.stringify([hour, account_id, feed_id, zone, country, plmn, import_id])
  })
  return [...groups].flatMap(([key, list]) => {
    const [hour, accountId, feedId, zone, country, plmn, importId] = JSON.parse(key)
    const { bucket, sim_id: simId } = list[0]!
    const knownAt = Math.max(...list.map((row) => row.known_at as number))
    const sums = COUNTER_COLUMNS.map((name) =>
      list.reduce((sum, row) => sum + BigInt(row[name] as number), 0n),
    )
    // Marked as stated, so that no home set classifies it again.
    const stated = country === '' ? 2 : 3
    return parts(sums).map((counters, i) => {
      const recordId = ['erased', zone, country, plmn, importId, i].join(' ')
      const identity = [bucket, simId, hour, feedId, recordId]
      // No line, because no other import has delivered the same.
      return [
        ...[...identity, accountId, zone, country, plmn, stated],
        ...[...counters, importId, 0, knownAt],
      ]
    })
  })
}

/** Splits the sums into numbers that rows can hold. */
function parts(sums: readonly bigint[]): number[][] {
  const first = sums.map((sum) => (sum < COUNTER_MAX ? sum : COUNTER_MAX))
  const rest = sums.map((sum, i) => sum - first[i]!)
  return [first.map(Number), ...(rest.some((sum) => sum > 0n) ? parts(rest) : [])]
}

/** Returns how many deliveries of quarantined records are deleted. */
function* eraseWaiting(
  names: ErasedNames,
  { dryRun, accountId }: Erasure & { readonly accountId: number | null },
): Steps<number> {
  let after = 0
  let entries = 0
  for (;;) {
    const rows = yield* all(SELECT_QUARANTINE, [after, PAGE_RECORDS])
    if (rows.length === 0) return entries
    after = rows.at(-1)!.id as number
    const ids = rows.map((row) => row.id as number)
    const deliveries = Map.groupBy(
      yield* all(SELECT_KEPT_RECORDS, [ids]),
      (row) => row.quarantine_id as number,
    )
    const named = rows.filter(({ id, raw, deliverer_id, account_id }) => {
      const isOwn = accountId !== null && [deliverer_id, account_id].includes(accountId)
      return (
        names.standsIn(raw as Uint8Array) ||
        deliveries.get(id as number)?.some(({ record }) => names.isNamedBy(keptOf(record), isOwn))
      )
    })
    if (named.length === 0) continue
    const gone = named.map((row) => row.id as number)
    entries += gone.reduce((sum, id) => sum + (deliveries.get(id)?.length ?? 0), 0)
    if (dryRun) continue
    yield* run(DELETE_DELIVERIES, [gone])
    yield* run(DELETE_RECORDS, [gone])
  }
}

function keptOf(record: unknown): KeptRecord | null {
  return record === null ? null : (JSON.parse(record as string) as KeptRecord)
}
