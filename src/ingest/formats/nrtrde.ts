/**
 * NRTRDE 2.1: what roamers use, reported within hours and without prices. It reports the same usage as
 * TAP3, so only one of the two may be counted. See `docs/formats/nrtrde.md`.
 */
import type { StatedFacts } from '../../domain/import.ts'
import { shown } from '../../domain/usage-error.ts'
import { asciiOf, type BerVisitor, bcdOf, integerOf, walkElement } from './ber.ts'
import type { CdrFormat, ReadRecord } from './cdr-format.ts'
import { offsetSecondsOf } from './local-time.ts'
import {
  type BatchContent,
  type BatchEvent,
  type PartValue,
  RoamingBatchReader,
  senderOf,
  sequenceOf,
  tagText,
  unreadable,
  valuesOf,
} from './roaming-batch.ts'
import {
  type EventItems,
  type EventRole,
  integerText,
  printable,
  RoamingRecords,
  type StatedOffset,
  type StatedUsage,
  serviceCodeOf,
} from './roaming-record.ts'
import {
  checkRoamingSettings,
  type RoamingSettings,
  roamingSettingsOf,
} from './roaming-settings.ts'

const TAG = {
  nrtrde: 1,
  callEvents: 2,
  moc: 3,
  mtc: 4,
  gprs: 5,
  servingNetwork: 15,
  accessPointNameNI: 16,
  bearerServiceCode: 18,
  callEventDuration: 19,
  callEventsCount: 20,
  callEventStartTimeStamp: 21,
  callReference: 23,
  causeForTermination: 24,
  chargingId: 26,
  dataVolumeIncoming: 28,
  dataVolumeOutgoing: 29,
  fileAvailableTimeStamp: 31,
  imsi: 34,
  recipient: 36,
  releaseVersionNumber: 37,
  sender: 38,
  sequenceNumber: 39,
  specificationVersionNumber: 41,
  teleServiceCode: 43,
  utcTimeOffset: 45,
  serviceCode: 46,
  msisdn: 49,
} as const

const EVENT_NAMES: Readonly<Record<number, string>> = { 3: 'Moc', 4: 'Mtc', 5: 'Gprs' }
const EVENT_ROLES: Readonly<Record<number, EventRole>> = {
  [TAG.moc]: 'call from the SIM',
  [TAG.mtc]: 'call to the SIM',
  [TAG.gprs]: 'data',
}
/** NRTRDE 2.1 has no tags from here on; below, each has a meaning. */
const KNOWN_TAGS_END = 50
const VERSION = { specification: 2, release: 1 } as const

export const nrtrde: CdrFormat = {
  checkSettings: (settings) => checkRoamingSettings(settings, ['networks', 'count_mismatch']),
  // Nothing in a batch marks a record that corrects another, so it cannot be told from a part of a
  // session.
  createReader: (settings) =>
    new RoamingBatchReader(new NrtrdeBatch(roamingSettingsOf({ ...settings, parts: 'by_place' }))),
}

class NrtrdeBatch implements BatchContent {
  readonly kind = 'nrtrde'
  readonly tags = { batch: TAG.nrtrde, events: TAG.callEvents }
  readonly names = { 1: 'Nrtrde', 2: 'CallEventList' }
  readonly countMismatch
  readonly #records: RoamingRecords
  readonly #event = new NrtrdeEvent()
  readonly #header = new Map<number, PartValue>()

  constructor(settings: RoamingSettings) {
    this.countMismatch = settings.countMismatch
    this.#records = new RoamingRecords(settings)
  }

  takePart(tag: number, bytes: Buffer, from: number, to: number): void {
    const value = valuesOf(bytes, from, to).get(`0/${tag}`)
    const isKnown = Object.values(TAG).some((known) => known === tag)
    if (value === undefined || !isKnown) this.#records.unknownTags.add(tagText(tag))
    else if (!this.#header.has(tag)) this.#header.set(tag, value)
  }

  beginEvents(): void {
    const specification = this.#header.get(TAG.specificationVersionNumber)?.integer
    const release = this.#header.get(TAG.releaseVersionNumber)?.integer
    if (specification !== VERSION.specification || release !== VERSION.release) {
      throw unreadable(`NRTRDE version ${specification ?? '?'}.${release ?? '?'}: expected 2.1`)
    }
    this.#records.sender = senderOf(this.#header.get(TAG.sender))
  }

  statedCount(): number | bigint | null {
    return this.#header.get(TAG.callEventsCount)?.integer ?? null
  }

  readEvent(event: BatchEvent): ReadRecord | null {
    const name = EVENT_NAMES[event.tag] ?? `event ${tagText(event.tag)}`
    const role = EVENT_ROLES[event.tag] ?? 'other'
    return this.#records.readEvent(event, { name, role, items: this.#event })
  }

  warnings(): string[] {
    return this.#records.warnings()
  }

  /** A file's creation time does not say that all usage before it has been delivered. */
  facts(): StatedFacts {
    return {
      sequence: sequenceOf(
        this.#header.get(TAG.sender),
        this.#header.get(TAG.recipient),
        this.#header.get(TAG.sequenceNumber),
      ),
      completeThrough: null,
    }
  }
}

class NrtrdeEvent implements EventItems, BerVisitor {
  teleservices: string[] = []
  hasBearerService = false
  readonly isCorrection = false
  unknownTags: number[] = []
  readonly #texts = new Map<number, string>()
  readonly #integers = new Map<number, number | bigint | null>()

