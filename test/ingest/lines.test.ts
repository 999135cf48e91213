/** Cutting bytes into lines: the same lines however the bytes come, and bounded memory. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { RAW_BYTES_MAX } from '../../src/domain/import.ts'
import { LINE_BYTES_MAX, type Line, LineReader } from '../../src/ingest/lines.ts'

const BYTE_ORDER_MARK = Buffer.from('\ufeff')
const NOT_UTF8 = Buffer.from([0x61, 0xc3, 0x28, 0x62])

/** The lines of the bytes, which come in pieces that end at the cuts. */
function linesOf(bytes: Uint8Array, cuts: readonly number[] = []): Line[] {
  const reader = new LineReader()
  const borders = [0, ...cuts.toSorted((a, b) => a - b), bytes.length]
  const pieces = borders.slice(1).map((end, i) => bytes.subarray(borders[i], end))
  return [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()]
}

const textsOf = (content: string, cuts: readonly number[] = []) =>
  linesOf(Buffer.from(content), cuts).map(({ text }) => text)

/** `number text`, or `number reason: detail` of lines that cannot be read. */
function described(lines: readonly Line[]): string[] {
  return lines.map(({ number, text, fault }) =>
    fault === null ? `${number} ${text}` : `${number} ${fault.reason}: ${fault.detail}`,
  )
}

/** What a line with the content has to be, said once more in the plainest way. */
function expectedLine(number: number, content: Buffer): Line {
  const faulty = (reason: 'unreadable' | 'line_too_long', detail: string): Line => ({
    number,
    text: null,
    fault: {
      reason,
      detail,
      raw: new Uint8Array(content.subarray(0, RAW_BYTES_MAX)),
      rawHash: createHash('sha256').update(content.subarray(0, LINE_BYTES_MAX)).digest('hex'),
    },
  })
  if (content.length > LINE_BYTES_MAX) {
    const detail = `the line has ${content.length} bytes, at most ${LINE_BYTES_MAX} allowed`
    return faulty('line_too_long', detail)
  }
  const text = content.toString()
  if (!Buffer.from(text).equals(content)) return faulty('unreadable', 'the line is not valid UTF-8')
  if (text.includes('\0')) {
    const detail = `the line has a NUL byte at character ${text.indexOf('\0') + 1}`
    return faulty('unreadable', detail)
  }
  return { number, text: number === 1 ? text.replace(/^\ufeff/, '') : text, fault: null }
}

/** Content of one line: without a line feed, and without what would belong to its end. */
const contents = fc
  .oneof(
    { weight: 4, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }).map(Buffer.from) },
    {
      weight: 2,
      arbitrary: fc.constantFrom('', ' ', 'a\rb', 'ä€😀', '\0', 'x\0y').map(Buffer.from),
    },
    { weight: 2, arbitrary: fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.integer({ min: -3, max: 3 }), fc.constantFrom('a', 'é', '\0'))
        .map(([over, end]) => {
          const rest = LINE_BYTES_MAX + over - Buffer.byteLength(end)
          return Buffer.from('x'.repeat(rest) + end)
        }),
    },
  )
  .filter((content) => !content.includes(0x0a) && content.at(-1) !== 0x0d)

interface File {
  readonly bytes: Buffer
  readonly contents: readonly Buffer[]
  readonly cuts: readonly number[]
}

const files: fc.Arbitrary<File> = fc
  .record({
    contents: fc.array(contents, { minLength: 1, maxLength: 8 }),
    lineEnd: fc.constantFrom('\n', '\r\n'),
    endsLastLine: fc.boolean(),
    byteOrderMark: fc.boolean(),
  })
  .chain(({ contents: given, lineEnd, endsLastLine, byteOrderMark }) => {
    const marked = byteOrderMark
      ? [Buffer.concat([BYTE_ORDER_MARK, given[0]!]), ...given.slice(1)]
      : given
    const ends = marked.map((_, i) =>
      Buffer.from(i < marked.length - 1 || endsLastLine ? lineEnd : ''),
    )
    const bytes = Buffer.concat(marked.flatMap((content, i) => [content, ends[i]!]))
    // Nothing after the last line end is no line.
    const isLastThere = endsLastLine || marked.at(-1)!.length > 0
    return fc
      .array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 12 })
      .map((cuts) => ({ bytes, contents: isLastThere ? marked : marked.slice(0, -1), cuts }))
  })

