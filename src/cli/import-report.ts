/** The result of an import, for programs and for people. */
import { type Import, recordCount, type VerdictCounts } from '../domain/import.ts'
import { RETENTION_MONTHS } from '../domain/period.ts'
import { formatInstant } from '../domain/time.ts'
import type { ImportSummary } from '../ingest/import-records.ts'
import { type CliContext, EXIT, type ExitCode } from './context.ts'
import { report, reportError } from './failure.ts'
import { operatorDetail } from './operator-detail.ts'
import { countOf, formatCount, formatDuration } from './quantity-text.ts'
import { textTable } from './text-table.ts'

export function toImportJson({ import: done, warnings, firstQuarantined }: ImportSummary) {
  return {
    import: done.id,
    records: recordCount(done.counts),
    ...done.counts,
    readings: done.series,
    source: done.source,
    status: done.status,
    error: done.error,
    warnings,
    errors: firstQuarantined.map((record) => ({
      line: record.line,
      reason: record.reason,
      field: record.field,
      detail: operatorDetail(record),
    })),
  }
}

/** Prints the result to stdout unless `quiet`, and always prints what went wrong to stderr. */
export async function printImportReport(
  context: CliContext,
  summary: ImportSummary,
  { elapsedMs, quiet }: { readonly elapsedMs: number; readonly quiet: boolean },
): Promise<ExitCode> {
  const { import: done, hint, warnings, firstQuarantined } = summary
  const records = countOf(recordCount(done.counts), 'record')
  for (const warning of warnings) await report(context, `${done.source}: ${warning}`)
  if (!quiet) {
    await context.stdout.line(
      `import ${done.id}: ${records} of ${done.source} in ${formatDuration(elapsedMs)}`,
    )
    await context.stdout.line(verdictTable(summary))
    for (const line of seriesLines(done)) await context.stdout.line(line)
    for (const record of firstQuarantined) {
      const { line, reason } = record
      await context.stdout.line(`  line ${line}: ${reason}: ${operatorDetail(record)}`)
    }
    if (done.counts.quarantined > 0) {
      await context.stdout.line(`  all of them: simtally quarantine list --import ${done.id}`)
    }
  }
  if (done.counts.expired > 0) await report(context, expiredText(done))
  if (done.status === 'failed') {
    await reportError(context, {
      code: 'failed',
      exitCode: EXIT.failed,
      faults: [`${done.source}: ${done.error ?? 'failed'}`],
      hint: [...(hint === null ? [] : [hint]), countedHint(recordCount(done.counts))].join('; '),
    })
    return EXIT.failed
  }
  return exitCodeOf(done.counts)
}

/** A delivery is fine if every record has its place. */
export function exitCodeOf({ quarantined, expired }: VerdictCounts): ExitCode {
  return quarantined + expired > 0 ? EXIT.quarantined : EXIT.done
}

/** For a delivery that is at fault itself and would fail again unchanged. */
function countedHint(counted: number): string {
  if (counted === 0) return 'nothing of it was counted'
  const records = countOf(counted, 'record of it is', 'records of it are')
  return `${records} committed; importing it again is safe, and completes the count once it can be read to its end`
}

/** For a delivery that failed through no fault of its own. */
export function committedHint(committed: number): string {
  const records = countOf(committed, 'record of it is', 'records of it are')
  return `${records} committed; importing it again is safe and completes the count`
}

/**
 * Records that do not count because of their age have a text of their own, since they can reveal a wrong
 * clock.
 */
function expiredText({ source, counts, startedAt }: Import): string {
  return (
    `${source}: ${countOf(counts.expired, 'record is', 'records are')} expired, older than the ` +
    `${RETENTION_MONTHS} months that are kept, and not counted; the clock says ` +
    `${formatInstant(startedAt)}. If it is wrong, correct it and deliver again: that counts them`
  )
}

/** What a person wants to know of readings besides their growth. */
export function seriesLines({ series }: Pick<Import, 'series'>): string[] {
  const told = [
    [series.falls, 'below what was counted before: they add nothing until that is passed'],
    [series.resets, 'whose counters began again'],
    [series.wraps, 'of full counters that continued from 0'],
  ] as const
  return told.flatMap(([count, meaning]) =>
    count === 0 ? [] : [`  readings ${meaning}: ${formatCount(count)}`],
  )
}

/** One line per verdict: its count and what it means. */
export function verdictTable({
  import: { counts },
}: {
  readonly import: { readonly counts: VerdictCounts }
}): string[] {
  const rows = [
    ['accepted', counts.accepted, 'new, and counted'],
    ['duplicate', counts.duplicate, 'already stored, changed nothing'],
    ['replaced', counts.replaced, 'corrected an earlier version'],
    ['quarantined', counts.quarantined, 'could not be counted, in quarantine'],
    ['expired', counts.expired, 'older than the retention'],
  ] as const
  return textTable(
    rows.map(([verdict, count, meaning]) => [`  ${verdict}`, formatCount(count), meaning]),
    ['left', 'right'],
  )
}
