/** Every route of the server, in the order in which they are added. */
import { addPageRoutes } from './console/page-routes.ts'
import { addConsoleSessionRoutes } from './console/session-routes.ts'
import type { HttpServer, RouteContext } from './route-context.ts'
import { addAccessTokenRoute } from './routes/access-token.ts'
import { addAccountRoutes } from './routes/accounts.ts'
import { addActRoutes } from './routes/acts.ts'
import { addAuditRoutes } from './routes/audit.ts'
import { addFeedGapRoutes } from './routes/feed-gaps.ts'
import { addFeedRecordRoutes } from './routes/feed-records.ts'
import { addFeedRetirementRoutes } from './routes/feed-retirement.ts'
import { addFeedRoutes } from './routes/feeds.ts'
import { addGroupRoutes } from './routes/groups.ts'
import { addHealthRoutes } from './routes/health.ts'
import { addImportRoutes } from './routes/imports.ts'
import { addKeyRoutes } from './routes/keys.ts'
import { addLabelKeyRoutes } from './routes/label-keys.ts'
import { addMetricsRoute, type Measurements } from './routes/metrics.ts'
import { addOpenApiRoute } from './routes/openapi.ts'
import { addQuarantineRoutes } from './routes/quarantine.ts'
import { addSimListRoutes } from './routes/sim-lists.ts'
import { addSimRoutes } from './routes/sims.ts'
import { addUndoRoutes } from './routes/undo.ts'
import { addUsageRoutes } from './routes/usage.ts'
import { addUsageEventRoutes } from './routes/usage-events.ts'
import { addUsageRecordRoutes } from './routes/usage-records.ts'
import { addUsedNetworkRoutes } from './routes/used-networks.ts'
import { addFleetRoutes } from './supersim/fleets.ts'
import { addNetworkRoutes } from './supersim/networks.ts'
import { addSuperSimRoutes } from './supersim/sims.ts'
import { addSuperSimUsageRoute } from './supersim/usage-records.ts'

export interface RouteOptions {
  readonly measurements: Measurements
  /** Where the built pages are; the package's own if undefined. */
  readonly builtPages: string | undefined
}

export function addRoutes(
  server: HttpServer,
  context: RouteContext,
  { measurements, builtPages }: RouteOptions,
): void {
  // Goes first, because it measures only what is added after it.
  addMetricsRoute(server, context, measurements)
  addHealthRoutes(server, context)
  addAccessTokenRoute(server, context)
  addUsageRecordRoutes(server, context)
  addUsageEventRoutes(server, context)
  addUsageRoutes(server, context)
  addAccountRoutes(server, context)
  addKeyRoutes(server, context)
  addSimRoutes(server, context)
  addSimListRoutes(server, context)
  addGroupRoutes(server, context)
  addLabelKeyRoutes(server, context)
  addUsedNetworkRoutes(server, context)
  addFeedRoutes(server, context)
  addFeedGapRoutes(server, context)
  addAuditRoutes(server, context)
  addFeedRetirementRoutes(server, context)
  addFeedRecordRoutes(server, context)
  addImportRoutes(server, context)
  addUndoRoutes(server, context)
  addQuarantineRoutes(server, context)
  addActRoutes(server, context)
  addSuperSimUsageRoute(server, context)
  addSuperSimRoutes(server, context)
  addFleetRoutes(server, context)
  addNetworkRoutes(server, context)
  addOpenApiRoute(server, context)
  addConsoleSessionRoutes(server, context)
  addPageRoutes(server, context, builtPages)
}
