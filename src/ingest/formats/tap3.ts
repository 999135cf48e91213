/**
 * TAP3, releases 3.1 to 3.12: the batches in which visited networks report what roamers used. Data and
 * messages become records; every other kind of event is only counted. See `docs/formats/tap3.md`.
 */
import type { DeliveryFacts, StatedFacts } from '../../domain/import.ts'
import { shown } from '../../domain/usage-error.ts'
import type { CdrFormat, ReadRecord } from './cdr-format.ts'
import { localSecondsOf, offsetSecondsOf, utcSecondsOf } from './local-time.ts'
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
import { correctionOf } from './roaming-parts.ts'
import { RoamingRecords } from './roaming-record.ts'
import {
  checkRoamingSettings,
  type RoamingSettings,
  roamingSettingsOf,
} from './roaming-settings.ts'
import { Tap3Event } from './tap3-event.ts'
import { EVENT_NAMES, EVENT_ROLES, PART_NAMES, TAG } from './tap3-tags.ts'
import { UtcOffsets } from './utc-offsets.ts'

const SPECIFICATION = 3
const RELEASE_MAX = 12

export const tap3: CdrFormat = {
  checkSettings: (settings) =>
    checkRoamingSettings(settings, ['networks', 'test_files', 'count_mismatch', 'parts']),
  correctionOf,
  createReader: (settings) => new RoamingBatchReader(new Tap3Batch(roamingSettingsOf(settings))),
}

class Tap3Batch implements BatchContent {
  readonly kind = 'tap3'
  readonly tags = { batch: TAG.transferBatch, events: TAG.callEventDetails }
  readonly names = PART_NAMES
  readonly countMismatch
  readonly #settings: RoamingSettings
  readonly #records: RoamingRecords
  readonly #offsets = new UtcOffsets()
  readonly #event = new Tap3Event(this.#offsets)
  /** From BatchControlInfo or Notification; null until it has come. */
  #header: BatchHeader | null = null
  #statedCount: number | bigint | null = null

  constructor(settings: RoamingSettings) {
    this.#settings = settings
    this.countMismatch = settings.countMismatch
    this.#records = new RoamingRecords(settings)
  }

  takePart(tag: number, bytes: Buffer, from: number, to: number): void {
    switch (tag) {
      case TAG.notification:
      case TAG.batchControlInfo:
        this.#header ??= new BatchHeader(tag, valuesOf(bytes, from, to))
        break
      case TAG.networkInfo:
        this.#offsets.read(bytes, from, to)
        break
      case TAG.auditControlInfo:
        this.#statedCount =
          valuesOf(bytes, from, to).get(`${tag}/${TAG.callEventDetailsCount}`)?.integer ?? null
        break
      case TAG.accountingInfo:
      case TAG.vasInfo:
      case TAG.messageDescriptionInfo:
        break
      default:
        this.#records.unknownTags.add(tagText(tag))
    }
  }

  beginEvents(): void {
    const header = this.#header
    if (header === null) throw unreadable('the TransferBatch has no BatchControlInfo')
    header.checkVersion()
    const { testMark } = header
    if (testMark !== null && this.#settings.testFiles === 'refuse') {
      throw unreadable(
        `the file is marked as a test (fileTypeIndicator ${shown(testMark)}), so nothing of it is ` +
          'counted; set test_files of the feed to count if test files bring real usage',
      )
    }
    this.#records.sender = senderOf(header.value(TAG.sender))
    this.#records.areCorrections = header.value(TAG.rapFileSequenceNumber) !== undefined
  }

  statedCount(): number | bigint | null {
    return this.#statedCount
  }

  readEvent(event: BatchEvent): ReadRecord | null {
    const name = EVENT_NAMES[event.tag] ?? `event ${tagText(event.tag)}`
    const role = EVENT_ROLES[event.tag] ?? 'other'
    return this.#records.readEvent(event, { name, role, items: this.#event })
  }

  warnings(isWhole: boolean): string[] {
    const warnings = this.#records.warnings()
    if (isWhole && this.facts().completeThrough === null) {
      warnings.push('the file has no transfer cut-off time, so it does not say what is complete')
    }
    return warnings
  }

  facts(): StatedFacts {
    return this.#header!.facts()
  }
}

/** What a batch says about itself, with or without events. */
class BatchHeader {
  readonly #tag: number
  readonly #values: ReadonlyMap<string, PartValue>

  constructor(tag: number, values: ReadonlyMap<string, PartValue>) {
    this.#tag = tag
    this.#values = values
  }

  /** The mark of a file sent as a test; null in others. */
  get testMark(): string | null {
    return this.value(TAG.fileTypeIndicator)?.text ?? null
  }

  checkVersion(): void {
    const specification = this.value(TAG.specificationVersionNumber)?.integer
    const release = this.value(TAG.releaseVersionNumber)?.integer
    if (specification === undefined && release === undefined) return
    const isKnown =
      specification === SPECIFICATION &&
      typeof release === 'number' &&
      release >= 1 &&
      release <= RELEASE_MAX
    if (isKnown) return
    throw unreadable(
      `TAP version ${specification ?? '?'}.${release ?? '?'}: expected 3.1 to ${SPECIFICATION}.${RELEASE_MAX}`,
    )
  }

  facts(): StatedFacts {
    return { sequence: this.#sequence(), completeThrough: this.#cutOff() }
  }

  value(tag: number, parent = this.#tag): PartValue | undefined {
    return this.#values.get(`${parent}/${tag}`)
  }

  /** Test files are numbered separately. */
  #sequence(): DeliveryFacts['sequence'] {
    const sequence = sequenceOf(
      this.value(TAG.sender),
      this.value(TAG.recipient),
      this.value(TAG.fileSequenceNumber),
    )
    if (sequence === null || this.testMark === null) return sequence
    return { ...sequence, stream: `${sequence.stream} (test)` }
  }

  #cutOff(): number | null {
    const part = TAG.transferCutOffTimeStamp
    const local = localSecondsOf(this.value(TAG.localTimeStamp, part)?.text ?? '')
    const offset = offsetSecondsOf(this.value(TAG.utcTimeOffset, part)?.text ?? '')
    return local === null || offset === null ? null : utcSecondsOf(local, offset)
  }
}
