/**
 * The question about a fleet that a request asks, and the page of its answer, from parameters or page token.
 */
import { type Static, Type } from 'typebox'
import { parseCountry } from '../domain/country.ts'
import type { Account } from '../domain/directory.ts'
import { maskIdentifier } from '../domain/identifiers.ts'
import { resolveWindow, type UsageWindow } from '../domain/period.ts'
import { parsePlmn } from '../domain/plmn.ts'
import { parseGroupBy, type QuestionNames, requireShortEnough } from '../domain/question-text.ts'
import { parseLabel } from '../domain/sim-group.ts'
import { invalidField, type UsageError } from '../domain/usage-error.ts'
import { ZONES, type Zone } from '../domain/usage-event.ts'
import {
  QUESTION_GRANULARITIES,
  QUESTION_ORDERS,
  type QuestionGranularity,
  type QuestionOrder,
  type UsageFilter,
  type UsageMember,
  type UsageQuestion,
} from '../domain/usage-question.ts'
import type { UsageStore } from '../storage/usage-store.ts'
import { feedToRead } from './access.ts'
import { ANSWER_FORMATS } from './answer-format.ts'
import type { Caller } from './credentials.ts'
import { refuseLaterPage } from './keyset-page.ts'
import { PAGE_SIZE_DEFAULT, type PageQuery, pageParameters, readPageNumbers } from './list-page.ts'
import { invalidPageToken, type PageTokens } from './page-token.ts'
import type { ParameterOptions } from './parameter-names.ts'
import { fromToken, printsOf, QUESTION_TOKEN_KIND } from './question-token.ts'
import { accountSidParameter } from './sim-lookup.ts'
import { boundParameters, readInstant } from './usage-page.ts'
import { parameter, parsedParameter } from './validation.ts'

const oneOf = (name: string, values: readonly string[]) =>
  Type.Optional(parameter(name, `expected ${values.join(', ')}`, (text) => values.includes(text)))

export const formatParameter = oneOf('Format', ANSWER_FORMATS)
export const labelParameter = Type.Optional(
  parsedParameter('Label', 'key=value: of SIMs with this label', (text) =>
    parseLabel(text, 'Label'),
  ),
)
export const groupParameter = Type.Optional(
  Type.String({ description: 'the SID or unique name of a group' }),
)
export const countryParameter = Type.Optional(
  parameter(
    'Country',
    'expected an ISO 3166-1 country code, such as MEX or MX',
    (text) => parseCountry(text) !== null,
  ),
)

/** Parameters of the Super SIM API. If they were ignored, its clients would get a different answer. */
const OF_SUPER_SIM: ParameterOptions = {
  refused: {
    StartTime: 'this is how the Super SIM API calls it; here it is Start',
    EndTime: 'this is how the Super SIM API calls it; here it is End',
    Fleet: 'this is how the Super SIM API calls it; here it is Group',
    IsoCountry: 'this is how the Super SIM API calls it; here it is Country',
  },
}

export const questionQuery = Type.Object(
  {
    ...accountSidParameter,
    ...boundParameters,
    Granularity: oneOf('Granularity', QUESTION_GRANULARITIES),
    GroupBy: Type.Optional(
      parsedParameter(
        'GroupBy',
        'any of sim, group, label:KEY, zone, country, network, feed, separated by commas',
        (text) => parseGroupBy('GroupBy', text),
      ),
    ),
    Sim: Type.Optional(Type.String({ description: 'the SID or unique name of a SIM' })),
    Group: groupParameter,
    Label: labelParameter,
    Zone: oneOf('Zone', ZONES),
    Country: countryParameter,
    Network: Type.Optional(
      parameter(
        'Network',
        'expected a network as MCC-MNC, such as 334-020',
        (text) => parsePlmn(text) !== null,
      ),
    ),
    Feed: Type.Optional(Type.String({ description: 'the name of a feed' })),
    Order: oneOf('Order', QUESTION_ORDERS),
    Format: formatParameter,
    ...pageParameters,
  },
  OF_SUPER_SIM,
)

export type QuestionQuery = Static<typeof questionQuery>

/** The names that the API's messages use. */
const NAMES: QuestionNames = {
  groupBy: 'GroupBy',
  granularity: 'Granularity',
  sim: 'Sim',
  network: 'Network',
  feed: 'Feed',
}

