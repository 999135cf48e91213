/**
 * What keeps transactions from each other where rows alone do not: PostgreSQL's advisory locks.
 * They end with their transaction.
 */

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
