/** What the writer thread can do, by name. Each entry runs in one transaction, unless it says otherwise. */
import { append } from './append.ts'
import { auditOperations, keepAuditRun } from './audit.ts'
import type { Connection } from './connection.ts'
import * as writes from './directory-writes.ts'
import * as feedAccess from './feed-access.ts'
import * as progress from './feed-progress.ts'
import { discardQuarantine, recycle } from './recycle.ts'
import { proveTime } from './time.ts'
import { appendToTrial, beginTrial, changesOfTrial, endTrial } from './trial.ts'
import { undoImport } from './undo.ts'
import * as upkeep from './upkeep.ts'

type Rest<F> = F extends (connection: Connection, ...rest: infer R) => unknown ? R : never

function inWrite<F extends (connection: Connection, ...rest: never[]) => unknown>(operation: F) {
  return (connection: Connection, ...rest: Rest<F>): ReturnType<F> =>
    connection.write(() => operation(connection, ...(rest as never[])) as ReturnType<F>)
}

/** For what adds to the ledger under its own watch, or leaves it alone, again and again. */
function besideLedger<F extends (connection: Connection, ...rest: never[]) => unknown>(
  operation: F,
) {
  return (connection: Connection, ...rest: Rest<F>): ReturnType<F> =>
    connection.write(() => operation(connection, ...(rest as never[])) as ReturnType<F>, {
      watchesLedger: false,
    })
}

export const OPERATIONS = {
  createAccount: inWrite(writes.createAccount),
  updateAccount: inWrite(writes.updateAccount),
  rotateAuthToken: inWrite(writes.rotateAuthToken),
  endPreviousToken: inWrite(writes.endPreviousToken),
  noteKeyUses: inWrite(writes.noteKeyUses),
  noteDropFolder: inWrite(writes.noteDropFolder),
  createApiKey: inWrite(writes.createApiKey),
  revokeApiKey: inWrite(writes.revokeApiKey),
  createFeed: inWrite(writes.createFeed),
  updateFeed: inWrite(progress.updateFeed),
  grantFeed: inWrite(feedAccess.grantFeed),
  revokeFeedGrant: inWrite(feedAccess.revokeFeedGrant),
  acceptGap: inWrite(progress.acceptGap),
  registerSims: inWrite(writes.registerSims),
  createSim: inWrite(writes.createSim),
  updateSim: inWrite(writes.updateSim),
  beginImport: besideLedger(writes.beginImport),
  finishImport: besideLedger(writes.finishImport),
  append: besideLedger(append),
  undoImport: inWrite(undoImport),
  // These four share one transaction, on a writer of their own.
  beginTrial,
  appendToTrial,
  changesOfTrial,
  endTrial,
  recycle: inWrite(recycle),
  discardQuarantine: inWrite(discardQuarantine),
  sealNextDay: besideLedger(upkeep.sealNextDay),
  purge: inWrite(upkeep.purge),
  proveTime: inWrite(proveTime),
  keepAuditRun: besideLedger(keepAuditRun),
  checksumNextDay: besideLedger(upkeep.checksumNextDay),
  // Questions of an audit, on a thread of its own: all between a beginning and an end see one state.
  ...auditOperations,
} as const

export type Operations = typeof OPERATIONS
export type OperationName = keyof Operations
export type OperationArguments<N extends OperationName> = Rest<Operations[N]>
export type OperationResult<N extends OperationName> = ReturnType<Operations[N]>
