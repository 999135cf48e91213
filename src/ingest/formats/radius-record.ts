/**
 * What a RADIUS accounting packet's attributes say about usage. Detail text and JSON differ only in how
 * attributes are found. See `docs/formats/radius.md`.
 */
import type { StatedNetwork } from '../../domain/classification.ts'
import { NO_COUNTERS } from '../../domain/counters.ts'
import { maskIdentifier } from '../../domain/identifiers.ts'
import { parsePlmn } from '../../domain/plmn.ts'
import type { Restart } from '../../domain/restart.ts'
import { formatInstant, HOUR_SECONDS } from '../../domain/time.ts'
import { type CdrRecord, faultOf, type ReadRecord } from './cdr-format.ts'
import { canonicalName, type StatedAttributes, WantedAttributes } from './radius-attributes.ts'
import { type AttributeFault, describeFault } from './radius-fault.ts'
import type { RadiusSettings } from './radius-settings.ts'
import { Announcements, isRestart, STATUSES, type Status } from './radius-status.ts'
import { decodedDigits, seriesId } from './radius-texts.ts'
import {
  dateLineFault,
  parseDateLine,
  parseEventTimestamp,
  parseWholeNumber,
  TIMES_DIFFER_MAX_SECONDS,
} from './radius-time.ts'
import { ChargingIds, CountedNames } from './radius-warnings.ts'

/** One packet, as the delivery holds it. */
export interface RadiusPacket {
  readonly line: number
  readonly raw: string
  /** The line above the attributes; null if there is none, as in JSON. */
  readonly dateLine: string | null
  readonly attributes: StatedAttributes
}

type Direction = 'Input' | 'Output'

const UINT32_MAX = 0xffff_ffff
/** Larger gigawords make counts that are no safe integers: 8 PiB. */
const GIGAWORDS_MAX = 2 ** 21 - 1
/** A larger reading without gigawords may come from a source whose counters wrap. */
const OCTETS_SUSPECT = 2 ** 31
/** The longest name a SIM can have is a unique name of 64 characters. */
const SIM_CHARACTERS_MAX = 64
/** How many distinct networks are remembered; a delivery has some hundreds. */
const NETWORKS_MAX = 10_000

/** A single 64-bit attribute instead of octets and gigawords, as servers' own dictionaries name it. */
const OCTETS_64_ATTRIBUTES = [
  (direction: Direction) => `Acct-${direction}-Octets64`,
  (direction: Direction) => `Acct-${direction}-Octets-64`,
]

const NAS_ATTRIBUTES = ['NAS-Identifier', 'NAS-IP-Address', 'NAS-IPv6-Address']
const UNKNOWN_NETWORK: StatedNetwork = { plmn: null, country: null, zone: null }

/** Turns packets into records, and remembers what to warn about. */
export class RadiusRecordParser {
  readonly wanted: WantedAttributes
  readonly #settings: RadiusSettings
  readonly #networks = new Map<string, StatedNetwork>()
  readonly #skipped = new CountedNames()
  readonly #unusableTimes = new CountedNames()
  readonly #announcements = new Announcements()
  readonly #chargingIds = new ChargingIds()
  #suspectReadings = 0
  #packet!: RadiusPacket
  #faults: AttributeFault[] = []

  constructor(settings: RadiusSettings) {
    this.#settings = settings
    this.wanted = new WantedAttributes([
      ...['Acct-Status-Type', 'Packet-Type', 'Event-Timestamp', 'Timestamp', 'Acct-Delay-Time'],
      ...['Acct-Input-Octets', 'Acct-Output-Octets'],
      ...['Acct-Input-Gigawords', 'Acct-Output-Gigawords'],
      ...OCTETS_64_ATTRIBUTES.flatMap((name) => [name('Input'), name('Output')]),
      '3GPP-SGSN-MCC-MNC',
      ...settings.sim,
      ...(settings.series ?? [...NAS_ATTRIBUTES, 'Acct-Session-Id', '3GPP-Charging-ID']),
    ])
  }

