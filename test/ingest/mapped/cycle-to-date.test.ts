/** Cycle-to-date counters of a ready mapping, from the delivery to what was used. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { iccidOf } from '../../support/builders.ts'
import { IngestFixture, verdicts } from '../../support/ingest-fixture.ts'

const SETTINGS = { mapping: 'cisco-control-center', total_is: 'download', sms: 'to_sim' }

const answers = (...counted: readonly [hour: number, bytes: number, sms: number][]) =>
  counted
    .map(([hour, ctdDataUsage, ctdSMSUsage]) =>
      JSON.stringify({
        iccid: iccidOf(1),
        ctdDataUsage,
        ctdSMSUsage,
        readAt: `2026-03-14T${String(hour).padStart(2, '0')}:00:00Z`,
      }),
    )
    .join('\n')

describe('cycle-to-date answers', () => {
  let fixture: IngestFixture
  before(async () => {
    fixture = await IngestFixture.open()
  })
  after(() => fixture.close())

  it('are counted by what each exceeds the one before by, late or again', async () => {
    const feed = await fixture.newFeed({
      format: 'mapped',
      settings: SETTINGS,
      defaultZone: 'home',
    })
    const before = await fixture.usage()
    assert.deepEqual(before, [])
    await fixture.deliver(feed, answers([10, 1_000, 1], [12, 5_000, 4]))
    const first = await fixture.usage()
    const late = answers([11, 3_000, 1])
    assert.deepEqual(verdicts(await fixture.deliver(feed, late)), { accepted: 1 })
    assert.deepEqual(await fixture.usage(), first)
    assert.deepEqual(verdicts(await fixture.deliver(feed, late)), { duplicate: 1 })
    // A new cycle begins at 13:00 from 0.
    await fixture.deliver(feed, answers([14, 200, 0]))
    assert.deepEqual([first, await fixture.usage()], [['home - 0/5000/4/0'], ['home - 0/5200/4/0']])
    await fixture.assertAuditClean()
  })
})
