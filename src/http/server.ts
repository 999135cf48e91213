/** The HTTP server, ready to listen or to be called in a test. It reads no environment and no clock. */
import { parse as parseQuery } from 'node:querystring'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyReply,
  type FastifyRequest,
  type RouteOptions,
} from 'fastify'
import { NAME_CHARACTERS_MAX } from '../domain/directory.ts'
import { LIMITS_DEFAULT, type Limits } from '../domain/limits.ts'
import type { UsageStore } from '../storage/usage-store.ts'
import { buildGates } from './access.ts'
import { AccessTokens } from './access-token.ts'
import { ActingStores } from './acting-stores.ts'
import { Admission } from './admission.ts'
import { buildBaseUrl, type TrustProxy, type TrustsPeer, trustsPeer } from './base-url.ts'
import { addFormParser } from './bodies.ts'
import { addCompression } from './compression.ts'
import { Connections } from './connections.ts'
import { ConsoleSessions } from './console/sessions.ts'
import { addCrossOrigin, type CrossOrigin } from './cross-origin.ts'
import { limitOf, replyWithError, replyWithNoRoute, SAFETY_HEADERS } from './error-reply.ts'
import { ImportSlots } from './import-slots.ts'
import { KeyUses } from './key-uses.ts'
import { LogIns } from './log-ins.ts'
import { PageTokens } from './page-token.ts'
import { ParameterNames } from './parameter-names.ts'
import { newRequestId } from './raw-reply.ts'
import { addRequestLimits } from './request-limits.ts'
import { RequestLog } from './request-log.ts'
import type { HttpServer, RouteContext } from './route-context.ts'
import { type Measurements, measureAlone } from './routes/metrics.ts'
import { addRoutes } from './routes.ts'
import { addServerTiming, timedStore } from './server-timing.ts'
import { withSuperSimPrefix } from './supersim/address.ts'
import { Turns } from './turns.ts'
import type { EmptyBranches } from './usage-record.ts'
import { validatorCompiler } from './validation.ts'

export interface ServerOptions {
  readonly store: UsageStore
  /** UTC seconds. */
  readonly clock: () => number
  /** Milliseconds of a clock that only goes forward; the process's own by default. */
  readonly monotonicMs?: () => number
  /** What URLs in answers start with; taken from the request if undefined. May have a path. */
  readonly publicUrl?: string
  /** Whose `X-Forwarded-*` headers are believed; nobody's by default. */
  readonly trustProxy?: TrustProxy
  /** Origins whose pages may read answers in browsers, such as `https://app.example.com`; none by default. */
  readonly allowedOrigins?: readonly string[]
  /** What usage records show for branches without usage; null by default, as documented. */
  readonly emptyBranches?: EmptyBranches
  /** Limits that differ from their defaults. */
  readonly limits?: Partial<Limits>
  /** Called at the end of each delivery of usage records, whether it succeeded or failed. */
  readonly onDelivery?: () => void
  /** Shared with other processes; without it, the server counts only its own failures. */
  readonly logIns?: LogIns
  /** Shared with other processes; without them, the server measures only itself. */
  readonly measurements?: Measurements
  /** The folder of the built pages, `console` and `docs-viewer`; the package's own by default. */
  readonly builtPages?: string
  /** In PEM, for HTTPS; plain HTTP without it. */
  readonly tls?: TlsIdentity
  /** Called with each route as it is added. The last ones come once the server is ready. */
  readonly onRoute?: (route: RouteOptions) => void
  readonly logger?: FastifyBaseLogger
}

export interface TlsIdentity {
  /** The certificate, followed by the chain up to a root. */
  readonly cert: string
  /** Its private key. */
  readonly key: string
}

/** The store remains the caller's: closing the server does not close it. Throws `invalid`. */
export function buildServer(options: ServerOptions): HttpServer {
  const { clock } = options
  const store = timedStore(options.store)
  const trusts = trustsPeer(options.trustProxy ?? false)
  const limits: Limits = { ...LIMITS_DEFAULT, ...options.limits }
  const measurements = options.measurements ?? measureAlone()
  const nowMs = options.monotonicMs ?? (() => performance.now())
  const logIns = options.logIns ?? new LogIns({ limits, nowMs })
  // It measures this process, so it cannot use a clock that a test moves.
  const turns = new Turns(limits, () => performance.now())
  const imports = new ImportSlots(limits)
  const connections = new Connections({
    limits,
    trusts,
    nowMs,
    onRefusal: (limit) => measurements.requests.refused(limit),
  })
  measurements.requests.watch({ imports, connections, turns })
  const { server, crossOrigin } = createServer(options, {
    limits,
    trusts,
    measurements,
    connections,
  })
  const keyUses = new KeyUses(store)
  server.addHook('onClose', () => keyUses.flush())
  closeInTime(server, { limits, imports, connections })
  const accessTokens = new AccessTokens(store)
  const baseUrlOf = buildBaseUrl(options.publicUrl, trusts)
  const sessions = new ConsoleSessions({ store, limits, baseUrlOf, clock })
  const admission = new Admission({
    ...{ store, accessTokens, sessions, limits, logIns, keyUses, clock, nowMs },
  })
  const context: RouteContext = {
    store,
    actingStores: new ActingStores(store, clock),
    clock,
    gates: buildGates({ admission, sessions, turns }),
    admission,
    sessions,
    accessTokens,
    tokens: new PageTokens(store),
    baseUrlOf,
    emptyBranches: options.emptyBranches ?? 'null',
    limits,
    imports,
    turns,
    onDelivery: options.onDelivery ?? (() => {}),
  }
  const methodsOf = collectMethods(server)
  if (options.onRoute !== undefined) server.addHook('onRoute', options.onRoute)

  addRoutes(server, context, { measurements, builtPages: options.builtPages })
  server.setNotFoundHandler((request, reply) => {
    if (crossOrigin.answerPreflight(request, reply, methodsOf)) return
    replyWithNoRoute(request, reply, methodsOf)
  })
  return server
}

