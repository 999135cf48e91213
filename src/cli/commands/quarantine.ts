/** `simtally quarantine`: shows the records that could not be counted, and why. */
import type { Command } from 'commander'
import type { QuarantineEntry } from '../../domain/import.ts'
import { formatInstant } from '../../domain/time.ts'
import { UsageError } from '../../domain/usage-error.ts'
import type { UsageStore } from '../../storage/usage-store.ts'
import { type CommandLine, type DatabaseOption, feedOf, type JsonOption } from '../command-line.ts'
import { escapedText } from '../escaped-text.ts'
import { printListing } from '../listing.ts'
import { wholeNumberFlag } from '../option-values.ts'

interface ListOptions extends DatabaseOption, JsonOption {
  readonly import?: number
  readonly feed?: string
}

const PAGE_ENTRIES = 1000

const EXAMPLES = `
Examples:
  simtally quarantine list --import 7
  simtally quarantine list --feed roamco --json

The raw text is the record as delivered, at most its first 4096 bytes; bytes that are not UTF-8,
control characters and the backslash itself are written as \\xNN.`

export function addQuarantineCommand(program: Command, commandLine: CommandLine): void {
  program
    .command('quarantine')
    .description('show the records that could not be counted')
    .command('list')
    .description('show them in the order of their arrival')
    .option(
      '--import <number>',
      'of this import only',
      wholeNumberFlag('--import', 1, Number.MAX_SAFE_INTEGER),
    )
    .option('--feed <name>', 'of this feed only')
    .option('--json', 'print JSON, one record a line')
    .addHelpText('after', EXAMPLES)
    .action((_: unknown, command: Command) => list(commandLine, command.optsWithGlobals()))
}

async function list(commandLine: CommandLine, options: ListOptions): Promise<void> {
  const titles = {
    import: 'IMPORT',
    line: 'LINE',
    reason: 'REASON',
    detail: 'DETAIL',
    raw: 'RAW TEXT',
  }
  await commandLine.withStore(options, async (store) => {
    const filter = await filterOf(store, options)
    await printListing(commandLine, options, titles, entries(store, filter))
  })
}

async function filterOf(store: UsageStore, options: ListOptions) {
  const { import: importId, feed } = options
  if (importId !== undefined && (await store.findImport(importId)) === null) {
    throw new UsageError('not_found', `there is no import ${importId}`, {
      hint: 'simtally imports shows those there are',
    })
  }
  return {
    ...(importId === undefined ? {} : { importId }),
    ...(feed === undefined ? {} : { feedId: (await feedOf(store, feed)).id }),
  }
}

async function* entries(store: UsageStore, filter: { importId?: number; feedId?: number }) {
  let afterId: number | undefined
  for (;;) {
    const page = await store.listQuarantine(filter, {
      limit: PAGE_ENTRIES,
      ...(afterId === undefined ? {} : { afterId }),
    })
    if (page.length === 0) return
    yield* page.map(entryRow)
    afterId = page.at(-1)?.id
  }
}

function entryRow(entry: QuarantineEntry) {
  return {
    import: entry.importId,
    feed: entry.feedName,
    line: entry.line,
    reason: entry.reason,
    field: entry.field,
    detail: entry.detail,
    raw: escapedText(entry.raw),
    date_seen: formatInstant(entry.seenAt),
  }
}
