/** `…/Sims/{SidOrUniqueName}/UsageRecords` and `/UsageRecords`: the usage of a SIM or an account. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { completeness } from '../../domain/completeness.ts'
import { bucketsOf } from '../../domain/period.ts'
import { accountRequired, callerOf } from '../access.ts'
import { pathOf } from '../error-reply.ts'
import { listMeta, pageParameters } from '../list-page.ts'
import type { HttpServer, RouteContext } from '../route-context.ts'
import { failures } from '../schemas/error.ts'
import { asText } from '../schemas/shapes.ts'
import { accountUsageRecords, simUsageRecords } from '../schemas/usage-record.ts'
import { accountSidParameter, findHeldSim, simParams } from '../sim-lookup.ts'
import { pointToSuperSim, SIGNS_IN_USAGE } from '../supersim/misdirected.ts'
import { setUsageHeaders } from '../usage-headers.ts'
import {
  periodParameters,
  SUPER_SIM_PARAMETERS,
  type UsageListQuery,
  type UsageSubject,
  usagePage,
  usagePageLinks,
} from '../usage-page.ts'
import { groupsByBucket, ownerJson, usageRecordJson } from '../usage-record.ts'

/** The type that Fastify sets on what it serializes itself. */
const JSON_TYPE = 'application/json; charset=utf-8'

const querystring = Type.Object(
  { ...accountSidParameter, ...periodParameters, ...pageParameters },
  SUPER_SIM_PARAMETERS,
)

export function addUsageRecordRoutes(server: HttpServer, context: RouteContext): void {
  const errorHandler = pointToSuperSim(context.baseUrlOf, SIGNS_IN_USAGE)

  server.get(
    '/v1/Sims/:SidOrUniqueName/UsageRecords',
    {
      onRequest: context.gates.read,
      errorHandler,
      schema: {
        operationId: 'listSimUsageRecords',
        summary: 'What a SIM used',
        params: simParams,
        querystring,
        response: { 200: asText(simUsageRecords), ...failures },
      },
    },
    async (request, reply) => {
      const sim = await findHeldSim(context.store, request)
      const subject = { accountId: sim.accountId, simId: sim.id }
      const owner = ownerJson({ account_sid: sim.accountSid, sim_sid: sim.sid })
      return await usageList(context, request, reply, { subject, owner })
    },
  )

  server.get(
    '/v1/UsageRecords',
    {
      onRequest: context.gates.read,
      errorHandler,
      schema: {
        operationId: 'listAccountUsageRecords',
        summary: 'What all SIMs of an account used',
        querystring,
        response: { 200: asText(accountUsageRecords), ...failures },
      },
    },
    async (request, reply) => {
      const { AccountSid } = request.query
      const account = await accountRequired(context.store, callerOf(request), AccountSid)
      const subject = { accountId: account.id, simId: null }
      const owner = ownerJson({ account_sid: account.sid })
      return await usageList(context, request, reply, { subject, owner })
    },
  )
}

type UsageRequest = FastifyRequest<{ Querystring: UsageListQuery & { AccountSid?: string } }>

/** The page of records, newest first, as JSON text; sets the headers. */
async function usageList(
  { store, clock, tokens, baseUrlOf, emptyBranches }: RouteContext,
  request: UsageRequest,
  reply: FastifyReply,
  { subject, owner }: { readonly subject: UsageSubject; readonly owner: string },
): Promise<string> {
  const { query } = request
  const page = await usagePage(query, subject, tokens, clock())
  const { window, offset, pageSize } = page
  const buckets = bucketsOf(window, { offset, limit: pageSize })
  const [groups, feeds, links] = await Promise.all([
    groupsByBucket(store, window, buckets, subject),
    store.accountCoverage(subject.accountId),
    usagePageLinks(page, query, subject, tokens),
  ])
  setUsageHeaders(reply, window, completeness(feeds, clock()))
  const meta = listMeta(
    {
      key: 'usage_records',
      location: baseUrlOf(request) + pathOf(request.url),
      filters: [
        ['AccountSid', query.AccountSid],
        ['Start', query.Start],
        ['End', query.End],
        ['Granularity', query.Granularity],
      ],
    },
    links,
  )
  const records = buckets.map((bucket) =>
    usageRecordJson(owner, bucket, groups.get(bucket.start), emptyBranches),
  )
  reply.type(JSON_TYPE)
  return `{"usage_records":[${records.join(',')}],"meta":${JSON.stringify(meta)}}`
}
