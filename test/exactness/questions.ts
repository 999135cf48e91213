/** Random instants worth counting at, and questions about the time between them. */
import fc from 'fast-check'
import { instant } from '../support/builders.ts'
import { type Asked, retentionLimit } from '../support/model-periods.ts'
import { INSTANT_SPELLINGS } from '../support/record-files.ts'

const HOUR = 3_600
const DAY = 24 * HOUR

/** A list by the hour is no longer than this. */
const HOURLY_SPAN_MAX = 40 * DAY

export interface Question {
  /** Position of a SIM; null asks for an account as a whole. */
  readonly sim: number | null
  readonly account: number
  /** Ask by unique name, where the SIM has one. */
  readonly byName: boolean
  readonly asked: Asked
  /** Positions in the list of spellings. */
  readonly startSpelling: number
  readonly endSpelling: number
  readonly pageSize: number
}

/** Instants around now, around the borders of hours and days, and at the ends of retention. */
export function anyInstant(now: number): fc.Arbitrary<number> {
  const recent = fc.integer({ min: now - 3 * DAY, max: now })
  const thisYear = fc.integer({ min: now - 300 * DAY, max: now })
  const any = fc.oneof(recent, recent, thisYear)
  const limit = retentionLimit(now)
  const special = SPECIAL.filter((at) => limit <= at && at <= now)
  return fc.oneof(
    any,
    any.map((at) => at - (at % HOUR)),
    any.map((at) => at - (at % HOUR) - 1),
    any.map((at) => at - (at % DAY)),
    any.map((at) => at - (at % DAY) - 1),
    fc.constantFrom(now, now - 1, now + 1, now + DAY),
    fc.constantFrom(limit - 1, limit, limit + 1, limit + HOUR, limit + 2 * HOUR - 1),
    ...(special.length > 0 ? [fc.constantFrom(...special)] : []),
  )
}

const SPECIAL = [
  '2024-02-28T23:59:59Z',
  '2024-02-29T00:00:00Z',
  '2024-02-29T23:59:59Z',
  '2024-03-01T00:00:00Z',
  '2026-02-28T23:59:59Z',
  '2026-03-01T00:00:00Z',
  '2025-12-31T23:59:59Z',
  '2026-01-01T00:00:00Z',
  '2026-12-31T23:59:59Z',
  '2027-01-01T00:00:00Z',
].map(instant)

function anyBounds(now: number): fc.Arbitrary<Pick<Asked, 'start' | 'end'>> {
  const at = anyInstant(now)
  const long = fc.tuple(at, at).map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }))
  const short = fc
    .tuple(at, fc.integer({ min: 0, max: 2 * DAY }))
    .map(([start, span]) => ({ start, end: start + span }))
  return fc.oneof(
    { weight: 4, arbitrary: long },
    { weight: 4, arbitrary: short },
    { weight: 1, arbitrary: fc.record({ start: at, end: at }) },
    { weight: 1, arbitrary: at.map((end) => ({ start: null, end })) },
    { weight: 1, arbitrary: at.map((start) => ({ start, end: null })) },
    { weight: 1, arbitrary: fc.constant({ start: null, end: null }) },
  )
}

export function anyQuestion(now: number, sims: number): fc.Arbitrary<Question> {
  const spelling = fc.nat({ max: INSTANT_SPELLINGS.length - 1 })
  return fc
    .record({
      sim: fc.option(fc.nat({ max: sims - 1 }), { freq: 3 }),
      account: fc.nat({ max: 1 }),
      byName: fc.boolean(),
      bounds: anyBounds(now),
      granularity: fc.constantFrom('hourly', 'daily', 'all'),
      startSpelling: spelling,
      endSpelling: spelling,
      pageSize: fc.constantFrom(1, 3, 50, 1000),
    })
    .map(({ bounds, granularity, ...question }) => ({
      ...question,
      asked: { ...bounds, granularity: isWide(bounds, now) ? 'daily' : granularity },
    }))
}

function isWide({ start, end }: Pick<Asked, 'start' | 'end'>, now: number): boolean {
  return start !== null && (end ?? now) - start > HOURLY_SPAN_MAX
}
