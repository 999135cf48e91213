/** Which bucket a row lies in, and where it is looked for: by the rule alone, and in SQL. */
import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { DAY_SECONDS } from '../../../src/domain/time.ts'
import {
  atText,
  BUCKET_OF_ROW,
  type BucketRule,
  bucketOf,
  bucketsOf,
  dayOf,
  WHOLE_DAYS,
} from '../../../src/storage/ledger/buckets.ts'
import { instant } from '../../support/builders.ts'
import { share } from '../../support/volume.ts'

const DAY = instant('2026-03-10T00:00:00Z')
const HOUR = 3_600
const SPAN = 2 * HOUR

/** The day's SIMs up to 5 are gathered, and all earlier days. */
const RULE: BucketRule = { freshSeconds: SPAN, freshFrom: DAY, gatheredSims: 5 }

/** A day on either side of `DAY`, so that all sides of the border occur often. */
const instants = fc.oneof(
  fc.integer({ min: DAY - 2 * DAY_SECONDS, max: DAY + 3 * DAY_SECONDS }),
  // Before and after 1970.
  fc.integer({ min: -2 * DAY_SECONDS, max: DAY_SECONDS }),
)
const days = fc.integer({ min: -2, max: 3 }).map((n) => DAY + n * DAY_SECONDS)
const sims = fc.integer({ min: 1, max: 9 })
const spans = fc.constantFrom(HOUR, SPAN, 6 * HOUR, DAY_SECONDS)
const rules = fc.record({
  freshSeconds: spans,
  freshFrom: fc.oneof(days, fc.constantFrom(-DAY_SECONDS, 0, Number.MIN_SAFE_INTEGER)),
  gatheredSims: fc.integer({ min: 0, max: 9 }),
})

describe('the bucket of a row', () => {
  it('is the day before the border, and a shorter one after it', () => {
    const of = (occurredAt: number, simId = 9) => bucketOf({ occurredAt, simId }, RULE)
    assert.equal(of(DAY - 1), DAY - DAY_SECONDS)
    assert.equal(of(DAY + SPAN - 1), DAY)
    assert.equal(of(DAY + SPAN), DAY + SPAN)
    assert.equal(of(DAY + DAY_SECONDS - 1), DAY + 11 * SPAN)
    assert.equal(of(DAY + DAY_SECONDS), DAY + DAY_SECONDS)
    assert.equal(of(DAY + 2 * DAY_SECONDS - 1), DAY + 23 * SPAN)
  })

  it('is the day at the border for the SIMs that are gathered', () => {
    const late = DAY + DAY_SECONDS - 1
    assert.equal(bucketOf({ occurredAt: late, simId: 5 }, RULE), DAY)
    assert.equal(bucketOf({ occurredAt: late, simId: 6 }, RULE), DAY + 11 * SPAN)
    const next = late + DAY_SECONDS
    assert.equal(bucketOf({ occurredAt: next, simId: 5 }, RULE), DAY + 23 * SPAN)
  })

  it('is always the day if the engine has no other', () => {
    fc.assert(
      fc.property(instants, sims, (occurredAt, simId) => {
        assert.equal(bucketOf({ occurredAt, simId }, WHOLE_DAYS), dayOf(occurredAt))
      }),
    )
  })

  it('is what SQL says of the row', (t) => {
    const db = new DatabaseSync(':memory:')
    t.after(() => db.close())
    const text = `SELECT ${BUCKET_OF_ROW} AS bucket FROM (SELECT :occurredAt AS occurred_at, :simId AS sim_id)`
    const statement = db.prepare(text)
    fc.assert(
      fc.property(instants, sims, rules, (occurredAt, simId, rule) => {
        const row = { occurredAt: BigInt(occurredAt), simId: BigInt(simId) }
        const of = Object.fromEntries(Object.entries(rule).map(([k, v]) => [k, BigInt(v)]))
        const { bucket } = statement.get({ ...row, ...of })!
        assert.equal(bucket, bucketOf({ occurredAt, simId }, rule))
      }),
      { numRuns: 500 },
    )
  })

  it('is one of those that SQL looks in, whatever is gathered', (t) => {
    const db = new DatabaseSync(':memory:')
    t.after(() => db.close())
    fc.assert(
      fc.property(instants, sims, rules, (occurredAt, simId, rule) => {
        const bucket = bucketOf({ occurredAt, simId }, rule)
        const at = atText(String(occurredAt), rule.freshSeconds)
        assert.deepEqual(
          { ...db.prepare(`SELECT ${bucket} ${at} AS is_there`).get() },
          { is_there: 1 },
        )
      }),
    )
  })
})

describe('the buckets of a period', () => {
  it('are its days, and for fresh days the shorter ones after the day’s own', () => {
    assert.deepEqual(bucketsOf(DAY - 1, DAY + SPAN + 1, RULE), [DAY - DAY_SECONDS, DAY, DAY + SPAN])
    assert.deepEqual(bucketsOf(DAY + 5 * SPAN + 1, DAY + 7 * SPAN, RULE), [
      DAY,
      DAY + 5 * SPAN,
      DAY + 6 * SPAN,
    ])
    assert.equal(bucketsOf(DAY, DAY + DAY_SECONDS, RULE).length, 12)
    assert.deepEqual(bucketsOf(DAY - DAY_SECONDS, DAY, RULE), [DAY - DAY_SECONDS])
    assert.deepEqual(bucketsOf(DAY + 5, DAY + 5, RULE), [])
    assert.deepEqual(bucketsOf(DAY + 6, DAY + 5, RULE), [])
    assert.deepEqual(bucketsOf(DAY + 5, DAY + 3 * DAY_SECONDS, WHOLE_DAYS), [
      DAY,
      DAY + DAY_SECONDS,
      DAY + 2 * DAY_SECONDS,
    ])
  })

  it('are ascending, each once, and hold every row of the period', () => {
    fc.assert(
      fc.property(instants, instants, sims, rules, (a, b, simId, rule) => {
        const [start, end] = [Math.min(a, b), Math.max(a, b) + 1]
        const buckets = bucketsOf(start, end, rule)
        assert.deepEqual(
          buckets,
          [...new Set(buckets)].sort((x, y) => x - y),
        )
        for (const occurredAt of [start, a, b, end - 1]) {
          assert.ok(buckets.includes(bucketOf({ occurredAt, simId }, rule)))
        }
      }),
      { numRuns: share(100, 500) },
    )
  })

  it('hold every row even by an outdated rule', () => {
    fc.assert(
      fc.property(instants, sims, rules, rules, (occurredAt, simId, one, other) => {
        const freshSeconds = one.freshSeconds
        const [before, now] = [one, { ...other, freshSeconds }].sort(
          (x, y) => x.freshFrom - y.freshFrom,
        )
        const buckets = bucketsOf(occurredAt, occurredAt + 1, before!)
        assert.ok(buckets.includes(bucketOf({ occurredAt, simId }, now!)))
      }),
      { numRuns: 500 },
    )
  })
})
