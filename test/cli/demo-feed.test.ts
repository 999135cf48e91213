import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { type Delivery, type DemoFeedShape, deliveries } from '../../src/cli/demo/deliveries.ts'
import { demoFeedChunks, demoSimList } from '../../src/cli/demo/feed-file.ts'
import { DEMO_HOME, demoAccountSid, demoFleet } from '../../src/cli/demo/fleet.ts'
import { classify } from '../../src/domain/classification.ts'
import { countryOfPlmn, parsePlmn } from '../../src/domain/plmn.ts'
import { readSimList } from '../../src/ingest/sim-list.ts'
import { instant } from '../support/builders.ts'

const UNTIL = instant('2026-03-10T12:00:00Z')

function shapeOf({ seed = 1, sims = 250, days = 90, until = UNTIL } = {}): DemoFeedShape {
  return { seed, fleet: demoFleet(seed, sims), days, until }
}

function checksum(shape: DemoFeedShape): string {
  const hash = createHash('sha256')
  for (const { bytes } of demoFeedChunks(shape)) hash.update(bytes)
  return hash.digest('hex')
}

/** What makes a record one: a repeat has it too, a correction as well. */
const identityOf = ({ record }: Delivery) => `${record.sim} ${record.occurredAt} ${record.recordId}`

/** The first delivery of each record. */
function firstDeliveries(all: readonly Delivery[]): Delivery[] {
  return [...new Map(all.toReversed().map((one) => [identityOf(one), one])).values()]
}

// The feed that `simtally demo` imports; the tests below look at it from many sides.
const FEED: readonly Delivery[] = [...deliveries(shapeOf())]
const RECORDS = firstDeliveries(FEED)

const share = (part: number) => part / RECORDS.length

