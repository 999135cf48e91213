/** The rule for a second record with the identity of a stored one. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { COUNTER_NAMES } from '../../src/domain/counters.ts'
import type { CountryCode } from '../../src/domain/country.ts'
import {
  CONFLICT_POLICIES,
  compareVersions,
  type EventVersion,
  resolveConflict,
  type Serving,
  sameContent,
} from '../../src/domain/usage-event.ts'
import { AT_HOME, abroad } from '../support/builders.ts'

function aVersion(stated: Partial<EventVersion> = {}): EventVersion {
  return { upload: 10, download: 20, toSim: 1, fromSim: 2, serving: AT_HOME, ...stated }
}

/** So few different ones that two versions often tie in their sums, or in all but one field. */
const anyCounter = fc.constantFrom(0, 1, 2, Number.MAX_SAFE_INTEGER)
const anyServing: fc.Arbitrary<Serving> = fc.constantFrom(
  AT_HOME,
  { ...AT_HOME, zoneStated: true },
  { ...AT_HOME, country: 'FR' as CountryCode, countryStated: true },
  { ...AT_HOME, plmn: null, zone: 'national_roaming' as const },
)
const anyVersion: fc.Arbitrary<EventVersion> = fc.record({
  upload: anyCounter,
  download: anyCounter,
  toSim: fc.constantFrom(0, 1, 2),
  fromSim: fc.constantFrom(0, 1, 2),
  serving: anyServing,
})
/** Properties of pairs are rare among random ones, and cheap to look at. */
const MANY = { numRuns: 5_000 }

const never = () => false

describe('sameContent', () => {
  for (const name of COUNTER_NAMES) {
    it(`sees a change of ${name}`, () => {
      const version = aVersion()
      assert.equal(sameContent(version, { ...version, [name]: version[name] + 1 }), false)
    })
  }

  it('sees a change of the network', () => {
    const moved = aVersion({ serving: abroad('FR') })
    assert.equal(sameContent(aVersion(), moved), false)
  })

  it('sees a change of a stated country or zone, and that one is stated at all', () => {
    const stated: Serving = { ...AT_HOME, countryStated: true, zoneStated: true }
    const base = aVersion({ serving: stated })
    const changes: Partial<Serving>[] = [
      { country: 'FR' as CountryCode },
      { zone: 'national_roaming' },
      { countryStated: false },
      { zoneStated: false },
    ]
    for (const change of changes) {
      assert.equal(sameContent(base, aVersion({ serving: { ...stated, ...change } })), false)
    }
  })

  it('does not see a derived zone or country that came out differently', () => {
    const elsewhere: Serving = { ...AT_HOME, zone: 'national_roaming', country: null }
    assert.equal(sameContent(aVersion(), aVersion({ serving: elsewhere })), true)
  })
})

describe('resolveConflict', () => {
  for (const policy of CONFLICT_POLICIES) {
    it(`calls the same content a duplicate under ${policy}`, () => {
      assert.equal(resolveConflict(policy, aVersion(), aVersion(), never), 'duplicate')
    })
  }

  it('calls other content a conflict under reject', () => {
    const larger = aVersion({ upload: 11 })
    assert.equal(resolveConflict('reject', aVersion(), larger, never), 'conflict')
  })

  it('lets other content replace the stored one under replace, larger or smaller', () => {
    for (const upload of [9, 11]) {
      assert.equal(resolveConflict('replace', aVersion(), aVersion({ upload }), never), 'replaced')
    }
  })

  it('calls a version that was replaced before a duplicate under replace', () => {
    const old = aVersion({ upload: 9 })
    assert.equal(
      resolveConflict('replace', aVersion(), old, () => true),
      'duplicate',
    )
  })

  it('lets only a larger reading replace the stored one under max', () => {
    const incoming = (upload: number) =>
      resolveConflict('max', aVersion(), aVersion({ upload }), never)
    assert.equal(incoming(11), 'replaced')
    assert.equal(incoming(9), 'duplicate')
  })

  it('goes by all bytes first under max, then by Commands', () => {
    const stored = aVersion({ upload: 10, download: 20, toSim: 1, fromSim: 2 })
    const shifted = aVersion({ upload: 5, download: 26, toSim: 0, fromSim: 0 })
    assert.equal(resolveConflict('max', stored, shifted, never), 'replaced')
    const moreCommands = aVersion({ toSim: 1, fromSim: 3 })
    assert.equal(resolveConflict('max', stored, moreCommands, never), 'replaced')
    const fewerBytes = aVersion({ upload: 9, toSim: 90 })
    assert.equal(resolveConflict('max', stored, fewerBytes, never), 'duplicate')
  })

  it('compares bytes exactly where their sum passes 2^53', () => {
    const max = Number.MAX_SAFE_INTEGER
    const stored = aVersion({ upload: max, download: max - 1 })
    const oneMore = aVersion({ upload: max, download: max })
    assert.equal(resolveConflict('max', stored, oneMore, never), 'replaced')
    assert.equal(resolveConflict('max', oneMore, stored, never), 'duplicate')
  })
})

describe('the max policy', () => {
  /** What is stored after `incoming` arrived, as a ledger keeps it. */
  const max = (stored: EventVersion, incoming: EventVersion) =>
    resolveConflict('max', stored, incoming, never) === 'replaced' ? incoming : stored

  const assertSame = (a: EventVersion, b: EventVersion) =>
    assert.ok(sameContent(a, b), `${JSON.stringify(a)} against ${JSON.stringify(b)}`)

  it('is commutative', () => {
    fc.assert(
      fc.property(anyVersion, anyVersion, (a, b) => assertSame(max(a, b), max(b, a))),
      MANY,
    )
  })

  it('is associative', () => {
    fc.assert(
      fc.property(anyVersion, anyVersion, anyVersion, (a, b, c) =>
        assertSame(max(max(a, b), c), max(a, max(b, c))),
      ),
      MANY,
    )
  })

  it('is idempotent', () => {
    fc.assert(fc.property(anyVersion, (a) => assert.equal(max(a, a), a)))
  })

  it('orders all versions, and ties only those with the same content', () => {
    fc.assert(
      fc.property(anyVersion, anyVersion, (a, b) => {
        const order = compareVersions(a, b)
        assert.equal(Math.sign(order) + Math.sign(compareVersions(b, a)), 0)
        assert.equal(order === 0, sameContent(a, b))
      }),
      MANY,
    )
  })

  it('keeps the same version in whatever order they come', () => {
    const versions = fc.array(anyVersion, { minLength: 1, maxLength: 6 })
    const shuffles = versions.chain((list) =>
      fc.tuple(
        fc.constant(list),
        fc.shuffledSubarray(list, { minLength: list.length, maxLength: list.length }),
      ),
    )
    fc.assert(
      fc.property(shuffles, ([one, other]) => assertSame(one.reduce(max), other.reduce(max))),
    )
  })
})
