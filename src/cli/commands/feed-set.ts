/** `simtally feed set`: changes how long a feed's records may come, and how its files are numbered. */
import { type Command, Option } from 'commander'
import type { Feed, FeedChanges } from '../../domain/directory.ts'
import { formatSettleTime, parseSettleTime } from '../../domain/feed-statements.ts'
import { parseSequencePattern } from '../../domain/sequence-pattern.ts'
import { type CommandLine, type DatabaseOption, feedOf, type JsonOption } from '../command-line.ts'
import { WrongUsage } from '../failure.ts'
import { flag } from '../option-values.ts'

/** What `feed create` and `feed set` say of a feed's deliveries. */
export interface DeliveryOptions {
  /** Seconds. */
  readonly settle?: number
  /** False where `--no-sequence-pattern` takes it away. */
  readonly sequencePattern?: string | false
}

export function deliveryFlags(): Option[] {
  return [
    new Option(
      '--settle <time>',
      'how long after usage its records may come, where files do not say: 90m, 24h, 2d',
    ).argParser(flag('--settle', parseSettleTime)),
    new Option(
      '--sequence-pattern <regex>',
      'finds the number in the names of its files, in a group (?<sequence>…)',
    ).argParser(flag('--sequence-pattern', parseSequencePattern)),
  ]
}

export function deliveryChanges({ settle, sequencePattern }: DeliveryOptions): FeedChanges {
  return {
    ...(settle === undefined ? {} : { settleSeconds: settle }),
    ...(sequencePattern === undefined
      ? {}
      : { sequencePattern: sequencePattern === false ? null : sequencePattern }),
  }
}

const EXAMPLES = `
Examples:
  simtally feed set roamco --settle 24h
  simtally feed set roamco --sequence-pattern '^CD(?<stream>[A-Z0-9]{10})(?<sequence>[0-9]{5})'
  simtally feed set roamco --no-sequence-pattern

What the feed has delivered so far is looked at anew: its gaps and its "complete through" are those
of the new settings. A group (?<stream>…) tells streams apart that are numbered by themselves.`

export function addFeedSetCommand(feed: Command, commandLine: CommandLine): void {
  const command = feed
    .command('set')
    .description('change how a feed delivers')
    .argument('<name>', 'the feed')
  for (const option of deliveryFlags()) command.addOption(option)
  command
    .option('--no-sequence-pattern', 'its files have no numbers in their names')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action((name: string) => set(commandLine, name, command.optsWithGlobals()))
  // Commander takes a flag that can be negated for one that is on.
  command.setOptionValueWithSource('sequencePattern', undefined, 'default')
}

async function set(
  commandLine: CommandLine,
  name: string,
  options: DatabaseOption & JsonOption & DeliveryOptions,
): Promise<void> {
  const changes = deliveryChanges(options)
  if (Object.keys(changes).length === 0) {
    throw new WrongUsage(
      'nothing to change: give --settle, --sequence-pattern or --no-sequence-pattern',
    )
  }
  const changed = await commandLine.withStore(options, async (store) =>
    store.updateFeed((await feedOf(store, name)).id, changes),
  )
  if (options.json === true) await commandLine.printJson(deliverySettings(changed))
  else {
    const { settleSeconds, sequencePattern } = changed
    await commandLine.print(
      `feed ${name}: settle time ${formatSettleTime(settleSeconds)}, ` +
        `sequence pattern ${sequencePattern ?? 'none'}`,
    )
  }
}

export function deliverySettings({ name, settleSeconds, sequencePattern }: Feed) {
  return { name, settle_seconds: settleSeconds, sequence_pattern: sequencePattern }
}
