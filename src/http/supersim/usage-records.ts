/** `/supersim/v1/UsageRecords`: an account's usage by SIM, fleet, network or country. */
import { completeness } from '../../domain/completeness.ts'
import type { Account } from '../../domain/directory.ts'
import { BUCKET_SECONDS, type Bucket, bucketsOf } from '../../domain/period.ts'
import type { UsageMember } from '../../domain/usage-question.ts'
import type { UsageStore } from '../../storage/usage-store.ts'
import { accountRequired, callerOf } from '../access.ts'
import { pathOf } from '../error-reply.ts'
import { listMeta } from '../list-page.ts'
import { answerInSpans } from '../member-spans.ts'
import type { HttpServer, RouteContext } from '../route-context.ts'
import { failures } from '../schemas/error.ts'
import { asText } from '../schemas/shapes.ts'
import { setUsageHeaders } from '../usage-headers.ts'
import { SUPER_SIM_PREFIX } from './address.ts'
import { networkSidOf } from './network-sid.ts'
import { superSimUsageRecords } from './schemas.ts'
import {
  filtersOf,
  type SuperSimUsagePage,
  superSimPageLinks,
  superSimUsagePage,
} from './usage-page.ts'
import {
  type SuperSimQuestion,
  superSimQuestion,
  superSimUsageQuery,
  toDomain,
} from './usage-question.ts'
import { superSimRecordJson, type UsagePlace } from './usage-record.ts'

export function addSuperSimUsageRoute(server: HttpServer, context: RouteContext): void {
  const { store, clock, gates, tokens, baseUrlOf } = context

  server.get(
    `${SUPER_SIM_PREFIX}/v1/UsageRecords`,
    {
      onRequest: gates.read,
      config: { invalid: 'usage_parameter' },
      schema: {
        operationId: 'listSuperSimUsageRecords',
        summary: 'What all SIMs of an account used, by SIM, fleet, network or country',
        querystring: superSimUsageQuery,
        response: { 200: asText(superSimUsageRecords), ...failures },
      },
    },
    async (request, reply) => {
      const { query } = request
      const account = await accountRequired(store, callerOf(request), query.AccountSid)
      const ask = () => superSimQuestion(store, account, query, clock())
      const page = await superSimUsagePage(query, account, tokens, ask)
      const [{ records, last }, feeds] = await Promise.all([
        page.question.group === null
          ? bucketRecords(store, account, page)
          : memberRecords(store, account, page),
        store.accountCoverage(account.id),
      ])
      setUsageHeaders(reply, page.question.window, completeness(feeds, clock()))
      const meta = listMeta(
        {
          key: 'usage_records',
          location: baseUrlOf(request) + pathOf(request.url),
          filters: filtersOf(query),
        },
        await superSimPageLinks(page, last, query, { account, tokens }),
      )
      reply.type('application/json; charset=utf-8')
      return `{"usage_records":[${records.join(',')}],"meta":${JSON.stringify(meta)}}`
    },
  )
}

interface Records {
  /** As JSON text. */
  readonly records: readonly string[]
  /** The last record, if more follow that can only be found from it. */
  readonly last: UsageMember | null
}

/** One record per bucket, including empty ones. */
async function bucketRecords(
  store: Pick<UsageStore, 'answerUsage'>,
  account: Account,
  { question, offset, pageSize }: SuperSimUsagePage,
): Promise<Records> {
  const buckets = bucketsOf(question.window, { offset, limit: pageSize })
  const [newest, oldest] = [buckets[0], buckets.at(-1)]
  if (newest === undefined || oldest === undefined) return { records: [], last: null }
  const members = await store.answerUsage(
    toDomain(question, account.id, { start: oldest.start, end: newest.end }),
    { limit: buckets.length },
  )
  const found = new Map(members.map((member) => [member.bucketStart, member]))
  const place = placeOf(question)
  const records = buckets.map((bucket) =>
    superSimRecordJson(account.sid, bucket, found.get(bucket.start), place),
  )
  return { records, last: null }
}

/** In each bucket, one record per member with usage. */
async function memberRecords(
  store: Pick<UsageStore, 'answerUsage'>,
  account: Account,
  { question, pageSize, after }: SuperSimUsagePage,
): Promise<Records> {
  // Reading one more than the page shows tells whether more follow.
  const page = { limit: pageSize + 1, ...(after !== null && { after }) }
  const found = await answerInSpans(store, toDomain(question, account.id, question.window), page)
  const members = found.slice(0, pageSize)
  return {
    records: members.map((member) =>
      superSimRecordJson(
        account.sid,
        bucketOf(question, member),
        member,
        placeOf(question, member),
      ),
    ),
    last: found.length > pageSize ? members.at(-1)! : null,
  }
}

function bucketOf({ window }: SuperSimQuestion, { bucketStart }: UsageMember): Bucket {
  const { granularity, statedStart, statedEnd } = window
  if (granularity === 'all') return { start: statedStart, end: statedEnd }
  return { start: bucketStart, end: bucketStart + BUCKET_SECONDS[granularity] }
}

/** What the question filters or groups by. All else is null, and so is a member without a value. */
function placeOf(
  { sim, fleet, plmn, country }: SuperSimQuestion,
  member?: UsageMember,
): UsagePlace {
  const network = plmn ?? member?.plmn ?? null
  return {
    sim_sid: sim?.sid ?? member?.simSid ?? null,
    fleet_sid: fleet?.sid ?? member?.group?.sid ?? null,
    network_sid: network === null ? null : networkSidOf(network),
    iso_country: country ?? member?.country ?? null,
  }
}
