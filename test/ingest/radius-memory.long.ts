/** Reading RADIUS accounting takes no more memory for a longer delivery, whatever is in it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CDR_FORMATS } from '../../src/ingest/formats/formats.ts'
import { peakBytesOfReading } from '../support/live-memory.ts'

const MIB = 1_048_576
const CHUNK_BYTES = 65_536
const SHORT_BYTES = 20 * MIB
const LONG_BYTES = 100 * MIB
/** A reader holds a chunk, a record, and names it has seen. */
const GROWTH_BYTES_MAX = 4 * MIB

const attributes = (i: number) => ({
  'Acct-Status-Type': 'Interim-Update',
  'NAS-Identifier': 'pgw-1',
  'Acct-Session-Id': String(i),
  '3GPP-IMSI': String(310_260_000_000_000 + i),
  '3GPP-SGSN-MCC-MNC': String(310_000 + (i % 99_000)),
  'Acct-Input-Octets': i,
  'Acct-Output-Octets': i,
  'Event-Timestamp': 1_793_865_600,
  [`X-${i}`]: i,
})
const block = (i: number) =>
  Object.entries(attributes(i)).reduce(
    (lines, [name, value]) => `${lines}\t${name} = "${value}"\n`,
    'Thu Nov  5 08:00:00 2026\n',
  )

/** How a delivery begins, and what follows over and over. */
const KINDS: readonly [string, string, (i: number) => string][] = [
  ['blocks of detail text', '', (i) => `${block(i)}\n`],
  ['objects, one a line', '', (i) => `${JSON.stringify(attributes(i))}\n`],
  ['objects in an array', '[', (i) => `${i === 0 ? '' : ','}${JSON.stringify(attributes(i))}`],
  ['statuses that are skipped', '', (i) => `x\n\tAcct-Status-Type = S-${i}\n\n`],
  ['a block that never ends', 'x\n', (i) => `\tX-${i} = 1\n`],
  ['lines that are no blocks', '', (i) => `${i}\n`],
  ['an element that never ends', '[{"a":"', (i) => String(i)],
  ['elements that are too long', '[0', (i) => `,"${i}${'x'.repeat(70_000)}"`],
]

function* chunks(begin: string, part: (i: number) => string, bytes: number): Generator<Buffer> {
  let text = begin
  let given = 0
  for (let i = 0; given < bytes; i++) {
    text += part(i)
    if (text.length < CHUNK_BYTES) continue
    yield Buffer.from(text)
    given += text.length
    text = ''
  }
}

/** The most that is held between chunks once garbage is collected, in bytes. */
async function peakBytes(
  begin: string,
  part: (i: number) => string,
  bytes: number,
): Promise<number> {
  const reader = CDR_FORMATS.radius.createReader({})
  const peak = await peakBytesOfReading(reader, chunks(begin, part, bytes))
  assert.ok(reader.warnings().join('').length < 10_000)
  return peak
}

describe('a RADIUS reader takes no more memory for a longer delivery', () => {
  for (const [name, begin, part] of KINDS) {
    it(`of ${name}`, async (t) => {
      const short = await peakBytes(begin, part, SHORT_BYTES)
      const long = await peakBytes(begin, part, LONG_BYTES)
      t.diagnostic(`${short} bytes for ${SHORT_BYTES / MIB} MiB, ${long} for ${LONG_BYTES / MIB}`)
      assert.ok(long - short < GROWTH_BYTES_MAX, `${long - short} bytes more for the longer one`)
    })
  }
})
