/** `simtally feed set`: changes how a feed's files are read and numbered, and how late records may come. */
import { type Command, Option } from 'commander'
import type { Feed, FeedChanges } from '../../domain/directory.ts'
import { formatSettleTime, parseSettleTime } from '../../domain/feed-statements.ts'
import { parseSequencePattern } from '../../domain/sequence-pattern.ts'
import { simNamesInWords } from '../../domain/sim-names.ts'
import { formatInstant } from '../../domain/time.ts'
import { readyMapping } from '../../ingest/mappings/mappings.ts'
import { type CommandLine, type DatabaseOption, feedOf, type JsonOption } from '../command-line.ts'
import { WrongUsage } from '../failure.ts'
import { type NameOptions, nameChanges, namesToJson } from '../feed-names.ts'
import {
  changingFlags,
  consequencesOf,
  type PolicyOptions,
  policyChanges,
  propertyFlags,
} from '../feed-properties.ts'
import { chosenFormat, type SettingsOptions } from '../feed-settings.ts'
import { flag, instantFlag } from '../option-values.ts'

/** The options of a feed's deliveries, which `feed create` and `feed set` share. */
export interface DeliveryOptions {
  /** Seconds. */
  readonly settle?: number
  /** False if `--no-sequence-pattern` removes it. */
  readonly sequencePattern?: string | false
  /** Seconds. */
  readonly late?: number
  readonly overdue?: number
  /** UTC seconds; false if `--no-covers-from` leaves it to the first delivery. */
  readonly coversFrom?: number | false
}

export function deliveryFlags(): Option[] {
  return [
    new Option(
      '--settle <time>',
      'how long after usage its records may come, if files do not say: 90m, 24h, 2d',
    ).argParser(flag('--settle', parseSettleTime)),
    new Option(
      '--sequence-pattern <regex>',
      "finds the number in its files' names, in a group (?<sequence>…)",
    ).argParser(flag('--sequence-pattern', parseSequencePattern)),
    new Option(
      '--late <time>',
      'after how long without a delivery it is late: 90m, 24h, 2d (default: 24h)',
    ).argParser(flag('--late', parseSettleTime)),
    new Option(
      '--overdue <time>',
      'after how long without a delivery it is overdue (default: 48h)',
    ).argParser(flag('--overdue', parseSettleTime)),
    new Option(
      '--covers-from <time>',
      'since when it has delivered all usage (default: the start of its first delivery)',
    ).argParser(instantFlag('--covers-from')),
  ]
}

export function deliveryChanges({
  settle,
  sequencePattern,
  late,
  overdue,
  coversFrom,
}: DeliveryOptions): FeedChanges {
  return {
    ...(settle === undefined ? {} : { settleSeconds: settle }),
    ...(sequencePattern === undefined
      ? {}
      : { sequencePattern: sequencePattern === false ? null : sequencePattern }),
    ...(late === undefined ? {} : { lateSeconds: late }),
    ...(overdue === undefined ? {} : { overdueSeconds: overdue }),
    ...(coversFrom === undefined ? {} : { coversFrom: coversFrom === false ? null : coversFrom }),
  }
}

const EXAMPLES = `
Examples:
  simtally feed set roamco --settle 24h
  simtally feed set gateway --set time=receipt
  simtally feed set roamco --on-conflict replace --default-zone home
  simtally feed set roamco --name roamco-eu
  simtally feed set roamco --late 6h --overdue 12h
  simtally feed set roamco --covers-from 2026-01-01
  simtally feed set roamco --sequence-pattern '^CD(?<stream>[A-Z0-9]{10})(?<sequence>[0-9]{5})'
  simtally feed set roamco --no-sequence-pattern
  simtally feed set roamco --account AC0123456789abcdef0123456789abcdef
  simtally feed set roamco --no-account --sim-names iccid,imsi
  simtally feed set roamco --mapping roamco.yaml && simtally quarantine recycle --feed roamco

Counted usage does not change: a format, settings, a policy, a zone and names apply to later
deliveries, and to quarantined records that are recycled. A mapping, or settings, replace all
settings of the feed's format. Earlier deliveries are only looked at again for gaps and "complete
through". A watcher uses a change from the next file on. A group (?<stream>…) distinguishes streams
with separate numbers.`

