/** Turns what a roaming batch's event states into a record, or into a fault naming every bad field. */
import type { StatedNetwork } from '../../domain/classification.ts'
import { type Counters, NO_COUNTERS } from '../../domain/counters.ts'
import { maskIdentifier } from '../../domain/identifiers.ts'
import { shown } from '../../domain/usage-error.ts'
import { asciiOf, BerFault } from './ber.ts'
import { faultOf, type ReadRecord } from './cdr-format.ts'
import { localSecondsOf, utcSecondsOf } from './local-time.ts'
import { NamedCounts } from './named-counts.ts'
import { type BatchEvent, tagText } from './roaming-batch.ts'
import { contentSuffix, PartPlaces } from './roaming-parts.ts'
import type { RoamingSettings } from './roaming-settings.ts'
import { TadigNetworks } from './tadig.ts'

/**
 * How many messages without a reference are remembered, to tell apart those of one second. If more of
 * them come between two of the same SIM and second, the second one is taken for a repeat.
 */
const MESSAGES_REMEMBERED_MAX = 200_000
/** 32 octets in hexadecimal, while networks use up to 8. It becomes part of a record id. */
const REFERENCE_CHARACTERS_MAX = 64
/** A 64-bit unsigned integer, the largest by which any network numbers sessions. */
const SESSION_NUMBER_MAX = 2n ** 64n - 1n

/** An integer as stated: null if it has no octets or too many, undefined if there is none. */
export type StatedInteger = number | bigint | null | undefined

/** Usage as an event states it, before anything is checked. */
export interface StatedUsage {
  readonly imsi: string | undefined
  readonly msisdn: string | undefined
  /** `CCYYMMDDhhmmss`. */
  readonly start: string | undefined
  readonly offset: StatedOffset
  /** For `gprs`, in bytes. */
  readonly incoming: StatedInteger
  readonly outgoing: StatedInteger
  readonly chargingId: StatedInteger
  /** What else tells a session's records apart, such as which part of it this is. */
  readonly part: string
  /** For `gprs`: what may differ between parts that start in the same second. */
  readonly content: string
  /** For messages; '' if there is none. */
  readonly callReference: string
  readonly servingNetwork: string | undefined
}

/** The UTC offset of a local time, or why it cannot be told. */
export interface StatedOffset {
  readonly field: string
  readonly seconds: number | null
  /** As shown in messages; null if there is none. */
  readonly value: string | null
  /** What is wrong if `seconds` is null. */
  readonly rule: string
}

/** What an event is, judged by its tag alone. */
export type EventRole = 'data' | 'call from the SIM' | 'call to the SIM' | 'messages' | 'other'

/** Reads the events of one format, one after the other. */
export interface EventItems {
  /** Forgets the previous event and reads this one. Throws `BerFault` if it is malformed. */
  read(event: BatchEvent): void
  /** Two hexadecimal digits each; only calls have any. */
  readonly teleservices: readonly string[]
  readonly hasBearerService: boolean
  /** True if its sender has marked it as replacing another event. */
  readonly isCorrection: boolean
  /** Tags without a meaning here, once for each occurrence. */
  readonly unknownTags: readonly number[]
  /** The event in readable form; equal bytes always give the same text. */
  text(name: string): string
  usage(): StatedUsage
}

type UsageKind = 'gprs' | 'mo' | 'mt'

const SMS_TO_SIM = '21'
const SMS_FROM_SIM = '22'
const FROM_SIM: Counters = { ...NO_COUNTERS, fromSim: 1 }
const TO_SIM: Counters = { ...NO_COUNTERS, toSim: 1 }

/** The records of one delivery, and the counts for its warnings. */
export class RoamingRecords {
  /** The network that sent the batch. */
  sender = ''
  /** True if the whole batch replaces another. */
  areCorrections = false
  readonly unknownTags = new NamedCounts()
  readonly #skippedEvents = new NamedCounts()
  readonly #uncountedMessages = new NamedCounts()
  readonly #unknownNetworks = new NamedCounts()
  readonly #networks: TadigNetworks
  readonly #messages = new Map<string, number>()
  readonly #parts: RoamingSettings['parts']
  readonly #places = new PartPlaces()
  #faults: { field: string; detail: string }[] = []

  constructor({ networks, parts }: RoamingSettings) {
    this.#networks = new TadigNetworks(networks)
    this.#parts = parts
  }

