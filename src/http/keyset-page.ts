/** Pages of lists that grow: each page continues where the previous one ended, so nothing shifts. */
import { UsageError } from '../domain/usage-error.ts'
import type { PageRequest } from '../storage/usage-store.ts'
import {
  PAGE_SIZE_DEFAULT,
  type PageLink,
  type PageLinks,
  type PageQuery,
  readPageNumbers,
} from './list-page.ts'
import {
  invalidPageToken,
  type PageTokens,
  type TokenPayload,
  type TokenValue,
} from './page-token.ts'

/** The scope of a page token: one list, and the filters that its pages are read with. */
export interface KeysetList {
  /** Names the list and the layout of its tokens. */
  readonly kind: string
  /** The account or thing whose list it is. A token for another one is refused. */
  readonly owner: TokenValue
  /** Null for a filter that the query does not state. */
  readonly filters: readonly (string | null)[]
}

export interface KeysetPage {
  readonly list: KeysetList
  readonly page: number
  readonly pageSize: number
  /** The id next to the page, on the side from which it is read; null for the first page. */
  readonly cursor: number | null
  /** True for the page that ends before the cursor. */
  readonly backwards: boolean
}

type KeysetToken = readonly [
  kind: string,
  owner: TokenValue,
  cursor: number,
  backwards: number,
  page: number,
  pageSize: number,
  ...filters: (string | null)[],
]

/**
 * Throws the error of an invalid page token, and `invalid` for a later page without one. The answer uses the
 * token's filters, even if the query omits them.
 */
export async function keysetPage(
  query: PageQuery,
  list: KeysetList,
  tokens: PageTokens,
): Promise<KeysetPage> {
  const given = readPageNumbers(query)
  if (query.PageToken !== undefined) {
    return fromToken(await tokens.open(query.PageToken, list.kind), list, given)
  }
  refuseLaterPage(query, given.page)
  const pageSize = given.pageSize ?? PAGE_SIZE_DEFAULT
  return { list, page: 0, pageSize, cursor: null, backwards: false }
}

/** Throws `invalid` for a page that needs a token. */
export function refuseLaterPage(query: PageQuery, page: number | null): void {
  if (page === null || page === 0) return
  throw new UsageError('invalid', `Page "${query.Page}": a later page needs its PageToken`, {
    hint: 'follow next_page_url as it is given',
  })
}

function fromToken(
  payload: TokenPayload,
  list: KeysetList,
  given: { readonly page: number | null; readonly pageSize: number | null },
): KeysetPage {
  const [, owner, cursor, backwards, page, issuedPageSize, ...filters] = payload as KeysetToken
  const changed = list.filters.some((filter, i) => filter !== null && filter !== filters[i])
  // A token leads to one page only: with another number, the same rows would come twice.
  const moved = given.page !== null && given.page !== page
  if (owner !== list.owner || changed || moved) throw invalidPageToken()
  const pageSize = given.pageSize ?? issuedPageSize
  return { list: { ...list, filters }, page, pageSize, cursor, backwards: backwards === 1 }
}

/** The rows of a page in the list's order, and the ids next to its neighbouring pages. */
export interface KeysetRows<Row> {
  readonly rows: readonly Row[]
  readonly next: number | null
  readonly previous: number | null
}

/** `fetch` reads up to `limit` rows of the page. Reading one more than is shown tells whether more follow. */
export async function keysetRows<Row extends { readonly id: number }>(
  { pageSize, cursor, backwards }: KeysetPage,
  fetch: (limit: number) => Promise<readonly Row[]>,
): Promise<KeysetRows<Row>> {
  const found = await fetch(pageSize + 1)
  const more = found.length > pageSize
  const rows = backwards ? found.slice(-pageSize) : found.slice(0, pageSize)
  const hasNext = backwards || more
  const hasPrevious = backwards ? more : cursor !== null
  return {
    rows,
    next: hasNext ? (rows.at(-1)?.id ?? null) : null,
    previous: hasPrevious ? (rows[0]?.id ?? null) : null,
  }
}

/** The request to a store whose list can be read both ways. */
export function keysetPageRequest({ cursor, backwards }: KeysetPage, limit: number): PageRequest {
  if (cursor === null) return { limit }
  return backwards ? { limit, beforeId: cursor } : { limit, afterId: cursor }
}

export async function keysetLinks(
  keyset: KeysetPage,
  { next, previous }: Omit<KeysetRows<unknown>, 'rows'>,
  query: PageQuery,
  tokens: PageTokens,
): Promise<PageLinks> {
  const { page, pageSize, list } = keyset
  const linkTo = async (at: number, cursor: number, backwards: boolean): Promise<PageLink> => {
    const token: KeysetToken = [
      list.kind,
      list.owner,
      cursor,
      backwards ? 1 : 0,
      at,
      pageSize,
      ...list.filters,
    ]
    return { page: at, token: await tokens.seal(token) }
  }
  return {
    pageSize,
    current: { page, token: query.PageToken },
    first: { page: 0 },
    next: next === null ? null : await linkTo(page + 1, next, false),
    previous: previous === null ? null : await linkTo(Math.max(0, page - 1), previous, true),
  }
}
