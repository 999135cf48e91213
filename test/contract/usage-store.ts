/** The promises of `src/storage/usage-store.ts`, as tests that every engine has to pass. */

import { describe } from 'node:test'
import { isWhole } from '../support/volume.ts'
import { describeAccepting } from './accept.ts'
import { describeAccounts } from './accounts.ts'
import { describeActs } from './acts.ts'
import { describeAppend } from './append.ts'
import { describeAudit } from './audit.ts'
import { describeChecksumSteps } from './checksum-steps.ts'
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

/**
 * Together, and with `http/feed-gaps` and `postgres/append`, these send every statement that any suite sends
 * to a database.
 */
const STATEMENTS: readonly Suite[] = [
  describeAccounts,
  describeConsoleSessions,
  describeSims,
  describeSimResolution,
  describeTenants,
  describeImports,
  describeDelivering,
  describeRestarts,
  describeQuarantine,
  describeQueries,
  describeGroups,
  describeFleetQuestions,
  describeSimMoves,
  describeUsageEvents,
  describeFreshDays,
  describeReclassify,
  describePurge,
  describeTime,
  describeErase,
  describeRecycling,
  describeAudit,
  describeChecksumSteps,
  describeActs,
  describeLifetime,
]

/** Rules that the engines share: the same statements, in many orders. */
const RULES: readonly Suite[] = [
  describeAppend,
  describeFeedProgress,
  describeSimCollisions,
  describeConflicts,
  describePrecedence,
  describeRepeatedDeliveries,
  describeReadings,
  describeSealing,
  describeTrials,
  describeUndo,
  describeUndoneVersions,
  describeAccepting,
]

/** Runs all suites; on a server, `npm test` only runs those that send every statement. */
export function describeUsageStore(engine: Engine): void {
  const suites = engine.isOnServer && !isWhole() ? STATEMENTS : [...STATEMENTS, ...RULES]
  describe(`UsageStore on ${engine.name}`, () => {
    for (const describeSuite of suites) describeSuite(engine)
  })
}
