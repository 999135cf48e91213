/** What a file would change, for programs and for people. */
import { countryCodeAlpha3 } from '../domain/country.ts'
import { recordCount } from '../domain/import.ts'
import type { DryRunSummary } from '../ingest/try-import.ts'
import type { UsageChange } from '../storage/usage-store.ts'
import { type CliContext, EXIT, type ExitCode } from './context.ts'
import { report, reportError } from './failure.ts'
import { exitCodeOf, seriesLines, toImportJson, verdictTable } from './import-report.ts'
import { operatorDetail } from './operator-detail.ts'
import { countOf, formatCount, formatDuration } from './quantity-text.ts'
import { textTable } from './text-table.ts'

/** Not yet known to the type definitions. */
const { rawJSON } = JSON as JSON & { rawJSON(text: string): unknown }

/** Rows that a person is shown; JSON has all. */
const CHANGES_SHOWN_MAX = 100

/** One line; changes can pass 2^53, so their digits stand there as they are. */
export function dryRunJson(summary: DryRunSummary): string {
  const { import: _, ...told } = toImportJson(summary)
  const changes = summary.changes.map(({ accountSid, simSid, zone, country, ...counters }) => ({
    account_sid: accountSid,
    sim_sid: simSid,
    zone,
    country_code: country === null ? null : countryCodeAlpha3(country),
    upload: counters.upload,
    download: counters.download,
    to_sim: counters.toSim,
    from_sim: counters.fromSim,
  }))
  return JSON.stringify({ dry_run: true, ...told, changes }, (_key, value: unknown) =>
    typeof value === 'bigint' ? rawJSON(String(value)) : value,
  )
}

/** Prints the result to stdout unless `quiet`, and what went wrong to stderr either way. */
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
    const others = changes.length - CHANGES_SHOWN_MAX
    if (others > 0) await stdout.line(`  and ${formatCount(others)} more: --json has all`)
  }
  if (done.status === 'failed') {
    const faults = [`${done.source}: ${done.error ?? 'failed'}`]
    await reportError(context, { code: 'failed', exitCode: EXIT.failed, faults })
    return EXIT.failed
  }
  return exitCodeOf(done.counts)
}

const TITLES = ['ACCOUNT', 'SIM', 'WHERE', 'UPLOAD', 'DOWNLOAD', 'TO SIM', 'FROM SIM']

/** Each account's total, and below it its SIMs by zone and country. */
function changeTable(changes: readonly UsageChange[]): string[] {
  const shown = changes.slice(0, CHANGES_SHOWN_MAX)
  const rows = [...Map.groupBy(shown, ({ accountSid }) => accountSid).keys()].flatMap((account) => {
    const ofAccount = changes.filter(({ accountSid }) => accountSid === account)
    const total = (name: 'upload' | 'download' | 'toSim' | 'fromSim') =>
      ofAccount.reduce((sum, change) => sum + change[name], 0n)
    return [
      row(
        [account, '', 'total'],
        [total('upload'), total('download'), total('toSim'), total('fromSim')],
      ),
      ...shown
        .filter(({ accountSid }) => accountSid === account)
        .map(({ simSid, zone, country, upload, download, toSim, fromSim }) => {
          const where = country === null ? zone : `${zone} ${countryCodeAlpha3(country)}`
          return row(['', simSid, where], [upload, download, toSim, fromSim])
        }),
    ]
  })
  return textTable([TITLES, ...rows], ['left', 'left', 'left', 'right', 'right', 'right', 'right'])
}

function row(names: readonly string[], counters: readonly bigint[]): string[] {
  return [
    ...names,
    ...counters.map((count) => (count > 0n ? `+${formatCount(count)}` : formatCount(count))),
  ]
}
