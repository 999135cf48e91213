/** `simtally event list`: leads from a SIM's usage to the lines of the files that state it. */
import type { Command } from 'commander'
import type { CountryCode } from '../../domain/country.ts'
import type { Sid } from '../../domain/identifiers.ts'
import type { LedgerEntry, LedgerFilter } from '../../domain/ledger-entry.ts'
import { resolveWindow, type UsageWindow } from '../../domain/period.ts'
import type { HeldSim } from '../../domain/sim-tenure.ts'
import { formatInstant } from '../../domain/time.ts'
import type { Zone } from '../../domain/usage-event.ts'
import type { UsageStore } from '../../storage/usage-store.ts'
import {
  accountOf,
  type CommandLine,
  type DatabaseOption,
  feedOf,
  type JsonOption,
} from '../command-line.ts'
import { EVENT_CSV_HEADER, eventCsvLine, eventTable } from '../event-text.ts'
import { fromFlags } from '../failure.ts'
import { limited } from '../listing.ts'
import {
  accountOption,
  countryFilter,
  csvOption,
  feedFilter,
  jsonOption,
  type LimitOption,
  limitOption,
  periodOptions,
  withOptions,
  zoneFilter,
} from '../options.ts'
import { findHeldNamedSim } from '../sim-lookup.ts'

interface EventOptions extends DatabaseOption, JsonOption, LimitOption {
  readonly account?: Sid
  readonly start?: number
  readonly end?: number
  readonly zone?: Zone
  readonly country?: CountryCode
  readonly feed?: string
  readonly csv?: boolean
}

const PAGE_EVENTS = 1000

const EXAMPLES = `
Examples:
  simtally event list tracker-0001 --start 2026-02-01 --end 2026-03-01
  simtally event list tracker-0001 --start 2026-02-14 --end 2026-02-15 --zone home
  simtally event list 8901260000010000018 --country FRA --csv

These events add up to simtally usage for the same period, zone and country. Below an event are the
versions that it replaced, and those that were undone with their import; they do not count. An event
of which an undo has left nothing counts 0. CSV omits the versions.`

export function addEventCommand(program: Command, commandLine: CommandLine): void {
  const event = program.command('event').description('show the records behind what a SIM used')
  withOptions(
    event
      .command('list')
      .description('show the records behind what a SIM used, each with its file and line')
      .argument('<sim>', 'the SIM, by any of its names'),
    accountOption(),
    ...periodOptions(),
    zoneFilter(),
    countryFilter(),
    feedFilter(),
    limitOption(),
    jsonOption('event'),
    csvOption(),
  )
    .addHelpText('after', EXAMPLES)
    .action((sim: string, _: unknown, command: Command) =>
      showEvents(commandLine, sim, command.optsWithGlobals()),
    )
}

async function showEvents(
  commandLine: CommandLine,
  name: string,
  options: EventOptions,
): Promise<void> {
  const { start = null, end = null, zone, country } = options
  const window = fromFlags(() =>
    resolveWindow({ granularity: 'all', start, end, level: 'sim' }, commandLine.context.clock()),
  )
  await commandLine.withStore(options, async (store) => {
    const account = options.account === undefined ? null : await accountOf(store, options.account)
    const sim = await findHeldNamedSim(store, name, account)
    const feed = options.feed === undefined ? null : await feedOf(store, options.feed)
    const filter = {
      simId: sim.id,
      accountId: sim.accountId,
      start: Math.max(window.start, window.keptFrom),
      end: window.end,
      ...(zone === undefined ? {} : { zone }),
      ...(country === undefined ? {} : { country }),
      ...(feed === null ? {} : { feedId: feed.id }),
    }
    const events = limited(commandLine, options, eventsOf(store, filter))
    if (options.json === true) await printJson(commandLine, sim, events)
    else if (options.csv === true) await printCsv(commandLine, events)
    else await printTable(commandLine, sim, window, events)
  })
}

async function* eventsOf(store: UsageStore, filter: LedgerFilter): AsyncGenerator<LedgerEntry> {
  let after: LedgerEntry | undefined
  for (;;) {
    const page = await store.listUsageEvents(filter, {
      limit: PAGE_EVENTS,
      ...(after === undefined ? {} : { after }),
    })
    yield* page
    if (page.length < PAGE_EVENTS) return
    after = page.at(-1)
  }
}

/** As the operator names them: import numbers as `simtally import list` shows them, and whole paths. */
const AS_KEPT = { importOf: (id: number) => id, sourceOf: (source: string) => source }

type Events = AsyncIterable<LedgerEntry>

async function printJson(commandLine: CommandLine, sim: HeldSim, events: Events): Promise<void> {
  const { usageEventToApi } = await import('../../http/schemas/usage-event.ts')
  for await (const event of events) {
    await commandLine.printJson(usageEventToApi(event, sim, AS_KEPT))
  }
}

async function printCsv(commandLine: CommandLine, events: Events): Promise<void> {
  await commandLine.print(EVENT_CSV_HEADER)
  for await (const event of events) {
    await commandLine.print(eventCsvLine(event))
  }
}

async function printTable(
  commandLine: CommandLine,
  sim: HeldSim,
  window: UsageWindow,
  events: Events,
): Promise<void> {
  const period = `${formatInstant(window.statedStart)} to ${formatInstant(window.statedEnd)}`
  await commandLine.print(`${sim.sid} ${sim.uniqueName ?? ''}`.trimEnd())
  await commandLine.print([period, ''])
  await commandLine.print(eventTable(await Array.fromAsync(events)))
  if (window.beyondRetention) {
    await commandLine.note(`Usage before ${formatInstant(window.keptFrom)} is no longer kept.`)
  }
}
