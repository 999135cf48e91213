/** `simtally import list` and `import show`: show what was delivered and what became of it. */
import type { Command } from 'commander'
import {
  IMPORT_STATUSES,
  type Import,
  type ImportStatus,
  recordCount,
} from '../../domain/import.ts'
import { formatInstant, instantOrNull } from '../../domain/time.ts'
import { type CommandLine, type DatabaseOption, feedOf, type JsonOption } from '../command-line.ts'
import { importNamed, importNameOf } from '../import-names.ts'
import { newestFirst, printFacts, printListing } from '../listing.ts'
import {
  feedFilter,
  jsonOption,
  type LimitOption,
  limitOption,
  statusOption,
  withOptions,
} from '../options.ts'

interface ListOptions extends DatabaseOption, JsonOption, LimitOption {
  readonly feed?: string
  readonly status?: ImportStatus
}

const LIMIT_DEFAULT = 20

const LIST_EXAMPLES = `
Examples:
  simtally import list
  simtally import list --limit 1000 --json
  simtally import list --status failed --feed roamco

Newest first. A killed import stays "running": importing its file again completes the count. An
undone import is "undone", and keeps the counts it had. An import that could not be read to its end
is "failed": what was counted before stays counted, and delivering everything again completes it.
Files of a drop folder that could not be read at all are listed too.`

const SHOW_EXAMPLES = `
Examples:
  simtally import show 17
  simtally import show 17 --json`

export function addImportListCommands(imports: Command, commandLine: CommandLine): void {
  withOptions(
    imports.command('list').description('show the imports, newest first'),
    limitOption(LIMIT_DEFAULT),
    feedFilter(),
    statusOption(IMPORT_STATUSES),
    jsonOption('import'),
  )
    .addHelpText('after', LIST_EXAMPLES)
    .action((_: unknown, command: Command) => list(commandLine, command.optsWithGlobals()))
  withOptions(
    imports
      .command('show')
      .description('show everything known about one import')
      .argument('<import>', 'its number, as import list shows it, or its SID', importNameOf),
    jsonOption(),
  )
    .addHelpText('after', SHOW_EXAMPLES)
    .action((name: number | string, _: unknown, command: Command) =>
      show(commandLine, name, command.optsWithGlobals()),
    )
}

async function list(commandLine: CommandLine, options: ListOptions): Promise<void> {
  const titles = {
    import: 'IMPORT',
    feed: 'FEED',
    source: 'SOURCE',
    status: 'STATUS',
    records: 'RECORDS',
    accepted: 'ACCEPTED',
    duplicate: 'DUPLICATE',
    replaced: 'REPLACED',
    quarantined: 'QUARANTINED',
    expired: 'EXPIRED',
    date_started: 'STARTED',
    error: 'ERROR',
  }
  await commandLine.withStore(options, async (store) => {
    const { feed, status } = options
    const filter = {
      ...(feed === undefined ? {} : { feedId: (await feedOf(store, feed)).id }),
      ...(status === undefined ? {} : { status }),
    }
    const imports = newestFirst((page) => store.listImports(filter, page))
    await printListing(commandLine, options, titles, rowsOf(imports))
  })
}

async function* rowsOf(imports: AsyncIterable<Import>) {
  for await (const done of imports) yield importRow(done)
}

async function show(
  commandLine: CommandLine,
  name: number | string,
  options: DatabaseOption & JsonOption,
): Promise<void> {
  const found = await commandLine.withStore(options, (store) => importNamed(store, name))
  await printFacts(commandLine, options, importRow(found))
}

function importRow(done: Import) {
  return {
    import: done.id,
    feed: done.feedName,
    source: done.source,
    status: done.status,
    records: recordCount(done.counts),
    ...done.counts,
    error: done.error,
    checksum: done.checksum,
    date_started: formatInstant(done.startedAt),
    date_finished: instantOrNull(done.finishedAt),
    date_undone: instantOrNull(done.undoneAt),
  }
}
