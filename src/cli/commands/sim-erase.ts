/** `simtally sim erase`: removes for good whatever names a SIM, and each of its records. */
import type { Command } from 'commander'
import { SIM_NAME_KINDS, type Sid, simIdentities } from '../../domain/identifiers.ts'
import { newSid } from '../../domain/secret.ts'
import { UsageError } from '../../domain/usage-error.ts'
import type { Erasure, UsageStore } from '../../storage/usage-store.ts'
import {
  accountOf,
  type CommandLine,
  type DatabaseOption,
  type JsonOption,
} from '../command-line.ts'
import {
  accountOption,
  byOption,
  dryRunOption,
  jsonOption,
  reasonOption,
  withOptions,
} from '../options.ts'
import { countOf } from '../quantity-text.ts'
import { findNamedSim } from '../sim-lookup.ts'

export interface EraseOptions extends DatabaseOption, JsonOption {
  readonly by: string
  readonly reason: string
  readonly dryRun?: boolean
}

interface EraseSimOptions extends EraseOptions {
  readonly account?: Sid
}

const EXAMPLES = `
Examples:
  simtally sim erase truck-1 --by Ada --reason 'request of 2 March' --dry-run
  simtally sim erase 8988303000000000018 --by Ada --reason 'request of 2 March'

Deletes for good its SID, numbers, names, labels and each record, also from quarantine and from the
log, which keeps that a SIM was erased, by whom, why and how much. Its usage stays in its account's
totals, by the hour, under a new SID that nothing leads to. Let imports end first. A later record
goes to quarantine as of an unknown SIM: erase its number again to remove it. Backups still have
everything; see docs/storage.md.`

export function addSimEraseCommand(sim: Command, commandLine: CommandLine): void {
  withOptions(
    sim
      .command('erase')
      .description('remove for good whatever names a SIM, and each of its records')
      .argument('<sim>', 'the SIM, by any of its names; or a number that no SIM has any more'),
    accountOption(),
    byOption().makeOptionMandatory(),
    reasonOption().makeOptionMandatory(),
    dryRunOption(),
    jsonOption(),
  )
    .addHelpText('after', EXAMPLES)
    .action((name: string, _: unknown, command: Command) =>
      erase(commandLine, name, command.optsWithGlobals()),
    )
}

export function erasureOf(commandLine: CommandLine, options: EraseOptions): Erasure {
  const { by, reason, dryRun = false } = options
  return { by, reason, dryRun, at: commandLine.context.clock() }
}

async function erase(
  commandLine: CommandLine,
  name: string,
  options: EraseSimOptions,
): Promise<void> {
  const given = erasureOf(commandLine, options)
  const { outcome, isOverwritten } = await commandLine.withStore(options, async (store) => {
    const outcome = await eraseNamed(store, name, { ...given, account: options.account })
    return { outcome, isOverwritten: given.dryRun || (await store.overwriteDeleted()) }
  })
  const { sid, usageEvents, versions, quarantineEntries } = outcome
  if (options.json === true) {
    await commandLine.printJson({
      dry_run: given.dryRun,
      ...{ sid, usage_events: usageEvents, versions, quarantine_entries: quarantineEntries },
    })
  } else {
    const gone = [
      countOf(usageEvents, 'usage event'),
      countOf(versions, 'replaced version'),
      countOf(quarantineEntries, 'quarantined record'),
    ].join(', ')
    await commandLine.print(given.dryRun ? `would be erased: ${gone}` : `erased: ${gone}`)
    if (!given.dryRun && sid !== null) await commandLine.print(`its usage stays under ${sid}`)
  }
  if (!isOverwritten) await noteLeftBytes(commandLine)
}

/** What a file or a server may still hold in freed space. */
export async function noteLeftBytes(commandLine: CommandLine): Promise<void> {
  await commandLine.note(
    'The database may still hold erased data in free space of its files: see docs/storage.md.',
  )
}

async function eraseNamed(
  store: UsageStore,
  name: string,
  { account: accountSid, ...given }: Erasure & { readonly account: Sid | undefined },
) {
  const account = accountSid === undefined ? null : await accountOf(store, accountSid)
  const sim = await findNamedSim(store, name, account).catch((error: unknown) => {
    const isMissing = error instanceof UsageError && error.code === 'not_found'
    if (isMissing && isNumber(name)) return null
    throw error
  })
  if (sim !== null) return store.eraseSim(sim.id, { ...given, newSid: newSid('DE') })
  const quarantineEntries = await store.eraseNumber(name, given)
  return { sid: null, usageEvents: 0, versions: 0, quarantineEntries }
}

function isNumber(name: string): boolean {
  const kinds = SIM_NAME_KINDS.filter((kind) => kind !== 'unique_name')
  return simIdentities(name, kinds).length > 0
}
