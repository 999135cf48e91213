/** `simtally sim set`: changes the names, the status and the home set of a SIM. */
import { type Command, Option } from 'commander'
import type { CountryCode } from '../../domain/country.ts'
import {
  parseName,
  parseUniqueName,
  SIM_STATUSES,
  type SimChanges,
  type SimStatus,
} from '../../domain/directory.ts'
import type { Sid } from '../../domain/identifiers.ts'
import type { Plmn } from '../../domain/plmn.ts'
import { newSid } from '../../domain/secret.ts'
import {
  accountOf,
  type CommandLine,
  type DatabaseOption,
  type JsonOption,
} from '../command-line.ts'
import { WrongUsage } from '../failure.ts'
import { printFacts } from '../listing.ts'
import { flag } from '../option-values.ts'
import { accountOption, homeOptions, jsonOption, withOptions } from '../options.ts'
import { findNamedSim } from '../sim-lookup.ts'
import { simFacts } from './sim-list.ts'

interface SetOptions extends DatabaseOption, JsonOption {
  readonly account?: Sid
  readonly uniqueName?: string
  readonly friendlyName?: string
  readonly status?: SimStatus
  readonly homePlmns?: readonly Plmn[]
  readonly homeCountries?: readonly CountryCode[]
}

const EXAMPLES = `
Examples:
  simtally sim set truck-1 --friendly-name "Truck 1, Lisbon"
  simtally sim set 8901260000010000018 --unique-name truck-7 --status suspended
  simtally sim set truck-1 --home-countries "PT,ES" --json

An empty name takes a name away; an empty home set lets the account's count again. Records that come from
now on are classified by it, and usage that is counted stays where it is. ICCID, IMSIs and MSISDN are
registered by simtally sim import.`

export function addSimSetCommand(sim: Command, commandLine: CommandLine): void {
  withOptions(
    sim
      .command('set')
      .description('change the names, the status and the home set of a SIM')
      .argument('<sim>', 'the SIM, by any of its names'),
    accountOption(),
    new Option('--unique-name <name>', 'what records and URLs may call it').argParser(
      flag('--unique-name', parseUniqueName),
    ),
    new Option('--friendly-name <name>', 'what people call it').argParser(
      flag('--friendly-name', parseName),
    ),
    new Option('--status <status>', 'its new status').choices(SIM_STATUSES),
    ...homeOptions(),
    jsonOption(),
  )
    .addHelpText('after', EXAMPLES)
    .action((name: string, _: unknown, command: Command) =>
      set(commandLine, name, command.optsWithGlobals()),
    )
}

async function set(commandLine: CommandLine, name: string, options: SetOptions): Promise<void> {
  const { uniqueName, friendlyName, status, homePlmns, homeCountries } = options
  const changes: SimChanges = {
    ...(uniqueName !== undefined && { uniqueName }),
    ...(friendlyName !== undefined && { friendlyName }),
    ...(status !== undefined && { status }),
  }
  const home = {
    ...(homePlmns !== undefined && { plmns: homePlmns }),
    ...(homeCountries !== undefined && { countries: homeCountries }),
  }
  const changesHome = Object.keys(home).length > 0
  if (Object.keys(changes).length === 0 && !changesHome) {
    throw new WrongUsage(
      'nothing to change',
      'give --unique-name, --friendly-name, --status, --home-plmns or --home-countries',
    )
  }
  const changed = await commandLine.withStore(options, async (store) => {
    const account = options.account === undefined ? null : await accountOf(store, options.account)
    const sim = await findNamedSim(store, name, account)
    const at = commandLine.context.clock()
    if (Object.keys(changes).length > 0) await store.updateSim(sim.id, changes, at)
    if (changesHome) {
      const registration = { sid: sim.sid, home }
      await store.registerSims(sim.accountId, [registration], { at, newSid: () => newSid('DE') })
    }
    return findNamedSim(store, sim.sid, null)
  })
  await printFacts(commandLine, options, simFacts(changed))
  if (changesHome) {
    await commandLine.note(
      'Records that come from now on are classified by it; usage that is counted stays as it is.',
    )
  }
}
