/** `simtally usage`: shows what a SIM used. */
import type { Command } from 'commander'
import { type Completeness, completeness, isOpen } from '../../domain/completeness.ts'
import type { Sid } from '../../domain/identifiers.ts'
import { bucketCount, bucketsOf, resolveWindow, type UsageWindow } from '../../domain/period.ts'
import type { HeldSim } from '../../domain/sim-tenure.ts'
import { formatInstant } from '../../domain/time.ts'
import { GRANULARITIES, type Granularity } from '../../domain/usage-query.ts'
import { groupsByBucket, ownerJson, usageRecordJson } from '../../http/usage-record.ts'
import {
  accountOf,
  type CommandLine,
  type DatabaseOption,
  type JsonOption,
} from '../command-line.ts'
import { fromFlags } from '../failure.ts'
import {
  accountOption,
  csvOption,
  granularityOption,
  jsonOption,
  periodOptions,
  withOptions,
} from '../options.ts'
import { findHeldNamedSim } from '../sim-lookup.ts'
import {
  type BucketUsage,
  USAGE_CSV_HEADER,
  usageChart,
  usageCsvLines,
  usageTable,
} from '../usage-text.ts'

interface UsageOptions extends DatabaseOption, JsonOption {
  readonly account?: Sid
  readonly start?: number
  readonly end?: number
  readonly granularity: Granularity
  readonly csv?: boolean
}

const EXAMPLES = `
Examples:
  simtally usage DE0123456789abcdef0123456789abcdef --granularity daily
  simtally usage tracker-0001 --start 2026-02-01 --end 2026-03-01
  simtally usage 8901260000010000018 --granularity hourly --csv

The SIM is named by SID, unique name, ICCID, IMSI or MSISDN. Times are ISO 8601, UTC unless they
say otherwise; an end on a whole minute is the border, so periods that meet add up. A total is open while records of its period may still come, and if it begins before feeds delivered
everything. JSON has the records of the API's usage_records, one per line.

For a SIM that has moved, the usage is that of its current account; --account names an earlier one,
and shows its usage.`

const GROUP_EXAMPLES = `
Examples:
  simtally usage tracker-0001 --granularity daily

That is short for "simtally usage show tracker-0001": simtally usage show --help says more.`

export function addUsageCommand(program: Command, commandLine: CommandLine): void {
  const usage = program
    .command('usage')
    .description('show what a SIM used')
    .addHelpText('after', GROUP_EXAMPLES)
  withOptions(
    usage
      .command('show', { isDefault: true })
      .description('show what a SIM used; what usage does by default')
      .argument('<sim>', 'the SIM, by any of its names'),
    accountOption(),
    ...periodOptions(),
    granularityOption(GRANULARITIES),
    jsonOption('record'),
    csvOption(),
  )
    .addHelpText('after', EXAMPLES)
    .action((sim: string, _: unknown, command: Command) =>
      showUsage(commandLine, sim, command.optsWithGlobals()),
    )
}

async function showUsage(
  commandLine: CommandLine,
  name: string,
  options: UsageOptions,
): Promise<void> {
  const { granularity, start = null, end = null } = options
  const window = fromFlags(() =>
    resolveWindow({ granularity, start, end, level: 'sim' }, commandLine.context.clock()),
  )
  const buckets = bucketsOf(window, { offset: 0, limit: bucketCount(window) })
  await commandLine.withStore(options, async (store) => {
    const account = options.account === undefined ? null : await accountOf(store, options.account)
    const sim = await findHeldNamedSim(store, name, account)
    const subject = { accountId: sim.accountId, simId: sim.id }
    const groups = await groupsByBucket(store, window, buckets, subject)
    const feeds = await store.accountCoverage(sim.accountId)
    const complete = completeness(feeds, commandLine.context.clock())
    const usage = buckets.map((bucket) => ({
      bucket,
      groups: groups.get(bucket.start) ?? [],
      open: isOpen(bucket, complete),
    }))
    if (options.json === true) await printJson(commandLine, sim, usage)
    else if (options.csv === true) await printCsv(commandLine, usage)
    else await printTable(commandLine, sim, window, usage, complete)
  })
}

async function printJson(commandLine: CommandLine, sim: HeldSim, usage: readonly BucketUsage[]) {
  const owner = ownerJson({ account_sid: sim.accountSid, sim_sid: sim.sid })
  await commandLine.print(usage.map(({ bucket, groups }) => usageRecordJson(owner, bucket, groups)))
}

async function printCsv(commandLine: CommandLine, usage: readonly BucketUsage[]): Promise<void> {
  await commandLine.print([USAGE_CSV_HEADER, ...usage.flatMap(usageCsvLines)])
}

async function printTable(
  commandLine: CommandLine,
  sim: HeldSim,
  window: UsageWindow,
  usage: readonly BucketUsage[],
  { from, through }: Completeness,
): Promise<void> {
  const { granularity } = window
  const period = `${formatInstant(window.statedStart)} to ${formatInstant(window.statedEnd)}`
  await commandLine.print(`${sim.sid} ${sim.uniqueName ?? ''}`.trimEnd())
  const known = (at: number | null) => (at === null ? 'not known' : formatInstant(at))
  await commandLine.print([
    period,
    `complete from ${known(from)}`,
    `complete through ${known(through)}`,
    '',
  ])
  await commandLine.print(usageTable(usage, granularity))
  if (granularity !== 'all') {
    const chart = usageChart(usage, granularity, commandLine.context.stdout.width)
    await commandLine.print(['', ...chart])
  }
  if (window.beyondRetention) {
    await commandLine.note(`Usage before ${formatInstant(window.keptFrom)} is no longer kept.`)
  }
}
