/** Parts of one session that start in one second, and what corrects one of them. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import type { Feed } from '../../src/domain/directory.ts'
import { CONFLICT_POLICIES } from '../../src/domain/usage-event.ts'
import { recycleRecords } from '../../src/ingest/recycle-records.ts'
import { aSim, imsiOf, NOW, newSimSid } from '../support/builders.ts'
import { IngestFixture, verdicts } from '../support/ingest-fixture.ts'
import { newRoamingWorld, type RoamingWorld } from '../support/roaming-world.ts'
import { gprsCall, type TapData, transferBatch } from '../support/tap3-writer.ts'

let fixture: IngestFixture
before(async () => {
  fixture = await IngestFixture.open()
})
after(() => fixture.close())

const newWorld = (stated?: Partial<Omit<Feed, 'id'>>) => newRoamingWorld(fixture, stated)

let files = 0
/** Delivers events as the next file of their network. */
function deliverNext(world: RoamingWorld, events: readonly ReturnType<typeof gprsCall>[]) {
  return world.deliver(transferBatch({ sequence: String(++files).padStart(5, '0'), events }))
}

describe('parts of one session in one second', () => {
  for (const onConflict of CONFLICT_POLICIES) {
    it(`are all counted, once, under ${onConflict}`, async () => {
      const world = await newWorld({ onConflict })
      const part = (stated: TapData) => world.data({ chargingId: 77, ...stated })
      const first = part({ incoming: 1_000, outgoing: 10 })
      const second = part({ incoming: 500, outgoing: 20 })
      const third = part({ incoming: 2_000, outgoing: 0, servingNetwork: 'PRTTM' })
      const file = transferBatch({ events: [first, second, first, third] })
      assert.deepEqual(verdicts(await world.deliver(file)), { accepted: 3, duplicate: 1 })
      assert.deepEqual(verdicts(await world.deliver(file)), { duplicate: 4 })
      assert.deepEqual(await world.usage(), [
        'international_roaming ES 30/1500/0/0',
        'international_roaming PT 0/2000/0/0',
      ])
    })

    it(`are all counted in whatever files and order they come, under ${onConflict}`, async () => {
      const parts = fc.uniqueArray(
        fc.record({ incoming: fc.nat(50), durationSeconds: fc.nat(2) }),
        {
          minLength: 2,
          maxLength: 5,
          selector: ({ incoming, durationSeconds }) => `${incoming} ${durationSeconds}`,
        },
      )
      const deliveries = parts.chain((all) =>
        fc.record({
          all: fc.constant(all),
          // Each file has some of them; what is in none comes at the end.
          files: fc.array(
            fc.subarray(all).chain((some) => fc.shuffledSubarray(some, { minLength: some.length })),
            { maxLength: 4 },
          ),
        }),
      )
      await fc.assert(
        fc.asyncProperty(deliveries, async ({ all, files: some }) => {
          const world = await newWorld({ onConflict })
          for (const file of [...some, all]) {
            await deliverNext(
              world,
              file.map((part) => world.data({ chargingId: 80, ...part })),
            )
          }
          const sum = all.reduce((total, { incoming }) => total + incoming, 0)
          assert.deepEqual(await world.usage(), [
            `international_roaming ES ${10 * all.length}/${sum}/0/0`,
          ])
        }),
        { numRuns: 8 },
      )
      await fixture.assertAuditClean()
    })
  }

  it('differ in anything that is read, or are the same part', async () => {
    const world = await newWorld()
    const part = (stated: TapData) => world.data({ chargingId: 78, incoming: 1, ...stated })
    const events = [
      ...[part({}), part({ durationSeconds: 7 }), part({ servingNetwork: 'PRTTM' })],
      // Told apart by its name alone; and two with the same volumes, in the other direction.
      ...[part({ partial: 'I' }), part({ outgoing: 9 }), part({ outgoing: 9, durationSeconds: 7 })],
      // Another bearer, and one without a number.
      ...[part({ chargingId: 79 }), gprsCall({ imsi: world.imsi, incoming: 1, outgoing: 10 })],
    ]
    const file = transferBatch({ events })
    const summary = await world.deliver(file, { chunkBytes: [1], batchRecordsMax: 2 })
    assert.deepEqual(verdicts(summary), { accepted: 8 })
    assert.deepEqual(await world.usage(), [
      'international_roaming ES 68/7/0/0',
      'international_roaming PT 10/1/0/0',
    ])
    const twice = transferBatch({ sequence: '00002', events: [...events, ...events] })
    assert.deepEqual(verdicts(await world.deliver(twice)), { duplicate: 16 })
  })

  it('are the same under another code of the same offset from UTC', async () => {
    const world = await newWorld()
    const part = (offsetCode: number) => world.data({ chargingId: 82, offsetCode })
    await world.deliver(transferBatch({ events: [part(1)] }))
    const offsets = [[5, '+0100']] as const
    const again = transferBatch({ sequence: '00002', offsets, events: [part(5)] })
    assert.deepEqual(verdicts(await world.deliver(again)), { duplicate: 1 })
  })
})

