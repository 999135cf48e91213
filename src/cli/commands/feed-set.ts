/** `simtally feed set`: changes how a feed's files are read and numbered, and how long records may come. */
import { type Command, Option } from 'commander'
import type { Feed, FeedChanges } from '../../domain/directory.ts'
import { formatSettleTime, parseSettleTime } from '../../domain/feed-statements.ts'
import { parseSequencePattern } from '../../domain/sequence-pattern.ts'
import { simNamesInWords } from '../../domain/sim-names.ts'
import { type CommandLine, type DatabaseOption, feedOf, type JsonOption } from '../command-line.ts'
import { WrongUsage } from '../failure.ts'
import { type NameOptions, nameChanges, nameFlags, namesToJson } from '../feed-names.ts'
import { chosenFormat, type SettingsOptions, settingsFlags } from '../feed-settings.ts'
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
  simtally feed set roamco --account AC0123456789abcdef0123456789abcdef
  simtally feed set roamco --no-account --sim-names iccid,imsi
  simtally feed set roamco --mapping roamco.yaml && simtally quarantine recycle --feed roamco

What the feed has delivered so far is looked at anew: its gaps and its "complete through" are those
of the new settings. A mapping, or settings, take the place of all settings of the feed's format:
deliveries are read by them from now on, and so are quarantined records that are recycled. A group (?<stream>…) tells streams apart that are numbered by themselves.`

export function addFeedSetCommand(feed: Command, commandLine: CommandLine): void {
  const command = feed
    .command('set')
    .description('change how a feed delivers, and whose SIMs by which names')
    .argument('<name>', 'the feed')
  for (const option of [...deliveryFlags(), ...nameFlags()]) command.addOption(option)
  for (const option of settingsFlags()) if (option.long !== '--format') command.addOption(option)
  command
    .option('--no-sequence-pattern', 'its files have no numbers in their names')
    .option('--no-account', 'its records may be of SIMs of any account')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action((name: string) => set(commandLine, name, command.optsWithGlobals()))
  // Commander takes a flag that can be negated for one that is on.
  command.setOptionValueWithSource('sequencePattern', undefined, 'default')
  command.setOptionValueWithSource('account', undefined, 'default')
}

type SetOptions = DatabaseOption &
  JsonOption &
  DeliveryOptions &
  NameOptions &
  Omit<SettingsOptions, 'format'>

async function set(commandLine: CommandLine, name: string, options: SetOptions): Promise<void> {
  const { mapping, set: named, settings } = options
  const hasSettings = mapping !== undefined || named !== undefined || settings !== undefined
  const changes = deliveryChanges(options)
  const hasNames = options.account !== undefined || options.simNames !== undefined
  if (Object.keys(changes).length === 0 && !hasSettings && !hasNames) {
    throw new WrongUsage(
      'nothing to change: give --settle, --sequence-pattern, --no-sequence-pattern, --account, --no-account, --sim-names, --mapping, --set or --settings',
    )
  }
  const changed = await commandLine.withStore(options, async (store) => {
    const feed = await feedOf(store, name)
    const { format } = feed
    const chosen = hasSettings ? await chosenFormat({ ...options, format }) : null
    return store.updateFeed(feed.id, {
      ...changes,
      ...(await nameChanges(store, options, feed)),
      ...(chosen !== null && { settings: chosen.settings }),
    })
  })
  if (options.json === true) await commandLine.printJson(deliverySettings(changed))
  else {
    const { settleSeconds, sequencePattern, accountSid, simNames } = changed
    await commandLine.print(
      `feed ${name}: settle time ${formatSettleTime(settleSeconds)}, ` +
        `sequence pattern ${sequencePattern ?? 'none'}, ` +
        `SIMs of ${accountSid ?? 'any account'} by ${simNamesInWords(simNames)}`,
    )
  }
}

export function deliverySettings(feed: Feed) {
  const { name, settleSeconds, sequencePattern } = feed
  const delivery = { settle_seconds: settleSeconds, sequence_pattern: sequencePattern }
  return { name, ...namesToJson(feed), ...delivery }
}
