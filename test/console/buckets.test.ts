/** What charts draw of the rows that the API answers. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { sumOf, type UsageRow } from '../../console/src/api/amounts.ts'
import { bucketsOf, heatOf, ticksOf, wholeTicks } from '../../console/src/charts/buckets.ts'
import { SMALL_PLACES } from '../../console/src/charts/small-places.ts'
import { ISO_COUNTRIES } from '../../src/domain/iso-countries.ts'
import { instant } from '../support/builders.ts'

const START = instant('2026-11-01T00:00:00Z')
const ZONES = ['home', 'national_roaming', 'international_roaming']
const LAYERS = ZONES.map((key) => ({ key, name: key }))

function aRow(start: number, zone: string, data: bigint): UsageRow {
  const none = { sim_sid: null, group: null, label: null, country_code: null, network: null }
  const others = { download: data, upload: 0n, commands: 1n, toSim: 1n, fromSim: 0n }
  return { start, data, ...others, member: { ...none, zone } }
}

const amount = (row: UsageRow, layer: string) => (row.member.zone === layer ? row.data : 0n)

describe('buckets', () => {
  it('are one for each hour, also without usage, and add up to the rows', () => {
    const hours = fc.integer({ min: 0, max: 47 })
    const rows = fc.array(
      fc
        .tuple(hours, fc.constantFrom(...ZONES), fc.bigInt({ min: 0n, max: 2n ** 60n }))
        .map(([hour, zone, data]) => aRow(START + hour * 3600, zone, data)),
    )
    fc.assert(
      fc.property(rows, fc.constantFrom('hourly', 'daily'), (found, granularity) => {
        const period = { start: START, end: START + 2 * 86_400 }
        const buckets = bucketsOf(found, { period, granularity, layers: LAYERS, amount })
        assert.equal(buckets.length, granularity === 'hourly' ? 48 : 2)
        const total = buckets.reduce((sum, bucket) => sum + bucket.total, 0n)
        assert.equal(total, sumOf(found).data)
        const heat = heatOf(buckets).flat()
        assert.equal(
          heat.reduce((sum, part) => sum + part, 0n),
          total,
        )
      }),
    )
  })

  it('leave out what lies outside the period', () => {
    const rows = [aRow(START - 3600, 'home', 5n), aRow(START + 7200, 'home', 7n)]
    const period = { start: START, end: START + 7200 }
    const buckets = bucketsOf(rows, { period, granularity: 'hourly', layers: LAYERS, amount })
    assert.deepEqual(
      buckets.map(({ total }) => total),
      [0n, 0n],
    )
  })
})

describe('ticks', () => {
  it('lie in the period, in order, and are not more than fit', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 13_200 }),
        fc.integer({ min: 0, max: 800_000 }),
        fc.integer({ min: 1, max: 30 }),
        (hours, from, count) => {
          const period = { start: from * 3600, end: (from + hours) * 3600 }
          const ticks = ticksOf(period, count)
          assert.ok(ticks.length <= count + 1, `${ticks.length} of ${count}`)
          assert.ok(ticks.every((tick) => tick >= period.start && tick < period.end))
          assert.deepEqual(
            ticks,
            ticks.toSorted((a, b) => a - b),
          )
        },
      ),
    )
  })

  it('are Mondays where they are weeks', () => {
    const ticks = ticksOf({ start: START, end: START + 60 * 86_400 }, 10)
    assert.ok(ticks.every((tick) => new Date(tick * 1000).getUTCDay() === 1))
  })
})

describe('the amounts at an axis', () => {
  it('have no parts of a byte or a Command, and parts of everything larger', () => {
    assert.deepEqual(wholeTicks([0, 0.2, 0.4, 0.6, 0.8, 1], 1n), [0, 1])
    assert.deepEqual(wholeTicks([0, 0.5, 1, 1.5], 1000n), [0, 0.5, 1, 1.5])
  })
})

describe('places without a shape', () => {
  it('are countries, each with one place on the earth', () => {
    const codes = SMALL_PLACES.map(({ code }) => code)
    assert.equal(new Set(codes).size, codes.length)
    for (const { code, at } of SMALL_PLACES) {
      assert.ok(ISO_COUNTRIES.includes(`:${code}`), code)
      assert.ok(Math.abs(at[0]) <= 180 && Math.abs(at[1]) <= 90, code)
    }
    for (const code of ['SGP', 'HKG', 'MLT', 'MUS', 'BHR', 'MAC', 'LIE', 'MDV']) {
      assert.ok(codes.includes(code), code)
    }
  })
})
