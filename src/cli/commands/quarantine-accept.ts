/** `simtally quarantine accept`: lets a conflict count in place of what it contradicts. */
import type { Command } from 'commander'
import { recycleRecords } from '../../ingest/recycle-records.ts'
import type { CommandLine, DatabaseOption, JsonOption } from '../command-line.ts'
import { WrongUsage } from '../failure.ts'
import { exitCodeOf } from '../import-report.ts'
import { byOption, jsonOption, reasonOption, withOptions } from '../options.ts'
import {
  entriesNamed,
  type QuarantineFilter,
  quarantineFilter,
  quarantineFilterFlags,
} from '../quarantine-filter.ts'
import { printSummary, toRecycleJson } from './quarantine-recycle.ts'

interface AcceptOptions extends DatabaseOption, JsonOption, Omit<QuarantineFilter, 'cause'> {
  readonly by: string
  readonly reason: string
}

const EXAMPLES = `
Examples:
  simtally quarantine accept 7:42 --by Ada --reason 'corrected by the carrier, ticket 12'
  simtally quarantine accept --import 7 --by Ada --reason 'the second file is the right one' --json

For conflicts on a feed with --on-conflict reject: the record counts from now on, as one of the
import and line that brought it, and the version that counted is in its history (simtally event
list). If either is delivered again, it is a duplicate. Undoing the import of the accepted record
lets the other version count again; undoing the other's import changes nothing that counts. To keep
the version that counts instead, discard the conflict. The operator's deliveries outrank an
account's: such a conflict stays in quarantine.`

export function addAcceptCommand(quarantine: Command, commandLine: CommandLine): void {
  const command = quarantine
    .command('accept')
    .description('let conflicts count in place of what they contradict')
    .argument('[entry...]', 'single ones, as IMPORT:LINE or id')
  withOptions(
    command,
    ...quarantineFilterFlags().filter(({ long }) => long !== '--cause'),
    byOption().makeOptionMandatory(),
    reasonOption().makeOptionMandatory(),
    jsonOption(),
  )
    .addHelpText('after', EXAMPLES)
    .action((names: readonly string[]) => accept(commandLine, names, command.optsWithGlobals()))
}

async function accept(
  commandLine: CommandLine,
  names: readonly string[],
  options: AcceptOptions,
): Promise<void> {
  const { import: importId, feed, by, reason } = options
  const isNamed = names.length > 0
  const isFiltered = importId !== undefined || feed !== undefined
  if (isNamed === isFiltered) {
    throw isNamed
      ? new WrongUsage('entries are named, so --import and --feed are of no use')
      : new WrongUsage('which conflicts?', 'name entries, or give --import or --feed')
  }
  const summary = await commandLine.withStore(options, async (store) => {
    const filter = isNamed
      ? { entryIds: (await entriesNamed(store, names)).map(({ id }) => id) }
      : { ...(await quarantineFilter(store, options)), reason: 'conflict' as const }
    return recycleRecords({
      store,
      filter,
      acceptance: { by, reason },
      clock: commandLine.context.clock,
    })
  })
  if (options.json === true) await commandLine.printJson(toRecycleJson(summary))
  else await printSummary(commandLine, summary)
  commandLine.exitCode = exitCodeOf(summary.counts)
}
