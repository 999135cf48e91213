/** `simtally quarantine`: shows the records that could not be counted, with the reasons. */
import type { Command } from 'commander'
import type { QuarantineEntry } from '../../domain/import.ts'
import { formatInstant } from '../../domain/time.ts'
import { shown } from '../../domain/usage-error.ts'
import type { CommandLine, DatabaseOption, JsonOption } from '../command-line.ts'
import { escapedText } from '../escaped-text.ts'
import { oldestFirst, printListing } from '../listing.ts'
import { operatorDetail } from '../operator-detail.ts'
import { jsonOption, type LimitOption, limitOption, withOptions } from '../options.ts'
import {
  entriesNamed,
  type QuarantineFilter,
  quarantineFilter,
  quarantineFilterFlags,
} from '../quarantine-filter.ts'
import { textTable } from '../text-table.ts'
import { addAcceptCommand } from './quarantine-accept.ts'
import { addDiscardCommand } from './quarantine-discard.ts'
import { addRecycleCommand } from './quarantine-recycle.ts'

interface ListOptions extends DatabaseOption, JsonOption, LimitOption, QuarantineFilter {}

const LIST_EXAMPLES = `
Examples:
  simtally quarantine list --import 7
  simtally quarantine list --feed roamco --cause unknown_sim --json

The raw text is the record as delivered, at most its first 4096 bytes; bytes that are not UTF-8,
control characters and the backslash itself are written as \\xNN.`

const SHOW_EXAMPLES = `
Examples:
  simtally quarantine show 7:42        the record of import 7, line 42
  simtally quarantine show 1234 --json by its id, as the JSON of quarantine list has it`

export function addQuarantineCommand(program: Command, commandLine: CommandLine): void {
  const quarantine = program
    .command('quarantine')
    .description(
      'show the records that could not be counted, count them later or instead, or discard them',
    )
  const list = quarantine.command('list').description('show them in the order of their arrival')
  withOptions(list, ...quarantineFilterFlags(), limitOption(), jsonOption('record'))
    .addHelpText('after', LIST_EXAMPLES)
    .action((_: unknown, command: Command) => listEntries(commandLine, command.optsWithGlobals()))
  quarantine
    .command('show')
    .description('show everything known about one record')
    .argument('<entry>', 'IMPORT:LINE, or the id of its entry')
    .option('--json', 'print JSON')
    .addHelpText('after', SHOW_EXAMPLES)
    .action((name: string, _: unknown, command: Command) =>
      showEntries(commandLine, name, command.optsWithGlobals()),
    )
  addRecycleCommand(quarantine, commandLine)
  addAcceptCommand(quarantine, commandLine)
  addDiscardCommand(quarantine, commandLine)
}

async function listEntries(commandLine: CommandLine, options: ListOptions): Promise<void> {
  const titles = {
    import: 'IMPORT',
    line: 'LINE',
    reason: 'REASON',
    detail: 'DETAIL',
    raw: 'RAW TEXT',
  }
  await commandLine.withStore(options, async (store) => {
    const filter = await quarantineFilter(store, options)
    const entries = oldestFirst((page) => store.listQuarantine(filter, page))
    await printListing(commandLine, options, titles, rowsOf(entries))
  })
}

async function showEntries(
  commandLine: CommandLine,
  name: string,
  options: DatabaseOption & JsonOption,
): Promise<void> {
  await commandLine.withStore(options, async (store) => {
    for (const entry of await entriesNamed(store, [name])) {
      const row = { ...entryRow(entry), record: entry.record }
      if (options.json === true) await commandLine.printJson(row)
      else {
        const facts = Object.entries({ ...row, record: wordsOf(entry) })
        const texts = facts.map(([fact, value]) => [fact, value === null ? '' : String(value)])
        await commandLine.print(textTable(texts))
      }
    }
  })
}

/** What could be read of the record. */
function wordsOf({ record }: QuarantineEntry): string {
  if (record === null) return 'could not be read'
  const { sim, occurredAt, reading, recordId, ...rest } = record
  const stated = Object.entries(rest).filter(([, value]) => value !== null && value !== 0)
  const words = stated.map(([field, value]) => `${field} ${value}`)
  const kind = reading === null ? [] : ['counters only grow']
  const name = `record ${shown(recordId)} of sim ${shown(sim)}`
  return [`${name} at ${formatInstant(occurredAt)}`, ...words, ...kind].join(', ')
}

async function* rowsOf(entries: AsyncIterable<QuarantineEntry>) {
  for await (const entry of entries) yield entryRow(entry)
}

function entryRow(entry: QuarantineEntry) {
  return {
    id: entry.id,
    import: entry.importId,
    feed: entry.feedName,
    line: entry.line,
    reason: entry.reason,
    field: entry.field,
    detail: operatorDetail(entry),
    raw: escapedText(entry.raw),
    date_seen: formatInstant(entry.seenAt),
  }
}
