/** What a file would change, for programs and for people. */
import { recordCount } from '../domain/import.ts'
import { changeToApi } from '../http/usage-change.ts'
import type { DryRunSummary } from '../ingest/try-import.ts'
import { changeTable, exactJson } from './change-table.ts'
import { type CliContext, EXIT, type ExitCode } from './context.ts'
import { report, reportError } from './failure.ts'
import { exitCodeOf, seriesLines, toImportJson, verdictTable } from './import-report.ts'
import { operatorDetail } from './operator-detail.ts'
import { countOf, formatDuration } from './quantity-text.ts'

/** One line. Changes can pass 2^53, so their digits are written as they are. */
export function dryRunJson(summary: DryRunSummary): string {
  const { import: _, ...told } = toImportJson(summary)
  return exactJson({ dry_run: true, ...told, changes: summary.changes.map(changeToApi) })
}

/** Prints the result to stdout unless `quiet`, and always prints what went wrong to stderr. */
export async function printDryRun(
  context: CliContext,
  summary: DryRunSummary,
  { elapsedMs, quiet }: { readonly elapsedMs: number; readonly quiet: boolean },
): Promise<ExitCode> {
  const { import: done, warnings, firstQuarantined, changes } = summary
  for (const warning of warnings) await report(context, `${done.source}: ${warning}`)
  if (!quiet) {
    const { stdout } = context
    const records = countOf(recordCount(done.counts), 'record')
    await stdout.line(
      `dry run: ${records} of ${done.source} in ${formatDuration(elapsedMs)}, nothing is stored`,
    )
    await stdout.line(verdictTable(summary))
    for (const line of seriesLines(done)) await stdout.line(line)
    for (const record of firstQuarantined) {
      await stdout.line(`  line ${record.line}: ${record.reason}: ${operatorDetail(record)}`)
    }
    await stdout.line(changes.length === 0 ? 'no usage would change' : 'usage would change by')
    if (changes.length > 0) await stdout.line(changeTable(changes))
  }
  if (done.status === 'failed') {
    const faults = [`${done.source}: ${done.error ?? 'failed'}`]
    await reportError(context, { code: 'failed', exitCode: EXIT.failed, faults })
    return EXIT.failed
  }
  return exitCodeOf(done.counts)
}
