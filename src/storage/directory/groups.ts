/** Groups of SIMs, labels, and which SIM had which of them when. */
import type {
  NewSimGroup,
  SimAssignment,
  SimGroup,
  SimGroupChanges,
  SimPlace,
} from '../../domain/sim-group.ts'
import { LABELS_MAX } from '../../domain/sim-group.ts'
import { formatInstant } from '../../domain/time.ts'
import {
  ALWAYS_HELD,
  endedAt,
  HOLDS_STILL,
  type Period,
  valueAt,
  withChange,
} from '../../domain/timeline.ts'
import { invalidField, shown, UsageError } from '../../domain/usage-error.ts'
import type { AssignOutcome, PageRequest } from '../fleet-store.ts'
import type { Row } from '../rows.ts'
import { all, deleteRows, findOne, get, insert, type Steps } from '../session.ts'
import * as reads from './reads.ts'
import { taken } from './sim-registry.ts'

const GROUP_COLUMNS = `
  sim_group.*, account.sid AS account_sid
  FROM sim_group JOIN account ON account.id = sim_group.account_id`

const INSERT_GROUP = `
  INSERT INTO sim_group (sid, account_id, unique_name, settings, created_at, updated_at)
  VALUES (?, ?, ?, ?, ?, ?)
  RETURNING id`
const UPDATE_GROUP = `
  UPDATE sim_group SET unique_name = ?, settings = ?, updated_at = ? WHERE id = ?
  RETURNING id`
const SELECT_GROUP_BY_ID = `SELECT ${GROUP_COLUMNS} WHERE sim_group.id = ?`
const SELECT_GROUP_BY_SID = `SELECT ${GROUP_COLUMNS} WHERE sim_group.sid = ?`
const SELECT_GROUP_BY_NAME = `
  SELECT ${GROUP_COLUMNS} WHERE sim_group.account_id = ? AND sim_group.unique_name = ?`

/** Includes when a SIM that has moved came to the account. */
const SELECT_OWN_SIMS = `
  SELECT id, created_at,
         (SELECT MAX(started_at) FROM sim_tenure WHERE sim_tenure.sim_id = sim.id) AS moved_at
  FROM sim WHERE account_id = ? AND id = ANY (?)`
const SELECT_OWN_GROUPS = 'SELECT id FROM sim_group WHERE account_id = ? AND id = ANY (?)'
const SELECT_MEMBERSHIPS = `
  SELECT * FROM sim_membership WHERE sim_id = ANY (?) ORDER BY sim_id, started_at`
const SELECT_LABELS = `
  SELECT * FROM sim_label WHERE sim_id = ANY (?) ORDER BY sim_id, key, started_at`

/** The present group of each SIM. */
const SELECT_PRESENT_GROUPS = `
  SELECT sim_membership.sim_id, sim_group.id, sim_group.sid, sim_group.unique_name
  FROM sim_membership JOIN sim_group ON sim_group.id = sim_membership.group_id
  WHERE sim_membership.sim_id = ANY (?) AND sim_membership.ended_at = ?`
const SELECT_PRESENT_LABELS = `
  SELECT sim_id, key, value FROM sim_label
  WHERE sim_id = ANY (?) AND ended_at = ? AND value IS NOT NULL
  ORDER BY sim_id, key`

/** What was said of a SIM before it came to the account belongs to another account. */
const SELECT_LABEL_KEYS = `
  SELECT DISTINCT sim_label.key
  FROM sim_label JOIN sim ON sim.id = sim_label.sim_id
  WHERE sim.account_id = ? AND sim_label.value IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM sim_tenure
                    WHERE sim_tenure.sim_id = sim.id AND sim_tenure.started_at > sim_label.started_at)`

function groupFromRow(row: Row): SimGroup {
  return {
    id: row.id as number,
    sid: row.sid as SimGroup['sid'],
    accountId: row.account_id as number,
    accountSid: row.account_sid as SimGroup['accountSid'],
    uniqueName: row.unique_name as string | null,
    settings: JSON.parse(row.settings as string) as SimGroup['settings'],
    createdAt: row.created_at as number,
    updatedAt: row.updated_at as number,
  }
}

