/** Roaming batches on the whole road: what is counted, what comes again, what is put aside. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { Feed, Sim } from '../../src/domain/directory.ts'
import type { ImportSummary } from '../../src/ingest/import-records.ts'
import { aSim, imsiOf, msisdnOf, NOW, newSimSid } from '../support/builders.ts'
import { IngestFixture, someOf, verdicts } from '../support/ingest-fixture.ts'
import { nrtrdeEvent, nrtrdeFile } from '../support/nrtrde-writer.ts'
import {
  call,
  gprsCall,
  notification,
  type TapData,
  transferBatch,
} from '../support/tap3-writer.ts'

let fixture: IngestFixture
before(async () => {
  fixture = await IngestFixture.open()
})
after(() => fixture.close())

interface RoamingWorld {
  readonly feed: Feed
  readonly sim: Sim
  readonly imsi: string
  /** A data event of the SIM; each call is another session unless it says which. */
  data(stated?: TapData): ReturnType<typeof gprsCall>
  deliver(
    content: Uint8Array,
    options?: Parameters<IngestFixture['deliver']>[2],
  ): Promise<ImportSummary>
  usage(): Promise<string[]>
}

let serial = 5_000
async function newWorld(stated: Partial<Omit<Feed, 'id'>> = {}): Promise<RoamingWorld> {
  const imsi = imsiOf(++serial)
  const feed = await fixture.newFeed({ format: 'tap3', ...stated })
  const registration = aSim({ imsis: [imsi], msisdn: msisdnOf(serial) })
  const options = { at: NOW, newSid: newSimSid }
  const sim = await fixture.store.createSim(fixture.account.id, registration, options)
  return {
    feed,
    sim,
    imsi,
    data: (event = {}) =>
      gprsCall({ imsi, incoming: 200, outgoing: 10, chargingId: ++serial, ...event }),
    deliver: (content, options) => fixture.deliver(feed, content, options),
    usage: () => fixture.usage(sim),
  }
}

