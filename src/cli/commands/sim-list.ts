/** `simtally sim list` and `sim show`: show SIMs and their details. */
import { type Command, Option } from 'commander'
import { parseSearch, SIM_STATUSES, type Sim, type SimStatus } from '../../domain/directory.ts'
import { parseSilence } from '../../domain/feed-statements.ts'
import type { Sid } from '../../domain/identifiers.ts'
import type { SimPlace } from '../../domain/sim-group.ts'
import { formatInstant } from '../../domain/time.ts'
import type { SimFilter, UsageStore } from '../../storage/usage-store.ts'
import {
  accountOf,
  type CommandLine,
  type DatabaseOption,
  type JsonOption,
} from '../command-line.ts'
import { groupsNamed } from '../group-lookup.ts'
import { pagesOldestFirst, printFacts, printListing } from '../listing.ts'
import { flag } from '../option-values.ts'
import {
  accountFilter,
  accountOption,
  groupFilter,
  jsonOption,
  type LimitOption,
  labelFilter,
  limitOption,
  type SearchOption,
  searchOption,
  statusOption,
  withOptions,
} from '../options.ts'
import { findNamedSim } from '../sim-lookup.ts'

interface ListOptions extends DatabaseOption, JsonOption, LimitOption, SearchOption {
  readonly account?: Sid
  readonly status?: SimStatus
  readonly group?: string
  readonly label?: { readonly key: string; readonly value: string }
  /** Seconds. */
  readonly silent?: number
}

interface ShowOptions extends DatabaseOption, JsonOption {
  readonly account?: Sid
}

/** As many as a screen has lines. */
const SEARCH_LIMIT_DEFAULT = 20

const LIST_EXAMPLES = `
Examples:
  simtally sim list --status active --json
  simtally sim list --search truck
  simtally sim list --group trackers --label customer=acme
  simtally sim list --silent 30d --json

Group and labels are those that a SIM has now.`

const SEARCH_EXAMPLES = `
Examples:
  simtally sim search truck
  simtally sim search 890126
  simtally sim search 310260 --account AC0123456789abcdef0123456789abcdef --json

Finds SIMs by any part of SID, ICCID, IMSI, MSISDN, unique name and friendly name, ignoring case. It
is short for simtally sim list --search, and shows the first ${SEARCH_LIMIT_DEFAULT} unless told
otherwise.`

const SHOW_EXAMPLES = `
Examples:
  simtally sim show truck-1
  simtally sim show 8901260000010000018 --json`

export function addSimListCommands(sim: Command, commandLine: CommandLine): void {
  withOptions(
    sim.command('list').description('show the SIMs in the order of their registration'),
    searchOption(),
    ...simFilters(),
    limitOption(),
    jsonOption('SIM'),
  )
    .addHelpText('after', LIST_EXAMPLES)
    .action((_: unknown, command: Command) => list(commandLine, command.optsWithGlobals()))
  withOptions(
    sim
      .command('search')
      .description('find SIMs by a part of any of their names and numbers')
      .argument('<text>', 'the part', flag('text', parseSearch)),
    ...simFilters(),
    limitOption(SEARCH_LIMIT_DEFAULT),
    jsonOption('SIM'),
  )
    .addHelpText('after', SEARCH_EXAMPLES)
    .action((search: string, _: unknown, command: Command) =>
      list(commandLine, { ...command.optsWithGlobals(), search }),
    )
  withOptions(
    sim
      .command('show')
      .description('show everything known about one SIM')
      .argument('<sim>', 'the SIM, by any of its names'),
    accountOption(),
    jsonOption(),
  )
    .addHelpText('after', SHOW_EXAMPLES)
    .action((name: string, _: unknown, command: Command) =>
      show(commandLine, name, command.optsWithGlobals()),
    )
}

function simFilters(): Option[] {
  return [
    accountFilter(),
    statusOption(SIM_STATUSES),
    groupFilter(),
    labelFilter(),
    new Option('--silent <time>', 'that have used nothing for this long: 30d').argParser(
      flag('--silent', parseSilence),
    ),
  ]
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
    group: 'GROUP',
    labels: 'LABELS',
  }
  await commandLine.withStore(options, async (store) => {
    const filters = await filtersOf(store, options, commandLine.context.clock())
    await printListing(commandLine, options, titles, rowsOf(store, filters))
  })
}

/**
 * Several filters if the group is named without its account, because a group name is unique only within one.
 */
async function filtersOf(
  store: UsageStore,
  { account: accountSid, status, search, group, label, silent }: ListOptions,
  nowSeconds: number,
): Promise<SimFilter[]> {
  const account = accountSid === undefined ? null : await accountOf(store, accountSid)
  const filter = {
    ...(account === null ? {} : { accountId: account.id }),
    ...(status === undefined ? {} : { status }),
    ...(search === undefined ? {} : { search }),
    ...(label === undefined ? {} : { label }),
    ...(silent === undefined ? {} : { silentSince: nowSeconds - silent }),
  }
  if (group === undefined) return [filter]
  const groups = await groupsNamed(store, group, account)
  return groups.map(({ id, accountId }) => ({ ...filter, accountId, groupId: id }))
}

async function* rowsOf(store: UsageStore, filters: readonly SimFilter[]) {
  for (const filter of filters) {
    for await (const page of pagesOldestFirst((page) => store.listSims(filter, page))) {
      const places = await store.simPlaces(page.map(({ id }) => id))
      for (const sim of page) yield simRow(sim, places.get(sim.id)!)
    }
  }
}

async function show(commandLine: CommandLine, name: string, options: ShowOptions): Promise<void> {
  const facts = await commandLine.withStore(options, async (store) => {
    const account = options.account === undefined ? null : await accountOf(store, options.account)
    return simFacts(store, await findNamedSim(store, name, account))
  })
  await printFacts(commandLine, options, facts)
}

function simRow(sim: Sim, { group, labels }: SimPlace) {
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
    group: group === null ? null : (group.uniqueName ?? group.sid),
    labels: Object.entries(labels).map(([key, value]) => `${key}=${value}`),
  }
}

/** A SIM's details, as `sim show` and `sim set` print them. */
export async function simFacts(store: UsageStore, sim: Sim) {
  const place = (await store.simPlaces([sim.id])).get(sim.id)!
  return {
    ...simRow(sim, place),
    date_created: formatInstant(sim.createdAt),
    date_updated: formatInstant(sim.updatedAt),
  }
}
