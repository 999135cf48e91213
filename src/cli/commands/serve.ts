/** `simtally serve`: serves the API over HTTP. */
import { type Command, Option } from 'commander'
import type { CommandLine, DatabaseOption, JsonOption } from '../command-line.ts'
import { WrongUsage } from '../failure.ts'
import { addLimit, LIMIT_HELP, type LimitOption, limitsOf } from '../limit-settings.ts'
import { flag } from '../option-values.ts'
import { jsonOption } from '../options.ts'
import { HOST_DEFAULT, PORT_DEFAULT, serve, WORKERS_DEFAULT_MAX } from '../serving.ts'
import { SETTING_NAMES, SETTINGS, type SettingName, type SettingValue } from '../settings.ts'
import type { TlsFiles } from '../tls-files.ts'

interface ServeOptions extends DatabaseOption, JsonOption, LimitOption {
  /** By option name. The environment or the file may set any that are missing. */
  readonly [option: string]: unknown
}

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

As many processes answer requests as the machine has cores, at most ${WORKERS_DEFAULT_MAX} unless
--workers says otherwise; with --workers 1, this one alone. A process that ends is replaced.

Each option except --limit may also be set in the environment or in simtally.yaml: docs/settings.md.
Logs go to stderr or the --log-file, one JSON object per line. At SIGTERM or SIGINT, running
requests get 25 seconds (--limit shutdown-seconds) before they are cut off with exit code 1; a
second signal ends it at once. While it serves, it sums up complete days and deletes usage older
than the retention.`

export function addServeCommand(program: Command, commandLine: CommandLine): void {
  const command = program.command('serve').description('serve the API over HTTP')
  const names = SETTING_NAMES.filter((name) => SETTINGS[name].flag === 'serve')
  for (const name of names) command.addOption(settingOption(name))
  command
    .option('--limit <name=value>', LIMIT_HELP, addLimit)
    .addOption(jsonOption())
    .addHelpText('after', EXAMPLES)
    .action((_: unknown, command: Command) => serveStore(commandLine, command.optsWithGlobals()))
}

/** The flag of a setting. A repeatable one adds to its earlier values. */
function settingOption(name: SettingName): Option {
  const { value, sets } = SETTINGS[name]
  const parse: (field: string, text: string) => unknown = SETTINGS[name].parse
  const read = flag(`--${name}`, parse)
  const option = new Option(`--${name} ${value}`, sets)
  return option.argParser((text: string, before: unknown) => {
    const given = read(text)
    return Array.isArray(before) && Array.isArray(given) ? [...before, ...given] : given
  })
}

async function serveStore(commandLine: CommandLine, options: ServeOptions): Promise<void> {
  const { context } = commandLine
  const said = <Name extends SettingName>(name: Name): SettingValue<Name> | undefined => {
    const given = options[name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())]
    return given === undefined ? commandLine.setting(name) : (given as SettingValue<Name>)
  }
  const limits = limitsOf(context.config, options)
  const tls = tlsFilesOf(said('tls-cert'), said('tls-key'))
  const [logFile, publicUrl] = [said('log-file'), said('public-url')]
  const [trustProxy, emptyBranches] = [said('trust-proxy'), said('empty-branches')]
  const rest = {
    workers: said('workers') ?? Math.min(context.cores, WORKERS_DEFAULT_MAX),
    port: said('port') ?? PORT_DEFAULT,
    host: said('host') ?? HOST_DEFAULT,
    logLevel: said('log-level') ?? 'info',
    allowedOrigins: said('allow-origin') ?? [],
  } as const
  await commandLine.withStore(options, (store) =>
    serve(context, {
      store,
      databaseUrl: commandLine.databaseUrl(options),
      limits,
      ...rest,
      ...(logFile !== undefined && { logFile }),
      ...(publicUrl !== undefined && { publicUrl }),
      ...(trustProxy !== undefined && { trustProxy }),
      ...(emptyBranches !== undefined && { emptyBranches }),
      ...(tls !== null && { tls }),
      onListening: async (url) => {
        if (options.json === true) await commandLine.printJson({ url })
        else {
          const console = `The console is at ${publicUrl ?? url}/console`
          await commandLine.print([`Simtally answers at ${url}`, console])
        }
      },
    }),
  )
}

/** Throws `WrongUsage` for one without the other. */
function tlsFilesOf(certFile: string | undefined, keyFile: string | undefined): TlsFiles | null {
  if (certFile === undefined && keyFile === undefined) return null
  if (certFile !== undefined && keyFile !== undefined) return { certFile, keyFile }
  throw new WrongUsage(
    keyFile === undefined
      ? '--tls-cert needs --tls-key, the private key of the certificate'
      : '--tls-key needs --tls-cert, the certificate of the key',
  )
}
