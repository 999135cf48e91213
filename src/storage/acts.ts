/**
 * The log of acts: its SQL, and what each change of a store writes to it. An act is written in the
 * transaction of the change, so neither exists without the other.
 */
import type { Act, ActDetails, ActFilter, ActObject, NewAct } from '../domain/act.ts'
import type { ConsoleLink } from '../domain/console-session.ts'
import type {
  Account,
  AccountChanges,
  ApiKey,
  Feed,
  FeedChanges,
  FeedGrant,
  Sim,
  SimChanges,
} from '../domain/directory.ts'
import type { Import, VerdictCounts } from '../domain/import.ts'
import type { NamedGap } from '../domain/sequence.ts'
import type { SimAssignment, SimGroup, SimGroupChanges } from '../domain/sim-group.ts'
import { formatInstant } from '../domain/time.ts'
import type { AssignOutcome, MoveOutcome } from './fleet-store.ts'
import type { Row } from './rows.ts'
import { acting, all, now, run, type Steps } from './session.ts'
import type { PurgeOutcome, RecycleBatch, RegisterOutcome, UndoOutcome } from './usage-store.ts'

/** Instant, actor, verb, kind of object; a feed's number or else a name; details. */
const INSERT_ACT = `
  INSERT INTO act (at, actor, verb, object_kind, object, details)
  VALUES (?, ?, ?, ?, COALESCE((SELECT name FROM feed WHERE id = ?), ?), ?)`

/** An act that only knows its feed's number gets the feed's name when it is written. */
export type LoggedAct = Omit<NewAct, 'object'> & { readonly object: string | { feedId: number } }

/** Newest first. Takes the values of `actFilterValues`, then a limit. */
function selectActs(filter: ActFilter & { beforeId?: number }): string {
  const conditions = conditionsOf(filter).map(([condition]) => condition)
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
  return `SELECT * FROM act ${where} ORDER BY id DESC LIMIT ?`
}

function actFilterValues(filter: ActFilter & { beforeId?: number }): (string | number)[] {
  return conditionsOf(filter).map(([, value]) => value)
}

function conditionsOf({
  since,
  objectKind,
  object,
  beforeId,
}: ActFilter & { beforeId?: number }): [condition: string, value: string | number][] {
  return [
    ...(beforeId === undefined ? [] : [['id < ?', beforeId] as [string, number]]),
    ...(since === undefined ? [] : [['at >= ?', since] as [string, number]]),
    ...(objectKind === undefined ? [] : [['object_kind = ?', objectKind] as [string, string]]),
    ...(object === undefined ? [] : [['object = ?', object] as [string, string]]),
  ]
}

function actToRow(
  { verb, objectKind, object, details }: LoggedAct,
  { at, actor }: { at: number; actor: string },
): (number | string | null)[] {
  const [feedId, name] = typeof object === 'string' ? [null, object] : [object.feedId, 'a feed']
  return [at, actor, verb, objectKind, feedId, name, JSON.stringify(details)]
}

function actFromRow(row: Row): Act {
  return {
    id: row.id as number,
    at: row.at as number,
    actor: row.actor as string,
    verb: row.verb as string,
    objectKind: row.object_kind as ActObject,
    object: row.object as string,
    details: JSON.parse(row.details as string) as ActDetails,
  }
}

/** Runs inside the transaction of the logged change. */
export function* logAct(act: LoggedAct | null): Steps<void> {
  if (act === null) return
  const { actor, at } = yield* acting()
  yield* run(INSERT_ACT, actToRow(act, { at: at ?? (yield* now()), actor }))
}

/** Operations that log their outcome as their last step. */
export function logged<Given extends unknown[], T>(
  operation: (...given: Given) => Steps<T>,
  actOf: (result: T, ...given: Given) => LoggedAct | null,
): (...given: Given) => Steps<T> {
  return function* (...given) {
    const result = yield* operation(...given)
    yield* logAct(actOf(result, ...given))
    return result
  }
}

export function* listActs(
  filter: ActFilter,
  { limit, beforeId }: { limit: number; beforeId?: number },
): Steps<Act[]> {
  const wanted = beforeId === undefined ? filter : { ...filter, beforeId }
  return (yield* all(selectActs(wanted), [...actFilterValues(wanted), limit])).map(actFromRow)
}

