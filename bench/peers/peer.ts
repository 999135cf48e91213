/** What every contender can do with its own store. */
import type { Answer, Fleet, Question } from '../workload.ts'

export interface Peer {
  /**
   * Makes the store with its SIMs and networks. This is the setup before the first delivery, and is not
   * timed.
   */
  prepare(fleet: Fleet): Promise<void>
  /** Counts each record of the file once, however often it occurs. Resolves when everything is on disk. */
  load(csv: string): Promise<void>
  /** Prepares to ask the store questions. */
  open(): Promise<Asking>
}

export interface Asking {
  /** Rows in any order. */
  answer(question: Question): Promise<Answer>
  /** How many records count. */
  records(): Promise<number>
  close(): Promise<void>
}

/** A contender's answers to all questions. */
export interface Answered {
  readonly records: number
  readonly answers: readonly Answer[]
  /** One for each question, in order. */
  readonly microseconds: readonly number[]
}

/** The columns of a delivery, for engines that read CSV by themselves. */
export { CANONICAL_FIELDS as CSV_COLUMNS } from '../../src/ingest/formats/canonical-record.ts'

/** Records per transaction, for peers that divide a file. */
export const BATCH_RECORDS = 50_000
