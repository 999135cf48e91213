/** `simtally feed`: makes feeds, the streams in which carriers deliver, and shows them. */
import { type Command, Option } from 'commander'
import { parseFeedName } from '../../domain/directory.ts'
import { formatInstant } from '../../domain/time.ts'
import {
  CONFLICT_POLICIES,
  type ConflictPolicy,
  ZONES,
  type Zone,
} from '../../domain/usage-event.ts'
import { readyMapping } from '../../ingest/mappings/mappings.ts'
import type { CommandLine, DatabaseOption, JsonOption } from '../command-line.ts'
import { chosenFormat, type SettingsOptions, settingsFlags } from '../feed-settings.ts'
import { printListing } from '../listing.ts'
import { flag } from '../option-values.ts'
import { addFeedCheckCommand } from './feed-check.ts'
import { addFeedMappingsCommand } from './feed-mappings.ts'

interface CreateOptions extends DatabaseOption, JsonOption, SettingsOptions {
  readonly onConflict?: ConflictPolicy
  readonly defaultZone?: Zone
}

const CREATE_EXAMPLES = `
Examples:
  simtally feed create roamco --format csv
  simtally feed create meters --format ndjson --on-conflict max --default-zone home --json
  simtally feed create iot --mapping emnify --set megabyte=MB --set rx=upload
  simtally feed create other --mapping other.yaml

A record that is already there with other content is a conflict:
  reject   it goes to quarantine, and both versions can be seen
  replace  it is a correction: the newest version counts
  max      it is a cumulative counter: the larger reading counts

A mapping says which column or path is which field: docs/formats/mapped.md. What a file would come
to is shown by simtally feed check.`

export function addFeedCommand(program: Command, commandLine: CommandLine): void {
  const feed = program.command('feed').description('make feeds and show them')
  const createCommand = feed
    .command('create')
    .description("make a feed: one carrier's stream of usage records")
    .argument('<name>', 'letters, digits, dots, hyphens, underscores', (text: string) =>
      flag('feed', (_, name) => parseFeedName(name))(text),
    )
    .addOption(
      new Option(
        '--on-conflict <policy>',
        'what a record with other content does (default: what the ready mapping needs, or reject)',
      ).choices(CONFLICT_POLICIES),
    )
    .addOption(
      new Option(
        '--default-zone <zone>',
        'the zone of records that name no network; without it they go to quarantine',
      ).choices(ZONES),
    )
    .option('--json', 'print JSON')
    .addHelpText('after', CREATE_EXAMPLES)
  for (const option of settingsFlags()) createCommand.addOption(option)
  createCommand.action((name: string) => create(commandLine, name, createCommand.optsWithGlobals()))
  addFeedCheckCommand(feed, commandLine)
  addFeedMappingsCommand(feed, commandLine)
  feed
    .command('list')
    .description('show the feeds')
    .option('--json', 'print JSON, one feed a line')
    .addHelpText('after', '\nExample:\n  simtally feed list --json')
    .action((_: unknown, command: Command) => list(commandLine, command.optsWithGlobals()))
}

async function create(
  commandLine: CommandLine,
  name: string,
  options: CreateOptions,
): Promise<void> {
  const { format, settings } = await chosenFormat(options)
  const needed = readyMapping(settings.mapping)?.onConflict ?? 'reject'
  const feed = await commandLine.withStore(options, (store) =>
    store.createFeed({
      name,
      format,
      settings,
      onConflict: options.onConflict ?? needed,
      defaultZone: options.defaultZone ?? null,
      createdAt: commandLine.context.clock(),
    }),
  )
  if (options.json === true) {
    await commandLine.printJson({
      name: feed.name,
      format: feed.format,
      settings: feed.settings,
      on_conflict: feed.onConflict,
      default_zone: feed.defaultZone,
    })
    return
  }
  await commandLine.print(`feed ${feed.name}: ${feed.format}, on conflict ${feed.onConflict}`)
}

async function list(commandLine: CommandLine, options: DatabaseOption & JsonOption) {
  const feeds = await commandLine.withStore(options, (store) => store.listFeeds())
  const titles = {
    name: 'NAME',
    format: 'FORMAT',
    on_conflict: 'ON CONFLICT',
    default_zone: 'DEFAULT ZONE',
    date_created: 'CREATED',
  }
  const rows = feeds.map((feed) => ({
    name: feed.name,
    format: feed.format,
    settings: feed.settings,
    on_conflict: feed.onConflict,
    default_zone: feed.defaultZone,
    date_created: formatInstant(feed.createdAt),
  }))
  await printListing(commandLine, options, titles, rows)
}
