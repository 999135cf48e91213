/** SIDs of networks and the PLMNs in them. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Plmn } from '../../../src/domain/plmn.ts'
import { networkSidOf, plmnOfNetworkSid } from '../../../src/http/supersim/network-sid.ts'

const digits = (length: number) =>
  fc.nat({ max: 10 ** length - 1 }).map((n) => String(n).padStart(length, '0'))

describe('the SID of a network', () => {
  it('holds the PLMN with the length of its MNC, for every PLMN there can be', () => {
    const plmns = fc.tuple(digits(3), fc.oneof(digits(2), digits(3)))
    fc.assert(
      fc.property(plmns, ([mcc, mnc]) => {
        const plmn = `${mcc}-${mnc}` as Plmn
        const sid = networkSidOf(plmn)
        assert.match(sid, /^HW[0-9a-f]{32}$/)
        assert.equal(plmnOfNetworkSid(sid), plmn)
        assert.equal(plmnOfNetworkSid(sid.replace('f', 'F')), plmn)
      }),
    )
    assert.equal(networkSidOf('310-410' as Plmn), 'HW00000000000000000000000000310410')
    assert.equal(networkSidOf('208-01' as Plmn), 'HW0000000000000000000000000020801f')
  })

  it('is no other text', () => {
    for (const text of [
      '',
      '310-410',
      `HW${'a'.repeat(32)}`,
      `HW${'0'.repeat(26)}31041`,
      `HW${'0'.repeat(26)}310f1f`,
      `DE${'0'.repeat(26)}310410`,
      `hw${'0'.repeat(26)}310410 `,
    ]) {
      assert.equal(plmnOfNetworkSid(text), null, text)
    }
  })
})
