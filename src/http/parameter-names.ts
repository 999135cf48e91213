/**
 * Names of parameters that mean something, but not as they are written or not where they stand. To ignore
 * one would answer another question than the one that was asked, or look like a change that was made.
 */
import type { FastifyRequest, RouteOptions } from 'fastify'
import type { TSchema } from 'typebox'
import { UsageError } from '../domain/usage-error.ts'
import type { HttpServer } from './route-context.ts'

/**
 * What an object of parameters may say beside its own: `refused` are names of the original API that
 * mean something, but nothing that can be answered here, each with the sentence that says so.
 */
export type ParameterOptions = { readonly refused?: Readonly<Record<string, string>> }

type Named = { readonly properties?: Readonly<Record<string, unknown>> } & ParameterOptions

const ACCOUNT = 'AccountSid'

/** Callers who are no operator may name their account anywhere: nothing else is shown to them. */
const NO_FILTERS = [ACCOUNT, 'PageSize', 'Page', 'PageToken']

const DRY_RUN = '/DryRun'

export class ParameterNames {
  /** What any list is filtered, grouped or ordered by, under its plain spelling. */
  readonly #filters = new Map<string, string>()

  /** Where something can be tried, by a path of its own below. */
  readonly #triedAt = new Set<string>()

  /** Learns the filters of the routes that are added from now on, and watches over their bodies. */
  constructor(server: HttpServer) {
    server.addHook('onRoute', (route) => {
      const query = route.schema?.querystring as Named | undefined
      const body = route.schema?.body as Named | undefined
      if (isList(query)) {
        this.#learn(Object.keys(query?.properties ?? {}))
        if (!Object.hasOwn(query?.properties ?? {}, ACCOUNT)) checkFirst(route, refuseAccount)
      }
      const misplaced = namesOfBody(body, query)
      if (misplaced.size > 0) checkFirst(route, (request) => refuseInQuery(request, misplaced))
      if (route.url.endsWith(DRY_RUN)) this.#triedAt.add(route.url.slice(0, -DRY_RUN.length))
      else if (route.method === 'POST') checkFirst(route, (it) => this.#refuseDryRun(it))
    })
  }

  /** What was to be tried would be done. */
  #refuseDryRun({ routeOptions, query, body }: FastifyRequest): void {
    if (!this.#triedAt.has(routeOptions.url ?? '')) return
    const given = [query, body].flatMap((parameters) => Object.keys(Object(parameters)))
    if (!given.some((name) => plain(name) === 'dryrun')) return
    const rule = `a dry run has a path of its own, which ends with ${DRY_RUN}`
    throw new UsageError('invalid', `DryRun: ${rule}; nothing was done`)
  }

  #learn(names: readonly string[]): void {
    for (const name of names) {
      if (!NO_FILTERS.includes(name)) this.#filters.set(plain(name), name)
    }
  }

  /** Sentences about the names that mislead, the ones among what is given. */
  check(schema: TSchema): (given: unknown) => string[] {
    const { properties = {}, refused = {} } = schema as Named
    const known = new Map(Object.keys(properties).map((name) => [plain(name), name]))
    const not = new Map(Object.keys(refused).map((name) => [plain(name), name]))
    const filters = isList(schema as Named) ? this.#filters : NOTHING
    return (given) => {
      if (typeof given !== 'object' || given === null) return []
      return Object.keys(given).flatMap((name) => {
        if (Object.hasOwn(properties, name)) return []
        const spelling = plain(name)
        const refusedName = not.get(spelling)
        if (refusedName !== undefined) return [`${shown(name)}: ${refused[refusedName]}`]
        const right = known.get(spelling)
        if (right !== undefined) return [`${shown(name)} is not known: write ${right}`]
        return filters.has(spelling)
          ? [`${shown(name)}: this list does not go by it; leave it out`]
          : []
      })
    }
  }
}

const NOTHING: ReadonlyMap<string, string> = new Map()

function isList(query: Named | undefined): boolean {
  return query?.properties !== undefined && 'PageToken' in query.properties
}

/** As `Start` for `start`, `Start[]`, `Start[0]` and `Start `, and `PageSize` for `page_size`. */
function plain(name: string): string {
  return name
    .toLowerCase()
    .replace(/\[.*$/s, '')
    .replace(/[^a-z0-9]/g, '')
}

/** Blanks and control characters can be seen. */
function shown(name: string): string {
  return /^[\w[\]-]+$/.test(name) ? name : JSON.stringify(name)
}

function checkFirst(route: RouteOptions, check: (request: FastifyRequest) => void): void {
  const hook = async (request: FastifyRequest) => check(request)
  route.preValidation = [route.preValidation ?? [], hook].flat()
}

/** A list that is not of one account would show the operator all of them. */
function refuseAccount({ caller, query }: FastifyRequest): void {
  if (caller?.account !== null || !Object.hasOwn(Object(query), ACCOUNT)) return
  throw new UsageError('invalid', `${ACCOUNT}: this list does not go by it; leave it out`)
}

/** By their plain spelling: what a body may say and a query may not. */
function namesOfBody(body: Named | undefined, query: Named | undefined): Map<string, string> {
  const ofQuery = [...NO_FILTERS, ...Object.keys(query?.properties ?? {})]
  const names = Object.keys(body?.properties ?? {}).filter((name) => !ofQuery.includes(name))
  return new Map(names.map((name) => [plain(name), name]))
}

/** Also where the body is empty: without what the query says, the request would still do something. */
function refuseInQuery({ query }: FastifyRequest, names: ReadonlyMap<string, string>): void {
  const misplaced = Object.keys(Object(query)).flatMap((name) => names.get(plain(name)) ?? [])
  if (misplaced.length === 0) return
  throw new UsageError('invalid', `${misplaced.join(', ')}: say it in the body, not in the query`)
}
