/** What an audit asks of an engine, and what a repair changes through it. */
import type { LoggedAct } from '../acts.ts'
import type { Row } from '../rows.ts'
import type { ChecksummedTable } from './checked-rows.ts'
import type { AuditDifference } from './report.ts'

export type Parameters = Readonly<Record<string, number | string | null>>

/** Parameters are named, as in `:day`; those that a question does not name are passed over. */
export type Ask = (text: string, parameters?: Parameters) => Promise<Row[]>

/** What an audit asks of an engine. Integers of its rows may be numbers or bigints. */
export interface AuditEngine {
  /** Runs `work` on one state of the store. */
  onOneState<T>(work: (ask: Ask) => Promise<T>): Promise<T>
  /** The tables with checksums, as the schema has them now. */
  tables(): Promise<readonly ChecksummedTable[]>
  /** What the hashes of the table's rows come to, as an expression. */
  totalOf(table: ChecksummedTable): string
  /** The checksums that are kept, as a question. */
  readonly keptChecksums: string
  /** What every hash begins with. */
  checksumKey(): Promise<string>
  /** True where whole months have totals of their own. */
  readonly hasSimMonths: boolean
  /** As of its session. */
  readonly freshSeconds: number
  /** True where rows lie on several servers, which answer only questions of one table. */
  readonly isSpread: boolean
  /** What the engine itself finds wrong with its database. */
  checkDatabase(): Promise<AuditDifference[]>
}

/** One write transaction that keeps batches out. */
export interface Change {
  readonly ask: Ask
  /** Writes with no checksum told of it: checksums themselves, and rows that shall fit theirs again. */
  readonly rewrite: Ask
}

export interface ChangingEngine extends AuditEngine {
  /** Runs `work` in one transaction, with what it comes to in the log. It may run again. */
  change<T>(
    work: (change: Change) => Promise<T>,
    actOf: (result: T) => LoggedAct | null,
  ): Promise<T>
}
