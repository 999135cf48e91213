/**
 * Checksums of what cannot be recomputed: which rows they are over, and how those of the ledger are
 * chained from month to month. An engine adds up a keyed hash of each row by itself, and changes the
 * sum in the transaction that changes a row, so that rows may come and go in any order. A row that
 * something else has changed no longer fits. `docs/decisions/ledger-checksums.md` says why so.
 */
import { createHash } from 'node:crypto'
import { monthStart } from '../../domain/time.ts'

/** A hash of a row has so many bits: with it, a sum stays an integer that is safe in JavaScript. */
export const HASH_BITS = 52
export const HASH_DIGITS = HASH_BITS / 4
export const TOTAL_END = 2 ** HASH_BITS

/** Every hash of a row begins with it; made of the signing key, so that no other store has it. */
export function checksumKey(signingKey: Uint8Array): string {
  return createHash('sha256').update('checksum').update(signingKey).digest('hex')
}

/**
 * Tables with no checksum: what is recomputed from the ledger instead, the checksums themselves, whose
 * every change shows as a difference to the rows that they are over, and what nothing is counted by.
 */
export const WITHOUT_CHECKSUM: Readonly<Record<string, string>> = {
  account_hour: 'recomputed from the ledger',
  account_day: 'recomputed from the ledger',
  sim_day: 'recomputed from the ledger',
  sim_month: 'recomputed from the ledger',
  checksum: 'compared with the rows it is over',
  console_session: 'nothing of usage, and over within a day',
  console_link: 'nothing of usage, and over within minutes',
}

/** They are under checksum from the day on which somebody has looked over them last. */
export const LEDGER_TABLES = ['ledger', 'ledger_history'] as const

export function isOfLedger(table: string): boolean {
  return (LEDGER_TABLES as readonly string[]).includes(table)
}

/** The setting that says before which bucket rows of the ledger are under checksum. */
export const CHECKSUMMED_THROUGH = 'checksummed_through'

/** The name under which the months of the ledger stand beside the tables. */
export const MONTH_CHAIN = 'month'

/** Rows that share a checksum: the finer, the closer a difference is told, the more there are. */
const PARTS: Readonly<Record<string, PartRule>> = {
  setting: { column: null },
  sim_imsi: { column: 'sim_id' },
  reading: { column: 'sim_id' },
  quarantine: { column: 'id', size: 64 },
  quarantine_delivery: { column: 'import_id' },
  act: { column: 'id', size: 64 },
}

export interface PartRule {
  /** Null where all rows of the table are one part. */
  readonly column: string | null
  /** So many values of the column share a part, whose number is the first of them. */
  readonly size?: number
}

/** `keyColumns` are the integers among the columns of the table's key, in its order. */
export function partOf(table: string, keyColumns: readonly string[]): PartRule {
  if (isOfLedger(table)) return { column: 'bucket' }
  return PARTS[table] ?? { column: keyColumns[0] ?? null }
}

/** As an expression over a row, which `prefix` names, as in `NEW.`. */
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

/** What the chain says at each of the months, which come in their order and from the first on. */
export function headsOf(key: string, months: readonly Month[]): string[] {
  let head = ''
  return months.map(({ month, rowCount, total }) => {
    const link = `${key} ${head} ${month} ${rowCount} ${total}`
    head = createHash('sha256').update(link).digest('hex')
    return head
  })
}

/** True for a month that retention has begun to take: its checksum stays as it was before. */
export function isFrozen(month: number, purgedThrough: number): boolean {
  return monthStart(month) < purgedThrough
}
