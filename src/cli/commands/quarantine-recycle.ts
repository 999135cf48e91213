/** `simtally quarantine recycle`: counts quarantined records that can be counted now. */
import type { Command } from 'commander'
import { recordCount } from '../../domain/import.ts'
import { type RecycleSummary, recycleRecords } from '../../ingest/recycle-records.ts'
import type { CommandLine, DatabaseOption, JsonOption } from '../command-line.ts'
import { exitCodeOf, verdictTable } from '../import-report.ts'
import { operatorDetail } from '../operator-detail.ts'
import { jsonOption, withOptions } from '../options.ts'
import { countOf } from '../quantity-text.ts'
import {
  entriesNamed,
  type QuarantineFilter,
  quarantineFilter,
  quarantineFilterFlags,
} from '../quarantine-filter.ts'

interface RecycleOptions extends DatabaseOption, JsonOption, QuarantineFilter {}

const EXAMPLES = `
Examples:
  simtally quarantine recycle --feed roamco --cause unknown_sim
  simtally quarantine recycle --import 7
  simtally quarantine recycle 7:42 7:43

Use it after registering the missing SIM or correcting the mapping: the records are counted as if
they had been right the first time, as records of the import and line that brought them. Its counts
change with them. A record that was counted meanwhile is a duplicate, and one that still cannot be
counted stays. A record that could not be read, or whose feed has other settings now, is read again
from its text. Records of binary and XML files, and those of which only the beginning was kept,
cannot be read by themselves: import their files again.`

export function addRecycleCommand(quarantine: Command, commandLine: CommandLine): void {
  const command = quarantine
    .command('recycle')
    .description('count those that can be counted now')
    .argument('[entry...]', 'single ones, as IMPORT:LINE or id')
  withOptions(command, ...quarantineFilterFlags(), jsonOption())
    .addHelpText('after', EXAMPLES)
    .action((names: readonly string[]) => recycle(commandLine, names, command.optsWithGlobals()))
}

async function recycle(
  commandLine: CommandLine,
  names: readonly string[],
  options: RecycleOptions,
): Promise<void> {
  const summary = await commandLine.withStore(options, async (store) => {
    const filter = await quarantineFilter(store, options)
    const entryIds = (await entriesNamed(store, names)).map(({ id }) => id)
    return recycleRecords({
      store,
      filter: names.length === 0 ? filter : { ...filter, entryIds },
      clock: commandLine.context.clock,
    })
  })
  if (options.json === true) await commandLine.printJson(toRecycleJson(summary))
  else await printSummary(commandLine, summary)
  commandLine.exitCode = exitCodeOf(summary.counts)
}

export function toRecycleJson({ counts, unreadable, firstWaiting }: RecycleSummary) {
  return {
    records: recordCount(counts),
    ...counts,
    unreadable,
    errors: firstWaiting.map(({ entry, reason, detail, unreadable: why }) => ({
      id: entry.id,
      import: entry.importId,
      line: entry.line,
      reason,
      detail: operatorDetail({ detail, record: entry.record }),
      unreadable: why,
    })),
  }
}

export async function printSummary(
  commandLine: CommandLine,
  summary: RecycleSummary,
): Promise<void> {
  const { counts, unreadable, firstWaiting } = summary
  await commandLine.print(`${countOf(recordCount(counts), 'quarantined record')} looked at`)
  await commandLine.print(verdictTable({ import: { counts } }))
  for (const { entry, reason, detail, unreadable: why } of firstWaiting) {
    const cannot = why === null ? '' : ` (not read again: ${why})`
    const { importId, line } = entry
    const words = operatorDetail({ detail, record: entry.record })
    await commandLine.print(`  import ${importId}, line ${line}: ${reason}: ${words}${cannot}`)
  }
  if (unreadable > 0) {
    await commandLine.print(
      `  ${countOf(unreadable, 'record')} cannot be read again here: import the files again`,
    )
  }
}
