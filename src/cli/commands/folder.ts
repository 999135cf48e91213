/** `simtally folder list`: shows the drop folders, and which of their files wait or have failed. */
import type { Command } from 'commander'
import type { Feed } from '../../domain/directory.ts'
import { type DropFolderState, waitingSeconds } from '../../domain/drop-folder.ts'
import { formatInstant } from '../../domain/time.ts'
import { type CommandLine, type DatabaseOption, feedOf, type JsonOption } from '../command-line.ts'
import { printListing } from '../listing.ts'
import {
  feedFilter,
  jsonOption,
  type LimitOption,
  limitOption,
  matches,
  type SearchOption,
  searchOption,
  withOptions,
} from '../options.ts'
import { formatAge } from '../quantity-text.ts'

interface ListOptions extends DatabaseOption, JsonOption, LimitOption, SearchOption {
  readonly feed?: string
}

const EXAMPLES = `
Examples:
  simtally folder list
  simtally folder list --feed roamco --json
  simtally import list --status failed      why files failed

Folders appear here once simtally import --watch has looked at them with this store. A folder that
nobody has looked at for 30 days is forgotten. The watcher leaves alone anything but plain files,
and says which.`

export function addFolderCommand(program: Command, commandLine: CommandLine): void {
  const folder = program.command('folder').description('show the drop folders')
  withOptions(
    folder.command('list').description('show the drop folders, with waiting and failed files'),
    feedFilter(),
    searchOption(),
    limitOption(),
    jsonOption('folder'),
  )
    .addHelpText('after', EXAMPLES)
    .action((_: unknown, command: Command) => list(commandLine, command.optsWithGlobals()))
}

async function list(commandLine: CommandLine, options: ListOptions) {
  const now = commandLine.context.clock()
  const rows = await commandLine.withStore(options, async (store) => {
    const feeds = await store.listFeeds()
    const feed = options.feed === undefined ? null : await feedOf(store, options.feed)
    return (await store.listDropFolders())
      .filter(({ feedId, path }) => matches(options, path) && (feed === null || feed.id === feedId))
      .map((folder) => folderRow(folder, feeds, now))
  })
  const titles = {
    feed: 'FEED',
    folder: 'FOLDER',
    waiting: 'WAITING',
    oldest: 'OLDEST',
    failed: 'FAILED',
    left_alone: 'LEFT ALONE',
    date_seen: 'SEEN',
  }
  await printListing(commandLine, options, titles, rows, ({ oldest: _, ...row }) => row)
}

function folderRow(folder: DropFolderState, feeds: readonly Feed[], now: number) {
  const seconds = waitingSeconds(folder, now)
  return {
    feed: feeds.find(({ id }) => id === folder.feedId)?.name ?? null,
    folder: folder.path,
    waiting: folder.waiting,
    oldest_waiting_seconds: seconds,
    oldest: folder.waiting === 0 ? null : formatAge(seconds),
    failed: folder.failed,
    left_alone: folder.leftAlone,
    date_seen: formatInstant(folder.seenAt),
  }
}