export function findGroupById(id: number): Steps<SimGroup | null> {
  return findOne(SELECT_GROUP_BY_ID, [id], groupFromRow)
}

export function* findGroup(accountId: number, sidOrUniqueName: string): Steps<SimGroup | null> {
  const bySid = yield* findOne(SELECT_GROUP_BY_SID, [sidOrUniqueName], groupFromRow)
  if (bySid !== null) return bySid.accountId === accountId ? bySid : null
  return yield* findOne(SELECT_GROUP_BY_NAME, [accountId, sidOrUniqueName], groupFromRow)
}

export function* listGroups(
  { accountId, uniqueName }: { accountId: number; uniqueName?: string },
  { limit, afterId, beforeId }: PageRequest,
): Steps<SimGroup[]> {
  const isBefore = beforeId !== undefined
  const text = `
    SELECT ${GROUP_COLUMNS}
    WHERE sim_group.account_id = ? AND sim_group.id ${isBefore ? '<' : '>'} ?
      ${uniqueName === undefined ? '' : 'AND sim_group.unique_name = ?'}
    ORDER BY sim_group.id ${isBefore ? 'DESC' : ''}
    LIMIT ?`
  const named = uniqueName === undefined ? [] : [uniqueName]
  const rows = yield* all(text, [accountId, beforeId ?? afterId ?? 0, ...named, limit])
  const groups = rows.map(groupFromRow)
  return isBefore ? groups.reverse() : groups
}

export function* createGroup(
  accountId: number,
  { sid, uniqueName, settings }: NewSimGroup,
  at: number,
): Steps<SimGroup> {
  const { id } = yield* reads.accountById(accountId)
  if ((yield* findOne(SELECT_GROUP_BY_SID, [sid], groupFromRow)) !== null) {
    throw taken('sid', sid, 'a group with this SID exists already')
  }
  yield* requireFree(id, uniqueName)
  const values = [sid, id, uniqueName, JSON.stringify(settings), at, at]
  return (yield* findGroupById((yield* get(INSERT_GROUP, values))!.id as number))!
}

export function* updateGroup(
  groupId: number,
  { uniqueName, settings }: SimGroupChanges,
  at: number,
): Steps<SimGroup> {
  const group = yield* findGroupById(groupId)
  if (group === null) throw new UsageError('not_found', `there is no group ${groupId}`)
  const name = uniqueName === undefined ? group.uniqueName : uniqueName || null
  if (name !== group.uniqueName) yield* requireFree(group.accountId, name)
  const kept = JSON.stringify({ ...group.settings, ...settings })
  yield* get(UPDATE_GROUP, [name, kept, at, groupId])
  return (yield* findGroupById(groupId))!
}

function* requireFree(accountId: number, uniqueName: string | null): Steps<void> {
  if (uniqueName === null) return
  const other = yield* findOne(SELECT_GROUP_BY_NAME, [accountId, uniqueName], groupFromRow)
  if (other !== null) {
    throw taken('unique_name', uniqueName, `it is the name of the group ${other.sid} already`)
  }
}

export function* simPlaces(simIds: readonly number[]): Steps<Map<number, SimPlace>> {
  const groups = new Map<number, SimPlace['group']>()
  for (const row of yield* all(SELECT_PRESENT_GROUPS, [simIds, HOLDS_STILL])) {
    const { id, sid, unique_name: uniqueName } = row as { id: number; [name: string]: unknown }
    groups.set(row.sim_id as number, {
      id,
      sid: sid as SimGroup['sid'],
      uniqueName: uniqueName as string | null,
    })
  }
  const labels = new Map<number, Record<string, string>>()
  for (const row of yield* all(SELECT_PRESENT_LABELS, [simIds, HOLDS_STILL])) {
    const ofSim = labels.get(row.sim_id as number) ?? {}
    ofSim[row.key as string] = row.value as string
    labels.set(row.sim_id as number, ofSim)
  }
  return new Map(
    simIds.map((id) => [id, { group: groups.get(id) ?? null, labels: labels.get(id) ?? {} }]),
  )
}

