/** Binary deliveries over HTTP: no byte of them is taken for text on the way. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { imsiOf } from '../support/builders.ts'
import { HttpFixture } from '../support/http-fixture.ts'
import { gprsCall, transferBatch } from '../support/tap3-writer.ts'

describe('delivering a TAP3 file', () => {
  let fixture: HttpFixture
  before(async () => {
    fixture = await HttpFixture.open()
    await fixture.addFeed({ name: 'roaming', format: 'tap3' })
    await fixture.addSim({ imsis: [imsiOf(77)] })
  })
  after(() => fixture.close())

  let serial = 0
  const newFile = () => {
    // Octets of every kind: lengths and counters above 0x7f, zeros, line ends.
    const stated = { imsi: imsiOf(77), incoming: 0xff_0d_0a_00_80, outgoing: 0xc3_28 }
    return Buffer.from(
      transferBatch({ events: [gprsCall({ ...stated, chargingId: 0xfffe_0000 + ++serial })] }),
    )
  }
  const deliver = (body: Buffer, headers: Record<string, string>) =>
    fixture.send('POST', '/v1/Feeds/roaming/Records', body, { as: fixture.operator, headers })

  const types = [
    { 'content-type': 'application/octet-stream' },
    { 'content-type': 'application/x-www-form-urlencoded' },
    {},
  ] as Record<string, string>[]
  for (const headers of types) {
    it(`counts every byte with ${headers['content-type'] ?? 'no content type'}`, async () => {
      const file = newFile()
      const { status, body, text } = await deliver(file, headers)
      assert.equal(status, 200, text)
      assert.deepEqual([body.format, body.accepted, body.warnings], ['tap3', 1, []])
      const packed = gzipSync(file)
      assert.equal((await deliver(packed, headers)).body.duplicate, 1)
    })
  }

  it('answers a cut one with the place, and what to do', async () => {
    const file = newFile()
    const { status, error } = await deliver(file.subarray(0, 300), {})
    assert.equal(status, 400)
    assert.match(
      error.message,
      /the delivery is cut: it ends after byte 300, in CallEventDetailList/,
    )
  })
})
