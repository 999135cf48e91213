/** A SIM's usage as a table, a chart and CSV. */
import { counterValues, OWN_COUNTERS } from '../domain/counters.ts'
import { countryCodeAlpha3 } from '../domain/country.ts'
import type { Bucket } from '../domain/period.ts'
import { plus } from '../domain/sums.ts'
import { formatInstant } from '../domain/time.ts'
import type { Granularity, UsageGroup, UsageSums } from '../domain/usage-query.ts'
import { buildUsageTree } from '../domain/usage-tree.ts'
import { csvLine } from '../http/csv-line.ts'
import { type Bar, barChart } from './bar-chart.ts'
import { SUM_TITLES, sumCells } from './quantity-text.ts'
import { textTable } from './text-table.ts'

/** A bucket and its groups. A bucket without usage has none. */
export interface BucketUsage {
  readonly bucket: Bucket
  readonly groups: readonly UsageGroup[]
  /** True while late records may still change the bucket. */
  readonly open: boolean
}

const TITLES = ['PERIOD', 'WHERE', ...SUM_TITLES]
const ALIGNMENTS = TITLES.map((_, i) => (i < 2 ? 'left' : 'right'))

/** Every bucket with its total and, below it, the zones and countries that make it up. */
export function usageTable(usage: readonly BucketUsage[], granularity: Granularity): string[] {
  const rows = usage.flatMap(({ bucket, groups, open }) => {
    const tree = buildUsageTree(groups)
    const branches: [string, UsageSums][] = [
      ['home', tree.home],
      ['national roaming', tree.nationalRoaming],
    ]
    for (const { country, sums } of tree.internationalRoaming) {
      branches.push([countryCodeAlpha3(country), sums])
    }
    const used = branches.filter(([, sums]) => !isNothing(sums))
    return [
      tableRow(bucketLabel(bucket, granularity), open ? 'total, open' : 'total', tree.total),
      ...used.map(([where, sums]) => tableRow('', `  ${where}`, sums)),
    ]
  })
  return textTable([TITLES, ...rows], ALIGNMENTS)
}

function tableRow(period: string, where: string, sums: UsageSums): string[] {
  return [period, where, ...sumCells(sums)]
}

function isNothing(sums: UsageSums): boolean {
  return counterValues(sums).every((sum) => sum === 0)
}

/** Bytes by bucket, oldest first. */
export function usageChart(
  usage: readonly BucketUsage[],
  granularity: Granularity,
  width: number,
): string[] {
  const bars = usage.map(({ bucket, groups }): Bar => {
    const { total } = buildUsageTree(groups)
    return { label: bucketLabel(bucket, granularity), bytes: plus(total.upload, total.download) }
  })
  return barChart(bars.reverse(), width)
}

function bucketLabel({ start }: Bucket, granularity: Granularity): string {
  const text = formatInstant(start)
  if (granularity === 'all') return 'all'
  return granularity === 'daily' ? text.slice(0, 10) : text.slice(0, 16).replace('T', ' ')
}

export const USAGE_CSV_HEADER = [
  ...['start', 'end', 'zone', 'country_code', 'upload', 'download', 'data_total'],
  ...['to_sim', 'from_sim', 'commands_total', ...OWN_COUNTERS.map(({ field }) => field)],
].join(',')

/** One line for each zone and country of the bucket; no line for a bucket without usage. */
export function usageCsvLines({ bucket, groups }: BucketUsage): string[] {
  const period = [formatInstant(bucket.start), formatInstant(bucket.end)]
  return groups.map((group) => {
    const { zone, country, upload, download, toSim, fromSim } = group
    const countryCode = country === null ? '' : countryCodeAlpha3(country)
    const data = [upload, download, plus(upload, download)]
    const commands = [toSim, fromSim, plus(toSim, fromSim)]
    const own = OWN_COUNTERS.map(({ name }) => group[name])
    return csvLine([...period, zone, countryCode, ...data, ...commands, ...own])
  })
}
