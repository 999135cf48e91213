/** From the bounds a caller gives to the buckets an answer lists. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  BUCKET_SECONDS,
  type Bucket,
  bucketCount,
  bucketsOf,
  type PeriodRequest,
  resolveWindow,
  retentionStart,
} from '../../src/domain/period.ts'
import { DAY_SECONDS, formatInstant, HOUR_SECONDS } from '../../src/domain/time.ts'
import { UsageError } from '../../src/domain/usage-error.ts'
import { instant, NOW } from '../support/builders.ts'

/** The buckets of a request as ISO text, newest first. */
function periods(request: Asked, now = NOW): string[] {
  const window = resolveWindow(asked(request), now)
  const buckets = bucketsOf(window, { offset: 0, limit: bucketCount(window) })
  return buckets.map(({ start, end }) => `${formatInstant(start)}/${formatInstant(end)}`)
}

/** The half-open range that the numbers of an answer are taken from. */
function counted(request: Asked, now = NOW): string {
  const { start, end } = resolveWindow(asked(request), now)
  return `${formatInstant(start)}/${formatInstant(end)}`
}

interface Asked {
  readonly start?: string
  readonly end?: string
  readonly granularity?: PeriodRequest['granularity']
  readonly level?: PeriodRequest['level']
}

function asked({ start, end, granularity = 'all', level = 'sim' }: Asked): PeriodRequest {
  return {
    start: start === undefined ? null : instant(start),
    end: end === undefined ? null : instant(end),
    granularity,
    level,
  }
}

describe('a window without bounds', () => {
  it('is the month that ends now', () => {
    assert.deepEqual(periods({}), ['2026-02-15T12:34:56Z/2026-03-15T12:34:56Z'])
  })

  it('starts one month before the end that was given', () => {
    assert.deepEqual(periods({ end: '2024-03-31T10:00:00Z' }), [
      '2024-02-29T10:00:00Z/2024-03-31T10:00:00Z',
    ])
  })

  it('has the same defaults for an account, in whole hours', () => {
    assert.deepEqual(periods({ level: 'account' }), ['2026-02-15T12:00:00Z/2026-03-15T13:00:00Z'])
  })
})

describe('an all record of a SIM', () => {
  it('states its bounds as asked', () => {
    const bounds = { start: '2026-03-01T10:20:30Z', end: '2026-03-02T23:59:59Z' }
    assert.deepEqual(periods(bounds), ['2026-03-01T10:20:30Z/2026-03-02T23:59:59Z'])
  })

  it('takes in the second of its end', () => {
    const bounds = { start: '2026-03-01T00:00:00Z', end: '2026-03-01T23:59:59Z' }
    assert.equal(counted(bounds), '2026-03-01T00:00:00Z/2026-03-02T00:00:00Z')
  })

  it('takes in the second of an end within a minute', () => {
    const bounds = { start: '2026-03-01T00:00:00Z', end: '2026-03-01T23:30:01Z' }
    assert.equal(counted(bounds), '2026-03-01T00:00:00Z/2026-03-01T23:30:02Z')
  })

  for (const end of ['2026-03-02T00:00:00Z', '2026-03-01T18:15:00Z', '2026-03-01T18:30:00Z']) {
    it(`leaves the second of an end on a whole minute to the later period: ${end}`, () => {
      const bounds = { start: '2026-03-01T00:00:00Z', end }
      assert.equal(counted(bounds), `2026-03-01T00:00:00Z/${end}`)
    })
  }

  it('is one record also where start and end are the same hour', () => {
    const bounds = { start: '2026-03-01T10:00:00Z', end: '2026-03-01T10:00:00Z' }
    assert.deepEqual(periods(bounds), ['2026-03-01T10:00:00Z/2026-03-01T10:00:00Z'])
    assert.equal(counted(bounds), '2026-03-01T10:00:00Z/2026-03-01T10:00:00Z')
  })

  it('may reach into the future', () => {
    const bounds = { start: '2026-03-15T00:00:00Z', end: '2026-04-01T00:00:00Z' }
    assert.deepEqual(periods(bounds), ['2026-03-15T00:00:00Z/2026-04-01T00:00:00Z'])
  })
})

