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
  simFromRow,
} from '../rows.ts'
import {
  changingColumns,
  feedNameTaken,
  SimRegistry,
  type SimWrite,
  taken,
  valuesNamedBy,
} from '../sim-registry.ts'
import { undoneWhileRunning } from '../undo.ts'
import type { RegisterOutcome, UsageStore } from '../usage-store.ts'
import { columnsOf, type Session } from './connection.ts'
import * as reads from './directory-reads.ts'
import { addToProgress } from './feed-progress.ts'

export async function createAccount(session: Session, account: NewAccount): Promise<Account> {
  if ((await reads.findAccount(session, account.sid)) !== null) {
    throw taken('sid', account.sid, 'an account with this SID exists already')
  }
  const row = await session.get(sql.INSERT_ACCOUNT, newAccountToRow(account))
  return accountFromRow(row!)
}

export async function updateAccount(
  session: Session,
  accountId: number,
  changes: AccountChanges,
): Promise<Account> {
  const account = await accountById(session, accountId)
  const row = await session.get(sql.UPDATE_ACCOUNT, [...changedAccountToRow(account, changes)])
  return accountFromRow(row!)
}

export async function rotateAuthToken(
  session: Session,
  accountId: number,
  { hash, previousUntil }: { hash: string; previousUntil: number },
): Promise<Account> {
  const { id } = await accountById(session, accountId)
  const row = await session.get(sql.ROTATE_AUTH_TOKEN, [hash, previousUntil, id])
  return accountFromRow(row!)
}

export async function endPreviousToken(session: Session, accountId: number): Promise<Account> {
  const { id } = await accountById(session, accountId)
  return accountFromRow((await session.get(sql.END_PREVIOUS_TOKEN, [id]))!)
}

export async function noteKeyUses(session: Session, uses: readonly KeyUse[]): Promise<void> {
  for (const { sid, at } of uses) await session.run(sql.NOTE_KEY_USE, [at, sid])
}

export async function noteRestarts(
  session: Session,
  importId: number,
  restarts: readonly Restart[],
): Promise<void> {
  await session.run(NOTE_RESTARTS, [restartsToText(restarts), importId])
}

export async function noteDropFolder(session: Session, state: DropFolderState): Promise<void> {
  await session.run(sql.UPSERT_DROP_FOLDER, [...dropFolderToRow(state)])
  await session.run(sql.FORGET_DROP_FOLDERS, [state.seenAt - FOLDER_FORGOTTEN_SECONDS])
}

export async function createApiKey(session: Session, key: NewApiKey): Promise<ApiKey> {
  if ((await reads.findApiKey(session, key.sid)) !== null) {
    throw taken('sid', key.sid, 'a key with this SID exists already')
  }
  await session.run(sql.INSERT_API_KEY, [...newApiKeyToRow(key)])
  return (await reads.findApiKey(session, key.sid))!
}

export async function revokeApiKey(
  session: Session,
  sid: string,
  at: number,
): Promise<ApiKey | null> {
  await session.run(sql.REVOKE_API_KEY, [at, sid])
  return reads.findApiKey(session, sid)
}

export async function createFeed(session: Session, feed: NewFeed): Promise<Feed> {
  if ((await reads.findFeed(session, feed.name)) !== null) {
    throw feedNameTaken(feed.name)
  }
  await session.run(sql.INSERT_FEED, newFeedToRow(feed))
  return (await reads.findFeed(session, feed.name))!
}

export async function beginImport(
  session: Session,
  start: Parameters<UsageStore['beginImport']>[0],
): Promise<Import> {
  const { feedId, accountId, source, format, startedAt } = start
  const row = await session.get(sql.INSERT_IMPORT, [feedId, accountId, source, format, startedAt])
  return (await reads.findImport(session, row!.id as number))!
}

export async function finishImport(
  session: Session,
  importId: number,
  end: Parameters<UsageStore['finishImport']>[1],
): Promise<Import> {
  const changed = await session.run(sql.FINISH_IMPORT, [...importEndToRow(end), importId])
  const finished = await reads.findImport(session, importId)
  if (changed === 0 || finished === null) throw undoneWhileRunning(finished, importId)
  if (finished.status === 'done') await addToProgress(session, finished)
  return finished
}

/** `newSids` holds one for each registration, used where it states none and is new. */
export async function registerSims(
  session: Session,
  accountId: number,
  registrations: readonly SimRegistration[],
  { at, newSids }: { at: number; newSids: readonly Sid[] },
): Promise<RegisterOutcome> {
  const owner = await accountById(session, accountId)
  const registry = new SimRegistry(await simsNamedBy(session, accountId, registrations))
  const counts = { created: 0, updated: 0, unchanged: 0 }
  registrations.forEach((registration, index) => {
    counts[registry.register(owner, registration, { at, sid: newSids[index]!, index })]++
  })
  return { ...counts, sims: await writeSims(session, registry) }
}

