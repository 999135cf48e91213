/** The usage of one fleet member in one bucket, as JSON and as a line of CSV. */
import { OWN_COUNTERS } from '../domain/counters.ts'
import { countryCodeAlpha3 } from '../domain/country.ts'
import type { Bucket, UsageWindow } from '../domain/period.ts'
import { plus } from '../domain/sums.ts'
import { formatInstant } from '../domain/time.ts'
import type { QuestionGranularity, UsageMember } from '../domain/usage-question.ts'
import { csvLine } from './csv-line.ts'
import { bucketsAfter } from './member-spans.ts'

/** What all members of an answer share. */
export interface MemberContext {
  readonly accountSid: string
  readonly granularity: QuestionGranularity
  readonly window: Pick<UsageWindow, 'statedStart' | 'statedEnd'>
}

/** A record's numbers cover exactly its period, so the record of a bucket that the window cuts is shorter. */
export function periodOfMember(
  { granularity, window }: Omit<MemberContext, 'accountSid'>,
  { bucketStart }: Pick<UsageMember, 'bucketStart'>,
): Bucket {
  const { statedStart, statedEnd } = window
  // Usage before retention no longer counts, but the record still states the period that was asked for.
  if (granularity === 'all') return { start: statedStart, end: statedEnd }
  return {
    start: Math.max(bucketStart, statedStart),
    end: Math.min(bucketsAfter(granularity, bucketStart), statedEnd),
  }
}

/** The names of the member; null for what was not asked for or is not known. */
export function memberNames({ simSid, group, label, zone, country, plmn, feedName }: UsageMember) {
  return {
    sim_sid: simSid ?? null,
    group: group == null ? null : (group.uniqueName ?? group.sid),
    label: label ?? null,
    zone: zone ?? null,
    country_code: country == null ? null : countryCodeAlpha3(country),
    network: plmn ?? null,
    feed: feedName ?? null,
  }
}

/** As JSON text with exact numbers. `pageToken` is set only at a point from which the caller can continue. */
export function memberJson(
  context: MemberContext,
  member: UsageMember,
  pageToken: string | null = null,
): string {
  const { upload, download, toSim, fromSim } = member
  const { start, end } = periodOfMember(context, member)
  const names = JSON.stringify({ account_sid: context.accountSid, ...memberNames(member) })
  let own = ''
  for (const { name, field } of OWN_COUNTERS) own += `,"${field}":${member[name]}`
  const token = pageToken === null ? '' : `,"page_token":"${pageToken}"`
  return (
    `${names.slice(0, -1)},` +
    `"period":{"start":"${formatInstant(start)}","end":"${formatInstant(end)}"},` +
    `"data":{"total":${plus(upload, download)},"download":${download},"upload":${upload},"units":"bytes"},` +
    `"commands":{"total":${plus(toSim, fromSim)},"to_sim":${toSim},"from_sim":${fromSim}}` +
    `${own}${token}}`
  )
}

const COLUMNS = [
  ...['account_sid', 'sim_sid', 'group', 'label', 'zone', 'country_code', 'network', 'feed'],
  ...['start', 'end', 'download', 'upload', 'data_total', 'to_sim', 'from_sim', 'commands_total'],
  ...OWN_COUNTERS.map(({ field }) => field),
]

/** Only answers that can be resumed have the last column. */
export function memberCsvHeader({ resumable }: { readonly resumable: boolean }): string {
  return [...COLUMNS, ...(resumable ? ['page_token'] : [])].join(',')
}

/** `pageToken` is undefined if the header has no column for it. */
export function memberCsvLine(
  context: MemberContext,
  member: UsageMember,
  pageToken?: string | null,
): string {
  const { upload, download, toSim, fromSim } = member
  const { start, end } = periodOfMember(context, member)
  const sums = [download, upload, plus(upload, download), toSim, fromSim, plus(toSim, fromSim)]
  for (const { name } of OWN_COUNTERS) sums.push(member[name])
  return csvLine([
    context.accountSid,
    ...Object.values(memberNames(member)).map((name) => name ?? ''),
    formatInstant(start),
    formatInstant(end),
    ...sums,
    ...(pageToken === undefined ? [] : [pageToken ?? '']),
  ])
}
