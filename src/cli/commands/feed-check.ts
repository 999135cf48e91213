/** `simtally feed check`: says what would become of a file, without counting any of it. */
import type { Command } from 'commander'
import { byField, COUNTER_FIELDS, counterValues } from '../../domain/counters.ts'
import type { Feed } from '../../domain/directory.ts'
import type { QuarantinedRecord } from '../../domain/import.ts'
import { countryOfPlmn } from '../../domain/plmn.ts'
import { formatInstant } from '../../domain/time.ts'
import { UsageError } from '../../domain/usage-error.ts'
import { plainBytes } from '../../ingest/delivery-bytes.ts'
import { EventResolver } from '../../ingest/event-resolver.ts'
import { type CdrRecord, isFault, type ReadRecord } from '../../ingest/formats/cdr-format.ts'
import { CDR_FORMATS } from '../../ingest/formats/formats.ts'
import type { UsageStore } from '../../storage/usage-store.ts'
import { type CommandLine, type DatabaseOption, feedOf, type JsonOption } from '../command-line.ts'
import { EXIT } from '../context.ts'
import { openDelivery } from '../delivery.ts'
import { report, reportError, WrongUsage } from '../failure.ts'
import {
  type ChosenFormat,
  chosenFormat,
  type SettingsOptions,
  settingsFlags,
} from '../feed-settings.ts'
import { operatorDetail } from '../operator-detail.ts'
import { feedOption, limitOption } from '../options.ts'
import { countOf, formatCount } from '../quantity-text.ts'
import { textTable } from '../text-table.ts'

interface CheckOptions extends DatabaseOption, JsonOption, SettingsOptions {
  readonly feed?: string
  readonly limit: number
}

const LIMIT_DEFAULT = 10

const EXAMPLES = `
Examples:
  simtally feed check --mapping m.yaml sample.csv
  simtally feed check --mapping emnify --set megabyte=MB --set rx=upload usage.json
  simtally feed check --feed roamco --limit 50 usage.csv.gz --json

With --feed, the file is read as a delivery to that feed: its SIMs are looked up and its networks
classified. Without it, everything is shown except whether the SIMs are known. Nothing is counted.`

export function addFeedCheckCommand(feed: Command, commandLine: CommandLine): void {
  const command = feed
    .command('check')
    .description('show the first records of a file as they would be counted')
    .argument('<file>', 'the file, or - for standard input')
    .addOption(feedOption())
    .addOption(limitOption(LIMIT_DEFAULT))
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
  for (const option of settingsFlags()) command.addOption(option)
  command.action((file: string) => check(commandLine, file, command.optsWithGlobals()))
}

async function check(commandLine: CommandLine, file: string, options: CheckOptions): Promise<void> {
  const { feed: feedName, format, mapping, set, settings, limit } = options
  if (feedName === undefined) {
    await checkFile(commandLine, file, options, new Check(await chosenFormat(options), limit))
    return
  }
  if ([format, mapping, set, settings].some((stated) => stated !== undefined)) {
    throw new WrongUsage('--feed says how records are written: leave the other flags out')
  }
  await commandLine.withStore(options, async (store) => {
    const feed = await feedOf(store, feedName)
    const check = new Check(feed, limit, { feed, store, clock: commandLine.context.clock })
    await checkFile(commandLine, file, options, check)
  })
}

async function checkFile(
  commandLine: CommandLine,
  file: string,
  options: CheckOptions,
  check: Check,
): Promise<void> {
  const delivery = await openDelivery(commandLine.context, file)
  try {
    await check.read(delivery.bytes)
  } finally {
    await delivery.close()
  }
  if (options.json === true) await commandLine.printJson(check.toJson())
  else await printCheck(commandLine, check)
  const { context } = commandLine
  for (const warning of check.warnings) await report(context, `${file}: ${warning}`)
  if (check.error !== null) {
    const faults = [`${file}: ${check.error}`]
    await reportError(context, { code: 'unreadable', exitCode: EXIT.failed, faults })
  }
  const incomplete = check.quarantined + check.expired > 0 ? EXIT.quarantined : EXIT.done
  commandLine.exitCode = check.error === null ? incomplete : EXIT.failed
}

async function printCheck(commandLine: CommandLine, check: Check): Promise<void> {
  if (check.shown.length > 0) {
    const titles = Object.keys(check.shown[0]!)
    const header = titles.map((title) => title.replaceAll('_', ' ').toUpperCase())
    const cells = check.shown.map((row) => Object.values(row).map((cell) => String(cell ?? '')))
    const alignments = titles.map((title) => (NUMBERS.includes(title) ? 'right' : 'left'))
    await commandLine.print([...textTable([header, ...cells], alignments), ''])
  }
  await commandLine.print(check.summary())
  for (const fault of check.faults) {
    await commandLine.print(`  line ${fault.line}: ${fault.reason}: ${operatorDetail(fault)}`)
  }
}

