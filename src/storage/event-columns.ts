/**
 * A batch's events in columns instead of objects. A large batch takes a third of the memory, and another
 * thread reads it where it is.
 */
import { COUNTER_NAMES, type Counters, counterValues, mapCounters } from '../domain/counters.ts'
import type { Serving, UsageEvent } from '../domain/usage-event.ts'
import type { EventList, OpenEvents } from './event-list.ts'
import { traitsFromBits, traitsToBits } from './series/reading-rows.ts'

/** What another thread gets of the columns. */
export interface PackedEvents {
  readonly count: number
  /** `COLUMNS` numbers per event, one event after the other. */
  readonly numbers: Float64Array
  /** Distinct servings; each event refers to one by its index. */
  readonly servings: readonly Serving[]
  readonly recordIds: PackedTexts
  readonly raws: PackedTexts
}

/** Texts in UTF-8, concatenated. */
interface PackedTexts {
  readonly bytes: Uint8Array
  /** Where each text ends, in bytes. */
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
export const COUNTERS = 6
export const COLUMNS = COUNTERS + COUNTER_NAMES.length

/** How many events there is room for at first. Most deliveries are small. */
const EVENTS_FIRST = 16

/**
 * How many distinct servings a batch has at most. Usually there are some hundreds. Each takes as much memory as many
 * events, here and where usage is summed.
 */
const SERVINGS_MAX = 50_000

/** `heldSince` is not kept, because it says nothing about how an event counts. */
export class EventColumns implements OpenEvents {
  #length = 0
  #numbers: Float64Array = column(Float64Array, EVENTS_FIRST * COLUMNS)
  #servings: Serving[] = []
  readonly #servingIndexes = new Map<Serving, number>()
  readonly #recordIds = new TextColumn()
  readonly #raws = new TextColumn()

  static readonly #spares: EventColumns[] = []

  /** Empty ones. */
  static open(): EventColumns {
    return EventColumns.#spares.pop() ?? new EventColumns()
  }

  static of(events: EventList): EventColumns {
    if (events instanceof EventColumns) return events
    const columns = new EventColumns()
    columns.add(Array.isArray(events) ? events : [...events])
    return columns
  }

  get length(): number {
    return this.#length
  }

  /** In bytes. */
  get textLength(): number {
    return this.#raws.length
  }

  get isFull(): boolean {
    return this.#servings.length >= SERVINGS_MAX
  }

  add(events: readonly UsageEvent[]): void {
    let at = this.#length * COLUMNS
    this.#numbers = withRoom(this.#numbers, at, events.length * COLUMNS)
    const numbers = this.#numbers
    for (const event of events) {
      numbers[at + OCCURRED_AT] = event.occurredAt
      numbers[at + SIM_ID] = event.simId
      numbers[at + ACCOUNT_ID] = event.accountId
      numbers[at + LINE] = event.line
      numbers[at + SERVING] = this.#indexOf(event.serving)
      numbers[at + TRAITS] = event.reading === null ? 0 : traitsToBits(event.reading)
      const counters = counterValues(event)
      for (let place = 0; place < counters.length; place++) {
        numbers[at + COUNTERS + place] = counters[place]!
      }
      at += COLUMNS
    }
    this.#recordIds.add(
      this.#length,
      events.map(({ recordId }) => recordId),
    )
    this.#raws.add(
      this.#length,
      events.map(({ raw }) => raw),
    )
    this.#length += events.length
  }

  /** Keeps the memory, which nobody may be reading any more. */
  clear(): void {
    this.#length = 0
    this.#servings = []
    this.#servingIndexes.clear()
    this.#recordIds.clear()
    this.#raws.clear()
  }

  /** Keeps the memory for the next import, if there is much of it. */
  release(): void {
    this.clear()
    const isLarge = isShared(this.#numbers) || this.#recordIds.isLarge || this.#raws.isLarge
    if (isLarge && EventColumns.#spares.length < SPARES_MAX) EventColumns.#spares.push(this)
  }

  /** Valid until the columns are cleared. */
  packed(): PackedEvents {
    return {
      count: this.#length,
      numbers: this.#numbers.subarray(0, this.#length * COLUMNS),
      servings: this.#servings,
      recordIds: this.#recordIds.packed(this.#length),
      raws: this.#raws.packed(this.#length),
    }
  }

  *[Symbol.iterator](): Generator<UsageEvent> {
    const packed = this.packed()
    const recordIds = new Texts(packed.recordIds)
    const raws = new Texts(packed.raws)
    for (let index = 0; index < this.#length; index++) {
      yield eventAt(packed, index, recordIds.at(index), raws.at(index))
    }
  }

  #indexOf(serving: Serving): number {
    let index = this.#servingIndexes.get(serving)
    if (index === undefined) {
      index = this.#servings.push(serving) - 1
      this.#servingIndexes.set(serving, index)
    }
    return index
  }
}

