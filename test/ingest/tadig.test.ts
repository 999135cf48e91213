/** What the names of networks in roaming batches say of them. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { countryOfTadig, TadigNetworks } from '../../src/ingest/formats/tadig.ts'

describe('a TADIG code', () => {
  const codes: readonly [string, string | null][] = [
    ['ESPVV', 'ES'],
    ['DEUD2', 'DE'],
    ['PRICL', 'PR'],
    ['USACG', 'US'],
    ['K0001', 'XK'],
    ['XKXVA', 'XK'],
    ['AAM01', 'ZZ'],
    ['AAA02', 'ZZ'],
    ['ZZZ01', null],
    ['WWWIF', null],
    ['YUG01', null],
    ['K0101', null],
    ['espvv', null],
    ['ESP', null],
    ['ESPVV1', null],
    ['ESPV ', null],
    ['', null],
  ]
  for (const [code, country] of codes) {
    it(`${JSON.stringify(code)} stands in ${country ?? 'no known country'}`, () => {
      assert.equal(countryOfTadig(code), country)
    })
  }
})

describe('the networks of a delivery', () => {
  const networks = new TadigNetworks({
    ESPVV: { country: 'ESP', plmn: '21401' },
    USACG: { plmn: '310-410' },
    XXX01: { country: 'mx' },
  })

  it('are what the feed says, else what the code begins with', () => {
    assert.deepEqual(networks.networkOf('ESPVV'), { plmn: '214-01', country: 'ES', zone: null })
    // The PLMN has a country of its own, which a stated one would hide.
    assert.deepEqual(networks.networkOf('USACG'), { plmn: '310-410', country: null, zone: null })
    assert.deepEqual(networks.networkOf('XXX01'), { plmn: null, country: 'MX', zone: null })
    assert.deepEqual(networks.networkOf('ESPAT'), { plmn: null, country: 'ES', zone: null })
    assert.deepEqual(networks.networkOf('XXX02'), { plmn: null, country: null, zone: null })
    assert.deepEqual(networks.networkOf('constructor'), { plmn: null, country: null, zone: null })
  })

  it('are one object where they state the same', () => {
    assert.equal(networks.networkOf('ESPAT'), networks.networkOf('ESPTE'))
    assert.equal(networks.networkOf('ESPVV'), networks.networkOf('ESPVV'))
    assert.notEqual(networks.networkOf('ESPVV'), networks.networkOf('ESPAT'))
  })

  it('stay the same objects by statement however many codes come', () => {
    const spain = networks.networkOf('ESPAT')
    for (let i = 0; i < 30_000; i++) networks.networkOf(`X${i}`)
    assert.equal(networks.networkOf('ESPAT'), spain)
  })
})
