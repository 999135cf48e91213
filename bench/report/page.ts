/**
 * `docs/performance.md` and its charts. Each run rewrites the figures, which are between two marks. People
 * write the text outside the marks, and it stays.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { median } from '../measure.ts'
import { SHAPES } from '../workload.ts'
import { type Bar, type BarChart, barChart } from './chart.ts'
import type { Results } from './results.ts'
import {
  deliveryTable,
  faults,
  importTable,
  limitTable,
  ofSize,
  questionTable,
  rateOf,
  SHAPE_TITLES,
  type Size,
  sizesOf,
  sizeTitle,
  standings,
  storeTable,
  two,
  whole,
} from './tables.ts'

const BEGIN = '<!-- figures: `npm run bench` writes them -->'
const END = '<!-- end of figures -->'

/** Everything that a run found, as Markdown. `chart` takes a chart and returns how to show it. */
export function figures(results: Results, chart: (name: string, of: BarChart) => string): string {
  return [
    `## The run of ${results.date}`,
    conditions(results),
    ...importSections(results, chart),
    ...questionSection(results, chart),
    ...deliverySection(results, chart),
    ...faultSection(results),
  ].join('\n\n')
}

function conditions({ machine, versions, knobs, minutes }: Results): string {
  const { processors, model, memoryGib, fsyncMs } = machine
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return (
    `${processors} processors (${model}), ${memoryGib} GiB of memory, an fsync takes ` +
    `${fsyncMs.toFixed(2)} ms. ${named.join(', ')}. ${knobs.rounds} rounds, ` +
    `${Math.round(minutes)} minutes in all.`
  )
}

type Charted = (name: string, of: BarChart) => string

function importSections({ imports }: Results, chart: Charted): string[] {
  if (imports === null) return []
  return [
    '### Imports',
    ...sizesOf(imports).flatMap((size) => [
      `#### ${sizeTitle(size)}`,
      chart(`imports-${size.records}x${size.sims}`, importChart(imports, size)),
      importTable(imports, size),
      'The same stores, loaded in the order of time, and questions asked in the process that has the ' +
        'store (with PostgreSQL, over its socket), each about another SIM:',
      storeTable(imports, size),
      chart(`limits-${size.records}x${size.sims}`, limitChart(imports, size)),
      limitTable(imports, size),
    ]),
    '#### Ahead and behind',
    standings(imports)
      .map((line) => `- ${line}`)
      .join('\n'),
  ]
}

const kindOf = (name: string, isWrong: boolean): Bar['kind'] =>
  isWrong ? 'wrong' : name.startsWith('simtally') ? 'own' : 'peer'

function importChart(imports: NonNullable<Results['imports']>, size: Size): BarChart {
  const own = ofSize(imports.imports, size).filter(({ seconds }) => seconds.length > 0)
  return {
    title: `Records a second, ${sizeTitle(size)}`,
    note: 'Longer is faster. Each process from its start to its end, everything on disk.',
    groups: SHAPES.filter((shape) => own.some((one) => one.shape === shape)).map((shape) => ({
      title: SHAPE_TITLES[shape],
      bars: own
        .filter((one) => one.shape === shape)
        .map((one) => ({
          label: one.title,
          value: rateOf(one),
          text: one.wrong === null ? `${whole(rateOf(one) / 1_000)} k/s` : 'wrong answers',
          kind: kindOf(one.name, one.wrong !== null),
        })),
    })),
  }
}

