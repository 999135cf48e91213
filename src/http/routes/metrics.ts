/** `/metrics`: metrics for a monitoring system that has a key of the operator. */
import type { UsageStore } from '../../storage/usage-store.ts'
import { callerOf, requireOperator } from '../access.ts'
import {
  AuditMetrics,
  FeedMetrics,
  type FeedState,
  FolderMetrics,
  RequestMetrics,
  type RequestSnapshot,
  requestText,
  TimeMetrics,
} from '../metrics.ts'
import type { HttpServer, RouteContext } from '../route-context.ts'

/** Gathers what is measured of requests. */
export interface Measurements {
  /** The requests of this server. */
  readonly requests: RequestMetrics
  /** The requests of other processes on the same port, including those that have ended. */
  readonly ofOthers: (own: RequestSnapshot) => Promise<readonly RequestSnapshot[]>
}

/** For a server that has the port to itself. */
export function measureAlone(): Measurements {
  return { requests: new RequestMetrics(), ofOthers: async () => [] }
}

export function addMetricsRoute(
  server: HttpServer,
  { store, clock, gates }: RouteContext,
  { requests, ofOthers }: Measurements,
): void {
  const feeds = new FeedMetrics()
  const folders = new FolderMetrics()
  const time = new TimeMetrics()
  const audit = new AuditMetrics()

  server.addHook('onResponse', (request, reply, done) => {
    requests.observe(request, reply)
    done()
  })

  server.get(
    '/metrics',
    {
      onRequest: gates.read,
      schema: {
        operationId: 'fetchMetrics',
        summary: 'Metrics for a monitoring system; for the operator',
      },
    },
    async (request, reply) => {
      requireOperator(callerOf(request))
      const own = await requests.snapshot()
      const ofRequests = await requestText([own, ...(await ofOthers(own))])
      const ofTime = await time.text(clock(), await store.readTime())
      const states = await feedStates(store)
      const ofFeeds = await feeds.text(states, clock())
      const known = states.map(({ feed }) => feed)
      const ofFolders = await folders.text(await store.listDropFolders(), known, clock())
      reply.header('Content-Type', feeds.contentType)
      const ofAudit = await audit.text(await store.readAuditRun())
      return [ofRequests, ofTime, ofAudit, ofFeeds, ofFolders].join('\n')
    },
  )
}

async function feedStates(store: UsageStore): Promise<FeedState[]> {
  const [feeds, progress, totals] = await Promise.all([
    store.listFeeds(),
    store.listFeedProgress(),
    store.listFeedTotals(),
  ])
  // A feed created between the two questions appears the next time.
  return feeds.flatMap((feed) => {
    const ofProgress = progress.find(({ feedId }) => feedId === feed.id)
    const ofTotals = totals.find(({ feedId }) => feedId === feed.id)
    if (ofProgress === undefined || ofTotals === undefined) return []
    return [{ feed, progress: ofProgress, totals: ofTotals }]
  })
}
