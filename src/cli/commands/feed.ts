/** `simtally feed`: makes feeds, the streams in which carriers deliver, and shows them. */
import { type Command, Option } from 'commander'
import { FEED_FORMATS, type FeedFormat, parseFeedName } from '../../domain/directory.ts'
import { formatInstant } from '../../domain/time.ts'
import {
  CONFLICT_POLICIES,
  type ConflictPolicy,
  ZONES,
  type Zone,
} from '../../domain/usage-event.ts'
import type { CommandLine, DatabaseOption, JsonOption } from '../command-line.ts'
import { printListing } from '../listing.ts'
import { flag } from '../option-values.ts'

interface CreateOptions extends DatabaseOption, JsonOption {
  readonly format: FeedFormat
  readonly onConflict: ConflictPolicy
  readonly defaultZone?: Zone
}

const CREATE_EXAMPLES = `
Examples:
  simtally feed create roamco --format csv
  simtally feed create meters --format ndjson --on-conflict max --default-zone home --json

A record that is already there with other content is a conflict:
  reject   it goes to quarantine, and both versions can be seen
  replace  it is a correction: the newest version counts
  max      it is a cumulative counter: the larger reading counts`

export function addFeedCommand(program: Command, commandLine: CommandLine): void {
  const feed = program.command('feed').description('make feeds and show them')
  feed
    .command('create')
    .description("make a feed: one carrier's stream of usage records")
    .argument('<name>', 'letters, digits, dots, hyphens, underscores', (text: string) =>
      flag('feed', (_, name) => parseFeedName(name))(text),
    )
    .addOption(
      new Option('--format <format>', 'how its records are written')
        .choices(FEED_FORMATS)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--on-conflict <policy>', 'what a record with other content does')
        .choices(CONFLICT_POLICIES)
        .default('reject'),
    )
    .addOption(
      new Option(
        '--default-zone <zone>',
        'the zone of records that name no network; without it they go to quarantine',
      ).choices(ZONES),
    )
    .option('--json', 'print JSON')
    .addHelpText('after', CREATE_EXAMPLES)
    .action((name: string, _: unknown, command: Command) =>
      create(commandLine, name, command.optsWithGlobals()),
    )
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
  const feed = await commandLine.withStore(options, (store) =>
    store.createFeed({
      name,
      format: options.format,
      settings: {},
      onConflict: options.onConflict,
      defaultZone: options.defaultZone ?? null,
      createdAt: commandLine.context.clock(),
    }),
  )
  if (options.json === true) {
    await commandLine.printJson({
      name: feed.name,
      format: feed.format,
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
    on_conflict: feed.onConflict,
    default_zone: feed.defaultZone,
    date_created: formatInstant(feed.createdAt),
  }))
  await printListing(commandLine, options, titles, rows)
}
