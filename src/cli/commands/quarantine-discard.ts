/** `simtally quarantine discard`: deletes quarantined records that shall never be counted. */
import type { Command } from 'commander'
import type { QuarantineEntry } from '../../domain/import.ts'
import { formatInstant } from '../../domain/time.ts'
import { shown } from '../../domain/usage-error.ts'
import type { UsageStore } from '../../storage/usage-store.ts'
import type { CommandLine, DatabaseOption, JsonOption } from '../command-line.ts'
import { escapedText } from '../escaped-text.ts'
import { WrongUsage } from '../failure.ts'
import { formatCount } from '../quantity-text.ts'
import {
  entriesNamed,
  type QuarantineFilter,
  quarantineFilter,
  quarantineFilterFlags,
} from '../quarantine-filter.ts'

interface DiscardOptions extends DatabaseOption, JsonOption, QuarantineFilter {
  readonly by: string
  readonly because: string
}

const PAGE_ENTRIES = 1000

const EXAMPLES = `
Examples:
  simtally quarantine discard --import 7 --by Ada --because 'test SIMs of the carrier'
  simtally quarantine discard 7:42 --by Ada --because 'sent by mistake, carrier ticket 12' --json

They are gone for good, and printed as they go: keep what is printed where who did what is kept.
The import still counts them as quarantined, since they never were counted as anything else. When
the same file is imported again, they are quarantined again.`

export function addDiscardCommand(quarantine: Command, commandLine: CommandLine): void {
  const command = quarantine
    .command('discard')
    .description('delete those that shall never be counted')
    .argument('[entry...]', 'single ones, as IMPORT:LINE or id')
  for (const option of quarantineFilterFlags()) command.addOption(option)
  command
    .requiredOption('--by <name>', 'who discards them')
    .requiredOption('--because <text>', 'why')
    .option('--json', 'print JSON, one record a line')
    .addHelpText('after', EXAMPLES)
    .action((names: readonly string[]) => discard(commandLine, names, command.optsWithGlobals()))
}

async function discard(
  commandLine: CommandLine,
  names: readonly string[],
  options: DiscardOptions,
): Promise<void> {
  const { import: importId, feed, reason, by, because } = options
  const isNamed = names.length > 0
  if (!isNamed && importId === undefined && feed === undefined && reason === undefined) {
    throw new WrongUsage(
      'which records? everything would be discarded',
      'name entries, or give --import, --feed or --reason',
    )
  }
  if (isNamed && (importId !== undefined || feed !== undefined || reason !== undefined)) {
    throw new WrongUsage('entries are named, so --import, --feed and --reason are of no use')
  }
  for (const [flag, text] of Object.entries({ '--by': by, '--because': because })) {
    if (text.trim() === '') throw new WrongUsage(`${flag} ${shown(text)}: a text is required`)
  }
  let total = 0
  await commandLine.withStore(options, async (store) => {
    const pages = isNamed ? [await entriesNamed(store, names)] : pagesOf(store, options)
    for await (const page of pages) {
      total += await store.discardQuarantine(page.map(({ id }) => id))
      for (const entry of page) await print(commandLine, entry, options)
    }
  })
  if (options.json !== true) {
    await commandLine.print(
      `${formatCount(total)} quarantined records are discarded by ${by}: ${because}`,
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
  { id, importId, line, reason, detail, raw }: QuarantineEntry,
  { json, by, because }: DiscardOptions,
): Promise<void> {
  if (json === true) {
    const date = formatInstant(commandLine.context.clock())
    const record = { id, import: importId, line, reason, detail, raw: escapedText(raw) }
    await commandLine.printJson({ ...record, by, because, date_discarded: date })
    return
  }
  await commandLine.print(`import ${importId}, line ${line}: ${reason}: ${escapedText(raw)}`)
}
