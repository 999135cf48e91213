import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { retentionStart } from '../../src/domain/period.ts'
import {
  clockAheadSeconds,
  clockBehindSeconds,
  clockFault,
  heldBackSeconds,
  recordLimits,
  refusalOf,
  retentionStep,
  type StoreTime,
} from '../../src/domain/store-time.ts'
import { NOW } from '../support/builders.ts'

const HOUR = 3_600
const DAY = 24 * HOUR
const YEAR = 365 * DAY
const TODAY = NOW - (NOW % DAY)

const aTime = (stated: Partial<StoreTime> = {}): StoreTime => ({
  serverAt: null,
  newestUsageAt: TODAY,
  newestStampAt: NOW - HOUR,
  provenAt: null,
  purgedThrough: null,
  ...stated,
})

describe('retention', () => {
  it('goes by the clock while usage comes', () => {
    const time = aTime({ purgedThrough: retentionStart(NOW) - HOUR })
    const step = retentionStep(NOW, time)
    assert.deepEqual(step, {
      before: retentionStart(NOW),
      byClock: retentionStart(NOW),
      more: false,
    })
  })

  for (const [words, ahead] of [
    ['two years', 2 * YEAR],
    ['three days', 3 * DAY],
  ] as const) {
    it(`goes at most two days beyond the newest usage under a clock ${words} ahead`, () => {
      const step = retentionStep(NOW + ahead, aTime())
      assert.equal(step.before, retentionStart(TODAY + 2 * DAY))
      assert.ok(heldBackSeconds(step) > 0)
      const refusal = refusalOf(step, NOW + ahead, aTime())
      assert.match(refusal, /the store has seen no later day than 2026-03-15T00:00:00Z/)
      assert.match(refusal, /simtally purge --before/)
    })
  }

  it('goes two days in one step, also where the usage itself is of years ahead', () => {
    const purgedThrough = retentionStart(NOW)
    const time = aTime({ newestUsageAt: TODAY + 2 * YEAR, purgedThrough })
    const step = retentionStep(NOW + 2 * YEAR, time)
    assert.deepEqual([step.before, step.more], [purgedThrough + 2 * DAY, true])
  })

  it('stands still where nothing bears the clock out, and never goes back', () => {
    assert.equal(retentionStep(NOW, aTime({ newestUsageAt: null })).before, null)
    const purgedThrough = retentionStart(NOW)
    assert.equal(retentionStep(NOW - 2 * YEAR, aTime({ purgedThrough })).before, purgedThrough)
  })

  it('goes on by what a process has seen pass where a feed is silent', () => {
    const time = aTime({ newestUsageAt: TODAY - 90 * DAY, provenAt: NOW })
    assert.equal(retentionStep(NOW, time).before, retentionStart(NOW))
  })

  it('never takes what a right clock would keep, whatever the clock says', () => {
    const instants = fc.integer({ min: NOW - 3 * YEAR, max: NOW + 3 * YEAR })
    fc.assert(
      fc.property(instants, fc.integer({ min: 0, max: 30 * DAY }), (clock, age) => {
        const newestUsageAt = TODAY - age
        const { before } = retentionStep(clock, aTime({ newestUsageAt }))
        assert.ok(before! <= retentionStart(newestUsageAt + 2 * DAY))
      }),
    )
  })
})

describe('the limits of a record', () => {
  it('are the clock, where the store bears it out or has nothing to say', () => {
    const empty = aTime({ newestUsageAt: null, newestStampAt: null })
    for (const time of [aTime(), empty]) {
      assert.deepEqual(recordLimits(NOW, time), { keptFrom: retentionStart(NOW), latestAt: NOW })
    }
  })

  it('expire nothing early under a clock ahead, and take today for no future under one behind', () => {
    const ahead = recordLimits(NOW + 2 * YEAR, aTime())
    assert.equal(ahead.keptFrom, retentionStart(TODAY + 2 * DAY))
    assert.equal(recordLimits(NOW - 2 * YEAR, aTime()).latestAt, NOW - HOUR)
  })
})

describe('a clock', () => {
  it('is behind where the store has seen a later delivery, by more than five minutes', () => {
    assert.equal(clockFault(NOW - HOUR - 300, aTime()), null)
    assert.match(String(clockFault(NOW - HOUR - 301, aTime())), /the store has seen 2026-03-15T11/)
    assert.equal(clockBehindSeconds(NOW - HOUR - 301, aTime()), 301)
    assert.equal(clockBehindSeconds(NOW, aTime()), 0)
  })

  it('may be a day behind the newest usage, because carriers are', () => {
    const time = aTime({ newestStampAt: null, newestUsageAt: TODAY })
    assert.equal(clockFault(TODAY - DAY, time), null)
    assert.notEqual(clockFault(TODAY - DAY - HOUR, time), null)
  })

  it('is not wrong for being ahead of everything seen, which silence is too', () => {
    assert.equal(clockFault(NOW + 2 * YEAR, aTime()), null)
    assert.equal(clockAheadSeconds(NOW + 2 * YEAR, aTime()), 2 * YEAR + HOUR)
  })

  it('is wrong where it is off from the server it works with', () => {
    for (const off of [-301, 301, 60 * DAY]) {
      const fault = clockFault(NOW + off, aTime({ serverAt: NOW }))
      assert.match(String(fault), /database server 2026-03-15T12:34:56Z/)
    }
    assert.equal(clockFault(NOW + 300, aTime({ serverAt: NOW })), null)
  })
})