describe('several parts of one session in one second', () => {
  for (const onConflict of ['reject', 'replace', 'max'] as const) {
    it(`are told apart and all counted, once, under ${onConflict}`, async () => {
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
  }
})

describe('parts of one session in one second', () => {
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

  for (const [onConflict, verdict] of [
    ['reject', 'quarantined'],
    ['replace', 'replaced'],
  ] as const) {
    it(`lose nothing when they come in another order, under ${onConflict}`, async () => {
      const world = await newWorld({ onConflict })
      const parts = [1_000, 500, 20].map((incoming) => world.data({ chargingId: 80, incoming }))
      await world.deliver(transferBatch({ events: parts }))
      const reversed = transferBatch({ sequence: '00002', events: parts.toReversed() })
      assert.deepEqual(verdicts(await world.deliver(reversed)), { [verdict]: 2, duplicate: 1 })
      assert.deepEqual(await world.usage(), ['international_roaming ES 30/1520/0/0'])
    })
  }

  it('that come in another file wait where the feed rejects, and are lost nowhere', async () => {
    const world = await newWorld({ onConflict: 'reject' })
    const part = (incoming: number) => world.data({ chargingId: 81, incoming })
    await world.deliver(transferBatch({ events: [part(1_000)] }))
    const summary = await world.deliver(transferBatch({ sequence: '00002', events: [part(7)] }))
    assert.deepEqual(await fixture.quarantined(summary), ['1 conflict'])
    assert.deepEqual(await world.usage(), ['international_roaming ES 10/1000/0/0'])
  })
})

describe('a TAP3 file', () => {
  it('is counted by country, in the direction that the network states', async () => {
    const { deliver, data, imsi, usage } = await newWorld()
    const summary = await deliver(
      transferBatch({
        events: [
          data(),
          data({ servingNetwork: 'PRTTM', incoming: 5_000_000_000 }),
          data({ servingNetwork: 'USACG' }),
          call({ direction: 'mo', imsi, teleservice: '22' }),
          call({ direction: 'mt', imsi, teleservice: '21' }),
          call({ direction: 'mo', imsi, teleservice: '11' }),
        ],
      }),
    )
    assert.deepEqual(verdicts(summary), { accepted: 5 })
    assert.deepEqual(await usage(), [
      'national_roaming US 10/200/0/0',
      'international_roaming ES 10/200/1/1',
      'international_roaming PT 10/5000000000/0/0',
    ])
    await fixture.assertAuditClean()
  })

  it('is at home where the feed says which network a code names', async () => {
    const networks = { USAW6: { plmn: '310-260' }, PRTTM: { country: 'PT', plmn: '268-06' } }
    const { deliver, data, usage } = await newWorld({ settings: { networks } })
    await deliver(transferBatch({ sender: 'USAW6', events: [data()] }))
    assert.deepEqual(await usage(), ['home US 10/200/0/0'])
  })

  it('changes nothing when it comes again, packed, in pieces, or under another number', async () => {
    const { deliver, data, imsi, usage } = await newWorld()
    const sms = (callReference?: string) =>
      call({
        direction: 'mo',
        imsi,
        teleservice: '22',
        ...(callReference === undefined ? {} : { callReference }),
      })
    const events = [data(), data({ partial: 'F' }), sms(), sms(), sms('0102'), sms('0103')]
    const file = transferBatch({ events })
    assert.deepEqual(verdicts(await deliver(file)), { accepted: 6 })
    const before = await usage()
    assert.deepEqual(before, ['international_roaming ES 20/400/0/4'])
    assert.deepEqual(verdicts(await deliver(gzipSync(file), { chunkBytes: [1] })), { duplicate: 6 })
    const again = transferBatch({ sequence: '00099', events: events.toReversed() })
    assert.deepEqual(verdicts(await deliver(again)), { duplicate: 6 })
    assert.deepEqual(await usage(), before)
  })

  it('keeps the parts of a session apart, and its own from those of another network', async () => {
    const { deliver, data, usage } = await newWorld()
    const part = (start: string, partial: string) => data({ chargingId: 42, start, partial })
    const events = [
      part('20260301100000', 'F'),
      part('20260301100000', 'I'),
      part('20260301110000', 'I'),
      part('20260301120000', 'L'),
    ]
    assert.deepEqual(verdicts(await deliver(transferBatch({ events }))), { accepted: 4 })
    const elsewhere = transferBatch({ sender: 'PRTTM', events: [part('20260301100000', 'F')] })
    assert.deepEqual(verdicts(await deliver(elsewhere)), { accepted: 1 })
    assert.deepEqual(await usage(), [
      'international_roaming ES 40/800/0/0',
      'international_roaming PT 10/200/0/0',
    ])
  })

  it('corrects an event after RAP where the feed replaces, and waits where it rejects', async () => {
    for (const onConflict of ['replace', 'reject'] as const) {
      const { deliver, data, usage } = await newWorld({ onConflict })
      await deliver(transferBatch({ events: [data({ chargingId: 42 })] }))
      const corrected = data({ chargingId: 42, incoming: 150, rapSequence: '00003' })
      const summary = await deliver(transferBatch({ sequence: '00050', events: [corrected] }))
      const isReplaced = onConflict === 'replace'
      assert.deepEqual(verdicts(summary), isReplaced ? { replaced: 1 } : { quarantined: 1 })
      assert.deepEqual(await usage(), [`international_roaming ES 10/${isReplaced ? 150 : 200}/0/0`])
      await fixture.assertAuditClean()
    }
  })

  it('puts an event of an unknown network aside until the feed names it', async () => {
    const { deliver, data, usage, feed } = await newWorld()
    const file = transferBatch({ sender: 'XXX01', events: [data()] })
    const summary = await deliver(file)
    assert.deepEqual(verdicts(summary), { quarantined: 1 })
    assert.deepEqual(await fixture.quarantined(summary), ['1 unknown_network'])
    assert.deepEqual(summary.warnings, [
      'networks whose country is not known: "XXX01" (1); name it in networks of the feed\'s settings',
    ])
    const settings = { networks: { XXX01: { country: 'FR' } } }
    assert.deepEqual(verdicts(await fixture.deliver({ ...feed, settings }, file)), { accepted: 1 })
    assert.deepEqual(await usage(), ['international_roaming FR 10/200/0/0'])
  })

  it('knows an event that it put aside when it comes again', async () => {
    const { deliver, feed } = await newWorld()
    const unknown = gprsCall({ imsi: imsiOf(99_999), incoming: 1, chargingId: 1 })
    await deliver(transferBatch({ events: [unknown] }))
    await deliver(
      transferBatch({ sequence: '00077', events: [call({ direction: 'mo' }), unknown] }),
    )
    const entries = await fixture.store.listQuarantine({ feedId: feed.id }, { limit: 10 })
    assert.deepEqual(entries.map(({ line, reason }) => `${line} ${reason}`).sort(), [
      '1 unknown_sim',
      '2 unknown_sim',
    ])
    const [first, second] = entries.map(({ raw }) => Buffer.from(raw).toString())
    assert.equal(first, second)
    assert.deepEqual(JSON.parse(first!), {
      event: 'GprsCall',
      imsi: imsiOf(99_999),
      callEventStartTimeStamp: '20260301100000',
      utcTimeOffsetCode: 1,
      totalCallEventDuration: 600,
      causeForTerm: 0,
      chargingId: 1,
      accessPointNameNI: 'iot.example',
      dataVolumeIncoming: 1,
    })
  })
})

describe('a roaming batch that is not whole', () => {
  it('keeps what was committed, counts no half event, and is completed by the whole one', async () => {
    const { deliver, data, usage } = await newWorld()
    const file = transferBatch({ events: [data(), data(), data()] })
    const cut = file.subarray(0, file.length - 250)
    const summary = await deliver(cut, { batchRecordsMax: 1 })
    assert.equal(summary.import.status, 'failed')
    assert.match(summary.import.error!, /^the delivery is cut: it ends after byte \d+, in CallEve/)
    assert.deepEqual(someOf(summary.import.counts), { accepted: 2 })
    assert.deepEqual(await usage(), ['international_roaming ES 20/400/0/0'])
    assert.deepEqual(verdicts(await deliver(file)), { accepted: 1, duplicate: 2 })
    await fixture.assertAuditClean()
  })

  it('is failed when it counts other events than it has, unless the feed allows it', async () => {
    const { deliver, data, usage, feed } = await newWorld()
    const file = transferBatch({ events: [data(), data()], count: 3 })
    const summary = await deliver(file)
    assert.equal(summary.import.status, 'failed')
    assert.match(summary.import.error!, /^the file counts 3 events, but has 2: /)
    assert.deepEqual(await usage(), [])
    const lenient = { ...feed, settings: { count_mismatch: 'count' } }
    assert.deepEqual(verdicts(await fixture.deliver(lenient, file)), { accepted: 2 })
  })
})

describe('a feed of roaming batches', () => {
  it('takes a notification, which has no usage', async () => {
    const { deliver } = await newWorld()
    assert.deepEqual(verdicts(await deliver(notification({}))), {})
  })

  it('never sums the same usage from TAP3 and NRTRDE: it takes only one of them', async () => {
    const tap = await newWorld()
    const nrt = await newWorld({ format: 'nrtrde' })
    const nrtrde = nrtrdeFile({
      events: [nrtrdeEvent({ kind: 'gprs', imsi: tap.imsi, incoming: 7, chargingId: 1 })],
    })
    const refused = await tap.deliver(nrtrde)
    assert.match(refused.import.error!, /^this is an NRTRDE file, and the feed reads TAP3: /)
    const tap3 = transferBatch({ events: [tap.data()] })
    const refusedToo = await nrt.deliver(tap3)
    assert.match(refusedToo.import.error!, /^this is a TAP3 file, and the feed reads NRTRDE: /)
    assert.deepEqual(await tap.usage(), [])
    assert.deepEqual(verdicts(await nrt.deliver(nrtrde)), { accepted: 1 })
    assert.deepEqual(await tap.usage(), ['international_roaming ES 0/7/0/0'])
  })

  it('refuses what is no roaming batch, with nothing counted', async () => {
    const { deliver } = await newWorld()
    for (const content of ['record_id,sim\n', '{"record_id": 1}\n', '', '\u0000\u0001']) {
      const { import: refused } = await deliver(Buffer.from(content))
      assert.equal(refused.status, 'failed')
      assert.match(refused.error!, /the feed reads TAP3/)
      assert.deepEqual(someOf(refused.counts), {})
    }
  })
})
