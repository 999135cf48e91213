/** What the writer thread can do, by name. Each entry runs in one transaction, unless it says otherwise. */
import { actsOf, type LoggedAct } from '../acts.ts'
import { logAct } from './acts.ts'
import { append } from './append.ts'
import { auditOperations, keepAuditRun } from './audit.ts'
import type { Connection } from './connection.ts'
import * as writes from './directory-writes.ts'
import * as feedAccess from './feed-access.ts'
import * as progress from './feed-progress.ts'
import { discardQuarantine, recycle } from './recycle.ts'
import { proveTime, trustClock } from './time.ts'
import { appendToTrial, beginTrial, changesOfTrial, endTrial } from './trial.ts'
import { undoImport } from './undo.ts'
import * as upkeep from './upkeep.ts'

type Rest<F> = F extends (connection: Connection, ...rest: infer R) => unknown ? R : never

function inWrite<F extends (connection: Connection, ...rest: never[]) => unknown>(operation: F) {
  return (connection: Connection, ...rest: Rest<F>): ReturnType<F> =>
    connection.write(() => operation(connection, ...(rest as never[])) as ReturnType<F>)
}

/** As `inWrite`; what it comes to is logged in the same transaction. */
function logged<F extends (connection: Connection, ...rest: never[]) => unknown>(
  operation: F,
  actOf: (result: ReturnType<F>, ...rest: Rest<F>) => LoggedAct | null,
) {
  return (connection: Connection, ...rest: Rest<F>): ReturnType<F> =>
    connection.write(() => {
      const result = operation(connection, ...(rest as never[])) as ReturnType<F>
      logAct(connection, actOf(result, ...rest))
      return result
    })
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

function finishImport(
  connection: Connection,
  ...given: Rest<typeof writes.finishImport>
): ReturnType<typeof writes.finishImport> {
  const finished = writes.finishImport(connection, ...given)
  logAct(connection, actsOf.finishImport(finished))
  return finished
}

export const OPERATIONS = {
  createAccount: logged(writes.createAccount, actsOf.createAccount),
  updateAccount: logged(writes.updateAccount, (account, _id, changes) =>
    actsOf.updateAccount(account, changes),
  ),
  rotateAuthToken: logged(writes.rotateAuthToken, (account, _id, token) =>
    actsOf.rotateAuthToken(account, token),
  ),
  endPreviousToken: logged(writes.endPreviousToken, actsOf.endPreviousToken),
  noteKeyUses: inWrite(writes.noteKeyUses),
  noteDropFolder: inWrite(writes.noteDropFolder),
  createApiKey: logged(writes.createApiKey, actsOf.createApiKey),
  revokeApiKey: logged(writes.revokeApiKey, (key, _sid, at) => actsOf.revokeApiKey(key, at)),
  createFeed: logged(writes.createFeed, actsOf.createFeed),
  updateFeed: logged(progress.updateFeed, (feed, _id, changes) => actsOf.updateFeed(feed, changes)),
  grantFeed: logged(feedAccess.grantFeed, actsOf.grantFeed),
  revokeFeedGrant: logged(feedAccess.revokeFeedGrant, actsOf.revokeFeedGrant),
  acceptGap: logged(progress.acceptGap, ({ feedId }, _id, gap, acceptance) =>
    actsOf.acceptGap(feedId, gap, acceptance),
  ),
  registerSims: logged(writes.registerSims, actsOf.registerSims),
  createSim: logged(writes.createSim, actsOf.createSim),
  updateSim: logged(writes.updateSim, (sim, _id, changes) => actsOf.updateSim(sim, changes)),
  beginImport: besideLedger(writes.beginImport),
  noteRestarts: besideLedger(writes.noteRestarts),
  finishImport: besideLedger(finishImport),
  append: besideLedger(append),
  undoImport: logged(undoImport, actsOf.undoImport),
  // These four share one transaction, on a writer of their own.
  beginTrial,
  appendToTrial,
  changesOfTrial,
  endTrial,
  recycle: logged(recycle, ({ counts }, batch) => actsOf.recycle(counts, batch)),
  discardQuarantine: logged(discardQuarantine, (count, entryIds) =>
    actsOf.discardQuarantine(entryIds, count),
  ),
  sealNextDay: besideLedger(upkeep.sealNextDay),
  purge: logged(upkeep.purge, actsOf.purge),
  trustClock: logged(trustClock, actsOf.trustClock),
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