export interface QuestionPage {
  /** The period as stated, and the part of it that retention has left. */
  readonly window: UsageWindow
  readonly question: UsageQuestion
  readonly page: number
  readonly pageSize: number
  /** The last member of the page before; null for the first page. */
  readonly after: UsageMember | null
  /** The parameters of the first page, fingerprinted. */
  readonly prints: string
}

export interface Asking {
  readonly account: Account
  readonly caller: Caller
  readonly store: Pick<UsageStore, 'findHeldSim' | 'findGroup' | 'findFeed' | 'findAccountFeed'>
  readonly tokens: PageTokens
  readonly nowSeconds: number
}

/**
 * Throws `invalid` for a period that ends before it starts, for filters that match nothing of the account,
 * for questions that read too much and for a later page without its token; also throws the error of an
 * invalid page token.
 */
export async function questionPage(query: QuestionQuery, asking: Asking): Promise<QuestionPage> {
  const { account, tokens, nowSeconds } = asking
  const given = readPageNumbers(query as PageQuery)
  if (query.PageToken !== undefined) {
    const payload = await tokens.open(query.PageToken, QUESTION_TOKEN_KIND)
    const issued = fromToken(payload, account.id, printsOf(query))
    // A token leads to one page only: with another number, the same rows would come twice.
    if (given.page !== null && given.page !== issued.page) throw invalidPageToken()
    return { ...issued, pageSize: given.pageSize ?? issued.pageSize }
  }
  refuseLaterPage(query as PageQuery, given.page)
  const window = windowOf(query, nowSeconds)
  const grouping =
    query.GroupBy === undefined ? NO_GROUPING : parseGroupBy('GroupBy', query.GroupBy)
  const question: UsageQuestion = {
    accountId: account.id,
    start: Math.max(window.start, window.keptFrom),
    end: window.end,
    granularity: (query.Granularity ?? 'all') as QuestionGranularity,
    filter: await filterOf(query, asking),
    order: (query.Order ?? 'start') as QuestionOrder,
    ...grouping,
  }
  requireShortEnough(question, { ...NAMES, feedName: query.Feed })
  const pageSize = given.pageSize ?? PAGE_SIZE_DEFAULT
  return { window, question, page: 0, pageSize, after: null, prints: printsOf(query) }
}

const NO_GROUPING = { groupBy: [] } as const

/** An account's usage is kept by the hour, so the bounds are widened to whole hours. */
function windowOf({ Start, End }: QuestionQuery, nowSeconds: number): UsageWindow {
  const start = Start === undefined ? null : readInstant(Start)
  const end = End === undefined ? null : readInstant(End)
  return resolveWindow({ start, end, granularity: 'all', level: 'account' }, nowSeconds)
}

async function filterOf(query: QuestionQuery, asking: Asking): Promise<UsageFilter> {
  const { Sim, Group, Label, Zone, Country, Network, Feed } = query
  const { account, caller, store } = asking
  const sim = Sim === undefined ? undefined : await store.findHeldSim(account.id, Sim)
  if (sim === null) throw noSuch('Sim', Sim!, 'SIM')
  const groupId = Group === undefined ? undefined : await groupIdOf(store, account.id, Group)
  const feed = Feed === undefined ? undefined : await feedToRead(store, caller, Feed)
  if (feed === null) throw noSuch('Feed', Feed!, 'feed')
  const plmn = Network === undefined ? null : parsePlmn(Network)
  return {
    ...(sim !== undefined && { simId: sim.id }),
    ...(groupId !== undefined && { groupId }),
    ...(Label !== undefined && { label: parseLabel(Label, 'Label') }),
    ...(Zone !== undefined && { zone: Zone as Zone }),
    ...(Country !== undefined && { country: parseCountry(Country) }),
    ...(plmn !== null && { plmn }),
    ...(feed !== undefined && { feedId: feed.id }),
  }
}

/** Throws `invalid`, in the same words for another account's group as for none. */
export async function groupIdOf(
  store: Pick<UsageStore, 'findGroup'>,
  accountId: number,
  name: string,
): Promise<number> {
  const group = await store.findGroup(accountId, name)
  if (group === null) throw noSuch('Group', name, 'group')
  return group.id
}

/** If a SIM's number stands where its name belongs, the message does not repeat it. */
function noSuch(field: string, value: string, what: string): UsageError {
  const told = /^\+?\d{6,}$/.test(value) ? maskIdentifier(value) : value
  return invalidField(field, told, `there is no such ${what}`)
}
