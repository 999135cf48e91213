/** Changes to the directory; each runs inside a write transaction of the writer thread. */
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
import type { Restart } from '../../domain/restart.ts'
import { UsageError } from '../../domain/usage-error.ts'
import * as sql from '../directory-sql.ts'
import { newFeedToRow } from '../feed-rows.ts'
import { NOTE_RESTARTS, restartsToText } from '../restarts.ts'
import {
  accountFromRow,
  changedAccountToRow,
  dropFolderToRow,
  importEndToRow,
  newAccountToRow,
  newApiKeyToRow,
} from '../rows.ts'
import {
  changingColumns,
  feedNameTaken,
  type SimDraft,
  SimRegistry,
  taken,
  valuesNamedBy,
} from '../sim-registry.ts'
import { undoneWhileRunning } from '../undo.ts'
import type { RegisterOutcome, UsageStore } from '../usage-store.ts'
import type { Connection } from './connection.ts'
import * as reads from './directory-reads.ts'
import { addToProgress } from './feed-progress.ts'

export function createAccount(connection: Connection, account: NewAccount): Account {
  if (reads.findAccount(connection, account.sid) !== null) {
    throw taken('sid', account.sid, 'an account with this SID exists already')
  }
  const row = connection.prepare(sql.INSERT_ACCOUNT).get(...newAccountToRow(account))
  return accountFromRow(row!)
}

export function updateAccount(
  connection: Connection,
  accountId: number,
  changes: AccountChanges,
): Account {
  const account = accountById(connection, accountId)
  const row = connection.prepare(sql.UPDATE_ACCOUNT).get(...changedAccountToRow(account, changes))
  return accountFromRow(row!)
}

export function rotateAuthToken(
  connection: Connection,
  accountId: number,
  { hash, previousUntil }: { hash: string; previousUntil: number },
): Account {
  const { id } = accountById(connection, accountId)
  return accountFromRow(connection.prepare(sql.ROTATE_AUTH_TOKEN).get(hash, previousUntil, id)!)
}

export function endPreviousToken(connection: Connection, accountId: number): Account {
  const { id } = accountById(connection, accountId)
  return accountFromRow(connection.prepare(sql.END_PREVIOUS_TOKEN).get(id)!)
}

export function noteKeyUses(connection: Connection, uses: readonly KeyUse[]): void {
  for (const { sid, at } of uses) connection.prepare(sql.NOTE_KEY_USE).run(at, sid)
}

export function noteRestarts(
  connection: Connection,
  importId: number,
  restarts: readonly Restart[],
): void {
  connection.prepare(NOTE_RESTARTS).run(restartsToText(restarts), importId)
}

export function noteDropFolder(connection: Connection, state: DropFolderState): void {
  connection.prepare(sql.UPSERT_DROP_FOLDER).run(...dropFolderToRow(state))
  connection.prepare(sql.FORGET_DROP_FOLDERS).run(state.seenAt - FOLDER_FORGOTTEN_SECONDS)
}

export function createApiKey(connection: Connection, key: NewApiKey): ApiKey {
  if (reads.findApiKey(connection, key.sid) !== null) {
    throw taken('sid', key.sid, 'a key with this SID exists already')
  }
  connection.prepare(sql.INSERT_API_KEY).run(...newApiKeyToRow(key))
  return reads.findApiKey(connection, key.sid)!
}

export function revokeApiKey(connection: Connection, sid: string, at: number): ApiKey | null {
  connection.prepare(sql.REVOKE_API_KEY).run(at, sid)
  return reads.findApiKey(connection, sid)
}

export function createFeed(connection: Connection, feed: NewFeed): Feed {
  if (reads.findFeed(connection, feed.name) !== null) {
    throw feedNameTaken(feed.name)
  }
  connection.prepare(sql.INSERT_FEED).run(...newFeedToRow(feed))
  return reads.findFeed(connection, feed.name)!
}

export function beginImport(
  connection: Connection,
  start: Parameters<UsageStore['beginImport']>[0],
): Import {
  const row = connection
    .prepare(sql.INSERT_IMPORT)
    .get(start.feedId, start.accountId, start.source, start.format, start.startedAt)
  return reads.findImport(connection, row!.id as number)!
}

