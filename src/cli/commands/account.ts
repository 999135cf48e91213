/** `simtally account`: makes accounts and shows them. */
import type { Command } from 'commander'
import type { CountryCode } from '../../domain/country.ts'
import { parseName } from '../../domain/directory.ts'
import { parseCountryList, parsePlmnList } from '../../domain/home-set.ts'
import type { Sid } from '../../domain/identifiers.ts'
import type { Plmn } from '../../domain/plmn.ts'
import { hashSecret, newSecret, newSid } from '../../domain/secret.ts'
import { formatInstant } from '../../domain/time.ts'
import type { CommandLine, DatabaseOption, JsonOption } from '../command-line.ts'
import { printListing } from '../listing.ts'
import { flag, sidFlag } from '../option-values.ts'

interface CreateOptions extends DatabaseOption, JsonOption {
  readonly name: string
  readonly sid?: Sid
  readonly homePlmns: readonly Plmn[]
  readonly homeCountries: readonly CountryCode[]
}

const CREATE_EXAMPLES = `
Examples:
  simtally account create --name Acme --home-plmns "310-260,310-160" --home-countries "US,PR"
  simtally account create --name Acme --sid AC0123456789abcdef0123456789abcdef --json

The auth token is shown once; only its hash is stored.`

export function addAccountCommand(program: Command, commandLine: CommandLine): void {
  const account = program.command('account').description('make accounts and show them')
  account
    .command('create')
    .description('make an account and its auth token')
    .requiredOption('--name <name>', 'what people call it', flag('--name', parseName))
    .option('--sid <sid>', 'keep a SID from elsewhere', sidFlag('--sid', 'AC'))
    .option(
      '--home-plmns <list>',
      'home networks as MCC-MNC',
      flag('--home-plmns', parsePlmnList),
      [],
    )
    .option(
      '--home-countries <list>',
      'home countries, ISO 3166-1',
      flag('--home-countries', parseCountryList),
      [],
    )
    .option('--json', 'print JSON')
    .addHelpText('after', CREATE_EXAMPLES)
    .action((_: unknown, command: Command) => create(commandLine, command.optsWithGlobals()))
  account
    .command('list')
    .description('show the accounts, oldest first')
    .option('--json', 'print JSON, one account a line')
    .addHelpText('after', '\nExample:\n  simtally account list --json')
    .action((_: unknown, command: Command) => list(commandLine, command.optsWithGlobals()))
}

async function create(commandLine: CommandLine, options: CreateOptions): Promise<void> {
  const authToken = newSecret()
  const account = await commandLine.withStore(options, (store) =>
    store.createAccount({
      sid: options.sid ?? newSid('AC'),
      name: options.name,
      authTokenHash: hashSecret(authToken),
      home: { plmns: options.homePlmns, countries: options.homeCountries },
      createdAt: commandLine.context.clock(),
    }),
  )
  if (options.json === true) {
    await commandLine.printJson({ sid: account.sid, auth_token: authToken })
    return
  }
  await commandLine.print(`account     ${account.sid}`)
  await commandLine.print(`auth token  ${authToken}`)
  await commandLine.note('Keep the auth token: it is shown only now.')
}

async function list(commandLine: CommandLine, options: DatabaseOption & JsonOption) {
  const accounts = await commandLine.withStore(options, (store) => store.listAccounts())
  const titles = {
    sid: 'SID',
    name: 'NAME',
    home_plmns: 'HOME NETWORKS',
    home_countries: 'HOME COUNTRIES',
    date_created: 'CREATED',
  }
  const rows = accounts.map((account) => ({
    sid: account.sid,
    name: account.name,
    home_plmns: account.home.plmns,
    home_countries: account.home.countries,
    date_created: formatInstant(account.createdAt),
  }))
  await printListing(commandLine, options, titles, rows)
}