/** How each change is logged, from its outcome and its arguments; null for not at all. */
export const actsOf = {
  createAccount: ({ sid, name, home }: Account): NewAct => ({
    verb: 'create',
    objectKind: 'account',
    object: sid,
    details: { name, home_plmns: [...home.plmns], home_countries: [...home.countries] },
  }),
  updateAccount: ({ sid }: Account, changes: AccountChanges): NewAct => ({
    verb: 'change',
    objectKind: 'account',
    object: sid,
    details: plain(changes),
  }),
  rotateAuthToken: ({ sid }: Account, { previousUntil }: { previousUntil: number }): NewAct => ({
    verb: 'rotate token',
    objectKind: 'account',
    object: sid,
    details: { previous_until: formatInstant(previousUntil) },
  }),
  endPreviousToken: ({ sid }: Account): NewAct => ({
    verb: 'end previous token',
    objectKind: 'account',
    object: sid,
    details: {},
  }),
  createApiKey: ({ sid, scope, accountSid }: ApiKey): NewAct => ({
    verb: 'create',
    objectKind: 'key',
    object: sid,
    details: { scope, account: accountSid },
  }),
  updateApiKey: ({ sid, label }: ApiKey): NewAct => ({
    verb: 'change',
    objectKind: 'key',
    object: sid,
    details: { label },
  }),
  /** A key that is already revoked, or does not exist, is not revoked again. */
  revokeApiKey: (key: ApiKey | null, at: number): NewAct | null =>
    key === null || key.revokedAt !== at
      ? null
      : { verb: 'revoke', objectKind: 'key', object: key.sid, details: { scope: key.scope } },
  addConsoleLink: ({ credentialSid, expiresAt }: ConsoleLink): NewAct => ({
    verb: 'make sign-in link',
    objectKind: credentialSid.startsWith('AC') ? 'account' : 'key',
    object: credentialSid,
    details: { good_until: formatInstant(expiresAt) },
  }),
  registerSims: ({ created, updated, unchanged, sims }: RegisterOutcome): NewAct | null =>
    created + updated === 0
      ? null
      : {
          verb: 'register',
          objectKind: 'sim',
          object: sims.length === 1 ? sims[0]!.sid : `${sims.length} SIMs`,
          details: { account: sims[0]!.accountSid, created, updated, unchanged },
        },
  createSim: (sim: Sim): NewAct => ({
    verb: 'register',
    objectKind: 'sim',
    object: sim.sid,
    details: { account: sim.accountSid, created: 1, updated: 0, unchanged: 0 },
  }),
  updateSim: (sim: Sim, changes: SimChanges): NewAct => ({
    verb: 'change',
    objectKind: 'sim',
    object: sim.sid,
    details: plain(changes),
  }),
  moveSim: ({ sim, fromAccountSid, since, events }: MoveOutcome): NewAct => ({
    verb: 'move',
    objectKind: 'sim',
    object: sim.sid,
    details: { from: fromAccountSid, to: sim.accountSid, since: formatInstant(since), events },
  }),
  createGroup: ({ sid, accountSid, uniqueName }: SimGroup): NewAct => ({
    verb: 'create',
    objectKind: 'group',
    object: sid,
    details: { account: accountSid, unique_name: uniqueName },
  }),
  updateGroup: ({ sid }: SimGroup, changes: SimGroupChanges): NewAct => ({
    verb: 'change',
    objectKind: 'group',
    object: sid,
    details: plain(changes),
  }),
  assignSims: (
    { changed, unchanged }: AssignOutcome,
    assignments: readonly SimAssignment[],
  ): LoggedAct | null =>
    changed === 0
      ? null
      : {
          verb: 'assign',
          objectKind: 'sim',
          object: `${changed} SIMs`,
          details: { changed, unchanged, ...assigned(assignments) },
        },
  createFeed: ({ name, format, onConflict, defaultZone }: Feed): NewAct => ({
    verb: 'create',
    objectKind: 'feed',
    object: name,
    details: { format, on_conflict: onConflict, default_zone: defaultZone },
  }),
  updateFeed: ({ name }: Feed, changes: FeedChanges): NewAct => {
    const { retirement, ...others } = changes
    const act = { objectKind: 'feed', object: name } as const
    if (retirement === undefined) return { ...act, verb: 'change', details: plain(others) }
    if (retirement === null) return { ...act, verb: 'unretire', details: plain(others) }
    const { at, reason } = retirement
    const details = { ...plain(others), retired_at: formatInstant(at), reason }
    return { ...act, verb: 'retire', details }
  },
  grantFeed: ({ feedId, accountSid }: FeedGrant): LoggedAct => ({
    verb: 'grant',
    objectKind: 'feed',
    object: { feedId },
    details: { account: accountSid },
  }),
  revokeFeedGrant: (grant: FeedGrant | null): LoggedAct | null =>
    grant === null
      ? null
      : {
          verb: 'revoke grant',
          objectKind: 'feed',
          object: { feedId: grant.feedId },
          details: { account: grant.accountSid },
        },
  acceptGap: (
    feedId: number,
    { stream, from, to }: NamedGap,
    { by, reason }: { by: string; reason: string },
  ): LoggedAct => ({
    verb: 'accept gap',
    objectKind: 'feed',
    object: { feedId },
    details: { stream, from, to, by, reason },
  }),
  finishImport: ({ id, feedName, status, counts }: Import): NewAct | null =>
    counts.replaced === 0
      ? null
      : {
          verb: 'replace',
          objectKind: 'import',
          object: String(id),
          details: { feed: feedName, status, replaced: counts.replaced },
        },
  undoImport: ({
    import: { id, feedName },
    removed,
    restored,
    kept,
    quarantineEntries,
  }: UndoOutcome) =>
    ({
      verb: 'undo',
      objectKind: 'import',
      object: String(id),
      details: { feed: feedName, removed, restored, kept, quarantine_entries: quarantineEntries },
    }) satisfies NewAct,
  recycle: (
    counts: VerdictCounts,
    { importId, acceptance, events }: Pick<RecycleBatch, 'importId' | 'acceptance' | 'events'>,
  ): NewAct | null => {
    if (
      Object.entries(counts).every(([verdict, count]) => verdict === 'quarantined' || count === 0)
    )
      return null
    const act = { objectKind: 'import', object: String(importId) } as const
    if (acceptance === undefined) return { ...act, verb: 'recycle', details: { ...counts } }
    const { by, reason } = acceptance
    const lines = events.slice(0, ENTRIES_NAMED_MAX).map(({ event }) => String(event.line))
    return { ...act, verb: 'accept conflict', details: { ...counts, lines, by, reason } }
  },
  discardQuarantine: (
    entryIds: readonly number[],
    discarded: number,
    { by, reason }: { by: string; reason: string },
  ): NewAct | null =>
    discarded === 0
      ? null
      : {
          verb: 'discard',
          objectKind: 'quarantine',
          object: entryIds.length === 1 ? String(entryIds[0]) : `${discarded} entries`,
          details: {
            entries: entryIds.slice(0, ENTRIES_NAMED_MAX).map(String),
            discarded,
            by,
            reason,
          },
        },
  trustClock: (imports: number, at: number): NewAct => ({
    verb: 'trust clock',
    objectKind: 'store',
    object: formatInstant(at),
    details: { imports },
  }),
  purge: (
    { ledgerRows, rollupCells, quarantineEntries }: PurgeOutcome,
    { before, dryRun }: { before: number; dryRun: boolean },
  ): NewAct | null =>
    dryRun || ledgerRows + rollupCells + quarantineEntries === 0
      ? null
      : {
          verb: 'purge',
          objectKind: 'store',
          object: `before ${formatInstant(before)}`,
          details: {
            ledger_rows: ledgerRows,
            rollup_cells: rollupCells,
            quarantine_entries: quarantineEntries,
          },
        },
} as const

/** What a single assignment states; for several, their number is enough. */
function assigned(assignments: readonly SimAssignment[]): ActDetails {
  const [first] = assignments
  return assignments.length === 1 && first !== undefined ? plain(first) : {}
}

/** How many quarantined records one act names; its count covers them all. */
const ENTRIES_NAMED_MAX = 100

/** A mapping may be a megabyte, and the feed itself has it. */
const VALUE_CHARACTERS_MAX = 2_000

/** Changes as they were given. Anything but a plain value is kept as JSON, up to a limit. */
function plain(changes: object): ActDetails {
  return Object.fromEntries(
    Object.entries(changes)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [
        name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
        typeof value === 'object' && value !== null
          ? JSON.stringify(value).slice(0, VALUE_CHARACTERS_MAX)
          : value,
      ]),
  ) as ActDetails
}
