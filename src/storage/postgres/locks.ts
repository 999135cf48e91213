/**
 * What keeps transactions from each other where rows alone do not: PostgreSQL's advisory locks.
 * They end with their transaction.
 */
import type { Session } from './connection.ts'

const KEYS = {
  /** Changing the schema. Held by a session, not by a transaction. */
  migration: 1,
  /** Accounts, SIMs, keys and feeds: changed one after the other, so that ids follow the commits. */
  directory: 2,
  /**
   * Shared by batches, exclusive for what moves the limits batches go by: sealing and purging.
   */
  limits: 3,
  /** Making and dropping partitions. */
  partitions: 4,
  /** The readings of one feed: each depends on its neighbours. */
  readings: 5,
  /** Moving a store in. Held by a session. */
  transfer: 6,
} as const
export type LockName = keyof typeof KEYS

/** Advisory locks are the database's; several schemas in one have locks of their own. */
export function lockKey(name: LockName, schema: string): [number, number] {
  let hash = 0
  for (const character of schema) hash = (hash * 31 + character.codePointAt(0)!) % 0x7fff_fff0
  return [0x53_6d_00_00 + KEYS[name], hash]
}

/** Keeps other batches of readings of the feed out until the transaction ends. */
export async function lockReadings(
  session: Session,
  schema: string,
  feedId: number,
): Promise<void> {
  const key = lockKey('readings', `${schema} ${feedId}`)
  await session.get('SELECT pg_advisory_xact_lock(?, ?)', key)
}

export async function lock(session: Session, name: LockName, schema: string): Promise<void> {
  await session.get('SELECT pg_advisory_xact_lock(?, ?)', lockKey(name, schema))
}

export async function lockShared(session: Session, name: LockName, schema: string): Promise<void> {
  await session.get('SELECT pg_advisory_xact_lock_shared(?, ?)', lockKey(name, schema))
}
