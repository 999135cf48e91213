/** Up to when usage can be taken as complete. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { completeThrough } from '../../src/domain/completeness.ts'
import { instant } from '../support/builders.ts'

describe('completeThrough', () => {
  const march = instant('2026-03-15T12:34:56Z')

  it('is the whole hour 48 hours before the newest delivery of the feed', () => {
    assert.equal(completeThrough([march]), instant('2026-03-13T12:00:00Z'))
  })

  it('goes by the feed that has been silent for longest', () => {
    const february = instant('2026-02-01T00:00:00Z')
    assert.equal(completeThrough([march, february, march]), instant('2026-01-30T00:00:00Z'))
  })

  it('says nothing without feeds, or while one of them has finished no import', () => {
    assert.equal(completeThrough([]), null)
    assert.equal(completeThrough([march, null]), null)
    assert.equal(completeThrough([null, march]), null)
  })
})
