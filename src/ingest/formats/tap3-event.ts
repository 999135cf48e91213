/**
 * The items of one TAP3 call event that mean usage. An item is known by its own tag and its parent's,
 * wherever that is, because releases wrap the same items differently.
 */
import { asciiOf, type BerVisitor, bcdOf, integerOf, walkElement } from './ber.ts'
import type { BatchEvent } from './roaming-batch.ts'
import {
  type EventItems,
  integerText,
  printable,
  type StatedInteger,
  type StatedUsage,
  serviceCodeOf,
} from './roaming-record.ts'
import { KNOWN_EVENT_TAGS, TAG } from './tap3-tags.ts'
import type { UtcOffsets } from './utc-offsets.ts'

/** Items of an event as stated; undefined if the event has none. */
export class Tap3Event implements EventItems, BerVisitor {
  imsi: string | undefined
  msisdn: string | undefined
  start: string | undefined
  utcTimeOffsetCode: StatedInteger
  durationSeconds: StatedInteger
  causeForTerm: StatedInteger
  partial: string | undefined
  chargingId: StatedInteger
  apn: string | undefined
  incoming: StatedInteger
  outgoing: StatedInteger
  servingNetwork: string | undefined
  /** Hexadecimal. */
  callReference: string | undefined
  teleservices: string[] = []
  hasBearerService = false
  rapFileSequenceNumber: string | undefined
  unknownTags: number[] = []
  readonly #offsets: UtcOffsets

  constructor(offsets: UtcOffsets) {
    this.#offsets = offsets
  }

  read({ bytes, from, to }: BatchEvent): void {
    this.imsi = undefined
    this.msisdn = undefined
    this.start = undefined
    this.utcTimeOffsetCode = undefined
    this.durationSeconds = undefined
    this.causeForTerm = undefined
    this.partial = undefined
    this.chargingId = undefined
    this.apn = undefined
    this.incoming = undefined
    this.outgoing = undefined
    this.servingNetwork = undefined
    this.callReference = undefined
    if (this.teleservices.length > 0) this.teleservices = []
    this.hasBearerService = false
    this.rapFileSequenceNumber = undefined
    if (this.unknownTags.length > 0) this.unknownTags = []
    walkElement(bytes, from, to, this)
  }

  get isCorrection(): boolean {
    return this.rapFileSequenceNumber !== undefined
  }

  open(_parent: number, tag: number): void {
    if (KNOWN_EVENT_TAGS[tag] !== 1) this.unknownTags.push(tag)
  }

  close(): void {}

  value(parent: number, tag: number, bytes: Buffer, from: number, to: number): void {
    switch (tag) {
      case TAG.imsi:
        this.imsi ??= bcdOf(bytes, from, to)
        break
      case TAG.msisdn:
        if (parent === TAG.simChargeableSubscriber) this.msisdn ??= bcdOf(bytes, from, to)
        break
      case TAG.mdn:
        if (parent === TAG.minChargeableSubscriber) this.msisdn ??= asciiOf(bytes, from, to)
        break
      case TAG.localTimeStamp:
        if (parent === TAG.callEventStartTimeStamp) this.start ??= asciiOf(bytes, from, to)
        break
      case TAG.utcTimeOffsetCode:
        if (parent === TAG.callEventStartTimeStamp && this.utcTimeOffsetCode === undefined) {
          this.utcTimeOffsetCode = integerOf(bytes, from, to)
        }
        break
      case TAG.totalCallEventDuration:
        this.durationSeconds ??= integerOf(bytes, from, to)
        break
      case TAG.causeForTerm:
        this.causeForTerm ??= integerOf(bytes, from, to)
        break
      case TAG.partialTypeIndicator:
        this.partial ??= asciiOf(bytes, from, to)
        break
      case TAG.chargingId:
        if (this.chargingId === undefined) this.chargingId = integerOf(bytes, from, to)
        break
      case TAG.accessPointNameNI:
        if (parent === TAG.gprsDestination) this.apn ??= asciiOf(bytes, from, to)
        break
      case TAG.dataVolumeIncoming:
        this.incoming = withVolume(this.incoming, parent, integerOf(bytes, from, to))
        break
      case TAG.dataVolumeOutgoing:
        this.outgoing = withVolume(this.outgoing, parent, integerOf(bytes, from, to))
        break
      case TAG.servingNetwork:
        if (parent === TAG.geographicalLocation) this.servingNetwork ??= asciiOf(bytes, from, to)
        break
      case TAG.callReference:
        this.callReference ??= bytes.toString('hex', from, to)
        break
      case TAG.teleServiceCode:
        this.teleservices.push(serviceCodeOf(bytes, from, to))
        break
      case TAG.bearerServiceCode:
        this.hasBearerService = true
        break
      case TAG.rapFileSequenceNumber:
        this.rapFileSequenceNumber ??= asciiOf(bytes, from, to)
        break
      default:
        if (KNOWN_EVENT_TAGS[tag] !== 1) this.unknownTags.push(tag)
    }
  }

  usage(): StatedUsage {
    return {
      imsi: this.imsi,
      msisdn: this.msisdn,
      start: this.start,
      offset: this.#offsets.of(this.utcTimeOffsetCode),
      incoming: this.incoming,
      outgoing: this.outgoing,
      chargingId: this.chargingId,
      part: this.#part(),
      content: this.#content(),
      callReference: this.callReference ?? '',
      servingNetwork: this.servingNetwork,
    }
  }

  /** If no number identifies the session, its access point does. */
  #part(): string {
    const apn = this.chargingId === undefined ? this.apn : undefined
    return printable([apn, this.partial].filter((part) => part !== undefined).join(':'))
  }

  /**
   * Tells apart parts of a session that start in the same second, without what is already in the rest of
   * the id.
   */
  #content(): string {
    const { durationSeconds, causeForTerm, incoming, outgoing } = this
    const numbers = [durationSeconds, causeForTerm, incoming, outgoing].map(integerText)
    return JSON.stringify([...numbers, this.apn, this.servingNetwork])
  }

  text(name: string): string {
    return JSON.stringify({
      event: name,
      imsi: this.imsi,
      msisdn: this.msisdn,
      callEventStartTimeStamp: this.start,
      utcTimeOffsetCode: integerText(this.utcTimeOffsetCode),
      totalCallEventDuration: integerText(this.durationSeconds),
      causeForTerm: integerText(this.causeForTerm),
      partialTypeIndicator: this.partial,
      chargingId: integerText(this.chargingId),
      accessPointNameNI: this.apn,
      servingNetwork: this.servingNetwork,
      callReference: this.callReference,
      teleServiceCode: this.teleservices.length > 0 ? this.teleservices.join(' ') : undefined,
      rapFileSequenceNumber: this.rapFileSequenceNumber,
      dataVolumeIncoming: integerText(this.incoming),
      dataVolumeOutgoing: integerText(this.outgoing),
    })
  }
}

/**
 * Older releases list a session's usage in parts, which add up; newer ones state it once. A second
 * statement outside such a list is invalid.
 */
function withVolume(before: StatedInteger, parent: number, volume: number | bigint | null) {
  if (before === undefined) return volume
  if (parent !== TAG.gprsServiceUsage) return before
  if (before === null || volume === null) return null
  if (typeof before === 'number' && typeof volume === 'number') {
    const sum = before + volume
    if (Number.isSafeInteger(sum)) return sum
  }
  return BigInt(before) + BigInt(volume)
}