interface Closing {
  readonly limits: Limits
  readonly imports: ImportSlots
  readonly connections: Connections
}

/** Closing gives running requests time to end, then cuts their connections. */
function closeInTime(server: HttpServer, { limits, imports, connections }: Closing): void {
  server.decorate('connections', connections)
  connections.watch(server.server, server.log)
  let deadline: NodeJS.Timeout | undefined
  server.addHook('preClose', async () => {
    deadline = setTimeout(() => connections.cut(), limits.shutdownSeconds * 1_000)
  })
  server.addHook('onClose', async () => {
    clearTimeout(deadline)
    // After this, the caller may close the store.
    await imports.idle()
  })
}

/** Percent-encoded UTF-8 takes up to nine characters for one character of a name. */
const PARAM_CHARACTERS_MAX = NAME_CHARACTERS_MAX * 9

interface ServerParts {
  readonly limits: Limits
  readonly trusts: TrustsPeer
  readonly measurements: Measurements
  readonly connections: Connections
}

function createServer(
  { logger, store, allowedOrigins = [], tls }: ServerOptions,
  { limits, trusts, measurements, connections }: ServerParts,
): { readonly server: HttpServer; readonly crossOrigin: CrossOrigin } {
  const replyWithMeasuredError = (
    error: unknown,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void => {
    const limit = limitOf(error)
    if (limit !== null) measurements.requests.refused(limit)
    replyWithError(error, request, reply)
  }
  const server = Fastify({
    ...(logger !== undefined && { loggerInstance: logger }),
    logController: new RequestLog({ requestIdLogLabel: 'requestId' }),
    trustProxy: trusts,
    rewriteUrl: (request) => withSuperSimPrefix(request, trusts),
    genReqId: newRequestId,
    // Answers and logs are found by this id, so callers do not choose it.
    requestIdHeader: false,
    ...nodeOptions(limits, tls),
    requestTimeout: limits.bodySeconds * 1_000,
    keepAliveTimeout: limits.idleSeconds * 1_000,
    clientErrorHandler: connections.onClientError,
    bodyLimit: limits.formBytes,
    // While closing, the server still answers requests that are on their way.
    return503OnClosing: false,
    routerOptions: {
      maxParamLength: PARAM_CHARACTERS_MAX,
      querystringParser: (text) => parseGivenParameters(text, limits.queryParameters),
    },
    frameworkErrors: replyWithMeasuredError,
  }) as HttpServer
  server.setValidatorCompiler(validatorCompiler(new ParameterNames(server)))
  server.setErrorHandler(replyWithMeasuredError)
  server.decorateRequest('caller', null)
  const crossOrigin = addCrossOrigin(server, allowedOrigins)
  server.addHook('onRequest', (request, reply, done) => {
    reply.header('Twilio-Request-Id', request.id).headers(SAFETY_HEADERS)
    done(connections.refusalOf(request.socket) ?? undefined)
  })
  requireStoreInPlace(server, store)
  addCompression(server)
  addServerTiming(server)
  // Writes all answers of one turn of the event loop together at its end. A write wakes the waiting client
  // process, which costs a third of an answer; writing to one already awake costs nothing.
  server.addHook('onSend', (_request, _reply, payload, done) => {
    setImmediate(done, null, payload)
  })
  addRequestLimits(server, limits)
  addFormParser(server, limits)
  return { server, crossOrigin }
}

/** Options of Node's own server. */
function nodeOptions(limits: Limits, tls: TlsIdentity | undefined) {
  const headersTimeout = limits.headerSeconds * 1_000
  const http = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout,
    connectionsCheckingInterval: 1_000,
    // Such requests are refused in our own form instead.
    requireHostHeader: false,
  }
  return tls === undefined
    ? { http }
    : { https: { ...http, ...tls, handshakeTimeout: headersTimeout } }
}

/** The process can say in any case that it is alive. */
const ASKED_WITHOUT_STORE = '/healthz'

/** Runs even for unknown routes and without credentials: no answer may rest on a store that is gone. */
function requireStoreInPlace(server: HttpServer, store: UsageStore): void {
  server.addHook('onRequest', (request, _reply, done) => {
    if (request.routeOptions.url !== ASKED_WITHOUT_STORE) store.requireInPlace()
    done()
  })
}

/** An empty parameter counts as not given, even among several of its name. */
function parseGivenParameters(text: string, parametersMax: number): Record<string, unknown> {
  // A longer query string is refused before anything reads its parameters.
  const parameters = parseQuery(text, '&', '=', { maxKeys: parametersMax })
  for (const name in parameters) {
    const value = parameters[name]
    const given = [value ?? ''].flat().filter((text) => text !== '')
    if (given.length === 0) delete parameters[name]
    else parameters[name] = given.length === 1 ? given[0] : given
  }
  return parameters
}

/** The methods of the routes that match a path, looked up only after no route took a request. */
function collectMethods(server: HttpServer): (path: string) => readonly string[] {
  const routes: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = []
  server.addHook('onRoute', ({ url, method }) => {
    routes.push({
      pattern: new RegExp(`^${url.replace(/:[^/]+/g, '[^/]+').replace('*', '.*')}$`),
      methods: [method].flat(),
    })
  })
  return (path) =>
    routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods)
}
