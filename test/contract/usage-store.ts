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

export function describeUsageStore(engine: Engine): void {
  describe(`UsageStore on ${engine.name}`, () => {
    describeAccounts(engine)
    describeConsoleSessions(engine)
    describeSims(engine)
    describeSimCollisions(engine)
    describeSimResolution(engine)
    describeTenants(engine)
    describeImports(engine)
    describeFeedProgress(engine)
    describeAppend(engine)
    describeDelivering(engine)
    describeConflicts(engine)
    describePrecedence(engine)
    describeRepeatedDeliveries(engine)
    describeReadings(engine)
    describeRestarts(engine)
    describeQuarantine(engine)
    describeQueries(engine)
    describeGroups(engine)
    describeFleetQuestions(engine)
    describeSimMoves(engine)
    describeUsageEvents(engine)
    describeSealing(engine)
    describeFreshDays(engine)
    describeTrials(engine)
    describeUndo(engine)
    describeReclassify(engine)
    describeErase(engine)
    describeUndoneVersions(engine)
    describeRecycling(engine)
    describeAccepting(engine)
    describePurge(engine)
    describeTime(engine)
    describeAudit(engine)
    describeActs(engine)
    describeLifetime(engine)
  })
}