/** The event at an index, with its texts. */
export function eventAt(
  { numbers, servings }: PackedEvents,
  index: number,
  recordId: string,
  raw: string,
): UsageEvent {
  const at = index * COLUMNS
  const traits = numbers[at + TRAITS]!
  const { upload, download, toSim, fromSim } = countersAt(numbers, at)
  return {
    simId: numbers[at + SIM_ID]!,
    accountId: numbers[at + ACCOUNT_ID]!,
    recordId,
    occurredAt: numbers[at + OCCURRED_AT]!,
    // Written out, because there are many events.
    upload,
    download,
    toSim,
    fromSim,
    serving: servings[numbers[at + SERVING]!]!,
    reading: traits === 0 ? null : traitsFromBits(traits),
    line: numbers[at + LINE]!,
    raw,
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

/** Reads packed texts. */
export class Texts {
  readonly #buffer: Buffer
  readonly #ends: Uint32Array
  /** All of them, if each of their bytes is a character. It is quicker to cut than bytes are to decode. */
  #text: string | null = null

  constructor({ bytes, ends }: PackedTexts) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#ends = ends
  }

  /** As `new`, for texts of which most are asked for. */
  static decoded(packed: PackedTexts): Texts {
    const texts = new Texts(packed)
    const text = texts.#buffer.toString('utf8')
    if (text.length === packed.bytes.length) texts.#text = text
    return texts
  }

  at(index: number): string {
    const start = index === 0 ? 0 : this.#ends[index - 1]!
    const end = this.#ends[index]!
    return this.#text?.slice(start, end) ?? this.#buffer.toString('utf8', start, end)
  }
}

/** Texts as they are packed. */
class TextColumn {
  length = 0
  #bytes: Uint8Array = column(Uint8Array, EVENTS_FIRST * BYTES_OF_TEXT)
  #ends: Uint32Array = column(Uint32Array, EVENTS_FIRST)

  /** `count` texts are there already. */
  add(count: number, texts: readonly string[]): void {
    const text = texts.join('')
    this.#bytes = withRoom(this.#bytes, this.length, text.length * BYTES_OF_UNIT_MAX)
    this.#ends = withRoom(this.#ends, count, texts.length)
    const buffer = Buffer.from(this.#bytes.buffer, 0, this.#bytes.length)
    const isAscii = buffer.write(text, this.length) === text.length
    let end = this.length
    for (let i = 0; i < texts.length; i++) {
      end += isAscii ? texts[i]!.length : buffer.write(texts[i]!, end)
      this.#ends[count + i] = end
    }
    this.length = end
  }

  get isLarge(): boolean {
    return isShared(this.#bytes)
  }

  clear(): void {
    this.length = 0
  }

  packed(count: number): PackedTexts {
    return { bytes: this.#bytes.subarray(0, this.length), ends: this.#ends.subarray(0, count) }
  }
}

/** Room for a text, at first. */
const BYTES_OF_TEXT = 64

/** How many bytes a UTF-16 unit takes at most. */
const BYTES_OF_UNIT_MAX = 3

type Column = Float64Array | Uint32Array | Uint8Array

interface ColumnType<C extends Column> {
  new (buffer: ArrayBufferLike, offset: number, length: number): C
  readonly BYTES_PER_ELEMENT: number
}

/**
 * From this size on, another thread reads the memory where it is, instead of a copy. Such memory is not
 * counted as garbage when nobody uses it any more, so it is kept for the next import.
 */
const SHARED_BYTES_MIN = 1_048_576

/** How much shared memory can grow where it is. That reserves addresses, but no memory. */
const GROWTH_MAX = 1_024

/** How many columns are kept for the next import. One needs two at a time. */
const SPARES_MAX = 2

function column<C extends Column>(Type: ColumnType<C>, length: number): C {
  const bytes = length * Type.BYTES_PER_ELEMENT
  const buffer =
    bytes < SHARED_BYTES_MIN
      ? new ArrayBuffer(bytes)
      : new SharedArrayBuffer(bytes, { maxByteLength: bytes * GROWTH_MAX })
  return new Type(buffer, 0, length)
}

function isShared({ buffer }: Column): boolean {
  return buffer instanceof SharedArrayBuffer
}

/** The column with room for more values after the used ones. */
function withRoom<C extends Column>(values: C, used: number, more: number): C {
  if (used + more <= values.length) return values
  const Type = values.constructor as ColumnType<C>
  const { buffer } = values
  const length = Math.max(2 * values.length, used + more)
  const bytes = length * Type.BYTES_PER_ELEMENT
  if (buffer instanceof SharedArrayBuffer && bytes <= buffer.maxByteLength) {
    buffer.grow(bytes)
    return new Type(buffer, 0, length)
  }
  const larger = column(Type, length)
  larger.set(values.subarray(0, used))
  return larger
}
