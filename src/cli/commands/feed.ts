/** `simtally feed`: makes feeds, the streams in which carriers deliver, and shows them. */
import type { Command } from 'commander'
import type { FeedProgress } from '../../domain/completeness.ts'
import { type Feed, grantees, parseFeedName } from '../../domain/directory.ts'
import type { Sid } from '../../domain/identifiers.ts'
import { formatInstant } from '../../domain/time.ts'
import { feedStatusToApi } from '../../http/schemas/feed-status.ts'
import { readyMapping } from '../../ingest/mappings/mappings.ts'
import type { CommandLine, DatabaseOption, JsonOption } from '../command-line.ts'
import { type NameOptions, nameChanges, namesToJson } from '../feed-names.ts'
import { type PolicyOptions, policyChanges, propertyFlags } from '../feed-properties.ts'
import { chosenFormat, type SettingsOptions } from '../feed-settings.ts'
import { printListing } from '../listing.ts'
import { flag } from '../option-values.ts'
import { formatAge } from '../quantity-text.ts'
import { addFeedCheckCommand } from './feed-check.ts'
import { addFeedFoldersCommand } from './feed-folders.ts'
import { addFeedGapCommands } from './feed-gaps.ts'
import { addFeedGrantCommands } from './feed-grant.ts'
import { addFeedMappingsCommand } from './feed-mappings.ts'
import { addFeedRetireCommands } from './feed-retire.ts'
import {
  addFeedSetCommand,
  type DeliveryOptions,
  deliveryChanges,
  deliveryFlags,
  feedSettings,
} from './feed-set.ts'

interface CreateOptions
  extends DatabaseOption,
    JsonOption,
    SettingsOptions,
    DeliveryOptions,
    NameOptions,
    PolicyOptions {}

const CREATE_EXAMPLES = `
Examples:
  simtally feed create roamco --format csv
  simtally feed create fleet --format csv --account AC0123456789abcdef0123456789abcdef
  simtally feed create meters --format ndjson --on-conflict max --default-zone home --json
  simtally feed create iot --mapping emnify --set megabyte=MB --set rx=upload
  simtally feed create other --mapping other.yaml
  simtally feed create hub --format csv --settle 24h --sequence-pattern 'usage_(?<sequence>[0-9]+)'

A record that is already there with other content is a conflict:
  reject   it goes to quarantine, and both versions can be seen
  replace  it is a correction: the newest version counts
  max      it is a cumulative counter: the larger reading counts

Records name their SIMs by SID, ICCID, IMSI or MSISDN. A feed that is bound to one account brings usage
of its SIMs only, and then unique names, which another account may give as well, name them too.

A mapping says which column or path is which field: docs/formats/mapped.md. What a file would come
to is shown by simtally feed check.`

const LIST_EXAMPLE = `
Example:
  simtally feed list --json

A feed is late after 24 hours without a delivery and overdue after 48, unless feed set says otherwise.
"Complete from" is where its first delivery begins, or what feed set says. "Complete through" is how far
usage will change no more: the file's own cut-off, else the settle time before the last delivery,
held back by gaps that are open. A feed that has ended is retired: simtally feed retire.`

export function addFeedCommand(program: Command, commandLine: CommandLine): void {
  const feed = program.command('feed').description('make feeds and show how they are doing')
  const createCommand = feed
    .command('create')
    .description("make a feed: one carrier's stream of usage records")
    .argument('<name>', 'letters, digits, dots, hyphens, underscores', (text: string) =>
      flag('feed', (_, name) => parseFeedName(name))(text),
    )
    .option('--json', 'print JSON')
    .addHelpText('after', CREATE_EXAMPLES)
  for (const option of propertyFlags(deliveryFlags())) createCommand.addOption(option)
  createCommand.action((name: string) => create(commandLine, name, createCommand.optsWithGlobals()))
  addFeedCheckCommand(feed, commandLine)
  addFeedMappingsCommand(feed, commandLine)
  addFeedSetCommand(feed, commandLine)
  addFeedGrantCommands(feed, commandLine)
  addFeedGapCommands(feed, commandLine)
  addFeedFoldersCommand(feed, commandLine)
  addFeedRetireCommands(feed, commandLine)
  feed
    .command('list')
    .description('show the feeds, whether they deliver, and how far they are complete')
    .option('--json', 'print JSON, one feed a line')
    .addHelpText('after', LIST_EXAMPLE)
    .action((_: unknown, command: Command) => list(commandLine, command.optsWithGlobals()))
}

async function create(
  commandLine: CommandLine,
  name: string,
  options: CreateOptions,
): Promise<void> {
  const { format, settings } = await chosenFormat(options)
  const needed = readyMapping(settings.mapping)?.onConflict ?? 'reject'
  const feed = await commandLine.withStore(options, async (store) =>
    store.createFeed({
      name,
      format,
      settings,
      onConflict: needed,
      defaultZone: null,
      ...policyChanges(options),
      ...deliveryChanges(options),
      ...(await nameChanges(store, options, null)),
      createdAt: commandLine.context.clock(),
    }),
  )
  if (options.json === true) {
    await commandLine.printJson(feedSettings(feed))
    return
  }
  await commandLine.print(`feed ${feed.name}: ${feed.format}, on conflict ${feed.onConflict}`)
}

async function list(commandLine: CommandLine, options: DatabaseOption & JsonOption) {
  const now = commandLine.context.clock()
  const rows = await commandLine.withStore(options, async (store) => {
    const progress = await store.listFeedProgress()
    const grants = await store.listFeedGrants()
    return (await store.listFeeds()).flatMap((feed) => {
      const found = progress.find(({ feedId }) => feedId === feed.id)
      return found === undefined ? [] : [feedRow(feed, found, grantees(feed, grants), now)]
    })
  })
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
  const forJson = rows.map(({ silent: _, falls: __, ...row }) => row)
  if (options.json === true) for (const row of forJson) await commandLine.printJson(row)
  else await printListing(commandLine, options, titles, rows)
}

function feedRow(
  feed: Feed,
  progress: FeedProgress,
  grantedTo: readonly Sid[],
  nowSeconds: number,
) {
  const status = feedStatusToApi(feed, progress, nowSeconds)
  return {
    name: feed.name,
    format: feed.format,
    settings: feed.settings,
    on_conflict: feed.onConflict,
    default_zone: feed.defaultZone,
    ...namesToJson(feed),
    granted_to: grantedTo,
    ...status,
    silent: formatAge(status.silent_seconds),
    falls: status.readings.falls,
    date_created: formatInstant(feed.createdAt),
  }
}