export function* listLabelKeys(accountId: number): Steps<string[]> {
  return (yield* all(SELECT_LABEL_KEYS, [accountId])).map(({ key }) => key as string).sort()
}

/** One line of a SIM's history: its membership, or one of its labels. */
interface Line<T> {
  readonly simId: number
  /** The label's key; null for the membership. */
  readonly key: string | null
  readonly before: readonly Period<T>[]
  after: readonly Period<T>[]
}

type Value = string | number | null

export function* assignSims(
  accountId: number,
  assignments: readonly SimAssignment[],
  at: number,
): Steps<AssignOutcome> {
  const sims = yield* requireOwn(accountId, assignments)
  const lines = yield* linesOf([...sims.keys()])
  const seen = new Set<string>()
  const changed = new Set<number>()
  const change = (assignment: SimAssignment, key: string | null, value: Value) => {
    const { simId, since } = assignment
    const { createdAt, movedAt } = sims.get(simId)!
    const changeAt = since ?? (movedAt === null && createdAt >= at ? ALWAYS_HELD : at)
    const mark = `${simId} ${changeAt} ${key ?? ''}`
    if (seen.has(mark)) throw twice(assignment, key, changeAt)
    seen.add(mark)
    const line = lineOf(lines, simId, key)
    const isDated = since !== undefined && !line.after.some(({ startedAt }) => startedAt === since)
    // A change that gives an instant is always kept, because it limits changes that are backdated later.
    if (!isDated && (valueAt(line.after, changeAt) ?? null) === value) return
    line.after = withChange(line.after, { at: changeAt, value })
    changed.add(simId)
  }
  assignments.forEach((assignment, index) => {
    const { groupId, labels = {}, since } = assignment
    if (since !== undefined && since > at) throw inTheFuture(index, since)
    const { movedAt } = sims.get(assignment.simId)!
    if (movedAt !== null && (since ?? at) < movedAt) throw beforeMove(index, since ?? at, movedAt)
    if (groupId !== undefined) change(assignment, null, groupId)
    for (const [key, value] of Object.entries(labels)) change(assignment, key, value)
  })
  requireFewLabels(lines.values())
  yield* writeLines([...lines.values()].filter(({ before, after }) => before !== after))
  return { changed: changed.size, unchanged: sims.size - changed.size }
}

interface OwnSim {
  readonly createdAt: number
  /** When it came from another account; null if it has never moved. */
  readonly movedAt: number | null
}

/** Fails with `not_found` for what is not the account's. */
function* requireOwn(
  accountId: number,
  assignments: readonly SimAssignment[],
): Steps<Map<number, OwnSim>> {
  const simIds = [...new Set(assignments.map(({ simId }) => simId))]
  const groupIds = [...new Set(assignments.map(({ groupId }) => groupId).filter(isNumber))]
  const rows = yield* all(SELECT_OWN_SIMS, [accountId, simIds])
  const sims = new Map(
    rows.map((row) => [
      row.id as number,
      { createdAt: row.created_at as number, movedAt: row.moved_at as number | null },
    ]),
  )
  const foreign = simIds.find((id) => !sims.has(id))
  if (foreign !== undefined) throw new UsageError('not_found', `there is no SIM ${foreign}`)
  const groups = yield* all(SELECT_OWN_GROUPS, [accountId, groupIds])
  const known = new Set(groups.map(({ id }) => id))
  const unknown = groupIds.find((id) => !known.has(id))
  if (unknown !== undefined) throw new UsageError('not_found', `there is no group ${unknown}`)
  return sims
}

/** Ends a SIM's membership and labels in an account, whatever was entered for later. */
export function* endPlaces(simId: number, at: number): Steps<void> {
  const lines = yield* linesOf([simId])
  for (const line of lines.values()) line.after = endedAt(line.before, at)
  yield* writeLines([...lines.values()])
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number'
}

type Lines = Map<string, Line<Value>>

