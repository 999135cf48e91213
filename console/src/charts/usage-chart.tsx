/** Usage over time, stacked: one bar per hour or day. Readable by pointer, by arrow keys, or as a table. */
import { type Signal, useSignal } from '@preact/signals'
import { type ScaleLinear, scaleLinear } from 'd3-scale'
import { useEffect, useRef } from 'preact/hooks'
import { mostOf } from '../format/quantity.ts'
import {
  clockText,
  DAY_SECONDS,
  isMidnight,
  momentText,
  monthText,
  periodText,
  shortDayText,
} from '../format/time.ts'
import { Scrolling } from '../scrolling.tsx'
import type { Period } from '../state/period.ts'
import { type Bucket, type Layer, ticksOf, wholeTicks } from './buckets.ts'
import { Readout } from './readout.tsx'

const HEIGHT = 260
const MARGIN = { top: 10, right: 10, bottom: 26, left: 58 }
const INNER_HEIGHT = HEIGHT - MARGIN.top - MARGIN.bottom

export interface UsageChartProps {
  /** Names what is drawn: `Data over time`. */
  readonly title: string
  readonly layers: readonly Layer[]
  readonly buckets: readonly Bucket[]
  readonly period: Pick<Period, 'start' | 'end'>
  readonly now: number
  /** Totals of the previous period, bucket by bucket; null without a comparison. */
  readonly before: readonly bigint[] | null
  /** From here on, usage may still grow; null if unknown. */
  readonly completeThrough: number | null
  /** The unit of the vertical axis, and its size in bytes or Commands. */
  readonly unit: { readonly size: bigint; readonly name: string }
  readonly amountText: (amount: bigint) => string
  /** Names the effect of a click: `show this day`. */
  readonly pickName: string
  readonly onPick: (bucket: Bucket) => void
}

/** The fill of hours whose usage may still grow. */
function Hatching() {
  return (
    <defs>
      <pattern
        id="open-hours"
        width="7"
        height="7"
        patternUnits="userSpaceOnUse"
        patternTransform="rotate(45)"
      >
        <path d="M0 0V7" class="hatch" />
      </pattern>
    </defs>
  )
}

interface AmountAxisProps {
  readonly scale: ScaleLinear<number, number>
  readonly plot: number
  readonly unit: UsageChartProps['unit']
}

function AmountAxis({ scale, plot, unit: { size, name } }: AmountAxisProps) {
  return wholeTicks(scale.ticks(4), size).map((tick) => (
    <g key={tick} class="tick" transform={`translate(0 ${scale(tick)})`}>
      <path d={`M0 .5H${plot}`} />
      <text x="-8" dy=".32em" text-anchor="end">
        {tick === 0 ? '0' : `${tick.toLocaleString('en')} ${name}`}
      </text>
    </g>
  ))
}

interface CursorHandleProps extends UsageChartProps {
  /** The index of the selected bar; null if there is none. */
  readonly cursor: Signal<number | null>
  readonly plot: number
}

/** Lies over the bars, so that people without a pointer can move through them with the arrow keys. */
function CursorHandle(props: CursorHandleProps) {
  const { buckets, title, cursor, plot } = props
  const at = cursor.value === null ? null : buckets[cursor.value]

  const cursorOf = (event: PointerEvent) => {
    const { left } = (event.currentTarget as Element).getBoundingClientRect()
    return Math.min(
      buckets.length - 1,
      Math.max(0, Math.floor(((event.clientX - left) / plot) * buckets.length)),
    )
  }
  const pickBy = (event: PointerEvent) => {
    event.preventDefault()
    const index = cursorOf(event)
    const isSeen = event.pointerType === 'mouse' || cursor.value === index
    cursor.value = index
    if (isSeen && event.button === 0) props.onPick(buckets[index]!)
  }

  return (
    <input
      type="range"
      class="cursor-handle"
      style={{ left: `${MARGIN.left}px`, width: `${plot}px` }}
      min={0}
      max={Math.max(0, buckets.length - 1)}
      value={cursor.value ?? 0}
      aria-label={`${title}: move through the bars, Enter to ${props.pickName}`}
      aria-valuetext={at == null ? 'no bar chosen' : bucketText(props, cursor.value!)}
      onInput={(event) => {
        cursor.value = Number(event.currentTarget.value)
      }}
      onFocus={() => {
        cursor.value ??= 0
      }}
      onBlur={() => {
        cursor.value = null
      }}
      onPointerMove={(event) => {
        if (event.pointerType === 'mouse') cursor.value = cursorOf(event)
      }}
      onPointerLeave={(event) => {
        if (event.currentTarget !== document.activeElement) cursor.value = null
      }}
      onPointerDown={pickBy}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && at != null) props.onPick(at)
      }}
    />
  )
}

