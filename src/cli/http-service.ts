/** The HTTP server on its port, and the failures to get that port. */
import type { AddressInfo } from 'node:net'
import type { Limits } from '../domain/limits.ts'
import { UsageError } from '../domain/usage-error.ts'
import type { TrustProxy } from '../http/base-url.ts'
import type { LogIns } from '../http/log-ins.ts'
import type { Measurements } from '../http/routes/metrics.ts'
import { listenTogether } from '../http/shared-port.ts'
import type { EmptyBranches } from '../http/usage-record.ts'
import type { UsageStore } from '../storage/usage-store.ts'
import { askFirstQuestion } from './first-question.ts'
import type { Log } from './log.ts'
import { readTlsFiles, renewTls, type TlsFiles } from './tls-files.ts'

export interface HttpServiceOptions {
  /** 0 picks a free port. */
  readonly port: number
  readonly host: string
  readonly publicUrl?: string
  readonly trustProxy?: TrustProxy
  readonly allowedOrigins?: readonly string[]
  readonly emptyBranches?: EmptyBranches
  readonly limits: Limits
  /** For HTTPS. */
  readonly tls?: TlsFiles
}

export interface HttpDependencies {
  readonly store: UsageStore
  /** UTC seconds. */
  readonly clock: () => number
  readonly log: Log
  /** Called after each delivery of usage records. */
  readonly onDelivery: () => void
  /** Shared with the other workers, if any. */
  readonly measurements?: Measurements
  readonly logIns?: LogIns
}

/** Answers requests until it is closed, in this process or in others. */
export interface Service {
  readonly port: number
  /** Reopens the log files of other processes, and loads the current certificate. */
  hangUp(): void
  /**
   * Resolves when every running request has been answered or cut off at the deadline, with the number of
   * those cut off.
   */
  close(): Promise<number>
}

/** Throws `invalid` for impossible options, and fails with `unavailable` if it cannot have the port. */
export async function startHttpService(
  options: HttpServiceOptions,
  { log, ...dependencies }: HttpDependencies,
): Promise<Service> {
  const { port, host, tls, ...given } = options
  // Loaded here, because loading it takes longer than most other commands run.
  const { buildServer } = await import('../http/server.ts')
  const server = buildServer({
    ...dependencies,
    ...given,
    ...(tls !== undefined && { tls: readTlsFiles(tls) }),
    logger: log,
  })
  try {
    await listenTogether(server, { port, host })
  } catch (error) {
    await server.close()
    throw listenFailure(error, options)
  }
  const takeBack = askFirstQuestion(dependencies.store)
  return {
    port: (server.server.address() as AddressInfo).port,
    hangUp: () => {
      if (tls !== undefined) renewTls(server.server, tls, log)
    },
    close: async () => {
      takeBack()
      await server.close()
      return server.connections.cutOff
    },
  }
}

/** The failure to listen, put into words if somebody can act on it. */
export function listenFailure(
  cause: unknown,
  { port, host }: Pick<HttpServiceOptions, 'port' | 'host'>,
): unknown {
  const { code } = cause as NodeJS.ErrnoException
  const failure = (message: string, hint: string) =>
    new UsageError('unavailable', message, { hint, cause })
  if (code === 'EADDRINUSE') {
    return failure(
      `port ${port} of ${host} is in use by another program`,
      'choose another with --port; --port 0 picks a free one',
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

/** True if another port may help. */
export function isPortInUse(error: unknown): boolean {
  const cause = error instanceof UsageError ? error.cause : null
  return (cause as NodeJS.ErrnoException | null)?.code === 'EADDRINUSE'
}
