import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HOME_SET_ENTRIES_MAX, parseCountryList, parsePlmnList } from '../../src/domain/home-set.ts'

describe('a list of home networks', () => {
  it('is separated by spaces, commas, semicolons or several of them', () => {
    for (const text of ['310-260 310-160', '310-260,310-160', ' 310-260 ;\t310-160, ']) {
      assert.deepEqual(parsePlmnList('home_plmns', text), ['310-260', '310-160'])
    }
  })

  it('is empty when nothing is written', () => {
    assert.deepEqual(parsePlmnList('home_plmns', ' '), [])
  })

  it('names a network once, also when it is written in two forms', () => {
    assert.deepEqual(parsePlmnList('home_plmns', '310-260 310260'), ['310-260'])
  })

  it('keeps networks apart whose numbers differ by a leading zero', () => {
    assert.deepEqual(parsePlmnList('home_plmns', '310-01 310-001'), ['310-01', '310-001'])
  })

  it('is refused with every wrong entry named', () => {
    assert.throws(() => parsePlmnList('home_plmns', '310-260 31-0260 TMO'), {
      code: 'invalid',
      field: 'home_plmns',
      value: '310-260 31-0260 TMO',
      message:
        'home_plmns "310-260 31-0260 TMO": ' +
        'expected networks as MCC-MNC, such as 310-260, not "31-0260", "TMO"',
    })
  })

  it('has a greatest length', () => {
    const longest = Array.from({ length: HOME_SET_ENTRIES_MAX }, () => '310-260')
    assert.deepEqual(parsePlmnList('home_plmns', longest.join(' ')), ['310-260'])
    assert.throws(() => parsePlmnList('home_plmns', [...longest, '310-260'].join(' ')), {
      message: /at most 300 entries/,
    })
  })
})

describe('a list of home countries', () => {
  it('takes alpha-2 and alpha-3 in any case', () => {
    assert.deepEqual(parseCountryList('home_countries', 'us;PRI'), ['US', 'PR'])
  })

  it('is refused when a country does not exist', () => {
    assert.throws(() => parseCountryList('home_countries', 'UK'), {
      message: 'home_countries "UK": expected ISO 3166-1 country codes, such as US',
    })
  })
})