export function UsageChart(props: UsageChartProps) {
  const { buckets, layers, period } = props
  const frame = useRef<HTMLDivElement>(null)
  const width = useWidth(frame)
  const cursor = useSignal<number | null>(null)
  const plot = Math.max(0, width - MARGIN.left - MARGIN.right)
  const slot = plot / Math.max(1, buckets.length)
  const max = mostOf([...buckets.map(({ total }) => total), ...(props.before ?? [])])
  const scale = scaleLinear(
    [0, Number(max) / Number(props.unit.size) || 1],
    [INNER_HEIGHT, 0],
  ).nice(4)
  const y = (amount: bigint) => scale(Number(amount) / Number(props.unit.size))
  const at = cursor.value === null ? null : buckets[cursor.value]

  return (
    <div class="chart" ref={frame}>
      <svg
        width={width}
        height={HEIGHT}
        viewBox={`0 0 ${width} ${HEIGHT}`}
        role="img"
        aria-label={summaryOf(props)}
      >
        <Hatching />
        <g transform={`translate(${MARGIN.left} ${MARGIN.top})`}>
          <AmountAxis scale={scale} plot={plot} unit={props.unit} />
          {layers.map(({ key }, index) => (
            <path key={key} class={`layer ${key}`} d={barsOf(buckets, { index, slot, y })} />
          ))}
          {props.before !== null && (
            <path class="before" d={stepsOf(props.before.slice(0, buckets.length), { slot, y })} />
          )}
          <OpenHours {...props} plot={plot} />
          <TimeAxis period={period} plot={plot} />
          {cursor.value !== null && (
            <rect
              class="cursor"
              x={cursor.value * slot}
              width={Math.max(1.5, slot)}
              height={INNER_HEIGHT}
            />
          )}
        </g>
      </svg>
      <CursorHandle {...props} cursor={cursor} plot={plot} />
      {at != null && (
        <Readout
          bucket={at}
          layers={layers}
          before={props.before?.[cursor.value!] ?? null}
          amountText={props.amountText}
          isOpen={isOpen(props, at)}
          left={MARGIN.left + (cursor.value! + 0.5) * slot}
          width={width}
        />
      )}
    </div>
  )
}

function isOpen({ completeThrough }: UsageChartProps, { end }: Pick<Bucket, 'end'>): boolean {
  return completeThrough !== null && end > completeThrough
}

/** A bar as a screen reader announces it. */
function bucketText(props: UsageChartProps, index: number): string {
  const bucket = props.buckets[index]!
  const parts = props.layers.map(
    ({ name }, layer) => `${name} ${props.amountText(bucket.values[layer]!)}`,
  )
  const open = isOpen(props, bucket) ? '; may still grow' : ''
  return `${periodText(bucket.start, bucket.end)} UTC: ${props.amountText(bucket.total)}; ${parts.join(', ')}${open}`
}

function summaryOf({ title, buckets, layers, amountText, period }: UsageChartProps): string {
  const total = buckets.reduce((sum, bucket) => sum + bucket.total, 0n)
  const parts = layers.map(({ name }, index) => {
    const sum = buckets.reduce((layer, { values }) => layer + values[index]!, 0n)
    return `${name} ${amountText(sum)}`
  })
  return `${title}, ${periodText(period.start, period.end)} UTC: ${amountText(total)} in total; ${parts.join(', ')}.`
}

interface Geometry {
  readonly slot: number
  readonly y: (amount: bigint) => number
}