function limitChart(imports: NonNullable<Results['imports']>, size: Size): BarChart {
  const own = ofSize(imports.imports, size).filter(
    ({ name, shape, wrong, seconds }) =>
      name.startsWith('simtally') && shape === 'time' && wrong === null && seconds.length > 0,
  )
  const bars = [
    ...own.map((one) => ({ label: one.title, rate: rateOf(one), kind: 'own' as const })),
    // Writing bytes alone is so fast that no other bar would be visible beside it.
    ...ofSize(imports.limits, size)
      .filter(({ name }) => name !== 'write')
      .map((one) => ({ label: one.title, rate: rateOf(one), kind: 'limit' as const })),
  ]
  return {
    title: `What bounds an import, ${sizeTitle(size)}`,
    note: 'In the order of time. Limits count only the part that they are named for.',
    groups: [
      {
        title: 'records a second',
        bars: bars.map(({ label, rate, kind }) => ({
          ...{ label, kind, value: rate, text: `${whole(rate / 1_000)} k/s` },
        })),
      },
    ],
  }
}

function questionSection({ questions }: Results, chart: Charted): string[] {
  if (questions === null) return []
  return [
    '### Questions over HTTP',
    chart('questions', {
      title: 'Processor time of a request',
      note: 'Shorter is better. `serve --workers 1` beside a bare node:http that sends the same bytes.',
      groups: questions.map((one) => ({
        title: one.title.replaceAll('`', ''),
        bars: [
          bar('Simtally', median(one.own), one.wrong === null ? 'own' : 'wrong'),
          bar('bare node:http', median(one.bare), 'limit'),
        ],
      })),
    }),
    questionTable(questions),
  ]
}

const bar = (label: string, value: number, kind: Bar['kind']): Bar => ({
  ...{ label, value, kind, text: `${value.toFixed(1)} µs` },
})

function deliverySection({ deliveries }: Results, chart: Charted): string[] {
  if (deliveries === null) return []
  const batches = [...new Set(deliveries.map(({ batch }) => batch))]
  return [
    '### Deliveries',
    chart('deliveries', {
      title: 'Events a second from 10 senders',
      note: 'Longer is faster; each group has its own scale. Answered when on disk.',
      groups: batches.map((batch) => ({
        title: `${whole(batch)} a delivery`,
        bars: deliveries
          .filter((one) => one.batch === batch)
          .map((one) => ({
            label: one.title,
            value: median(one.eventsPerSecond),
            text: `${whole(median(one.eventsPerSecond))}/s, p99 ${median(one.p99Ms).toFixed(1)} ms`,
            kind: one.isLimit ? ('limit' as const) : kindOf(one.name, one.wrong !== null),
          })),
      })),
    }),
    deliveryTable(deliveries),
    batches
      .map((batch) => {
        const rate = (name: string) =>
          deliveries.find((one) => one.batch === batch && one.name === name)!.eventsPerSecond
        const share = (name: string) =>
          two(median(rate('simtally').map((own, round) => own / rate(name)[round]!)))
        return (
          `- ${whole(batch)} a delivery: ${share('plain-sqlite')} of plain SQLite, ` +
          `${share('plain-postgres')} of plain PostgreSQL, ${share('fsync')} of the server that only ` +
          'brings the bytes to disk.'
        )
      })
      .join('\n'),
  ]
}

function faultSection({ imports, questions, deliveries }: Results): string[] {
  const found = faults(imports?.imports ?? [], [...(questions ?? []), ...(deliveries ?? [])])
  const list = found.length === 0 ? ['Nobody.'] : found.map((fault) => `- ${fault}`)
  return ['### Who answered wrong, or did not run', list.join('\n')]
}

/** Writes the figures of a run into the page, and its charts beside it. */
export function writePage(page: string, charts: string, results: Results): void {
  const before = readFileSync(page, 'utf8')
  const [begin, end] = [before.indexOf(BEGIN), before.indexOf(END)]
  if (begin === -1 || end < begin) throw new Error(`${page} lacks the marks of its figures`)
  rmSync(charts, { recursive: true, force: true })
  mkdirSync(charts)
  const text = figures(results, (name, chart) => {
    writeFileSync(join(charts, `${name}.svg`), barChart(chart))
    return `![${chart.title}](performance/${name}.svg)`
  })
  writeFileSync(page, `${before.slice(0, begin)}${BEGIN}\n\n${text}\n\n${before.slice(end)}`)
}
