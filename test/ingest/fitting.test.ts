/** Sums beyond what a store keeps: what does not fit waits, and the rest counts. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { NO_VERDICTS } from '../../src/domain/import.ts'
import { DAY_SECONDS, formatInstant } from '../../src/domain/time.ts'
import { recycleRecords } from '../../src/ingest/recycle-records.ts'
import { tryImport } from '../../src/ingest/try-import.ts'
import { aSim, imsiOf, NOW, newSimSid } from '../support/builders.ts'
import { csv, IngestFixture, verdicts } from '../support/ingest-fixture.ts'
import { inChunks } from '../support/record-files.ts'

const MAX = Number.MAX_SAFE_INTEGER
/** As many records of `MAX` as a sum has room for; 1023 are left then. */
const FITTING = 1_024

async function openWorld(t: TestContext) {
  const fixture = await IngestFixture.open()
  t.after(() => fixture.close())
  const world = await fixture.newWorld()
  const line = (id: string, upload: number | string, sim: string = world.sim.sid) =>
    `${id},${sim},${formatInstant(NOW - DAY_SECONDS)},310-260,${upload},0,0,0\n`
  const most = (count: number, from = 0) =>
    Array.from({ length: count }, (_, i) => line(`m${from + i}`, MAX))
  return { fixture, ...world, line, most }
}

const SUM = BigInt(FITTING) * BigInt(MAX)
const used = (sum: bigint) => [`home US ${sum}/0/0/0`]

describe('records for which a sum has no room', () => {
  it('wait, and the others of their delivery count, earlier ones first', async (t) => {
    const { fixture, deliver, sim, line, most } = await openWorld(t)
    const lines = [
      ...most(FITTING),
      line('bad', 'x'),
      line('over', 1_024),
      line('small', 23),
      ...most(2, FITTING),
      line('rest', 1_000),
      line('one', 1),
    ]
    const summary = await deliver(csv(lines))
    assert.deepEqual(verdicts(summary), { accepted: FITTING + 2, quarantined: 5 })
    assert.deepEqual(await fixture.quarantined(summary), [
      `${FITTING + 2} invalid_field`,
      `${FITTING + 3} too_large`,
      `${FITTING + 5} too_large`,
      `${FITTING + 6} too_large`,
      `${FITTING + 8} too_large`,
    ])
    const { reason, detail } = summary.firstQuarantined[1]!
    assert.match(`${reason} ${detail}`, /^too_large .* would pass 9223372036854775807/)
    assert.deepEqual(await fixture.usage(sim), used(2n ** 63n - 1n))
    await fixture.assertAuditClean()
    // Again, and cut otherwise: the same counts, and the same wait.
    const again = await deliver(csv(lines), { batchRecordsMax: 100 })
    assert.deepEqual(verdicts(again), { duplicate: FITTING + 2, quarantined: 5 })
    assert.deepEqual(await fixture.usage(sim), used(2n ** 63n - 1n))
    await fixture.assertAuditClean()
  })

  it('wait also where what was stored before leaves no room', async (t) => {
    const { fixture, deliver, sim, most } = await openWorld(t)
    await deliver(csv(most(FITTING)))
    const later = await deliver(csv(most(3, FITTING)))
    assert.deepEqual(verdicts(later), { quarantined: 3 })
    assert.deepEqual(await fixture.usage(sim), used(SUM))
    await fixture.assertAuditClean()
  })

  it('are told by a dry run as by the import itself', async (t) => {
    const { fixture, feed, most } = await openWorld(t)
    const { import: tried, changes } = await tryImport({
      store: fixture.store,
      feed,
      account: null,
      source: { name: 'usage.csv', bytes: inChunks(Buffer.from(csv(most(FITTING + 2))), [9_999]) },
      clock: () => NOW,
    })
    const counts = { ...NO_VERDICTS, accepted: FITTING, quarantined: 2 }
    assert.deepEqual([tried.status, tried.counts], ['done', counts])
    assert.deepEqual(
      changes.map(({ upload }) => upload),
      [SUM],
    )
  })

  it('stay when they are recycled too early, and count when there is room', async (t) => {
    const { fixture, deliver, sim, most, line } = await openWorld(t)
    const first = await deliver(csv(most(FITTING)))
    const later = await deliver(csv([line('a', 2_000), line('b', 3_000)]))
    const recycle = () =>
      recycleRecords({ store: fixture.store, filter: {}, clock: () => NOW + 60 })
    const early = await recycle()
    assert.deepEqual(early.counts, { ...NO_VERDICTS, quarantined: 2 })
    assert.equal(early.firstWaiting[0]!.reason, 'too_large')
    await fixture.store.undoImport(first.import.id, NOW + 61)
    assert.deepEqual((await recycle()).counts, { ...NO_VERDICTS, accepted: 2 })
    assert.deepEqual(await fixture.quarantined(later), [])
    assert.deepEqual(await fixture.usage(sim), used(5_000n))
    await fixture.assertAuditClean()
  })

  it('wait under this reason when another one kept them before', async (t) => {
    const { fixture, deliver, most, line } = await openWorld(t)
    await deliver(csv(most(FITTING)))
    const imsi = imsiOf(977)
    const waiting = await deliver(csv([line('a', 23, imsi), line('b', 2_000, imsi)]))
    assert.deepEqual(verdicts(waiting), { quarantined: 2 })
    const late = await fixture.store.createSim(fixture.account.id, aSim({ imsis: [imsi] }), {
      at: NOW,
      newSid: newSimSid,
    })
    const { counts } = await recycleRecords({
      store: fixture.store,
      filter: {},
      clock: () => NOW + 60,
    })
    assert.deepEqual(counts, { ...NO_VERDICTS, accepted: 1, quarantined: 1 })
    assert.deepEqual(await fixture.quarantined(waiting), ['3 too_large'])
    const [entry] = await fixture.store.listQuarantine({}, { limit: 9 })
    assert.deepEqual([entry!.record!.sim, entry!.record!.upload], [imsi, 2_000])
    assert.deepEqual(await fixture.usage(late), used(23n))
    await fixture.assertAuditClean()
  })
})
