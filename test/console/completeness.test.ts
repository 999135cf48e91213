/** What is said of a period of which not all usage has come. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isComplete, missingText, throughText } from '../../console/src/format/completeness.ts'
import { instant } from '../support/builders.ts'

const day = (number: number) => instant(`2026-11-${String(number).padStart(2, '0')}T00:00:00Z`)
const period = (first: number, end: number) => ({ start: day(first), end: day(end) })
const KNOWN = { completeFrom: day(10), completeThrough: day(20) }
const UNKNOWN = { completeFrom: null, completeThrough: null }

describe('a period', () => {
  it('is complete where it lies between both hours, and nobody knows without them', () => {
    assert.equal(isComplete(KNOWN, period(10, 20)), true)
    assert.equal(isComplete(KNOWN, period(9, 20)), false)
    assert.equal(isComplete(KNOWN, period(10, 21)), false)
    assert.equal(isComplete(UNKNOWN, period(10, 20)), null)
    // So the server answers where the period ends before usage is complete.
    assert.equal(isComplete({ ...KNOWN, completeThrough: null }, period(1, 5)), false)
  })

  it('says that some of it may never have come, and never that it is complete then', () => {
    const missing = 'Usage before 10 Nov 2026, 00:00 UTC may never have been delivered.'
    assert.equal(missingText(KNOWN, period(9, 15)), missing)
    assert.equal(throughText(KNOWN, period(9, 15)), 'After that, only corrections change it.')
    assert.equal(missingText(KNOWN, period(10, 15)), null)
    assert.match(throughText(KNOWN, period(10, 15))!, /^Complete: /)
    assert.equal(missingText(UNKNOWN, period(10, 15)), null)
  })

  it('says up to when it is complete, unless all of it was before that', () => {
    assert.equal(throughText(KNOWN, period(10, 21)), 'Complete through 20 Nov 2026, 00:00 UTC')
    assert.match(throughText(UNKNOWN, period(1, 5))!, /^No feed says/)
    assert.equal(throughText({ ...KNOWN, completeThrough: null }, period(1, 5)), null)
  })
})
