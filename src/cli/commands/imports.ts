/** `simtally imports`: shows what was delivered and what became of it. */
import { type Command, Option } from 'commander'
import {
  IMPORT_STATUSES,
  type Import,
  type ImportStatus,
  recordCount,
} from '../../domain/import.ts'
import { formatInstant } from '../../domain/time.ts'
import type { UsageStore } from '../../storage/usage-store.ts'
import { type CommandLine, type DatabaseOption, feedOf, type JsonOption } from '../command-line.ts'
import { printListing } from '../listing.ts'
import { wholeNumberFlag } from '../option-values.ts'

interface ListOptions extends DatabaseOption, JsonOption {
  readonly limit: number
  readonly feed?: string
  readonly status?: ImportStatus
}

const LIMIT_DEFAULT = 20
const LIMIT_MAX = 1_000_000
const PAGE_IMPORTS = 1000

const EXAMPLES = `
Examples:
  simtally imports
  simtally imports --limit 1000 --json
  simtally imports --status failed --feed roamco

An import that was killed stays "running": importing its file again completes the count. One that
was taken back is "undone", and keeps the counts it had. One that could not be read to its end is
"failed": what was counted before stays counted, and delivering the whole again completes it. Files of a
drop folder of which nothing could be read are among them.`

export function addImportsCommand(program: Command, commandLine: CommandLine): void {
  program
    .command('imports')
    .description('show the imports, newest first')
    .option('--limit <count>', 'how many', wholeNumberFlag('--limit', 1, LIMIT_MAX), LIMIT_DEFAULT)
    .option('--feed <name>', 'of this feed only')
    .addOption(new Option('--status <status>', 'those of them').choices(IMPORT_STATUSES))
    .option('--json', 'print JSON, one import a line')
    .addHelpText('after', EXAMPLES)
    .action((_: unknown, command: Command) => list(commandLine, command.optsWithGlobals()))
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
    const { limit, feed, status } = options
    const filter = {
      ...(feed === undefined ? {} : { feedId: (await feedOf(store, feed)).id }),
      ...(status === undefined ? {} : { status }),
    }
    await printListing(commandLine, options, titles, newestImports(store, filter, limit))
  })
}

type ImportFilter = Parameters<UsageStore['listImports']>[0]

async function* newestImports(store: UsageStore, filter: ImportFilter, limit: number) {
  let left = limit
  let beforeId: number | undefined
  while (left > 0) {
    const page = await store.listImports(filter, {
      limit: Math.min(left, PAGE_IMPORTS),
      ...(beforeId === undefined ? {} : { beforeId }),
    })
    if (page.length === 0) return
    yield* page.map(importRow)
    left -= page.length
    beforeId = page.at(-1)?.id
  }
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
    date_finished: done.finishedAt === null ? null : formatInstant(done.finishedAt),
    date_undone: done.undoneAt === null ? null : formatInstant(done.undoneAt),
  }
}
