/** Roaming batches on the whole road: what is counted, what comes again, what is put aside. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { Feed } from '../../src/domain/directory.ts'
import { imsiOf } from '../support/builders.ts'
import { IngestFixture, someOf, verdicts } from '../support/ingest-fixture.ts'
import { nrtrdeEvent, nrtrdeFile } from '../support/nrtrde-writer.ts'
import { newRoamingWorld } from '../support/roaming-world.ts'
import { call, gprsCall, notification, transferBatch } from '../support/tap3-writer.ts'

let fixture: IngestFixture
before(async () => {
  fixture = await IngestFixture.open()
})
after(() => fixture.close())

const newWorld = (stated?: Partial<Omit<Feed, 'id'>>) => newRoamingWorld(fixture, stated)

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
