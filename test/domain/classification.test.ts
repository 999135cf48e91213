/** Which zone usage belongs to, and which country it is listed under. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  classify,
  effectiveHomeSet,
  type HomeSet,
  type StatedNetwork,
} from '../../src/domain/classification.ts'
import type { CountryCode } from '../../src/domain/country.ts'
import type { Plmn } from '../../src/domain/plmn.ts'
import { ZONES, type Zone } from '../../src/domain/usage-event.ts'
import { homeSet } from '../support/builders.ts'

const HOME = homeSet('310-260 310-160', 'US PR')

function network(plmn: string | null, country: string | null = null, zone: Zone | null = null) {
  return { plmn, country, zone } as StatedNetwork
}

/** `zone country` of a classified record, or null. */
function placed(
  stated: StatedNetwork,
  { home = HOME, feedDefault = null }: { home?: HomeSet; feedDefault?: Zone | null } = {},
): string | null {
  const serving = classify(stated, home, feedDefault)
  return serving === null ? null : `${serving.zone} ${serving.country}`
}

describe('classify', () => {
  it('counts every home network as home', () => {
    assert.equal(placed(network('310-260')), 'home US')
    assert.equal(placed(network('310-160')), 'home US')
  })

  it('counts another network of a home country as national roaming', () => {
    assert.equal(placed(network('310-410')), 'national_roaming US')
    assert.equal(placed(network('330-110')), 'national_roaming PR')
  })

  it('counts everything else as international roaming under its country', () => {
    assert.equal(placed(network('208-01')), 'international_roaming FR')
    assert.equal(placed(network('302-720')), 'international_roaming CA')
  })

  it('does not take the network 310-26 for 310-260', () => {
    assert.equal(placed(network('310-26')), 'national_roaming US')
  })

  it('lists networks of no country under ZZ', () => {
    assert.equal(placed(network('901-14')), 'international_roaming ZZ')
  })

  it('knows a home network abroad as home', () => {
    const home = homeSet('208-01', 'US')
    assert.equal(placed(network('208-01'), { home }), 'home FR')
  })

  it('goes by the country where the record states no network', () => {
    assert.equal(placed(network(null, 'US')), 'national_roaming US')
    assert.equal(placed(network(null, 'FR')), 'international_roaming FR')
  })

  it('lets a stated country win over the one of the network', () => {
    assert.equal(placed(network('310-410', 'FR')), 'international_roaming FR')
    assert.equal(placed(network('208-01', 'PR')), 'national_roaming PR')
  })

  it('lets a stated zone win over a derived one', () => {
    assert.equal(placed(network('208-01', null, 'home')), 'home FR')
    assert.equal(
      placed(network('310-260', null, 'international_roaming')),
      'international_roaming US',
    )
    assert.equal(placed(network(null, null, 'national_roaming')), 'national_roaming null')
  })

  it('says which parts the record stated', () => {
    assert.deepEqual(classify(network('208-01', 'FR', 'home'), HOME, null), {
      plmn: '208-01',
      country: 'FR',
      zone: 'home',
      countryStated: true,
      zoneStated: true,
    })
    assert.deepEqual(classify(network('208-01'), HOME, null), {
      plmn: '208-01',
      country: 'FR',
      zone: 'international_roaming',
      countryStated: false,
      zoneStated: false,
    })
  })

  it('places nothing whose network is unknown', () => {
    assert.equal(placed(network(null)), null)
    assert.equal(placed(network('299-01')), null)
  })

  it('places it in the zone that the feed declares instead', () => {
    assert.equal(placed(network(null), { feedDefault: 'home' }), 'home null')
    assert.equal(
      placed(network('299-01'), { feedDefault: 'national_roaming' }),
      'national_roaming null',
    )
  })

  it('never lets the declared zone win over what the network tells', () => {
    assert.equal(placed(network('208-01'), { feedDefault: 'home' }), 'international_roaming FR')
  })

  it('places nothing abroad without a country', () => {
    assert.equal(placed(network(null, null, 'international_roaming')), null)
    assert.equal(placed(network(null), { feedDefault: 'international_roaming' }), null)
  })

  it('counts a home network of an unknown country as home', () => {
    assert.equal(placed(network('299-01'), { home: homeSet('299-01', 'US') }), 'home null')
  })

  it('never counts as home what nothing says is home', () => {
    const plmn = fc.option(fc.constantFrom('310-260', '310-410', '208-01', '901-01', '299-01'))
    const country = fc.option(fc.constantFrom('US', 'PR', 'FR', 'ZZ'))
    const zone = fc.option(fc.constantFrom(...ZONES))
    fc.assert(
      fc.property(plmn, country, zone, (p, c, z) => {
        if (placed(network(p, c, z))?.startsWith('home')) assert.ok(z === 'home' || p === '310-260')
      }),
    )
  })
})

describe('effectiveHomeSet', () => {
  const account = homeSet('310-260', 'US')

  it("is the account's where the SIM has none", () => {
    assert.deepEqual(effectiveHomeSet(homeSet('', ''), account), account)
  })

  it("is the SIM's where it has one, part by part", () => {
    assert.deepEqual(effectiveHomeSet(homeSet('208-01', ''), account), homeSet('208-01', 'US'))
    assert.deepEqual(effectiveHomeSet(homeSet('', 'FR'), account), homeSet('310-260', 'FR'))
    assert.deepEqual(effectiveHomeSet(homeSet('208-01', 'FR'), account), homeSet('208-01', 'FR'))
  })

  it('is a set: a country may be at home without a network of it', () => {
    const home = { plmns: [] as Plmn[], countries: ['FR' as CountryCode] }
    assert.equal(placed(network('208-01'), { home }), 'national_roaming FR')
  })
})
