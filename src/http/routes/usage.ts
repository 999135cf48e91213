/** `/Usage`: answers any question about an account's usage, as a list, as CSV or as NDJSON. */
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { completeness } from '../../domain/completeness.ts'
import type { Account } from '../../domain/directory.ts'
import { accountRequired, callerOf } from '../access.ts'
import { type AnswerFormat, acceptedFormat, TYPE_OF_FORMAT } from '../answer-format.ts'
import { pathOf } from '../error-reply.ts'
import { listMeta, type PageLinks } from '../list-page.ts'
import { memberLines, membersOf } from '../member-stream.ts'
import {
  type QuestionPage,
  type QuestionQuery,
  questionPage,
  questionQuery,
} from '../question-page.ts'
import { toToken } from '../question-token.ts'
import type { HttpServer, RouteContext } from '../route-context.ts'
import { failures } from '../schemas/error.ts'
import { asText } from '../schemas/shapes.ts'
import { usageMembersSchema } from '../schemas/usage-member.ts'
import { setUsageHeaders } from '../usage-headers.ts'
import { type MemberContext, memberJson } from '../usage-member.ts'
import { addVary } from '../vary.ts'

export function addUsageRoutes(server: HttpServer, context: RouteContext): void {
  server.get(
    '/v1/Usage',
    {
      onRequest: context.gates.read,
      schema: {
        operationId: 'listUsage',
        summary: 'What the SIMs of an account used, grouped and filtered as asked',
        querystring: questionQuery,
        response: { 200: asText(usageMembersSchema), ...failures },
      },
    },
    async (request, reply) => {
      const { store, tokens, clock } = context
      const { query } = request
      const caller = callerOf(request)
      const account = await accountRequired(store, caller, query.AccountSid)
      const asking = { account, caller, store, tokens, nowSeconds: clock() }
      const page = await questionPage(query, asking)
      // Even if a parameter states the format: a cache may keep the answer for callers without it.
      addVary(reply, 'Accept')
      setUsageHeaders(
        reply,
        page.window,
        completeness(await store.accountCoverage(account.id), clock()),
      )
      const format = (query.Format as AnswerFormat) ?? acceptedFormat(request.headers.accept)
      if (format === 'json') return await usageList(context, request, reply, { account, page })
      return await usageStream(context, request, reply, { account, page, format })
    },
  )
}

type UsageRequest = FastifyRequest<{ Querystring: QuestionQuery }>

interface Asked {
  readonly account: Account
  readonly page: QuestionPage
}

async function usageList(
  context: RouteContext,
  request: UsageRequest,
  reply: FastifyReply,
  { account, page }: Asked,
): Promise<string> {
  const { store, tokens, baseUrlOf } = context
  const { query } = request
  const { members, more } = await membersOf(store, page, page.pageSize)
  const last = members.at(-1)
  const links: PageLinks = {
    pageSize: page.pageSize,
    current: { page: page.page, token: query.PageToken },
    first: { page: 0 },
    next:
      more && last !== undefined
        ? { page: page.page + 1, token: await tokens.seal(toToken(page, last)) }
        : null,
    previous: null,
  }
  const meta = listMeta(
    { key: 'usage', location: baseUrlOf(request) + pathOf(request.url), filters: filtersOf(query) },
    links,
  )
  const of = memberContext(account, page)
  const records = members.map((member) => memberJson(of, member))
  reply.type(TYPE_OF_FORMAT.json)
  return `{"usage":[${records.join(',')}],"meta":${JSON.stringify(meta)}}`
}

/** Requests the first piece before sending anything, so that a failure still gets a proper error answer. */
async function usageStream(
  { store, tokens, turns }: RouteContext,
  { query, method }: UsageRequest,
  reply: FastifyReply,
  { account, page, format }: Asked & { readonly format: Exclude<AnswerFormat, 'json'> },
) {
  const lines = await memberLines(page, {
    store,
    tokens,
    format,
    context: memberContext(account, page),
    // For HEAD, reads no more than the headers need.
    limit: query.PageSize === undefined && method !== 'HEAD' ? null : page.pageSize,
    nextTurn: () => turns.next(),
  })
  return reply.type(TYPE_OF_FORMAT[format]).send(Readable.from(lines))
}

function memberContext({ sid }: Account, { question, window }: QuestionPage): MemberContext {
  return { accountSid: sid, granularity: question.granularity, window }
}

/** In the order in which URLs name them. */
const FILTERS = [
  ...['AccountSid', 'Start', 'End', 'Granularity', 'GroupBy', 'Sim', 'Group', 'Label'],
  ...['Zone', 'Country', 'Network', 'Feed', 'Order', 'Format'],
] as const

function filtersOf(query: QuestionQuery) {
  const given = query as Readonly<Record<string, string | undefined>>
  return FILTERS.map((name) => [name, given[name]] as const)
}
