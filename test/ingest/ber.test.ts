/** BER, read whole and as it comes in, against a writer that shares nothing with the reader. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  asciiOf,
  BER_DEPTH_MAX,
  BER_ELEMENT_BYTES_MAX,
  BER_ELEMENTS_MAX,
  BerFault,
  bcdOf,
  integerOf,
  walkElement,
} from '../../src/ingest/formats/ber.ts'
import { BerStream } from '../../src/ingest/formats/ber-stream.ts'
import { ascii, type BerNode, bcd, encode, integer, octets, seq } from '../support/ber-writer.ts'
import { inPieces } from '../support/pieces.ts'

/** An element as text, `1(2:aabb 3(4:))`. */
function told(bytes: Uint8Array, to = bytes.length): string {
  const buffer = Buffer.from(bytes)
  let text = ''
  walkElement(buffer, 0, to, {
    value: (_, tag, of, from, to) => {
      text += ` ${tag}:${of.toString('hex', from, to)}`
    },
    open: (_, tag) => {
      text += ` ${tag}(`
    },
    close: () => {
      text += ')'
    },
  })
  return text.replaceAll('( ', '(').trim()
}

function expected({ tag, content }: BerNode): string {
  if (content instanceof Uint8Array) return `${tag}:${Buffer.from(content).toString('hex')}`
  return `${tag}(${content.map(expected).join(' ')})`
}

const tags = fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 31, max: 2 ** 21 - 1 }))
const trees = fc.letrec<{ node: BerNode; inner: BerNode }>((tie) => ({
  node: fc.oneof({ maxDepth: 6 }, leaf(), tie('inner')),
  inner: fc
    .tuple(tags, fc.array(tie('node'), { maxLength: 5 }))
    .map(([tag, children]) => seq(tag, ...children)),
}))
function leaf(): fc.Arbitrary<BerNode> {
  return fc
    .tuple(tags, fc.uint8Array({ maxLength: 300 }))
    .map(([tag, content]) => octets(tag, content))
}
const styles = fc.record({
  indefinite: fc.boolean(),
  lengthPadding: fc.integer({ max: 4, min: 0 }),
})

function faultOf(hex: string | Uint8Array): string {
  const bytes = typeof hex === 'string' ? Buffer.from(hex.replaceAll(' ', ''), 'hex') : hex
  try {
    return told(bytes)
  } catch (error) {
    assert.ok(error instanceof BerFault, String(error))
    return error.message
  }
}

const nested = (depth: number): BerNode => (depth === 0 ? ascii(2, '') : seq(1, nested(depth - 1)))

