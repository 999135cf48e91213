/** Serves a store over HTTP until the process is asked to stop. */
import type { AddressInfo } from 'node:net'
import { shown, UsageError } from '../domain/usage-error.ts'
import type { TrustProxy } from '../http/base-url.ts'
import type { UsageStore } from '../storage/usage-store.ts'
import type { CliContext } from './context.ts'
import { fromFlags, report, WrongUsage } from './failure.ts'
import { startUpkeep } from './upkeep.ts'

export const PORT_DEFAULT = 8080
export const HOST_DEFAULT = '127.0.0.1'

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export interface ServingOptions {
  readonly store: UsageStore
  /** 0 takes a free one. */
  readonly port: number
  /** A free port is taken where this one is in use. */
  readonly otherPortAllowed?: boolean
  readonly host: string
  readonly publicUrl?: string
  readonly trustProxy?: TrustProxy
  /** How much is logged where the environment does not say. */
  readonly logLevel: LogLevel
  /** Called once requests are answered, with the URL that reaches them from this machine. */
  readonly onListening: (url: string) => Promise<void>
}

/**
 * Resolves when a stop was asked for and every request under way has been answered. Fails with
 * `unavailable` when the port cannot be had.
 */
export async function serve(context: CliContext, options: ServingOptions): Promise<void> {
  const { store, host, publicUrl, trustProxy, onListening } = options
  const { clock, config, stderr, stop } = context
  // Loaded here, because loading them takes longer than most other commands do.
  const [{ pino }, { buildServer }] = await Promise.all([
    import('pino'),
    import('../http/server.ts'),
  ])
  const logger = pino(
    {
      level: parseLogLevel(config.logLevel) ?? options.logLevel,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    stderr.stream,
  )
  const stopped = new Promise<void>((resolve) => stop.listen(() => resolve()))
  const server = fromFlags(() =>
    buildServer({
      store,
      clock,
      logger,
      ...(publicUrl === undefined ? {} : { publicUrl }),
      ...(trustProxy === undefined ? {} : { trustProxy }),
    }),
  )
  const listen = (port: number) => server.listen({ port, host })
  try {
    await listenOn(context, options, listen)
    const { port } = server.server.address() as AddressInfo
    await onListening(`http://${urlHost(host)}:${port}`)
    const upkeep = startUpkeep({
      store,
      clock,
      onError: (error) => logger.error(error, 'upkeep failed and is tried again later'),
    })
    await stopped
    logger.info(`stopping on ${stop.signal}`)
    await upkeep.stop()
  } finally {
    await server.close()
  }
}

function parseLogLevel(text: string | null): LogLevel | null {
  if (text === null) return null
  const level = LOG_LEVELS.find((name) => name === text.toLowerCase())
  if (level !== undefined) return level
  throw new WrongUsage(`SIMTALLY_LOG_LEVEL ${shown(text)}: expected ${LOG_LEVELS.join(', ')}`)
}

async function listenOn(
  context: CliContext,
  { port, host, otherPortAllowed }: ServingOptions,
  listen: (port: number) => Promise<unknown>,
): Promise<void> {
  try {
    await listen(port)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EADDRINUSE' || otherPortAllowed !== true) {
      throw listenFailure(error, { port, host })
    }
    await report(context, `port ${port} is in use, so a free one is taken`)
    await listen(0)
  }
}

function listenFailure(
  cause: unknown,
  { port, host }: { readonly port: number; readonly host: string },
): unknown {
  const { code } = cause as NodeJS.ErrnoException
  const failure = (message: string, hint: string) =>
    new UsageError('unavailable', message, { hint, cause })
  if (code === 'EADDRINUSE') {
    return failure(
      `port ${port} of ${host} is in use by another program`,
      'choose another with --port; --port 0 takes a free one',
    )
  }
  if (code === 'EACCES') {
    return failure(`port ${port} may not be used by this user`, 'choose one from 1024 on, --port')
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return failure(`this machine has no address ${host}`, 'choose one of its own with --host')
  }
  return cause
}

/** Where the server listens on every address, the machine itself reaches it by the local one. */
function urlHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
