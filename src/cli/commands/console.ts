/** `simtally console`: makes links with which a browser signs in. */
import { type Command, Option } from 'commander'
import type { Sid } from '../../domain/identifiers.ts'
import { formatInstant } from '../../domain/time.ts'
import { buildBaseUrl } from '../../http/base-url.ts'
import type { UsageStore } from '../../storage/usage-store.ts'
import type { CommandLine, DatabaseOption, JsonOption } from '../command-line.ts'
import {
  accountCredential,
  keyCredential,
  makeConsoleLink,
  operatorCredential,
} from '../console-link.ts'
import { fromFlags, WrongUsage } from '../failure.ts'
import { sidFlag } from '../option-values.ts'
import { accountOption } from '../options.ts'
import { HOST_DEFAULT, PORT_DEFAULT, urlHost } from '../serving.ts'
import { SETTINGS } from '../settings.ts'

interface LinkOptions extends DatabaseOption, JsonOption {
  readonly account?: Sid
  readonly key?: Sid
  readonly operator?: boolean
  readonly publicUrl?: string
}

const LINK_EXAMPLES = `
Examples:
  simtally console link --operator
  simtally console link --account AC0123456789abcdef0123456789abcdef
  simtally console link --key SK0123456789abcdef0123456789abcdef --public-url https://usage.example.com

The link works once, within ten minutes, and signs in as the operator, the account or the key. It
begins with --public-url, or with the address of serve according to the environment and
simtally.yaml. The operator's links stand for a key with the label "console", which the first of
them creates: revoking it ends their sessions.`

export function addConsoleCommand(program: Command, commandLine: CommandLine): void {
  const console = program.command('console').description('sign in to the web console')
  console
    .command('link')
    .description('make a link that signs in a browser, once')
    .addOption(new Option('--operator', 'for every account').conflicts(['account', 'key']))
    .addOption(accountOption().conflicts('key'))
    .addOption(new Option('--key <sid>', 'the key, SK…').argParser(sidFlag('--key', 'SK')))
    .option('--public-url <url>', SETTINGS['public-url'].sets)
    .option('--json', 'print JSON')
    .addHelpText('after', LINK_EXAMPLES)
    .action((_: unknown, command: Command) => link(commandLine, command.optsWithGlobals()))
}

async function link(commandLine: CommandLine, options: LinkOptions): Promise<void> {
  const { account, key, operator } = options
  if (account === undefined && key === undefined && operator !== true) {
    throw new WrongUsage('who signs in?', 'give --operator, --account AC… or --key SK…')
  }
  const baseUrl = baseUrlOf(commandLine, options)
  const now = commandLine.context.clock()
  const credentialIn = (store: UsageStore) => {
    if (account !== undefined) return accountCredential(store, account)
    return key === undefined ? operatorCredential(store, now) : keyCredential(store, key)
  }
  const made = await commandLine.withStore(options, async (store) =>
    makeConsoleLink(store, await credentialIn(store), { baseUrl, now }),
  )
  const until = formatInstant(made.expiresAt)
  if (options.json === true) {
    const { url, credentialSid } = made
    await commandLine.printJson({ url, credential_sid: credentialSid, date_expires: until })
    return
  }
  await commandLine.print(made.url)
  await commandLine.note(`It works once, until ${until}.`)
}

/** Where browsers reach the console, according to the settings. Throws `WrongUsage`. */
function baseUrlOf(commandLine: CommandLine, { publicUrl }: LinkOptions): string {
  const stated = publicUrl ?? commandLine.setting('public-url')
  if (stated !== undefined) {
    fromFlags(() => buildBaseUrl(stated, () => false))
    return stated
  }
  const scheme = commandLine.setting('tls-cert') === undefined ? 'http' : 'https'
  const host = urlHost(commandLine.setting('host') ?? HOST_DEFAULT)
  return `${scheme}://${host}:${commandLine.setting('port') ?? PORT_DEFAULT}`
}
