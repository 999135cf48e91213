/** The records that a page of the Super SIM API's usage shows, from its parameters or page token. */
import type { CountryCode } from '../../domain/country.ts'
import type { Account } from '../../domain/directory.ts'
import type { Sid } from '../../domain/identifiers.ts'
import { bucketCount } from '../../domain/period.ts'
import type { Plmn } from '../../domain/plmn.ts'
import { GRANULARITIES, NO_USAGE } from '../../domain/usage-query.ts'
import type { UsageMember } from '../../domain/usage-question.ts'
import { refuseLaterPage } from '../keyset-page.ts'
import { PAGE_SIZE_DEFAULT, type PageLink, type PageLinks, readPageNumbers } from '../list-page.ts'
import { fingerprint, invalidPageToken, type PageTokens, type TokenPayload } from '../page-token.ts'
import {
  type Named,
  SUPER_SIM_GROUPS,
  type SuperSimGroup,
  type SuperSimQuestion,
  type SuperSimUsageQuery,
} from './usage-question.ts'

export interface SuperSimUsagePage {
  readonly question: SuperSimQuestion
  readonly page: number
  readonly pageSize: number
  /** How many buckets earlier pages show; 0 for a grouped answer. */
  readonly offset: number
  /** The last record of the page before; null on the first page, and for an ungrouped answer. */
  readonly after: UsageMember | null
  /** The parameters with which the first page was requested. */
  readonly prints: Fingerprints
}

type Fingerprints = readonly (string | null)[]

const FILTERS = [
  'Sim',
  'Fleet',
  'Network',
  'IsoCountry',
  'Group',
  'Granularity',
  'StartTime',
  'EndTime',
] as const

/** As sent, in the order in which URLs name them. */
export function filtersOf(query: SuperSimUsageQuery): [name: string, value: string | undefined][] {
  return (['AccountSid', ...FILTERS] as const).map((name) => [name, query[name]])
}

/**
 * Throws the error of an invalid page token, and `invalid` for a later page of grouped records without one. A
 * token keeps the question of the first page, however much later it is used.
 */
export async function superSimUsagePage(
  query: SuperSimUsageQuery,
  account: Account,
  tokens: PageTokens,
  ask: () => Promise<SuperSimQuestion>,
): Promise<SuperSimUsagePage> {
  const given = readPageNumbers(query)
  const prints = FILTERS.map((name) => fingerprint(query[name]))
  if (query.PageToken !== undefined) {
    const issued = fromToken(await tokens.open(query.PageToken, TOKEN_KIND), account, prints)
    const pageSize = given.pageSize ?? issued.pageSize
    const page = given.page ?? issued.page
    // A token of grouped records leads to one page only.
    if (issued.question.group !== null && page !== issued.page) throw invalidPageToken()
    const offset = Math.max(0, issued.offset + (page - issued.page) * pageSize)
    return { ...issued, page, pageSize, offset }
  }
  if (query.Group !== undefined) refuseLaterPage(query, given.page)
  const question = await ask()
  const pageSize = given.pageSize ?? PAGE_SIZE_DEFAULT
  const page = given.page ?? 0
  return { question, page, pageSize, offset: page * pageSize, after: null, prints }
}

/** `last` is the last record of a grouped page that others follow; null if none do. */
export async function superSimPageLinks(
  usagePage: SuperSimUsagePage,
  last: UsageMember | null,
  query: SuperSimUsageQuery,
  { account, tokens }: { readonly account: Account; readonly tokens: PageTokens },
): Promise<PageLinks> {
  const { question, page, pageSize, offset } = usagePage
  const linkTo = async (
    at: Partial<Pick<SuperSimUsagePage, 'offset' | 'page' | 'pageSize' | 'after'>>,
  ): Promise<PageLink> => {
    const to = { ...usagePage, ...at }
    const token = await tokens.seal(toToken(to, account))
    return { page: to.page, pageSize: to.pageSize, token }
  }
  const hasMoreBuckets = question.group === null && offset + pageSize < bucketCount(question.window)
  const hasNext = hasMoreBuckets || last !== null
  // If PageSize grew since the token was issued, fewer records than it may come before this page.
  const before = Math.min(pageSize, offset)
  return {
    pageSize,
    current: { page, token: query.PageToken },
    first:
      query.PageToken === undefined
        ? { page: 0 }
        : await linkTo({ offset: 0, page: 0, after: null }),
    next: hasNext
      ? await linkTo({
          page: page + 1,
          ...(last === null ? { offset: offset + pageSize } : { after: last }),
        })
      : null,
    previous:
      before > 0
        ? await linkTo({ offset: offset - before, page: Math.max(0, page - 1), pageSize: before })
        : null,
  }
}

