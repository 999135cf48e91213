/** The window that a request for usage asks for, and which part of it, from parameters or page token. */
import { Type } from 'typebox'
import {
  bucketCount,
  type PeriodRequest,
  resolveWindow,
  type UsageWindow,
} from '../domain/period.ts'
import { parseInstant } from '../domain/time.ts'
import { GRANULARITIES, type Granularity } from '../domain/usage-query.ts'
import {
  PAGE_SIZE_DEFAULT,
  type PageLink,
  type PageLinks,
  type PageQuery,
  readPageNumbers,
} from './list-page.ts'
import { fingerprint, invalidPageToken, type PageTokens, type TokenPayload } from './page-token.ts'
import type { ParameterOptions } from './parameter-names.ts'
import { parameter } from './validation.ts'

/** An unencoded plus sign has become a space: `2026-01-01T00:00:00 05:45`. */
const OFFSET_AFTER_SPACE = /(?<=[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?) (?=\d{2}(?::?\d{2})?$)/i

export function readInstant(text: string): number | null {
  return parseInstant(text.includes(' ') ? text.replace(OFFSET_AFTER_SPACE, '+') : text)
}

export const INSTANT_RULE = 'expected an ISO 8601 date or instant, such as 2026-01-31T23:59:59Z'

export const boundParameters = {
  Start: Type.Optional(parameter('Start', INSTANT_RULE, (text) => readInstant(text) !== null)),
  End: Type.Optional(parameter('End', INSTANT_RULE, (text) => readInstant(text) !== null)),
}

export const periodParameters = {
  ...boundParameters,
  Granularity: Type.Optional(
    parameter('Granularity', `expected ${GRANULARITIES.join(', ')}`, (text) =>
      (GRANULARITIES as readonly string[]).includes(text),
    ),
  ),
}

/** Parameters of the Super SIM API. If they were ignored, its clients would get a different period. */
export const SUPER_SIM_PARAMETERS: ParameterOptions = {
  refused: {
    StartTime: 'this is how the Super SIM API calls it; here it is Start',
    EndTime: 'this is how the Super SIM API calls it; here it is End',
    Sim: 'this is how the Super SIM API calls it; here the SIM is part of the path',
    Fleet: 'this is of the Super SIM API; usage is not asked for by fleet here',
    Network: 'this is of the Super SIM API; usage is not asked for by network here',
    IsoCountry: 'this is of the Super SIM API; a record lists the usage of each country here',
    Group: 'this is of the Super SIM API; usage is grouped by zone and country here',
  },
}

export interface UsageListQuery extends PageQuery {
  readonly Start?: string
  readonly End?: string
  readonly Granularity?: string
}

/** Whose usage it is. A token for one subject is not valid for another. */
export interface UsageSubject {
  readonly accountId: number
  /** Null for the account as a whole. */
  readonly simId: number | null
}

export interface UsagePage {
  readonly window: UsageWindow
  /** How many buckets of the window, counted from the newest, earlier pages show. */
  readonly offset: number
  readonly page: number
  readonly pageSize: number
  /** Start, End and Granularity of the first page, fingerprinted. Only tokens need them. */
  readonly filters: () => Fingerprints
}

type Fingerprints = readonly [string | null, string | null, string | null]

/**
 * Throws `invalid` for a period that ends before it starts, and the error of an invalid page token. With a
 * token, the window is that of the first page, however much later the token is used.
 */
export async function usagePage(
  query: UsageListQuery,
  subject: UsageSubject,
  tokens: PageTokens,
  nowSeconds: number,
): Promise<UsagePage> {
  const given = readPageNumbers(query)
  if (query.PageToken !== undefined) {
    const issued = fromToken(await tokens.open(query.PageToken, TOKEN_KIND), subject, query)
    const pageSize = given.pageSize ?? issued.pageSize
    const page = given.page ?? issued.page
    const offset = Math.max(0, issued.offset + (page - issued.page) * pageSize)
    return { ...issued, offset, page, pageSize }
  }
  const pageSize = given.pageSize ?? PAGE_SIZE_DEFAULT
  const page = given.page ?? 0
  const window = resolveWindow(periodRequest(query, subject), nowSeconds)
  return { window, page, pageSize, offset: page * pageSize, filters: () => fingerprints(query) }
}

function periodRequest(query: UsageListQuery, subject: UsageSubject): PeriodRequest {
  return {
    start: query.Start === undefined ? null : readInstant(query.Start),
    end: query.End === undefined ? null : readInstant(query.End),
    granularity: (query.Granularity ?? 'all') as Granularity,
    level: subject.simId === null ? 'account' : 'sim',
  }
}

/** The links of the page. Their tokens fix the window, so that a moving clock shifts no bucket. */
export async function usagePageLinks(
  usagePage: UsagePage,
  query: UsageListQuery,
  subject: UsageSubject,
  tokens: PageTokens,
): Promise<PageLinks> {
  const { window, offset, page, pageSize } = usagePage
  const linkTo = async (
    at: Pick<UsagePage, 'offset' | 'page'> & Partial<Pick<UsagePage, 'pageSize'>>,
  ): Promise<PageLink> => ({
    ...at,
    token: await tokens.seal(toToken({ ...usagePage, ...at }, subject)),
  })
  const hasNext = offset + pageSize < bucketCount(window)
  // If PageSize grew since the token was issued, fewer records than it may come before this page.
  const before = Math.min(pageSize, offset)
  return {
    pageSize,
    current: { page, token: query.PageToken },
    first: query.PageToken === undefined ? { page: 0 } : await linkTo({ offset: 0, page: 0 }),
    next: hasNext ? await linkTo({ offset: offset + pageSize, page: page + 1 }) : null,
    previous:
      before > 0
        ? await linkTo({
            offset: offset - before,
            page: Math.max(0, page - 1),
            pageSize: before,
          })
        : null,
  }
}

function fingerprints({ Start, End, Granularity }: UsageListQuery): Fingerprints {
  return [fingerprint(Start), fingerprint(End), fingerprint(Granularity)]
}

/** Names the layout of the payload. Another layout needs another name. */
const TOKEN_KIND = 'usage1'

type UsageToken = readonly [
  kind: typeof TOKEN_KIND,
  accountId: number,
  simId: number | null,
  granularity: number,
  statedStart: number,
  statedEnd: number,
  start: number,
  end: number,
  keptFrom: number,
  beyondRetention: number,
  offset: number,
  page: number,
  pageSize: number,
  ...filters: Fingerprints,
]

function toToken(usagePage: UsagePage, { accountId, simId }: UsageSubject): UsageToken {
  const { window, offset, page, pageSize, filters } = usagePage
  return [
    TOKEN_KIND,
    accountId,
    simId,
    GRANULARITIES.indexOf(window.granularity),
    window.statedStart,
    window.statedEnd,
    window.start,
    window.end,
    window.keptFrom,
    window.beyondRetention ? 1 : 0,
    offset,
    page,
    pageSize,
    ...filters(),
  ]
}

function fromToken(payload: TokenPayload, subject: UsageSubject, query: UsageListQuery): UsagePage {
  const [, accountId, simId, granularity, ...rest] = payload as UsageToken
  const [statedStart, statedEnd, start, end, keptFrom, beyond, ...position] = rest
  const [offset, page, pageSize, ...filters] = position
  if (accountId !== subject.accountId || simId !== subject.simId) throw invalidPageToken()
  // The caller may omit filters, because the token has the window, but may not change them.
  const changed = fingerprints(query).some((print, i) => print !== null && print !== filters[i])
  if (changed) throw invalidPageToken()
  const window: UsageWindow = {
    granularity: GRANULARITIES[granularity]!,
    statedStart,
    statedEnd,
    start,
    end,
    keptFrom,
    beyondRetention: beyond === 1,
  }
  return { window, offset, page, pageSize, filters: () => filters }
}
