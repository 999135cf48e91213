/** `simtally feed`: creates and shows feeds, the streams in which carriers deliver. */
import type { Command } from 'commander'
import { parseFeedName } from '../../domain/directory.ts'
import { readyMapping } from '../../ingest/mappings/mappings.ts'
import type { CommandLine, DatabaseOption, JsonOption } from '../command-line.ts'
import { type NameOptions, nameChanges } from '../feed-names.ts'
import { type PolicyOptions, policyChanges, propertyFlags } from '../feed-properties.ts'
import { chosenFormat, type SettingsOptions } from '../feed-settings.ts'
import { flag } from '../option-values.ts'
import { addFeedCheckCommand } from './feed-check.ts'
import { addFeedGrantCommands } from './feed-grant.ts'
import { addFeedListCommands } from './feed-list.ts'
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

A record that is already stored with other content is a conflict:
  reject   it goes to quarantine, and both versions can be seen
  replace  it is a correction: the newest version counts
  max      it is a cumulative counter: the larger reading counts

Records name their SIMs by SID, ICCID, IMSI or MSISDN. A feed that is bound to one account accepts
usage only of its SIMs. Its records may then also use unique names, which other accounts may use as
well.

A mapping says which column or path is which field: docs/formats/mapped.md. simtally feed check shows what would become of a file.`

export function addFeedCommand(program: Command, commandLine: CommandLine): void {
  const feed = program.command('feed').description('create feeds and show their state')
  const createCommand = feed
    .command('create')
    .description("create a feed: one carrier's stream of usage records")
    .argument('<name>', 'letters, digits, dots, hyphens, underscores', (text: string) =>
      flag('feed', (_, name) => parseFeedName(name))(text),
    )
    .option('--json', 'print JSON')
    .addHelpText('after', CREATE_EXAMPLES)
  for (const option of propertyFlags(deliveryFlags())) createCommand.addOption(option)
  createCommand.action((name: string) => create(commandLine, name, createCommand.optsWithGlobals()))
  addFeedCheckCommand(feed, commandLine)
  addFeedSetCommand(feed, commandLine)
  addFeedGrantCommands(feed, commandLine)
  addFeedRetireCommands(feed, commandLine)
  addFeedListCommands(feed, commandLine)
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
