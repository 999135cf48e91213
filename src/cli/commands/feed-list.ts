/**
 * `simtally feed list` and `feed show`: show feeds, whether they deliver, and up to when they are complete.
 */
import type { Command } from 'commander'
import { NEWS_STATES, type NewsState } from '../../domain/completeness.ts'
import { type Feed, grantees } from '../../domain/directory.ts'
import type { Sid } from '../../domain/identifiers.ts'
import { formatInstant } from '../../domain/time.ts'
import type { feedStatusToApi as FeedStatusToApi } from '../../http/schemas/feed-status.ts'
import type { UsageStore } from '../../storage/usage-store.ts'
import { type CommandLine, type DatabaseOption, feedOf, type JsonOption } from '../command-line.ts'
import { printFacts, printListing } from '../listing.ts'
import {
  jsonOption,
  type LimitOption,
  limitOption,
  matches,
  type SearchOption,
  searchOption,
  statusOption,
  withOptions,
} from '../options.ts'
import { formatAge } from '../quantity-text.ts'
import { feedSettings } from './feed-set.ts'

interface ListOptions extends DatabaseOption, JsonOption, LimitOption, SearchOption {
  readonly status?: NewsState
}

const LIST_EXAMPLES = `
Examples:
  simtally feed list --json
  simtally feed list --status overdue

A feed is late after 24 hours without a delivery and overdue after 48, unless feed set says otherwise.
"Complete from" is the start of its first delivery, or what feed set says. "Complete through" is the
time up to which usage will no longer change: the file's own cut-off, else the settle time before
the last delivery, held back by open gaps. To end a feed, retire it: simtally feed retire.`

const SHOW_EXAMPLES = `
Examples:
  simtally feed show roamco
  simtally feed show roamco --json`

export function addFeedListCommands(feed: Command, commandLine: CommandLine): void {
  withOptions(
    feed
      .command('list')
      .description('show the feeds, whether they deliver, and how far they are complete'),
    searchOption(),
    statusOption(NEWS_STATES),
    limitOption(),
    jsonOption('feed'),
  )
    .addHelpText('after', LIST_EXAMPLES)
    .action((_: unknown, command: Command) => list(commandLine, command.optsWithGlobals()))
  withOptions(
    feed
      .command('show')
      .description('show everything known about one feed')
      .argument('<name>', 'the feed'),
    jsonOption(),
  )
    .addHelpText('after', SHOW_EXAMPLES)
    .action((name: string, _: unknown, command: Command) =>
      show(commandLine, name, command.optsWithGlobals()),
    )
}

async function list(commandLine: CommandLine, options: ListOptions): Promise<void> {
  const now = commandLine.context.clock()
  const rows = await commandLine.withStore(options, async (store) =>
    feedRows(store, await store.listFeeds(), now),
  )
  const titles = {
    name: 'NAME',
    format: 'FORMAT',
    on_conflict: 'ON CONFLICT',
    default_zone: 'DEFAULT ZONE',
    account_sid: 'ACCOUNT',
    sim_names: 'SIM NAMES',
    granted_to: 'GRANTED TO',
    state: 'STATE',
    silent: 'SILENT',
    open_gaps: 'OPEN GAPS',
    ...(rows.some(({ falls }) => falls > 0) && { falls: 'FALLS' }),
    complete_from: 'COMPLETE FROM',
    complete_through: 'COMPLETE THROUGH',
  }
  const found = rows.filter(
    ({ name, state }) =>
      matches(options, name) && (options.status === undefined || options.status === state),
  )
  await printListing(commandLine, options, titles, found, ({ silent: _, falls: __, ...row }) => row)
}

async function show(
  commandLine: CommandLine,
  name: string,
  options: DatabaseOption & JsonOption,
): Promise<void> {
  const now = commandLine.context.clock()
  const facts = await commandLine.withStore(options, async (store) => {
    const feed = await feedOf(store, name)
    const [row] = await feedRows(store, [feed], now)
    return { ...feedSettings(feed), ...row! }
  })
  const { silent: _, falls: __, ...json } = facts
  await printFacts(commandLine, options, options.json === true ? json : facts)
}

async function feedRows(store: UsageStore, feeds: readonly Feed[], now: number) {
  const progress = await store.listFeedProgress()
  const grants = await store.listFeedGrants()
  const { feedStatusToApi } = await import('../../http/schemas/feed-status.ts')
  return feeds.flatMap((feed) => {
    const found = progress.find(({ feedId }) => feedId === feed.id)
    if (found === undefined) return []
    return [feedRow(feed, feedStatusToApi(feed, found, now), grantees(feed, grants))]
  })
}

function feedRow(
  feed: Feed,
  status: ReturnType<typeof FeedStatusToApi>,
  grantedTo: readonly Sid[],
) {
  const { name, format, settings, on_conflict, default_zone, account_sid, sim_names } =
    feedSettings(feed)
  return {
    name,
    format,
    settings,
    on_conflict,
    default_zone,
    account_sid,
    sim_names,
    granted_to: grantedTo,
    ...status,
    silent: formatAge(status.silent_seconds),
    falls: status.readings.falls,
    date_created: formatInstant(feed.createdAt),
  }
}