export function addFeedSetCommand(feed: Command, commandLine: CommandLine): void {
  const command = feed
    .command('set')
    .description('change any property of a feed')
    .argument('<name>', 'the feed')
  const flags = [...propertyFlags(deliveryFlags()), ...changingFlags()]
  for (const option of flags) command.addOption(option)
  command
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action((name: string) => {
      const names = flags.map(({ long }) => long).join(', ')
      return set(commandLine, name, { ...command.optsWithGlobals(), names })
    })
  // Commander takes a flag with a negated form to be on by default.
  for (const option of flags.filter(({ negate }) => negate)) {
    command.setOptionValueWithSource(option.attributeName(), undefined, 'default')
  }
}

type SetOptions = DatabaseOption &
  JsonOption &
  DeliveryOptions &
  NameOptions &
  PolicyOptions &
  SettingsOptions & {
    readonly name?: string
    /** Every flag that changes something. */
    readonly names: string
  }

async function set(commandLine: CommandLine, name: string, options: SetOptions): Promise<void> {
  const { mapping, set: named, settings, format } = options
  const hasSettings = [mapping, named, settings, format].some((given) => given !== undefined)
  const changes = {
    ...(options.name === undefined ? {} : { name: options.name }),
    ...policyChanges(options),
    ...deliveryChanges(options),
  }
  const hasNames = options.account !== undefined || options.simNames !== undefined
  if (Object.keys(changes).length === 0 && !hasSettings && !hasNames) {
    throw new WrongUsage(`nothing to change: give one of ${options.names}`)
  }
  const { changed, all } = await commandLine.withStore(options, async (store) => {
    const feed = await feedOf(store, name)
    const given = { ...options, format: format ?? feed.format }
    // A single setting changes only itself, unless the flags state the whole format anew.
    const isWhole = [format, options.mapping, options.settings].some((one) => one !== undefined)
    const chosen = hasSettings ? await chosenFormat(given, isWhole ? {} : feed.settings) : null
    const all: FeedChanges = {
      ...changes,
      ...(await nameChanges(store, options, feed)),
      ...(chosen !== null && { settings: chosen.settings }),
      ...(format !== undefined && { format }),
    }
    return { changed: await store.updateFeed(feed.id, all), all }
  })
  if (options.json === true) await commandLine.printJson(feedSettings(changed))
  else {
    const { settleSeconds, sequencePattern, accountSid, simNames } = changed
    const { lateSeconds, overdueSeconds, coversFrom } = changed
    await commandLine.print(
      `feed ${changed.name}: ${changed.format}, on conflict ${changed.onConflict}, ` +
        `default zone ${changed.defaultZone ?? 'none'}, settle time ${formatSettleTime(settleSeconds)}, ` +
        `late after ${formatSettleTime(lateSeconds)}, overdue after ${formatSettleTime(overdueSeconds)}, ` +
        `covers from ${coversFrom === null ? 'its first delivery on' : formatInstant(coversFrom)}, ` +
        `sequence pattern ${sequencePattern ?? 'none'}, ` +
        `SIMs of ${accountSid ?? 'any account'} by ${simNamesInWords(simNames)}`,
    )
  }
  for (const consequence of consequencesOf(all)) await commandLine.note(consequence)
  const needed = readyMapping(all.settings?.mapping)?.onConflict
  if (needed !== undefined && needed !== changed.onConflict) {
    await commandLine.note(
      `the mapping ${String(all.settings?.mapping)} needs --on-conflict ${needed}; the feed has ${changed.onConflict}`,
    )
  }
}

function deliverySettings(feed: Feed) {
  const { name, settleSeconds, sequencePattern, lateSeconds, overdueSeconds, coversFrom } = feed
  const delivery = {
    settle_seconds: settleSeconds,
    sequence_pattern: sequencePattern,
    late_seconds: lateSeconds,
    overdue_seconds: overdueSeconds,
    covers_from: coversFrom === null ? null : formatInstant(coversFrom),
  }
  return { name, ...namesToJson(feed), ...delivery }
}

/** All properties of a feed, as `feed create` and `feed set` print them. */
export function feedSettings(feed: Feed) {
  const { format, settings, onConflict, defaultZone } = feed
  const { name, ...delivery } = deliverySettings(feed)
  return {
    name,
    format,
    settings,
    on_conflict: onConflict,
    default_zone: defaultZone,
    ...delivery,
  }
}
