/** Changes to the directory; each runs inside a write transaction of the writer thread. */
import type {
  Account,
  ApiKey,
  Feed,
  Sim,
  SimChanges,
  SimRegistration,
} from '../../domain/directory.ts'
import { maskIdentifier, type Sid } from '../../domain/identifiers.ts'
import type { Import } from '../../domain/import.ts'
import { shown, UsageError } from '../../domain/usage-error.ts'
import { ZONES } from '../../domain/usage-event.ts'
import type { RegisterOutcome, UsageStore } from '../usage-store.ts'
import type { Connection } from './connection.ts'
import * as reads from './directory-reads.ts'
import * as sql from './directory-sql.ts'
import { accountFromRow, feedFromRow } from './rows.ts'

export function createAccount(connection: Connection, account: Omit<Account, 'id'>): Account {
  if (reads.findAccount(connection, account.sid) !== null) {
    throw taken('sid', account.sid, 'an account with this SID exists already')
  }
  const row = connection
    .prepare(sql.INSERT_ACCOUNT)
    .get(
      account.sid,
      account.name,
      account.authTokenHash,
      account.home.plmns.join(' '),
      account.home.countries.join(' '),
      account.createdAt,
    )
  return accountFromRow(row!)
}

export function createApiKey(connection: Connection, key: Omit<ApiKey, 'accountSid'>): ApiKey {
  if (reads.findApiKey(connection, key.sid) !== null) {
    throw taken('sid', key.sid, 'a key with this SID exists already')
  }
  connection
    .prepare(sql.INSERT_API_KEY)
    .run(key.sid, key.accountId, key.scope, key.secretHash, key.createdAt, key.revokedAt)
  return reads.findApiKey(connection, key.sid)!
}

export function revokeApiKey(connection: Connection, sid: string, at: number): ApiKey | null {
  connection.prepare(sql.REVOKE_API_KEY).run(at, sid)
  return reads.findApiKey(connection, sid)
}

export function createFeed(connection: Connection, feed: Omit<Feed, 'id'>): Feed {
  if (reads.findFeed(connection, feed.name) !== null) {
    throw taken('feed', feed.name, 'a feed with this name exists already')
  }
  const zone = feed.defaultZone === null ? null : ZONES.indexOf(feed.defaultZone)
  const row = connection
    .prepare(sql.INSERT_FEED)
    .get(
      feed.name,
      feed.format,
      JSON.stringify(feed.settings),
      feed.onConflict,
      zone,
      feed.createdAt,
    )
  return feedFromRow(row!)
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
  connection
    .prepare(sql.FINISH_IMPORT)
    .run(end.status, end.finishedAt, end.checksum, end.error, importId)
  const finished = reads.findImport(connection, importId)
  if (finished === null) throw new UsageError('not_found', `there is no import ${importId}`)
  return finished
}

/** `newSids` holds one for each registration, used where it states none and is new. */
export function registerSims(
  connection: Connection,
  accountId: number,
  registrations: readonly SimRegistration[],
  { at, newSids }: { at: number; newSids: readonly Sid[] },
): RegisterOutcome {
  const counts = { created: 0, updated: 0, unchanged: 0 }
  const sims = registrations.map((registration, index) => {
    const known = findRegistered(connection, accountId, registration)
    if (known === null) {
      counts.created++
      return insertSim(connection, accountId, registration, { at, sid: newSids[index]!, index })
    }
    const updated = updateRegistered(connection, known, registration, { at, index })
    counts[updated ? 'updated' : 'unchanged']++
    return updated ?? known
  })
  return { ...counts, sims }
}

export function createSim(
  connection: Connection,
  accountId: number,
  registration: SimRegistration,
  { at, newSids }: { at: number; newSids: readonly Sid[] },
): Sim {
  return insertSim(connection, accountId, registration, { at, sid: newSids[0]!, index: null })
}

export function updateSim(
  connection: Connection,
  simId: number,
  changes: SimChanges,
  at: number,
): Sim {
  const sim = reads.findSimById(connection, simId)
  if (sim === null) throw new UsageError('not_found', `there is no SIM ${simId}`)
  const { uniqueName, friendlyName, status } = changes
  const changed: Sim = {
    ...sim,
    uniqueName: uniqueName === undefined ? sim.uniqueName : uniqueName || null,
    friendlyName: friendlyName === undefined ? sim.friendlyName : friendlyName || null,
    status: status ?? sim.status,
  }
  refuseTaken(connection, changed, [], sim.id, null)
  return writeSim(connection, sim, changed, at) ?? sim
}

function findRegistered(
  connection: Connection,
  accountId: number,
  { sid, iccid, imsis = [] }: SimRegistration,
): Sim | null {
  const named = [
    ...(sid === undefined ? [] : [holder(connection, 'sid', sid)]),
    ...(iccid === undefined ? [] : [holder(connection, 'iccid', iccid)]),
    ...imsis.map((imsi) => holder(connection, 'imsi', imsi)),
  ]
  for (const id of named) {
    const sim = id === null ? null : reads.findSimById(connection, id)
    if (sim !== null && sim.accountId === accountId) return sim
  }
  return null
}

