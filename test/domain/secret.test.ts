/** Secrets and SIDs: their form, and that they differ. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isSid } from '../../src/domain/identifiers.ts'
import { hashSecret, newSecret, newSid } from '../../src/domain/secret.ts'

describe('newSecret', () => {
  it('is 32 hexadecimal digits', () => assert.match(newSecret(), /^[0-9a-f]{32}$/))

  it('differs each time', () => {
    const secrets = new Set(Array.from({ length: 100 }, newSecret))
    assert.equal(secrets.size, 100)
  })
})

describe('newSid', () => {
  it('is a SID with the prefix', () => {
    assert.ok(isSid(newSid('SK'), 'SK'))
    assert.ok(isSid(newSid('DE'), 'DE'))
  })

  it('differs each time', () => {
    const sids = new Set(Array.from({ length: 100 }, () => newSid('AC')))
    assert.equal(sids.size, 100)
  })
})

describe('hashSecret', () => {
  it('is SHA-256, hexadecimal', () => {
    assert.equal(
      hashSecret('abc'),
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    )
  })
})
