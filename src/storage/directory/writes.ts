/** Changes to the directory; each runs inside a transaction that holds the directory's lock. */
import type {
  Account,
  AccountChanges,
  ApiKey,
  Feed,
  KeyUse,
  NewAccount,
  NewApiKey,
  NewFeed,
  Sim,
  SimChanges,
  SimRegistration,
} from '../../domain/directory.ts'
import { type DropFolderState, FOLDER_FORGOTTEN_SECONDS } from '../../domain/drop-folder.ts'
import type { Sid } from '../../domain/identifiers.ts'
import type { Import } from '../../domain/import.ts'
import { UsageError } from '../../domain/usage-error.ts'
import { undoneWhileRunning } from '../ledger/undo-refusals.ts'
import {
  accountFromRow,
  changedAccountToRow,
  dropFolderToRow,
  importEndToRow,
  newAccountToRow,
  newApiKeyToRow,
  simFromRow,
} from '../rows.ts'
import { all, get, insert, run, type Steps } from '../session.ts'
import type { RegisterOutcome, UsageStore } from '../usage-store.ts'
import { addToProgress } from './feed-progress.ts'
import { newFeedToRow } from './feed-rows.ts'
import * as reads from './reads.ts'
import {
  CHANGING_COLUMNS,
  changingColumns,
  feedNameTaken,
  SimRegistry,
  type SimWrite,
  taken,
  valuesNamedBy,
} from './sim-registry.ts'
import * as sql from './sql.ts'

export function* createAccount(account: NewAccount): Steps<Account> {
  if ((yield* reads.findAccount(account.sid)) !== null) {
    throw taken('sid', account.sid, 'an account with this SID exists already')
  }
  const row = yield* get(sql.INSERT_ACCOUNT, [...newAccountToRow(account)])
  return accountFromRow(row!)
}

export function* updateAccount(accountId: number, changes: AccountChanges): Steps<Account> {
  const account = yield* reads.accountById(accountId)
  const row = yield* get(sql.UPDATE_ACCOUNT, [...changedAccountToRow(account, changes)])
  return accountFromRow(row!)
}

export function* rotateAuthToken(
  accountId: number,
  { hash, previousUntil }: { hash: string; previousUntil: number },
): Steps<Account> {
  const { id } = yield* reads.accountById(accountId)
  return accountFromRow((yield* get(sql.ROTATE_AUTH_TOKEN, [hash, previousUntil, id]))!)
}

export function* endPreviousToken(accountId: number): Steps<Account> {
  const { id } = yield* reads.accountById(accountId)
  return accountFromRow((yield* get(sql.END_PREVIOUS_TOKEN, [id]))!)
}

export function* noteKeyUses(uses: readonly KeyUse[]): Steps<void> {
  for (const { sid, at } of uses) yield* run(sql.NOTE_KEY_USE, [at, sid])
}

export function* noteDropFolder(state: DropFolderState): Steps<void> {
  yield* run(sql.UPSERT_DROP_FOLDER, [...dropFolderToRow(state)])
  yield* run(sql.FORGET_DROP_FOLDERS, [state.seenAt - FOLDER_FORGOTTEN_SECONDS])
}

export function* createApiKey(key: NewApiKey): Steps<ApiKey> {
  if ((yield* reads.findApiKey(key.sid)) !== null) {
    throw taken('sid', key.sid, 'a key with this SID exists already')
  }
  yield* run(sql.INSERT_API_KEY, [...newApiKeyToRow(key)])
  return (yield* reads.findApiKey(key.sid))!
}

export function* updateApiKey(sid: string, { label }: { label: string }): Steps<ApiKey> {
  yield* run(sql.LABEL_API_KEY, [label, sid])
  const key = yield* reads.findApiKey(sid)
  if (key === null) throw new UsageError('not_found', `there is no key ${sid}`)
  return key
}

export function* revokeApiKey(sid: string, at: number): Steps<ApiKey | null> {
  yield* run(sql.REVOKE_API_KEY, [at, sid])
  return yield* reads.findApiKey(sid)
}

export function* createFeed(feed: NewFeed): Steps<Feed> {
  if ((yield* reads.findFeed(feed.name)) !== null) {
    throw feedNameTaken(feed.name)
  }
  yield* run(sql.INSERT_FEED, [...newFeedToRow(feed)])
  return (yield* reads.findFeed(feed.name))!
}

export type ImportStart = Parameters<UsageStore['beginImport']>[0]

export function* beginImport(start: ImportStart): Steps<Import> {
  return (yield* reads.findImport(yield* insertImport(start)))!
}

