/** Mapped XML: bombs are refused by the name of their limit, in little memory. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isFault, type ReadRecord } from '../../../src/ingest/formats/cdr-format.ts'
import { createMappedReader } from '../../../src/ingest/formats/mapped.ts'
import { NESTING_LEVELS_MAX, RECORD_BYTES_MAX } from '../../../src/ingest/mapped/limits.ts'
import type { Mapping } from '../../../src/ingest/mapped/mapping.ts'
import { liveBytes } from '../../support/live-memory.ts'

const MAPPING: Mapping = {
  source: { format: 'xml', records: 'r.s' },
  fields: {
    record_id: 'id',
    sim: 'sim',
    occurred_at: { from: 'at' },
    upload: { from: 'up', unit: 'bytes' },
  },
}

const record = (id: string, more = '') =>
  `<s><id>${id}</id><sim>tracker</sim><at>2026-03-01T10:00:00Z</at><up>1</up>${more}</s>`

/** Reads pieces one after the other, `[text, times]`. */
function read(...pieces: (string | [text: string, times: number])[]): {
  told: string[]
  records: ReadRecord[]
} {
  const reader = createMappedReader(MAPPING)
  const records: ReadRecord[] = []
  for (const piece of pieces) {
    const [text, times] = typeof piece === 'string' ? [piece, 1] : piece
    const bytes = Buffer.from(text)
    for (let i = 0; i < times; i++) records.push(...reader.push(bytes))
  }
  records.push(...reader.end())
  return { told: records.map((one) => (isFault(one) ? one.reason : one.recordId)), records }
}

const BLOCK = 65_536

