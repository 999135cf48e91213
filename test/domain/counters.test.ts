import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  addCounters,
  byField,
  COUNTER_FIELDS,
  COUNTER_NAMES,
  COUNTERS,
  countersIn,
  countersOf,
  counterValues,
  type EachCounter,
  mapCounters,
  NO_COUNTERS,
  OWN_COUNTERS,
  QUANTITIES,
} from '../../src/domain/counters.ts'
import { NO_USAGE } from '../../src/domain/usage-query.ts'
import { COUNTER_COLUMNS } from '../../src/storage/counter-columns.ts'
import { quarantineEntryFromRow, usageGroupsFromRows } from '../../src/storage/rows.ts'

/** Each counter is its place. */
const PLACES = Object.fromEntries(COUNTER_NAMES.map((name, i) => [name, i])) as EachCounter<number>

describe('what names each counter once more', () => {
  it('has each in its place', () => {
    assert.deepEqual(
      mapCounters((place) => place),
      PLACES,
    )
    assert.deepEqual(counterValues(PLACES), [...COUNTERS.keys()])
    const more = { ...PLACES, more: 1 }
    assert.deepEqual(countersOf(more), PLACES)
  })

  it('adds each to the same one', () => {
    const sums = mapCounters((place) => 10 ** place)
    assert.deepEqual(addCounters(sums, NO_USAGE), sums)
    assert.deepEqual(
      addCounters(sums, sums),
      mapCounters((place) => 2 * 10 ** place),
    )
  })

  it('reads sums in the order of their columns', () => {
    const sums = COUNTER_COLUMNS.map((_, place) => BigInt(place))
    const [group] = usageGroupsFromRows([[60n, 0n, 'US', ...sums]])
    assert.deepEqual(group, {
      ...mapCounters((place) => place),
      ...{ bucketStart: 60, zone: 'home', country: 'US' },
    })
  })
})

describe('a counter', () => {
  it('has a name outside that follows from the one inside', () => {
    const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    assert.deepEqual(COUNTER_FIELDS, COUNTER_NAMES.map(snake))
    assert.deepEqual(Object.entries(byField((place) => place)), [
      ...COUNTER_FIELDS.map((field, place) => [field, place]),
    ])
  })

  it('is a part of one quantity, or stands by itself', () => {
    const parts = [...QUANTITIES.flatMap(countersIn), ...OWN_COUNTERS]
    assert.deepEqual(new Set(parts), new Set(COUNTERS))
    assert.equal(parts.length, COUNTERS.length)
  })

  it('is 0 in what waits in quarantine since before it was counted', () => {
    const { record } = quarantineEntryFromRow({ record: '{"recordId":"a","upload":7}' })
    assert.deepEqual(record, { ...NO_COUNTERS, recordId: 'a', upload: 7 })
  })
})
