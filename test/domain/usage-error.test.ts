/** Values from outside, as messages show them. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { shown } from '../../src/domain/usage-error.ts'

describe('a value in a message', () => {
  it('is quoted, and cut when it is long', () => {
    assert.equal(shown('a "b"'), '"a \\"b\\""')
    assert.equal(shown('x'.repeat(80)), `"${'x'.repeat(80)}"`)
    assert.equal(shown('x'.repeat(81)), `"${'x'.repeat(80)}…"`)
  })

  it('cannot steer a terminal', () => {
    assert.equal(shown('\u001b[2J\u007f\u009b2J'), '"\\u001b[2J\\u007f\\u009b2J"')
  })
})