  /** Null for a packet that states no usage, such as the start of a NAS. */
  parse(packet: RadiusPacket): ReadRecord | null {
    this.#packet = packet
    this.#faults = []
    const status = this.#status()
    if (status === 'skipped') return null
    const record: CdrRecord = {
      recordId: this.#series(status),
      sim: this.#sim(),
      occurredAt: this.#occurredAt(),
      network: this.#network(),
      ...this.#counters(status),
      line: packet.line,
      raw: packet.raw,
    }
    if (this.#faults.length > 0) return this.#fault()
    this.#noteSuspect(record)
    return record
  }

  /** Null if sessions' counters do not begin again, or their names do not begin with the NAS. */
  restarts(): readonly Restart[] | null {
    const { resets, series } = this.#settings
    const hasNas = series === null || isNasAttribute(series[0]!)
    return resets === 'start' && hasNas ? this.#announcements.restarts : null
  }

  warnings(): string[] {
    const warnings = this.#announcements.warnings()
    if (this.#skipped.total > 0) {
      warnings.push(`packets that state no usage were skipped: ${this.#skipped.told()}`)
    }
    if (this.#unusableTimes.total > 0) {
      warnings.push(
        `Event-Timestamps could not be used, so the time of receipt less Acct-Delay-Time is used (the setting zones can name a time zone): ${this.#unusableTimes.told()}`,
      )
    }
    if (this.#suspectReadings > 0) {
      warnings.push(
        `readings of 2 GiB and more come without gigawords (${this.#suspectReadings}): if the source has none, its counters wrap, and the feed's setting gigawords must be false; if it leaves out zeros, set it to true`,
      )
    }
    return [...warnings, ...this.#chargingIds.warnings(), ...this.wanted.warnings()]
  }

  #fault() {
    const detail = this.#faults.map(describeFault).join('; ')
    const { line, raw } = this.#packet
    return faultOf(line, raw, { reason: 'invalid_field', field: this.#faults[0]!.field, detail })
  }

  #refuse(field: string, value: string | null, rule: string): void {
    this.#faults.push({ field, value, rule })
  }

  /** Null if the attribute is absent, empty, or at fault. */
  #text(name: string): string | null {
    const values = this.#packet.attributes.valuesOf(name)
    const [first, ...others] = values
    if (first === undefined) return null
    if (values.includes(null)) {
      this.#refuse(name, null, 'expected a text or a number')
    } else if (others.some((other) => other !== first)) {
      this.#refuse(name, null, `it is stated ${values.length} times, with different values`)
    } else {
      return first!.trim() || null
    }
    return null
  }

  #isFaulty(name: string): boolean {
    return this.#faults.some(({ field }) => field === name)
  }

