/** `simtally quarantine discard`: deletes quarantined records that shall never be counted. */
import type { Command } from 'commander'
import type { QuarantineEntry } from '../../domain/import.ts'
import { formatInstant } from '../../domain/time.ts'
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

const PAGE_ENTRIES = 1000

const EXAMPLES = `
Examples:
  simtally quarantine discard --import 7 --by Ada --reason 'test SIMs of the carrier'
  simtally quarantine discard 7:42 --by Ada --reason 'sent by mistake, carrier ticket 12' --json

They are gone for good, and printed as they go. The log (simtally log list) keeps who did it, why,
how many, and the numbers of the first hundred, but not their texts.
The import still counts them as quarantined, since they never were counted as anything else. When
the same file is imported again, they are quarantined again.`

export function addDiscardCommand(quarantine: Command, commandLine: CommandLine): void {
  const command = quarantine
    .command('discard')
    .description('delete those that shall never be counted')
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
    const pages = isNamed ? [await entriesNamed(store, names)] : pagesOf(store, options)
    for await (const page of pages) {
      total += await store.discardQuarantine(
        page.map(({ id }) => id),
        { by, reason },
      )
      for (const entry of page) await print(commandLine, entry, options)
    }
  })
  if (options.json !== true) {
    await commandLine.print(
      `${countOf(total, 'quarantined record is', 'quarantined records are')} discarded by ${by}: ${reason}`,
    )
  }
}

async function* pagesOf(
  store: UsageStore,
  options: DiscardOptions,
): AsyncGenerator<QuarantineEntry[]> {
  const filter = await quarantineFilter(store, options)
  for (let afterId = 0; ; ) {
    const page = await store.listQuarantine(filter, { limit: PAGE_ENTRIES, afterId })
    if (page.length === 0) return
    yield page
    afterId = page.at(-1)!.id
  }
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
