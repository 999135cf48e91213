import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CountryCode } from '../../src/domain/country.ts'
import type { Plmn } from '../../src/domain/plmn.ts'
import {
  groupByText,
  parseGroupBy,
  parseLabelChanges,
  requirePast,
  requireShortEnough,
} from '../../src/domain/question-text.ts'
import { DAY_SECONDS } from '../../src/domain/time.ts'
import type { UsageQuestion } from '../../src/domain/usage-question.ts'
import { instant } from '../support/builders.ts'

const groupBy = (text: string) => parseGroupBy('GroupBy', text)

describe('what usage is grouped by', () => {
  it('is one dimension or several, a label with its key, in the order given', () => {
    for (const text of ['sim', 'feed,zone', 'label:cost-centre,sim,group,country,network']) {
      assert.equal(groupByText(groupBy(text)), text)
    }
    assert.deepEqual(groupBy(' label:a , sim '), { groupBy: ['label', 'sim'], labelKey: 'a' })
  })

  it('is refused where it is unknown, empty or named twice, with what is allowed', () => {
    const refused = {
      fleet: /^GroupBy "fleet": "fleet" is not a dimension: expected sim, group, label:KEY, zone,/,
      'sim,': /^GroupBy "sim,": "" is not a dimension/,
      Sim: /^GroupBy "Sim": "Sim" is not a dimension/,
      'sim:x': /^GroupBy "sim:x": "sim:x" is not a dimension/,
      'zone,zone': /^GroupBy "zone,zone": zone is named twice/,
      label: /^GroupBy "label": a label needs its key, as in label:customer$/,
      'label:': /^GroupBy "label:": a label needs its key/,
      'label:a,label:b': /^GroupBy "label:a,label:b": one label at a time/,
      'label:a,label:a': /one label at a time/,
      'label:a b': /^GroupBy "a b": the key of a label is/,
      constructor: /is not a dimension/,
    }
    for (const [text, message] of Object.entries(refused)) {
      assert.throws(() => groupBy(text), { code: 'invalid', field: 'GroupBy', message }, text)
    }
  })

  it('is shown in part where it is long', () => {
    assert.throws(
      () => groupBy(`label:${'k'.repeat(10_000)}`),
      (error: Error) => error.message.length < 300,
    )
  })
})

const NAMES = {
  groupBy: 'GroupBy',
  granularity: 'Granularity',
  sim: 'Sim',
  network: 'Network',
  feed: 'Feed',
  feedName: 'hub',
}

function aQuestion(stated: Partial<UsageQuestion>): UsageQuestion {
  const end = instant('2026-03-01T00:00:00Z')
  return {
    accountId: 1,
    start: end - 365 * DAY_SECONDS,
    end,
    granularity: 'all',
    filter: {},
    groupBy: [],
    order: 'start',
    ...stated,
  }
}

describe('a question about a year', () => {
  const refusal = (stated: Partial<UsageQuestion>) => {
    try {
      requireShortEnough(aQuestion(stated), NAMES)
      return null
    } catch (error) {
      const { message, hint, field } = error as Error & { hint: string; field: string }
      return { field, text: `${message}; ${hint}` }
    }
  }

  it('is refused where the whole ledger would be read, naming what makes it so and what to ask', () => {
    const plmn = '334-020' as Plmn
    for (const [stated, field, text] of [
      [
        { groupBy: ['feed'] },
        'GroupBy',
        /^GroupBy "feed": usage by feed is read from the ledger of/,
      ],
      [{ filter: { feedId: 7 } }, 'Feed', /^Feed "hub": .* leave Feed out$/],
      [
        { groupBy: ['sim', 'network'] },
        'GroupBy',
        /^GroupBy "network": the network of a SIM, group/,
      ],
      [{ groupBy: ['group'], filter: { plmn } }, 'Network', /^Network "334-020": the network of/],
      [
        { groupBy: ['label'], labelKey: 'a', granularity: 'hourly' },
        'Granularity',
        /^Granularity "hourly": .* ask by the day, or leave SIMs, groups and labels out$/,
      ],
      [
        { filter: { groupId: 1 }, granularity: 'hourly' },
        'Granularity',
        /for at most 31 days and not for 365; ask for 31 days at most, for one SIM with Sim, or ask/,
      ],
    ] as const) {
      const refused = refusal(stated)
      assert.equal(refused?.field, field)
      assert.match(refused.text, text)
    }
  })

  it('is answered from totals, and from the ledger of one SIM or of 31 days', () => {
    const country = 'MX' as CountryCode
    const end = instant('2026-03-01T00:00:00Z')
    for (const stated of [
      {},
      { groupBy: ['country', 'network', 'zone'], granularity: 'hourly' },
      { groupBy: ['sim', 'country'], granularity: 'daily' },
      { groupBy: ['sim', 'network', 'feed'], filter: { simId: 1 } },
      { groupBy: ['group'], filter: { country } },
      { groupBy: ['feed'], start: end - 31 * DAY_SECONDS },
    ] as const) {
      assert.equal(refusal(stated), null, JSON.stringify(stated))
    }
  })
})

describe('changes of labels', () => {
  const changes = (...texts: string[]) => parseLabelChanges('Label', texts)

  it('are values by key, and an end where nothing follows the sign', () => {
    assert.deepEqual(changes('customer=acme', 'site=', 'formula==1+1', 'note=a='), {
      customer: 'acme',
      site: null,
      formula: '=1+1',
      note: 'a=',
    })
    assert.deepEqual(changes(), {})
  })

  it('are refused where key or value cannot be, where one is 10 kB, and for a key given twice', () => {
    const refused = {
      '=x': /expected key=value/,
      '=': /^Label "": the key of a label is/,
      customer: /^Label "customer": expected key=value/,
      '-a=x': /^Label "-a": the key of a label is/,
      [`a=${'x'.repeat(10_240)}`]: /^Label "x{80}…": the value of a label has 1 to 256 characters/,
      [`${'k'.repeat(65)}=x`]: /^Label "k{65}": the key of a label is/,
      'a=\u0000': /none of them a control character/,
      '__proto__=x': /the key of a label is/,
    }
    for (const [text, message] of Object.entries(refused)) {
      assert.throws(() => changes(text), { code: 'invalid', message }, text.slice(0, 20))
    }
    assert.throws(() => changes('a=1', 'b=2', 'a=3'), { message: /^Label "a=3": the key "a" is/ })
    const many = Array.from({ length: 65 }, (_, i) => `k${i}=x`)
    assert.throws(() => changes(...many), { message: /^Label "65": a SIM has at most 64 labels$/ })
  })
})

describe('since when something holds', () => {
  it('has come already', () => {
    const now = instant('2026-03-15T12:00:00Z')
    requirePast('Since', now, now)
    assert.throws(() => requirePast('Since', now + 1, now), {
      message:
        'Since "2026-03-15T12:00:01Z": lies after now, 2026-03-15T12:00:00Z: give a past instant, or leave it out',
    })
  })
})
