import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  buildCountryTables,
  generateMccCountries,
  type ListedNetwork,
} from '../../scripts/generate-mcc-countries.ts'
import type { Decisions } from '../../scripts/mcc-country-decisions.ts'

const SCRIPT = fileURLToPath(new URL('../../scripts/generate-mcc-countries.ts', import.meta.url))
const GENERATED = fileURLToPath(new URL('../../src/domain/mcc-countries.ts', import.meta.url))

function aNetwork(plmn: string, countryCode: string | null, notes = ''): ListedNetwork {
  const [mcc, mnc] = plmn.split('-') as [string, string]
  return { mcc, mnc, countryCode, brand: null, operator: null, notes }
}

function someDecisions(decisions: Partial<Decisions> = {}): Decisions {
  return {
    mccOverrides: [],
    mccAdditions: [],
    plmnOverrides: [],
    keptAtDefault: [],
    ...decisions,
  }
}

function mccOverride(mcc: string, country: string): Pick<Decisions, 'mccOverrides'> {
  return { mccOverrides: [{ mccs: [mcc], country, reason: 'the case needs it' }] }
}

describe('the generated table of countries', () => {
  it('is what the script generates', () => {
    assert.equal(readFileSync(GENERATED, 'utf8'), generateMccCountries())
  })
})

describe('generating the country of an MCC', () => {
  it('takes the one country all rows give', () => {
    const rows = [aNetwork('262-01', 'DE'), aNetwork('262-02', 'DE'), aNetwork('204-04', 'NL')]
    const { mccs } = buildCountryTables(rows, someDecisions())
    assert.deepEqual(
      [...mccs],
      [
        ['204', 'NL'],
        ['262', 'DE'],
      ],
    )
  })

  it('fails when rows give several countries and nothing was decided', () => {
    const rows = [aNetwork('425-01', 'IL'), aNetwork('425-05', 'IL'), aNetwork('425-05', 'PS')]
    assert.throws(
      () => buildCountryTables(rows, someDecisions()),
      /^Error: MCC 425 is listed as IL, PS: more than one answer, add it to MCC_OVERRIDES$/,
    )
  })

  it('fails when the one answer is not an ISO code', () => {
    for (const code of ['GE-AB', 'YT/RE', 'QQ', 'USA', 'us', null]) {
      assert.throws(
        () => buildCountryTables([aNetwork('289-67', code)], someDecisions()),
        /MCC 289 is listed as .*: not an ISO 3166-1 alpha-2 code/,
        String(code),
      )
    }
  })

  it('names every open MCC at once', () => {
    const rows = [aNetwork('289-67', 'GE-AB'), aNetwork('901-01', null)]
    assert.throws(() => buildCountryTables(rows, someDecisions()), /MCC 289 .*\nMCC 901 /)
  })

  it('lets an override win over the list', () => {
    const rows = [aNetwork('901-01', null)]
    const { mccs } = buildCountryTables(rows, someDecisions(mccOverride('901', 'ZZ')))
    assert.equal(mccs.get('901'), 'ZZ')
  })

  it('refuses an override with an invalid country or for an MCC that is not listed', () => {
    const decisions = someDecisions(mccOverride('901', 'QQ'))
    assert.throws(
      () => buildCountryTables([aNetwork('262-01', 'DE')], decisions),
      /MCC 901: QQ is no country\nMCC 901 has an override, but is not in the list/,
    )
  })

  it('adds an MCC without networks, until the list has it', () => {
    const mccAdditions = [{ mcc: '225', country: 'VA', reason: 'the case needs it' }]
    const decisions = someDecisions({ mccAdditions })
    assert.equal(buildCountryTables([], decisions).mccs.get('225'), 'VA')
    assert.throws(
      () => buildCountryTables([aNetwork('225-01', 'VA')], decisions),
      /MCC 225 is an addition, but the list has it already/,
    )
  })
})

describe('generating the country of a single network', () => {
  const inPuertoRico = { plmn: '313-790', country: 'PR', named: 'Puerto Rico' }
  const decisions = someDecisions({ ...mccOverride('313', 'US'), plmnOverrides: [inPuertoRico] })

  it('places it in the territory when all rows agree', () => {
    const rows = [aNetwork('313-790', 'PR'), aNetwork('313-790', 'US', 'Puerto Rico only')]
    assert.equal(buildCountryTables(rows, decisions).plmns.get('313-790'), 'PR')
  })

  it('refuses when a row places it in the country of the MCC as well', () => {
    const rows = [aNetwork('313-790', 'PR'), aNetwork('313-790', 'US', 'nationwide')]
    assert.throws(() => buildCountryTables(rows, decisions), /313-790 cannot be PR alone/)
  })

  it('refuses when a row places it in another territory as well', () => {
    const rows = [aNetwork('313-790', 'PR'), aNetwork('313-790', 'VI', 'also in Puerto Rico')]
    assert.throws(() => buildCountryTables(rows, decisions), /313-790 cannot be PR alone/)
  })

  it('refuses when no row places it in the territory', () => {
    const rows = [aNetwork('313-790', 'US', 'Puerto Rico')]
    assert.throws(() => buildCountryTables(rows, decisions), /never places it in PR/)
  })

  it('asks for a decision when no row places it in the country of its MCC', () => {
    const rows = [aNetwork('255-01', 'UA'), aNetwork('255-98', 'RU')]
    const ofUkraine = mccOverride('255', 'UA')
    assert.throws(
      () => buildCountryTables(rows, someDecisions(ofUkraine)),
      /255-98 is listed as RU, never as UA: add it to PLMN_OVERRIDES or KEPT_AT_DEFAULT/,
    )
    const keptAtDefault = [{ plmn: '255-98', reason: 'the case needs it' }]
    assert.equal(
      buildCountryTables(rows, someDecisions({ ...ofUkraine, keptAtDefault })).plmns.size,
      0,
    )
  })
})

describe('the generator on the command line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcc-countries-'))
  after(() => rmSync(folder, { recursive: true }))
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [SCRIPT, ...args], { encoding: 'utf8' })

  it('writes a file that passes its own check', () => {
    const path = join(folder, 'written.ts')
    assert.equal(run(path).status, 0)
    assert.equal(run('--check', path).status, 0)
  })

  it('exits with 1 and leaves the file alone when the check finds a difference', () => {
    const path = join(folder, 'edited.ts')
    const edited = `${generateMccCountries()}// edited\n`
    writeFileSync(path, edited)
    const result = run('--check', path)
    assert.equal(result.status, 1)
    assert.match(result.stderr, /edited\.ts is not what the script generates/)
    assert.equal(readFileSync(path, 'utf8'), edited)
  })
})
