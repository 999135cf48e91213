/**
 * What the writer thread can do, by name. Each entry runs in one transaction unless it says otherwise.
 */
import type { MemberPage, UsageQuestion } from '../../domain/usage-question.ts'
import { actsOf, type LoggedAct, logAct } from '../acts.ts'
import { eraseNumber, eraseSim } from '../directory/erase.ts'
import { eraseAccount } from '../directory/erase-account.ts'
import { moveSim } from '../directory/moves.ts'
import { insertImport } from '../directory/writes.ts'
import { gatherOrSeal } from '../ledger/gathering.ts'
import { reclassify } from '../ledger/reclassify.ts'
import { discardQuarantine } from '../ledger/recycle.ts'
import { tryUndo, undoImport } from '../ledger/undo.ts'
import { CHANGES, NOTES } from '../operations.ts'
import { answerUsage } from '../questions/question.ts'
import type { Result, Operations as Shared, Steps } from '../session.ts'
import { append, type PackedBatch, type PackedDelivery } from './append.ts'
import { auditOperations } from './audit.ts'
import type { Connection, WriteOptions } from './connection.ts'
import { recycle } from './recycle.ts'
import { appendToTrial, beginTrial, changesOfTrial, endTrial } from './trial.ts'
import * as upkeep from './upkeep.ts'

type Rest<F> = F extends (connection: Connection, ...rest: infer R) => unknown ? R : never

/** Each in one write transaction, with its outcome logged. */
function logged<F extends (connection: Connection, ...rest: never[]) => unknown>(
  operation: F,
  actOf: (result: ReturnType<F>, ...rest: Rest<F>) => LoggedAct | null,
) {
  return (connection: Connection, ...rest: Rest<F>): ReturnType<F> =>
    connection.write(() => {
      const result = operation(connection, ...(rest as never[])) as ReturnType<F>
      connection.take(logAct(actOf(result, ...rest)))
      return result
    })
}

/** For frequent operations that watch their own changes of the ledger, or do not touch it. */
function besideLedger<F extends (connection: Connection, ...rest: never[]) => unknown>(
  operation: F,
  { sparesOthers = true }: Pick<WriteOptions, 'sparesOthers'> = {},
) {
  return (connection: Connection, ...rest: Rest<F>): ReturnType<F> =>
    connection.write(() => operation(connection, ...(rest as never[])) as ReturnType<F>, {
      ...{ watchesLedger: false, sparesOthers },
    })
}

/** For the most frequent of them, which hardly ever fail. */
function delivering<F extends (connection: Connection, ...rest: never[]) => unknown>(operation: F) {
  return besideLedger(operation, { sparesOthers: false })
}

type Taken<Of extends Shared> = {
  [N in keyof Of]: (connection: Connection, ...given: Parameters<Of[N]>) => Result<Of[N]>
}

function taken<Given extends unknown[], T>(operation: (...given: Given) => Steps<T>) {
  return (connection: Connection, ...given: Given): T => connection.take(operation(...given))
}

/** In one write transaction; they log their outcome themselves. */
function writing<Given extends unknown[], T>(operation: (...given: Given) => Steps<T>) {
  return (connection: Connection, ...given: Given): T =>
    connection.write(() => connection.take(operation(...given)))
}

/** Reports what it would do, on a thread of its own like heavy questions. */
function planning<Given extends unknown[], T>(operation: (...given: Given) => Steps<T>) {
  return (connection: Connection, ...given: Given): T =>
    connection.read(() => connection.take(operation(...given)))
}

/** Steps that do not touch the ledger. */
function takenBesideLedger<Of extends Shared>(operations: Of): Taken<Of> {
  const entries = Object.entries(operations)
  return Object.fromEntries(
    entries.map(([name, operation]) => [name, besideLedger(taken(operation))]),
  ) as unknown as Taken<Of>
}

export const OPERATIONS = {
  ...takenBesideLedger(CHANGES),
  ...takenBesideLedger(NOTES),
  append: delivering((connection, batch: PackedBatch) => {
    const outcome = append(connection, batch)
    return connection.hadToWait ? { ...outcome, isContended: true } : outcome
  }),
  deliver: delivering((connection, { start, batch, end }: PackedDelivery) => {
    const importId = connection.take(insertImport(start))
    const outcome = append(connection, { ...batch, importId })
    return { outcome, import: connection.take(CHANGES.finishImport(importId, end)) }
  }),
  undoImport: logged(taken(undoImport), (outcome) => actsOf.undoImport(outcome)),
  tryUndo: (connection: Connection, importId: number, at: number) =>
    connection.takenBack(() => connection.take(tryUndo(importId, at))),
  moveSim: logged(taken(moveSim), (outcome) => actsOf.moveSim(outcome)),
  // These four share one transaction, on a writer of their own.
  beginTrial,
  appendToTrial,
  changesOfTrial,
  endTrial,
  recycle: logged(recycle, ({ counts }, batch) => actsOf.recycle(counts, batch)),
  discardQuarantine: logged(taken(discardQuarantine), (count, entryIds, decision) =>
    actsOf.discardQuarantine(entryIds, count, decision),
  ),
  reclassify: writing(reclassify),
  planReclassification: planning(reclassify),
  eraseSim: writing(eraseSim),
  planEraseSim: planning(eraseSim),
  eraseNumber: writing(eraseNumber),
  planEraseNumber: planning(eraseNumber),
  eraseAccount: writing(eraseAccount),
  planEraseAccount: planning(eraseAccount),
  overwriteDeleted: (connection: Connection) => connection.overwriteDeleted(),
  // Updates no checksum, because days that are not sealed have none.
  sealNextDay: besideLedger(taken(gatherOrSeal)),
  purge: logged(upkeep.purge, actsOf.purge),
  checksumNextDay: besideLedger(upkeep.checksumNextDay),
  // A question on a thread of its own.
  answerUsage: (connection: Connection, question: UsageQuestion, page: MemberPage) =>
    connection.read(() => connection.take(answerUsage(question, page))),
  // Questions of an audit, on a thread of its own. Everything between a beginning and an end sees one
  // state.
  ...auditOperations,
} as const

/** If one of them fails, so does the transaction that it shares with others. */
const DELIVERING: ReadonlySet<string> = new Set(['append', 'deliver'] satisfies OperationName[])

/** Whether the others in a shared transaction are as they were if the operation fails. */
export function sparesOthers(name: OperationName): boolean {
  return !DELIVERING.has(name)
}

/** Operations that write little, and may come many at once. */
const SHARED: ReadonlySet<string> = new Set([
  ...DELIVERING,
  ...Object.keys(CHANGES),
  ...Object.keys(NOTES),
])

/** Whether the operation may be one piece of a shared transaction. */
export function isShared(name: OperationName): boolean {
  return SHARED.has(name)
}

export type Operations = typeof OPERATIONS
export type OperationName = keyof Operations
export type OperationArguments<N extends OperationName> = Rest<Operations[N]>
export type OperationResult<N extends OperationName> = ReturnType<Operations[N]>