/** Returns the id of the import. */
export function* insertImport(start: ImportStart): Steps<number> {
  const { feedId, accountId, source, format, startedAt } = start
  const row = yield* get(sql.INSERT_IMPORT, [feedId, accountId, source, format, startedAt])
  return row!.id as number
}

export function* finishImport(
  importId: number,
  end: Parameters<UsageStore['finishImport']>[1],
): Steps<Import> {
  const changed = yield* run(sql.FINISH_IMPORT, [...importEndToRow(end), importId])
  const finished = yield* reads.findImport(importId)
  if (changed === 0 || finished === null) throw undoneWhileRunning(finished, importId)
  if (finished.status === 'done') yield* addToProgress(finished)
  return finished
}

/** `newSids` has one for each registration, used if it states none and is new. */
export function* registerSims(
  accountId: number,
  registrations: readonly SimRegistration[],
  { at, newSids }: { at: number; newSids: readonly Sid[] },
): Steps<RegisterOutcome> {
  const owner = yield* reads.accountById(accountId)
  const registry = new SimRegistry(yield* simsNamedBy(accountId, registrations))
  const counts = { created: 0, updated: 0, unchanged: 0 }
  registrations.forEach((registration, index) => {
    counts[registry.register(owner, registration, { at, sid: newSids[index]!, index })]++
  })
  return { ...counts, sims: yield* writeSims(registry) }
}

export function* createSim(
  accountId: number,
  registration: SimRegistration,
  { at, newSids }: { at: number; newSids: readonly Sid[] },
): Steps<Sim> {
  const owner = yield* reads.accountById(accountId)
  const named = newSids.map((sid) => ({ sid, ...registration }))
  const registry = new SimRegistry(yield* simsNamedBy(accountId, named))
  registry.create(owner, registration, { at, sid: newSids[0]!, index: null })
  return (yield* writeSims(registry))[0]!
}

export function* updateSim(simId: number, changes: SimChanges, at: number): Steps<Sim> {
  const sim = yield* reads.findSimById(simId)
  if (sim === null) throw new UsageError('not_found', `there is no SIM ${simId}`)
  const { sid, accountId } = sim
  const { uniqueName } = changes
  const named = { sid, ...(uniqueName === undefined ? {} : { uniqueName }) }
  const registry = new SimRegistry(yield* simsNamedBy(accountId, [named]))
  registry.change(sim, changes, at)
  return (yield* writeSims(registry))[0]!
}

/** Every SIM that holds a value named by the registrations. */
export function* simsNamedBy(
  accountId: number,
  registrations: readonly SimRegistration[],
): Steps<Sim[]> {
  const { sids, iccids, msisdns, uniqueNames, imsis } = valuesNamedBy(registrations)
  const values = [sids, iccids, msisdns, accountId, uniqueNames, imsis]
  return (yield* all(sql.SELECT_SIMS_HOLDING, values)).map(simFromRow)
}

function* writeSims(registry: SimRegistry): Steps<Sim[]> {
  const writes = registry.writes()
  const updated = writes.filter(({ draft }) => draft.id !== null)
  // SIMs may have passed values to each other, and no two may hold the same one even for a moment.
  for (const { draft } of updated) yield* run(sql.RELEASE_SIM_VALUES, [draft.id])
  for (const { draft } of updated) {
    yield* run(sql.UPDATE_SIM, [...changingColumns(draft), draft.updatedAt, draft.id])
  }
  const ids = yield* insertSims(writes.filter(({ draft }) => draft.id === null))
  const imsis = writes.flatMap(({ draft, newImsis, firstPosition }) => {
    const simId = draft.id ?? ids.get(draft.sid)!
    return newImsis.map((imsi, i) => [imsi, simId, firstPosition + i])
  })
  yield* insert({ table: 'sim_imsi', columns: ['imsi', 'sim_id', 'position'], rows: imsis })
  return registry.sims((sid) => ids.get(sid)!)
}

function* insertSims(writes: readonly SimWrite[]): Steps<ReadonlyMap<Sid, number>> {
  const rows = writes.map(({ draft }) => [
    draft.sid,
    draft.accountId,
    ...changingColumns(draft),
    draft.createdAt,
    draft.updatedAt,
  ])
  const columns = ['sid', 'account_id', ...CHANGING_COLUMNS, 'created_at', 'updated_at']
  const inserted = yield* insert({ table: 'sim', columns, rows, suffix: 'RETURNING id, sid' })
  return new Map(inserted.map((row) => [row.sid as Sid, row.id as number]))
}