describe("the demo's feed", () => {
  it('has the same bytes for the same seed and hour, and others for others', () => {
    const small = { sims: 12, days: 5 }
    assert.equal(checksum(shapeOf(small)), checksum(shapeOf(small)))
    assert.notEqual(checksum(shapeOf(small)), checksum(shapeOf({ ...small, seed: 2 })))
    assert.notEqual(checksum(shapeOf(small)), checksum(shapeOf({ ...small, until: UNTIL + 3600 })))
  })

  it('has the bytes it had when this test was written', () => {
    // A change here is a change of every demo that exists: then records are corrected, not repeated.
    assert.equal(
      checksum(shapeOf({ sims: 12, days: 5 })),
      '9b912838f6b06b1c2657f1f6d7e6778112abfe8582f68882ae02c48c73d5d415',
    )
  })

  it('repeats, a day later, the records of the days in common, and adds new ones', () => {
    const today = [...deliveries(shapeOf({ sims: 40, days: 20 }))]
    const tomorrow = [...deliveries(shapeOf({ sims: 40, days: 20, until: UNTIL + 86_400 }))]
    const lines = new Set(tomorrow.map((one) => JSON.stringify(one)))
    const inCommon = today.filter(({ record }) => record.occurredAt >= UNTIL - 19 * 86_400)
    assert.ok(inCommon.length > 5_000)
    assert.deepEqual(
      inCommon.filter((one) => !lines.has(JSON.stringify(one))),
      [],
    )
    assert.ok(tomorrow.some(({ record }) => record.occurredAt >= UNTIL))
  })

  it('is in the order of delivery, after the usage and before its end', () => {
    let last = 0
    for (const { record, deliveredAt } of FEED) {
      assert.ok(deliveredAt >= last && deliveredAt <= UNTIL)
      assert.ok(record.occurredAt < deliveredAt)
      assert.ok(record.occurredAt >= UNTIL - 90 * 86_400)
      last = deliveredAt
    }
  })

  it('has about 300 000 records, 1 % of them twice, and a few corrected', () => {
    assert.ok(FEED.length > 270_000 && FEED.length < 330_000, String(FEED.length))
    const versions = Map.groupBy(FEED, identityOf)
    let repeats = 0
    let corrections = 0
    for (const deliveredVersions of versions.values()) {
      const contents = new Set(deliveredVersions.map(({ record }) => JSON.stringify(record)))
      corrections += contents.size - 1
      repeats += deliveredVersions.length - contents.size
    }
    assert.ok(share(repeats) > 0.008 && share(repeats) < 0.012, String(repeats))
    assert.ok(corrections >= 10 && corrections <= 60, String(corrections))
  })

  it('delivers 2 % of the records late, by hours to 40 days', () => {
    const delays = RECORDS.map(({ record, deliveredAt }) => deliveredAt - record.occurredAt)
    const late = delays.filter((delay) => delay > 2 * 3600)
    assert.ok(share(late.length) > 0.015 && share(late.length) < 0.025, String(late.length))
    const days = late.map((delay) => delay / 86_400)
    assert.ok(days.some((delay) => delay < 0.5))
    assert.ok(days.some((delay) => delay > 30))
    assert.ok(days.every((delay) => delay < 41))
  })

  it('has ten records of SIMs that nobody registered', () => {
    const names = new Set(shapeOf().fleet.map((sim) => sim.nameInRecords))
    assert.equal(FEED.filter(({ record }) => !names.has(record.sim)).length, 10)
  })

  it('is at home, on two other networks there, and in at least six countries abroad', () => {
    const zones = new Map<string, Set<string>>()
    for (const { record } of RECORDS) {
      const stated = { plmn: parsePlmn(record.plmn), country: null, zone: null }
      const { zone } = classify(stated, DEMO_HOME, null)!
      const country = countryOfPlmn(stated.plmn!)!
      const places = zones.get(zone) ?? new Set()
      zones.set(zone, places.add(zone === 'international_roaming' ? country : record.plmn))
    }
    assert.deepEqual([...zones.get('home')!], ['310-260'])
    assert.deepEqual([...zones.get('national_roaming')!].sort(), ['310-410', '311-480'])
    const abroad = zones.get('international_roaming')!
    assert.ok(abroad.size >= 6, [...abroad].join())
    assert.ok(abroad.has('ZZ'), 'ships are in no country')
  })

  it('has Commands both ways, and sessions in which nothing was sent', () => {
    const having = (test: (record: Delivery['record']) => boolean) =>
      RECORDS.filter(({ record }) => test(record)).length
    assert.ok(having(({ toSim }) => toSim > 0) > 1_000)
    assert.ok(having(({ fromSim }) => fromSim > 0) > 1_000)
    const empty = having(({ upload, download }) => upload + download === 0)
    assert.ok(share(empty) > 0.02 && share(empty) < 0.05, String(empty))
  })

  it('is quiet at night and at weekends', () => {
    const byHour = new Array<number>(24).fill(0)
    const byDay = new Array<number>(7).fill(0)
    for (const { record } of RECORDS) {
      // The fleet's local time is six hours behind UTC.
      const local = new Date((record.occurredAt - 6 * 3600) * 1000)
      byHour[local.getUTCHours()]! += record.download
      byDay[local.getUTCDay()]! += record.download
    }
    assert.ok(byHour[3]! * 3 < byHour[12]!, byHour.join(' '))
    assert.ok(
      Math.max(byDay[0]!, byDay[6]!) * 1.5 < Math.min(...byDay.slice(1, 6)),
      byDay.join(' '),
    )
  })
})

describe("the demo's fleet", () => {
  it('is the same SIMs whatever the number of others, and no two seeds share a number', () => {
    assert.deepEqual(demoFleet(1, 10), demoFleet(1, 40).slice(0, 10))
    assert.notEqual(demoAccountSid(1), demoAccountSid(2))
    const numbers = [demoFleet(1, 50), demoFleet(2, 50)].flat().flatMap(({ registration }) => {
      const { sid, iccid, imsis, msisdn } = registration
      return [sid, iccid, ...imsis!, msisdn]
    })
    assert.equal(new Set(numbers).size, 400)
  })

  it('makes a list that simtally sim import reads back', async () => {
    const fleet = demoFleet(1, 30)
    async function* bytes() {
      yield Buffer.from(demoSimList(fleet))
    }
    const { entries, faults } = await readSimList(bytes())
    assert.deepEqual(faults, [])
    assert.deepEqual(
      entries.map(({ registration: { home: _, ...registration } }) => registration),
      fleet.map(({ registration }) => registration),
    )
  })
})
