/** The tree a usage record shows, and its sums. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { addCounters } from '../../src/domain/counters.ts'
import type { CountryCode } from '../../src/domain/country.ts'
import { sumOf } from '../../src/domain/sums.ts'
import { ZONES } from '../../src/domain/usage-event.ts'
import { NO_USAGE, type UsageGroup, type UsageSums } from '../../src/domain/usage-query.ts'
import { buildUsageTree } from '../../src/domain/usage-tree.ts'

function aGroup(stated: Partial<UsageGroup> = {}): UsageGroup {
  return { ...NO_USAGE, bucketStart: 0, zone: 'home', country: 'US' as CountryCode, ...stated }
}

const anySums = fc.record({
  upload: fc.bigInt(0n, 2n ** 60n).map(sumOf),
  download: fc.bigInt(0n, 2n ** 60n).map(sumOf),
  toSim: fc.nat(9),
  fromSim: fc.nat(9),
})
const anyGroup = fc
  .record({
    zone: fc.constantFrom(...ZONES),
    country: fc.option(fc.constantFrom('US', 'FR', 'DE', 'XK', 'ZZ')),
    sums: anySums,
  })
  .map(({ zone, country, sums }) => aGroup({ zone, country: country as CountryCode, ...sums }))
const anyGroups = fc.array(anyGroup, { maxLength: 12 })

function totalOf(parts: readonly UsageSums[]): UsageSums {
  return parts.reduce(addCounters, NO_USAGE)
}

describe('buildUsageTree', () => {
  it('is all zero without groups', () => {
    assert.deepEqual(buildUsageTree([]), {
      total: NO_USAGE,
      home: NO_USAGE,
      nationalRoaming: NO_USAGE,
      internationalRoaming: [],
    })
  })

  it('sums each zone, and each country abroad', () => {
    const france = { zone: 'international_roaming', country: 'FR' as CountryCode } as const
    const tree = buildUsageTree([
      aGroup({ upload: 1, toSim: 7 }),
      aGroup({ zone: 'national_roaming', download: 10 }),
      aGroup({ ...france, upload: 100 }),
      aGroup({ ...france, upload: 200, fromSim: 1 }),
      aGroup({ ...france, country: 'XK' as CountryCode, download: 1_000 }),
    ])
    assert.deepEqual(tree.home, { ...NO_USAGE, upload: 1, toSim: 7 })
    assert.deepEqual(tree.nationalRoaming, { ...NO_USAGE, download: 10 })
    assert.deepEqual(
      new Map(tree.internationalRoaming.map(({ country, sums }) => [country as string, sums])),
      new Map([
        ['FR', { ...NO_USAGE, upload: 300, fromSim: 1 }],
        ['XK', { ...NO_USAGE, download: 1_000 }],
      ]),
    )
    assert.deepEqual(tree.total, { upload: 301, download: 1_010, toSim: 7, fromSim: 1 })
  })

  it('does not list a country for usage at home or in the country', () => {
    const tree = buildUsageTree([aGroup({ upload: 1 }), aGroup({ zone: 'national_roaming' })])
    assert.deepEqual(tree.internationalRoaming, [])
  })

  it('has home + national roaming + Σ international as its total, for every counter', () => {
    fc.assert(
      fc.property(anyGroups, (groups) => {
        const { total, home, nationalRoaming, internationalRoaming } = buildUsageTree(groups)
        const abroad = internationalRoaming.map(({ sums }) => sums)
        assert.deepEqual(total, totalOf([home, nationalRoaming, ...abroad]))
        assert.deepEqual(total, totalOf(groups))
      }),
    )
  })

  it('names each country once, whatever the order of the groups', () => {
    fc.assert(
      fc.property(anyGroups, (groups) => {
        const byCountry = (tree: ReturnType<typeof buildUsageTree>) =>
          new Map(tree.internationalRoaming.map(({ country, sums }) => [country, sums]))
        const tree = buildUsageTree(groups)
        const turned = buildUsageTree(groups.toReversed())
        assert.equal(byCountry(tree).size, tree.internationalRoaming.length)
        assert.deepEqual(byCountry(turned), byCountry(tree))
        assert.deepEqual(turned.total, tree.total)
      }),
    )
  })
})