describe('an all record of an account', () => {
  it('widens to whole hours and says so', () => {
    const bounds = { start: '2026-03-01T10:20:30Z', end: '2026-03-02T23:59:59Z' } as const
    const widened = '2026-03-01T10:00:00Z/2026-03-03T00:00:00Z'
    assert.deepEqual(periods({ ...bounds, level: 'account' }), [widened])
    assert.equal(counted({ ...bounds, level: 'account' }), widened)
  })

  it('keeps bounds that are whole hours', () => {
    const bounds = { start: '2026-03-01T10:00:00Z', end: '2026-03-01T12:00:00Z' } as const
    assert.deepEqual(periods({ ...bounds, level: 'account' }), [
      '2026-03-01T10:00:00Z/2026-03-01T12:00:00Z',
    ])
  })

  it('never states a year that ISO text cannot name', () => {
    const bounds = { start: '2026-03-01T00:00:00Z', end: '9999-12-31T23:59:59Z' } as const
    assert.deepEqual(periods({ ...bounds, level: 'account' }), [
      '2026-03-01T00:00:00Z/9999-12-31T23:59:59Z',
    ])
  })

  it('is one whole hour where start and end are one second within it', () => {
    const bounds = { start: '2026-03-01T10:30:01Z', end: '2026-03-01T10:30:01Z' } as const
    assert.deepEqual(periods({ ...bounds, level: 'account' }), [
      '2026-03-01T10:00:00Z/2026-03-01T11:00:00Z',
    ])
  })
})

describe('hourly and daily buckets', () => {
  it('are whole, newest first', () => {
    const bounds = { start: '2026-03-01T10:20:30Z', end: '2026-03-01T12:00:01Z' } as const
    assert.deepEqual(periods({ ...bounds, granularity: 'hourly' }), [
      '2026-03-01T12:00:00Z/2026-03-01T13:00:00Z',
      '2026-03-01T11:00:00Z/2026-03-01T12:00:00Z',
      '2026-03-01T10:00:00Z/2026-03-01T11:00:00Z',
    ])
  })

  it('end before the hour on which the end lies', () => {
    const bounds = { start: '2026-03-01T10:00:00Z', end: '2026-03-01T12:00:00Z' } as const
    assert.deepEqual(periods({ ...bounds, granularity: 'hourly' }), [
      '2026-03-01T11:00:00Z/2026-03-01T12:00:00Z',
      '2026-03-01T10:00:00Z/2026-03-01T11:00:00Z',
    ])
  })

  it('are the same days for an end at 23:59:59 and at the midnight after it', () => {
    const days = ['2024-02-29T00:00:00Z/2024-03-01T00:00:00Z'].concat(
      '2024-02-28T00:00:00Z/2024-02-29T00:00:00Z',
    )
    const daily = { start: '2024-02-28T00:00:00Z', granularity: 'daily' } as const
    const now = instant('2024-03-10T00:00:00Z')
    assert.deepEqual(periods({ ...daily, end: '2024-02-29T23:59:59Z' }, now), days)
    assert.deepEqual(periods({ ...daily, end: '2024-03-01T00:00:00Z' }, now), days)
  })

  it('end with the one that holds now', () => {
    const bounds = { start: '2026-03-15T11:00:00Z', end: '2026-04-01T00:00:00Z' } as const
    assert.deepEqual(periods({ ...bounds, granularity: 'hourly' }), [
      '2026-03-15T12:00:00Z/2026-03-15T13:00:00Z',
      '2026-03-15T11:00:00Z/2026-03-15T12:00:00Z',
    ])
    assert.deepEqual(periods({ ...bounds, granularity: 'daily' }), [
      '2026-03-15T00:00:00Z/2026-03-16T00:00:00Z',
    ])
  })

  it('hold the hour that begins now', () => {
    const now = instant('2026-03-15T12:00:00Z')
    const bounds = { start: '2026-03-15T11:00:00Z', end: '2026-03-15T15:00:00Z' } as const
    assert.equal(
      periods({ ...bounds, granularity: 'hourly' }, now)[0],
      '2026-03-15T12:00:00Z/2026-03-15T13:00:00Z',
    )
  })

  it('are none for a window that lies after now', () => {
    const bounds = { start: '2026-03-16T00:00:00Z', end: '2026-03-17T00:00:00Z' } as const
    assert.deepEqual(periods({ ...bounds, granularity: 'hourly' }), [])
    assert.deepEqual(periods({ ...bounds, granularity: 'daily' }), [])
  })

  it('are none for an empty window at a border', () => {
    const bounds = { start: '2026-03-01T10:00:00Z', end: '2026-03-01T10:00:00Z' } as const
    assert.deepEqual(periods({ ...bounds, granularity: 'hourly' }), [])
  })
})

