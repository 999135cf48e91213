/** The view and its address. Every view is a link, and an address holds nothing but the view. */
import { type Granularity, type Period, parsePeriod, periodParams } from './period.ts'

export const FILTERS = ['zone', 'country', 'network', 'group', 'label', 'sim', 'feed'] as const
export type Filter = (typeof FILTERS)[number]
export type Filters = Readonly<Partial<Record<Filter, string>>>

export const PAGES = ['fleet', 'sims', 'sim', 'feeds', 'import', 'manage'] as const
export type Page = (typeof PAGES)[number] | 'missing'

export type Metric = 'data' | 'commands'

/** How bars are stacked: by zone, or by direction to and from SIMs. */
export type Split = 'zone' | 'direction'

export interface View {
  readonly page: Page
  /** The SID of the SIM or import that the page shows. */
  readonly subject: string | null
  /** The account whose usage an operator views. */
  readonly account: string | null
  readonly period: Period
  /** The user's choice, if the period allows one. */
  readonly granularity: Granularity | null
  readonly metric: Metric
  readonly split: Split
  readonly compares: boolean
  readonly asTable: boolean
  /** The label key by which usage is listed. */
  readonly labelKey: string | null
  /** The text to search SIMs for. */
  readonly search: string | null
  /** The start of the hour or day whose records are listed. */
  readonly at: number | null
  readonly filters: Filters
}

/** `path` is the part after `/console/`. */
export function parseView(path: string, params: URLSearchParams, now: number): View {
  const [page, subject] = pageOf(path)
  const filters = FILTERS.flatMap((name) => {
    const value = params.get(name)
    return value === null || value === '' ? [] : [[name, value]]
  })
  const at = Number(params.get('at') ?? Number.NaN)
  return {
    page,
    subject,
    account: params.get('account'),
    period: parsePeriod(params, now),
    granularity: (['hourly', 'daily'] as const).find((name) => name === params.get('by')) ?? null,
    metric: params.get('metric') === 'commands' ? 'commands' : 'data',
    split: params.get('stack') === 'direction' ? 'direction' : 'zone',
    compares: params.get('compare') === 'yes',
    asTable: params.get('table') === 'yes',
    labelKey: params.get('labels'),
    search: params.get('search'),
    at: Number.isSafeInteger(at) ? at : null,
    filters: Object.fromEntries(filters),
  }
}

function pageOf(path: string): [Page, string | null] {
  if (path === '' || path === 'sign-in') return ['fleet', null]
  if (path === 'sims' || path === 'feeds' || path === 'manage') return [path, null]
  const [, list, sid] = /^(sims|imports)\/([^/]+)$/.exec(path) ?? []
  if (sid === undefined) return ['missing', null]
  try {
    return [list === 'sims' ? 'sim' : 'import', decodeURIComponent(sid)]
  } catch {
    // The link was cut off in the middle of a character.
    return ['missing', null]
  }
}

/** Whether the page depends on the period. */
export function hasPeriod({ page }: View): boolean {
  return page === 'fleet' || page === 'sim'
}

/** The part after `/console/`, without defaults. */
export function viewPath(view: View): string {
  const stated: Record<string, string | null> = {
    account: view.account,
    ...periodParams(view.period),
    by: view.granularity,
    metric: view.metric === 'commands' ? 'commands' : null,
    stack: view.split === 'direction' ? 'direction' : null,
    compare: view.compares ? 'yes' : null,
    table: view.asTable ? 'yes' : null,
    labels: view.labelKey,
    search: view.page === 'sims' ? view.search : null,
    at: view.page === 'sim' && view.at !== null ? String(view.at) : null,
    ...view.filters,
  }
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(stated)) {
    if (value !== null && value !== '') params.set(name, value)
  }
  const query = params.toString()
  return `${pagePath(view)}${query === '' ? '' : `?${query}`}`
}

function pagePath({ page, subject }: View): string {
  const sid = encodeURIComponent(subject ?? '')
  if (page === 'sim') return `sims/${sid}`
  if (page === 'import') return `imports/${sid}`
  return page === 'sims' || page === 'feeds' || page === 'manage' ? page : ''
}

/** The view with one filter added or, for null, removed. */
export function withFilter(view: View, name: Filter, value: string | null): View {
  const { [name]: _, ...others } = view.filters
  return { ...view, at: null, filters: value === null ? others : { ...others, [name]: value } }
}
