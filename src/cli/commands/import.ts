/** `simtally import`: counts the usage records of files, given by name or dropped into a folder. */
import type { Command } from 'commander'
import { UsageError } from '../../domain/usage-error.ts'
import { onePlace, placesByFeed, type WatchedPlaces } from '../../ingest/drop-folder/places.ts'
import { type FolderRoute, FolderRoutes, parseRoute } from '../../ingest/drop-folder/routes.ts'
import { BATCH_RECORDS_MAX, type UsageStore } from '../../storage/usage-store.ts'
import { type CommandLine, type DatabaseOption, feedOf, type JsonOption } from '../command-line.ts'
import { STANDARD_INPUT } from '../delivery.ts'
import { fromFlags, report, WrongUsage } from '../failure.ts'
import { importFile, worse } from '../file-import.ts'
import { wholeNumberFlag } from '../option-values.ts'
import { batchSizeOption, dryRunOption, feedOption, jsonOption } from '../options.ts'
import { sealDays } from '../upkeep.ts'
import { watchFolder } from '../watch-folder.ts'
import { addImportListCommands } from './import-list.ts'
import { addImportUndoCommand } from './import-undo.ts'

interface ImportOptions extends DatabaseOption, JsonOption {
  readonly feed?: string
  readonly match?: readonly string[]
  readonly byFolder?: boolean
  readonly batchSize?: number
  readonly watch?: string
  readonly settle?: number
  readonly once?: boolean
  readonly dryRun?: boolean
}

/** Long enough for a transfer that stalls for a moment. */
const SETTLE_SECONDS_DEFAULT = 10
const SETTLE_SECONDS_MAX = 86_400

const EXAMPLES = `
Examples:
  simtally import usage-2026-11-*.csv.gz --feed roamco
  zcat usage.csv.gz | simtally import - --feed roamco --json
  simtally import --watch /srv/roamco --feed roamco
  simtally import --watch /srv/drop --match 'CD*=roamco' --match 'usage-*.csv=acme'
  simtally import --watch /srv/carriers --by-folder
  simtally import usage.csv --feed roamco --dry-run

"simtally import FILE" is short for "simtally import run FILE". Files are read as their feed says,
plain or gzip. --feed names it, unless --match or --by-folder do. A record that was counted before
is a duplicate and changes nothing, so you may import any file again. With --json each file's result
is one line. If a file fails, the others are still imported. A transaction has 10,000 records at
first, and up to 50,000 while nobody else writes to the store, unless --batch-size says how many.

With --dry-run each file is imported completely, by itself, and then rolled back: its verdicts, and
the changes of usage by account, SIM and country, are those of importing it now. Until it is done,
nothing else can write to a SQLite database, as during one long batch (other processes wait up to 30
seconds, then fail and may try again). On PostgreSQL others wait only if they change the same hours
of the same accounts, or for retention and undo, which wait for imports anyway.

With --watch, a file is imported once it has not changed for the settle time, or was renamed in the
folder from a temporary name, and is then moved to done/ or failed/ in it. Names that begin with a
dot or end in .part, .tmp and the like are ignored. With --match, the first pattern that matches a
name gives its feed (* stands for any characters, ? for one). With --by-folder, each folder with a
feed's name has its own done/ and failed/. Each line says when it was written. A signal ends the
watch after the current file; a file whose import was interrupted stays, and is imported again.`

const GROUP_EXAMPLES = `
Examples:
  simtally import usage-2026-11-*.csv.gz --feed roamco
  simtally import list --feed roamco
  simtally import undo 17

"import run" imports files, and you may omit "run": simtally import run --help says more. If a file
has the name of a command, import it as ./list.`

