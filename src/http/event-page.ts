/** The usage events that a request asks for, from its parameters or page token. */
import { Type } from 'typebox'
import { type CountryCode, parseCountry } from '../domain/country.ts'
import type { LedgerEntry, LedgerPosition } from '../domain/ledger-entry.ts'
import { resolveWindow } from '../domain/period.ts'
import type { HeldSim } from '../domain/sim-tenure.ts'
import { ZONES, type Zone } from '../domain/usage-event.ts'
import { refuseLaterPage } from './keyset-page.ts'
import {
  PAGE_SIZE_DEFAULT,
  type PageLinks,
  type PageQuery,
  pageParameters,
  readPageNumbers,
} from './list-page.ts'
import { fingerprint, invalidPageToken, type PageTokens, type TokenPayload } from './page-token.ts'
import { accountSidParameter } from './sim-lookup.ts'
import { boundParameters, readInstant } from './usage-page.ts'
import { parameter } from './validation.ts'

export const eventListQuery = Type.Object({
  ...accountSidParameter,
  ...boundParameters,
  Zone: Type.Optional(
    parameter('Zone', `expected ${ZONES.join(', ')}`, (text) =>
      (ZONES as readonly string[]).includes(text),
    ),
  ),
  Country: Type.Optional(
    parameter(
      'Country',
      'expected an ISO 3166-1 country code, such as FRA or FR',
      (text) => parseCountry(text) !== null,
    ),
  ),
  Feed: Type.Optional(Type.String({ description: 'the name of a feed' })),
  ...pageParameters,
})

export interface EventListQuery extends PageQuery {
  readonly Start?: string
  readonly End?: string
  readonly Zone?: string
  readonly Country?: string
  readonly Feed?: string
}

/** The filters of the list, fixed on its first page. */
export interface EventWindow {
  /** The period as the caller stated it. */
  readonly statedStart: number
  readonly statedEnd: number
  /** Half-open. Starts no earlier than what retention keeps. */
  readonly start: number
  readonly end: number
  readonly keptFrom: number
  readonly beyondRetention: boolean
  readonly zone: Zone | null
  readonly country: CountryCode | null
  /** The feed's name. */
  readonly feed: string | null
}

export interface EventPage {
  readonly window: EventWindow
  readonly page: number
  readonly pageSize: number
  /** The last event of the page before; null for the first page. */
  readonly after: LedgerPosition | null
  /** Start and End as the first page stated them, fingerprinted. */
  readonly bounds: Bounds
}

type Bounds = readonly [string | null, string | null]

/**
 * Throws `invalid` for a period that ends before it starts and for a later page without its token, and the
 * error of an invalid page token.
 */
export async function eventPage(
  query: EventListQuery,
  sim: HeldSim,
  tokens: PageTokens,
  nowSeconds: number,
): Promise<EventPage> {
  const given = readPageNumbers(query)
  if (query.PageToken !== undefined) {
    const issued = fromToken(await tokens.open(query.PageToken, TOKEN_KIND), sim, query)
    // A token leads to one page only: with another number, the same rows would come twice.
    if (given.page !== null && given.page !== issued.page) throw invalidPageToken()
    return { ...issued, pageSize: given.pageSize ?? issued.pageSize }
  }
  refuseLaterPage(query, given.page)
  return {
    window: windowOf(query, nowSeconds),
    page: 0,
    pageSize: given.pageSize ?? PAGE_SIZE_DEFAULT,
    after: null,
    bounds: boundsOf(query),
  }
}

function windowOf(query: EventListQuery, nowSeconds: number): EventWindow {
  const request = {
    start: query.Start === undefined ? null : readInstant(query.Start),
    end: query.End === undefined ? null : readInstant(query.End),
    granularity: 'all',
    level: 'sim',
  } as const
  const { granularity: _, ...window } = resolveWindow(request, nowSeconds)
  return {
    ...window,
    start: Math.max(window.start, window.keptFrom),
    zone: (query.Zone ?? null) as Zone | null,
    country: query.Country === undefined ? null : parseCountry(query.Country),
    feed: query.Feed ?? null,
  }
}

/** The links of the page, which only lead forward. `more` says whether events follow it. */
export async function eventPageLinks(
  eventPage: EventPage,
  entries: readonly LedgerEntry[],
  more: boolean,
  { query, sim, tokens }: { query: EventListQuery; sim: HeldSim; tokens: PageTokens },
): Promise<PageLinks> {
  const { page, pageSize } = eventPage
  const last = entries.at(-1)
  const next =
    more && last !== undefined
      ? { page: page + 1, token: await tokens.seal(toToken({ ...eventPage, after: last }, sim)) }
      : null
  return {
    pageSize,
    current: { page, token: query.PageToken },
    first: { page: 0 },
    next,
    previous: null,
  }
}

function boundsOf({ Start, End }: EventListQuery): Bounds {
  return [fingerprint(Start), fingerprint(End)]
}

/** Names the layout of the payload. Another layout needs another name. */
const TOKEN_KIND = 'events1'

type EventToken = readonly [
  kind: typeof TOKEN_KIND,
  simId: number,
  statedStart: number,
  statedEnd: number,
  start: number,
  end: number,
  keptFrom: number,
  beyondRetention: number,
  zone: string | null,
  country: string | null,
  feed: string | null,
  occurredAt: number,
  feedId: number,
  recordId: string,
  page: number,
  pageSize: number,
  ...bounds: Bounds,
]

/** A token for the page after the one that ends with `after`. */
function toToken({ window, after, page, pageSize, bounds }: EventPage, sim: HeldSim): EventToken {
  const { occurredAt, feedId, recordId } = after!
  return [
    TOKEN_KIND,
    sim.id,
    window.statedStart,
    window.statedEnd,
    window.start,
    window.end,
    window.keptFrom,
    window.beyondRetention ? 1 : 0,
    window.zone,
    window.country,
    window.feed,
    occurredAt,
    feedId,
    recordId,
    page + 1,
    pageSize,
    ...bounds,
  ]
}

function fromToken(payload: TokenPayload, sim: HeldSim, query: EventListQuery): EventPage {
  const [, simId, statedStart, statedEnd, start, end, ...rest] = payload as EventToken
  const [keptFrom, beyond, zone, country, feed, occurredAt, feedId, recordId, ...numbers] = rest
  const [page, pageSize, ...bounds] = numbers
  const givenCountry = query.Country === undefined ? null : parseCountry(query.Country)
  // The caller may omit filters, because the token has them, but may not change them.
  const changed = [
    [query.Zone ?? null, zone],
    [givenCountry, country],
    [query.Feed ?? null, feed],
    ...boundsOf(query).map((print, i) => [print, bounds[i]]),
  ].some(([given, issued]) => given !== null && given !== issued)
  if (simId !== sim.id || changed) throw invalidPageToken()
  const window: EventWindow = {
    statedStart,
    statedEnd,
    start,
    end,
    keptFrom,
    beyondRetention: beyond === 1,
    zone: zone as Zone | null,
    country: country as CountryCode | null,
    feed,
  }
  return { window, page, pageSize, after: { occurredAt, feedId, recordId }, bounds }
}
