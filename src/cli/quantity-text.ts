/** Numbers in the form in which people read them. */
import { COUNTER_FIELDS, OWN_COUNTERS } from '../domain/counters.ts'
import { plus } from '../domain/sums.ts'
import type { UsageSums } from '../domain/usage-query.ts'

const titleOf = (field: string) => field.replaceAll('_', ' ').toUpperCase()

/** The counters as titles of columns. */
export const COUNTER_TITLES: readonly string[] = COUNTER_FIELDS.map(titleOf)

/** Titles for sums: bytes and their total, Commands, then the counters that the UsageRecords API does not know. */
export const SUM_TITLES: readonly string[] = [
  ...['UPLOAD', 'DOWNLOAD', 'BYTES', '', 'TO SIM', 'FROM SIM'],
  ...OWN_COUNTERS.map(({ field }) => titleOf(field)),
]

/** The cells for `SUM_TITLES`. */
export function sumCells(sums: UsageSums): string[] {
  const { upload, download, toSim, fromSim } = sums
  const total = plus(upload, download)
  return [
    ...[upload, download, total].map(formatCount),
    formatBytes(total),
    ...[toSim, fromSim, ...OWN_COUNTERS.map(({ name }) => sums[name])].map(formatCount),
  ]
}

const BYTE_UNITS = ['kB', 'MB', 'GB', 'TB', 'PB', 'EB'] as const

/** `1,234,567`. */
export function formatCount(count: number | bigint): string {
  return count.toString().replace(/\B(?=(\d{3})+(?!\d))/g, ',')
}

/** `1 record`, `2 records`, `1,234 entries`. */
export function countOf(count: number | bigint, one: string, several = `${one}s`): string {
  return `${formatCount(count)} ${Number(count) === 1 ? one : several}`
}

/** `1.23 MB`: decimal units, three digits; whole bytes below 1000. */
export function formatBytes(bytes: number | bigint): string {
  let scaled = Number(bytes)
  if (scaled < 1000) return `${scaled} B`
  let unit = -1
  // 999,950 would round to 1000 of its unit, so the next unit is used.
  while (scaled >= 999.5 && unit < BYTE_UNITS.length - 1) {
    scaled /= 1000
    unit++
  }
  return `${scaled.toPrecision(3)} ${BYTE_UNITS[unit]}`
}

/** `4.2 s`, `3 min 20 s`. */
export function formatDuration(milliseconds: number): string {
  // 59.95 s would round to 60.0 s.
  if (milliseconds < 59_950) return `${(milliseconds / 1000).toFixed(1)} s`
  const seconds = Math.round(milliseconds / 1000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** How long ago, in its two largest units: `3d 4h`, `4h 5m`, `0m`. */
export function formatAge(seconds: number): string {
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  const days = Math.floor(hours / 24)
  if (days > 0) return `${days}d ${hours % 24}h`
  return hours > 0 ? `${hours}h ${minutes % 60}m` : `${minutes}m`
}