export function addImportCommand(program: Command, commandLine: CommandLine): void {
  const imports = program
    .command('import')
    // A file may be called `help`.
    .helpCommand(false)
    .description('count the usage records of files, show imports, and undo them')
    .addHelpText('after', GROUP_EXAMPLES)
  const command = imports
    .command('run', { isDefault: true })
    .description('count the usage records of files; what import does by default')
    .argument('[file...]', 'files, or - for standard input')
    .addOption(feedOption())
    .option('--watch <folder>', 'import the files that are dropped into this folder')
    .option(
      '--match <pattern=feed>',
      'with --watch: files whose names match belong to this feed, all others to --feed; may be repeated',
      (text: string, before: readonly string[] = []) => [...before, text],
    )
    .option('--by-folder', 'with --watch: each folder in it belongs to the feed with its name')
    .option(
      '--settle <seconds>',
      `with --watch: a file is complete when unchanged for this long (default: ${SETTLE_SECONDS_DEFAULT})`,
      wholeNumberFlag('--settle', 0, SETTLE_SECONDS_MAX),
    )
    .option('--once', 'with --watch: import the files that are there, and end')
    .addOption(batchSizeOption(BATCH_RECORDS_MAX))
    .addOption(dryRunOption())
    .addOption(jsonOption('file'))
    .addHelpText('after', EXAMPLES)
    .action((files: readonly string[]) => {
      const options: ImportOptions = command.optsWithGlobals()
      return options.watch === undefined
        ? importFiles(commandLine, files, options)
        : importFolder(commandLine, files, { ...options, watch: options.watch })
    })
  addImportListCommands(imports, commandLine)
  addImportUndoCommand(imports, commandLine)
}

async function importFiles(
  commandLine: CommandLine,
  names: readonly string[],
  options: ImportOptions,
): Promise<void> {
  if (names.length === 0) {
    throw new WrongUsage('no file is named', 'name files, - for standard input, or --watch FOLDER')
  }
  const ofWatch = (['settle', 'once', 'match', 'byFolder'] as const).filter(
    (name) => options[name] !== undefined,
  )
  if (ofWatch.length > 0) {
    throw new WrongUsage('--settle, --once, --match and --by-folder are for --watch')
  }
  const feedName = requiredFeed(options)
  if (names.filter((name) => name === STANDARD_INPUT).length > 1) {
    throw new WrongUsage('standard input (-) can be read only once')
  }
  const { context } = commandLine
  await commandLine.withStore(options, async (store) => {
    const feed = await feedOf(store, feedName)
    for (const name of names) {
      const dryRun = options.dryRun === true
      const file = { store, feed, name, dryRun, ...shared(options) }
      const exitCode = await importFile(context, file)
      commandLine.exitCode = worse(commandLine.exitCode, exitCode)
      if (context.stop.signal !== null) return
    }
    if (options.dryRun !== true) await sealCompleteDays(commandLine, store)
  })
}

async function importFolder(
  commandLine: CommandLine,
  names: readonly string[],
  options: ImportOptions & { readonly watch: string },
): Promise<void> {
  if (options.dryRun === true) throw new WrongUsage('--watch has no --dry-run: name the files')
  if (names.length > 0) {
    throw new WrongUsage('--watch takes its files from the folder', 'leave out the names of files')
  }
  const routes = fromFlags(() => (options.match ?? []).map(parseRoute))
  if (options.byFolder === true) {
    if (options.feed !== undefined || routes.length > 0) {
      throw new WrongUsage(
        '--by-folder takes feeds from the names of folders: leave out the others',
      )
    }
  } else if (routes.length === 0) requiredFeed(options)
  await commandLine.withStore(options, async (store) => {
    commandLine.exitCode = await watchFolder(commandLine.context, {
      store,
      places: await placesOf(store, options, routes),
      once: options.once === true,
      ...shared(options),
    })
    if (commandLine.context.stop.signal === null) await sealCompleteDays(commandLine, store)
  })
}

async function placesOf(
  store: UsageStore,
  { watch, feed, byFolder, settle = SETTLE_SECONDS_DEFAULT }: ImportOptions & { watch: string },
  routes: readonly ReturnType<typeof parseRoute>[],
): Promise<WatchedPlaces> {
  const settleMs = settle * 1000
  if (byFolder === true) return placesByFeed(watch, store, settleMs)
  const found: FolderRoute[] = []
  for (const { pattern, feedName } of routes) {
    found.push({ pattern, feed: await feedOf(store, feedName) })
  }
  const others = feed === undefined ? null : await feedOf(store, feed)
  return onePlace(watch, new FolderRoutes(found, others), settleMs)
}

/** Commander cannot require it, because it would require it of `import undo` too. */
function requiredFeed({ feed }: ImportOptions): string {
  if (feed === undefined) throw new WrongUsage("required option '--feed <name>' not specified")
  return feed
}

/** The import is on disk and reported by now. A failure here costs only speed. */
async function sealCompleteDays({ context }: CommandLine, store: UsageStore): Promise<void> {
  try {
    await sealDays(store, context.clock())
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    const hint = 'the records are counted; simtally serve sums the days up later'
    await report(context, `complete days could not be summed up: ${error.message}`, hint)
  }
}

function shared({ batchSize, json }: ImportOptions) {
  return { batchSize, json: json === true }
}
