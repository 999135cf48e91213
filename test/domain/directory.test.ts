/** Names and scopes of the directory. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  KEY_SCOPES,
  NAME_CHARACTERS_MAX,
  parseFeedName,
  parseName,
  parseUniqueName,
  scopeAllows,
} from '../../src/domain/directory.ts'
import { simIdentities } from '../../src/domain/identifiers.ts'
import { UsageError } from '../../src/domain/usage-error.ts'
import { iccidOf, imsiOf, sidOf } from '../support/builders.ts'

function assertRefused(work: () => unknown, field: string, value: string): void {
  assert.throws(
    work,
    (error) =>
      error instanceof UsageError &&
      error.code === 'invalid' &&
      error.field === field &&
      error.value === value,
  )
}

describe('parseFeedName', () => {
  const longest = 'a'.repeat(64)
  for (const name of ['carrier', 'A', '7up', 'carrier_2.daily-v1', longest]) {
    it(`accepts ${JSON.stringify(name)}`, () => assert.equal(parseFeedName(name), name))
  }

  for (const name of ['', '-carrier', '.hidden', 'a b', 'a/b', 'é', `${longest}a`, 'a\n', 'a%20']) {
    it(`refuses ${JSON.stringify(name)}`, () =>
      assertRefused(() => parseFeedName(name), 'feed', name))
  }
})

describe('parseName', () => {
  it('takes away spaces around it, and keeps those within', () => {
    assert.equal(parseName('FriendlyName', '  Truck  7 '), 'Truck  7')
  })

  it('accepts letters of any script, and an empty name', () => {
    assert.equal(parseName('FriendlyName', 'Lkw Straße 東京 🚚'), 'Lkw Straße 東京 🚚')
    assert.equal(parseName('FriendlyName', '   '), '')
  })

  it(`accepts ${NAME_CHARACTERS_MAX} characters and refuses one more`, () => {
    const longest = 'x'.repeat(NAME_CHARACTERS_MAX)
    assert.equal(parseName('name', longest), longest)
    assertRefused(() => parseName('name', `${longest}x`), 'name', `${longest}x`)
  })

  for (const text of ['a\u0000b', 'a\tb', 'a\nb', 'a\u007fb', 'a\u001bb']) {
    it(`refuses ${JSON.stringify(text)}`, () =>
      assertRefused(() => parseName('name', text), 'name', text))
  }
})

describe('parseUniqueName', () => {
  it('accepts what can stand in a path once escaped', () => {
    assert.equal(parseUniqueName('UniqueName', 'truck 7 (Köln)?'), 'truck 7 (Köln)?')
  })

  it('accepts an empty name, which takes the name away', () => {
    assert.equal(parseUniqueName('UniqueName', ''), '')
  })

  const unsafe = [
    'a/b',
    '/',
    'a\\b',
    '.',
    '..',
    '%2e',
    '.%2E',
    ' a',
    'a ',
    ' ',
    'a\u0000',
    'a\u0085b',
  ]
  const unseen = ['a\u200bb', '\u202eb', 'a\u2028b', '\ud800']
  const sids = [sidOf('DE', 1), sidOf('HS', 1), sidOf('AC', 1), sidOf('DE', 0xabc).toLowerCase()]
  const numbers = ['1234567', '+4930123456', iccidOf(1), `${iccidOf(1)}F`, imsiOf(1), '12345']
  for (const text of [...unsafe, ...unseen, ...sids, ...numbers]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assertRefused(() => parseUniqueName('UniqueName', text), 'UniqueName', text)
    })
  }

  it('accepts nothing that means another thing in a record, or gets lost in a path', () => {
    const pieces = fc.constantFrom('.', '%2e', '/', '\\', ' ', '7', '+', '89', 'DE', 'F', '-', 'x')
    const texts = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.array(pieces).map((all) => all.join('')),
    )
    fc.assert(
      fc.property(texts, (text) => {
        let name: string
        try {
          name = parseUniqueName('UniqueName', text)
        } catch {
          return
        }
        if (name === '') return
        assert.deepEqual(simIdentities(name), [{ kind: 'unique_name', value: name }])
        for (const segment of [encodeURIComponent(name), name.replaceAll(/[?#]/g, '')]) {
          const { pathname } = new URL(`http://host/v1/Sims/${segment}/UsageRecords`)
          assert.equal(pathname.split('/').length, 5, name)
        }
      }),
    )
  })
})

describe('scopeAllows', () => {
  it('lets each scope do what the ones before it may', () => {
    const allowed = KEY_SCOPES.map((held) =>
      KEY_SCOPES.filter((needed) => scopeAllows(held, needed)),
    )
    assert.deepEqual(allowed, [['read'], ['read', 'ingest'], ['read', 'ingest', 'admin']])
  })
})
