/**
 * What becomes of a version whose event is stored, and of a chain that loses an import; without a
 * database.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ConflictPolicy } from '../../../src/domain/usage-event.ts'
import { MetChain, type MetVerdict, MetVersions } from '../../../src/storage/ledger/met-versions.ts'
import { RepeatsOf, runsOf } from '../../../src/storage/ledger/repeats.ts'
import { type Coming, withoutImport } from '../../../src/storage/ledger/version-chain.ts'
import type { Identity, StoredEvent } from '../../../src/storage/rows.ts'

const IDENTITY: Identity = [0, 1, 60, 1, 'r1']
/** Imports from this number on are accounts'. */
const FIRST_OF_ACCOUNTS = 100

/** The only line of an import; its upload is its content. */
function version(upload: number, importId: number, isReading = false): StoredEvent {
  const serving = { plmn: null, country: null, zone: 'home', countryStated: false } as const
  return {
    version: {
      ...{ upload, download: 0, toSim: 0, fromSim: 0 },
      serving: { ...serving, zoneStated: false },
      ...(isReading && { traits: { is32Bit: false } }),
    },
    columns: { zone: 0, country: '', plmn: '', stated: 0 },
    isReading,
    accountId: 1,
    importId,
    line: 1,
    knownAt: importId,
  }
}

function rulesOf(onConflict: ConflictPolicy) {
  return { onConflict, isOperators: (importId: number) => importId < FIRST_OF_ACCOUNTS }
}

interface Met {
  readonly verdict: MetVerdict
  /** What each version states, oldest first; the last one counts. */
  readonly uploads: readonly number[]
  readonly current: StoredEvent
  readonly chain: MetChain
  readonly versions: MetVersions
}

function meet(
  stored: readonly StoredEvent[],
  incoming: StoredEvent,
  onConflict: ConflictPolicy,
  coming: Coming = 'delivered',
): Met {
  const chain = new MetChain(stored.slice(0, -1), stored.at(-1)!)
  const versions = new MetVersions(rulesOf(onConflict), coming)
  const verdict = versions.resolve(IDENTITY, chain, incoming)
  const uploads = chain.versions.map((one) => one.version.upload)
  return { verdict, uploads, current: chain.current, chain, versions }
}

const POLICIES = ['reject', 'replace', 'max'] as const

