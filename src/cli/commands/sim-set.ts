/** `simtally sim set`: changes a SIM's names, status, home set, group and labels. */
import { type Command, Option } from 'commander'
import type { HomeSet } from '../../domain/classification.ts'
import type { CountryCode } from '../../domain/country.ts'
import {
  parseName,
  parseUniqueName,
  SIM_STATUSES,
  type Sim,
  type SimChanges,
  type SimStatus,
} from '../../domain/directory.ts'
import type { Sid } from '../../domain/identifiers.ts'
import type { Plmn } from '../../domain/plmn.ts'
import {
  type LabelChanges,
  parseLabelChanges,
  requirePast,
  sinceOfNothing,
} from '../../domain/question-text.ts'
import { newSid } from '../../domain/secret.ts'
import type { UsageStore } from '../../storage/usage-store.ts'
import {
  accountOf,
  type CommandLine,
  type DatabaseOption,
  type JsonOption,
} from '../command-line.ts'
import { fromFlags, WrongUsage } from '../failure.ts'
import { groupNamed } from '../group-lookup.ts'
import { printFacts } from '../listing.ts'
import { flag } from '../option-values.ts'
import { accountOption, homeOptions, jsonOption, sinceOption, withOptions } from '../options.ts'
import { findNamedSim } from '../sim-lookup.ts'
import { simFacts } from './sim-list.ts'

interface SetOptions extends DatabaseOption, JsonOption {
  readonly account?: Sid
  readonly uniqueName?: string
  readonly friendlyName?: string
  readonly status?: SimStatus
  readonly homePlmns?: readonly Plmn[]
  readonly homeCountries?: readonly CountryCode[]
  readonly group?: string
  /** As given: key=value. */
  readonly label?: readonly string[]
  readonly since?: number
}

const EXAMPLES = `
Examples:
  simtally sim set truck-1 --friendly-name "Truck 1, Lisbon"
  simtally sim set 8901260000010000018 --unique-name truck-7 --status suspended
  simtally sim set truck-1 --home-countries "PT,ES" --json
  simtally sim set truck-1 --group trackers --label customer=acme --label site=lisbon
  simtally sim set truck-1 --group "" --label site= --since 2026-02-01

An empty name removes a name, and with an empty home set the account's applies again. A home set
classifies the records that come from now on; counted usage keeps its zone until simtally
reclassify. To register ICCID, IMSIs and MSISDN, use simtally sim import.

An empty group takes the SIM out of its group, and key= ends a label. Group and labels hold from --since on, else from now on, until the next change; usage belongs to
those at the time of use.`

export function addSimSetCommand(sim: Command, commandLine: CommandLine): void {
  withOptions(
    sim
      .command('set')
      .description('change names, status, home set, group and labels of a SIM')
      .argument('<sim>', 'the SIM, by any of its names'),
    accountOption(),
    new Option('--unique-name <name>', 'its name in records and URLs').argParser(
      flag('--unique-name', parseUniqueName),
    ),
    new Option('--friendly-name <name>', 'what people call it').argParser(
      flag('--friendly-name', parseName),
    ),
    new Option('--status <status>', 'its new status').choices(SIM_STATUSES),
    ...homeOptions(),
    new Option('--group <group>', 'the group to put it into, by SID or unique name'),
    new Option(
      '--label <label>',
      'what to label it with: key=value, repeated for several',
    ).argParser((text: string, before: readonly string[] = []) => [...before, text]),
    sinceOption(),
    jsonOption(),
  )
    .addHelpText('after', EXAMPLES)
    .action((name: string, _: unknown, command: Command) =>
      set(commandLine, name, command.optsWithGlobals()),
    )
}

async function set(commandLine: CommandLine, name: string, options: SetOptions): Promise<void> {
  const { uniqueName, friendlyName, status } = options
  const at = commandLine.context.clock()
  const changes: SimChanges = {
    ...(uniqueName !== undefined && { uniqueName }),
    ...(friendlyName !== undefined && { friendlyName }),
    ...(status !== undefined && { status }),
  }
  const home = homeOf(options)
  const labels = labelsOf(options, at)
  const changesPlace = options.group !== undefined || labels !== null
  if (Object.keys(changes).length === 0 && home === null && !changesPlace) {
    throw new WrongUsage(
      'nothing to change',
      'give --unique-name, --friendly-name, --status, --home-plmns, --home-countries, --group or --label',
    )
  }
  const facts = await commandLine.withStore(options, async (store) => {
    const account = options.account === undefined ? null : await accountOf(store, options.account)
    const sim = await findNamedSim(store, name, account)
    // First everything that may be refused.
    if (changesPlace) await assign(store, sim, { ...options, labels }, at)
    if (Object.keys(changes).length > 0) await store.updateSim(sim.id, changes, at)
    if (home !== null) {
      const registration = { sid: sim.sid, home }
      await store.registerSims(sim.accountId, [registration], { at, newSid: () => newSid('DE') })
    }
    return simFacts(store, await findNamedSim(store, sim.sid, null))
  })
  await printFacts(commandLine, options, facts)
  if (home !== null) {
    await commandLine.note(
      'It classifies the records that come from now on; simtally reclassify applies it to counted usage.',
    )
  }
}

/** Null if no flag sets it. */
function homeOf({ homePlmns, homeCountries }: SetOptions): Partial<HomeSet> | null {
  if (homePlmns === undefined && homeCountries === undefined) return null
  return {
    ...(homePlmns !== undefined && { plmns: homePlmns }),
    ...(homeCountries !== undefined && { countries: homeCountries }),
  }
}

/** Null if no flag sets any. Also checks `--since`. */
function labelsOf({ label, group, since }: SetOptions, nowSeconds: number): LabelChanges | null {
  return fromFlags(() => {
    if (since !== undefined) {
      if (label === undefined && group === undefined) {
        throw sinceOfNothing('--since', '--group or --label')
      }
      requirePast('--since', since, nowSeconds)
    }
    return label === undefined ? null : parseLabelChanges('--label', label)
  })
}

async function assign(
  store: UsageStore,
  sim: Sim,
  { group, labels, since }: Pick<SetOptions, 'group' | 'since'> & { labels: LabelChanges | null },
  at: number,
): Promise<void> {
  const account = await store.findAccountById(sim.accountId)
  const groupId =
    group === undefined || group === '' ? null : (await groupNamed(store, group, account)).id
  const assignment = {
    simId: sim.id,
    ...(group !== undefined && { groupId }),
    ...(labels !== null && { labels }),
    ...(since !== undefined && { since }),
  }
  await store.assignSims(sim.accountId, [assignment], at)
}
