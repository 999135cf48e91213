/** What every contender can do with a store of its own. */
import type { Answer, Fleet, Question } from '../workload.ts'

export interface Peer {
  /** Makes the store, with its SIMs and networks: the machinery before the first delivery, not timed. */
  prepare(fleet: Fleet): Promise<void>
  /** Counts each record of the file once, however often it comes. Resolves when all of it is on disk. */
  load(csv: string): Promise<void>
  /** Asks the store; the function that it resolves to answers one question. */
  open(): Promise<Asking>
}

export interface Asking {
  /** Rows in any order. */
  answer(question: Question): Promise<Answer>
  /** How many records count. */
  records(): Promise<number>
  close(): Promise<void>
}

/** What a contender has said to all questions. */
export interface Answered {
  readonly records: number
  readonly answers: readonly Answer[]
  /** One for each question, in its order. */
  readonly microseconds: readonly number[]
}

/** The columns of a delivery, as engines that read CSV by themselves are told of them. */
export { CANONICAL_FIELDS as CSV_COLUMNS } from '../../src/ingest/formats/canonical-record.ts'

/** Records in a transaction, where a peer divides a file at all. */
export const BATCH_RECORDS = 50_000
