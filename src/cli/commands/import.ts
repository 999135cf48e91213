/** `simtally import`: counts the usage records of files. */
import type { Command } from 'commander'
import type { Feed } from '../../domain/directory.ts'
import { recordCount } from '../../domain/import.ts'
import { UsageError } from '../../domain/usage-error.ts'
import { importRecords } from '../../ingest/import-records.ts'
import { BATCH_RECORDS_MAX, type UsageStore } from '../../storage/usage-store.ts'
import { type CommandLine, type DatabaseOption, feedOf, type JsonOption } from '../command-line.ts'
import { EXIT, type ExitCode } from '../context.ts'
import { type Delivery, openDelivery, STANDARD_INPUT } from '../delivery.ts'
import { report, WrongUsage } from '../failure.ts'
import { showImportProgress } from '../import-progress.ts'
import { committedHint, printImportReport, toImportJson } from '../import-report.ts'
import { wholeNumberFlag } from '../option-values.ts'

interface ImportOptions extends DatabaseOption, JsonOption {
  readonly feed: string
  readonly batchSize?: number
}

const EXAMPLES = `
Examples:
  simtally import usage-2026-11-*.csv.gz --feed roamco
  zcat usage.csv.gz | simtally import - --feed roamco --json

Files are written as their feed says, plain or gzip. A record that was counted before is a
duplicate and changes nothing, so any file may be imported again. With --json each file's result
is one line. A file that fails does not keep the others from being imported.`

export function addImportCommand(program: Command, commandLine: CommandLine): void {
  program
    .command('import')
    .description('count the usage records of files')
    .argument('<file...>', 'files, or - for standard input')
    .requiredOption('--feed <name>', 'the feed they belong to')
    .option(
      '--batch-size <records>',
      'records in one transaction',
      wholeNumberFlag('--batch-size', 1, BATCH_RECORDS_MAX),
    )
    .option('--json', 'print JSON, one file a line')
    .addHelpText('after', EXAMPLES)
    .action((files: readonly string[], _: unknown, command: Command) =>
      importFiles(commandLine, files, command.optsWithGlobals()),
    )
}

async function importFiles(
  commandLine: CommandLine,
  names: readonly string[],
  options: ImportOptions,
): Promise<void> {
  if (names.filter((name) => name === STANDARD_INPUT).length > 1) {
    throw new WrongUsage('standard input (-) can be read only once')
  }
  await commandLine.withStore(options, async (store) => {
    const feed = await feedOf(store, options.feed)
    for (const name of names) {
      const exitCode = await importOne(commandLine, { store, feed, name, options })
      commandLine.exitCode = worse(commandLine.exitCode, exitCode)
      if (commandLine.context.stop.signal !== null) return
    }
  })
}

interface FileImport {
  readonly store: UsageStore
  readonly feed: Feed
  readonly name: string
  readonly options: ImportOptions
}

/** Failures of the store reject: they would be the other files' as well. */
async function importOne(commandLine: CommandLine, file: FileImport): Promise<ExitCode> {
  let delivery: Delivery
  try {
    delivery = await openDelivery(commandLine.context, file.name)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    await report(commandLine.context, error.message, error.hint)
    return EXIT.failed
  }
  try {
    return await importDelivery(commandLine, file, delivery)
  } finally {
    await delivery.close()
  }
}

async function importDelivery(
  { context }: CommandLine,
  { store, feed, options }: FileImport,
  delivery: Delivery,
): Promise<ExitCode> {
  const { name, bytes, sizeBytes } = delivery
  const startedAt = performance.now()
  let committed = 0
  const display = showImportProgress(context.stderr, ({ bytesRead }) =>
    sizeBytes === null || sizeBytes === 0 ? null : bytesRead / sizeBytes,
  )
  const summary = await importRecords({
    store,
    feed,
    account: null,
    source: { name, bytes },
    clock: context.clock,
    ...(options.batchSize === undefined ? {} : { batchRecordsMax: options.batchSize }),
    onProgress: (progress) => {
      committed = recordCount(progress.counts)
      display.update(progress)
    },
  })
    .finally(() => display.end())
    .catch((error: unknown) => throwWithCommitted(error, name, committed))
  if (options.json === true) {
    await context.stdout.line(JSON.stringify(toImportJson(summary)))
  }
  return await printImportReport(context, summary, {
    elapsedMs: performance.now() - startedAt,
    quiet: options.json === true,
  })
}

/** A failure of the store, with what the person has to know of the file. */
function throwWithCommitted(error: unknown, name: string, committed: number): never {
  if (!(error instanceof UsageError)) throw error
  const { code, message, hint } = error
  throw new UsageError(code, `${name}: ${message}`, {
    hint: [...(hint === undefined ? [] : [hint]), committedHint(committed)].join('; '),
    cause: error,
  })
}

/** A failure is worse than quarantined records, and these are worse than nothing to tell. */
function worse(a: ExitCode, b: ExitCode): ExitCode {
  if (a === EXIT.failed || b === EXIT.failed) return EXIT.failed
  return a === EXIT.done ? b : a
}
