/** What an audit asks of an engine, and what a repair changes through it. */
import type { LoggedAct } from '../acts.ts'
import type { Row } from '../rows.ts'
import type { ChecksummedTable } from './checked-rows.ts'
import type { AuditDifference } from './report.ts'

export type Parameters = Readonly<Record<string, number | string | null>>

/** Parameters are named, as in `:day`. Those that a question does not use are ignored. */
export type Ask = (text: string, parameters?: Parameters) => Promise<Row[]>

/** What an audit needs from an engine. Integers in its rows may be numbers or bigints. */
export interface AuditEngine {
  /** Runs `work` on one state of the store. */
  onOneState<T>(work: (ask: Ask) => Promise<T>): Promise<T>
  /** The tables with checksums, as the schema has them now. */
  tables(): Promise<readonly ChecksummedTable[]>
  /** The sum of the hashes of the table's rows, as an expression. */
  totalOf(table: ChecksummedTable): string
  /** A question for the stored checksums. */
  readonly keptChecksums: string
  /** The prefix of everything that is hashed. */
  checksumKey(): Promise<string>
  /** True if whole months have totals of their own. */
  readonly hasSimMonths: boolean
  /** As in its session. */
  readonly freshSeconds: number
  /** True if rows are distributed over several servers, which only answer questions about one table. */
  readonly isSpread: boolean
  /** What the engine itself finds wrong with its database. */
  checkDatabase(): Promise<AuditDifference[]>
}

/** One write transaction that excludes batches. */
export interface Change {
  readonly ask: Ask
  /**
   * Writes without updating checksums: the checksums themselves, and rows that are made to fit theirs
   * again.
   */
  readonly rewrite: Ask
}

export interface ChangingEngine extends AuditEngine {
  /** Runs `work` in one transaction and logs its outcome. It may run again. */
  change<T>(
    work: (change: Change) => Promise<T>,
    actOf: (result: T) => LoggedAct | null,
  ): Promise<T>
}
