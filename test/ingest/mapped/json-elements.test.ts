/** Records cut out of JSON documents: the same as a whole parse finds, in any pieces, within limits. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Line } from '../../../src/ingest/lines.ts'
import { JsonElements } from '../../../src/ingest/mapped/json-elements.ts'
import { NESTING_LEVELS_MAX, RECORD_BYTES_MAX } from '../../../src/ingest/mapped/limits.ts'
import { liveBytes } from '../../support/live-memory.ts'
import { share } from '../../support/volume.ts'

function cut(text: string | Uint8Array, path: string[] = [], pieces: number[] = [1 << 30]): Line[] {
  const bytes = Buffer.from(text)
  const elements = new JsonElements(path)
  const found: Line[] = []
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = pieces[i % pieces.length]!
    found.push(...elements.push(bytes.subarray(at, at + size)))
    at += size
  }
  return [...found, ...elements.end()]
}

const values = (lines: readonly Line[]) => lines.map(({ text }) => JSON.parse(text!))

describe('records in a JSON document', () => {
  const record = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ maxDepth: 3 }))
  const indent = fc.constantFrom(undefined, 1, '\t')
  const pieces = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 })

  it('are those that parsing the whole document finds', () => {
    fc.assert(
      fc.property(
        fc.array(record),
        fc.jsonValue(),
        indent,
        pieces,
        (records, other, space, sizes) => {
          const asTexts = JSON.stringify(records, null, space)
          assert.deepEqual(values(cut(asTexts, [], sizes)), JSON.parse(asTexts))
          const document = { before: other, a: { x: [other], b: records, y: other }, b: other }
          const text = JSON.stringify(document, null, space)
          const found = values(cut(text, ['a', 'b'], sizes))
          assert.deepEqual(found, JSON.parse(text).a.b)
          const lines = records.map((one) => JSON.stringify(one, null, space)).join('\n')
          const several = `${lines} {}`
          assert.deepEqual(values(cut(several, [], sizes)), [...JSON.parse(asTexts), {}])
        },
      ),
      { numRuns: share(50, 200) },
    )
  })

  it('may be one object, and pages may follow one another', () => {
    assert.deepEqual(values(cut('{"id":1}')), [{ id: 1 }])
    const pages = '{"data":[{"n":1}],"next":2}\n{"data":[],"next":null}{"data":{"n":3}}'
    assert.deepEqual(values(cut(pages, ['data'])), [{ n: 1 }, { n: 3 }])
  })

  it('are not looked for inside records, lists or keys of the same name elsewhere', () => {
    const text =
      '{"x":{"data":[{"n":0}]},"y":[{"data":[{"n":0}]}],"data":[{"n":1,"data":[{"n":0}]}]}'
    assert.deepEqual(
      values(cut(text, ['data'])).map(({ n }) => n),
      [1],
    )
    assert.deepEqual(values(cut('{"d\\u0061ta":[{"n":1}]}', ['data'])), [{ n: 1 }])
  })

  it('are refused one by one where they are too long or too deep, and the rest goes on', () => {
    const long = `{"a":"${'x'.repeat(RECORD_BYTES_MAX)}"}`
    const fits = `{"a":"${'x'.repeat(RECORD_BYTES_MAX - 8)}"}`
    const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
    const text = `[${long},${fits},{"d":${deep(NESTING_LEVELS_MAX)}},{"d":${deep(NESTING_LEVELS_MAX - 1)}},{"n":1}]`
    const found = cut(text, [], [1_000])
    assert.deepEqual(
      found.map(({ fault }) => fault?.detail ?? null),
      [
        `the record has more than ${RECORD_BYTES_MAX} bytes (RECORD_BYTES_MAX)`,
        null,
        `it is nested more than ${NESTING_LEVELS_MAX} levels deep (NESTING_LEVELS_MAX)`,
        null,
        null,
      ],
    )
    assert.equal(found[0]!.fault!.reason, 'line_too_long')
  })

  it('keep memory flat: bombs of text, brackets, keys and blanks are passed over or refused', () => {
    const elements = new JsonElements(['data'])
    const block = (text: string) => Buffer.from(text.repeat(65_536))
    const before = liveBytes()
    const push = (bytes: Buffer, times: number) => {
      for (let i = 0; i < times; i++) assert.equal(elements.push(bytes).length, 0)
      const grown = liveBytes() - before
      assert.ok(grown < 2e6, `${grown} bytes more after ${bytes.toString('utf8', 0, 1)}`)
    }
    elements.push(Buffer.from('{"junk":"'))
    push(block('x'), 1_000)
    elements.push(Buffer.from('","'))
    push(block('k'), 1_000)
    elements.push(Buffer.from('":1,"data":[{"a":'))
    push(block('['), 1_000)
    push(block(']'), 1_000)
    const [deep] = elements.push(Buffer.from('},'))
    assert.equal(deep!.fault!.reason, 'line_too_long')
    push(block(' '), 1_000)
    elements.push(Buffer.from('"'))
    push(block('y'), 1_000)
    const [long] = elements.push(Buffer.from('",{"n":1}]}')).slice(0, 1)
    assert.equal(long!.fault!.reason, 'line_too_long')
    assert.deepEqual(elements.end(), [])
  })

  it('end where the document is none, with what came before it', () => {
    const cases: readonly [text: string, message: RegExp][] = [
      ['[{"n":1},{"n":2]', /brackets do not match in record 2/],
      ['[{"n":1}', /it ends too early/],
      ['[{"n":1},{"n":', /it ends within record 2/],
      ['[{"n":1}] x', /"x" is not a value, after record 1/],
      ['[{"n":1} {"n":2}]', /"{" is out of place, after record 1/],
      ['[{"n":1},]', /"]" is out of place, after record 1/],
      ['[{"n":1}}', /"}" is out of place, after record 1/],
      ['[{"n":1}]\u00e9', /the byte 0xc3 is out of place, after record 1/],
    ]
    for (const [text, message] of cases) {
      const elements = new JsonElements([])
      assert.equal(elements.push(Buffer.from(text)).length, 1, text)
      assert.throws(() => elements.end(), { code: 'unreadable', message }, text)
    }
  })

  it('are texts of UTF-8, each on its own', () => {
    const bytes = Buffer.concat([
      Buffer.from('[{"a":"'),
      Buffer.from([0xe9]),
      Buffer.from('"},{"a":"é"}]'),
    ])
    const [bad, good] = cut(bytes)
    assert.equal(bad!.fault!.detail, 'the record is not valid UTF-8')
    assert.equal(good!.text, '{"a":"é"}')
  })
})
