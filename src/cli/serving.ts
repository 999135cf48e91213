/** Serves a store over HTTP until the process is asked to stop. */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { limitRemedy } from '../domain/limits.ts'
import { UsageError } from '../domain/usage-error.ts'
import { buildBaseUrl, trustsPeer } from '../http/base-url.ts'
import { parseOrigin } from '../http/cross-origin.ts'
import type { UsageStore } from '../storage/usage-store.ts'
import { type CliContext, EXIT } from './context.ts'
import { fromFlags, report } from './failure.ts'
import {
  type HttpDependencies,
  type HttpServiceOptions,
  isPortInUse,
  listenFailure,
  type Service,
  startHttpService,
} from './http-service.ts'
import { type Log, LogLines, logTarget, openLog, reopenLog } from './log.ts'
import type { LogLevel } from './settings.ts'
import { readTlsFiles } from './tls-files.ts'
import { startUpkeep, type Upkeep } from './upkeep.ts'

export const PORT_DEFAULT = 8080
export const HOST_DEFAULT = '127.0.0.1'

/** Each worker takes about 100 MB of memory. */
export const WORKERS_DEFAULT_MAX = 8

export interface ServingOptions extends HttpServiceOptions {
  readonly store: UsageStore
  /** The store's URL: each worker opens the store itself. */
  readonly databaseUrl: string
  /** How many processes answer requests. With 1, this process answers them. */
  readonly workers: number
  /** Takes a free port if this one is in use. */
  readonly otherPortAllowed?: boolean
  /** The log level. */
  readonly logLevel: LogLevel
  /** The log file, reopened at SIGHUP; stderr if none is named. */
  readonly logFile?: string
  /** Called once requests are answered, with the URL that reaches the server from this machine. */
  readonly onListening: (url: string) => Promise<void>
}

/**
 * Resolves when a stop was requested and every running request has been answered. Fails with `unavailable` if
 * it cannot have the port, and if the deadline for stopping cut off requests.
 */
export async function serve(context: CliContext, options: ServingOptions): Promise<void> {
  const { store, host, onListening } = options
  const scheme = options.tls === undefined ? 'http' : 'https'
  const { clock, stop } = context
  const target = logTarget(options.logFile, context.stderr)
  const lines = new LogLines(target)
  const log = await openLog(options.logLevel, lines)
  const stopped = new Promise<void>((resolve) => stop.listen(() => resolve()))
  let upkeep: Upkeep | null = null
  const onDelivery = () => upkeep?.recordsCame()
  try {
    const service = await startService(context, options, { store, clock, log, onDelivery })
    const unlisten = context.hangUp.listen(() => {
      lines.flush()
      reopenLog(target, log)
      service.hangUp()
    })
    try {
      await onListening(`${scheme}://${urlHost(host)}:${service.port}`)
      upkeep = startUpkeep({
        store: store.actingAs({ name: 'upkeep', clock }),
        clock,
        uptime: () => performance.now() / 1000,
        log,
        onError: (error) => log.error(error, 'upkeep failed and is tried again later'),
      })
      await stopped
      log.info(`stopping on ${stop.signal}`)
    } finally {
      unlisten()
      await stopInTime({ service, upkeep, log, seconds: options.limits.shutdownSeconds })
    }
  } finally {
    lines.close()
  }
}

interface Stopping {
  readonly service: Service
  readonly upkeep: Upkeep | null
  readonly log: Log
  readonly seconds: number
}

/** If anything cannot be cut off, the process ends this long after its deadline. */
const END_AFTER_DEADLINE_MS = 15_000

async function stopInTime({ service, upkeep, log, seconds }: Stopping): Promise<void> {
  const end = setTimeout(() => process.exit(EXIT.failed), seconds * 1_000 + END_AFTER_DEADLINE_MS)
  const [cutOff] = await Promise.all([service.close(), upkeep?.stop()])
  clearTimeout(end)
  if (cutOff === 0) return
  const message = `requests cut off at the deadline for stopping, after ${seconds} s: ${cutOff}`
  log.warn(message)
  throw new UsageError('unavailable', message, { hint: limitRemedy('shutdownSeconds') })
}

async function startService(
  context: CliContext,
  options: ServingOptions,
  dependencies: HttpDependencies,
): Promise<Service> {
  const { workers, databaseUrl, host, publicUrl, trustProxy, limits } = options
  const { allowedOrigins = [], emptyBranches, tls } = options
  // Checked here, because otherwise each worker would fail on its own.
  fromFlags(() => buildBaseUrl(publicUrl, trustsPeer(trustProxy ?? false)))
  fromFlags(() => allowedOrigins.map(parseOrigin))
  if (tls !== undefined) fromFlags(() => readTlsFiles(tls))
  const http = (port: number): HttpServiceOptions => ({
    port,
    host,
    limits,
    allowedOrigins,
    ...(publicUrl === undefined ? {} : { publicUrl }),
    ...(trustProxy === undefined ? {} : { trustProxy }),
    ...(emptyBranches === undefined ? {} : { emptyBranches }),
    ...(tls !== undefined && { tls }),
  })
  const port = await onPort(context, options, (tried) => findPort({ port: tried, host }))
  if (workers === 1) return await startHttpService(http(port), dependencies)
  const { startWorkerPool } = await import('./worker-pool.ts')
  return await startWorkerPool(
    {
      workers,
      databaseUrl,
      http: http(port),
      ...(options.logFile !== undefined && { logFile: options.logFile }),
    },
    dependencies,
  )
}

/** Tries the requested port and then, if allowed, a free one. */
async function onPort<T>(
  context: CliContext,
  { port, otherPortAllowed }: ServingOptions,
  start: (port: number) => Promise<T>,
): Promise<T> {
  try {
    return await start(port)
  } catch (error) {
    if (otherPortAllowed !== true || !isPortInUse(error)) throw error
    await report(context, `port ${port} is in use, so a free one is used`)
    return await start(0)
  }
}

/**
 * A port number that is free to listen on: the given one, or any for 0. All workers, including later ones,
 * then listen on the same number.
 */
async function findPort(options: Pick<HttpServiceOptions, 'port' | 'host'>): Promise<number> {
  const server = createServer().listen(options)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw listenFailure(error, options)
  }
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** If the server listens on every address, this machine reaches it at the local one. */
export function urlHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
