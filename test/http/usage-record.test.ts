/** The text of a usage record, held to the rule in words, and to the schema that describes it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import Fastify from 'fastify'
import type { CountryCode } from '../../src/domain/country.ts'
import { ZONES } from '../../src/domain/usage-event.ts'
import type { UsageGroup } from '../../src/domain/usage-query.ts'
import { accountUsageRecord, simUsageRecord } from '../../src/http/schemas/usage-record.ts'
import {
  EMPTY_BRANCHES,
  type EmptyBranches,
  ownerJson,
  usageRecordJson,
} from '../../src/http/usage-record.ts'
import { instant } from '../support/builders.ts'
import { toExactJson } from '../support/exact-json.ts'

const ALPHA3: Readonly<Record<string, string>> = { FR: 'FRA', DE: 'DEU', XK: 'XKX', ZZ: 'ZZZ' }
const BUCKET = { start: instant('2026-02-01T00:00:00Z'), end: instant('2026-03-01T00:00:00Z') }
const SIM_OWNER = { account_sid: `AC${'1'.repeat(32)}`, sim_sid: `DE${'2'.repeat(32)}` }

const anyCount = fc.oneof(fc.constant(0n), fc.bigInt(0n, 2n ** 61n))
const anyGroups = fc.array(
  fc.record({
    bucketStart: fc.constant(BUCKET.start),
    zone: fc.constantFrom(...ZONES),
    country: fc.constantFrom(null, ...(Object.keys(ALPHA3) as CountryCode[])),
    upload: anyCount,
    download: anyCount,
    toSim: anyCount,
    fromSim: anyCount,
  }),
  { maxLength: 8 },
)

/** The record's rule again, counter by counter, from the documentation. */
function expected(groups: readonly UsageGroup[], empty: EmptyBranches = 'null') {
  const tree = (counts: (of: readonly UsageGroup[]) => { total: bigint }) => {
    const branch = (of: readonly UsageGroup[]) => (counts(of).total === 0n ? null : counts(of))
    const always = empty === 'zero' ? counts : branch
    const inZone = (zone: string) => groups.filter((group) => group.zone === zone)
    const abroad = inZone('international_roaming')
    const codeOf = ({ country }: UsageGroup) => ALPHA3[country ?? 'ZZ']!
    const codes = [...new Set(abroad.map(codeOf))].sort()
    return {
      ...counts(groups),
      home: always(inZone('home')),
      national_roaming: always(inZone('national_roaming')),
      international_roaming: codes.flatMap((country_code) => {
        const used = branch(abroad.filter((group) => codeOf(group) === country_code))
        return used === null ? [] : [{ country_code, ...used }]
      }),
    }
  }
  const sum = (of: readonly UsageGroup[], counter: 'upload' | 'download' | 'toSim' | 'fromSim') =>
    of.reduce((total, group) => total + BigInt(group[counter]), 0n)
  return {
    ...SIM_OWNER,
    period: { start: '2026-02-01T00:00:00Z', end: '2026-03-01T00:00:00Z' },
    commands: tree((of) => {
      const [to_sim, from_sim] = [sum(of, 'toSim'), sum(of, 'fromSim')]
      return { total: to_sim + from_sim, to_sim, from_sim }
    }),
    data: tree((of) => {
      const [download, upload] = [sum(of, 'download'), sum(of, 'upload')]
      return { total: download + upload, download, upload, units: 'bytes' }
    }),
  }
}

describe('the text of a usage record', () => {
  it('is what the rule says of any usage, to the last digit', () => {
    fc.assert(
      fc.property(anyGroups, fc.constantFrom(...EMPTY_BRANCHES), (groups, empty) => {
        const text = usageRecordJson(ownerJson(SIM_OWNER), BUCKET, groups, empty)
        assert.equal(text, toExactJson(expected(groups, empty)))
      }),
    )
  })

  it('is what serializing by the schema makes', async (t) => {
    const { sim_sid: _, ...accountOwner } = SIM_OWNER
    let answered: unknown
    const server = Fastify()
    t.after(() => server.close())
    for (const [path, schema] of [
      ['/sim', simUsageRecord],
      ['/account', accountUsageRecord],
    ] as const) {
      server.get(path, { schema: { response: { 200: schema } } }, async () => answered)
    }
    await fc.assert(
      fc.asyncProperty(anyGroups, async (groups) => {
        answered = expected(groups)
        const [sim, account] = await Promise.all([server.inject('/sim'), server.inject('/account')])
        assert.equal(usageRecordJson(ownerJson(SIM_OWNER), BUCKET, groups), sim.body)
        assert.equal(usageRecordJson(ownerJson(accountOwner), BUCKET, groups), account.body)
      }),
    )
  })
})
