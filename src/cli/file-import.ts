/** Imports one file for a command: shows its progress, and prints what became of it. */
import type { Feed } from '../domain/directory.ts'
import { recordCount } from '../domain/import.ts'
import { UsageError } from '../domain/usage-error.ts'
import { keepFailedDelivery } from '../ingest/failed-delivery.ts'
import { importRecords } from '../ingest/import-records.ts'
import { tryImport } from '../ingest/try-import.ts'
import type { UsageStore } from '../storage/usage-store.ts'
import { type CliContext, EXIT, type ExitCode } from './context.ts'
import { type Delivery, openUnverified } from './delivery.ts'
import { dryRunJson, printDryRun } from './dry-run-report.ts'
import { reportUsageError } from './failure.ts'
import { showImportProgress } from './import-progress.ts'
import { committedHint, printImportReport, toImportJson } from './import-report.ts'
import { limitsOf } from './limit-settings.ts'

export interface FileImport {
  readonly store: UsageStore
  readonly feed: Feed
  readonly name: string
  readonly batchSize: number | undefined
  readonly json: boolean
  /** Only says what importing the file would change. */
  readonly dryRun?: boolean
}

/** Reports what is wrong with the file. Rejects if the store fails, because that affects every file. */
export async function importFile(context: CliContext, file: FileImport): Promise<ExitCode> {
  let delivery: Delivery
  try {
    delivery = await openUnverified(context, file.name)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    await reportUsageError(context, error)
    return EXIT.failed
  }
  return await importOpened(context, file, delivery)
}

/** As `importFile`, for an open delivery, which it closes. */
export async function importOpened(
  context: CliContext,
  file: FileImport,
  delivery: Delivery,
): Promise<ExitCode> {
  try {
    try {
      await delivery.verify()
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      return await failDelivery(context, file, error)
    }
    return file.dryRun === true
      ? await tryDelivery(context, file, delivery)
      : await importDelivery(context, file, delivery)
  } finally {
    await delivery.close()
  }
}

/** Reports a file that cannot be read at all, and keeps it among the failed imports. */
export async function failDelivery(
  context: CliContext,
  { store, feed, name, dryRun, json }: FileImport,
  failure: UsageError,
): Promise<ExitCode> {
  await reportUsageError(context, failure)
  if (dryRun === true) return EXIT.failed
  const delivery = { store, feed, source: name, clock: context.clock }
  const failed = await keepFailedDelivery(delivery, failure)
  if (json) {
    const { limit = null, hint = null } = failure
    const summary = { import: failed, limit, hint, warnings: [], firstQuarantined: [] }
    await context.stdout.line(JSON.stringify(toImportJson(summary)))
  }
  return EXIT.failed
}

async function importDelivery(
  context: CliContext,
  { store, feed, batchSize, json }: FileImport,
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
    limits: limitsOf(context.config, {}),
    ...(batchSize === undefined ? {} : { batchRecordsMax: batchSize }),
    onProgress: (progress) => {
      committed = recordCount(progress.counts)
      display.update(progress)
    },
  })
    .finally(() => display.end())
    .catch((error: unknown) => throwWithCommitted(error, name, committed))
  if (json) await context.stdout.line(JSON.stringify(toImportJson(summary)))
  return await printImportReport(context, summary, {
    elapsedMs: performance.now() - startedAt,
    quiet: json,
  })
}

async function tryDelivery(
  context: CliContext,
  { store, feed, batchSize, json }: FileImport,
  { name, bytes }: Delivery,
): Promise<ExitCode> {
  const startedAt = performance.now()
  const summary = await tryImport({
    store,
    feed,
    account: null,
    source: { name, bytes },
    clock: context.clock,
    limits: limitsOf(context.config, {}),
    ...(batchSize === undefined ? {} : { batchRecordsMax: batchSize }),
  })
  if (json) await context.stdout.line(dryRunJson(summary))
  return await printDryRun(context, summary, {
    elapsedMs: performance.now() - startedAt,
    quiet: json,
  })
}

/** A failure of the store, with what the person has to know about the file. */
function throwWithCommitted(error: unknown, name: string, committed: number): never {
  if (!(error instanceof UsageError)) throw error
  const { code, message, hint } = error
  throw new UsageError(code, `${name}: ${message}`, {
    hint: [...(hint === undefined ? [] : [hint]), committedHint(committed)].join('; '),
    cause: error,
  })
}

/** A failure is worse than quarantined records, and those are worse than nothing to report. */
export function worse(a: ExitCode, b: ExitCode): ExitCode {
  if (a === EXIT.failed || b === EXIT.failed) return EXIT.failed
  return a === EXIT.done ? b : a
}
