/** What every engine does in the same steps, by the port's names. */
import { actsOf, listActs, logged } from './acts.ts'
import { keepAuditRun, readAuditRun } from './audit/last-audit.ts'
import * as sessions from './directory/console-sessions.ts'
import * as feedAccess from './directory/feed-access.ts'
import * as progress from './directory/feed-progress.ts'
import * as groups from './directory/groups.ts'
import * as reads from './directory/reads.ts'
import { listSims } from './directory/sim-list.ts'
import { resolveSims } from './directory/sim-matches.ts'
import { previewSims } from './directory/sim-preview.ts'
import { findHeldSim } from './directory/tenures.ts'
import * as writes from './directory/writes.ts'
import { listUsedNetworks } from './questions/question.ts'
import { listRestarts, listSeries, noteRestarts } from './series/restarts.ts'
import type { Offered } from './session.ts'
import { proveTime, readConfirmedTime, trustClock } from './time.ts'
import type { UsageStore } from './usage-store.ts'

/** Questions. */
export const READS = {
  findAccount: reads.findAccount,
  findAccountById: reads.findAccountById,
  listAccounts: reads.listAccounts,
  findApiKey: reads.findApiKey,
  findConsoleSession: sessions.findConsoleSession,
  listApiKeys: reads.listApiKeys,
  findSim: reads.findSim,
  findHeldSim,
  listSims,
  previewSims,
  simPlaces: groups.simPlaces,
  findGroup: groups.findGroup,
  listGroups: groups.listGroups,
  listLabelKeys: groups.listLabelKeys,
  listUsedNetworks,
  resolveSims,
  findFeed: reads.findFeed,
  listFeeds: reads.listFeeds,
  findAccountFeed: feedAccess.findAccountFeed,
  listFeedGrants: feedAccess.listFeedGrants,
  findImport: reads.findImport,
  findCountedImport: reads.findCountedImport,
  listImports: reads.listImports,
  findQuarantineEntry: reads.findQuarantineEntry,
  listQuarantine: reads.listQuarantine,
  accountCoverage: progress.accountCoverage,
  listDropFolders: reads.listDropFolders,
  listRestarts,
  listSeries,
  readAuditRun,
  readConfirmedTime,
  signingKey: reads.signingKey,
  listActs,
}

/**
 * Changes of the directory. They run one after another, so that a check and its change see the same
 * state.
 */
export const CHANGES = {
  createAccount: logged(writes.createAccount, actsOf.createAccount),
  updateAccount: logged(writes.updateAccount, (account, _id, changes) =>
    actsOf.updateAccount(account, changes),
  ),
  rotateAuthToken: logged(writes.rotateAuthToken, (account, _id, token) =>
    actsOf.rotateAuthToken(account, token),
  ),
  endPreviousToken: logged(writes.endPreviousToken, actsOf.endPreviousToken),
  createApiKey: logged(writes.createApiKey, actsOf.createApiKey),
  updateApiKey: logged(writes.updateApiKey, (key) => actsOf.updateApiKey(key)),
  revokeApiKey: logged(writes.revokeApiKey, (key, _sid, at) => actsOf.revokeApiKey(key, at)),
  noteKeyUses: writes.noteKeyUses,
  addConsoleLink: logged(sessions.addConsoleLink, (_, link) => actsOf.addConsoleLink(link)),
  registerSims: logged(writes.registerSims, actsOf.registerSims),
  createSim: logged(writes.createSim, actsOf.createSim),
  updateSim: logged(writes.updateSim, (sim, _id, changes) => actsOf.updateSim(sim, changes)),
  createGroup: logged(groups.createGroup, actsOf.createGroup),
  updateGroup: logged(groups.updateGroup, (group, _id, changes) =>
    actsOf.updateGroup(group, changes),
  ),
  assignSims: logged(groups.assignSims, (outcome, _id, assignments) =>
    actsOf.assignSims(outcome, assignments),
  ),
  createFeed: logged(writes.createFeed, actsOf.createFeed),
  updateFeed: logged(progress.updateFeed, (feed, _id, changes) => actsOf.updateFeed(feed, changes)),
  grantFeed: logged(feedAccess.grantFeed, actsOf.grantFeed),
  revokeFeedGrant: logged(feedAccess.revokeFeedGrant, actsOf.revokeFeedGrant),
  acceptGap: logged(progress.acceptGap, ({ feedId }, _id, gap, acceptance) =>
    actsOf.acceptGap(feedId, gap, acceptance),
  ),
  finishImport: logged(writes.finishImport, actsOf.finishImport),
  noteDropFolder: writes.noteDropFolder,
  trustClock: logged(trustClock, actsOf.trustClock),
}

/** Changes that keep nobody waiting. */
export const NOTES = {
  beginImport: writes.beginImport,
  noteRestarts,
  proveTime,
  keepAuditRun,
  beginConsoleSession: sessions.beginConsoleSession,
  extendConsoleSession: sessions.extendConsoleSession,
  endConsoleSession: sessions.endConsoleSession,
  takeConsoleLink: sessions.takeConsoleLink,
  forgetConsoleSessions: sessions.forgetConsoleSessions,
}

/**
 * Steps may be taken again, on another thread too, so the SIDs that may be needed are created beforehand.
 */
export function withSids({
  registerSims,
  createSim,
}: Pick<Offered<typeof CHANGES>, 'registerSims' | 'createSim'>): Pick<
  UsageStore,
  'registerSims' | 'createSim'
> {
  return {
    registerSims: async (accountId, registrations, { at, newSid }) => {
      const newSids = registrations.map(({ sid }) => sid ?? newSid())
      return registerSims(accountId, registrations, { at, newSids })
    },
    createSim: async (accountId, registration, { at, newSid }) =>
      createSim(accountId, registration, { at, newSids: [newSid()] }),
  }
}