function* linesOf(simIds: readonly number[]): Steps<Lines> {
  const memberships = yield* all(SELECT_MEMBERSHIPS, [simIds])
  const labels = yield* all(SELECT_LABELS, [simIds])
  const periods = Map.groupBy([...memberships, ...labels], (row) => lineKey(row))
  return new Map(
    [...periods].map(([name, rows]) => {
      const before = rows.map(periodFromRow)
      const [{ sim_id: simId, key = null }] = rows as [Row]
      const line = { simId: simId as number, key: key as string | null, before, after: before }
      return [name, line]
    }),
  )
}

function lineKey({ sim_id: simId, key }: Row): string {
  return key === undefined ? `${simId}` : `${simId} ${key}`
}

function lineOf(lines: Lines, simId: number, key: string | null): Line<Value> {
  const name = key === null ? `${simId}` : `${simId} ${key}`
  let line = lines.get(name)
  if (line === undefined) {
    line = { simId, key, before: [], after: [] }
    line.after = line.before
    lines.set(name, line)
  }
  return line
}

function periodFromRow(row: Row): Period<Value> {
  const value = row.key === undefined ? row.group_id : row.value
  return {
    startedAt: row.started_at as number,
    endedAt: row.ended_at as number,
    value: value as Value,
  }
}

function requireFewLabels(lines: Iterable<Line<Value>>): void {
  const present = new Map<number, number>()
  for (const { simId, key, after } of lines) {
    if (key === null || (after.at(-1)?.value ?? null) === null) continue
    present.set(simId, (present.get(simId) ?? 0) + 1)
  }
  const most = Math.max(0, ...present.values())
  if (most > LABELS_MAX) {
    throw invalidField('labels', String(most), `a SIM may have up to ${LABELS_MAX} labels`)
  }
}

/** Only the rows that differ, because most periods of a SIM stay as they are. */
function* writeLines(lines: readonly Line<Value>[]): Steps<void> {
  for (const ofLabels of [false, true]) {
    const chosen = lines.filter(({ key }) => (key !== null) === ofLabels)
    const table = ofLabels ? 'sim_label' : 'sim_membership'
    const key = ofLabels ? ['sim_id', 'key', 'started_at'] : ['sim_id', 'started_at']
    const gone = chosen.flatMap((line) =>
      without(line.before, line.after).map((period) => keyOf(line, period)),
    )
    const added = chosen.flatMap((line) =>
      without(line.after, line.before).map((period) => [
        ...keyOf(line, period),
        period.endedAt,
        period.value,
      ]),
    )
    yield* deleteRows({ table, columns: key, rows: gone })
    const value = ofLabels ? 'value' : 'group_id'
    yield* insert({ table, columns: [...key, 'ended_at', value], rows: added })
  }
}

function keyOf({ simId, key }: Line<Value>, { startedAt }: Period<Value>) {
  return key === null ? [simId, startedAt] : [simId, key, startedAt]
}

function without(periods: readonly Period<Value>[], others: readonly Period<Value>[]) {
  return periods.filter(
    (one) =>
      !others.some(
        (other) =>
          other.startedAt === one.startedAt &&
          other.endedAt === one.endedAt &&
          other.value === one.value,
      ),
  )
}

function inTheFuture(index: number, since: number): UsageError {
  return new UsageError(
    'invalid',
    `${index}.since ${shown(formatInstant(since))}: a change cannot be dated in the future; make it when it takes effect`,
    { field: `${index}.since`, value: formatInstant(since) },
  )
}

function beforeMove(index: number, since: number, movedAt: number): UsageError {
  return new UsageError(
    'invalid',
    `${index}.since ${shown(formatInstant(since))}: the SIM came to the account at ` +
      `${formatInstant(movedAt)}; give this instant or a later one`,
    { field: `${index}.since`, value: formatInstant(since) },
  )
}

function twice(assignment: SimAssignment, key: string | null, at: number): UsageError {
  const what = key === null ? 'group' : `label ${key}`
  const when = at === ALWAYS_HELD ? 'from its beginning on' : `at ${formatInstant(at)}`
  return new UsageError(
    'conflict',
    `the ${what} of a SIM changes twice ${when}: leave one of the two out, or date one of them later`,
    { field: key === null ? 'group' : 'labels', value: String(assignment.simId) },
  )
}