/** Names the layout of the payload. Another layout needs another name. */
const TOKEN_KIND = 'supersim1'

type NamedToken = readonly [id: number | null, sid: string | null]

type UsageToken = readonly [
  kind: typeof TOKEN_KIND,
  accountId: number,
  granularity: number,
  group: string | null,
  start: number,
  end: number,
  keptFrom: number,
  ...sim: NamedToken,
  ...fleet: NamedToken,
  plmn: string | null,
  country: string | null,
  offset: number,
  page: number,
  pageSize: number,
  afterStart: number | null,
  ...afterMember: NamedToken,
  ...prints: Fingerprints,
]

function toToken(usagePage: SuperSimUsagePage, account: Account): UsageToken {
  const { question, offset, page, pageSize, after, prints } = usagePage
  const { window, group, sim, fleet, plmn, country } = question
  return [
    TOKEN_KIND,
    account.id,
    GRANULARITIES.indexOf(window.granularity),
    group,
    window.start,
    window.end,
    window.keptFrom,
    ...namedToToken(sim),
    ...namedToToken(fleet),
    plmn,
    country,
    offset,
    page,
    pageSize,
    after?.bucketStart ?? null,
    ...memberToToken(after),
    ...prints,
  ]
}

function fromToken(
  payload: TokenPayload,
  account: Account,
  prints: Fingerprints,
): SuperSimUsagePage {
  const [, accountId, granularity, group, start, end, keptFrom, ...rest] = payload as UsageToken
  const [simId, simSid, fleetId, fleetSid, plmn, country, ...position] = rest
  const [offset, page, pageSize, afterStart, afterId, afterText, ...issued] = position
  if (accountId !== account.id) throw invalidPageToken()
  // The caller may omit parameters, because the token has the question, but may not change them.
  if (prints.some((print, i) => print !== null && print !== issued[i])) throw invalidPageToken()
  const bounds = { statedStart: start, statedEnd: end, start, end }
  const window = {
    ...bounds,
    granularity: GRANULARITIES[granularity]!,
    keptFrom,
    beyondRetention: false,
  }
  const dimension = group as SuperSimGroup | null
  const question: SuperSimQuestion = {
    window,
    group: dimension,
    sim: namedFromToken([simId, simSid]),
    fleet: namedFromToken([fleetId, fleetSid]),
    plmn: plmn as Plmn | null,
    country: country as CountryCode | null,
  }
  const after =
    dimension === null || afterStart === null
      ? null
      : memberFromToken(dimension, afterStart, [afterId, afterText])
  return { question, offset, page, pageSize, after, prints: issued }
}

function namedToToken(named: Named | null): NamedToken {
  return [named?.id ?? null, named?.sid ?? null]
}

function namedFromToken([id, sid]: NamedToken): Named | null {
  return id === null || sid === null ? null : { id, sid }
}

/** The member's value in its one dimension. */
function memberToToken(member: UsageMember | null): NamedToken {
  if (member?.simId !== undefined) return [member.simId, member.simSid ?? null]
  if (member?.group) return [member.group.id, member.group.sid]
  return [null, member?.plmn ?? member?.country ?? null]
}

function memberFromToken(
  group: SuperSimGroup,
  bucketStart: number,
  [id, text]: NamedToken,
): UsageMember {
  const sid = text as Sid
  const at = { ...NO_USAGE, bucketStart }
  switch (SUPER_SIM_GROUPS[group]) {
    case 'sim':
      return { ...at, simId: id!, simSid: sid }
    case 'group':
      return { ...at, group: id === null ? null : { id, sid, uniqueName: null } }
    case 'network':
      return { ...at, plmn: text as Plmn | null }
    case 'country':
      return { ...at, country: text as CountryCode | null }
  }
}
