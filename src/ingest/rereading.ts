/** What an import keeps so that its single records can be read again, and how they are. */
import { createHash } from 'node:crypto'
import type { StatedNetwork } from '../domain/classification.ts'
import { countersOf } from '../domain/counters.ts'
import type { Feed, FeedFormat, FeedSettings } from '../domain/directory.ts'
import type { Import, KeptRecord, QuarantineEntry } from '../domain/import.ts'
import type { CdrReader, CdrRecord, ReadRecord, Rereader } from './formats/cdr-format.ts'
import { CDR_FORMATS } from './formats/formats.ts'

/** In UTF-16 units. A longer header is not kept; no carrier's comes near it. */
const CONTEXT_LENGTH_MAX = 16_384

/** As JSON in `Import.rereading`. */
interface Rereading {
  /** What must precede a record; null if nothing must, or too much. */
  readonly context: string | null
  /** The hash of the settings that the import was read with. */
  readonly settingsHash: string
}

/** The settings of one format mean nothing to another. */
export function settingsFor({ format, settings }: Feed, of: FeedFormat): FeedSettings {
  return format === of ? settings : {}
}

/** For `Import.rereading`. Known as soon as there is a record. */
export function rereadingOf(reader: CdrReader, settings: FeedSettings): string {
  const context = reader.context?.() ?? null
  const isKept = context !== null && context.length <= CONTEXT_LENGTH_MAX
  const kept: Rereading = { context: isKept ? context : null, settingsHash: hashOf(settings) }
  return JSON.stringify(kept)
}

function hashOf(settings: FeedSettings): string {
  return createHash('sha256').update(JSON.stringify(settings)).digest('hex')
}

/** Whether reading the import's bytes again would use the same settings. */
export function isReadAlike({ format, rereading }: Import, feed: Feed): boolean {
  if (rereading === null) return false
  const { settingsHash } = JSON.parse(rereading) as Rereading
  return settingsHash === hashOf(settingsFor(feed, format))
}

/** A record, or why it cannot be read again, in words that follow its original fault. */
export type Reread = ReadRecord | { readonly unreadable: string }

/** Reads the quarantined records of one import again, in their original order. */
export class ImportRereader {
  readonly #rereader: Rereader | null
  readonly #isAsBefore: boolean
  readonly #missing: string
  /** Equal statements share one object, as in readers. */
  readonly #networks = new Map<string, StatedNetwork>()

  constructor({ format, rereading }: Import, feed: Feed) {
    const known = rereading === null ? null : (JSON.parse(rereading) as Rereading)
    const settings = settingsFor(feed, format)
    const { createRereader } = CDR_FORMATS[format]
    this.#isAsBefore = known?.settingsHash === hashOf(settings)
    this.#rereader = createRereader?.(settings, known?.context ?? null) ?? null
    this.#missing =
      rereading === null && createRereader !== undefined
        ? 'it came before records were kept to be read again'
        : 'it cannot be read without the rest of its file'
  }

  /**
   * What could be read on arrival is taken as it was read then, unless the feed's settings have changed.
   * Everything else is read from its text.
   */
  read(entry: QuarantineEntry): Reread {
    const kept = entry.record === null ? null : this.#asRead(entry, entry.record)
    if (kept !== null && this.#isAsBefore) return kept
    if (this.#rereader === null) return kept ?? { unreadable: this.#missing }
    if (!isWhole(entry)) return kept ?? { unreadable: 'only the beginning of the record was kept' }
    const text = Buffer.from(entry.raw).toString('utf8')
    const read = this.#rereader.read(text, entry.line)
    return read ?? kept ?? { unreadable: 'the record cannot be read by itself' }
  }

  #asRead({ line, raw }: QuarantineEntry, kept: KeptRecord): CdrRecord {
    const { recordId, sim, occurredAt, reading, plmn, country, zone } = kept
    const key = `${plmn}|${country}|${zone}`
    const network = this.#networks.get(key) ?? { plmn, country, zone }
    this.#networks.set(key, network)
    return {
      ...{ recordId, sim, occurredAt, network },
      counters: countersOf(kept),
      reading,
      line,
      raw: Buffer.from(raw).toString('utf8'),
    }
  }
}

function isWhole({ raw, rawHash }: QuarantineEntry): boolean {
  return createHash('sha256').update(raw).digest('hex') === rawHash
}