describe('lines', () => {
  it('are the same however the bytes are cut', () => {
    fc.assert(
      fc.property(files, ({ bytes, contents: given, cuts }) => {
        const expected = given.map((content, i) => expectedLine(i + 1, content))
        assert.deepEqual(linesOf(bytes), expected)
        assert.deepEqual(linesOf(bytes, cuts), expected)
      }),
      { numRuns: 300 },
    )
  })

  it('are the same when every byte comes alone', () => {
    const bytes = Buffer.concat([
      Buffer.from('\ufeffa,ä\r\n\r\n😀€\n'),
      NOT_UTF8,
      Buffer.from('\n\0\nlast'),
    ])
    const everywhere = Array.from({ length: bytes.length }, (_, i) => i)
    assert.deepEqual(linesOf(bytes, everywhere), linesOf(bytes))
    assert.deepEqual(described(linesOf(bytes, everywhere)), [
      '1 a,ä',
      '2 ',
      '3 😀€',
      '4 unreadable: the line is not valid UTF-8',
      '5 unreadable: the line has a NUL byte at character 1',
      '6 last',
    ])
  })

  it('end with a line feed, with or without a carriage return before it', () => {
    assert.deepEqual(textsOf('a\nb\r\nc\n'), ['a', 'b', 'c'])
    assert.deepEqual(textsOf('a\r\nb', [2]), ['a', 'b'])
  })

  it('keep a carriage return that does not end them', () => {
    assert.deepEqual(textsOf('a\rb\r\r\n\rc\n'), ['a\rb\r', '\rc'])
  })

  it('need no line feed at the end of the last', () => {
    assert.deepEqual(textsOf('a\nb'), ['a', 'b'])
    assert.deepEqual(textsOf('a\nb\r'), ['a', 'b'])
    assert.deepEqual(textsOf('a\n'), ['a'])
    assert.deepEqual(textsOf(''), [])
  })

  it('are numbered from 1, empty ones too', () => {
    assert.deepEqual(described(linesOf(Buffer.from('\n\na\n\nb'))), [
      '1 ',
      '2 ',
      '3 a',
      '4 ',
      '5 b',
    ])
  })

  it('lose a byte order mark at the start of the delivery, and only there', () => {
    for (const cuts of [[], [1], [2], [1, 2, 3]]) {
      assert.deepEqual(textsOf('\ufeffa\n\ufeffb', cuts), ['a', '\ufeffb'])
    }
    assert.deepEqual(textsOf('\ufeff'), [''])
  })

  it('that are not UTF-8 or have a NUL byte are told apart from the good ones beside them', () => {
    const bytes = Buffer.concat([Buffer.from('good\n'), NOT_UTF8, Buffer.from('\na\0b\nfine\n')])
    const lines = linesOf(bytes)
    assert.deepEqual(described(lines), [
      '1 good',
      '2 unreadable: the line is not valid UTF-8',
      '3 unreadable: the line has a NUL byte at character 2',
      '4 fine',
    ])
    assert.deepEqual(lines[1]!.fault!.raw, new Uint8Array(NOT_UTF8))
    assert.deepEqual(Buffer.from(lines[2]!.fault!.raw).toString(), 'a\0b')
  })

  it('may be as long as the limit, and not a byte longer', () => {
    const longest = 'x'.repeat(LINE_BYTES_MAX)
    for (const end of ['\n', '\r\n', '']) {
      for (const cuts of [[], [1], [LINE_BYTES_MAX - 1], [LINE_BYTES_MAX], [LINE_BYTES_MAX + 1]]) {
        const place = `end ${JSON.stringify(end)}, cuts ${cuts}`
        const [good, ...none] = linesOf(Buffer.from(longest + end), cuts)
        assert.deepEqual([good!.text?.length, none.length], [LINE_BYTES_MAX, 0], place)
        assert.deepEqual(
          described(linesOf(Buffer.from(`${longest}x${end}`), cuts)),
          ['1 line_too_long: the line has 65537 bytes, at most 65536 allowed'],
          place,
        )
      }
    }
  })

  it('that are too long keep their beginning, and the lines after them come whole', () => {
    const bytes = Buffer.from(`before\n${'long'.repeat(30_000)}\r\nafter\n`)
    for (const cuts of [[], [70_000], [10, 80_000, 120_008], [120_007, 120_008, 120_009]]) {
      const [before, long, after] = linesOf(bytes, cuts)
      assert.deepEqual([before!.text, after!.text, after!.number], ['before', 'after', 3])
      assert.deepEqual(described([long!]), [
        '2 line_too_long: the line has 120000 bytes, at most 65536 allowed',
      ])
      assert.equal(Buffer.from(long!.fault!.raw).toString(), 'long'.repeat(RAW_BYTES_MAX / 4))
    }
  })

  it('that are too long take no memory, whatever their length', () => {
    const reader = new LineReader()
    const chunk = Buffer.alloc(65_536, 'x')
    const bytesBefore = process.memoryUsage().arrayBuffers
    for (let i = 0; i < 3_200; i++) assert.deepEqual(reader.push(chunk), [])
    const grown = process.memoryUsage().arrayBuffers - bytesBefore
    assert.ok(grown < 2_000_000, `${grown} bytes are held of a line of 200 MB`)
    assert.deepEqual(described(reader.push(Buffer.from('y\nz\n'))), [
      '1 line_too_long: the line has 209715201 bytes, at most 65536 allowed',
      '2 z',
    ])
  })

  it('that cannot be read hold no more memory than the part of them that is kept', () => {
    const long = Buffer.alloc(100_000, 'x')
    const bytes = Buffer.concat([long, Buffer.from('\n'), NOT_UTF8, Buffer.from('\n'), long])
    for (const cuts of [[], [90_000]]) {
      const held = linesOf(bytes, cuts).map(({ fault }) => fault!.raw.buffer.byteLength)
      assert.deepEqual(held, [RAW_BYTES_MAX, NOT_UTF8.length, RAW_BYTES_MAX])
    }
  })
})
