/** The data of a chart: one bucket for each hour or day of a period, with or without usage. */
import type { UsageRow } from '../api/amounts.ts'
import { HOUR_SECONDS, WEEKDAYS, weekdayOf } from '../format/time.ts'
import { bucketSeconds, type Granularity, type Period } from '../state/period.ts'

/** A layer of a stack, from the bottom up. */
export interface Layer {
  /** Also names its colour. */
  readonly key: string
  readonly name: string
}

export interface Bucket {
  readonly start: number
  readonly end: number
  /** One per layer. */
  readonly values: readonly bigint[]
  readonly total: bigint
}

/** Ignores rows that belong to no bucket or layer. */
export function bucketsOf(
  rows: readonly UsageRow[],
  options: {
    readonly period: Pick<Period, 'start' | 'end'>
    readonly granularity: Granularity
    readonly layers: readonly Layer[]
    /** What a row adds to a layer. */
    readonly amount: (row: UsageRow, layer: string) => bigint
  },
): Bucket[] {
  const { period, granularity, layers, amount } = options
  const step = bucketSeconds(granularity)
  const first = Math.floor(period.start / step) * step
  const count = Math.max(0, Math.ceil((period.end - first) / step))
  const values = Array.from({ length: count }, () => layers.map(() => 0n))
  for (const row of rows) {
    const bucket = values[Math.floor((row.start - first) / step)]
    layers.forEach(({ key }, index) => {
      if (bucket !== undefined) bucket[index] = bucket[index]! + amount(row, key)
    })
  }
  return values.map((bucket, index) => ({
    start: first + index * step,
    end: first + (index + 1) * step,
    values: bucket,
    total: bucket.reduce((sum, value) => sum + value, 0n),
  }))
}

/** Sums of hours, by weekday (Monday first) and hour of the day. */
export function heatOf(buckets: readonly Pick<Bucket, 'start' | 'total'>[]): bigint[][] {
  const heat = WEEKDAYS.map(() => Array.from({ length: 24 }, () => 0n))
  for (const { start, total } of buckets) {
    const hours = heat[weekdayOf(start)]!
    const hour = Math.floor(start / HOUR_SECONDS) % 24
    hours[hour] = hours[hour]! + total
  }
  return heat
}

const STEPS = [1, 3, 6, 12, 24, 48, 72, 7 * 24, 14 * 24].map((hours) => hours * 3600)
/** The first Monday: 1970 began on a Thursday. */
const MONDAY = 4 * 86_400

/** Instants to label below an axis, at most `count` of them, at round times. */
export function ticksOf({ start, end }: Pick<Period, 'start' | 'end'>, count: number): number[] {
  const step = STEPS.find((seconds) => (end - start) / seconds <= count)
  if (step === undefined) return monthsIn({ start, end }, count)
  const shift = step >= 7 * 86_400 ? MONDAY : 0
  const first = Math.ceil((start - shift) / step) * step + shift
  const ticks: number[] = []
  for (let tick = first; tick < end; tick += step) ticks.push(tick)
  return ticks
}

function monthsIn({ start, end }: Pick<Period, 'start' | 'end'>, count: number): number[] {
  const months: number[] = []
  const date = new Date(start * 1000)
  for (let month = date.getUTCMonth(); ; month++) {
    const tick = Date.UTC(date.getUTCFullYear(), month, 1) / 1000
    if (tick >= end) break
    if (tick >= start) months.push(tick)
  }
  const every = Math.max(1, Math.ceil(months.length / Math.max(1, count)))
  return months.filter((_, index) => index % every === 0)
}

/** Usage has no fractions of a byte or a Command. */
export function wholeTicks(ticks: readonly number[], unitSize: bigint): readonly number[] {
  return unitSize > 1n ? ticks : ticks.filter(Number.isInteger)
}