  read({ bytes, from, to }: BatchEvent): void {
    this.teleservices = []
    this.hasBearerService = false
    this.unknownTags = []
    this.#texts.clear()
    this.#integers.clear()
    walkElement(bytes, from, to, this)
  }

  open(_parent: number, tag: number): void {
    if (tag < 0 || tag >= KNOWN_TAGS_END) this.unknownTags.push(tag)
  }

  close(): void {}

  value(_parent: number, tag: number, bytes: Buffer, from: number, to: number): void {
    if (tag === TAG.teleServiceCode) this.teleservices.push(serviceCodeOf(bytes, from, to))
    else if (tag === TAG.bearerServiceCode) this.hasBearerService = true
    else if (BCD_TAGS.has(tag)) this.#keep(this.#texts, tag, bcdOf(bytes, from, to))
    else if (TEXT_TAGS.has(tag)) this.#keep(this.#texts, tag, asciiOf(bytes, from, to))
    else if (INTEGER_TAGS.has(tag)) this.#keep(this.#integers, tag, integerOf(bytes, from, to))
    else if (tag < 0 || tag >= KNOWN_TAGS_END) this.unknownTags.push(tag)
  }

  #keep<V>(values: Map<number, V>, tag: number, value: V): void {
    if (!values.has(tag)) values.set(tag, value)
  }

  text(name: string): string {
    const integer = (tag: number) => integerText(this.#integers.get(tag))
    return JSON.stringify({
      event: name,
      imsi: this.#texts.get(TAG.imsi),
      msisdn: this.#texts.get(TAG.msisdn),
      callEventStartTimeStamp: this.#texts.get(TAG.callEventStartTimeStamp),
      utcTimeOffset: this.#texts.get(TAG.utcTimeOffset),
      callEventDuration: integer(TAG.callEventDuration),
      causeForTermination: integer(TAG.causeForTermination),
      chargingId: integer(TAG.chargingId),
      accessPointNameNI: this.#texts.get(TAG.accessPointNameNI),
      servingNetwork: this.#texts.get(TAG.servingNetwork),
      callReference: integer(TAG.callReference),
      teleServiceCode: this.teleservices.length > 0 ? this.teleservices.join(' ') : undefined,
      dataVolumeIncoming: integer(TAG.dataVolumeIncoming),
      dataVolumeOutgoing: integer(TAG.dataVolumeOutgoing),
    })
  }

  usage(): StatedUsage {
    const chargingId = this.#integers.get(TAG.chargingId)
    const reference = this.#integers.get(TAG.callReference) ?? 0
    return {
      imsi: this.#texts.get(TAG.imsi),
      msisdn: this.#texts.get(TAG.msisdn),
      start: this.#texts.get(TAG.callEventStartTimeStamp),
      offset: offsetOf(this.#texts.get(TAG.utcTimeOffset)),
      incoming: this.#integers.get(TAG.dataVolumeIncoming),
      outgoing: this.#integers.get(TAG.dataVolumeOutgoing),
      chargingId,
      // If no number identifies the session, its access point does.
      part: chargingId === undefined ? printable(this.#texts.get(TAG.accessPointNameNI) ?? '') : '',
      content: '',
      callReference: String(reference),
      servingNetwork: this.#texts.get(TAG.servingNetwork),
    }
  }
}

const BCD_TAGS: ReadonlySet<number> = new Set([TAG.imsi, TAG.msisdn])
const TEXT_TAGS: ReadonlySet<number> = new Set([
  TAG.callEventStartTimeStamp,
  TAG.utcTimeOffset,
  TAG.accessPointNameNI,
  TAG.servingNetwork,
])
const INTEGER_TAGS: ReadonlySet<number> = new Set([
  TAG.callEventDuration,
  TAG.causeForTermination,
  TAG.chargingId,
  TAG.callReference,
  TAG.dataVolumeIncoming,
  TAG.dataVolumeOutgoing,
])

/** Each event states its own offset, whereas TAP refers to a table. */
function offsetOf(text: string | undefined): StatedOffset {
  const field = 'utcTimeOffset'
  if (text === undefined) return { field, seconds: null, value: null, rule: 'a value is required' }
  const rule = 'expected +hhmm or -hhmm'
  return { field, seconds: offsetSecondsOf(text), value: shown(text), rule }
}
