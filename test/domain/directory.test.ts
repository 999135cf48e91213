/** Names and scopes of the directory. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  KEY_SCOPES,
  NAME_CHARACTERS_MAX,
  parseFeedName,
  parseName,
  parseUniqueName,
  scopeAllows,
} from '../../src/domain/directory.ts'
import { UsageError } from '../../src/domain/usage-error.ts'
import { sidOf } from '../support/builders.ts'

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

  for (const text of ['a/b', '/', sidOf('DE', 1), sidOf('HS', 1), ` ${sidOf('DE', 1)} `]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assertRefused(() => parseUniqueName('UniqueName', text), 'UniqueName', text)
    })
  }
})

describe('scopeAllows', () => {
  it('lets each scope do what the ones before it may', () => {
    const allowed = KEY_SCOPES.map((held) =>
      KEY_SCOPES.filter((needed) => scopeAllows(held, needed)),
    )
    assert.deepEqual(allowed, [['read'], ['read', 'ingest'], ['read', 'ingest', 'admin']])
  })
})
