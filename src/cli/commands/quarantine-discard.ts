/** `simtally quarantine discard`: deletes quarantined records that must never count. */
import type { Command } from 'commander'
import type { QuarantineEntry } from '../../domain/import.ts'
import { formatInstant } from '../../domain/time.ts'
import { discardRecords } from '../../ingest/discard-records.ts'
import type { UsageStore } from '../../storage/usage-store.ts'
import type { CommandLine, DatabaseOption, JsonOption } from '../command-line.ts'
import { escapedText } from '../escaped-text.ts'
import { WrongUsage } from '../failure.ts'
import { operatorDetail } from '../operator-detail.ts'
import { byOption, jsonOption, reasonOption, withOptions } from '../options.ts'
import { countOf } from '../quantity-text.ts'
import {
  entriesNamed,
  type QuarantineFilter,
  quarantineFilter,
  quarantineFilterFlags,
} from '../quarantine-filter.ts'

interface DiscardOptions extends DatabaseOption, JsonOption, QuarantineFilter {
  readonly by: string
  readonly reason: string
}

const EXAMPLES = `
Examples:
  simtally quarantine discard --import 7 --by Ada --reason 'test SIMs of the carrier'
  simtally quarantine discard 7:42 --by Ada --reason 'sent by mistake, carrier ticket 12' --json

Deletes the records for good, and prints them. The log (simtally log list) keeps who did it, why,
how many, and the numbers of the first hundred, but not their texts. The import still counts them as
quarantined, because they were never counted as anything else. If the same file is imported again,
they are quarantined again.`

export function addDiscardCommand(quarantine: Command, commandLine: CommandLine): void {
  const command = quarantine
    .command('discard')
    .description('delete those that must never count')
    .argument('[entry...]', 'single ones, as IMPORT:LINE or id')
  withOptions(
    command,
    ...quarantineFilterFlags(),
    byOption().makeOptionMandatory(),
    reasonOption().makeOptionMandatory(),
    jsonOption('record'),
  )
    .addHelpText('after', EXAMPLES)
    .action((names: readonly string[]) => discard(commandLine, names, command.optsWithGlobals()))
}

async function discard(
  commandLine: CommandLine,
  names: readonly string[],
  options: DiscardOptions,
): Promise<void> {
  const { import: importId, feed, cause, by, reason } = options
  const isNamed = names.length > 0
  const isFiltered = importId !== undefined || feed !== undefined || cause !== undefined
  if (isNamed === isFiltered) {
    throw isNamed
      ? new WrongUsage('entries are named, so --import, --feed and --cause are of no use')
      : new WrongUsage(
          'which records? everything would be discarded',
          'name entries, or give --import, --feed or --cause',
        )
  }
  let total = 0
  await commandLine.withStore(options, async (store) => {
    const decision = { by, reason }
    const pages = isNamed
      ? [await discardNamed(store, names, decision)]
      : discardRecords({ store, filter: await quarantineFilter(store, options), decision })
    for await (const { entries, discarded } of pages) {
      total += discarded
      for (const entry of entries) await print(commandLine, entry, options)
    }
  })
  if (options.json !== true) {
    await commandLine.print(
      `${countOf(total, 'quarantined record is', 'quarantined records are')} discarded by ${by}: ${reason}`,
    )
  }
}

async function discardNamed(
  store: UsageStore,
  names: readonly string[],
  decision: { readonly by: string; readonly reason: string },
) {
  const entries = await entriesNamed(store, names)
  const ids = entries.map(({ id }) => id)
  return { entries, discarded: await store.discardQuarantine(ids, decision) }
}

async function print(
  commandLine: CommandLine,
  entry: QuarantineEntry,
  { json, by, reason }: DiscardOptions,
): Promise<void> {
  const { id, importId, line, reason: cause, raw } = entry
  if (json === true) {
    const detail = operatorDetail(entry)
    const date = formatInstant(commandLine.context.clock())
    const record = { id, import: importId, line, reason: cause, detail, raw: escapedText(raw) }
    await commandLine.printJson({ ...record, by, because: reason, date_discarded: date })
    return
  }
  await commandLine.print(`import ${importId}, line ${line}: ${cause}: ${escapedText(raw)}`)
}
