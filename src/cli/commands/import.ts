/** `simtally import`: counts the usage records of files, or of those dropped into a folder. */
import type { Command } from 'commander'
import { UsageError } from '../../domain/usage-error.ts'
import { BATCH_RECORDS_MAX, type UsageStore } from '../../storage/usage-store.ts'
import { type CommandLine, type DatabaseOption, feedOf, type JsonOption } from '../command-line.ts'
import { STANDARD_INPUT } from '../delivery.ts'
import { report, WrongUsage } from '../failure.ts'
import { importFile, worse } from '../file-import.ts'
import { wholeNumberFlag } from '../option-values.ts'
import { sealDays } from '../upkeep.ts'
import { watchFolder } from '../watch-folder.ts'

interface ImportOptions extends DatabaseOption, JsonOption {
  readonly feed: string
  readonly batchSize?: number
  readonly watch?: string
  readonly settle?: number
  readonly once?: boolean
}

/** Long enough for a transfer that stalls for a moment. */
const SETTLE_SECONDS_DEFAULT = 10
const SETTLE_SECONDS_MAX = 86_400

const EXAMPLES = `
Examples:
  simtally import usage-2026-11-*.csv.gz --feed roamco
  zcat usage.csv.gz | simtally import - --feed roamco --json
  simtally import --watch /srv/roamco --feed roamco

Files are read as their feed says, plain or gzip. A record that was counted before is a
duplicate and changes nothing, so any file may be imported again. With --json each file's result
is one line. A file that fails does not keep the others from being imported.

With --watch, a file is taken once it has not changed for the settle time, or was renamed in the
folder from a temporary name, and goes to done/ or failed/ in it after its import. Names
that begin with a dot or end in .part, .tmp and the like are left alone. It ends at a signal, after
the file under way; a file whose import was cut short stays, and is imported again.`

export function addImportCommand(program: Command, commandLine: CommandLine): void {
  program
    .command('import')
    .description('count the usage records of files')
    .argument('[file...]', 'files, or - for standard input')
    .requiredOption('--feed <name>', 'the feed they belong to')
    .option('--watch <folder>', 'import the files that are dropped into this folder')
    .option(
      '--settle <seconds>',
      `with --watch: a file is complete when unchanged for so long (default: ${SETTLE_SECONDS_DEFAULT})`,
      wholeNumberFlag('--settle', 0, SETTLE_SECONDS_MAX),
    )
    .option('--once', 'with --watch: take the files that are there, and end')
    .option(
      '--batch-size <records>',
      'records in one transaction',
      wholeNumberFlag('--batch-size', 1, BATCH_RECORDS_MAX),
    )
    .option('--json', 'print JSON, one file a line')
    .addHelpText('after', EXAMPLES)
    .action((files: readonly string[], _: unknown, command: Command) => {
      const options: ImportOptions = command.optsWithGlobals()
      return options.watch === undefined
        ? importFiles(commandLine, files, options)
        : importFolder(commandLine, files, { ...options, watch: options.watch })
    })
}

async function importFiles(
  commandLine: CommandLine,
  names: readonly string[],
  options: ImportOptions,
): Promise<void> {
  if (names.length === 0) {
    throw new WrongUsage('no file is named', 'name files, - for standard input, or --watch FOLDER')
  }
  if (options.settle !== undefined || options.once !== undefined) {
    throw new WrongUsage('--settle and --once are for --watch')
  }
  if (names.filter((name) => name === STANDARD_INPUT).length > 1) {
    throw new WrongUsage('standard input (-) can be read only once')
  }
  const { context } = commandLine
  await commandLine.withStore(options, async (store) => {
    const feed = await feedOf(store, options.feed)
    for (const name of names) {
      const exitCode = await importFile(context, { store, feed, name, ...shared(options) })
      commandLine.exitCode = worse(commandLine.exitCode, exitCode)
      if (context.stop.signal !== null) return
    }
    await sealCompleteDays(commandLine, store)
  })
}

async function importFolder(
  commandLine: CommandLine,
  names: readonly string[],
  options: ImportOptions & { readonly watch: string },
): Promise<void> {
  if (names.length > 0) {
    throw new WrongUsage('--watch takes its files from the folder', 'leave out the names of files')
  }
  await commandLine.withStore(options, async (store) => {
    const feed = await feedOf(store, options.feed)
    commandLine.exitCode = await watchFolder(commandLine.context, {
      store,
      feed,
      folder: options.watch,
      settleSeconds: options.settle ?? SETTLE_SECONDS_DEFAULT,
      once: options.once === true,
      ...shared(options),
    })
    if (commandLine.context.stop.signal === null) await sealCompleteDays(commandLine, store)
  })
}

/** What was imported is on disk and told already: a failure here costs speed and nothing else. */
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
