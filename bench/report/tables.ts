/** The figures of a run as Markdown tables, which are readable in a terminal too. */
import { median, ratioOf } from '../measure.ts'
import type { Delivered } from '../parts/deliveries.ts'
import type { Bounded, Imported, ImportResults } from '../parts/imports.ts'
import type { Asked } from '../parts/questions.ts'
import { SHAPES, type Shape } from '../workload.ts'

export const SHAPE_TITLES: Readonly<Record<Shape, string>> = {
  time: 'in the order of time',
  duplicates: 'the same again',
  sims: 'SIM by SIM',
  shuffled: 'shuffled',
  late: '10 % late',
}

export const whole = (value: number) => Math.round(value).toLocaleString('en')
export const two = (value: number) => (value < 0.1 ? value.toPrecision(2) : value.toFixed(2))

export const rateOf = ({ records, seconds }: { records: number; seconds: readonly number[] }) =>
  records / median(seconds)

/** How many times as fast Simtally is, round by round; below 1 it is slower. */
export const speedUp = (
  own: { seconds: readonly number[] },
  other: { seconds: readonly number[] },
) => ratioOf(other.seconds, own.seconds)

export interface Size {
  readonly records: number
  readonly sims: number
}

export const sizeTitle = ({ records, sims }: Size) =>
  `${whole(records)} records of ${whole(sims)} SIMs`

export function sizesOf({ imports }: ImportResults): Size[] {
  const seen = new Map(
    imports.map(({ records, sims }) => [`${records}x${sims}`, { records, sims }]),
  )
  return [...seen.values()]
}

export const ofSize = <T extends Size>(list: readonly T[], size: Size): T[] =>
  list.filter(({ records, sims }) => records === size.records && sims === size.sims)

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) =>
    Math.max(title.length, 3, ...rows.map((row) => (row[i] ?? '').length)),
  )
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

/**
 * One line per contender and one column per shape: records per second, and how many times as fast Simtally
 * is.
 */
export function importTable(results: ImportResults, size: Size): string {
  const own = ofSize(results.imports, size)
  const shapes = SHAPES.filter((shape) => own.some((one) => one.shape === shape))
  const names = [...new Set(own.map(({ name }) => name))]
  const find = (name: string, shape: Shape) =>
    own.find((one) => one.name === name && one.shape === shape)
  const cell = (name: string, shape: Shape) => {
    const found = find(name, shape)
    if (found === undefined || found.seconds.length === 0) return found?.wrong ? 'failed' : ''
    if (found.wrong !== null) return `wrong`
    const simtally = find('simtally', shape)
    const rate = `${whole(rateOf(found) / 1_000)} k`
    if (simtally === undefined || simtally === found || simtally.wrong !== null) return rate
    return `${rate} (× ${two(speedUp(simtally, found).median)})`
  }
  return table(
    ['records/s (Simtally is × as fast)', ...shapes.map((shape) => SHAPE_TITLES[shape])],
    names.map((name) => [
      own.find((one) => one.name === name)!.title,
      ...shapes.map((shape) => cell(name, shape)),
    ]),
  )
}

/** The store after a delivery in order of time, and how long it takes to answer in its own process. */
export function storeTable(results: ImportResults, size: Size): string {
  const found = ofSize(results.imports, size).filter(
    ({ shape, wrong, seconds }) => shape === 'time' && wrong === null && seconds.length > 0,
  )
  const isServer = ({ name }: Imported) => name.endsWith('postgres')
  return table(
    ['', 'bytes a record', 'most memory', "a SIM's month", "an account's month"],
    found.map((one) => [
      one.title,
      whole(median(one.bytesPerRecord)),
      isServer(one) ? 'the server’s own' : `${whole(median(one.peakMib))} MiB`,
      duration(median(one.simMicroseconds)),
      duration(median(one.accountMicroseconds)),
    ]),
  )
}

function duration(microseconds: number): string {
  if (microseconds < 1_000) return `${whole(microseconds)} µs`
  return `${(microseconds / 1_000).toFixed(microseconds < 10_000 ? 1 : 0)} ms`
}

/**
 * How much of each limit Simtally reaches in order of time; of PostgreSQL's limit, Simtally on PostgreSQL.
 */
