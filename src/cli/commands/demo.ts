/** `simtally demo`: imports a fleet with three months of usage, and serves it. */
import type { Command } from 'commander'
import { floorTo, HOUR_SECONDS } from '../../domain/time.ts'
import { localPath } from '../../storage/open-store.ts'
import type { UsageStore } from '../../storage/usage-store.ts'
import type { CommandLine, DatabaseOption, JsonOption } from '../command-line.ts'
import { makeConsoleLink, operatorCredential } from '../console-link.ts'
import { EXIT } from '../context.ts'
import type { DemoFeedShape } from '../demo/deliveries.ts'
import { writeDemoFiles } from '../demo/feed-file.ts'
import { importDemoFeed } from '../demo/feed-import.ts'
import { demoFleet, SEED_MAX, SIM_COUNT_MAX } from '../demo/fleet.ts'
import { demoAccessJson, printDemoAccess, printDemoImport } from '../demo/report.ts'
import { mostTravelledSim, prepareDemo } from '../demo/setup.ts'
import { fromFlags, report } from '../failure.ts'
import { toImportJson } from '../import-report.ts'
import { limitsOf } from '../limit-settings.ts'
import { instantFlag, wholeNumberFlag } from '../option-values.ts'
import { HOST_DEFAULT, PORT_DEFAULT, serve } from '../serving.ts'
import { PORT_MAX } from '../settings.ts'

interface ShapeOptions {
  readonly seed: number
  readonly sims: number
  readonly days: number
}

interface DemoOptions extends ShapeOptions, DatabaseOption, JsonOption {
  readonly port?: number
  readonly serve: boolean
}

interface FeedOptions extends ShapeOptions {
  readonly out: string
  readonly simList?: string
  readonly until?: number
}

/** Not the default database of other commands, so that a demo never mixes with it. */
const DEMO_DATABASE_URL = 'sqlite:./data/demo.db'

/** Within the retention period: older usage would expire on delivery. */
const DAYS_MAX = 540

const EXAMPLES = `
Examples:
  simtally demo
  simtally demo --port 9000 --sims 1000 --days 30
  simtally demo write --out feed.csv --sim-list sims.csv

Makes an account, its SIMs and a feed in ${DEMO_DATABASE_URL}, unless --database names another,
imports the feed's records up to now, and serves them on port ${PORT_DEFAULT}, or a free one if that
is in use. Running it again keeps what is there and imports the feed again, which counts every
record once.`

const FEED_EXAMPLES = `
Examples:
  simtally demo write --out feed.csv --sim-list sims.csv
  simtally demo write --until 2026-01-01 --days 7 | gzip > week.csv.gz

The same seed and end make the same bytes.`

export function addDemoCommand(program: Command, commandLine: CommandLine): void {
  const demo = program
    .command('demo')
    .description('make a fleet with usage to look at, and serve it')
    .option(
      '--port <number>',
      'port to listen on; 0 picks a free one',
      wholeNumberFlag('--port', 0, PORT_MAX),
    )
    .option('--seed <number>', 'which fleet', wholeNumberFlag('--seed', 0, SEED_MAX), 1)
    .option('--sims <count>', 'how many SIMs', wholeNumberFlag('--sims', 1, SIM_COUNT_MAX), 250)
    .option('--days <count>', 'how many days of usage', wholeNumberFlag('--days', 1, DAYS_MAX), 90)
    .option('--no-serve', 'only import')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action((_: unknown, command: Command) => runDemo(commandLine, command.optsWithGlobals()))
  demo
    .command('write')
    .description("write the demo's feed and SIM list to files, to import them by hand")
    .option('--out <file>', 'where the feed goes, - for standard output', '-')
    .option('--sim-list <file>', 'where the list of its SIMs goes')
    .option('--until <time>', 'the end of the feed, cut to the hour; now', instantFlag('--until'))
    .addHelpText('after', FEED_EXAMPLES)
    .action((_: unknown, command: Command) => writeFeed(commandLine, command.optsWithGlobals()))
}

function shapeOf({ seed, sims, days }: ShapeOptions, endSeconds: number): DemoFeedShape {
  const until = floorTo(endSeconds, HOUR_SECONDS)
  return { seed, fleet: demoFleet(seed, sims), days, until }
}

/** A link for the operator, who sees everything. */
async function operatorLink(store: UsageStore, baseUrl: string, now: number): Promise<string> {
  const credential = await operatorCredential(store, now)
  return (await makeConsoleLink(store, credential, { baseUrl, now })).url
}

async function writeFeed({ context }: CommandLine, options: FeedOptions): Promise<void> {
  const shape = shapeOf(options, options.until ?? context.clock())
  await writeDemoFiles(context, shape, { feed: options.out, simList: options.simList ?? null })
}

async function runDemo(commandLine: CommandLine, options: DemoOptions): Promise<void> {
  const { context } = commandLine
  const databaseUrl = options.databaseUrl ?? DEMO_DATABASE_URL
  const credentialsPath = `${fromFlags(() => localPath(databaseUrl))}.credentials.json`
  const shape = shapeOf(options, context.clock())
  await commandLine.withStore(
    { databaseUrl },
    async (store) => {
      const { fleet } = shape
      const now = context.clock()
      const demo = await prepareDemo(store, { seed: options.seed, fleet, credentialsPath, now })
      const { summary, elapsedMs } = await importDemoFeed(context, { store, shape, demo })
      if (options.json !== true) await printDemoImport(context, { shape, summary, elapsedMs })
      if (summary.import.status === 'failed') {
        const hint = 'run it again: what is committed stays counted once'
        await report(context, `the demo's import: ${summary.import.error}`, hint)
        commandLine.exitCode = EXIT.failed
        return
      }
      const simSid = await mostTravelledSim(store, { account: demo.account, fleet, now })
      const show = async (url: string | null) => {
        const link = url === null ? null : await operatorLink(store, url, context.clock())
        const access = { url, link, demo, simSid, credentialsPath, databaseUrl }
        return options.json === true
          ? commandLine.printJson({ ...demoAccessJson(access), ...toImportJson(summary) })
          : printDemoAccess(context, access)
      }
      if (!options.serve) return await show(null)
      await serve(context, {
        store,
        databaseUrl,
        // Only one caller at a time looks at a demo.
        workers: 1,
        host: HOST_DEFAULT,
        port: options.port ?? PORT_DEFAULT,
        otherPortAllowed: options.port === undefined,
        limits: limitsOf(context.config, {}),
        // The demo explains itself on this terminal, where a log line per request would be in the way.
        logLevel: commandLine.setting('log-level') ?? 'warn',
        onListening: show,
      })
    },
    { create: true },
  )
}
