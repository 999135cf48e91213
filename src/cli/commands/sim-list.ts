/** `simtally sim list` and `sim show`. */
import type { Command } from 'commander'
import { SIM_STATUSES, type Sim, type SimStatus } from '../../domain/directory.ts'
import type { Sid } from '../../domain/identifiers.ts'
import { formatInstant } from '../../domain/time.ts'
import {
  accountOf,
  type CommandLine,
  type DatabaseOption,
  type JsonOption,
} from '../command-line.ts'
import { oldestFirst, printFacts, printListing } from '../listing.ts'
import {
  accountFilter,
  accountOption,
  jsonOption,
  type LimitOption,
  limitOption,
  matches,
  type SearchOption,
  searchOption,
  statusOption,
  withOptions,
} from '../options.ts'
import { findNamedSim } from '../sim-lookup.ts'

interface ListOptions extends DatabaseOption, JsonOption, LimitOption, SearchOption {
  readonly account?: Sid
  readonly status?: SimStatus
}

interface ShowOptions extends DatabaseOption, JsonOption {
  readonly account?: Sid
}

const LIST_EXAMPLES = `
Examples:
  simtally sim list --status active --json
  simtally sim list --search truck`

const SHOW_EXAMPLES = `
Examples:
  simtally sim show truck-1
  simtally sim show 8901260000010000018 --json`

export function addSimListCommands(sim: Command, commandLine: CommandLine): void {
  withOptions(
    sim.command('list').description('show the SIMs in the order of their registration'),
    accountFilter(),
    statusOption(SIM_STATUSES),
    searchOption(),
    limitOption(),
    jsonOption('SIM'),
  )
    .addHelpText('after', LIST_EXAMPLES)
    .action((_: unknown, command: Command) => list(commandLine, command.optsWithGlobals()))
  withOptions(
    sim
      .command('show')
      .description('show all that is known of one SIM')
      .argument('<sim>', 'the SIM, by any of its names'),
    accountOption(),
    jsonOption(),
  )
    .addHelpText('after', SHOW_EXAMPLES)
    .action((name: string, _: unknown, command: Command) =>
      show(commandLine, name, command.optsWithGlobals()),
    )
}

async function list(commandLine: CommandLine, options: ListOptions): Promise<void> {
  const titles = {
    sid: 'SID',
    unique_name: 'UNIQUE NAME',
    status: 'STATUS',
    iccid: 'ICCID',
    imsis: 'IMSI',
    msisdn: 'MSISDN',
    friendly_name: 'FRIENDLY NAME',
  }
  await commandLine.withStore(options, async (store) => {
    const { status } = options
    const account = options.account === undefined ? null : await accountOf(store, options.account)
    const filter = {
      ...(account === null ? {} : { accountId: account.id }),
      ...(status === undefined ? {} : { status }),
    }
    const sims = oldestFirst((page) => store.listSims(filter, page))
    await printListing(commandLine, options, titles, rowsOf(sims, options))
  })
}

async function* rowsOf(sims: AsyncIterable<Sim>, options: SearchOption) {
  for await (const sim of sims) {
    if (matches(options, sim.uniqueName, sim.friendlyName)) yield simRow(sim)
  }
}

async function show(commandLine: CommandLine, name: string, options: ShowOptions): Promise<void> {
  const sim = await commandLine.withStore(options, async (store) => {
    const account = options.account === undefined ? null : await accountOf(store, options.account)
    return findNamedSim(store, name, account)
  })
  await printFacts(commandLine, options, simFacts(sim))
}

function simRow(sim: Sim) {
  return {
    sid: sim.sid,
    account_sid: sim.accountSid,
    status: sim.status,
    unique_name: sim.uniqueName,
    friendly_name: sim.friendlyName,
    iccid: sim.iccid,
    imsis: sim.imsis,
    msisdn: sim.msisdn,
    home_plmns: sim.home.plmns,
    home_countries: sim.home.countries,
  }
}

/** As `sim show` and `sim set` tell it. */
export function simFacts(sim: Sim) {
  return {
    ...simRow(sim),
    date_created: formatInstant(sim.createdAt),
    date_updated: formatInstant(sim.updatedAt),
  }
}
