/** `simtally account`: creates, changes and shows accounts, and replaces their auth tokens. */
import { type Command, Option } from 'commander'
import type { CountryCode } from '../../domain/country.ts'
import { type Account, type AccountChanges, parseName } from '../../domain/directory.ts'
import type { Sid } from '../../domain/identifiers.ts'
import type { Plmn } from '../../domain/plmn.ts'
import { hashSecret, newSecret } from '../../domain/secret.ts'
import { instantOrNull } from '../../domain/time.ts'
import { issueAccount } from '../../storage/usage-store.ts'
import {
  accountOf,
  type CommandLine,
  type DatabaseOption,
  type JsonOption,
} from '../command-line.ts'
import { WrongUsage } from '../failure.ts'
import { flag, sidFlag, timeSpanFlag } from '../option-values.ts'
import { homeOptions } from '../options.ts'
import { addAccountEraseCommand } from './account-erase.ts'
import { accountRow, addAccountListCommands } from './account-list.ts'
import { addAccountRetireCommand } from './account-retire.ts'

interface HomeOptions extends DatabaseOption, JsonOption {
  readonly homePlmns?: readonly Plmn[]
  readonly homeCountries?: readonly CountryCode[]
  readonly mayRegisterNumbers?: boolean
}

interface CreateOptions extends HomeOptions {
  readonly name: string
  readonly sid?: Sid
}

interface SetOptions extends HomeOptions {
  readonly name?: string
}

interface RotateOptions extends DatabaseOption, JsonOption {
  /** Seconds. */
  readonly keepOld?: number
  readonly endOld?: 'now'
}

/** How long an old token stays valid beside a new one by default. */
const KEEP_OLD_SECONDS_DEFAULT = 86_400
/** Longer than any change of programs takes, but short enough that nobody forgets a leaked token. */
const KEEP_OLD_DAYS_MAX = 90

const CREATE_EXAMPLES = `
Examples:
  simtally account create --name Acme --home-plmns "310-260,310-160" --home-countries "US,PR"
  simtally account create --name Acme --sid AC0123456789abcdef0123456789abcdef --json

The auth token is shown once; only its hash is stored.`

const SET_EXAMPLES = `
Examples:
  simtally account set AC0123456789abcdef0123456789abcdef --name "Acme Inc"
  simtally account set AC0123456789abcdef0123456789abcdef --home-plmns "310-260,310-160"
  simtally account set AC0123456789abcdef0123456789abcdef --no-may-register-numbers

A home set replaces the previous one, and an empty list removes it. It classifies the records that
come from now on. Counted usage keeps its zone, and so does a record that is delivered again, as a
duplicate, until simtally reclassify applies the home set.`

const ROTATE_EXAMPLES = `
Examples:
  simtally account rotate-token AC0123456789abcdef0123456789abcdef
  simtally account rotate-token AC0123456789abcdef0123456789abcdef --keep-old 7d
  simtally account rotate-token AC0123456789abcdef0123456789abcdef --keep-old 0h
  simtally account rotate-token AC0123456789abcdef0123456789abcdef --end-old now

The new token is shown once. The previous one stays valid beside it for 24 hours, or as long as
--keep-old says (at most ${KEEP_OLD_DAYS_MAX}d); a token before that ends at once. --end-old now
makes no new token and ends the old one. To replace an API key, create a second one: simtally key
create.`

export function addAccountCommand(program: Command, commandLine: CommandLine): void {
  const account = program
    .command('account')
    .description('create accounts, change and show them, and replace their auth tokens')
  const create = account
    .command('create')
    .description('create an account and its auth token')
    .requiredOption('--name <name>', 'what people call it', flag('--name', parseName))
    .option('--sid <sid>', 'keep a SID from elsewhere', sidFlag('--sid', 'AC'))
  for (const option of homeOptions()) create.addOption(option)
  create.addOption(registerFlag())
  create
    .option('--json', 'print JSON')
    .addHelpText('after', CREATE_EXAMPLES)
    .action(() => createAccount(commandLine, create.optsWithGlobals()))
  const set = account
    .command('set')
    .description('change the name of an account, and where its SIMs are at home')
    .argument('<sid>', 'the account, AC…', sidFlag('sid', 'AC'))
    .option('--name <name>', 'what people call it', flag('--name', parseName))
  for (const option of homeOptions()) set.addOption(option)
  set
    .addOption(registerFlag())
    .option('--no-may-register-numbers', 'only the operator registers its SIMs')
    .option('--json', 'print JSON')
    .addHelpText('after', SET_EXAMPLES)
    .action((sid: Sid) => setAccount(commandLine, sid, set.optsWithGlobals()))
  // Commander takes a flag with a negated form to be on by default.
  set.setOptionValueWithSource('mayRegisterNumbers', undefined, 'default')
  const rotate = account
    .command('rotate-token')
    .description('give an account another auth token; the old one stays valid for a while')
    .argument('<sid>', 'the account, AC…', sidFlag('sid', 'AC'))
    .addOption(
      new Option('--keep-old <time>', 'how long the old token stays valid: 24h, 7d').argParser(
        timeSpanFlag('--keep-old', KEEP_OLD_DAYS_MAX),
      ),
    )
    .addOption(
      new Option('--end-old <when>', 'only end the old token')
        .choices(['now'])
        .conflicts('keepOld'),
    )
    .option('--json', 'print JSON')
    .addHelpText('after', ROTATE_EXAMPLES)
  rotate.action((sid: Sid) => rotateToken(commandLine, sid, rotate.optsWithGlobals()))
  addAccountListCommands(account, commandLine)
  addAccountRetireCommand(account, commandLine)
  addAccountEraseCommand(account, commandLine)
}

