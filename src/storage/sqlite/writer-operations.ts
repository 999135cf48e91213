/** What the writer thread can do, by name. Each entry runs in one transaction, unless it says otherwise. */
import { append } from './append.ts'
import type { Connection } from './connection.ts'
import * as writes from './directory-writes.ts'
import * as progress from './feed-progress.ts'
import { discardQuarantine, recycle } from './recycle.ts'
import { appendToTrial, beginTrial, changesOfTrial, endTrial } from './trial.ts'
import { undoImport } from './undo.ts'
import * as upkeep from './upkeep.ts'

type Rest<F> = F extends (connection: Connection, ...rest: infer R) => unknown ? R : never

function inWrite<F extends (connection: Connection, ...rest: never[]) => unknown>(operation: F) {
  return (connection: Connection, ...rest: Rest<F>): ReturnType<F> =>
    connection.write(() => operation(connection, ...(rest as never[])) as ReturnType<F>)
}

export const OPERATIONS = {
  createAccount: inWrite(writes.createAccount),
  createApiKey: inWrite(writes.createApiKey),
  revokeApiKey: inWrite(writes.revokeApiKey),
  createFeed: inWrite(writes.createFeed),
  updateFeed: inWrite(progress.updateFeed),
  acceptGap: inWrite(progress.acceptGap),
  registerSims: inWrite(writes.registerSims),
  createSim: inWrite(writes.createSim),
  updateSim: inWrite(writes.updateSim),
  beginImport: inWrite(writes.beginImport),
  finishImport: inWrite(writes.finishImport),
  append: inWrite(append),
  undoImport: inWrite(undoImport),
  // These four share one transaction, on a writer of their own.
  beginTrial,
  appendToTrial,
  changesOfTrial,
  endTrial,
  recycle: inWrite(recycle),
  discardQuarantine: inWrite(discardQuarantine),
  sealNextDay: inWrite(upkeep.sealNextDay),
  purge: inWrite(upkeep.purge),
  audit: (connection: Connection) => connection.read(() => upkeep.audit(connection)),
} as const

export type Operations = typeof OPERATIONS
export type OperationName = keyof Operations
export type OperationArguments<N extends OperationName> = Rest<Operations[N]>
export type OperationResult<N extends OperationName> = ReturnType<Operations[N]>
