/**
 * Keeps transactions apart where row locks are not enough: PostgreSQL's advisory locks. They end with
 * their transaction.
 */

const KEYS = {
  /** Changing the schema. Held by a session, not by a transaction. */
  migration: 1,
  /** Accounts, SIMs, keys and feeds change one after another, so that ids follow the commits. */
  directory: 2,
  /** Shared by batches. Exclusive for what moves the limits that batches go by: sealing and purging. */
  limits: 3,
  /** Creating and dropping partitions. */
  partitions: 4,
  /** The readings of one feed, each of which depends on its neighbours. */
  readings: 5,
  /** Moving a store in. Held by a session. */
  transfer: 6,
} as const
export type LockName = keyof typeof KEYS

/** Advisory locks belong to the database; several schemas in one have separate locks. */
export function lockKey(name: LockName, schema: string): [number, number] {
  let hash = 0
  for (const character of schema) hash = (hash * 31 + character.codePointAt(0)!) % 0x7fff_fff0
  return [0x53_6d_00_00 + KEYS[name], hash]
}