function registerFlag(): Option {
  return new Option(
    '--may-register-numbers',
    'its own keys may register SIMs, and so the numbers by which records name them',
  )
}

async function createAccount(commandLine: CommandLine, options: CreateOptions): Promise<void> {
  const { sid, name, homePlmns = [], homeCountries = [] } = options
  const { account, authToken } = await commandLine.withStore(
    options,
    (store) =>
      issueAccount(store, {
        ...(sid !== undefined && { sid }),
        name,
        home: { plmns: homePlmns, countries: homeCountries },
        mayRegisterNumbers: options.mayRegisterNumbers === true,
        createdAt: commandLine.context.clock(),
      }),
    { create: true },
  )
  await printToken(commandLine, options, account, authToken)
}

async function printToken(
  commandLine: CommandLine,
  options: JsonOption,
  { sid, previousToken }: Account,
  authToken: string,
): Promise<void> {
  const until = instantOrNull(previousToken?.until ?? null)
  if (options.json === true) {
    await commandLine.printJson({
      sid,
      auth_token: authToken,
      ...(until === null ? {} : { previous_token_until: until }),
    })
    return
  }
  await commandLine.print([`account     ${sid}`, `auth token  ${authToken}`])
  if (until !== null) await commandLine.print(`old token   valid until ${until}`)
  await commandLine.note('Keep the auth token: it is shown only now.')
}

async function setAccount(commandLine: CommandLine, sid: Sid, options: SetOptions): Promise<void> {
  const { name, homePlmns, homeCountries, mayRegisterNumbers } = options
  const home = {
    ...(homePlmns === undefined ? {} : { plmns: homePlmns }),
    ...(homeCountries === undefined ? {} : { countries: homeCountries }),
  }
  const changesHome = Object.keys(home).length > 0
  if (name === undefined && !changesHome && mayRegisterNumbers === undefined) {
    throw new WrongUsage(
      'nothing to change: give --name, --home-plmns, --home-countries or --may-register-numbers',
    )
  }
  const changes: AccountChanges = {
    ...(name === undefined ? {} : { name }),
    ...(mayRegisterNumbers === undefined ? {} : { mayRegisterNumbers }),
    home,
  }
  const changed = await commandLine.withStore(options, async (store) =>
    store.updateAccount((await accountOf(store, sid)).id, changes),
  )
  const row = accountRow(changed)
  if (options.json === true) await commandLine.printJson(row)
  else {
    const networks = row.home_plmns.join(' ') || 'none'
    const countries = row.home_countries.join(' ') || 'none'
    await commandLine.print(
      `${sid} ${row.name}: home networks ${networks}, home countries ${countries}`,
    )
  }
  if (changesHome) {
    await commandLine.note(
      'It classifies the records that come from now on; simtally reclassify applies it to counted usage.',
    )
  }
}

async function rotateToken(
  commandLine: CommandLine,
  sid: Sid,
  options: RotateOptions,
): Promise<void> {
  const { keepOld = KEEP_OLD_SECONDS_DEFAULT, endOld } = options
  if (endOld !== undefined) {
    await commandLine.withStore(options, async (store) =>
      store.endPreviousToken((await accountOf(store, sid)).id),
    )
    if (options.json === true) await commandLine.printJson({ sid, previous_token_until: null })
    else await commandLine.print(`${sid}: only the newest auth token is valid`)
    return
  }
  const authToken = newSecret()
  const previousUntil = commandLine.context.clock() + keepOld
  const rotated = await commandLine.withStore(options, async (store) => {
    const { id } = await accountOf(store, sid)
    return await store.rotateAuthToken(id, { hash: hashSecret(authToken), previousUntil })
  })
  await printToken(commandLine, options, rotated, authToken)
}
