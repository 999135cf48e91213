/** What the codes of PostgreSQL and of the network mean: tried again, reported, or a bug. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { UsageError } from '../../../src/domain/usage-error.ts'
import {
  isContention,
  isPassing,
  translate,
  translateConnecting,
} from '../../../src/storage/postgres/failures.ts'

function failure(code: string, message = 'something'): Error {
  return Object.assign(new Error(message), { code })
}

describe('failures of PostgreSQL', () => {
  it('are tried again if they pass by themselves', () => {
    for (const code of ['40001', '40P01', '55P03']) assert.ok(isContention(failure(code)), code)
    const passing = ['40P01', '57P01', '57P02', '57P03', '57P05', '25P04', '53300', '58030']
    const lost = ['08000', '08006', '08P01', 'ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT']
    for (const code of [...passing, ...lost]) assert.ok(isPassing(failure(code)), code)
    for (const code of ['23505', '42P01', '57014', '22003', 'XX000', '28P01', '']) {
      assert.ok(!isPassing(failure(code)), code)
    }
  })

  it('of a Citus cluster’s server are known by their text if they have no code', () => {
    for (const message of [
      'failure on connection marked as essential: worker-1:5432',
      "failed to prepare transaction 'citus_0_1_2' on host worker-1:5432",
    ]) {
      assert.ok(isPassing(failure('XX000', message)), message)
    }
  })

  it('become errors that somebody can act on, and name the place', () => {
    const expected: Record<string, string> = {
      '53100': 'storage_full',
      '25006': 'read_only',
      '42501': 'read_only',
      '57014': 'unavailable',
      '53200': 'unavailable',
      '57P01': 'unavailable',
      '22003': 'overflow',
      '42P01': 'incompatible',
    }
    for (const [code, meaning] of Object.entries(expected)) {
      const error = translate('db/usage', failure(code))
      assert.ok(error instanceof UsageError, code)
      assert.equal(error.code, meaning)
      if (code !== '22003') assert.match(error.message, /db\/usage/)
    }
  })

  it('stay what they are if they are unexpected, except when connecting', () => {
    const bug = failure('XX000', 'an internal error')
    assert.equal(translate('db/usage', bug), bug)
    const error = translateConnecting('db/usage', bug)
    assert.ok(error instanceof UsageError)
    assert.equal(error.message, 'db/usage cannot be used: an internal error')
  })
})