function insertSim(
  connection: Connection,
  accountId: number,
  registration: SimRegistration,
  { at, sid, index }: { at: number; sid: Sid; index: number | null },
): Sim {
  const { iccid = null, imsis = [], msisdn = null, uniqueName, friendlyName } = registration
  const candidate = {
    sid: registration.sid ?? sid,
    accountId,
    iccid,
    msisdn,
    uniqueName: uniqueName || null,
  }
  refuseTaken(connection, candidate, imsis, null, index)
  const row = connection
    .prepare(sql.INSERT_SIM)
    .get(
      candidate.sid,
      accountId,
      iccid,
      msisdn,
      candidate.uniqueName,
      friendlyName || null,
      registration.status ?? 'active',
      (registration.home?.plmns ?? []).join(' '),
      (registration.home?.countries ?? []).join(' '),
      at,
      at,
    )
  const id = row!.id as number
  for (const imsi of new Set(imsis)) connection.prepare(sql.INSERT_IMSI).run(imsi, id, id)
  return reads.findSimById(connection, id)!
}

/** Null when the registration says nothing new. */
function updateRegistered(
  connection: Connection,
  known: Sim,
  registration: SimRegistration,
  { at, index }: { at: number; index: number },
): Sim | null {
  if (registration.sid !== undefined && registration.sid !== known.sid) {
    throw taken(
      fieldAt(index, 'sid'),
      registration.sid,
      `the SIM with this ICCID or IMSI is registered as ${known.sid}`,
    )
  }
  const changed: Sim = {
    ...known,
    iccid: registration.iccid ?? known.iccid,
    imsis: [...new Set([...known.imsis, ...(registration.imsis ?? [])])],
    msisdn: registration.msisdn ?? known.msisdn,
    uniqueName: registration.uniqueName || known.uniqueName,
    friendlyName: registration.friendlyName || known.friendlyName,
    status: registration.status ?? known.status,
    home: {
      plmns: registration.home?.plmns ?? known.home.plmns,
      countries: registration.home?.countries ?? known.home.countries,
    },
  }
  refuseTaken(connection, changed, changed.imsis, known.id, index)
  return writeSim(connection, known, changed, at)
}

function writeSim(connection: Connection, known: Sim, changed: Sim, at: number): Sim | null {
  if (JSON.stringify(changed) === JSON.stringify(known)) return null
  connection
    .prepare(sql.UPDATE_SIM)
    .run(
      changed.iccid,
      changed.msisdn,
      changed.uniqueName,
      changed.friendlyName,
      changed.status,
      changed.home.plmns.join(' '),
      changed.home.countries.join(' '),
      at,
      known.id,
    )
  for (const imsi of changed.imsis.filter((imsi) => !known.imsis.includes(imsi))) {
    connection.prepare(sql.INSERT_IMSI).run(imsi, known.id, known.id)
  }
  return reads.findSimById(connection, known.id)!
}

/** Throws `conflict` when another SIM than `ownId` holds one of the values. */
function refuseTaken(
  connection: Connection,
  sim: Pick<Sim, 'sid' | 'accountId' | 'iccid' | 'msisdn' | 'uniqueName'>,
  imsis: readonly string[],
  ownId: number | null,
  index: number | null,
): void {
  const held = [
    ['sid', sim.sid],
    ['iccid', sim.iccid],
    ['msisdn', sim.msisdn],
    ['unique_name', sim.uniqueName],
    ...imsis.map((imsi) => ['imsi', imsi] as const),
  ] as const
  for (const [kind, value] of held) {
    if (value === null) continue
    const id = holder(connection, kind, value, sim.accountId)
    if (id !== null && id !== ownId) {
      throw taken(fieldAt(index, kind), value, 'another SIM is registered with it')
    }
  }
}

function holder(
  connection: Connection,
  kind: keyof typeof sql.SIM_ID_HOLDING,
  value: string,
  accountId?: number,
): number | null {
  const values = kind === 'unique_name' ? [value, accountId!] : [value]
  return reads.findOne(connection, sql.SIM_ID_HOLDING[kind], values, (row) => row.id as number)
}

function fieldAt(index: number | null, field: string): string {
  return index === null ? field : `${index}.${field}`
}

/** Numbers that identify a person's SIM are not repeated in messages, which end in logs. */
const MASKED_FIELD = /(^|\.)(iccid|imsi|msisdn)$/

function taken(field: string, value: string, rule: string): UsageError {
  const told = shown(MASKED_FIELD.test(field) ? maskIdentifier(value) : value)
  return new UsageError('conflict', `${field} ${told}: ${rule}`, { field, value })
}