describe('parts of a feed that tells them by their place', () => {
  const settings = { parts: 'by_place' }

  for (const [onConflict, verdict] of [
    ['reject', 'quarantined'],
    ['replace', 'replaced'],
  ] as const) {
    it(`lose nothing when they come in another order, under ${onConflict}`, async () => {
      const world = await newWorld({ onConflict, settings })
      const parts = [1_000, 500, 20].map((incoming) => world.data({ chargingId: 80, incoming }))
      await deliverNext(world, parts)
      const summary = await deliverNext(world, parts.toReversed())
      assert.deepEqual(verdicts(summary), { [verdict]: 2, duplicate: 1 })
      assert.deepEqual(await world.usage(), ['international_roaming ES 30/1520/0/0'])
    })
  }

  it('that come in another file are versions', async () => {
    const world = await newWorld({ onConflict: 'reject', settings })
    const part = (incoming: number) => world.data({ chargingId: 81, incoming })
    await deliverNext(world, [part(1_000)])
    const summary = await deliverNext(world, [part(7)])
    assert.deepEqual(await fixture.quarantined(summary), ['1 conflict'])
    assert.deepEqual(await world.usage(), ['international_roaming ES 10/1000/0/0'])
  })
})

describe('an event that corrects another one', () => {
  const original = (world: RoamingWorld, stated: TapData = {}) =>
    world.data({ chargingId: 42, ...stated })
  const corrected = (world: RoamingWorld, stated: TapData = {}) =>
    original(world, { rapSequence: '00003', ...stated })
  const used = (download: number, events = 1) => [
    `international_roaming ES ${10 * events}/${download}/0/0`,
  ]

  for (const [onConflict, verdict, download] of [
    ['replace', 'replaced', 150],
    ['reject', 'quarantined', 200],
    ['max', 'duplicate', 200],
  ] as const) {
    it(`takes its place as the feed's policy says: ${onConflict}`, async () => {
      const world = await newWorld({ onConflict })
      await deliverNext(world, [original(world)])
      const correction = [corrected(world, { incoming: 150 })]
      assert.deepEqual(verdicts(await deliverNext(world, correction)), { [verdict]: 1 })
      assert.deepEqual(await world.usage(), used(download))
      const again = onConflict === 'reject' ? 'quarantined' : 'duplicate'
      assert.deepEqual(verdicts(await deliverNext(world, correction)), { [again]: 1 })
      assert.deepEqual(verdicts(await deliverNext(world, [original(world)])), { duplicate: 1 })
      assert.deepEqual(await world.usage(), used(download))
      await fixture.assertAuditClean()
    })
  }

  it('may be marked by its file', async () => {
    const world = await newWorld({ onConflict: 'replace' })
    await deliverNext(world, [original(world)])
    const file = { sequence: '00051', rapSequence: '00004' }
    const events = [original(world, { incoming: 150 })]
    assert.deepEqual(verdicts(await world.deliver(transferBatch({ ...file, events }))), {
      replaced: 1,
    })
    assert.deepEqual(await world.usage(), used(150))
  })

  it('changes nothing where its usage is the same, as when its charge was wrong', async () => {
    const world = await newWorld({ onConflict: 'reject' })
    await deliverNext(world, [original(world), original(world, { incoming: 3 })])
    assert.deepEqual(verdicts(await deliverNext(world, [corrected(world)])), { duplicate: 1 })
    assert.deepEqual(await world.usage(), used(203, 2))
  })

  it('counts by itself where nothing of its session is there, and once', async () => {
    const world = await newWorld({ onConflict: 'replace' })
    const first = [corrected(world, { incoming: 150 })]
    assert.deepEqual(verdicts(await deliverNext(world, first)), { accepted: 1 })
    assert.deepEqual(verdicts(await deliverNext(world, first)), { duplicate: 1 })
    const second = [corrected(world, { incoming: 140 })]
    assert.deepEqual(verdicts(await deliverNext(world, second)), { replaced: 1 })
    assert.deepEqual(await world.usage(), used(140))
  })

  it('finds what stands before it in its own delivery', async () => {
    const world = await newWorld({ onConflict: 'replace' })
    const events = [original(world), corrected(world, { incoming: 150 })]
    const file = transferBatch({ events })
    const summary = await world.deliver(file, { batchRecordsMax: 1 })
    assert.deepEqual(verdicts(summary), { accepted: 1, replaced: 1 })
    assert.deepEqual(await world.usage(), used(150))
    assert.deepEqual(verdicts(await world.deliver(file)), { duplicate: 2 })
  })

  it('waits where several parts may be meant, until one is', async () => {
    const world = await newWorld({ onConflict: 'replace' })
    await deliverNext(world, [original(world)])
    const other = await deliverNext(world, [original(world, { incoming: 70 })])
    const summary = await deliverNext(world, [corrected(world, { incoming: 150 })])
    assert.deepEqual(await fixture.quarantined(summary), ['1 invalid_field'])
    assert.match(summary.firstQuarantined[0]!.detail, /does not say which of the 2 in its session/)
    assert.deepEqual(await world.usage(), used(270, 2))
    await fixture.store.undoImport(other.import.id, NOW)
    const { counts } = await recycleRecords({
      store: fixture.store,
      filter: { importId: summary.import.id },
      clock: () => NOW,
    })
    assert.equal(counts.replaced, 1)
    assert.deepEqual(await world.usage(), used(150))
    // Meanwhile the other part is there again, and the correction is known where it has been placed.
    await deliverNext(world, [original(world, { incoming: 70 })])
    const again = await deliverNext(world, [corrected(world, { incoming: 150 })])
    assert.deepEqual(verdicts(again), { duplicate: 1 })
    assert.deepEqual(await world.usage(), used(220, 2))
    await fixture.assertAuditClean()
  })

  it('finds what has waited with it for a SIM', async () => {
    const world = await newWorld({ onConflict: 'replace' })
    const imsi = imsiOf(88_001)
    await deliverNext(world, [original(world, { imsi })])
    await deliverNext(world, [corrected(world, { imsi, incoming: 150 })])
    const options = { at: NOW, newSid: newSimSid }
    const sim = await fixture.store.createSim(fixture.account.id, aSim({ imsis: [imsi] }), options)
    const filter = { feedId: world.feed.id }
    const { counts } = await recycleRecords({ store: fixture.store, filter, clock: () => NOW })
    assert.deepEqual([counts.accepted, counts.replaced], [1, 1])
    assert.deepEqual(await fixture.usage(sim), used(150))
  })
})
