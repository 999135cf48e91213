/** How acts on the lives of SIMs and accounts are logged. */
import type { NewAct } from '../domain/act.ts'
import type { Account, Sim } from '../domain/directory.ts'
import { formatInstant } from '../domain/time.ts'
import type {
  EraseAccountOutcome,
  EraseOutcome,
  Erasure,
  Reclassification,
  ReclassifyOutcome,
} from './life-store.ts'

export const actsOfLife = {
  /** For each transaction that changes something. */
  reclassify: (
    { changed, unknown }: ReclassifyOutcome,
    { since, dryRun }: Reclassification,
    account: Account | null,
  ): NewAct | null =>
    dryRun || changed === 0
      ? null
      : {
          verb: 'reclassify',
          objectKind: account === null ? 'store' : 'account',
          object: account?.sid ?? `since ${formatInstant(since)}`,
          details: { since: formatInstant(since), changed, unknown },
        },
  eraseSim: (
    { sid, usageEvents, versions, quarantineEntries }: EraseOutcome,
    { accountSid }: Sim,
    { by, reason, lastImport }: Erasure & { lastImport: number },
  ): NewAct => ({
    verb: 'erase',
    objectKind: 'sim',
    object: sid,
    details: {
      ...{ account: accountSid, usage_events: usageEvents, versions },
      ...{ quarantine_entries: quarantineEntries, last_import: lastImport, by, reason },
    },
  }),
  eraseNumber: (entries: number, { by, reason }: Erasure): NewAct => ({
    verb: 'erase',
    objectKind: 'quarantine',
    object: 'a number',
    details: { quarantine_entries: entries, by, reason },
  }),
  eraseAccount: (
    { keys, groups, quarantineEntries }: EraseAccountOutcome,
    { sid }: Account,
    { by, reason, lastImport }: Erasure & { lastImport: number },
  ): NewAct => ({
    verb: 'erase',
    objectKind: 'account',
    object: sid,
    details: {
      ...{ keys, groups, quarantine_entries: quarantineEntries },
      ...{ last_import: lastImport, by, reason },
    },
  }),
} as const
