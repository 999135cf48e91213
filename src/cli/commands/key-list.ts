/** `simtally key list` and `key show`: show API keys without their secrets. */
import { type Command, Option } from 'commander'
import { type ApiKey, KEY_SCOPES, type KeyScope } from '../../domain/directory.ts'
import type { Sid } from '../../domain/identifiers.ts'
import { formatInstant, instantOrNull } from '../../domain/time.ts'
import { UsageError } from '../../domain/usage-error.ts'
import {
  accountOf,
  type CommandLine,
  type DatabaseOption,
  type JsonOption,
} from '../command-line.ts'
import { printFacts, printListing } from '../listing.ts'
import { sidFlag } from '../option-values.ts'
import {
  accountFilter,
  jsonOption,
  type LimitOption,
  limitOption,
  matches,
  type SearchOption,
  searchOption,
  withOptions,
} from '../options.ts'

interface ListOptions extends DatabaseOption, JsonOption, LimitOption, SearchOption {
  readonly account?: Sid
  readonly scope?: KeyScope
}

const LIST_EXAMPLES = `
Examples:
  simtally key list --json
  simtally key list --account AC0123456789abcdef0123456789abcdef --scope admin

The last use is known to the hour. To replace a key, create a second one, wait until the first is no
longer used, and revoke it.`

const SHOW_EXAMPLES = `
Example:
  simtally key show SK0123456789abcdef0123456789abcdef`

export function addKeyListCommands(key: Command, commandLine: CommandLine): void {
  withOptions(
    key.command('list').description('show the keys, without their secrets'),
    accountFilter(),
    new Option('--scope <scope>', 'what it may do').choices(KEY_SCOPES),
    searchOption(),
    limitOption(),
    jsonOption('key'),
  )
    .addHelpText('after', LIST_EXAMPLES)
    .action((_: unknown, command: Command) => list(commandLine, command.optsWithGlobals()))
  withOptions(
    key
      .command('show')
      .description('show everything known about one key, without its secret')
      .argument('<sid>', 'the key, SK…', sidFlag('sid', 'SK')),
    jsonOption(),
  )
    .addHelpText('after', SHOW_EXAMPLES)
    .action((sid: Sid, _: unknown, command: Command) =>
      show(commandLine, sid, command.optsWithGlobals()),
    )
}

async function list(commandLine: CommandLine, options: ListOptions): Promise<void> {
  const { account, scope } = options
  const keys = await commandLine.withStore(options, async (store) => {
    if (account !== undefined) await accountOf(store, account)
    return store.listApiKeys()
  })
  const titles = {
    sid: 'SID',
    label: 'LABEL',
    scope: 'SCOPE',
    account_sid: 'ACCOUNT',
    date_created: 'CREATED',
    date_last_used: 'LAST USED',
    date_revoked: 'REVOKED',
  }
  const found = keys.filter(
    (key) =>
      matches(options, key.label) &&
      (account === undefined || key.accountSid === account) &&
      (scope === undefined || key.scope === scope),
  )
  await printListing(commandLine, options, titles, found.map(keyRow))
}

async function show(
  commandLine: CommandLine,
  sid: Sid,
  options: DatabaseOption & JsonOption,
): Promise<void> {
  const key = await commandLine.withStore(options, (store) => store.findApiKey(sid))
  if (key === null) throw noSuchKey(sid)
  await printFacts(commandLine, options, keyRow(key))
}

export function noSuchKey(sid: Sid): UsageError {
  return new UsageError('not_found', `there is no key ${sid}`, {
    hint: 'simtally key list shows the existing ones',
  })
}

function keyRow(key: Omit<ApiKey, 'secretHash'>) {
  return {
    sid: key.sid,
    label: key.label,
    account_sid: key.accountSid,
    scope: key.scope,
    date_created: formatInstant(key.createdAt),
    date_last_used: instantOrNull(key.lastUsedAt),
    date_revoked: instantOrNull(key.revokedAt),
  }
}
