/**
 * Refuses known parameter names that are misspelled or in the wrong place. Ignoring one would answer another
 * question than the caller asked, or look like a change that was made.
 */
import type { FastifyRequest, RouteOptions } from 'fastify'
import type { TSchema } from 'typebox'
import { UsageError } from '../domain/usage-error.ts'
import type { HttpServer } from './route-context.ts'

/**
 * What a parameter object may declare beyond its own names: `refused` are names of the original API that mean
 * something but cannot be served here, each with the sentence that says so.
 */
export type ParameterOptions = { readonly refused?: Readonly<Record<string, string>> }

type Named = { readonly properties?: Readonly<Record<string, unknown>> } & ParameterOptions

const ACCOUNT = 'AccountSid'

/** Callers other than the operator may name their account anywhere: they see nothing else anyway. */
const NO_FILTERS = [ACCOUNT, 'PageSize', 'Page', 'PageToken']

const DRY_RUN = '/DryRun'

export class ParameterNames {
  /** All names by which some list filters, groups or orders, under their plain spelling. */
  readonly #filters = new Map<string, string>()

  /** Routes that have a dry run at a path of its own below them. */
  readonly #triedAt = new Set<string>()

  /** Learns the filters of all routes added from now on, and checks their bodies. */
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

  /** Otherwise the server would carry out what the caller only wanted to try. */
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

  /** Returns a sentence for each misleading name among the given ones. */
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

/** Maps `start`, `Start[]`, `Start[0]` and `Start ` to `Start`, and `page_size` to `PageSize`. */
function plain(name: string): string {
  return name
    .toLowerCase()
    .replace(/\[.*$/s, '')
    .replace(/[^a-z0-9]/g, '')
}

/** Makes blanks and control characters visible. */
function shown(name: string): string {
  return /^[\w[\]-]+$/.test(name) ? name : JSON.stringify(name)
}

function checkFirst(route: RouteOptions, check: (request: FastifyRequest) => void): void {
  const hook = async (request: FastifyRequest) => check(request)
  route.preValidation = [route.preValidation ?? [], hook].flat()
}

/** On a list that is not of one account, the operator would see the rows of all accounts. */
function refuseAccount({ caller, query }: FastifyRequest): void {
  if (caller?.account !== null || !Object.hasOwn(Object(query), ACCOUNT)) return
  throw new UsageError('invalid', `${ACCOUNT}: this list does not go by it; leave it out`)
}

/** By plain spelling: the names that belong in the body and not in the query. */
function namesOfBody(body: Named | undefined, query: Named | undefined): Map<string, string> {
  const ofQuery = [...NO_FILTERS, ...Object.keys(query?.properties ?? {})]
  const names = Object.keys(body?.properties ?? {}).filter((name) => !ofQuery.includes(name))
  return new Map(names.map((name) => [plain(name), name]))
}

/** Even if the body is empty: the request would still do something, but without what the query says. */
function refuseInQuery({ query }: FastifyRequest, names: ReadonlyMap<string, string>): void {
  const misplaced = Object.keys(Object(query)).flatMap((name) => names.get(plain(name)) ?? [])
  if (misplaced.length === 0) return
  throw new UsageError('invalid', `${misplaced.join(', ')}: say it in the body, not in the query`)
}
