/**
 * Checksums of what cannot be recomputed: which rows they cover, and how those of the ledger are chained
 * from month to month. An engine sums a keyed hash of each row by itself, and changes the sum in the
 * transaction that changes a row, so rows may come and go in any order. A row changed by anything else no
 * longer fits. `docs/decisions/ledger-checksums.md` gives the reasons.
 */
import { createHash } from 'node:crypto'
import { monthStart } from '../../domain/time.ts'

/** The bits of a row's hash, few enough for a sum to stay a safe integer in JavaScript. */
export const HASH_BITS = 52
export const HASH_DIGITS = HASH_BITS / 4
export const TOTAL_END = 2 ** HASH_BITS

/**
 * The prefix of everything that is hashed. It is made from the signing key, so no other store has the
 * same.
 */
export function checksumKey(signingKey: Uint8Array): string {
  return createHash('sha256').update('checksum').update(signingKey).digest('hex')
}

/**
 * Tables without a checksum: those recomputed from the ledger instead, the checksums themselves, whose
 * changes show as differences to the rows they cover, and those by which nothing is counted.
 */
export const WITHOUT_CHECKSUM: Readonly<Record<string, string>> = {
  account_hour: 'recomputed from the ledger',
  account_day: 'recomputed from the ledger',
  sim_day: 'recomputed from the ledger',
  sim_month: 'recomputed from the ledger',
  checksum: 'compared with the rows it covers',
  console_session: 'holds no usage, and expires within a day',
  console_link: 'holds no usage, and expires within minutes',
}

/** Covered by checksums up to a limit; see `checksum-limit.ts`. */
export const LEDGER_TABLES = ['ledger', 'ledger_history'] as const

export function isOfLedger(table: string): boolean {
  return (LEDGER_TABLES as readonly string[]).includes(table)
}

/** The name for the ledger's months among the names of tables. */
export const MONTH_CHAIN = 'month'

/**
 * Rows that share a checksum. Finer parts locate a difference more closely, but there are more of them.
 */
const PARTS: Readonly<Record<string, PartRule>> = {
  setting: { column: null },
  sim_imsi: { column: 'sim_id' },
  reading: { column: 'sim_id' },
  quarantine: { column: 'id', size: 64 },
  quarantine_delivery: { column: 'import_id' },
  act: { column: 'id', size: 64 },
}

export interface PartRule {
  /** Null if all rows of the table are one part. */
  readonly column: string | null
  /** How many values of the column share a part, whose number is the first of them. */
  readonly size?: number
}

/** `keyColumns` are the integer columns of the table's key, in key order. */
export function partOf(table: string, keyColumns: readonly string[]): PartRule {
  if (isOfLedger(table)) return { column: 'bucket' }
  return PARTS[table] ?? { column: keyColumns[0] ?? null }
}

/** As an expression over a row with the given `prefix`, such as `NEW.`. */
export function partExpression({ column, size }: PartRule, prefix = ''): string {
  if (column === null) return '0'
  const value = `${prefix}${column}`
  return size === undefined ? value : `${value} - ${value} % ${size}`
}

export function addTotals(total: number, change: number): number {
  return (((total + change) % TOTAL_END) + TOTAL_END) % TOTAL_END
}

export interface Month {
  readonly month: number
  readonly rowCount: number
  readonly total: number
}

/** What the chain says at each of the months, which come in order, beginning with the first. */
export function headsOf(key: string, months: readonly Month[]): string[] {
  let head = ''
  return months.map(({ month, rowCount, total }) => {
    const link = `${key} ${head} ${month} ${rowCount} ${total}`
    head = createHash('sha256').update(link).digest('hex')
    return head
  })
}

/** True for a month that retention has begun to delete; its checksum stays as it was before. */
export function isFrozen(month: number, purgedThrough: number): boolean {
  return monthStart(month) < purgedThrough
}
