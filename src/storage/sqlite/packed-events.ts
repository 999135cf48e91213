/**
 * The form in which events are passed to the writer thread: a few flat arrays whose memory is
 * transferred. Copying events as objects would cost the importing thread more than reading them.
 */
import { COUNTER_NAMES, type Counters, counterValues, mapCounters } from '../../domain/counters.ts'
import type { Serving, UsageEvent } from '../../domain/usage-event.ts'
import { traitsToBits } from '../series/reading-rows.ts'

export interface PackedEvents {
  readonly count: number
  /** `COLUMNS` numbers per event, one event after the other. */
  readonly numbers: Float64Array
  /** Distinct servings; each event refers to one by its index. */
  readonly servings: readonly Serving[]
  readonly recordIds: PackedTexts
  readonly raws: PackedTexts
}

/** Texts, concatenated. */
interface PackedTexts {
  readonly text: string
  /** Where each text ends, in UTF-16 units. */
  readonly ends: Uint32Array
}

export const OCCURRED_AT = 0
export const SIM_ID = 1
export const ACCOUNT_ID = 2
export const LINE = 3
export const SERVING = 4
/** 0 for usage; for a reading, its traits. */
export const TRAITS = 5
/** The first of the counters. */
const COUNTERS = 6
export const COLUMNS = COUNTERS + COUNTER_NAMES.length

export function packEvents(events: readonly UsageEvent[]): PackedEvents {
  const numbers = new Float64Array(events.length * COLUMNS)
  const servings: Serving[] = []
  const servingIndexes = new Map<Serving, number>()
  let at = 0
  for (const event of events) {
    let serving = servingIndexes.get(event.serving)
    if (serving === undefined) {
      serving = servings.push(event.serving) - 1
      servingIndexes.set(event.serving, serving)
    }
    numbers[at + OCCURRED_AT] = event.occurredAt
    numbers[at + SIM_ID] = event.simId
    numbers[at + ACCOUNT_ID] = event.accountId
    numbers[at + LINE] = event.line
    numbers[at + SERVING] = serving
    numbers[at + TRAITS] = event.reading === null ? 0 : traitsToBits(event.reading)
    const counters = counterValues(event)
    for (let place = 0; place < counters.length; place++) {
      numbers[at + COUNTERS + place] = counters[place]!
    }
    at += COLUMNS
  }
  return {
    count: events.length,
    numbers,
    servings,
    recordIds: packTexts(events.map((event) => event.recordId)),
    raws: packTexts(events.map((event) => event.raw)),
  }
}

/** The counters of the event whose numbers begin at `at`. */
export function countersAt(numbers: Float64Array, at: number): Counters {
  return mapCounters((place) => numbers[at + COUNTERS + place]!)
}

/** Whose each event is, and when it happened. */
export function* placesOf({ count, numbers }: PackedEvents) {
  for (let at = 0; at < count * COLUMNS; at += COLUMNS) {
    yield {
      simId: numbers[at + SIM_ID]!,
      accountId: numbers[at + ACCOUNT_ID]!,
      occurredAt: numbers[at + OCCURRED_AT]!,
    }
  }
}

/** The buffers to transfer instead of copying. */
export function transfersOf(packed: PackedEvents): ArrayBuffer[] {
  return [packed.numbers, packed.recordIds.ends, packed.raws.ends].map(
    (array) => array.buffer as ArrayBuffer,
  )
}

export function textAt({ text, ends }: PackedTexts, index: number): string {
  return text.slice(index === 0 ? 0 : ends[index - 1], ends[index])
}

function packTexts(texts: readonly string[]): PackedTexts {
  const ends = new Uint32Array(texts.length)
  let end = 0
  for (let i = 0; i < texts.length; i++) {
    end += texts[i]!.length
    ends[i] = end
  }
  return { text: texts.join(''), ends }
}
