/** `simtally key`: creates, shows and revokes API keys. */
import { type Command, Option } from 'commander'
import { KEY_SCOPES, type KeyScope, parseName } from '../../domain/directory.ts'
import type { Sid } from '../../domain/identifiers.ts'
import { formatInstant } from '../../domain/time.ts'
import { issueKey } from '../../storage/usage-store.ts'
import {
  accountOf,
  type CommandLine,
  type DatabaseOption,
  type JsonOption,
} from '../command-line.ts'
import { WrongUsage } from '../failure.ts'
import { limitsOf } from '../limit-settings.ts'
import { flag, sidFlag } from '../option-values.ts'
import { accountOption } from '../options.ts'
import { addKeyListCommands, noSuchKey } from './key-list.ts'

interface CreateOptions extends DatabaseOption, JsonOption {
  readonly account?: Sid
  readonly operator?: boolean
  readonly scope: KeyScope
  readonly label?: string
}

const CREATE_EXAMPLES = `
Examples:
  simtally key create --account AC0123456789abcdef0123456789abcdef --scope read
  simtally key create --operator --scope ingest --label "billing job" --json

A scope includes the ones before it: read, ingest, admin. An operator's key acts for every
account. The secret is shown once; only its hash is stored.`

export function addKeyCommand(program: Command, commandLine: CommandLine): void {
  const key = program.command('key').description('create, show and revoke API keys')
  key
    .command('create')
    .description('create an API key for an account or the operator')
    .addOption(accountOption())
    .addOption(new Option('--operator', 'a key for every account').conflicts('account'))
    .addOption(
      new Option('--scope <scope>', 'what it may do').choices(KEY_SCOPES).makeOptionMandatory(),
    )
    .option('--label <text>', 'what it is for', flag('--label', parseName))
    .option('--json', 'print JSON')
    .addHelpText('after', CREATE_EXAMPLES)
    .action((_: unknown, command: Command) => create(commandLine, command.optsWithGlobals()))
  addKeyListCommands(key, commandLine)
  key
    .command('set')
    .description("change a key's label")
    .argument('<sid>', 'the key, SK…', sidFlag('sid', 'SK'))
    .requiredOption('--label <text>', 'what it is for', flag('--label', parseName))
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  simtally key set SK0123456789abcdef0123456789abcdef --label "billing job"',
    )
    .action((sid: Sid, _: unknown, command: Command) =>
      label(commandLine, sid, command.optsWithGlobals()),
    )
  key
    .command('revoke')
    .description('end a key for good')
    .argument('<sid>', 'the key, SK…', sidFlag('sid', 'SK'))
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  simtally key revoke SK0123456789abcdef0123456789abcdef')
    .action((sid: Sid, _: unknown, command: Command) =>
      revoke(commandLine, sid, command.optsWithGlobals()),
    )
}

async function create(commandLine: CommandLine, options: CreateOptions): Promise<void> {
  const { account: accountSid } = options
  if (accountSid === undefined && options.operator !== true) {
    throw new WrongUsage('whose key is it?', 'give --account AC… or --operator')
  }
  const { key, secret } = await commandLine.withStore(options, async (store) =>
    issueKey(store, {
      account: accountSid === undefined ? null : await accountOf(store, accountSid),
      ...{ scope: options.scope, label: options.label ?? '' },
      at: commandLine.context.clock(),
      limits: limitsOf(commandLine.context.config, {}),
    }),
  )
  if (options.json === true) {
    await commandLine.printJson({ sid: key.sid, secret })
    return
  }
  await commandLine.print(`key     ${key.sid}`)
  await commandLine.print(`secret  ${secret}`)
  await commandLine.note('Keep the secret: it is shown only now.')
}

async function label(
  commandLine: CommandLine,
  sid: Sid,
  options: DatabaseOption & JsonOption & { readonly label: string },
): Promise<void> {
  const key = await commandLine.withStore(options, async (store) => {
    if ((await store.findApiKey(sid)) === null) throw noSuchKey(sid)
    return store.updateApiKey(sid, { label: options.label })
  })
  if (options.json === true) await commandLine.printJson({ sid: key.sid, label: key.label })
  else await commandLine.print(`${key.sid} is called ${JSON.stringify(key.label)}`)
}

async function revoke(
  commandLine: CommandLine,
  sid: Sid,
  options: DatabaseOption & JsonOption,
): Promise<void> {
  const key = await commandLine.withStore(options, (store) =>
    store.revokeApiKey(sid, commandLine.context.clock()),
  )
  if (key === null || key.revokedAt === null) throw noSuchKey(sid)
  const revokedAt = formatInstant(key.revokedAt)
  if (options.json === true) {
    await commandLine.printJson({ sid: key.sid, date_revoked: revokedAt })
  } else {
    await commandLine.print(`${key.sid} is revoked since ${revokedAt}`)
  }
}
