import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { rawText } from '../../src/ingest/raw-text.ts'

const bytes = (...values: number[]) => Uint8Array.from(values)

describe('the text of a record as delivered', () => {
  it('is its UTF-8, with control characters and a byte order mark as they are', () => {
    const text = '\ufeffa;ü;漢;🛰;\0;\t;\\n;"'
    assert.equal(rawText(new TextEncoder().encode(text)), text)
  })

  it('shows each byte that is no UTF-8 as an escape', () => {
    assert.equal(rawText(bytes(0x61, 0xff, 0xe9, 0x62)), 'a\\xff\\xe9b')
    assert.equal(rawText(bytes(0xc3)), '\\xc3')
    assert.equal(rawText(bytes(0xed, 0xa0, 0x80)), '\\xed\\xa0\\x80')
    assert.equal(rawText(bytes(0xc0, 0xaf)), '\\xc0\\xaf')
    assert.equal(rawText(bytes(0xf0, 0x9f, 0x9b, 0xb0, 0xf0, 0x9f)), '🛰\\xf0\\x9f')
    assert.equal(rawText(bytes(0xff, 0xc3, 0xbc)), '\\xffü')
  })

  it('escapes a backslash that would look like an escape, and no other', () => {
    assert.equal(rawText(new TextEncoder().encode('\\xff \\n \\')), '\\x5cxff \\n \\')
    assert.equal(rawText(bytes(0x5c, 0x78, 0xff, 0x5c, 0x6e)), '\\x5cx\\xff\\n')
  })
})
