/** Deliveries by one mapping share its rules, and nothing else. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createMappedReader } from '../../../src/ingest/formats/mapped.ts'
import type { Mapping, SourceFormat } from '../../../src/ingest/mapped/mapping.ts'
import { mappingOf } from '../../../src/ingest/mappings/mappings.ts'

const TEXTS: Readonly<Record<Exclude<SourceFormat, 'json'>, (record: Given) => string>> = {
  ndjson: (record) => `${JSON.stringify(record)}\n`,
  csv: ({ kind, up }) => `${kind},${up}\n`,
  xml: ({ kind, up }) => `<r><kind>${kind}</kind><up>${up}</up></r>`,
}
const AROUND = { ndjson: ['', ''], csv: ['kind,up\n', ''], xml: ['<l>', '</l>'] } as const

interface Given {
  readonly kind: string
  readonly up: number | string
}

/** Records have no ids of their own, and equal ones are told apart by their number. */
function mappingFor(format: SourceFormat): Mapping {
  return {
    source: { format, ...(format === 'xml' && { records: 'l.r' }) },
    skip: [{ field: 'kind', is: 'ping' }],
    fields: {
      record_id: { content: ['kind', 'up'] },
      sim: { constant: 'tracker' },
      occurred_at: { from: 'up', format: 'unix' },
      upload: { from: 'up', unit: 'bytes' },
    },
  }
}

const usage = { kind: 'usage', up: 1772359200 }
const ping = { kind: 'ping', up: 1772359200 }
const wrong = { kind: 'usage', up: 'many' }

for (const format of ['ndjson', 'csv', 'xml'] as const) {
  describe(`two ${format} deliveries at once`, () => {
    it('have their own ids, faults and warnings', () => {
      const mapping = mappingFor(format)
      const [one, other] = [createMappedReader(mapping), createMappedReader(mapping)]
      const push = (reader: typeof one, text: string) => reader.push(Buffer.from(text))
      const [begin, end] = AROUND[format]
      const text = TEXTS[format]
      const ofOne = [...push(one, begin + text(usage) + text(usage) + text(ping))]
      const ofOther = [...push(other, begin + text(usage) + text(wrong))]
      ofOne.push(...push(one, text(usage) + end), ...one.end())
      ofOther.push(...push(other, end), ...other.end())

      const ids = ofOne.map((record) => ('recordId' in record ? record.recordId : record.reason))
      assert.equal(new Set(ids).size, 3)
      assert.deepEqual(
        ofOther.map((record) => ('recordId' in record ? record.recordId : record.reason)),
        [ids[0], 'invalid_field'],
      )
      assert.match(one.warnings().join(), /^1 record was skipped/)
      assert.deepEqual(other.warnings(), [])
    })
  })
}

describe('the mapping of settings', () => {
  it('is checked once, and again for other settings', () => {
    const settings = { mapping: 'supersim', usage: 'updated', sim: 'sid' }
    assert.equal(mappingOf(settings), mappingOf(settings))
    assert.notEqual(mappingOf(settings), mappingOf({ ...settings, usage: 'ended' }))
    const wrongSettings = { mapping: 'supersim', usage: 'sometimes', sim: 'sid' }
    for (const _ of [1, 2]) assert.throws(() => mappingOf(wrongSettings), /usage/)
  })
})
