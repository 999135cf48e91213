/** Usage over time: the chart on the fleet's page and on a SIM's. */
import type { ComponentChildren } from 'preact'
import { sumOf, type UsageRow } from '../api/amounts.ts'
import { askUsage, type UsageAnswer, type UsageQuestion } from '../api/usage.ts'
import { type Bucket, bucketsOf, type Layer } from '../charts/buckets.ts'
import { UsageChart, UsageTable } from '../charts/usage-chart.tsx'
import {
  bytesText,
  changePercent,
  countText,
  exactBytesText,
  mostOf,
  unitOf,
} from '../format/quantity.ts'
import { ZONE_NAMES, ZONES } from '../format/zone.ts'
import { isAccountKnown } from '../state/accounts.ts'
import { type Answer, useAnswer } from '../state/answer.ts'
import { hrefOf, nowSeconds, show, view } from '../state/navigation.ts'
import {
  type Granularity,
  granularityOf,
  HOURLY_DAYS_MAX,
  type Period,
  periodBefore,
} from '../state/period.ts'
import { byteUnits } from '../state/preferences.ts'
import type { View } from '../state/view.ts'
import { Completeness } from './completeness.tsx'
import { Export } from './export.tsx'
import { type Series, seriesTable, totalsTable } from './export-tables.ts'
import { Answered, Choice, Panel } from './panel.tsx'

const ZONE_LAYERS: readonly Layer[] = ZONES.map((key) => ({ key, name: ZONE_NAMES[key] }))

/** The directions: to a SIM and from a SIM. */
const DIRECTION_LAYERS = {
  data: [
    { key: 'download', name: 'Download' },
    { key: 'upload', name: 'Upload' },
  ],
  commands: [
    { key: 'download', name: 'To the SIM' },
    { key: 'upload', name: 'From the SIM' },
  ],
} as const

function layersOf({ metric, split }: View): readonly Layer[] {
  return split === 'zone' ? ZONE_LAYERS : DIRECTION_LAYERS[metric]
}

/** What a row adds to a layer. The layer without a key covers all rows. */
function layerAmount(row: UsageRow, layer: string): bigint {
  const isData = view.value.metric === 'data'
  if (layer === 'download') return isData ? row.download : row.toSim
  if (layer === 'upload') return isData ? row.upload : row.fromSim
  return layer === '' || row.member.zone === layer ? amountOf(row) : 0n
}

export function amountText(amount: bigint): string {
  return view.value.metric === 'data' ? bytesText(amount, byteUnits.value) : countText(amount)
}

export function exactText(amount: bigint): string {
  return view.value.metric === 'data' ? exactBytesText(amount) : `${countText(amount)} Commands`
}

/** Data or Commands, as the view says. */
export function amountOf(row: UsageRow): bigint {
  return view.value.metric === 'data' ? row.data : row.commands
}

export interface OverTimeProps {
  /** Whose usage. The period is the view's. */
  readonly question: Pick<UsageQuestion, 'account' | 'filters'>
  readonly pickName: string
  readonly onPick: (bucket: Bucket) => void
}

type Drawn = UsageAnswer & { readonly period: Period; readonly granularity: Granularity }

/** A guess before anything is drawn; little else is beside a chart. */
export function chartPixels(): number {
  return Math.max(200, document.documentElement.clientWidth - 130)
}

export function OverTime({ question, pickName, onPick }: OverTimeProps) {
  const { period, metric, compares, asTable, granularity: wanted } = view.value
  const now = nowSeconds()
  const granularity = granularityOf(period, { wanted, pixels: chartPixels() })
  const before = periodBefore(period, now)
  const asked = JSON.stringify([question, period.start, period.end, granularity])
  const known = isAccountKnown.value
  const answer = useAnswer(known ? asked : null, async (signal) => ({
    ...(await askUsage({ ...question, period, granularity, groupBy: 'zone' }, signal)),
    period,
    granularity,
  }))
  const total = useAnswer(known ? `before ${asked}` : null, async (signal) => ({
    ...(await askUsage({ ...question, period: before }, signal)),
    period: before,
  }))
  const stepsBefore = useAnswer(known && compares ? `steps ${asked}` : null, async (signal) => ({
    ...(await askUsage({ ...question, period: before, granularity }, signal)),
    ...{ of: asked, period: before },
  }))

  const title = `${metric === 'data' ? 'Data' : 'Commands'} over time`
  const comparable = compares && stepsBefore.value?.of === asked ? stepsBefore.value : null
  const drawable = {
    ...answer,
    isLoading: answer.isLoading || (compares && comparable === null),
  }
  const seriesOf = (drawn: Drawn): Series => {
    const layers = layersOf(view.value)
    const options = { granularity: drawn.granularity, amount: layerAmount }
    return {
      metric,
      layers,
      buckets: bucketsOf(drawn.rows, { ...options, layers, period: drawn.period }),
      // Only as far as the question went: usage after that is unknown, not zero.
      before:
        comparable === null
          ? null
          : bucketsOf(comparable.rows, {
              ...options,
              layers: [{ key: '', name: '' }],
              period: comparable.period,
            }).map((bucket) => bucket.total),
      completeFrom: drawn.completeFrom,
      completeThrough: drawn.completeThrough,
    }
  }

  return (
    <Panel
      size="wide"
      title={title}
      aside={
        <ChartChoices view={view.value} granularity={granularity}>
          <Export title={title} of={drawable} table={(drawn) => seriesTable(seriesOf(drawn))} />
          <Export title="Totals" text="Totals" of={bothTotals(answer, total)} table={totalsTable} />
        </ChartChoices>
      }
    >
      <Totals now={answer} before={total} />
      <Answered answer={answer} lines={9}>
        {(drawn) => {
          const series = seriesOf(drawn)
          const { buckets } = series
          const max = mostOf(buckets.map(({ total }) => total))
          const unit = unitOf(max, byteUnits.value)
          const props = {
            ...series,
            title,
            period: {
              start: buckets[0]?.start ?? drawn.period.start,
              end: buckets.at(-1)?.end ?? drawn.period.end,
            },
            now,
            unit:
              metric === 'data' ? { size: unit.bytes, name: unit.name } : { size: 1n, name: '' },
            amountText,
            pickName,
            onPick,
          }
          return (
            <>
              <Legend layers={series.layers} compares={compares} />
              {asTable ? <UsageTable {...props} /> : <UsageChart {...props} />}
              <Completeness of={drawn} now={now} before={total} />
            </>
          )
        }}
      </Answered>
    </Panel>
  )
}

