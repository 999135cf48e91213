/** Usage events as a table and as CSV. */
import { COUNTER_FIELDS, counterValues } from '../domain/counters.ts'
import { countryCodeAlpha3 } from '../domain/country.ts'
import type {
  LedgerEntry,
  Provenance,
  ReplacedVersion,
  UndoneVersion,
} from '../domain/ledger-entry.ts'
import { formatInstant } from '../domain/time.ts'
import type { EventVersion } from '../domain/usage-event.ts'
import { csvLine } from '../http/csv-line.ts'
import { COUNTER_TITLES, formatCount } from './quantity-text.ts'
import { textTable } from './text-table.ts'

const TITLES = [
  ...['OCCURRED', 'RECORD', 'FEED', 'WHERE', 'NETWORK', ...COUNTER_TITLES],
  ...['IMPORT', 'FILE', 'LINE', 'KNOWN'],
]
const ALIGNMENTS = TITLES.map((title) =>
  [...COUNTER_TITLES, 'IMPORT', 'LINE'].includes(title) ? 'right' : 'left',
)

/**
 * One line per event, with the reading if any events are readings. Below it come the versions that it
 * replaced, then those that were undone, the newest first.
 */
export function eventTable(entries: readonly LedgerEntry[]): string[] {
  const hasReadings = entries.some(({ reading }) => reading !== null)
  const titles = hasReadings ? [...TITLES, 'READING'] : TITLES
  const rows = entries.flatMap((entry) => [
    [
      ...[formatInstant(entry.occurredAt), entry.recordId, entry.feedName],
      ...versionCells(entry),
      ...(hasReadings ? [entry.reading ?? ''] : []),
    ],
    ...entry.replaced.toReversed().map(replacedRow),
    ...entry.undone.toReversed().map(undoneRow),
  ])
  return textTable([titles, ...rows], ALIGNMENTS)
}

function replacedRow(version: ReplacedVersion): string[] {
  const until = `until ${formatInstant(version.replacedAt)}, import ${version.replacedByImport}:`
  return ['', `  ${until}`, '', ...versionCells(version)]
}

function undoneRow(version: UndoneVersion): string[] {
  return ['', `  undone ${formatInstant(version.undoneAt)}:`, '', ...versionCells(version)]
}

function versionCells(version: EventVersion & Provenance): string[] {
  const { serving, importId, source, line, knownAt } = version
  const country = serving.country === null ? '' : ` ${countryCodeAlpha3(serving.country)}`
  return [
    serving.zone.replace('_', ' ') + country,
    serving.plmn ?? '',
    ...counterValues(version).map(formatCount),
    String(importId),
    source,
    String(line),
    formatInstant(knownAt),
  ]
}

export const EVENT_CSV_HEADER =
  `occurred_at,feed,record_id,zone,country_code,plmn,${COUNTER_FIELDS.join(',')},` +
  'import,source,line,date_known,versions_replaced,status,reading'

/** Only events that count, so that the lines of a period add up to its usage. */
export function eventCsvLine(entry: LedgerEntry): string {
  const { zone, country, plmn } = entry.serving
  return csvLine([
    formatInstant(entry.occurredAt),
    entry.feedName,
    entry.recordId,
    zone,
    country === null ? '' : countryCodeAlpha3(country),
    plmn ?? '',
    ...counterValues(entry),
    entry.importId,
    entry.source,
    entry.line,
    formatInstant(entry.knownAt),
    entry.replaced.length,
    entry.isCounted ? 'counted' : 'undone',
    entry.reading ?? '',
  ])
}