export function finishImport(
  connection: Connection,
  importId: number,
  end: Parameters<UsageStore['finishImport']>[1],
): Import {
  const { changes } = connection.prepare(sql.FINISH_IMPORT).run(...importEndToRow(end), importId)
  const finished = reads.findImport(connection, importId)
  if (changes === 0 || finished === null) throw undoneWhileRunning(finished, importId)
  if (finished.status === 'done') addToProgress(connection, finished)
  return finished
}

/** `newSids` holds one for each registration, used where it states none and is new. */
export function registerSims(
  connection: Connection,
  accountId: number,
  registrations: readonly SimRegistration[],
  { at, newSids }: { at: number; newSids: readonly Sid[] },
): RegisterOutcome {
  const owner = accountById(connection, accountId)
  const registry = new SimRegistry(simsNamedBy(connection, accountId, registrations))
  const counts = { created: 0, updated: 0, unchanged: 0 }
  registrations.forEach((registration, index) => {
    counts[registry.register(owner, registration, { at, sid: newSids[index]!, index })]++
  })
  return { ...counts, sims: writeSims(connection, registry) }
}

export function createSim(
  connection: Connection,
  accountId: number,
  registration: SimRegistration,
  { at, newSids }: { at: number; newSids: readonly Sid[] },
): Sim {
  const owner = accountById(connection, accountId)
  const named = newSids.map((sid) => ({ sid, ...registration }))
  const registry = new SimRegistry(simsNamedBy(connection, accountId, named))
  registry.create(owner, registration, { at, sid: newSids[0]!, index: null })
  return writeSims(connection, registry)[0]!
}

export function updateSim(
  connection: Connection,
  simId: number,
  changes: SimChanges,
  at: number,
): Sim {
  const sim = reads.findSimById(connection, simId)
  if (sim === null) throw new UsageError('not_found', `there is no SIM ${simId}`)
  const { sid, accountId } = sim
  const { uniqueName } = changes
  const named = { sid, ...(uniqueName === undefined ? {} : { uniqueName }) }
  const registry = new SimRegistry(simsNamedBy(connection, accountId, [named]))
  registry.change(sim, changes, at)
  return writeSims(connection, registry)[0]!
}

function accountById(connection: Connection, accountId: number): Account {
  const account = reads.findAccountById(connection, accountId)
  if (account === null) throw new UsageError('not_found', `there is no account ${accountId}`)
  return account
}

function simsNamedBy(
  connection: Connection,
  accountId: number,
  registrations: readonly SimRegistration[],
): Sim[] {
  const named = valuesNamedBy(registrations)
  const ids = new Set<number>()
  const add = (kind: keyof typeof sql.SIM_ID_HOLDING, values: readonly string[]) => {
    for (const value of values) {
      const parameters = kind === 'unique_name' ? [value, accountId] : [value]
      const row = connection.prepare(sql.SIM_ID_HOLDING[kind]).get(...parameters)
      if (row !== undefined) ids.add(row.id as number)
    }
  }
  add('sid', named.sids)
  add('iccid', named.iccids)
  add('imsi', named.imsis)
  add('msisdn', named.msisdns)
  add('unique_name', named.uniqueNames)
  return [...ids].map((id) => reads.findSimById(connection, id)!)
}

function writeSims(connection: Connection, registry: SimRegistry): Sim[] {
  const writes = registry.writes()
  // SIMs may have passed values on to each other, and no two may hold one even for a moment.
  for (const { draft } of writes) {
    if (draft.id !== null) connection.prepare(sql.RELEASE_SIM_VALUES).run(draft.id)
  }
  const ids = new Map<Sid, number>()
  for (const { draft, newImsis, firstPosition } of writes) {
    const id = draft.id ?? insertSim(connection, draft)
    if (draft.id !== null) {
      connection.prepare(sql.UPDATE_SIM).run(...changingColumns(draft), draft.updatedAt, id)
    }
    ids.set(draft.sid, id)
    newImsis.forEach((imsi, i) => {
      connection.prepare(sql.INSERT_IMSI).run(imsi, id, firstPosition + i)
    })
  }
  return registry.sims((sid) => ids.get(sid)!)
}

function insertSim(connection: Connection, draft: SimDraft): number {
  const { sid, accountId, createdAt, updatedAt } = draft
  const row = connection
    .prepare(sql.INSERT_SIM)
    .get(sid, accountId, ...changingColumns(draft), createdAt, updatedAt)
  return row!.id as number
}
