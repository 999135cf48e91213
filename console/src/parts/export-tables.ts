/** The panels' rows as tables to export, under the API's field names. */
import type { Schema } from '../../../src/client/client.ts'
import type { Amounts, UsageRow } from '../api/amounts.ts'
import type { Bucket, Layer } from '../charts/buckets.ts'
import { isComplete } from '../format/completeness.ts'
import type { CsvTable } from '../format/csv.ts'
import { isoText, WEEKDAYS } from '../format/time.ts'
import type { Period } from '../state/period.ts'
import type { Metric } from '../state/view.ts'

type Bounds = Pick<Period, 'start' | 'end'>

const AMOUNTS = [
  ...['download', 'upload', 'data_total', 'to_sim', 'from_sim', 'commands_total'],
] as const

function amountsOf(of: Amounts): bigint[] {
  return [of.download, of.upload, of.data, of.toSim, of.fromSim, of.commands]
}

export const TOTAL_COLUMNS: Readonly<Record<Metric, string>> = {
  data: 'data_total',
  commands: 'commands_total',
}

/** Members with all their counters. */
export function membersTable(
  rows: readonly UsageRow[],
  names: readonly (keyof UsageRow['member'])[],
  period: Bounds,
): CsvTable {
  const bounds = [isoText(period.start), isoText(period.end)]
  return {
    columns: [...names, 'start', 'end', ...AMOUNTS],
    rows: rows.map((row) => [
      ...names.map((name) => row.member[name]),
      ...bounds,
      ...amountsOf(row),
    ]),
  }
}

export interface NamedSim {
  readonly row: UsageRow
  readonly sim: Pick<Schema<'Sim'>, 'sid' | 'unique_name' | 'friendly_name' | 'iccid'>
}

export function topSimsTable(sims: readonly NamedSim[], period: Bounds): CsvTable {
  const bounds = [isoText(period.start), isoText(period.end)]
  return {
    columns: [...['sim_sid', 'unique_name', 'friendly_name', 'iccid', 'start', 'end'], ...AMOUNTS],
    rows: sims.map(({ row, sim }) => [
      ...[sim.sid, sim.unique_name, sim.friendly_name, sim.iccid],
      ...bounds,
      ...amountsOf(row),
    ]),
  }
}

/** The period, then the one it is compared with. */
export function totalsTable(
  periods: readonly { readonly period: Bounds; readonly amounts: Amounts }[],
): CsvTable {
  return {
    columns: ['start', 'end', ...AMOUNTS],
    rows: periods.map(({ period, amounts }) => [
      ...[isoText(period.start), isoText(period.end)],
      ...amountsOf(amounts),
    ]),
  }
}

export interface Series {
  readonly metric: Metric
  readonly layers: readonly Layer[]
  readonly buckets: readonly Bucket[]
  /** Null without a comparison. */
  readonly before: readonly bigint[] | null
  readonly completeFrom: number | null
  readonly completeThrough: number | null
}

/** Commands have other names for the directions to and from a SIM. */
const COMMAND_COLUMNS: Readonly<Record<string, string>> = { download: 'to_sim', upload: 'from_sim' }

/**
 * `complete` is empty if no feed says so. Usage that is not complete may still grow, or was never fully
 * delivered.
 */
export function seriesTable(series: Series): CsvTable {
  const { metric, layers, buckets, before } = series
  const total = TOTAL_COLUMNS[metric]
  const layerColumns = layers.map(({ key }) =>
    metric === 'commands' ? (COMMAND_COLUMNS[key] ?? key) : key,
  )
  return {
    columns: [
      ...['start', 'end', total],
      ...layerColumns,
      ...(before === null ? [] : [`${total}_before`]),
      'complete',
    ],
    rows: buckets.map((bucket, index) => [
      ...[isoText(bucket.start), isoText(bucket.end), bucket.total],
      ...bucket.values,
      ...(before === null ? [] : [before[index] ?? null]),
      isComplete(series, bucket),
    ]),
  }
}

export function heatTable(heat: readonly (readonly bigint[])[], metric: Metric): CsvTable {
  return {
    columns: ['weekday', 'hour', TOTAL_COLUMNS[metric]],
    rows: heat.flatMap((hours, day) => hours.map((amount, hour) => [WEEKDAYS[day]!, hour, amount])),
  }
}

type Event = Schema<'UsageEvent'>

type Version = Pick<
  Event,
  | ('zone' | 'country_code' | 'plmn' | 'source' | 'line' | 'date_known')
  | ('download' | 'upload' | 'to_sim' | 'from_sim')
>

const EVENT_COLUMNS = [
  ...['occurred_at', 'feed', 'record_id', 'status', 'zone', 'country_code', 'plmn'],
  ...['download', 'upload', 'to_sim', 'from_sim', 'source', 'line', 'date_known'],
]

/** Each record and, below it, the versions that it replaced or that were undone. */
export function eventsTable(events: readonly Event[]): CsvTable {
  const rowOf = (event: Event, status: string, version: Version) => [
    ...[event.occurred_at, event.feed, event.record_id, status],
    ...[version.zone, version.country_code, version.plmn],
    ...[version.download, version.upload, version.to_sim, version.from_sim],
    ...[version.source, version.line, version.date_known],
  ]
  return {
    columns: EVENT_COLUMNS,
    rows: events.flatMap((event) => [
      rowOf(event, event.status, event),
      ...event.replaced.map((version) => rowOf(event, 'replaced', version)),
      ...event.undone.map((version) => rowOf(event, 'undone', version)),
    ]),
  }
}