describe('an XML bomb', () => {
  it('of entities is refused before any is expanded, also where it is read in pieces', () => {
    const lines = Array.from(
      { length: 9 },
      (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`,
    )
    const bomb = `<!DOCTYPE r [<!ENTITY l0 "lol">${lines.join('')}]><r><s><id>&l9;</id></s></r>`
    for (const size of [bomb.length, 1, 100]) {
      const pieces = bomb.match(new RegExp(`.{1,${size}}`, 'gs'))!
      assert.throws(() => read(...pieces), {
        code: 'unreadable',
        message: /entities are not expanded, .*\(ENTITY_DECLARATIONS_MAX 0\)/,
      })
    }
    assert.throws(() => read('<!DOCTYPE r SYSTEM "file:///etc/passwd"><r/>'), /DOCTYPE/)
  })

  it('of a declaration is refused by its first characters, and its end is not waited for', () => {
    for (const begin of ['<!ELEMENT x', '<!43945545045', '<!"quoted it is']) {
      for (const size of [1, 3, 1_000]) {
        const reader = createMappedReader(MAPPING)
        const pieces = `<r>${record('a')}${begin}`.match(new RegExp(`.{1,${size}}`, 'gs'))!
        const found: ReadRecord[] = []
        assert.throws(
          () => {
            for (const piece of [...pieces, 'x']) found.push(...reader.push(Buffer.from(piece)))
          },
          /document type declaration/,
          begin,
        )
        assert.equal(found.length, 1, begin)
      }
    }
    const none = `<r><!-- <!ELEMENT x> -->${record('a', '<![CDATA[<!ELEMENT x]]><!----><!-- -->')}</r>`
    for (const size of [1, 2, 9, 1_000]) {
      assert.deepEqual(read(...none.match(new RegExp(`.{1,${size}}`, 'gs'))!).told, ['a'])
    }
  })

  it('of levels is refused by the limit’s name', () => {
    const deep = (levels: number) => '<x>'.repeat(levels) + '</x>'.repeat(levels)
    const fits = NESTING_LEVELS_MAX - 2
    assert.deepEqual(read(`<r>${record('a', deep(fits))}</r>`).told, ['a'])
    for (const levels of [fits + 1, 100, 100_000]) {
      assert.throws(
        () => read(`<r>${record('a')}${record('b', deep(levels))}</r>`),
        /nested more than 64 levels deep \(NESTING_LEVELS_MAX\)/,
      )
    }
  })

  it('of length costs its own record only', () => {
    const { told, records } = read(
      `<r>${record('a')}<s><id>`,
      ['x'.repeat(BLOCK), 50],
      `</id></s>${record('b')}<s><c><![CDATA[`,
      ['y'.repeat(BLOCK), 50],
      `]]></c></s>`,
      [' '.repeat(BLOCK), 50],
      `${record('c')}<s>`,
      ['<q>1</q>'.repeat(BLOCK / 8), 50],
      `</s>${record('d')}</r>`,
    )
    assert.deepEqual(told, ['a', 'line_too_long', 'b', 'line_too_long', 'c', 'line_too_long', 'd'])
    for (const one of records) {
      if (!isFault(one)) continue
      assert.match(one.detail, /more than 65536 bytes \(RECORD_BYTES_MAX\)/)
      assert.match(Buffer.from(one.raw).toString(), /^<s><(?:id|c|q)>/)
    }
  })

  it('of a tag, an attribute or a comment ends the delivery, in little memory', () => {
    for (const [opening, filling] of [
      ['<r><s a="', 'x'],
      ['<r><s', ' a="1"'],
      ['<r><!--', 'c'],
      ['<r><', 't'],
    ] as const) {
      const reader = createMappedReader(MAPPING)
      const block = Buffer.from(filling.repeat(BLOCK / filling.length))
      const before = liveBytes()
      reader.push(Buffer.from(opening))
      let pushed = 0
      assert.throws(
        () => {
          for (; pushed < 2_000; pushed++) reader.push(block)
        },
        { code: 'unreadable' },
        opening,
      )
      assert.ok(pushed < 5, `${opening} was refused after ${pushed} blocks`)
      assert.ok(liveBytes() - before < 5e6, `${opening} holds ${liveBytes() - before} bytes`)
    }
  })
})

describe('a long XML delivery', () => {
  it('is read in memory that does not grow with it', () => {
    const reader = createMappedReader(MAPPING)
    reader.push(Buffer.from('<r>'))
    const block = Buffer.from(record('a').repeat(500))
    for (let i = 0; i < 20; i++) reader.push(block)
    const before = liveBytes()
    let count = 0
    for (let i = 0; i < 400; i++) count += reader.push(block).length
    assert.equal(count, 200_000)
    const grown = liveBytes() - before
    assert.ok(grown < 2e6, `${grown} bytes more`)
    assert.equal(reader.push(Buffer.from('</r>')).length, 0)
    assert.deepEqual(reader.end(), [])
  })

  it('gives each record its own text, cut anywhere', () => {
    const text =
      `<?xml version="1.0"?>\n<r a="<ok>"><!-- <s> -->\n  ${record('a')}\n${record('b', '<!-- </s> --><e f="/>"/>')}<t/></r>`.replace(
        'a="<ok>"',
        'a="&lt;ok>"',
      )
    for (const size of [1, 2, 7, 1_000]) {
      const pieces = text.match(new RegExp(`.{1,${size}}`, 'gs'))!
      const raws = read(...pieces).records.map((one) => (isFault(one) ? '' : one.raw))
      assert.deepEqual(raws, [record('a'), record('b', '<!-- </s> --><e f="/>"/>')])
    }
  })

  it('takes records just under the limit', () => {
    const filling = RECORD_BYTES_MAX - record('a', '<f></f>').length
    assert.deepEqual(read(`<r>${record('a', `<f>${'x'.repeat(filling)}</f>`)}</r>`).told, ['a'])
    const over = read(`<r>${record('a', `<f>${'x'.repeat(filling + 1)}</f>`)}</r>`)
    assert.deepEqual(over.told, ['line_too_long'])
  })
})