  /**
   * The record of an event, or its fault. If it is neither data nor a message, it is counted, and the
   * result is null.
   */
  readEvent(
    event: BatchEvent,
    { name, role, items }: { name: string; role: EventRole; items: EventItems },
  ): ReadRecord | null {
    try {
      items.read(event)
    } catch (error) {
      if (error instanceof BerFault) return unsoundEvent(event, name, error)
      throw error
    }
    const kind = usageKindOf(role, items.teleservices)
    if (kind === 'none') {
      if (role === 'messages') this.#uncountedMessages.add(name)
      else this.#skippedEvents.add(role === 'other' ? name : callName(name, items))
      return null
    }
    for (const tag of items.unknownTags) this.unknownTags.add(tagText(tag))
    const raw = items.text(name)
    if (kind === 'contradiction') return contradiction(event.line, raw, items.teleservices)
    const isCorrection = this.areCorrections || items.isCorrection
    return this.#record({ ...items.usage(), isCorrection }, kind, event.line, raw)
  }

  #record(
    stated: StatedUsage & { readonly isCorrection: boolean },
    kind: UsageKind,
    line: number,
    raw: string,
  ): ReadRecord {
    this.#faults = []
    const sim = this.#sim(stated)
    const occurredAt = this.#instant(stated)
    const counters = kind === 'gprs' ? this.#volumes(stated) : kind === 'mo' ? FROM_SIM : TO_SIM
    const session = kind === 'gprs' ? this.#session(stated) : this.#reference(stated)
    const [first] = this.#faults
    if (first !== undefined) {
      const detail = this.#faults.map((fault) => fault.detail).join('; ')
      return faultOf(line, raw, { reason: 'invalid_field', field: first.field, detail })
    }
    const key = `${sim}|${occurredAt}|${kind}`
    const told = kind !== 'gprs' ? '' : this.#partSuffix(`${key}|${session}`, raw, stated)
    const id = session === '' ? this.#position(key) : session + told
    return {
      recordId: `${this.sender}:${kind}:${id}`,
      sim,
      occurredAt,
      network: this.#network(stated.servingNetwork),
      counters,
      reading: null,
      line,
      raw,
    }
  }

  warnings(): string[] {
    const skipped = this.#skippedEvents.text()
    const messages = this.#uncountedMessages.text()
    const tags = this.unknownTags.text()
    const networks = this.#unknownNetworks.text()
    return [
      ...(skipped === null
        ? []
        : [`events that are neither data nor messages were skipped: ${skipped}`]),
      ...(messages === null
        ? []
        : [
            `messaging events are not counted, because the items that tell their direction and number are not public: ${messages}`,
          ]),
      ...(tags === null ? [] : [`tags that Simtally does not know were skipped: ${tags}`]),
      ...(networks === null
        ? []
        : [
            `networks whose country is not known: ${networks}; name it in networks of the feed's settings`,
          ]),
    ]
  }

  #refuse(field: string, value: string | null, rule: string): void {
    this.#faults.push({ field, detail: `${field}${value === null ? '' : ` ${value}`}: ${rule}` })
  }

  #sim({ imsi, msisdn }: StatedUsage): string {
    const [field, text, min] =
      imsi !== undefined ? (['imsi', imsi, 6] as const) : (['msisdn', msisdn, 5] as const)
    if (text === undefined) this.#refuse('imsi', null, 'the event names neither IMSI nor MSISDN')
    else if (text.length < min || text.length > 15 || !/^\d+$/.test(text)) {
      this.#refuse(field, shown(maskIdentifier(text)), `expected ${min} to 15 digits`)
    }
    return text ?? ''
  }

  #instant({ start, offset }: StatedUsage): number {
    const field = 'callEventStartTimeStamp'
    const local = start === undefined ? null : localSecondsOf(start)
    if (start === undefined) this.#refuse(field, null, 'a value is required')
    else if (local === null) {
      this.#refuse(field, shown(start), 'expected a local time such as 20260228235959')
    }
    if (offset.seconds === null) this.#refuse(offset.field, offset.value, offset.rule)
    if (local === null || offset.seconds === null) return 0
    const at = utcSecondsOf(local, offset.seconds)
    if (at === null) this.#refuse(field, shown(start!), 'in UTC, it is outside the years 1 to 9999')
    return at ?? 0
  }

  #volumes({ incoming, outgoing }: StatedUsage): Counters {
    if (incoming === undefined && outgoing === undefined) {
      this.#refuse('dataVolumeIncoming', null, 'the event states no volume, not even 0')
    }
    const download = this.#volume('dataVolumeIncoming', incoming)
    const upload = this.#volume('dataVolumeOutgoing', outgoing)
    return { ...NO_COUNTERS, upload, download }
  }

  #volume(field: string, value: StatedInteger): number {
    if (value === undefined) return 0
    if (typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER) return value
    const rule =
      value === null || value < 0
        ? 'expected an integer, 0 or more'
        : `at most ${Number.MAX_SAFE_INTEGER} allowed`
    this.#refuse(field, String(integerText(value)), rule)
    return 0
  }

  /** The records of one session share this, and differ in when they start. */
  #session({ chargingId, part }: StatedUsage): string {
    if (chargingId === null || (chargingId ?? 0) < 0 || (chargingId ?? 0) > SESSION_NUMBER_MAX) {
      this.#refuse('chargingId', String(integerText(chargingId)), 'expected a number of 64 bits')
    }
    const session = chargingId ?? '-'
    return part === '' ? `${session}` : `${session}:${part}`
  }

  /** '' for a message with no reference, or with only zeros. */
  #reference({ callReference }: StatedUsage): string {
    if (callReference.length > REFERENCE_CHARACTERS_MAX) {
      const rule = `${callReference.length} digits, at most ${REFERENCE_CHARACTERS_MAX} allowed`
      this.#refuse('callReference', shown(callReference), rule)
    }
    return /[^0]/.test(callReference) ? callReference : ''
  }

  /** Without a reference, messages of one SIM and second are told apart by their order. */
  #position(key: string): string {
    const position = (this.#messages.get(key) ?? 0) + 1
    if (this.#messages.size >= MESSAGES_REMEMBERED_MAX) this.#messages.clear()
    this.#messages.set(key, position)
    return `#${position}`
  }

  /** Parts of one session may start in the same second. */
  #partSuffix(
    key: string,
    raw: string,
    { content, isCorrection }: { content: string; isCorrection: boolean },
  ): string {
    return this.#parts === 'by_place'
      ? this.#places.suffix(key, raw)
      : contentSuffix(content, isCorrection)
  }

  #network(servingNetwork: string | undefined): StatedNetwork {
    const tadig = servingNetwork ?? this.sender
    const network = this.#networks.networkOf(tadig)
    if (network.plmn === null && network.country === null) this.#unknownNetworks.add(shown(tadig))
    return network
  }
}

