/**
 * The data that all contenders get and the answers that they owe: a fleet of SIMs that report every hour,
 * written as CSV in one of several orders, and its sums, computed here independently.
 */
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { DAY_SECONDS, formatInstant, HOUR_SECONDS } from '../src/domain/time.ts'
import { iccid, monthStart, NOW, recordOf, type UsedRecord } from './dataset.ts'

/** Home is 310-260 and the United States. Zones as numbers: 0 home, 1 national roaming, 2 abroad. */
export const NETWORKS = [
  ['310-260', 'US', 0],
  ['310-410', 'US', 1],
  ['311-480', 'US', 1],
  ['334-020', 'MX', 2],
  ['302-720', 'CA', 2],
  ['234-15', 'GB', 2],
  ['262-01', 'DE', 2],
] as const

const COUNTRY_AND_ZONE = new Map(NETWORKS.map(([plmn, country, zone]) => [plmn, { country, zone }]))

export interface Fleet {
  readonly records: number
  readonly sims: number
  /** UTC seconds, the start of a calendar month. All usage ended more than 48 hours ago. */
  readonly firstHour: number
  /** The end of that month. */
  readonly monthEnd: number
}

export function fleetOf(records: number, sims: number): Fleet {
  const latestFirstHour = NOW - (Math.ceil(records / sims) + 49) * HOUR_SECONDS
  const firstHour = monthStart(latestFirstHour)
  return { records, sims, firstHour, monthEnd: monthStart(firstHour, 1) }
}

/** Orders in which the same records are delivered. */
export const SHAPES = ['time', 'duplicates', 'sims', 'shuffled', 'late'] as const
export type Shape = (typeof SHAPES)[number]

/** One record in ten is late. */
const isLate = (index: number) => Math.imul(index, 0x9e37_79b1) >>> 0 < 0x1999_9999

/** The files of a delivery, each as its record numbers in order. Only the last one is timed. */
export function filesOf(shape: Shape, { records, sims }: Fleet): Uint32Array[] {
  const all = Uint32Array.from({ length: records }, (_, index) => index)
  switch (shape) {
    case 'time':
    case 'duplicates':
      return [all]
    case 'sims': {
      const hours = Math.ceil(records / sims)
      const bySim = new Uint32Array(records)
      let at = 0
      for (let sim = 0; sim < sims; sim++) {
        for (let hour = 0; hour < hours; hour++) {
          if (hour * sims + sim < records) bySim[at++] = hour * sims + sim
        }
      }
      return [bySim]
    }
    case 'shuffled':
      return [shuffled(all)]
    case 'late':
      return [all.filter((index) => !isLate(index)), all.filter(isLate)]
  }
}

/** Uses its own generator with a fixed seed, so that every run has the same order. */
function shuffled(numbers: Uint32Array): Uint32Array {
  let state = 0x2545_f491
  for (let last = numbers.length - 1; last > 0; last--) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    const other = (state >>> 0) % (last + 1)
    const moved = numbers[last]!
    numbers[last] = numbers[other]!
    numbers[other] = moved
  }
  return numbers
}

const LINES_AT_ONCE = 1_000

export async function writeRecords(
  path: string,
  fleet: Fleet,
  indexes: Uint32Array,
): Promise<void> {
  function* lines(): Generator<string> {
    yield 'record_id,sim,occurred_at,plmn,country,zone,upload,download,to_sim,from_sim\n'
    for (let from = 0; from < indexes.length; from += LINES_AT_ONCE) {
      let text = ''
      for (const index of indexes.subarray(from, from + LINES_AT_ONCE)) {
        text += csvLineOf(recordOf(index, fleet))
      }
      yield text
    }
  }
  await pipeline(Readable.from(lines()), createWriteStream(path, { highWaterMark: 1 << 20 }))
}

export function csvLineOf({ recordId, sim, at, plmn, upload, download, toSim }: UsedRecord) {
  return `${recordId},${iccid(sim)},${formatInstant(at)},${plmn},,,${upload},${download},${toSim},0\n`
}

/** A question about a SIM (counted from 0) or about the account, whole hours or days. */
export interface Question {
  readonly sim: number | null
  readonly granularity: 'all' | 'daily' | 'hourly'
  readonly start: number
  readonly end: number
}

/** Bucket, zone, country, upload, download, to SIM, from SIM; in ascending order of the first three. */
export type AnswerRow = readonly [number, number, string, number, number, number, number]
export type Answer = readonly AnswerRow[]

export const SIM_QUESTIONS = 100
export const ACCOUNT_QUESTIONS = 4

/** The month of SIMs from all over the fleet, then the account's month by day and as a whole. */
export function questionsOf({ sims, firstHour: start, monthEnd: end }: Fleet): Question[] {
  const step = Math.max(1, Math.floor(sims / SIM_QUESTIONS))
  const asked = Array.from({ length: Math.min(SIM_QUESTIONS, sims) }, (_, i) => i * step)
  const perDay = (days: number) => start + days * DAY_SECONDS
  return [
    ...asked.map((sim): Question => ({ sim, granularity: 'all', start, end })),
    ...(['daily', 'all'] as const).flatMap((granularity) =>
      Array.from(
        { length: ACCOUNT_QUESTIONS / 2 },
        (_, i): Question => ({ sim: null, granularity, start: perDay(i), end }),
      ),
    ),
  ]
}

/** The right answers, from the records themselves. */
export function truthOf(fleet: Fleet, questions: readonly Question[]): Answer[] {
  const sums = questions.map((question) => new Sums(question))
  const bySim = new Map<number, Sums[]>()
  const ofAccount: Sums[] = []
  for (const [i, { sim }] of questions.entries()) {
    if (sim === null) ofAccount.push(sums[i]!)
    else bySim.set(sim, [...(bySim.get(sim) ?? []), sums[i]!])
  }
  for (let index = 0; index < fleet.records; index++) {
    const used = recordOf(index, fleet)
    for (const of of ofAccount) of.add(used)
    for (const of of bySim.get(used.sim) ?? []) of.add(used)
  }
  return sums.map((of) => of.rows())
}

const BUCKET_SECONDS = { daily: DAY_SECONDS, hourly: HOUR_SECONDS }

/** The sums of one question, record by record. */
export class Sums {
  readonly #question: Omit<Question, 'sim'>
  readonly #cells = new Map<string, [number, number, string, number, number, number, number]>()

  constructor(question: Omit<Question, 'sim'>) {
    this.#question = question
  }

  add({ at, plmn, upload, download, toSim }: UsedRecord): void {
    const { granularity, start, end } = this.#question
    if (at < start || at >= end) return
    const { zone, country } = COUNTRY_AND_ZONE.get(plmn)!
    const bucket = granularity === 'all' ? start : at - (at % BUCKET_SECONDS[granularity])
    const key = `${bucket} ${zone} ${country}`
    const cell = this.#cells.get(key)
    if (cell === undefined) {
      this.#cells.set(key, [bucket, zone, country, upload, download, toSim, 0])
      return
    }
    cell[3] += upload
    cell[4] += download
    cell[5] += toSim
  }

  rows(): Answer {
    return sorted([...this.#cells.values()])
  }
}

/** A contender's rows in the one order in which they are compared. */
export function sorted(rows: AnswerRow[]): AnswerRow[] {
  return rows.sort((a, b) => a[0] - b[0] || a[1] - b[1] || (a[2] < b[2] ? -1 : 1))
}
