/** `simtally feed grant` and `feed revoke`: say which accounts' keys may deliver to a feed. */
import type { Command } from 'commander'
import type { Sid } from '../../domain/identifiers.ts'
import { formatInstant } from '../../domain/time.ts'
import { UsageError } from '../../domain/usage-error.ts'
import {
  accountOf,
  type CommandLine,
  type DatabaseOption,
  feedOf,
  type JsonOption,
} from '../command-line.ts'
import { accountOption } from '../options.ts'

interface GrantOptions extends DatabaseOption, JsonOption {
  readonly account: Sid
}

const GRANT_EXAMPLE = `
Example:
  simtally feed grant hub --account AC0123456789abcdef0123456789abcdef

The account's keys with the scope ingest may then deliver records of its own SIMs. Without a grant
the feed does not exist for the account, even if it is bound to it.`

const REVOKE_EXAMPLE = `
Example:
  simtally feed revoke hub --account AC0123456789abcdef0123456789abcdef

The account's deliveries stay counted, but it can no longer undo them.`

export function addFeedGrantCommands(feed: Command, commandLine: CommandLine): void {
  feed
    .command('grant')
    .description('let an account deliver to a feed')
    .argument('<name>', 'the feed')
    .addOption(accountOption().makeOptionMandatory())
    .option('--json', 'print JSON')
    .addHelpText('after', GRANT_EXAMPLE)
    .action((name: string, _: unknown, command: Command) =>
      grant(commandLine, name, command.optsWithGlobals()),
    )
  feed
    .command('revoke')
    .description("end an account's grant")
    .argument('<name>', 'the feed')
    .addOption(accountOption().makeOptionMandatory())
    .option('--json', 'print JSON')
    .addHelpText('after', REVOKE_EXAMPLE)
    .action((name: string, _: unknown, command: Command) =>
      revoke(commandLine, name, command.optsWithGlobals()),
    )
}

async function grant(commandLine: CommandLine, name: string, options: GrantOptions) {
  const { grantedAt } = await commandLine.withStore(options, async (store) => {
    const feed = await feedOf(store, name)
    const account = await accountOf(store, options.account)
    return store.grantFeed(feed.id, account.id, commandLine.context.clock())
  })
  const granted = { feed: name, account_sid: options.account }
  if (options.json === true) {
    await commandLine.printJson({ ...granted, date_granted: formatInstant(grantedAt) })
  } else await commandLine.print(`feed ${name}: ${options.account} may deliver to it`)
}

async function revoke(commandLine: CommandLine, name: string, options: GrantOptions) {
  await commandLine.withStore(options, async (store) => {
    const feed = await feedOf(store, name)
    const account = await accountOf(store, options.account)
    if ((await store.revokeFeedGrant(feed.id, account.id)) !== null) return
    throw new UsageError('not_found', `feed ${name} is not granted to ${account.sid}`, {
      hint: 'simtally feed list shows to whom it is',
    })
  })
  if (options.json === true) {
    await commandLine.printJson({ feed: name, account_sid: options.account })
  } else await commandLine.print(`feed ${name}: ${options.account} may no longer deliver to it`)
}
