import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type CountryCode,
  countryCodeAlpha3,
  INTERNATIONAL_COUNTRY,
  parseCountry,
} from '../../src/domain/country.ts'
import { ISO_COUNTRIES } from '../../src/domain/iso-countries.ts'

const PAIRS = ISO_COUNTRIES.trim()
  .split(/\s+/)
  .map((pair) => pair.split(':') as [string, string])

describe('parseCountry', () => {
  it('reads alpha-2 and alpha-3 as the same country', () => {
    assert.equal(parseCountry('US'), 'US')
    assert.equal(parseCountry('USA'), 'US')
    assert.equal(parseCountry('MEX'), 'MX')
  })

  it('accepts any letter case and spaces around the code', () => {
    assert.equal(parseCountry('de'), 'DE')
    assert.equal(parseCountry('Deu'), 'DE')
    assert.equal(parseCountry('  us\t'), 'US')
  })

  it('knows Kosovo and the code for no country', () => {
    assert.equal(parseCountry('XK'), 'XK')
    assert.equal(parseCountry('xkx'), 'XK')
    assert.equal(parseCountry('ZZ'), INTERNATIONAL_COUNTRY)
    assert.equal(parseCountry('ZZZ'), INTERNATIONAL_COUNTRY)
  })

  it('returns null for what is no country code', () => {
    for (const text of ['', ' ', 'U', 'UK', 'EU', 'XX', 'XKK', 'USAA', 'U S', '310', 'Germany']) {
      assert.equal(parseCountry(text), null, JSON.stringify(text))
    }
  })

  it('takes no letter for another that only becomes it in capitals', () => {
    assert.equal(parseCountry('ß'), null)
    assert.equal(parseCountry('ßd'), null)
    assert.equal(parseCountry('ıs'), null)
    assert.equal(parseCountry('ﬁ'), null)
  })

  it('is not misled by the names of object properties', () => {
    assert.equal(parseCountry('constructor'), null)
    assert.equal(parseCountry('__proto__'), null)
  })
})

describe('countryCodeAlpha3', () => {
  it('writes Kosovo as XKX and no country as ZZZ', () => {
    assert.equal(countryCodeAlpha3(parseCountry('XK')!), 'XKX')
    assert.equal(countryCodeAlpha3(INTERNATIONAL_COUNTRY), 'ZZZ')
  })

  it('leads back to the country it came from, for every country', () => {
    for (const [alpha2, alpha3] of PAIRS) {
      const country = parseCountry(alpha2)
      assert.equal(country, alpha2)
      assert.equal(countryCodeAlpha3(country!), alpha3)
      assert.equal(parseCountry(alpha3), country)
    }
  })

  it('fails on a code that was never parsed', () => {
    assert.throws(() => countryCodeAlpha3('QQ' as CountryCode), /"QQ" is not a country code/)
  })
})

describe('the table of countries', () => {
  it('holds the 249 countries of ISO 3166-1, Kosovo and the code for no country', () => {
    assert.equal(PAIRS.length, 251)
  })

  it('gives each code once, sorted', () => {
    const alpha2s = PAIRS.map(([alpha2]) => alpha2)
    assert.deepEqual(alpha2s, [...new Set(alpha2s)].sort())
    assert.equal(new Set(PAIRS.map(([, alpha3]) => alpha3)).size, PAIRS.length)
  })

  it('has two letters and three letters in every pair', () => {
    for (const pair of PAIRS) assert.match(pair.join(':'), /^[A-Z]{2}:[A-Z]{3}$/)
  })
})
