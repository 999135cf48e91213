/** What every format promises, whatever a carrier's deliveries look like. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FEED_FORMATS, type FeedFormat, type FeedSettings } from '../../src/domain/directory.ts'
import { QUARANTINE_REASONS, RAW_BYTES_MAX } from '../../src/domain/import.ts'
import { INSTANT_MAX, INSTANT_MIN } from '../../src/domain/time.ts'
import { UsageError } from '../../src/domain/usage-error.ts'
import { RECORD_ID_CHARACTERS_MAX } from '../../src/ingest/formats/canonical-record.ts'
import { type CdrRecord, isFault, type ReadRecord } from '../../src/ingest/formats/cdr-format.ts'
import { CDR_FORMATS } from '../../src/ingest/formats/formats.ts'
import {
  type Reading,
  readInPieces,
  type ToldReading,
  tellReading,
} from '../support/format-reading.ts'
import { mutated, mutations } from '../support/mutations.ts'
import { share } from '../support/volume.ts'

/** One delivery and what it comes to; small, because it is cut at every byte. */
export interface FormatSample {
  readonly name: string
  readonly bytes: Uint8Array
  readonly expected: ToldReading
  /** If they differ from those of the format's other samples. */
  readonly settings?: FeedSettings
}

export interface FormatUnderTest {
  readonly name: FeedFormat
  readonly settings: FeedSettings
  readonly samples: readonly FormatSample[]
  /** What a delivery of zero bytes is: refused with an error, or without records. */
  readonly empty: 'refused' | 'no records'
  /**
   * Whether a cut record is noticed. If records end with their line or with the delivery, the last one
   * may look whole; every other one must be as in the whole delivery.
   */
  readonly cutRecord: 'seen' | 'may look whole'
  /** Settings that must be refused, and the path that the error names as its field. */
  readonly badSettings?: readonly { settings: FeedSettings; field: string }[]
  /** The page that documents it, below `docs/formats/`. */
  readonly page?: string
}

/** A shorter name may appear in full in a message. */
const SECRET_CHARACTERS_MIN = 10
const SENTENCE_CHARACTERS_MAX = 4_000
/** In characters. The longest name of a SIM is a unique name. */
const SIM_CHARACTERS_MAX = 64

export function describeCdrFormat(under: FormatUnderTest): void {
  const format = CDR_FORMATS[under.name]
  const settingsOf = (sample: FormatSample) => sample.settings ?? under.settings
  const read = (sample: FormatSample, bytes = sample.bytes, sizes?: readonly number[]) =>
    readInPieces(format.createReader(settingsOf(sample)), bytes, sizes)
  const aSample = fc.constantFrom(...under.samples)

  describe(`the format ${under.name}`, () => {
    it('can be a feed’s format, and has its page', () => {
      assert.ok(FEED_FORMATS.includes(under.name))
      const page = new URL(
        `../../docs/formats/${under.page ?? `${under.name}.md`}`,
        import.meta.url,
      )
      assert.match(readFileSync(page, 'utf8'), new RegExp(`\\b${under.name}\\b`))
    })

    it('accepts the settings of its samples, and refuses an unknown one', () => {
      for (const sample of under.samples) format.checkSettings(settingsOf(sample))
      const settings = { ...under.settings, no_such_setting: 1 }
      assertRefused(() => format.checkSettings(settings), 'no_such_setting')
    })

    for (const { settings, field } of under.badSettings ?? []) {
      it(`refuses the settings ${JSON.stringify(settings)}, naming ${field}`, () => {
        assertRefused(() => format.checkSettings(settings), field)
      })
    }

    for (const sample of under.samples) {
      it(`reads ${sample.name} as expected`, () => {
        const reading = read(sample)
        assertSound(reading)
        assertSharesNetworks(reading)
        assertKeepsSecrets(reading)
        assert.deepEqual(JSON.parse(JSON.stringify(tellReading(reading))), sample.expected)
      })

      it(`reads ${sample.name} byte by byte as it does whole`, () => {
        assert.deepEqual(read(sample, sample.bytes, [1]), read(sample))
      })

      it(`invents no record when ${sample.name} is cut`, () => {
        const whole = new Set(recordsOf(read(sample)).map(asText))
        for (let cut = 0; cut < sample.bytes.length; cut += share(7, 1)) {
          const reading = read(sample, sample.bytes.subarray(0, cut))
          assertSound(reading)
          const records = recordsOf(reading)
          const certain = under.cutRecord === 'seen' ? records : records.slice(0, -1)
          const invented = certain.find((record) => !whole.has(asText(record)))
          assert.equal(invented, undefined, `made up when cut at byte ${cut}`)
        }
      })
    }

    it('reads a delivery in any pieces as it does whole', () => {
      const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 8 })
      fc.assert(
        fc.property(aSample, sizes, (sample, pieces) => {
          assert.deepEqual(read(sample, sample.bytes, pieces), read(sample))
        }),
        { numRuns: share(25, 100) },
      )
    })

    it('accepts empty pieces', () => {
      for (const sample of under.samples) {
        const reader = format.createReader(settingsOf(sample))
        const records = [...reader.push(new Uint8Array(0))]
        try {
          records.push(...reader.push(sample.bytes), ...reader.push(new Uint8Array(0)))
        } catch (error) {
          assert.ok(error instanceof UsageError, String(error))
          continue
        }
        const { records: whole } = read(sample)
        assert.deepEqual(records, whole.slice(0, records.length))
      }
    })

    it(`gives for an empty delivery: ${under.empty}`, () => {
      const { records, error } = readInPieces(
        format.createReader(under.settings),
        new Uint8Array(0),
      )
      assert.deepEqual(records, [])
      assert.equal(error === null ? 'no records' : 'refused', under.empty)
      if (error !== null) assertUnreadable(error)
    })

    it('ends in verdicts or one clear error, whatever the bytes are', () => {
      fc.assert(
        fc.property(aSample, mutations(under.samples.map(({ bytes }) => bytes)), (sample, done) => {
          assertSound(read(sample, mutated(sample.bytes, done)))
        }),
        { numRuns: share(100, 500) },
      )
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
          assertSound(readInPieces(format.createReader(under.settings), bytes))
        }),
        { numRuns: share(50, 200) },
      )
    })
  })
}