const NUMBERS: readonly string[] = ['line', ...COUNTER_FIELDS]

interface KnownFeed {
  readonly feed: Feed
  readonly store: UsageStore
  readonly clock: () => number
}

/** Reads a delivery as an import does, but stops where an import would write. */
class Check {
  readonly shown: Readonly<Record<string, string | number | null>>[] = []
  /** The first faults. */
  readonly faults: QuarantinedRecord[] = []
  counted = 0
  quarantined = 0
  expired = 0
  error: string | null = null
  warnings: readonly string[] = []
  readonly #chosen: ChosenFormat
  readonly #limit: number
  readonly #known: KnownFeed | null
  readonly #resolver: EventResolver | null
  #readings = 0
  /** Records that need a default zone, which the feed does not have. */
  #placeless = 0

  constructor(chosen: ChosenFormat, limit: number, known: KnownFeed | null = null) {
    this.#chosen = chosen
    this.#limit = limit
    this.#known = known
    this.#resolver = known && new EventResolver(known.store, known.feed, null)
  }

  async read(bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const { format, settings } = this.#chosen
    const reader = CDR_FORMATS[format].createReader(settings)
    try {
      for await (const chunk of plainBytes(bytes)) await this.#take(reader.push(chunk))
      await this.#take(reader.end())
    } catch (error) {
      if (!(error instanceof UsageError) || error.code !== 'unreadable') throw error
      this.error = error.hint === undefined ? error.message : `${error.message}; ${error.hint}`
    }
    this.warnings = reader.warnings()
  }

  /** One sentence per line. */
  summary(): string[] {
    return [
      `${countOf(this.counted, 'record')} would be counted, ${formatCount(this.quarantined)} would go to quarantine`,
      ...(this.expired > 0
        ? [`${countOf(this.expired, 'is', 'are')} older than the retention`]
        : []),
      ...(this.#placeless > 0
        ? [
            `${countOf(this.#placeless, 'names', 'name')} no network and no country: that needs a feed with --default-zone`,
          ]
        : []),
      ...(this.#readings > 0
        ? ['counters are readings: the increase since the previous one is counted']
        : []),
    ]
  }

  toJson() {
    return {
      counted: this.counted,
      quarantined: this.quarantined,
      expired: this.expired,
      without_network: this.#placeless,
      readings: this.#readings > 0,
      error: this.error,
      warnings: this.warnings,
      records: this.shown,
      errors: this.faults.map((fault) => ({
        line: fault.line,
        reason: fault.reason,
        field: fault.field,
        detail: operatorDetail(fault),
      })),
    }
  }

  async #take(records: readonly ReadRecord[]): Promise<void> {
    if (records.length === 0) return
    if (this.#resolver === null) {
      for (const record of records) {
        if (isFault(record)) this.#fault(record)
        else this.#count(record, placeOf(record))
      }
      return
    }
    const resolved = await this.#resolver.resolve(records, this.#known!.clock())
    const read = new Map(records.map((record) => [record.line, record]))
    for (const { line, serving } of resolved.events) {
      this.#count(read.get(line) as CdrRecord, serving)
    }
    for (const fault of resolved.quarantined) this.#fault(fault)
    this.expired += resolved.expired
  }

  #fault(fault: QuarantinedRecord): void {
    this.quarantined++
    if (this.faults.length < this.#limit) this.faults.push(fault)
  }

  #count(record: CdrRecord, place: Place): void {
    this.counted++
    if (record.reading !== null) this.#readings++
    if (place.country === null && place.zone === null) this.#placeless++
    if (this.shown.length >= this.#limit) return
    const counters = counterValues(record.counters)
    this.shown.push({
      line: record.line,
      record_id: record.recordId,
      sim: record.sim,
      occurred_at: formatInstant(record.occurredAt),
      plmn: record.network.plmn,
      country: place.country,
      zone: place.zone,
      ...byField((place) => counters[place]!),
    })
  }
}

interface Place {
  readonly country: string | null
  readonly zone: string | null
}

/** What the record alone says. Its zone depends on the home set of its SIM. */
function placeOf({ network: { plmn, country, zone } }: CdrRecord): Place {
  return { country: country ?? (plmn === null ? null : countryOfPlmn(plmn)), zone }
}