  #number(name: string, max: number): number | null {
    const text = this.#text(name)
    if (text === null) return null
    const value = parseWholeNumber(text, max)
    if (value === null) this.#refuse(name, text, `expected a whole number from 0 to ${max}`)
    return value
  }

  #status(): Status | 'skipped' {
    const text = this.#text('Acct-Status-Type')
    if (text !== null) {
      const status = STATUSES.get(text.toLowerCase())
      if (status !== undefined) return status
      if (!isRestart(text) || !this.#noteRestart()) this.#skipped.add(`Acct-Status-Type ${text}`)
      return 'skipped'
    }
    const packetType = this.#text('Packet-Type')
    // Servers also log packets other than accounting into detail files.
    if (packetType !== null && !/^(?:accounting-request|4)$/i.test(packetType)) {
      this.#skipped.add(`Packet-Type ${packetType}`)
      return 'skipped'
    }
    this.#require('Acct-Status-Type')
    return 'interim'
  }

  /** False if it cannot be told whose sessions have ended, or when. */
  #noteRestart(): boolean {
    const { series } = this.#settings
    const nas = this.#firstText(series === null ? NAS_ATTRIBUTES : [series[0]!])
    const at = this.#occurredAt()
    if (this.restarts() === null || nas === null || this.#faults.length > 0) return false
    const seriesPrefix = seriesId([nas, ''])
    if (!seriesPrefix.endsWith('/')) return false
    return this.#announcements.add({ seriesPrefix, at })
  }

  #require(name: string, hint = ''): void {
    if (!this.#isFaulty(name)) this.#refuse(name, null, `a value is required${hint}`)
  }

  #series(status: Status): string {
    const parts: string[] = []
    for (const name of this.#settings.series ?? []) {
      // Some attributes, such as Class, come several times by design.
      const values = this.#packet.attributes.valuesOf(name)
      const text = values.filter((value) => value !== null && value !== '').join(',')
      if (text === '') this.#require(name, ' by the setting series')
      parts.push(text)
    }
    if (this.#settings.series === null) parts.push(...this.#seriesByDefault(status))
    return seriesId(parts)
  }

  #seriesByDefault(status: Status): string[] {
    const nas = this.#firstText(NAS_ATTRIBUTES)
    if (nas === null) {
      const rule = `one of ${NAS_ATTRIBUTES.join(', ')} is required, or the setting series`
      this.#refuse('NAS-Identifier', null, rule)
    }
    const session = this.#text('Acct-Session-Id')
    if (session === null) this.#require('Acct-Session-Id', ', or the setting series')
    const bearer = this.#text('3GPP-Charging-ID')
    if (status !== 'start') this.#chargingIds.add(nas ?? '', bearer)
    const parts = [nas ?? '', session ?? '']
    // A server without the dictionary writes it in hexadecimal, but the number is the same.
    if (bearer !== null) parts.push(String(parseWholeNumber(bearer, UINT32_MAX) ?? bearer))
    return parts
  }

  #firstText(names: readonly string[]): string | null {
    for (const name of names) {
      const text = this.#text(name)
      if (text !== null || this.#isFaulty(name)) return text ?? ''
    }
    return null
  }

  #sim(): string {
    for (const name of this.#settings.sim) {
      const text = this.#text(name)
      if (text === null) continue
      const sim = decodedDigits(text)
      if (sim.length > SIM_CHARACTERS_MAX) {
        const rule = `${sim.length} characters, at most ${SIM_CHARACTERS_MAX} allowed`
        this.#refuse(canonicalName(name), maskIdentifier(sim), rule)
      } else if (sim.includes('\0') || !sim.isWellFormed()) {
        const rule = 'NUL and halves of surrogate pairs are not allowed'
        this.#refuse(canonicalName(name), maskIdentifier(sim), rule)
      }
      return sim
    }
    const [first = ''] = this.#settings.sim
    if (!this.#settings.sim.some((name) => this.#isFaulty(name))) {
      const rule = `one of ${this.#settings.sim.join(', ')} is required, to name the SIM`
      this.#refuse(first, null, rule)
    }
    return ''
  }

  #occurredAt(): number {
    const stated = this.#text('Event-Timestamp')
    const statedAt = stated === null ? null : parseEventTimestamp(stated, this.#settings.zones)
    const delaySeconds = this.#number('Acct-Delay-Time', UINT32_MAX) ?? 0
    if (statedAt !== null) return this.#chosenTime(statedAt, delaySeconds)
    const receivedAt = this.#receivedAt() ?? this.#requireTime(stated)
    if (receivedAt === null) return 0
    if (stated !== null) this.#unusableTimes.add(stated)
    return receivedAt - delaySeconds
  }

  /** The stated time, or the time of receipt if the setting says so. Refuses two that differ. */
  #chosenTime(statedAt: number, delaySeconds: number): number {
    const { time } = this.#settings
    if (time === 'event') return statedAt
    const receivedAt = this.#receivedAt()
    if (receivedAt === null) {
      const { dateLine } = this.#packet
      const rule = dateLine === null ? null : dateLineFault(dateLine, statedAt + delaySeconds)
      if (rule !== null) this.#refuse('Event-Timestamp', formatInstant(statedAt), rule)
      return statedAt
    }
    const sentAt = receivedAt - delaySeconds
    if (Math.abs(sentAt - statedAt) <= TIMES_DIFFER_MAX_SECONDS) return statedAt
    if (time === 'receipt') return sentAt
    const hours = Math.round(Math.abs(sentAt - statedAt) / HOUR_SECONDS)
    const rule =
      `the packet was received at ${formatInstant(receivedAt)}, ${hours} hours away: one of the two ` +
      'clocks is wrong; the setting time says which counts, event or receipt'
    this.#refuse('Event-Timestamp', formatInstant(statedAt), rule)
    return 0
  }

  /** Null if the packet does not state it, or states it wrongly. */
  #receivedAt(): number | null {
    const timestamp = this.#number('Timestamp', UINT32_MAX)
    if (timestamp !== null || this.#isFaulty('Timestamp')) return timestamp
    const { dateLine: offset } = this.#settings
    const { dateLine } = this.#packet
    if (offset === null || dateLine === null) return null
    const at = parseDateLine(dateLine, offset)
    if (at === null) {
      this.#refuse('date line', dateLine, 'expected a date such as Tue Nov 14 22:13:19 2023')
    }
    return at
  }

  #requireTime(unusable: string | null): null {
    if (['Event-Timestamp', 'Timestamp', 'date line'].some((name) => this.#isFaulty(name))) {
      return null
    }
    const rule =
      'a time is required: Event-Timestamp as a number, in ISO 8601 with a zone, or in a zone that the setting zones names; else Timestamp; else the date line, when the setting date_line tells its offset from UTC'
    this.#refuse('Event-Timestamp', unusable, rule)
    return null
  }

  #counters(status: Status): Pick<CdrRecord, 'counters' | 'reading'> {
    const { input, gigawords, resets } = this.#settings
    const isStart = status === 'start'
    const directions =
      input === 'upload' ? (['Input', 'Output'] as const) : (['Output', 'Input'] as const)
    const [upload, download] = directions.map((direction) => this.#octets(direction))
    const unknown = [
      ...(upload === null ? (['upload'] as const) : []),
      ...(download === null ? (['download'] as const) : []),
    ]
    // At the start of a session, all counters are 0. Anywhere else, a missing counter is unknown.
    if (unknown.length === 2 && !isStart) {
      for (const direction of directions) this.#require(`Acct-${direction}-Octets`)
    }
    const lacks = directions.some((direction) => this.#lacksGigawords(direction))
    return {
      counters: { ...NO_COUNTERS, upload: upload ?? 0, download: download ?? 0 },
      reading: {
        // At the start of a session, counters begin again, whatever they stood at.
        is32Bit: gigawords === false && !isStart,
        resets,
        ...(isStart && { isStart }),
        ...(gigawords === null && !isStart && lacks && { mayLackGigawords: true }),
        ...(unknown.length > 0 && !isStart && { unknown }),
      },
    }
  }

  /** Null if the packet does not state them. */
  #octets(direction: Direction): number | null {
    const whole = this.#octets64(direction)
    if (whole !== null) return whole
    const octets = this.#number(`Acct-${direction}-Octets`, UINT32_MAX)
    const gigawordsName = `Acct-${direction}-Gigawords`
    const gigawords = this.#number(gigawordsName, GIGAWORDS_MAX) ?? 0
    if (gigawords > 0 && this.#settings.gigawords === false) {
      const rule = 'the setting gigawords says that the source has none; set it to true'
      this.#refuse(gigawordsName, String(gigawords), rule)
    }
    return octets === null ? null : gigawords * (UINT32_MAX + 1) + octets
  }

  #lacksGigawords(direction: Direction): boolean {
    const names = [
      `Acct-${direction}-Gigawords`,
      ...OCTETS_64_ATTRIBUTES.map((of) => of(direction)),
    ]
    return names.every((name) => this.#packet.attributes.valuesOf(name).length === 0)
  }

  #octets64(direction: Direction): number | null {
    for (const nameOf of OCTETS_64_ATTRIBUTES) {
      const octets = this.#number(nameOf(direction), Number.MAX_SAFE_INTEGER)
      if (octets !== null || this.#isFaulty(nameOf(direction))) return octets ?? 0
    }
    return null
  }

  #network(): StatedNetwork {
    const text = this.#text('3GPP-SGSN-MCC-MNC')
    if (text === null) return UNKNOWN_NETWORK
    const digits = decodedDigits(text)
    const known = this.#networks.get(digits)
    if (known !== undefined) return known
    const plmn = /^\d{3}-?\d{2,3}$/.test(digits) ? parsePlmn(digits) : null
    if (plmn === null) {
      this.#refuse('3GPP-SGSN-MCC-MNC', text, 'expected 5 or 6 digits, MCC and MNC')
      return UNKNOWN_NETWORK
    }
    const network = { plmn, country: null, zone: null }
    if (this.#networks.size >= NETWORKS_MAX) this.#networks.clear()
    this.#networks.set(digits, network)
    return network
  }

  #noteSuspect({ counters: { upload, download } }: CdrRecord): void {
    if (this.#settings.gigawords !== null) return
    const isInput = this.#settings.input === 'upload'
    const isSuspect = (direction: Direction, octets: number) =>
      octets >= OCTETS_SUSPECT && this.#lacksGigawords(direction)
    const [input, output] = isInput ? [upload, download] : [download, upload]
    if (isSuspect('Input', input) || isSuspect('Output', output)) this.#suspectReadings++
  }
}

function isNasAttribute(name: string): boolean {
  return NAS_ATTRIBUTES.some((known) => known.toLowerCase() === name.toLowerCase())
}