describe('the retention limit', () => {
  it('lies 18 calendar months before the hour that runs', () => {
    assert.equal(formatInstant(retentionStart(NOW)), '2024-09-15T12:00:00Z')
    const atMonthEnd = instant('2026-08-31T23:59:59Z')
    assert.equal(formatInstant(retentionStart(atMonthEnd)), '2025-02-28T23:00:00Z')
  })

  it('starts the list of buckets, with the day it lies in', () => {
    const bounds = { start: '2020-01-01T00:00:00Z', end: '2024-09-16T00:00:00Z' } as const
    const hours = periods({ ...bounds, granularity: 'hourly' })
    assert.equal(hours.at(-1), '2024-09-15T12:00:00Z/2024-09-15T13:00:00Z')
    assert.deepEqual(periods({ ...bounds, granularity: 'daily' }), [
      '2024-09-15T00:00:00Z/2024-09-16T00:00:00Z',
    ])
  })

  it('is told by the window that asked for more', () => {
    const keptFrom = instant('2024-09-15T12:00:00Z')
    const asks = (start: string) => resolveWindow(asked({ start }), NOW)
    assert.equal(asks('2024-09-15T11:59:59Z').beyondRetention, true)
    assert.equal(asks('2024-09-15T12:00:00Z').beyondRetention, false)
    assert.equal(asks('2024-09-15T11:59:59Z').keptFrom, keptFrom)
  })

  it('leaves no bucket of a window that lies before it', () => {
    const bounds = { start: '2020-01-01T00:00:00Z', end: '2020-02-01T00:00:00Z' } as const
    assert.deepEqual(periods({ ...bounds, granularity: 'hourly' }), [])
    assert.deepEqual(periods({ ...bounds, granularity: 'daily' }), [])
  })

  it('does not change what an all record states', () => {
    const bounds = { start: '2020-01-01T00:00:00Z', end: '2026-02-01T00:00:00Z' }
    assert.deepEqual(periods(bounds), ['2020-01-01T00:00:00Z/2026-02-01T00:00:00Z'])
  })
})

describe('a start after the end', () => {
  const refuses = (request: Asked, message: RegExp) =>
    assert.throws(
      () => resolveWindow(asked(request), NOW),
      (error) =>
        error instanceof UsageError &&
        error.code === 'invalid' &&
        error.field === 'Start' &&
        message.test(error.message),
    )

  it('is refused, with both instants in the message', () => {
    refuses(
      { start: '2026-03-02T00:00:00Z', end: '2026-03-01T00:00:00Z' },
      /2026-03-02T00:00:00Z.*2026-03-01T00:00:00Z/,
    )
  })

  it('is refused in the future when the end is left to its default', () => {
    refuses({ start: '2026-03-15T12:34:57Z' }, /2026-03-15T12:34:57Z.*now/)
  })

  it('may be the end itself', () => {
    assert.deepEqual(periods({ start: '2026-03-15T12:34:56Z' }), [
      '2026-03-15T12:34:56Z/2026-03-15T12:34:56Z',
    ])
  })
})

