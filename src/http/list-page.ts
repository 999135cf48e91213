/** What all lists share: the paging parameters and the `meta` object with its absolute URLs. */
import { Type } from 'typebox'
import { invalidPageToken } from './page-token.ts'
import { parameter } from './validation.ts'

export const PAGE_SIZE_DEFAULT = 50
/** Larger values are lowered to this, because the clients' `list({ limit: 2000 })` asks for 2000 at once. */
export const PAGE_SIZE_MAX = 1_000

/** Nine digits keep `Page` times `PageSize` exact. */
const PAGE = /^\d{1,9}$/
const PAGE_SIZE = /^0*[1-9]\d*$/

export const pageParameters = {
  PageSize: Type.Optional(
    parameter(
      'PageSize',
      `expected a whole number of at least 1 (${PAGE_SIZE_MAX} are the most on a page)`,
      (text) => PAGE_SIZE.test(text),
    ),
  ),
  Page: Type.Optional(
    parameter('Page', 'expected a whole number from 0 to 999999999', (text) => PAGE.test(text)),
  ),
  PageToken: Type.Optional(Type.String()),
}

export interface PageQuery {
  readonly PageSize?: string
  readonly Page?: string
  readonly PageToken?: string
}

/** Null for a parameter that the query omits. */
export function readPageNumbers(query: PageQuery): {
  readonly pageSize: number | null
  readonly page: number | null
} {
  return {
    pageSize: query.PageSize === undefined ? null : Math.min(Number(query.PageSize), PAGE_SIZE_MAX),
    page: query.Page === undefined ? null : Number(query.Page),
  }
}

export interface ListAddress {
  /** The property of the answer that holds the rows. */
  readonly key: string
  /** The absolute URL of the list, without a query. */
  readonly location: string
  /** The filters as sent, in the order in which URLs name them; undefined for those not sent. */
  readonly filters: readonly (readonly [name: string, value: string | undefined])[]
}

export interface PageLink {
  readonly page: number
  /** Set if it differs from the size of the page that has the link. */
  readonly pageSize?: number
  readonly token?: string | undefined
}

export interface PageLinks {
  readonly pageSize: number
  readonly current: PageLink
  readonly first: PageLink
  readonly next: PageLink | null
  readonly previous: PageLink | null
}

/**
 * A page of a short list that is held in memory as a whole, for which page numbers are enough. Throws the
 * error of an invalid page token for any token: otherwise the caller would take the first page for the one
 * that another list's token led to.
 */
export function arrayPage<Row>(
  query: PageQuery,
  all: readonly Row[],
): { readonly rows: readonly Row[]; readonly links: PageLinks } {
  if (query.PageToken !== undefined) throw invalidPageToken()
  const given = readPageNumbers(query)
  const pageSize = given.pageSize ?? PAGE_SIZE_DEFAULT
  const page = given.page ?? 0
  const start = page * pageSize
  return {
    rows: all.slice(start, start + pageSize),
    links: {
      pageSize,
      current: { page },
      first: { page: 0 },
      next: start + pageSize < all.length ? { page: page + 1 } : null,
      previous: page > 0 ? { page: page - 1 } : null,
    },
  }
}

export function listMeta(address: ListAddress, { pageSize, ...links }: PageLinks) {
  let head = `${address.location}?`
  for (const [name, value] of address.filters) {
    if (value !== undefined) head += `${name}=${encodeURIComponent(value)}&`
  }
  return {
    first_page_url: urlOf(head, pageSize, links.first),
    key: address.key,
    next_page_url: links.next === null ? null : urlOf(head, pageSize, links.next),
    page: links.current.page,
    page_size: pageSize,
    previous_page_url: links.previous === null ? null : urlOf(head, pageSize, links.previous),
    url: urlOf(head, pageSize, links.current),
  }
}

function urlOf(head: string, usualSize: number, link: PageLink): string {
  const { page, pageSize = usualSize, token } = link
  const url = `${head}PageSize=${pageSize}&Page=${page}`
  return token === undefined ? url : `${url}&PageToken=${token}`
}
