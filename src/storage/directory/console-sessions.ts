/** Console sessions and the links that begin them: their part of the port, SQL and steps. */
import type { ConsoleLink, ConsoleSession } from '../../domain/console-session.ts'
import type { Sid } from '../../domain/identifiers.ts'
import type { Row } from '../rows.ts'
import { findOne, run, type Steps } from '../session.ts'

/** As `UsageStore`. Secrets are kept as hashes only. */
export interface ConsoleStore {
  /**
   * Ends the session with the hash `replaced`, and the oldest ones of the same credential, so that at
   * most `sessionsMax` remain.
   */
  beginConsoleSession(
    session: ConsoleSession,
    options: { readonly replaced: string | null; readonly sessionsMax: number },
  ): Promise<void>
  /** Also finds one that has expired; null if there is none. */
  findConsoleSession(tokenHash: string): Promise<ConsoleSession | null>
  /** An instant before the present one changes nothing, nor does a session that does not exist. */
  extendConsoleSession(tokenHash: string, idleUntil: number): Promise<void>
  /** Returns whether there was one. */
  endConsoleSession(tokenHash: string): Promise<boolean>
  /** Logged, because whoever opens the link may do what its credential may. */
  addConsoleLink(link: ConsoleLink): Promise<void>
  /**
   * Takes a link and returns it, to only one of any number of callers; null if there is none, or if it
   * has expired at `now`.
   */
  takeConsoleLink(codeHash: string, now: number): Promise<ConsoleLink | null>
  /** Deletes sessions and links that have expired at `now`; returns how many there were. */
  forgetConsoleSessions(now: number): Promise<number>
}

const INSERT_SESSION = `
  INSERT INTO console_session (token_hash, credential_sid, secret_hash, created_at, idle_until,
                               expires_at)
  VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (token_hash) DO NOTHING`
const SELECT_SESSION = 'SELECT * FROM console_session WHERE token_hash = ?'
const EXTEND_SESSION = `
  UPDATE console_session SET idle_until = ?1 WHERE token_hash = ?2 AND idle_until < ?1`
const DELETE_SESSION = 'DELETE FROM console_session WHERE token_hash = ?'
/** Parameters: the credential, how many of its newest sessions stay. */
const DELETE_OLDEST_SESSIONS = `
  DELETE FROM console_session
  WHERE credential_sid = ?1
    AND token_hash NOT IN (SELECT token_hash FROM console_session
                           WHERE credential_sid = ?1
                           ORDER BY created_at DESC, token_hash
                           LIMIT ?2)`
const FORGET_SESSIONS = 'DELETE FROM console_session WHERE expires_at <= ?1 OR idle_until <= ?1'

const INSERT_LINK = `
  INSERT INTO console_link (code_hash, credential_sid, secret_hash, expires_at)
  VALUES (?, ?, ?, ?)
  ON CONFLICT (code_hash) DO NOTHING`
const TAKE_LINK = 'DELETE FROM console_link WHERE code_hash = ? RETURNING *'
const FORGET_LINKS = 'DELETE FROM console_link WHERE expires_at <= ?'

/** Emptied when a copy replaces a store, because nobody has signed in to the copy. */
export const CONSOLE_TABLES = ['console_session', 'console_link'] as const

export function* beginConsoleSession(
  session: ConsoleSession,
  { replaced, sessionsMax }: Parameters<ConsoleStore['beginConsoleSession']>[1],
): Steps<void> {
  const { tokenHash, credentialSid, secretHash, createdAt, idleUntil, expiresAt } = session
  if (replaced !== null) yield* run(DELETE_SESSION, [replaced])
  yield* run(DELETE_OLDEST_SESSIONS, [credentialSid, sessionsMax - 1])
  yield* run(INSERT_SESSION, [
    ...[tokenHash, credentialSid, secretHash],
    ...[createdAt, idleUntil, expiresAt],
  ])
}

export function findConsoleSession(tokenHash: string): Steps<ConsoleSession | null> {
  return findOne(SELECT_SESSION, [tokenHash], sessionFromRow)
}

export function* extendConsoleSession(tokenHash: string, idleUntil: number): Steps<void> {
  yield* run(EXTEND_SESSION, [idleUntil, tokenHash])
}

export function* endConsoleSession(tokenHash: string): Steps<boolean> {
  return (yield* run(DELETE_SESSION, [tokenHash])) > 0
}

export function* addConsoleLink(link: ConsoleLink): Steps<void> {
  const { codeHash, credentialSid, secretHash, expiresAt } = link
  yield* run(INSERT_LINK, [codeHash, credentialSid, secretHash, expiresAt])
}

export function* takeConsoleLink(codeHash: string, now: number): Steps<ConsoleLink | null> {
  const link = yield* findOne(TAKE_LINK, [codeHash], linkFromRow)
  return link === null || now >= link.expiresAt ? null : link
}

export function* forgetConsoleSessions(now: number): Steps<number> {
  return (yield* run(FORGET_SESSIONS, [now])) + (yield* run(FORGET_LINKS, [now]))
}

function sessionFromRow(row: Row): ConsoleSession {
  return {
    ...credentialFromRow(row),
    tokenHash: row.token_hash as string,
    createdAt: row.created_at as number,
    idleUntil: row.idle_until as number,
    expiresAt: row.expires_at as number,
  }
}

function linkFromRow(row: Row): ConsoleLink {
  return {
    ...credentialFromRow(row),
    codeHash: row.code_hash as string,
    expiresAt: row.expires_at as number,
  }
}

function credentialFromRow(row: Row) {
  return { credentialSid: row.credential_sid as Sid, secretHash: row.secret_hash as string }
}
