import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseCountry } from '../../src/domain/country.ts'
import { MCC_COUNTRIES, PLMN_COUNTRIES } from '../../src/domain/mcc-countries.ts'
import { countryOfPlmn, parsePlmn } from '../../src/domain/plmn.ts'

describe('parsePlmn', () => {
  it('reads a hyphen, a space or nothing between MCC and MNC', () => {
    assert.equal(parsePlmn('310-260'), '310-260')
    assert.equal(parsePlmn('310260'), '310-260')
    assert.equal(parsePlmn('310 260'), '310-260')
    assert.equal(parsePlmn('26201'), '262-01')
    assert.equal(parsePlmn('262-01'), '262-01')
  })

  it('ignores spaces around it', () => {
    assert.equal(parsePlmn('  310-260\t'), '310-260')
  })

  it('keeps MNC 01 and 001 apart', () => {
    assert.equal(parsePlmn('001-01'), '001-01')
    assert.equal(parsePlmn('001-001'), '001-001')
    assert.equal(parsePlmn('00101'), '001-01')
    assert.equal(parsePlmn('001001'), '001-001')
  })

  it('returns null for what is not three digits and two or three more', () => {
    const broken = ['', '310', '310-', '3102', '310-2', '31-026', '310-2600', '3102600']
    const strange = [
      '310--260',
      '310 -260',
      '310  260',
      '310/260',
      '310-2a',
      '-310260',
      '３１０260',
    ]
    for (const text of [...broken, ...strange]) {
      assert.equal(parsePlmn(text), null, JSON.stringify(text))
    }
  })
})

describe('countryOfPlmn', () => {
  const cases: readonly (readonly [behaviour: string, countries: Record<string, string | null>])[] =
    [
      ['leaves a network of the US and its territories in the US', { '310-260': 'US' }],
      ['leaves a network of two territories at its default', { '310-370': 'US', '234-50': 'GB' }],
      ['places a network of one territory there', { '310-110': 'MP', '310-140': 'GU' }],
      ['counts all of 310 to 316 as US', { '311-480': 'US', '313-100': 'US', '316-010': 'US' }],
      ['knows that 330 is Puerto Rico', { '330-110': 'PR' }],
      ['takes Guadeloupe for the shared 340', { '340-01': 'GP', '340-20': 'GP' }],
      ['takes Curaçao for the shared 362', { '362-69': 'CW', '362-51': 'SX', '362-78': 'BQ' }],
      ['tells the Palestinian networks of 425', { '425-01': 'IL', '425-05': 'PS', '425-06': 'PS' }],
      ['tells Norfolk Island from Australia', { '505-01': 'AU', '505-10': 'NF' }],
      ['tells Mayotte from Réunion', { '647-00': 'RE', '647-01': 'YT', '647-10': 'RE' }],
      ['knows Kosovo', { '221-01': 'XK' }],
      ['counts Abkhazia as Georgia and Luhansk as Ukraine', { '289-67': 'GE', '255-98': 'UA' }],
      ['gives shared codes no country', { '901-43': 'ZZ', '902-01': 'ZZ', '991-01': 'ZZ' }],
      ['gives test and private networks no country', { '001-01': 'ZZ', '999-99': 'ZZ' }],
      ['knows MCCs that have no network yet', { '225-01': 'VA', '461-00': 'CN' }],
      ['answers a network it never heard of by its MCC', { '262-98': 'DE' }],
      ['does not take an MNC for its longer namesake', { '425-005': 'IL', '310-059': 'US' }],
      ['answers null for an MCC nobody has', { '000-01': null, '299-01': null, '998-01': null }],
    ]

  for (const [behaviour, countries] of cases) {
    it(behaviour, () => {
      for (const [plmn, country] of Object.entries(countries)) {
        assert.equal(countryOfPlmn(parsePlmn(plmn)!), country, plmn)
      }
    })
  }
})

describe('the table of MCCs', () => {
  it('covers at least 238 MCCs', () => {
    assert.ok(MCC_COUNTRIES.size >= 238, `only ${MCC_COUNTRIES.size}`)
  })

  it('holds valid codes only', () => {
    for (const [mcc, country] of MCC_COUNTRIES) {
      assert.match(mcc, /^\d{3}$/)
      assert.equal(parseCountry(country), country, mcc)
    }
  })

  it('has an MCC for every network that differs from it', () => {
    for (const [plmn, country] of PLMN_COUNTRIES) {
      assert.equal(parsePlmn(plmn), plmn)
      assert.equal(parseCountry(country), country, plmn)
      const standard = MCC_COUNTRIES.get(plmn.slice(0, 3))
      assert.ok(standard !== undefined && standard !== country, plmn)
    }
  })
})
