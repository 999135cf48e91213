/** `simtally serve`: answers the API over HTTP. */
import { type Command, Option } from 'commander'
import { shown } from '../../domain/usage-error.ts'
import { EMPTY_BRANCHES, type EmptyBranches, isEmptyBranches } from '../../http/usage-record.ts'
import type { CommandLine, DatabaseOption, JsonOption } from '../command-line.ts'
import type { Config } from '../config.ts'
import { WrongUsage } from '../failure.ts'
import { addLimit, LIMIT_HELP, type LimitOption, limitsOf } from '../limit-settings.ts'
import { wholeNumberFlag } from '../option-values.ts'
import { jsonOption } from '../options.ts'
import { HOST_DEFAULT, PORT_DEFAULT, serve } from '../serving.ts'
import type { TlsFiles } from '../tls-files.ts'
import { WORKERS_DEFAULT_MAX, WORKERS_MAX } from '../worker-pool.ts'

interface ServeOptions extends DatabaseOption, JsonOption, LimitOption {
  readonly port: number
  readonly host: string
  readonly publicUrl?: string
  /** True for every proxy, or the addresses and networks of those that are trusted. */
  readonly trustProxy?: true | string
  readonly allowOrigin?: readonly string[]
  readonly emptyBranches?: EmptyBranches
  readonly workers?: number
  readonly logFile?: string
  readonly tlsCert?: string
  readonly tlsKey?: string
}

export const PORT_MAX = 65_535

const EXAMPLES = `
Examples:
  simtally serve
  simtally serve --host 0.0.0.0 --port 80 --public-url https://usage.example.com
  simtally serve --port 443 --host 0.0.0.0 --tls-cert fullchain.pem --tls-key privkey.pem
  simtally serve --trust-proxy 10.0.0.0/8,127.0.0.1
  simtally serve --empty-branches zero
  simtally serve --allow-origin https://app.example.com --allow-origin http://localhost:5173
  simtally serve --workers 1
  simtally serve --limit imports-per-key=8 --limit delivery-bytes=5000000000

Requests are answered by as many processes as the machine has cores, at most ${WORKERS_DEFAULT_MAX} unless
--workers says otherwise; with --workers 1, by this one alone. One that ends is replaced.

Logs go to stderr or the --log-file, one JSON object a line; SIMTALLY_LOG_LEVEL sets how much. At
SIGTERM or SIGINT, requests under way get 25 seconds (--limit shutdown-seconds), then the exit
code is 1; a second signal ends it at once. Days that are
complete are summed up, and usage older than the retention is deleted, while it serves.`

export function addServeCommand(program: Command, commandLine: CommandLine): void {
  program
    .command('serve')
    .description('answer the API over HTTP')
    .option(
      '--port <number>',
      'where to listen; 0 takes a free port',
      wholeNumberFlag('--port', 0, PORT_MAX),
      PORT_DEFAULT,
    )
    .option('--host <address>', 'on which address', HOST_DEFAULT)
    .option('--public-url <url>', 'what URLs in answers start with')
    .option('--trust-proxy [addresses]', 'whose X-Forwarded-* headers count; all, if none is named')
    .option(
      '--allow-origin <origin>',
      'whose pages in browsers may read answers; may be repeated',
      (origin: string, before: readonly string[] = []) => [...before, origin],
    )
    .addOption(
      new Option(
        '--empty-branches <null|zero>',
        'what stands in usage records for branches without usage; null, unless set',
      ).choices(EMPTY_BRANCHES),
    )
    .option(
      '--workers <number>',
      'how many processes answer',
      wholeNumberFlag('--workers', 1, WORKERS_MAX),
    )
    .option('--tls-cert <file>', 'answer HTTPS with this certificate, in PEM; SIGHUP reads it anew')
    .option('--tls-key <file>', 'its private key, in PEM')
    .option('--log-file <path>', 'where logs go; SIGHUP opens it anew')
    .option('--limit <name=value>', LIMIT_HELP, addLimit)
    .addOption(jsonOption())
    .addHelpText('after', EXAMPLES)
    .action((_: unknown, command: Command) => serveStore(commandLine, command.optsWithGlobals()))
}

async function serveStore(commandLine: CommandLine, options: ServeOptions): Promise<void> {
  const { context } = commandLine
  const { port, host, publicUrl, trustProxy, logFile } = options
  const limits = limitsOf(context.config, options)
  const tls = tlsFilesOf(options)
  const emptyBranches = options.emptyBranches ?? emptyBranchesOf(context.config)
  await commandLine.withStore(options, (store) =>
    serve(context, {
      store,
      databaseUrl: commandLine.databaseUrl(options),
      workers: options.workers ?? Math.min(context.cores, WORKERS_DEFAULT_MAX),
      port,
      host,
      limits,
      logLevel: 'info',
      ...(logFile !== undefined && { logFile }),
      ...(publicUrl === undefined ? {} : { publicUrl }),
      ...(trustProxy === undefined ? {} : { trustProxy: proxiesOf(trustProxy) }),
      ...(emptyBranches !== null && { emptyBranches }),
      ...(tls !== null && { tls }),
      allowedOrigins: options.allowOrigin ?? [],
      onListening: async (url) => {
        if (options.json === true) await commandLine.printJson({ url })
        else await commandLine.print(`Simtally answers at ${url}`)
      },
    }),
  )
}

/** For clients written against answers that had zeros there. Throws a wrong usage. */
function emptyBranchesOf({ emptyBranches }: Config): EmptyBranches | null {
  if (emptyBranches === null || isEmptyBranches(emptyBranches)) return emptyBranches
  throw new WrongUsage(
    `SIMTALLY_EMPTY_BRANCHES ${shown(emptyBranches)}: expected ${EMPTY_BRANCHES.join(', ')}`,
  )
}

/** Throws a wrong usage for one without the other. */
function tlsFilesOf({ tlsCert, tlsKey }: ServeOptions): TlsFiles | null {
  if (tlsCert === undefined && tlsKey === undefined) return null
  if (tlsCert !== undefined && tlsKey !== undefined) return { certFile: tlsCert, keyFile: tlsKey }
  throw new WrongUsage(
    tlsKey === undefined
      ? '--tls-cert needs --tls-key, the private key of the certificate'
      : '--tls-key needs --tls-cert, the certificate of the key',
  )
}

function proxiesOf(trustProxy: true | string): true | string[] {
  return trustProxy === true ? true : trustProxy.split(/[\s,]+/).filter((text) => text !== '')
}
