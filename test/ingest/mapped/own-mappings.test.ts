/** Deliveries read by mappings of one's own: every source, good and bad. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MAPPED_FORMAT } from '../../../src/ingest/formats/mapped.ts'
import { describeCdrFormat } from '../../contract/cdr-format.ts'
import { readInPieces, tellReading } from '../../support/format-reading.ts'
import { deliveriesOf, type MappedDelivery } from './deliveries.ts'

const deliveries = deliveriesOf('own')
const named = (pattern: RegExp) => deliveries.filter(({ name }) => pattern.test(name))

describe('a delivery read by a mapping of its own', () => {
  for (const { name, bytes, settings, expected } of deliveries) {
    it(`${name} comes to what stands beside it, in one piece or in many`, () => {
      MAPPED_FORMAT.checkSettings(settings)
      for (const sizes of [undefined, [1], [7, 2, 31]]) {
        const reading = readInPieces(MAPPED_FORMAT.createReader(settings), bytes, sizes)
        assert.deepEqual(JSON.parse(JSON.stringify(tellReading(reading))), expected)
      }
    })
  }

  it('that is wrong in two places names the first, in one piece or in many', () => {
    const structureThenEncoding = Buffer.from('\ufeff[} \ud800 ]', 'utf16le')
    const settings = { mapping: '1nce', megabyte: 'MiB', rx: 'download' }
    for (const sizes of [undefined, [1], [7, 2]]) {
      const reader = MAPPED_FORMAT.createReader(settings)
      const { error } = readInPieces(reader, structureThenEncoding, sizes)
      assert.match(error!.message, /not the JSON that was expected: brackets do not match/)
    }
  })
})

function describeSource(pattern: RegExp, cutRecord: 'seen' | 'may look whole'): void {
  const samples: readonly MappedDelivery[] = named(pattern)
  describeCdrFormat({
    name: 'mapped',
    settings: samples[0]!.settings,
    samples,
    empty: 'refused',
    cutRecord,
  })
}

describe('mapped CSV', () => describeSource(/german|positions|utf16/, 'may look whole'))
describe('mapped JSON', () => describeSource(/scalars|deep|one-object|mismatch/, 'seen'))
describe('mapped XML', () => describeSource(/attributes|nested|unclosed/, 'seen'))