describe('any window', () => {
  const now = instant('2026-02-28T23:59:59Z')
  const near = fc.integer({ min: now - 40 * DAY_SECONDS, max: now + 2 * DAY_SECONDS })
  const border = fc.oneof(
    near,
    near.map((at) => at - (at % HOUR_SECONDS)),
    near.map((at) => at - (at % DAY_SECONDS)),
    near.map((at) => at - (at % DAY_SECONDS) - 1),
  )
  const bounds = fc.tuple(border, border).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
  const bucketed = fc.constantFrom('hourly', 'daily')
  const level = fc.constantFrom('sim', 'account')

  const list = (request: PeriodRequest): Bucket[] => {
    const window = resolveWindow(request, now)
    return bucketsOf(window, { offset: 0, limit: bucketCount(window) })
  }

  it('is tiled by its buckets: they meet, and cover every second that was asked for', () => {
    fc.assert(
      fc.property(bounds, bucketed, level, ([start, end], granularity, at) => {
        const buckets = list({ start, end, granularity, level: at })
        for (const [i, bucket] of buckets.entries()) {
          assert.equal(bucket.end - bucket.start, BUCKET_SECONDS[granularity])
          assert.equal(bucket.start % BUCKET_SECONDS[granularity], 0)
          assert.equal(bucket.start, buckets[i + 1]?.end ?? bucket.start)
        }
        const covered = (second: number) =>
          buckets.some((bucket) => bucket.start <= second && second < bucket.end)
        if (start <= now && start < end) assert.ok(covered(start))
        if (end <= now && end % HOUR_SECONDS !== 0) assert.ok(covered(end))
        if (end % HOUR_SECONDS === 0) assert.ok(buckets.every((bucket) => bucket.start < end))
      }),
    )
  })

  it('meets the next one at an exact hour, without overlap and without a gap', () => {
    fc.assert(
      fc.property(bounds, near, level, ([start, end], somewhere, at) => {
        const border = somewhere - (somewhere % HOUR_SECONDS)
        fc.pre(start <= border && border <= end)
        const common = { granularity: 'all', level: at } as const
        const first = resolveWindow({ ...common, start, end: border }, now)
        const second = resolveWindow({ ...common, start: border, end }, now)
        const whole = resolveWindow({ ...common, start, end }, now)
        assert.equal(first.end, second.start)
        assert.deepEqual([first.start, second.end], [whole.start, whole.end])
      }),
    )
  })

  it('meets the next one a second after an end that is no whole minute', () => {
    fc.assert(
      fc.property(bounds, near, ([start, end], somewhere) => {
        const last = somewhere % 60 === 0 ? somewhere + 1 : somewhere
        fc.pre(start <= last && last < end)
        const common = { granularity: 'all', level: 'sim' } as const
        const first = resolveWindow({ ...common, start, end: last }, now)
        const second = resolveWindow({ ...common, start: last + 1, end }, now)
        assert.equal(first.end, second.start)
      }),
    )
  })

  it('gives the same buckets page by page as at once', () => {
    fc.assert(
      fc.property(bounds, bucketed, fc.integer({ min: 1, max: 99 }), ([start, end], g, limit) => {
        const window = resolveWindow({ start, end, granularity: g, level: 'sim' }, now)
        const pages: Bucket[] = []
        for (let offset = 0; offset <= bucketCount(window); offset += limit) {
          pages.push(...bucketsOf(window, { offset, limit }))
        }
        assert.deepEqual(pages, list({ start, end, granularity: g, level: 'sim' }))
      }),
    )
  })
})