/** JSON numbers end at 2^53, so a larger integer becomes text. A malformed one becomes `?`. */
export function integerText(value: StatedInteger): number | string | undefined {
  return typeof value === 'bigint' ? String(value) : value === null ? '?' : value
}

/** Two hexadecimal digits as characters, or packed in one octet, as some writers do it. */
export function serviceCodeOf(bytes: Buffer, from: number, to: number): string {
  return to - from === 1 ? bytes.toString('hex', from, to) : asciiOf(bytes, from, to).toLowerCase()
}

/** It becomes part of a record id, which must be printable and short. */
export function printable(text: string): string {
  return text.slice(0, 100).replace(/[^!-~]/g, '?')
}

/** A call is a message if its service says so, unless its direction contradicts that. */
function usageKindOf(
  role: EventRole,
  teleservices: readonly string[],
): UsageKind | 'contradiction' | 'none' {
  if (role === 'data') return 'gprs'
  if (role === 'other' || role === 'messages') return 'none'
  const isFromSim = role === 'call from the SIM'
  if (teleservices.includes(isFromSim ? SMS_FROM_SIM : SMS_TO_SIM)) return isFromSim ? 'mo' : 'mt'
  return teleservices.includes(isFromSim ? SMS_TO_SIM : SMS_FROM_SIM) ? 'contradiction' : 'none'
}

function contradiction(line: number, raw: string, teleservices: readonly string[]): ReadRecord {
  const code = shown(teleservices.join(' '))
  return faultOf(line, raw, {
    reason: 'invalid_field',
    field: 'teleServiceCode',
    detail: `teleServiceCode ${code}: 22 is from the SIM and 21 to it, the event is the other way`,
  })
}

/** A record for a malformed event, of which only the bytes can be shown. */
function unsoundEvent(event: BatchEvent, name: string, fault: BerFault): ReadRecord {
  const hex = event.bytes.toString('hex', event.from, event.to)
  return faultOf(event.line, JSON.stringify({ event: name, hex }), {
    reason: 'unreadable',
    field: null,
    detail: `${name}: ${fault.message}`,
  })
}

/** The name under which a skipped call is counted, such as `MobileOriginatedCall of teleservice 11`. */
function callName(name: string, { teleservices, hasBearerService }: EventItems): string {
  const code = teleservices.find((text) => /^[0-9a-f]{2}$/.test(text))
  if (code !== undefined) return `${name} of teleservice ${code}`
  return `${name} ${hasBearerService ? 'of a bearer service' : 'of no known service'}`
}
