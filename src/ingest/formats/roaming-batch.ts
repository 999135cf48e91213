/**
 * Reads one roaming batch, TAP3 or NRTRDE. It is recognized by its first bytes, its events become records
 * one after another, and its own count of them is checked at the end.
 */
import { isUtf8 } from 'node:buffer'
import type { DeliveryFacts, StatedFacts } from '../../domain/import.ts'
import { UsageError } from '../../domain/usage-error.ts'
import { asciiOf, BerFault, BerHeader, integerOf, walkElement } from './ber.ts'
import { type BerReceiver, BerStream } from './ber-stream.ts'
import type { CdrReader, ReadRecord } from './cdr-format.ts'

/** Enough to tell what a delivery is: two headers and the beginning of a text. */
const HEAD_BYTES = 64

/** What a delivery can be, judged by its first bytes. */
type DeliveryKind = 'tap3' | 'nrtrde' | 'rap' | 'text' | 'empty' | 'other'

/** What differs between the batches of different formats. */
export interface BatchContent {
  readonly kind: 'tap3' | 'nrtrde'
  /** Of the outermost element, and of the list of events in it. */
  readonly tags: { readonly batch: number; readonly events: number }
  readonly names: Readonly<Record<number, string>>
  /** Takes a part that stands beside the events, or a batch without events. */
  takePart(tag: number, bytes: Buffer, from: number, to: number): void
  /** The header is complete. Throws `unreadable` if no event of the batch may be counted. */
  beginEvents(): void
  /** The record of an event; null if it is not one that is counted. */
  readEvent(event: BatchEvent): ReadRecord | null
  /** How many events the batch says it has; null if it does not say. */
  statedCount(): number | bigint | null
  /** What to do if that is not the number of events read. */
  readonly countMismatch: 'refuse' | 'count'
  /** `isWhole` is true if all of the batch was read; only then can something be reported missing. */
  warnings(isWhole: boolean): string[]
  facts(): StatedFacts
}

/** One event of a batch: `bytes` from `from` up to `to`, including its header. */
export interface BatchEvent {
  readonly tag: number
  readonly bytes: Buffer
  readonly from: number
  readonly to: number
  /** From 1, whatever becomes of earlier events. */
  readonly line: number
}

export class RoamingBatchReader implements CdrReader, BerReceiver {
  readonly #content: BatchContent
  readonly #stream = new BerStream(this)
  #head: Uint8Array | null = new Uint8Array(0)
  #records: ReadRecord[] = []
  #events = 0
  #hasBegun = false
  #hasList = false
  #isWhole = false
  /** What ended the reading; thrown after the records before it have been returned. */
  #failure: UsageError | null = null

  constructor(content: BatchContent) {
    this.#content = content
  }

  push(chunk: Uint8Array): readonly ReadRecord[] {
    return this.#handOver(() => {
      if (this.#head === null) return this.#stream.push(chunk)
      this.#head = Buffer.concat([this.#head, chunk])
      if (this.#head.length >= HEAD_BYTES) this.#recognise(this.#head)
    })
  }

  end(): readonly ReadRecord[] {
    const records = this.#handOver(() => {
      if (this.#head !== null) this.#recognise(this.#head)
      if (!this.#stream.isComplete) throw unreadable(this.#cut())
      this.#begin()
      this.#checkCount()
      this.#isWhole = true
    })
    // No further call will come.
    if (this.#failure !== null) throw this.#failure
    return records
  }

  warnings(): string[] {
    const warnings = this.#content.warnings(this.#isWhole)
    if (!this.#isWhole) return warnings
    if (this.#content.facts().sequence === null) {
      warnings.push('the file has no sequence number, so a file missing before it is not noticed')
    }
    if (this.#hasList && this.#content.statedCount() === null) {
      warnings.push('the file does not say how many events it has, so a missing one is not noticed')
    }
    return warnings
  }

  facts(): StatedFacts {
    return this.#content.facts()
  }

  enters(depth: number, tag: number): boolean {
    const { batch, events } = this.#content.tags
    if (depth === 0) return tag === batch
    if (depth !== 1 || tag !== events) return false
    this.#hasList = true
    this.#begin()
    return true
  }

  element(depth: number, tag: number, bytes: Buffer, from: number, to: number): void {
    if (depth < 2) {
      this.#content.takePart(tag, bytes, from, to)
      return
    }
    const record = this.#content.readEvent({ tag, bytes, from, to, line: ++this.#events })
    if (record !== null) this.#records.push(record)
  }

  left(): void {}

  /**
   * The records read by `read`. Its failure is thrown if there are none, or otherwise by the next call.
   */
  #handOver(read: () => void): readonly ReadRecord[] {
    if (this.#failure !== null) throw this.#failure
    try {
      read()
    } catch (error) {
      this.#failure = this.#asUsageError(error)
      if (this.#records.length === 0) throw this.#failure
    }
    const records = this.#records
    this.#records = []
    return records
  }

  #asUsageError(error: unknown): UsageError {
    if (error instanceof UsageError) return error
    if (!(error instanceof BerFault)) throw error
    return unreadable(`byte ${this.#stream.position + 1}${this.#place()}: ${error.message}`)
  }

  #recognise(head: Uint8Array): void {
    this.#head = null
    const kind = kindOf(head.subarray(0, HEAD_BYTES))
    if (kind !== this.#content.kind) throw unreadable(refusal(this.#content.kind, kind))
    this.#stream.push(head)
  }

  #begin(): void {
    if (this.#hasBegun) return
    this.#hasBegun = true
    this.#content.beginEvents()
  }

  #checkCount(): void {
    const stated = this.#content.statedCount()
    if (this.#content.countMismatch === 'count' || stated === null) return
    if (stated === this.#events) return
    throw unreadable(
      `the file counts ${stated} events, but has ${this.#events}: part of it is missing, or the ` +
        'sender counts differently; get the file again, or set count_mismatch of the feed to count',
    )
  }

  #cut(): string {
    return (
      `the delivery is cut: it ends after byte ${this.#stream.bytesReceived}${this.#place()}; ` +
      'get the file again and deliver it whole, what is already counted is not counted twice'
    )
  }

  #place(): string {
    const tag = this.#stream.openTags.at(-1)
    if (tag === undefined) return ''
    const event = tag === this.#content.tags.events ? `, event ${this.#events + 1}` : ''
    return `, in ${this.#content.names[tag] ?? tagText(tag)}${event}`
  }
}

/** An application tag in the standards' notation: `[433]`; another class is `[-5]`. */
export function tagText(tag: number): string {
  return `[${tag}]`
}

/** The values in one part of a header, by tag, grouped under their parent's tag. */
export function valuesOf(bytes: Buffer, from: number, to: number): Map<string, PartValue> {
  const values = new Map<string, PartValue>()
  walkElement(bytes, from, to, {
    value: (parent, tag, _, valueFrom, valueTo) => {
      const value = new PartValue(bytes, valueFrom, valueTo)
      const key = `${parent}/${tag}`
      if (!values.has(key)) values.set(key, value)
    },
    open: () => {},
    close: () => {},
  })
  return values
}

/** A header value with its bytes. */
export class PartValue {
  readonly text: string
  readonly integer: number | bigint | null

