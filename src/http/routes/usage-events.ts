/** `…/Sims/{SidOrUniqueName}/UsageEvents`: the rows behind a number, and the lines they came from. */
import { completeness, isOpen } from '../../domain/completeness.ts'
import type { LedgerFilter } from '../../domain/ledger-entry.ts'
import type { HeldSim } from '../../domain/sim-tenure.ts'
import { formatInstant } from '../../domain/time.ts'
import { invalidField } from '../../domain/usage-error.ts'
import type { UsageStore } from '../../storage/usage-store.ts'
import { callerOf, feedToRead } from '../access.ts'
import type { Caller } from '../credentials.ts'
import { pathOf } from '../error-reply.ts'
import { type EventWindow, eventListQuery, eventPage, eventPageLinks } from '../event-page.ts'
import { importSids } from '../import-sids.ts'
import { listMeta } from '../list-page.ts'
import type { HttpServer, RouteContext } from '../route-context.ts'
import { failures } from '../schemas/error.ts'
import { sourceToApi } from '../schemas/shapes.ts'
import { usageEventsSchema, usageEventToApi } from '../schemas/usage-event.ts'
import { findHeldSim, simParams } from '../sim-lookup.ts'
import { setUsageHeaders } from '../usage-headers.ts'

export function addUsageEventRoutes(server: HttpServer, context: RouteContext): void {
  const { store, clock, gates, tokens, baseUrlOf } = context

  server.get(
    '/v1/Sims/:SidOrUniqueName/UsageEvents',
    {
      onRequest: gates.read,
      schema: {
        operationId: 'listUsageEvents',
        summary: 'Lists the records behind what a SIM used, with file and line',
        params: simParams,
        querystring: eventListQuery,
        response: { 200: usageEventsSchema, ...failures },
      },
    },
    async (request, reply) => {
      const { query } = request
      const sim = await findHeldSim(store, request)
      const page = await eventPage(query, sim, tokens, clock())
      const { window, pageSize, after } = page
      const filter = await ledgerFilter(store, callerOf(request), sim, window)
      // Reading one more than the page shows tells whether more follow.
      const [found, feeds] = await Promise.all([
        store.listUsageEvents(filter, { limit: pageSize + 1, ...(after !== null && { after }) }),
        store.accountCoverage(sim.accountId),
      ])
      const entries = found.slice(0, pageSize)
      const names = { importOf: (await importSids(store)).of, sourceOf: sourceToApi }
      const more = found.length > pageSize
      const links = await eventPageLinks(page, entries, more, { query, sim, tokens })
      const complete = completeness(feeds, clock())
      setUsageHeaders(reply, window, complete)
      return {
        usage_events: entries.map((entry) => usageEventToApi(entry, sim, names)),
        period: {
          start: formatInstant(window.statedStart),
          end: formatInstant(window.statedEnd),
          open: isOpen({ start: window.statedStart, end: window.end }, complete),
        },
        meta: listMeta(
          {
            key: 'usage_events',
            location: baseUrlOf(request) + pathOf(request.url),
            filters: [
              ['AccountSid', query.AccountSid],
              ['Start', query.Start],
              ['End', query.End],
              ['Zone', query.Zone],
              ['Country', query.Country],
              ['Feed', query.Feed],
            ],
          },
          links,
        ),
      }
    },
  )
}

/** Throws `invalid` if the caller has no feed of that name. */
async function ledgerFilter(
  store: Pick<UsageStore, 'findFeed' | 'findAccountFeed'>,
  caller: Caller,
  { id: simId, accountId }: HeldSim,
  { start, end, zone, country, feed }: EventWindow,
): Promise<LedgerFilter> {
  const found = feed === null ? null : await feedToRead(store, caller, feed)
  if (feed !== null && found === null) throw invalidField('Feed', feed, 'there is no such feed')
  return {
    ...{ simId, accountId, start, end },
    ...(zone !== null && { zone }),
    ...(country !== null && { country }),
    ...(found !== null && { feedId: found.id }),
  }
}