describe('an element', () => {
  it('is told as it was written, whatever its lengths and tags look like', () => {
    fc.assert(
      fc.property(trees.inner, styles, (tree, style) => {
        assert.equal(told(encode(tree, style)), expected(tree))
      }),
    )
  })

  it('keeps tags of other classes apart from application tags', () => {
    assert.equal(
      told(Buffer.from('6109 8201aa c201bb 0201cc'.replaceAll(' ', ''), 'hex')),
      '1(-3:aa -3:bb -3:cc)',
    )
  })

  const faults: readonly [string, string, string][] = [
    ['cut in its tag', '61 03 5f81', 'an element is longer than what it is part of'],
    ['cut in its content', '61 05 4201aa', 'an element is longer than what it is part of'],
    [
      'with a child that is too long',
      '61 03 4202aa',
      'an element is longer than what it is part of',
    ],
    ['without its end mark', '6180 4201aa', 'an element is cut'],
    ['with half an end mark', '6180 4201aa 00', 'an element is cut'],
    [
      'with an end mark where it has a length',
      '6102 0000',
      'a mark ends an element that has a definite length',
    ],
    ['followed by another', '4201aa 4201bb', 'an element is followed by another'],
    [
      'that is primitive without a length',
      '4280 aa 0000',
      'a primitive element has no definite length',
    ],
    [
      'with a tag of four octets',
      '5f 81818101 00',
      'a tag has more than 3 octets (BER_TAG_OCTETS_MAX)',
    ],
    [
      'with a length of nine octets',
      '42 89 000000000000000001 aa',
      'a length has 9 octets, at most 8 allowed (BER_LENGTH_OCTETS_MAX)',
    ],
    [
      'with a length beyond all files',
      '42 88 ffffffffffffffff',
      'a length is above 9007199254740991',
    ],
  ]
  for (const [what, hex, fault] of faults) {
    it(`${what} is refused: ${fault}`, () => {
      assert.equal(faultOf(hex), fault)
    })
  }

  it('is read the same whatever lies behind it', () => {
    const cutInItsTag = Buffer.from('610100', 'hex')
    for (const behind of ['', '00', 'ff', '0000']) {
      const bytes = Buffer.concat([cutInItsTag, Buffer.from(behind, 'hex')])
      assert.throws(() => told(bytes, cutInItsTag.length), { message: 'an element is cut' })
    }
  })

  it('may be nested to the limit and no deeper, with lengths and with marks', () => {
    for (const style of [{}, { indefinite: true }]) {
      assert.match(faultOf(encode(nested(BER_DEPTH_MAX), style)), /^1\(1\(/)
      const fault = `elements are nested more than ${BER_DEPTH_MAX} deep (BER_DEPTH_MAX)`
      assert.equal(faultOf(encode(nested(BER_DEPTH_MAX + 1), style)), fault)
      assert.equal(faultOf(encode(nested(100), style)), fault)
    }
  })

  it('may hold as many elements as the limit says and no more', () => {
    const many = (count: number) => encode(seq(1, ...new Array<BerNode>(count).fill(ascii(2, ''))))
    assert.match(faultOf(many(BER_ELEMENTS_MAX - 1)), /^1\(2: 2:/)
    assert.equal(
      faultOf(many(BER_ELEMENTS_MAX)),
      `more than ${BER_ELEMENTS_MAX} elements (BER_ELEMENTS_MAX)`,
    )
  })
})

describe('a value', () => {
  const readBack = <T>(node: BerNode, read: (bytes: Buffer, from: number, to: number) => T) => {
    const bytes = Buffer.from(node.content as Uint8Array)
    return read(Buffer.concat([Buffer.of(0xff), bytes, Buffer.of(0xff)]), 1, 1 + bytes.length)
  }

  it('is any integer, and a number as long as numbers are exact', () => {
    const integers = fc.oneof(
      fc.bigInt({ min: -(2n ** 120n), max: 2n ** 120n }),
      fc.maxSafeInteger().map(BigInt),
    )
    fc.assert(
      fc.property(integers, (value) => {
        const read = readBack(integer(1, value), integerOf)
        assert.equal(typeof read, isSafe(value) ? 'number' : 'bigint')
        assert.equal(BigInt(read!), value)
      }),
    )
    for (const value of [0, 127, 128, 255, 256, -1, -128, -129, 2 ** 47, -(2 ** 47), 2 ** 53 - 1]) {
      assert.equal(readBack(integer(1, value), integerOf), value)
    }
    assert.equal(readBack(integer(1, 2n ** 53n), integerOf), 2n ** 53n)
  })

  it('is no integer without octets, or with too many', () => {
    assert.equal(readBack(octets(1, new Uint8Array(0)), integerOf), null)
    assert.equal(readBack(octets(1, new Uint8Array(17)), integerOf), null)
    assert.equal(readBack(octets(1, new Uint8Array(16)), integerOf), 0)
  })

  it('is digits, the left one of an octet first, without the F that fills up', () => {
    assert.equal(readBack(bcd(1, '310150123456789'), bcdOf), '310150123456789')
    assert.equal(readBack(bcd(1, '31015012345678'), bcdOf), '31015012345678')
    assert.equal(readBack(octets(1, Buffer.from('31ff', 'hex')), bcdOf), '31f')
    assert.equal(readBack(octets(1, new Uint8Array(0)), bcdOf), '')
  })

  it('is text, in which no octet is lost', () => {
    assert.equal(readBack(ascii(1, 'ESPVV'), asciiOf), 'ESPVV')
    assert.equal(readBack(octets(1, Buffer.from('41ff00', 'hex')), asciiOf), 'A\u00ff\u0000')
  })
})

/** What a stream gives that enters `[1]` at the top and `[2]` within it. */
function streamed(pieces: Iterable<Uint8Array>): { told: string[]; fault: string | null } {
  const events: string[] = []
  const stream = new BerStream({
    enters: (depth, tag) => (depth === 0 && tag === 1) || (depth === 1 && tag === 2),
    element: (depth, _, bytes, from, to) => {
      events.push(`${depth} ${told(bytes.subarray(from, to))}`)
    },
    left: (depth, tag) => events.push(`${depth} left ${tag}`),
  })
  try {
    for (const piece of pieces) stream.push(piece)
  } catch (error) {
    assert.ok(error instanceof BerFault, String(error))
    return { told: events, fault: `${stream.position}: ${error.message}` }
  }
  return { told: events, fault: stream.isComplete ? null : `cut at ${stream.bytesReceived}` }
}

describe('a stream of elements', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 })

  it('gives the same in whatever pieces it comes', () => {
    const nodes = fc.array(trees.inner, { maxLength: 4 })
    fc.assert(
      fc.property(nodes, nodes, nodes, styles, sizes, (before, inside, after, style, pieces) => {
        // Only the list in the middle is entered.
        const others = [...before, ...after].map((node) =>
          node.tag === 2 ? { ...node, tag: 3 } : node,
        )
        const tree = seq(
          1,
          ...others.slice(0, before.length),
          seq(2, ...inside),
          ...others.slice(before.length),
        )
        const bytes = encode(tree, style)
        const whole = streamed([bytes])
        assert.deepEqual(whole.told, [
          ...others.slice(0, before.length).map((node) => `1 ${expected(node)}`),
          ...inside.map((node) => `2 ${expected(node)}`),
          '1 left 2',
          ...others.slice(before.length).map((node) => `1 ${expected(node)}`),
          '0 left 1',
        ])
        assert.equal(whole.fault, null)
        assert.deepEqual(streamed(inPieces(bytes, pieces)), whole)
        assert.deepEqual(streamed(inPieces(bytes, [1])), whole)
      }),
    )
  })

  it('knows when it is cut, at whichever byte', () => {
    const tree = seq(
      1,
      ascii(3, 'head'),
      seq(2, seq(4, ascii(5, 'a')), seq(4, ascii(5, 'b'))),
      ascii(6, ''),
    )
    for (const style of [{}, { indefinite: true }]) {
      const bytes = encode(tree, style)
      for (let cut = 0; cut < bytes.length; cut++) {
        assert.equal(streamed([bytes.subarray(0, cut)]).fault, `cut at ${cut}`)
      }
    }
  })

  it('takes zeros after its end, and nothing else', () => {
    const bytes = encode(seq(1, ascii(3, 'x')))
    const padded = Buffer.concat([bytes, new Uint8Array(9)])
    assert.equal(streamed([padded]).fault, null)
    assert.equal(streamed(inPieces(padded, [1])).fault, null)
    const fault = `${bytes.length + 9}: bytes follow the end of the batch; deliver each batch by itself`
    assert.equal(streamed([Buffer.concat([padded, bytes])]).fault, fault)
    assert.equal(streamed(inPieces(Buffer.concat([padded, bytes]), [1])).fault, fault)
  })

  it('refuses an element that is too long before it has come, with a length and with a mark', () => {
    const long = octets(3, new Uint8Array(BER_ELEMENT_BYTES_MAX))
    const fault = `an element is longer than ${BER_ELEMENT_BYTES_MAX} bytes (BER_ELEMENT_BYTES_MAX)`
    const definite = encode(seq(1, long))
    assert.equal(streamed([definite.subarray(0, 20)]).fault, `5: ${fault}`)
    const indefinite = encode(seq(1, seq(3, long)), { indefinite: true })
    assert.equal(streamed(inPieces(indefinite, [10_000])).fault, `2: ${fault}`)
    const fits = seq(1, octets(3, new Uint8Array(BER_ELEMENT_BYTES_MAX - 5)))
    assert.equal(streamed(inPieces(encode(fits), [65_536])).fault, null)
  })

  it('refuses marks that are opened over and over', () => {
    const bytes = Buffer.concat([
      Buffer.from('6180', 'hex'),
      Buffer.from('6380'.repeat(1_000), 'hex'),
    ])
    assert.equal(
      streamed([bytes]).fault,
      `2: elements are nested more than ${BER_DEPTH_MAX} deep (BER_DEPTH_MAX)`,
    )
  })

  it('refuses an entered element that is longer than what it is part of', () => {
    const fault = 'an element is longer than what it is part of'
    assert.equal(streamed([Buffer.from('610462054300', 'hex')]).fault, `2: ${fault}`)
    assert.equal(streamed([Buffer.from('61056280430000', 'hex')]).fault, `6: ${fault}`)
  })
})

function isSafe(value: bigint): boolean {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
}