  constructor(bytes: Buffer, from: number, to: number) {
    this.text = asciiOf(bytes, from, Math.min(to, from + 100))
    this.integer = integerOf(bytes, from, to)
  }
}

/** The header's TADIG code; null if it has none that could be one. */
export function networkNameOf(value: PartValue | undefined): string | null {
  const text = value?.text.trim() ?? ''
  return /^[!-~]{1,20}$/.test(text) ? text : null
}

/** Throws `unreadable` if the header does not name the batch's sender. */
export function senderOf(value: PartValue | undefined): string {
  const name = networkNameOf(value)
  if (name !== null) return name
  throw unreadable('the header has no sender: it has to name a network such as "ESPVV"')
}

/** Files are numbered per sender and recipient; null if the header lacks a part. */
export function sequenceOf(
  sender: PartValue | undefined,
  recipient: PartValue | undefined,
  number: PartValue | undefined,
): DeliveryFacts['sequence'] {
  const from = networkNameOf(sender)
  const to = networkNameOf(recipient)
  if (from === null || to === null || !/^\d{1,9}$/.test(number?.text ?? '')) return null
  return { stream: `${from}>${to}`, number: Number(number!.text) }
}

export function unreadable(message: string): UsageError {
  return new UsageError('unreadable', message)
}

function kindOf(head: Uint8Array): DeliveryKind {
  if (head.length === 0) return 'empty'
  if (isText(head)) return 'text'
  const header = new BerHeader()
  try {
    if (!header.read(head, 0, head.length) || !header.isConstructed) return 'other'
    const { tag, contentAt } = header
    if (tag === 534 || tag === 535) return 'rap'
    if (tag === 2) return 'tap3'
    if (tag !== 1 || !header.read(head, contentAt, head.length)) return 'other'
    return header.tag === 4 ? 'tap3' : header.tag === 41 ? 'nrtrde' : 'other'
  } catch (error) {
    if (error instanceof BerFault) return 'other'
    throw error
  }
}

/** True for printable UTF-8. If the text goes on, its last character here may be cut. */
function isText(head: Uint8Array): boolean {
  const cuts = head.length < HEAD_BYTES ? [0] : [0, 1, 2, 3]
  const whole = cuts.map((cut) => head.subarray(0, head.length - cut)).find(isUtf8)
  return whole?.every(isPrintable) ?? false
}

function isPrintable(byte: number): boolean {
  return (byte >= 0x20 && byte !== 0x7f) || byte === 9 || byte === 10 || byte === 13
}

const NAMES = { tap3: 'TAP3', nrtrde: 'NRTRDE' } as const

/** What a delivery is that the feed cannot read, and what to do with it. */
function refusal(feed: 'tap3' | 'nrtrde', kind: DeliveryKind): string {
  const reads = `the feed reads ${NAMES[feed]}`
  switch (kind) {
    case 'empty':
      return `the delivery is empty: ${reads}, which has a header even without usage`
    case 'rap':
      return `this is a RAP file, and ${reads}: RAP returns or rejects records and brings no usage, so do not import it; corrected records come in a later TAP file`
    case 'tap3':
    case 'nrtrde':
      return `this is ${kind === 'tap3' ? 'a' : 'an'} ${NAMES[kind]} file, and ${reads}: give it to a feed of the format ${kind}, and let only one of the two bring the usage of a network, because both report the same`
    case 'text':
      return `this is text, and ${reads}, which is binary: give it to a feed of its own format`
    case 'other':
      return `this is neither TAP3 nor NRTRDE, and ${reads}: deliver files as they come from the sender, plain or gzip`
  }
}