/** All bars of a layer as one path, which draws within a frame however many there are. */
function barsOf(
  buckets: readonly Bucket[],
  { index, slot, y }: Geometry & { readonly index: number },
): string {
  const gap = slot > 5 ? Math.min(2, slot / 5) : 0
  return buckets
    .map(({ values }, place) => {
      if (values[index] === 0n) return ''
      const below = values.slice(0, index).reduce((sum, value) => sum + value, 0n)
      const [left, width] = [(place * slot + gap / 2).toFixed(2), (slot - gap).toFixed(2)]
      const top = y(below + values[index]!).toFixed(2)
      return `M${left} ${top}h${width}V${y(below).toFixed(2)}h-${width}z`
    })
    .join('')
}

function stepsOf(amounts: readonly bigint[], { slot, y }: Geometry): string {
  return amounts
    .map((amount, place) => {
      const height = y(amount).toFixed(2)
      return `${place === 0 ? `M0 ${height}` : `V${height}`}H${((place + 1) * slot).toFixed(2)}`
    })
    .join('')
}

/** The hatched part: from where usage is complete to the present, or to the end of the period. */
function OpenHours({ period, now, completeThrough, plot }: UsageChartProps & { plot: number }) {
  if (completeThrough === null) return null
  const start = Math.max(period.start, completeThrough)
  const end = Math.min(period.end, now)
  if (start >= end) return null
  const x = scaleLinear([period.start, period.end], [0, plot])
  return (
    <rect
      class="open-hours"
      fill="url(#open-hours)"
      x={x(start)}
      width={x(end) - x(start)}
      height={INNER_HEIGHT}
    />
  )
}

function TimeAxis({ period, plot }: { period: Pick<Period, 'start' | 'end'>; plot: number }) {
  const x = scaleLinear([period.start, period.end], [0, plot])
  return (
    <g class="axis" transform={`translate(0 ${INNER_HEIGHT})`}>
      <path d={`M0 .5H${plot}`} />
      {ticksOf(period, Math.floor(plot / 64)).map((tick) => (
        <g key={tick} transform={`translate(${x(tick)} 0)`}>
          <path d="M.5 0v5" />
          <text
            y="19"
            text-anchor={x(tick) < 16 ? 'start' : x(tick) > plot - 20 ? 'end' : 'middle'}
          >
            {tickText(tick, period)}
          </text>
        </g>
      ))}
    </g>
  )
}

function tickText(tick: number, { start, end }: Pick<Period, 'start' | 'end'>): string {
  if (!isMidnight(tick)) return clockText(tick)
  return end - start > 120 * DAY_SECONDS ? monthText(tick) : shortDayText(tick)
}

/** Follows the width of its frame. The first guess avoids a jump. */
function useWidth(frame: { readonly current: HTMLElement | null }): number {
  const width = useSignal(0)
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      width.value = Math.floor(entry!.contentRect.width)
    })
    observer.observe(frame.current!)
    return () => observer.disconnect()
  }, [frame, width])
  return width.value
}

/** The same rows as text. */
export function UsageTable(props: UsageChartProps) {
  const { title, layers, buckets, before, amountText } = props
  return (
    <Scrolling kind="chart-table" label={`${title}, as a table`}>
      <table>
        <thead>
          <tr>
            <th scope="col">From (UTC)</th>
            <th scope="col">Total</th>
            {layers.map(({ key, name }) => (
              <th key={key} scope="col">
                {name}
              </th>
            ))}
            {before !== null && <th scope="col">Before</th>}
          </tr>
        </thead>
        <tbody>
          {buckets.map(({ start, end, total, values }, index) => (
            <tr key={start}>
              <th scope="row">
                {momentText(start)}
                {isOpen(props, { end }) && <span class="muted small"> may still grow</span>}
              </th>
              <td title={String(total)}>{amountText(total)}</td>
              {layers.map(({ key }, layer) => (
                <td key={key} title={String(values[layer])}>
                  {amountText(values[layer]!)}
                </td>
              ))}
              {before !== null && (
                <td>{before[index] === undefined ? '' : amountText(before[index])}</td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolling>
  )
}
