/** The promises of `src/storage/usage-store.ts`, as tests that every engine has to pass. */

import { describe } from 'node:test'
import { describeAccepting } from './accept.ts'
import { describeAccounts } from './accounts.ts'
import { describeActs } from './acts.ts'
import { describeAppend } from './append.ts'
import { describeAudit } from './audit.ts'
import { describeConflicts } from './conflicts.ts'
import { describeConsoleSessions } from './console-sessions.ts'
import { describeDelivering } from './deliver.ts'
import type { Engine } from './engine.ts'
import { describeErase } from './erase.ts'
import { describeFeedProgress } from './feed-progress.ts'
import { describeFleetQuestions } from './fleet-questions.ts'
import { describeFreshDays } from './fresh-days.ts'
import { describeGroups } from './groups.ts'
import { describeImports } from './imports.ts'
import { describeLifetime } from './lifetime.ts'
import { describePrecedence } from './precedence.ts'
import { describePurge } from './purge.ts'
import { describeQuarantine } from './quarantine.ts'
import { describeQueries } from './queries.ts'
import { describeReadings } from './readings.ts'
import { describeReclassify } from './reclassify.ts'
import { describeRecycling } from './recycle.ts'
import { describeRepeatedDeliveries } from './repeated-deliveries.ts'
import { describeRestarts } from './restarts.ts'
import { describeSealing } from './sealing.ts'
import { describeSimCollisions } from './sim-collisions.ts'
import { describeSimMoves } from './sim-moves.ts'
import { describeSimResolution } from './sim-resolution.ts'
import { describeSims } from './sims.ts'
import { describeTenants } from './tenants.ts'
import { describeTime } from './time.ts'
import { describeTrials } from './trials.ts'
import { describeUndo } from './undo.ts'
import { describeUndoneVersions } from './undone-versions.ts'
import { describeUsageEvents } from './usage-events.ts'

type Suite = (engine: Engine) => void

/** If a contract takes long, each of these gets a file of its own; they take about equally long. */
export const SUITES = {
  /** Accounts and SIMs, and what feeds bring for them. */
  deliveries: [
    describeAccounts,
    describeConsoleSessions,
    describeSims,
    describeSimCollisions,
    describeSimResolution,
    describeTenants,
    describeImports,
    describeFeedProgress,
    describeAppend,
    describeDelivering,
    describeConflicts,
    describePrecedence,
    describeRepeatedDeliveries,
    describeReadings,
    describeRestarts,
    describeQuarantine,
  ],
  /** Answers about usage, and what time does to them. */
  usage: [
    describeQueries,
    describeGroups,
    describeFleetQuestions,
    describeSimMoves,
    describeUsageEvents,
    describeSealing,
    describeFreshDays,
    describeReclassify,
    describePurge,
    describeTime,
  ],
  /** Undoing and later decisions, and the checks that all is as it should be. */
  corrections: [
    describeTrials,
    describeUndo,
    describeErase,
    describeUndoneVersions,
    describeRecycling,
    describeAccepting,
    describeAudit,
    describeActs,
    describeLifetime,
  ],
} satisfies Readonly<Record<string, readonly Suite[]>>

export function describeUsageStore(
  engine: Engine,
  suites: readonly Suite[] = Object.values(SUITES).flat(),
): void {
  describe(`UsageStore on ${engine.name}`, () => {
    for (const describeSuite of suites) describeSuite(engine)
  })
}