export function limitTable(results: ImportResults, size: Size): string {
  const limits = ofSize(results.limits, size)
  const ownOf = ({ name }: Bounded) =>
    ofSize(results.imports, size).find(
      (one) =>
        one.shape === 'time' && one.name === (name === 'copy' ? 'simtally-postgres' : 'simtally'),
    )
  return table(
    ['limit', 'records/s', 'Simtally reaches'],
    limits.map((limit) => {
      const own = ownOf(limit)
      const share =
        own === undefined || own.wrong !== null
          ? ''
          : ratioText(ratioOf(limit.seconds, own.seconds))
      return [limit.title, `${whole(rateOf(limit) / 1_000)} k`, share]
    }),
  )
}

const ratioText = ({ median: middle, least, most }: ReturnType<typeof ratioOf>) =>
  `${two(middle)} (${two(least)} to ${two(most)})`

export function questionTable(asked: readonly Asked[]): string {
  return table(
    ['question', 'bytes', 'Simtally', 'bare `node:http`', 'bare ÷ Simtally'],
    asked.map((one) => [
      one.title,
      whole(one.bodyBytes),
      one.wrong === null ? `${median(one.own).toFixed(1)} µs` : 'wrong',
      `${median(one.bare).toFixed(1)} µs`,
      one.wrong === null ? ratioText(ratioOf(one.bare, one.own)) : '',
    ]),
  )
}

export function deliveryTable(delivered: readonly Delivered[]): string {
  const batches = [...new Set(delivered.map(({ batch }) => batch))]
  const names = [...new Set(delivered.map(({ name }) => name))]
  const cell = (name: string, batch: number): string => {
    const found = delivered.find((one) => one.name === name && one.batch === batch)!
    if (found.wrong !== null) return 'wrong'
    const rate = `${whole(median(found.eventsPerSecond))} events/s`
    return `${rate}; ${median(found.p50Ms).toFixed(1)} ms, p99 ${median(found.p99Ms).toFixed(1)} ms`
  }
  return table(
    ['10 senders; events a delivery', ...batches.map(whole)],
    names.map((name) => {
      const { title, isLimit } = delivered.find((one) => one.name === name)!
      return [isLimit ? `limit: ${title}` : title, ...batches.map((batch) => cell(name, batch))]
    }),
  )
}

/** The contenders that were wrong or did not run, in words. */
export function faults(
  imports: readonly Imported[],
  others: readonly { title: string; wrong: string | null }[],
): string[] {
  const ofImports = imports
    .filter(({ wrong }) => wrong !== null)
    .map((one) => `${one.title}, ${sizeTitle(one)}, ${SHAPE_TITLES[one.shape]}: ${one.wrong}`)
  const ofOthers = others
    .filter(({ wrong }) => wrong !== null)
    .map(({ title, wrong }) => `${title}: ${wrong}`)
  return [...new Set([...ofImports, ...ofOthers])]
}

/** Where Simtally on SQLite is ahead and where behind, one line per size and shape. */
export function standings(results: ImportResults): string[] {
  return sizesOf(results).flatMap((size) => {
    const own = ofSize(results.imports, size)
    return SHAPES.flatMap((shape) => {
      const ofShape = own.filter((one) => one.shape === shape && one.seconds.length > 0)
      const simtally = ofShape.find(({ name }) => name === 'simtally')
      if (simtally === undefined || simtally.wrong !== null) return []
      const others = ofShape
        .filter(({ name, wrong }) => !name.startsWith('simtally') && wrong === null)
        .map((other) => ({ title: other.title, times: speedUp(simtally, other).median }))
        .sort((a, b) => b.times - a.times)
      const list = (isAhead: boolean) =>
        others
          .filter(({ times }) => times >= 1 === isAhead)
          .map(({ title, times }) => `${title} (× ${two(times)})`)
          .join(', ') || 'nobody'
      const [onServer, plain] = ['simtally-postgres', 'plain-postgres'].map((name) =>
        ofShape.find((one) => one.name === name && one.wrong === null),
      )
      const server =
        onServer === undefined || plain === undefined
          ? ''
          : ` On PostgreSQL × ${two(speedUp(onServer, plain).median)} beside plain PostgreSQL.`
      const where = `${sizeTitle(size)}, ${SHAPE_TITLES[shape]}`
      return [`${where}: ahead of ${list(true)}; behind ${list(false)}.${server}`]
    })
  })
}
