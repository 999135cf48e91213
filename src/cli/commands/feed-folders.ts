/** `simtally feed folders`: the drop folders, and what waits or has failed in them. */
import type { Command } from 'commander'
import type { Feed } from '../../domain/directory.ts'
import { type DropFolderState, waitingSeconds } from '../../domain/drop-folder.ts'
import { formatInstant } from '../../domain/time.ts'
import type { CommandLine, DatabaseOption, JsonOption } from '../command-line.ts'
import { printListing } from '../listing.ts'
import { formatAge } from '../quantity-text.ts'

const EXAMPLES = `
Examples:
  simtally feed folders
  simtally feed folders --json
  simtally imports --status failed      why files failed

Folders are known here once simtally import --watch has looked at them with this store; one that nobody
has looked at for 30 days is forgotten. What is left alone is no plain file: the watcher says which.`

export function addFeedFoldersCommand(feed: Command, commandLine: CommandLine): void {
  feed
    .command('folders')
    .description('show the drop folders, and what waits or has failed in them')
    .option('--json', 'print JSON, one folder a line')
    .addHelpText('after', EXAMPLES)
    .action((_: unknown, command: Command) => list(commandLine, command.optsWithGlobals()))
}

async function list(commandLine: CommandLine, options: DatabaseOption & JsonOption) {
  const now = commandLine.context.clock()
  const rows = await commandLine.withStore(options, async (store) => {
    const feeds = await store.listFeeds()
    return (await store.listDropFolders()).map((folder) => folderRow(folder, feeds, now))
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
  const forJson = rows.map(({ oldest: _, ...row }) => row)
  await printListing(commandLine, options, titles, options.json === true ? forJson : rows)
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
