/**
 * The counters. `COUNTERS` defines each one: its name in the program, its name outside, and the quantity it
 * is a part of. Tables, formats, answers and messages list the counters that are defined here.
 */
import { plus, type Sum } from './sums.ts'

interface Counter {
  readonly name: string
  /** Its column in tables and CSV, its key in JSON and in mappings, and its name in messages. */
  readonly field: string
  /**
   * The total of the UsageRecords API that includes it. That API's names are not ours. Null for a counter
   * that the API does not know, which appears only in our own interfaces, after the others.
   */
  readonly quantity: Quantity | null
}

/** Bytes, and Commands. */
export const QUANTITIES = ['data', 'commands'] as const
export type Quantity = (typeof QUANTITIES)[number]

/** Every list of counters has this order. A counter's place is its index in it. */
export const COUNTERS = [
  { name: 'upload', field: 'upload', quantity: 'data' },
  { name: 'download', field: 'download', quantity: 'data' },
  { name: 'toSim', field: 'to_sim', quantity: 'commands' },
  { name: 'fromSim', field: 'from_sim', quantity: 'commands' },
] as const satisfies readonly Counter[]

type Stated = (typeof COUNTERS)[number]
export type CounterName = Stated['name']
export type CounterField = Stated['field']
/** The fields of a quantity's counters. With null, the fields that the UsageRecords API does not know. */
export type FieldOf<Part extends Quantity | null> = Extract<Stated, { quantity: Part }>['field']

/** A value for each counter. */
export type EachCounter<Value> = Readonly<Record<CounterName, Value>>
/** What was used. */
export type Counters = EachCounter<number>

type ListOf<Places extends readonly unknown[], Value> = { -readonly [I in keyof Places]: Value }
/** As `counterValues` lists them. */
export type CounterValues<Value> = ListOf<typeof COUNTERS, Value>

export const COUNTER_NAMES: readonly CounterName[] = COUNTERS.map(({ name }) => name)
export const COUNTER_FIELDS: readonly CounterField[] = COUNTERS.map(({ field }) => field)

// The functions below name each counter again, because literals are the fastest way to make and read objects.

/** `of` returns the value at each place. */
export function mapCounters<Value>(of: (place: number) => Value): Record<CounterName, Value> {
  return { upload: of(0), download: of(1), toSim: of(2), fromSim: of(3) }
}

export function counterValues<Value>(of: EachCounter<Value>): CounterValues<Value> {
  return [of.upload, of.download, of.toSim, of.fromSim]
}

/** Only the counters of something that has more. */
export function countersOf<Value>(given: EachCounter<Value>): Record<CounterName, Value> {
  return {
    upload: given.upload,
    download: given.download,
    toSim: given.toSim,
    fromSim: given.fromSim,
  }
}

export function addCounters(a: EachCounter<Sum>, b: EachCounter<Sum>): EachCounter<Sum> {
  return {
    upload: plus(a.upload, b.upload),
    download: plus(a.download, b.download),
    toSim: plus(a.toSim, b.toSim),
    fromSim: plus(a.fromSim, b.fromSim),
  }
}

/** A format that lacks some counters takes them from here. */
export const NO_COUNTERS: Counters = mapCounters(() => 0)

/** As `mapCounters`, by field. */
export function byField<Value>(of: (place: number) => Value): Record<CounterField, Value> {
  const fields = COUNTERS.map(({ field }, place) => [field, of(place)])
  return Object.fromEntries(fields) as Record<CounterField, Value>
}

/** The counters of a quantity. With null, those without one. */
export function countersIn(part: Quantity | null): Stated[] {
  return COUNTERS.filter(({ quantity }: Counter) => quantity === part)
}

/** The counters that the UsageRecords API does not know. */
export const OWN_COUNTERS: readonly Stated[] = countersIn(null)
