/** Deliveries of every encoding become UTF-8, cut anywhere. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Utf8Stream } from '../../../src/ingest/mapped/encoding.ts'
import type { Encoding } from '../../../src/ingest/mapped/mapping.ts'

const UTF_8_MARK = Buffer.from([0xef, 0xbb, 0xbf])
const LITTLE_MARK = Buffer.from([0xff, 0xfe])
const BIG_MARK = Buffer.from([0xfe, 0xff])

const little = (text: string) => Buffer.from(text, 'utf16le')
const big = (text: string) => Buffer.from(text, 'utf16le').swap16()

function decode(bytes: Uint8Array, stated?: Encoding, sizes = [1 << 20], isXml = false): string {
  const stream = new Utf8Stream({ stated, isXml })
  const parts: Uint8Array[] = []
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!
    parts.push(stream.push(bytes.subarray(at, at + size)))
    at += size
  }
  return Buffer.concat([...parts, stream.end()]).toString('utf8')
}

describe('a delivery of another encoding', () => {
  const text = fc.string({ unit: 'binary' }).filter((value) => !value.startsWith('\ufeff'))
  const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 })

  it('is the same text in UTF-8, cut anywhere, with a mark or stated', () => {
    fc.assert(
      fc.property(text, sizes, (value, pieces) => {
        assert.equal(
          decode(Buffer.concat([UTF_8_MARK, Buffer.from(value)]), undefined, pieces),
          value,
        )
        assert.equal(decode(Buffer.concat([LITTLE_MARK, little(value)]), undefined, pieces), value)
        assert.equal(decode(Buffer.concat([BIG_MARK, big(value)]), undefined, pieces), value)
        assert.equal(decode(Buffer.concat([BIG_MARK, big(value)]), 'utf-16', pieces), value)
        assert.equal(decode(little(value), 'utf-16le', pieces), value)
        assert.equal(decode(big(value), 'utf-16be', pieces), value)
      }),
    )
  })

  it('is Latin-1 where it is stated, with the signs that Windows has there', () => {
    const bytes = Buffer.from([0x45, 0xe9, 0x80, 0xff])
    assert.equal(decode(bytes, 'latin-1'), 'Eé€ÿ')
    assert.equal(decode(bytes, 'windows-1252', [1]), 'Eé€ÿ')
  })

  it('is what an XML declaration says, unless the mapping says something else', () => {
    const xml = (encoding: string) =>
      Buffer.from(`<?xml version="1.0" encoding="${encoding}"?><r>é</r>`, 'latin1')
    for (const name of ['ISO-8859-1', 'iso-8859-1', 'Windows-1252']) {
      assert.match(decode(xml(name), undefined, [3], true), /<r>é<\/r>$/)
    }
    assert.match(decode(xml('UTF-8'), 'latin-1', [3], true), /<r>é<\/r>$/)
    assert.throws(() => decode(xml('EBCDIC'), undefined, [3], true), {
      code: 'unreadable',
      message: 'encoding "EBCDIC" is not known',
    })
    const ofTwo = Buffer.from('<?xml version="1.0" encoding="EBC?>" encoding="EBCDIC"?><r/>')
    for (const sizes of [[1 << 20], [1], [30]]) {
      assert.match(decode(ofTwo, undefined, sizes, true), /^<\?xml/)
    }
    const wide = Buffer.concat([
      LITTLE_MARK,
      little('<?xml version="1.0" encoding="UTF-16"?><r>é</r>'),
    ])
    assert.match(decode(wide, undefined, [3], true), /<r>é<\/r>$/)
  })

  it('is refused where the bytes are no such text', () => {
    const half = Buffer.concat([LITTLE_MARK, little('a'), Buffer.from([0x41])])
    const message = /the delivery is not utf-16le/
    assert.throws(() => decode(half), { code: 'unreadable', message })
    const lone = Buffer.concat([little('a'), Buffer.from([0x00, 0xd8]), little('b')])
    assert.throws(() => decode(lone, 'utf-16le'), { code: 'unreadable', message })
    assert.throws(() => decode(little('a'), 'utf-16'), {
      code: 'unreadable',
      message: 'encoding "utf-16": there is no byte order mark',
    })
  })

  it('is nothing where it has no bytes', () => {
    for (const stated of [undefined, 'utf-8', 'utf-16le', 'latin-1'] as const) {
      assert.equal(decode(new Uint8Array(0), stated), '')
    }
  })
})
