/** `/metrics`: what a monitoring system asks for, with a key of the operator. */
import type { UsageStore } from '../../storage/usage-store.ts'
import { callerOf, requireOperator } from '../access.ts'
import { type FeedState, Metrics } from '../metrics.ts'
import type { HttpServer, RouteContext } from '../route-context.ts'

export function addMetricsRoute(server: HttpServer, context: RouteContext): void {
  const { store, clock, gates } = context
  const metrics = new Metrics()

  server.addHook('onResponse', (request, reply, done) => {
    metrics.observe(request, reply)
    done()
  })

  server.get('/metrics', { onRequest: gates.read }, async (request, reply) => {
    requireOperator(callerOf(request))
    const text = await metrics.text(await feedStates(store), clock())
    reply.header('Content-Type', metrics.contentType)
    return text
  })
}

async function feedStates(store: UsageStore): Promise<FeedState[]> {
  const [feeds, progress, totals] = await Promise.all([
    store.listFeeds(),
    store.listFeedProgress(),
    store.listFeedTotals(),
  ])
  // A feed that was made between the questions comes the next time.
  return feeds.flatMap((feed) => {
    const ofProgress = progress.find(({ feedId }) => feedId === feed.id)
    const ofTotals = totals.find(({ feedId }) => feedId === feed.id)
    if (ofProgress === undefined || ofTotals === undefined) return []
    return [{ feed, progress: ofProgress, totals: ofTotals }]
  })
}
