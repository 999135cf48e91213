/** Questions about usage, for `GET /v1/Usage`. */
import { API_ROOT } from '../base.ts'
import { instantOf, isoText } from '../format/time.ts'
import type { Granularity, Period } from '../state/period.ts'
import type { Filters } from '../state/view.ts'
import type { UsageRow } from './amounts.ts'
import { parseExact } from './exact-json.ts'
import { type Schema, SimtallyError, server } from './server.ts'

export interface UsageAnswer {
  readonly rows: readonly UsageRow[]
  readonly completeFrom: number | null
  readonly completeThrough: number | null
  /** Earlier usage is no longer kept; null if the period does not reach that far back. */
  readonly retainedFrom: number | null
}

export interface UsageQuestion {
  /** Set for an operator's question. */
  readonly account: string | null
  readonly period: Period
  readonly filters: Filters
  readonly granularity?: Granularity
  readonly groupBy?: string
  readonly order?: '-data' | '-commands'
  /** All rows if undefined. */
  readonly limit?: number
}

type UsageQuery = Record<string, string>

/** The parameters of the API, in the order of its documentation. */
export function usageQuery(question: UsageQuestion): UsageQuery {
  const { account, period, filters, granularity, groupBy, order, limit } = question
  const stated = {
    AccountSid: account,
    Start: isoText(period.start),
    End: isoText(period.end),
    Granularity: granularity,
    GroupBy: groupBy,
    Sim: filters.sim,
    Group: filters.group,
    Label: filters.label,
    Zone: filters.zone,
    Country: filters.country,
    Network: filters.network,
    Feed: filters.feed,
    Order: order,
    PageSize: limit?.toString(),
  }
  const given = Object.entries(stated).filter(([, value]) => value !== undefined && value !== null)
  return Object.fromEntries(given) as UsageQuery
}

/** Where the server streams the answer as CSV, whatever its length. */
export function usageCsvHref(question: UsageQuestion): string {
  return `${API_ROOT}v1/Usage?${new URLSearchParams({ ...usageQuery(question), Format: 'csv' })}`
}

/** Rejects with `SimtallyError`, and with a `TypeError` if nobody answers. */
export async function askUsage(question: UsageQuestion, signal: AbortSignal): Promise<UsageAnswer> {
  const query = { ...usageQuery(question), Format: 'ndjson' } as object
  const { data, error, response } = await server.GET('/v1/Usage', {
    params: { query },
    parseAs: 'text',
    signal,
  })
  if (!response.ok) throw new SimtallyError(response, error)
  const lines = String(data ?? '').split('\n')
  const instant = (name: string) => {
    const text = response.headers.get(name)
    return text === null ? null : instantOf(text)
  }
  return {
    rows: lines.filter((line) => line !== '').map((line) => rowOf(parseExact(line) as Member)),
    completeFrom: instant('Usage-Complete-From'),
    completeThrough: instant('Usage-Complete-Through'),
    retainedFrom: instant('Usage-Retained-From'),
  }
}

type Member = Schema<'UsageMember'>

function rowOf(member: Member): UsageRow {
  const { data, commands, period } = member
  return {
    start: instantOf(period.start),
    member,
    data: BigInt(data.total),
    download: BigInt(data.download),
    upload: BigInt(data.upload),
    commands: BigInt(commands.total),
    toSim: BigInt(commands.to_sim),
    fromSim: BigInt(commands.from_sim),
  }
}