describe('a version whose event is stored', () => {
  for (const policy of POLICIES) {
    it(`is a duplicate if it states what counts, under ${policy}`, () => {
      const { verdict, uploads, current, versions } = meet([version(5, 1)], version(5, 2), policy)
      assert.deepEqual([verdict, uploads, current.importId], ['duplicate', [5], 1])
      assert.equal(versions.rewrites, false)
    })

    it(`is a duplicate if it states what was replaced before, under ${policy}`, () => {
      const { verdict, uploads } = meet([version(9, 1), version(5, 2)], version(9, 3), policy)
      assert.deepEqual([verdict, uploads], ['duplicate', [9, 5]])
    })

    it(`is a conflict if it is usage and the other a reading, under ${policy}`, () => {
      const { verdict, uploads } = meet([version(5, 1, true)], version(5, 2), policy)
      assert.deepEqual([verdict, uploads], ['conflict', [5]])
    })

    it(`does not replace the operator's as an account's, under ${policy}`, () => {
      const { verdict, uploads } = meet([version(5, 1)], version(9, 100), policy)
      assert.deepEqual([verdict, uploads], ['outranked', [5]])
    })

    it(`replaces an account's as the operator's, under ${policy}`, () => {
      const { verdict, uploads, chain } = meet([version(9, 100)], version(5, 1), policy)
      assert.deepEqual([verdict, uploads], ['replaced', [9, 5]])
      assert.deepEqual(chain.added.replaced, [version(9, 100)])
    })

    it(`stands in for an account's that states the same, under ${policy}`, () => {
      const { verdict, uploads, current, versions } = meet([version(5, 100)], version(5, 1), policy)
      assert.deepEqual([verdict, uploads, current.importId], ['duplicate', [5], 1])
      assert.ok(versions.rewrites, 'what repeats the account’s version repeats the operator’s')
    })

    it(`counts if a person has decided for it, under ${policy}`, () => {
      const { verdict, uploads } = meet([version(5, 2)], version(9, 1), policy, 'accepted')
      assert.deepEqual([verdict, uploads], ['replaced', [5, 9]])
    })

    it(`counts again if a person has decided for a replaced one, under ${policy}`, () => {
      const stored = [version(9, 1), version(5, 2)]
      const { verdict, uploads, chain } = meet(stored, version(9, 3), policy, 'accepted')
      assert.deepEqual([verdict, uploads], ['replaced', [5, 9]])
      assert.ok(chain.isRewritten, 'the version that it repeats leaves history')
    })
  }

  it('is a conflict under reject', () => {
    assert.equal(meet([version(5, 1)], version(9, 2), 'reject').verdict, 'conflict')
  })

  it('replaces what counts under replace, larger or smaller', () => {
    assert.deepEqual(meet([version(5, 1)], version(9, 2), 'replace').uploads, [5, 9])
    assert.deepEqual(meet([version(9, 1)], version(5, 2), 'replace').uploads, [9, 5])
  })

  it('goes where it was delivered under replace, if it is recycled', () => {
    const stored = [version(5, 1), version(7, 3)]
    const { verdict, uploads, chain } = meet(stored, version(9, 2), 'replace', 'recycled')
    assert.deepEqual([verdict, uploads], ['duplicate', [5, 9, 7]])
    assert.ok(chain.isRewritten)
  })

  it('counts under max if it is larger, and otherwise goes where its size puts it', () => {
    assert.deepEqual(meet([version(5, 1)], version(9, 2), 'max').uploads, [5, 9])
    const late = meet([version(1, 1), version(9, 2)], version(5, 3), 'max')
    assert.deepEqual([late.verdict, late.uploads], ['duplicate', [1, 5, 9]])
  })

  it('asks for the history only if contents differ', () => {
    const asked = () => assert.fail('nobody needs it')
    const chain = new MetChain(asked, version(5, 1))
    const versions = new MetVersions(rulesOf('replace'), 'delivered')
    assert.equal(versions.resolve(IDENTITY, chain, version(5, 2)), 'duplicate')
    assert.deepEqual(chain.added, { replaced: [], versionsBefore: 0 })
  })

  it('is met in its new state by the next one of the same batch', () => {
    const chain = new MetChain([version(1, 1)], version(2, 2))
    const versions = new MetVersions(rulesOf('replace'), 'delivered')
    const verdicts = [3, 3, 4].map((upload) =>
      versions.resolve(IDENTITY, chain, { ...version(upload, 5), line: upload }),
    )
    assert.deepEqual(verdicts, ['replaced', 'duplicate', 'replaced'])
    const { replaced, versionsBefore } = chain.added
    assert.deepEqual([replaced.map((one) => one.version.upload), versionsBefore], [[2, 3], 1])
  })
})

describe('a chain that loses an import', () => {
  const nothing = new RepeatsOf([])

  function without(chain: readonly StoredEvent[], importId: number, repeatsOf = nothing) {
    return withoutImport(rulesOf('replace'), chain, { importId, repeatsOf })
  }

  it('counts with the previous version, and tells which one is gone', () => {
    const { left, gone } = without([version(5, 1), version(9, 2)], 2)
    assert.deepEqual(left, [version(5, 1)])
    assert.deepEqual(gone, [{ event: version(9, 2), version: 1, replacedAt: null }])
  })

  it('keeps counting if what leaves was already replaced', () => {
    const { left, gone } = without([version(5, 1), version(9, 2)], 1)
    assert.deepEqual(left, [version(9, 2)])
    assert.deepEqual(gone, [{ event: version(5, 1), version: 0, replacedAt: 2 }])
  })

  it('has nothing left if all versions were the import’s', () => {
    assert.deepEqual(without([version(5, 1)], 1).left, [])
  })

  it('keeps what another import has delivered too, as that import’s, with the repeats of others', () => {
    const repeat = { of: { importId: 1, line: 1 }, line: 1, knownAt: 7, bucket: 0 }
    const runs = runsOf([3, 4].map((importId) => ({ ...repeat, importId })))
    const { left, gone, repeats } = without([version(5, 1)], 1, new RepeatsOf(runs))
    assert.deepEqual([left.map(({ importId }) => importId), gone], [[3], []])
    assert.deepEqual(
      repeats.map(({ importId, of }) => [importId, of.importId]),
      [[4, 3]],
    )
  })

  it('keeps what only an account repeats behind the operator’s versions', () => {
    const repeat = { of: { importId: 2, line: 1 }, importId: 100, line: 1, knownAt: 7, bucket: 0 }
    const chain = [version(5, 1), version(9, 2)]
    const { left } = without(chain, 2, new RepeatsOf(runsOf([repeat])))
    assert.deepEqual(
      left.map(({ importId }) => importId),
      [100, 1],
    )
  })
})