function ChartChoices({
  view,
  granularity,
  children,
}: {
  readonly view: View
  readonly granularity: Granularity
  readonly children: ComponentChildren
}) {
  const { period, metric } = view
  const canBe = (wanted: 'hourly' | 'daily') =>
    granularityOf(period, { wanted, pixels: chartPixels() }) === wanted
  return (
    <div class="choices">
      <Choice
        label="What is counted"
        value={metric}
        options={[
          { value: 'data', name: 'Data' },
          { value: 'commands', name: 'Commands' },
        ]}
        onChoose={(chosen) => show({ metric: chosen })}
      />
      <Choice
        label="Stacked by"
        value={view.split}
        options={[
          { value: 'zone', name: 'Zones' },
          { value: 'direction', name: 'Up and down' },
        ]}
        onChoose={(split) => show({ split })}
      />
      <Choice
        label="Bars"
        value={granularity}
        options={[
          { value: 'hourly', name: 'Hours', off: !canBe('hourly') },
          { value: 'daily', name: 'Days', off: !canBe('daily') },
        ]}
        onChoose={(chosen) => show({ granularity: chosen })}
      />
      <a
        class="toggle"
        href={hrefOf({ compares: !view.compares })}
        aria-current={view.compares ? 'true' : undefined}
        title="Compare with the previous period (c)"
      >
        Compare
      </a>
      <a
        class="toggle"
        href={hrefOf({ asTable: !view.asTable })}
        aria-current={view.asTable ? 'true' : undefined}
        title={`The chart's rows as text (t); hours up to ${HOURLY_DAYS_MAX} days`}
      >
        Table
      </a>
      {children}
    </div>
  )
}

function Legend({ layers, compares }: { layers: readonly Layer[]; compares: boolean }) {
  return (
    <ul class="legend">
      {layers.map(({ key, name }) => (
        <li key={key}>
          <i class={`swatch ${key}`} /> {name}
        </li>
      ))}
      {compares && (
        <li>
          <i class="swatch before" /> Period before
        </li>
      )}
    </ul>
  )
}

type Summed = Pick<Drawn, 'rows' | 'period'>

/** The period and the previous one, once both are known. */
function bothTotals(now: Answer<Summed>, before: Answer<Summed>) {
  const [value, then] = [now.value, before.value]
  const sums = value === null || then === null ? null : [value, then]
  return {
    value: sums?.map(({ period, rows }) => ({ period, amounts: sumOf(rows) })) ?? null,
    failure: now.failure ?? before.failure,
    isLoading: now.isLoading || before.isLoading,
  }
}

/** The numbers of the whole period, each with its change since the previous one. */
function Totals({
  now: answer,
  before,
}: {
  readonly now: Answer<Summed>
  readonly before: Answer<Summed>
}) {
  const now = answer.value === null ? null : sumOf(answer.value.rows)
  const then = before.value === null || before.isLoading ? null : sumOf(before.value.rows)
  const bytes = (amount: bigint) => bytesText(amount, byteUnits.value)
  return (
    <dl class="totals answered" aria-busy={answer.isLoading}>
      {(['data', 'download', 'upload', 'commands'] as const).map((name) => {
        const text = name === 'commands' ? countText : bytes
        return (
          <div key={name}>
            <dt>{TOTAL_NAMES[name]}</dt>
            <dd>
              <span
                class="number"
                data-total={name}
                data-exact={now === null ? undefined : String(now[name])}
                title={now === null ? '' : name === 'commands' ? '' : exactBytesText(now[name])}
              >
                {now === null ? '…' : text(now[name])}
              </span>
              <Change now={now?.[name] ?? null} before={then?.[name] ?? null} text={text} />
            </dd>
          </div>
        )
      })}
    </dl>
  )
}

const TOTAL_NAMES = {
  ...{ data: 'Data', download: 'Download', upload: 'Upload', commands: 'Commands' },
} as const

/** From this percentage on, people think in multiples. */
const TIMES_FROM = 999

function Change({
  now,
  before,
  text,
}: {
  readonly now: bigint | null
  readonly before: bigint | null
  readonly text: (amount: bigint) => string
}) {
  if (now === null || before === null) return <span class="change">&nbsp;</span>
  const percent = changePercent(now, before)
  if (percent === null) return <span class="change muted">nothing before</span>
  const arrow = percent > 0 ? '▲' : percent < 0 ? '▼' : '='
  return (
    <span
      class="change muted"
      title={`${text(before)} in the previous period, up to the same point`}
    >
      {arrow}{' '}
      {percent > TIMES_FROM
        ? `× ${countText(Math.round(percent / 100 + 1))}`
        : `${Math.abs(percent)} %`}
      <span class="unseen"> against the previous period</span>
    </span>
  )
}
