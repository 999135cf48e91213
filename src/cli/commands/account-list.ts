/** `simtally account list` and `account show`. */
import type { Command } from 'commander'
import type { Account } from '../../domain/directory.ts'
import type { Sid } from '../../domain/identifiers.ts'
import { formatInstant, instantOrNull } from '../../domain/time.ts'
import {
  accountOf,
  type CommandLine,
  type DatabaseOption,
  type JsonOption,
} from '../command-line.ts'
import { printFacts, printListing } from '../listing.ts'
import { sidFlag } from '../option-values.ts'
import {
  jsonOption,
  type LimitOption,
  limitOption,
  matches,
  type SearchOption,
  searchOption,
  withOptions,
} from '../options.ts'

interface ListOptions extends DatabaseOption, JsonOption, LimitOption, SearchOption {}

const LIST_EXAMPLES = `
Examples:
  simtally account list --json
  simtally account list --search acme`

const SHOW_EXAMPLES = `
Example:
  simtally account show AC0123456789abcdef0123456789abcdef`

export function addAccountListCommands(account: Command, commandLine: CommandLine): void {
  withOptions(
    account.command('list').description('show the accounts, oldest first'),
    searchOption(),
    limitOption(),
    jsonOption('account'),
  )
    .addHelpText('after', LIST_EXAMPLES)
    .action((_: unknown, command: Command) => list(commandLine, command.optsWithGlobals()))
  withOptions(
    account
      .command('show')
      .description('show everything known about one account')
      .argument('<sid>', 'the account, AC…', sidFlag('sid', 'AC')),
    jsonOption(),
  )
    .addHelpText('after', SHOW_EXAMPLES)
    .action((sid: Sid, _: unknown, command: Command) =>
      show(commandLine, sid, command.optsWithGlobals()),
    )
}

async function list(commandLine: CommandLine, options: ListOptions): Promise<void> {
  const accounts = await commandLine.withStore(options, (store) => store.listAccounts())
  const titles = {
    sid: 'SID',
    name: 'NAME',
    home_plmns: 'HOME NETWORKS',
    home_countries: 'HOME COUNTRIES',
    may_register_numbers: 'MAY REGISTER NUMBERS',
    date_created: 'CREATED',
    previous_token_until: 'OLD TOKEN UNTIL',
  }
  const found = accounts.filter(({ name }) => matches(options, name))
  await printListing(commandLine, options, titles, found.map(accountRow))
}

async function show(
  commandLine: CommandLine,
  sid: Sid,
  options: DatabaseOption & JsonOption,
): Promise<void> {
  const account = await commandLine.withStore(options, (store) => accountOf(store, sid))
  await printFacts(commandLine, options, accountRow(account))
}

export function accountRow(account: Account) {
  const { sid, name, home, mayRegisterNumbers, createdAt, previousToken } = account
  return {
    sid,
    name,
    home_plmns: home.plmns,
    home_countries: home.countries,
    may_register_numbers: mayRegisterNumbers,
    date_created: formatInstant(createdAt),
    previous_token_until: instantOrNull(previousToken?.until ?? null),
  }
}