/** What is true of every reading, of a good delivery or of noise. */
export function assertSound({ records, error, warnings }: Reading): void {
  let lineBefore = 0
  for (const record of records) {
    assert.ok(Number.isSafeInteger(record.line), `line ${record.line}`)
    assert.ok(record.line > lineBefore, `line ${record.line} after ${lineBefore}`)
    lineBefore = record.line
    if (isFault(record)) assertFault(record)
    else assertRecord(record)
  }
  for (const warning of warnings) assertSentence(warning)
  if (error !== null) assertUnreadable(error)
}

function assertRecord(record: CdrRecord): void {
  const { recordId, sim, occurredAt, network, counters, reading, raw } = record
  assertText(recordId, 1, RECORD_ID_CHARACTERS_MAX)
  assertText(sim, 1, SIM_CHARACTERS_MAX)
  assert.ok(Number.isSafeInteger(occurredAt), `${occurredAt} is no instant`)
  assert.ok(occurredAt >= INSTANT_MIN && occurredAt <= INSTANT_MAX, `${occurredAt} has no year`)
  assert.deepEqual(Object.keys(counters).sort(), ['download', 'fromSim', 'toSim', 'upload'])
  for (const value of Object.values(counters)) {
    assert.ok(Number.isSafeInteger(value) && value >= 0, `${value} is no count`)
  }
  if (reading !== null) assert.equal(typeof reading.is32Bit, 'boolean')
  assert.equal(typeof raw, 'string')
  for (const part of [record, network, counters]) {
    assert.equal(Object.getPrototypeOf(part), Object.prototype)
  }
}

function assertFault(fault: Exclude<ReadRecord, CdrRecord>): void {
  assert.ok(QUARANTINE_REASONS.includes(fault.reason), fault.reason)
  assertSentence(fault.detail)
  assert.ok(fault.field === null || fault.field !== '')
  assert.ok(fault.raw.length <= RAW_BYTES_MAX)
  assert.match(fault.rawHash, /^[0-9a-f]{64}$/)
  if (fault.raw.length < RAW_BYTES_MAX) {
    assert.equal(fault.rawHash, createHash('sha256').update(fault.raw).digest('hex'))
  }
}

function assertText(text: string, min: number, max: number): void {
  assert.ok(text.length >= min && text.length <= max, `${text.length} characters: ${text}`)
  assert.ok(text.isWellFormed() && !text.includes('\0'), JSON.stringify(text))
}

/** One line that a terminal shows as it is. */
function assertSentence(text: string): void {
  assertText(text, 1, SENTENCE_CHARACTERS_MAX)
  assert.match(text, /\S \S/, `${JSON.stringify(text)} is no sentence`)
  assert.doesNotMatch(text, /\p{Cc}/u, `${JSON.stringify(text)} has control characters`)
}

function assertUnreadable(error: UsageError): void {
  assert.equal(error.code, 'unreadable', error.message)
  assertSentence(error.message)
}

function assertRefused(check: () => void, field: string): void {
  assert.throws(check, (error) => {
    assert.ok(error instanceof UsageError, String(error))
    assert.equal(error.code, 'invalid')
    assert.ok(error.message.includes(field), `${error.message} does not name ${field}`)
    return true
  })
}

/** A classification is worked out once per network object. */
function assertSharesNetworks(reading: Reading): void {
  const networks = new Map<string, object>()
  for (const { network } of recordsOf(reading)) {
    const key = JSON.stringify([network.plmn, network.country, network.zone])
    assert.equal(networks.get(key) ?? network, network, 'the same statement is one object')
    networks.set(key, network)
  }
}

/** Records name subscribers, but what people read about records never names them in full. */
function assertKeepsSecrets(reading: Reading): void {
  const { records, error, warnings } = reading
  const secrets = recordsOf(reading)
    .map(({ sim }) => sim)
    .filter(({ length }) => length >= SECRET_CHARACTERS_MIN)
  const told = [...warnings, ...records.filter(isFault).map(({ detail }) => detail)]
  for (const text of [...told, ...(error === null ? [] : [error.message])]) {
    const named = secrets.some((secret) => text.includes(secret))
    assert.ok(!named, `${JSON.stringify(text)} names a subscriber`)
  }
}

function recordsOf({ records }: Reading): CdrRecord[] {
  return records.flatMap((record) => (isFault(record) ? [] : [record]))
}

function asText(record: CdrRecord): string {
  return JSON.stringify(record)
}