export async function createSim(
  session: Session,
  accountId: number,
  registration: SimRegistration,
  { at, newSid }: { at: number; newSid: Sid },
): Promise<Sim> {
  const owner = await accountById(session, accountId)
  const named = [{ sid: newSid, ...registration }]
  const registry = new SimRegistry(await simsNamedBy(session, accountId, named))
  registry.create(owner, registration, { at, sid: newSid, index: null })
  return (await writeSims(session, registry))[0]!
}

export async function updateSim(
  session: Session,
  simId: number,
  changes: SimChanges,
  at: number,
): Promise<Sim> {
  const sim = await reads.findSimById(session, simId)
  if (sim === null) throw new UsageError('not_found', `there is no SIM ${simId}`)
  const { uniqueName } = changes
  const named = { sid: sim.sid, ...(uniqueName === undefined ? {} : { uniqueName }) }
  const registry = new SimRegistry(await simsNamedBy(session, sim.accountId, [named]))
  registry.change(sim, changes, at)
  return (await writeSims(session, registry))[0]!
}

async function accountById(session: Session, accountId: number): Promise<Account> {
  const account = await reads.findAccountById(session, accountId)
  if (account === null) throw new UsageError('not_found', `there is no account ${accountId}`)
  return account
}

/** A UNION, because PostgreSQL answers each part by its index; an OR of them reads every SIM. */
const SELECT_SIMS_HOLDING = `
  SELECT ${sql.SIM_COLUMNS}
  WHERE sim.id IN (
    SELECT id FROM sim WHERE sid = ANY (?1)
    UNION SELECT id FROM sim WHERE iccid = ANY (?2)
    UNION SELECT id FROM sim WHERE msisdn = ANY (?3)
    UNION SELECT id FROM sim WHERE account_id = ?4 AND unique_name = ANY (?5)
    UNION SELECT sim_id FROM sim_imsi WHERE imsi = ANY (?6))`

async function simsNamedBy(
  session: Session,
  accountId: number,
  registrations: readonly SimRegistration[],
): Promise<Sim[]> {
  const { sids, iccids, msisdns, uniqueNames, imsis } = valuesNamedBy(registrations)
  const values = [sids, iccids, msisdns, accountId, uniqueNames, imsis]
  return (await session.all(SELECT_SIMS_HOLDING, values)).map(simFromRow)
}

const INSERT_SIMS = `
  INSERT INTO sim (sid, account_id, iccid, msisdn, unique_name, friendly_name, status,
                   home_plmns, home_countries, callbacks, created_at, updated_at)
  SELECT sid, account_id, iccid, msisdn, unique_name, friendly_name, status,
         home_plmns, home_countries, callbacks, created_at, updated_at
  FROM unnest(?1::text[], ?2::bigint[], ?3::text[], ?4::text[], ?5::text[], ?6::text[], ?7::text[],
              ?8::text[], ?9::text[], ?10::text[], ?11::bigint[], ?12::bigint[])
    WITH ORDINALITY AS added (sid, account_id, iccid, msisdn, unique_name, friendly_name, status,
                              home_plmns, home_countries, callbacks, created_at, updated_at,
                              position)
  ORDER BY position
  RETURNING id, sid`

const INSERT_IMSIS = `
  INSERT INTO sim_imsi (imsi, sim_id, position)
  SELECT * FROM unnest(?1::text[], ?2::bigint[], ?3::integer[])`

async function writeSims(session: Session, registry: SimRegistry): Promise<Sim[]> {
  const writes = registry.writes()
  const updated = writes.filter(({ draft }) => draft.id !== null)
  // SIMs may have passed values on to each other, and no two may hold one even for a moment.
  for (const { draft } of updated) await session.run(sql.RELEASE_SIM_VALUES, [draft.id])
  for (const { draft } of updated) {
    await session.run(sql.UPDATE_SIM, [...changingColumns(draft), draft.updatedAt, draft.id])
  }
  const ids = await insertSims(
    session,
    writes.filter(({ draft }) => draft.id === null),
  )
  const imsis = writes.flatMap(({ draft, newImsis, firstPosition }) => {
    const simId = draft.id ?? ids.get(draft.sid)!
    return newImsis.map((imsi, i) => [imsi, simId, firstPosition + i] as const)
  })
  if (imsis.length > 0) {
    await session.run(INSERT_IMSIS, columnsOf(imsis))
  }
  return registry.sims((sid) => ids.get(sid)!)
}

async function insertSims(
  session: Session,
  writes: readonly SimWrite[],
): Promise<ReadonlyMap<Sid, number>> {
  if (writes.length === 0) return new Map()
  const rows = writes.map(({ draft }) => [
    draft.sid,
    draft.accountId,
    ...changingColumns(draft),
    draft.createdAt,
    draft.updatedAt,
  ])
  const inserted = await session.all(INSERT_SIMS, columnsOf(rows))
  return new Map(inserted.map((row) => [row.sid as Sid, row.id as number]))
}
