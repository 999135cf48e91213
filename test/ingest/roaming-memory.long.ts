/** Reading roaming batches takes no more memory for a longer one, whatever is in it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FeedFormat } from '../../src/domain/directory.ts'
import { CDR_FORMATS } from '../../src/ingest/formats/formats.ts'
import { ascii, type BerNode, encode, seq } from '../support/ber-writer.ts'
import { peakBytesOfReading } from '../support/live-memory.ts'
import { nrtrdeEvent, nrtrdeFile } from '../support/nrtrde-writer.ts'
import { call, gprsCall, transferBatch } from '../support/tap3-writer.ts'

const MIB = 1_048_576
const CHUNK_BYTES = 65_536
/** The shorter one has filled every table of what was seen: here, of 200 000 messages. */
const OF_MESSAGES = { short: 40 * MIB, long: 100 * MIB }
const OF_OTHERS = { short: 15 * MIB, long: 45 * MIB }
/** A reader holds a chunk, an event, and names it has seen. */
const GROWTH_BYTES_MAX = 4 * MIB

const imsi = (i: number) => String(310_260_000_000_000 + i)

/** A header, and events without end: neither batch nor list says how long it is. */
function beginOf(format: FeedFormat): Buffer {
  const style = { indefinite: true }
  const empty =
    format === 'tap3' ? transferBatch({ events: [] }, style) : nrtrdeFile({ events: [] }, style)
  const listTag = Buffer.from(format === 'tap3' ? '6380' : '6280', 'hex')
  return Buffer.from(empty.subarray(0, Buffer.from(empty).lastIndexOf(listTag) + 2))
}

const KINDS: readonly [string, FeedFormat, (i: number) => BerNode][] = [
  ['data of TAP3', 'tap3', (i) => gprsCall({ imsi: imsi(i), incoming: i, chargingId: i })],
  [
    'messages without a reference',
    'tap3',
    (i) => call({ direction: 'mo', imsi: imsi(i), teleservice: '22' }),
  ],
  [
    'networks and tags that nobody knows',
    'tap3',
    (i) =>
      gprsCall({
        imsi: imsi(i),
        incoming: 1,
        servingNetwork: `X${i}`,
        more: [ascii(500 + (i % 100_000), '')],
      }),
  ],
  ['events that are skipped', 'tap3', (i) => seq(500 + (i % 100_000), ascii(16, 'x'.repeat(200)))],
  ['events of one megabyte', 'tap3', (i) => seq(14, ascii(163, 'x'.repeat(1_000_000 + (i % 10))))],
  ['data of NRTRDE', 'nrtrde', (i) => nrtrdeEvent({ kind: 'gprs', imsi: imsi(i), incoming: i })],
]

function* chunks(format: FeedFormat, event: (i: number) => BerNode, bytes: number) {
  let parts: Uint8Array[] = [beginOf(format)]
  let partBytes = 0
  let given = 0
  for (let i = 0; given < bytes; i++) {
    const part = encode(event(i))
    parts.push(part)
    partBytes += part.length
    if (partBytes < CHUNK_BYTES) continue
    yield Buffer.concat(parts)
    given += partBytes
    parts = []
    partBytes = 0
  }
}

/** The most that is held between chunks once garbage is collected, in bytes. */
async function peakBytes(
  format: FeedFormat,
  event: (i: number) => BerNode,
  bytes: number,
): Promise<number> {
  const reader = CDR_FORMATS[format].createReader({})
  const peak = await peakBytesOfReading(reader, chunks(format, event, bytes))
  assert.ok(reader.warnings().join('').length < 10_000)
  return peak
}

describe('a reader of roaming batches takes no more memory for a longer one', () => {
  for (const [name, format, event] of KINDS) {
    it(`of ${name}`, async (t) => {
      const bytes = name.startsWith('messages') ? OF_MESSAGES : OF_OTHERS
      const short = await peakBytes(format, event, bytes.short)
      const long = await peakBytes(format, event, bytes.long)
      t.diagnostic(`${short} bytes for ${bytes.short / MIB} MiB, ${long} for ${bytes.long / MIB}`)
      assert.ok(long - short < GROWTH_BYTES_MAX, `${long - short} bytes more for the longer one`)
    })
  }
})
