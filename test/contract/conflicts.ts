/** A second version of an event: what each policy makes of it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CountryCode } from '../../src/domain/country.ts'
import { NO_VERDICTS } from '../../src/domain/import.ts'
import type { Serving } from '../../src/domain/usage-event.ts'
import {
  AT_HOME,
  aBatch,
  abroad,
  aFeed,
  anImportStart,
  NATIONAL,
  NOW,
} from '../support/builders.ts'
import { type Engine, type Ledger, openLedger, permutations, register } from './engine.ts'

const HOUR = '2026-03-14T10:00:00Z'

function version(ledger: Ledger, upload: number, serving: Serving = AT_HOME) {
  const raw = `the version with ${upload}`
  return ledger.event({ recordId: 'r', at: '2026-03-14T10:20:30Z', upload, serving, raw })
}

/** Both ways of asking must agree on what the one event counts. */
async function assertCounted(ledger: Ledger, lines: readonly string[]): Promise<void> {
  assert.deepEqual(await ledger.simUsage({ granularity: 'hourly' }), lines)
  assert.deepEqual(await ledger.accountUsage({ granularity: 'hourly' }), lines)
  await ledger.assertAuditClean()
}

export function describeConflicts(engine: Engine): void {
  describe('under reject, a second version', () => describeReject(engine))
  describe('under replace, a second version', () => describeReplace(engine))
  describe('under max, a second version', () => describeMax(engine))

  for (const onConflict of ['reject', 'replace', 'max'] as const) {
    it(`is a duplicate under ${onConflict} if only its derived zone differs`, async (t) => {
      const ledger = await openLedger(t, engine, { onConflict })
      await ledger.append([version(ledger, 10)])
      const reclassified = { ...AT_HOME, zone: 'national_roaming', country: 'CA' as CountryCode }
      const { counts } = await ledger.append([version(ledger, 10, reclassified as Serving)])
      assert.deepEqual(counts, { ...NO_VERDICTS, duplicate: 1 })
      await assertCounted(ledger, [`${HOUR} home US 10/0/0/0`])
    })
  }
}

function describeReject(engine: Engine): void {
  it('is quarantined and changes nothing', async (t) => {
    const ledger = await openLedger(t, engine)
    await ledger.append([version(ledger, 10)])
    const { counts } = await ledger.append([version(ledger, 11), ledger.event({ at: HOUR })])
    assert.deepEqual(counts, { ...NO_VERDICTS, accepted: 1, quarantined: 1 })
    await assertCounted(ledger, [`${HOUR} home US 10/0/0/0`])
  })

  it('is quarantined in the batch of the first one too', async (t) => {
    const ledger = await openLedger(t, engine)
    const { counts } = await ledger.append([version(ledger, 10), version(ledger, 11)])
    assert.deepEqual(counts, { ...NO_VERDICTS, accepted: 1, quarantined: 1 })
    await assertCounted(ledger, [`${HOUR} home US 10/0/0/0`])
  })

  it('is listed with both versions', async (t) => {
    const ledger = await openLedger(t, engine)
    await ledger.append([version(ledger, 1_234)])
    const second = { ...version(ledger, 5_678), line: 42 }
    const { conflicts } = await ledger.append([second])
    const entries = await ledger.store.listQuarantine({ importId: ledger.importId }, { limit: 9 })
    assert.equal(entries.length, 1)
    assert.equal(conflicts.length, 1)
    for (const shown of [conflicts[0]!, entries[0]!]) {
      assert.equal(shown.reason, 'conflict')
      assert.equal(shown.line, 42)
      assert.match(shown.detail, /1234/)
      assert.match(shown.detail, /5678/)
      assert.equal(Buffer.from(shown.raw).toString(), 'the version with 5678')
    }
  })

  it('is quarantined for a change in any counter or in the network', async (t) => {
    const ledger = await openLedger(t, engine)
    const first = version(ledger, 10)
    await ledger.append([first])
    const changes = [
      { download: 1 },
      { toSim: 1 },
      { fromSim: 1 },
      { serving: abroad('FR') },
      { serving: { ...AT_HOME, zoneStated: true } },
      { serving: { ...AT_HOME, countryStated: true } },
    ]
    const { counts } = await ledger.append(changes.map((change) => ({ ...first, ...change })))
    assert.deepEqual(counts, { ...NO_VERDICTS, quarantined: changes.length })
    await assertCounted(ledger, [`${HOUR} home US 10/0/0/0`])
  })
}

function describeReplace(engine: Engine): void {
  it('replaces the first, larger or smaller', async (t) => {
    const ledger = await openLedger(t, engine, { onConflict: 'replace' })
    await ledger.append([version(ledger, 10)])
    for (const upload of [25, 3]) {
      const { counts, conflicts } = await ledger.append([version(ledger, upload)])
      assert.deepEqual(counts, { ...NO_VERDICTS, replaced: 1 })
      assert.deepEqual(conflicts, [])
      await assertCounted(ledger, [`${HOUR} home US ${upload}/0/0/0`])
    }
  })

  it('may remove usage altogether', async (t) => {
    const ledger = await openLedger(t, engine, { onConflict: 'replace' })
    await ledger.append([version(ledger, 10)])
    await ledger.append([version(ledger, 0)])
    await assertCounted(ledger, [])
  })

  it('wins within a batch if it comes later', async (t) => {
    const ledger = await openLedger(t, engine, { onConflict: 'replace' })
    const { counts } = await ledger.append([10, 20, 15].map((upload) => version(ledger, upload)))
    assert.deepEqual(counts, { ...NO_VERDICTS, accepted: 1, replaced: 2 })
    await assertCounted(ledger, [`${HOUR} home US 15/0/0/0`])
  })

  it('is a duplicate if it was replaced before', async (t) => {
    const ledger = await openLedger(t, engine, { onConflict: 'replace' })
    for (const upload of [10, 20, 30]) await ledger.append([version(ledger, upload)])
    const { counts } = await ledger.append([10, 20, 30].map((upload) => version(ledger, upload)))
    assert.deepEqual(counts, { ...NO_VERDICTS, duplicate: 3 })
    await assertCounted(ledger, [`${HOUR} home US 30/0/0/0`])
  })

  it('is a duplicate if it was replaced before in the same batch', async (t) => {
    const ledger = await openLedger(t, engine, { onConflict: 'replace' })
    const { counts } = await ledger.append([10, 20, 10].map((upload) => version(ledger, upload)))
    assert.deepEqual(counts, { ...NO_VERDICTS, accepted: 1, replaced: 1, duplicate: 1 })
    await assertCounted(ledger, [`${HOUR} home US 20/0/0/0`])
  })

  it('counts if it was replaced before in another record, SIM, second or feed', async (t) => {
    const ledger = await openLedger(t, engine, { onConflict: 'replace' })
    const { store, account } = ledger
    const first = version(ledger, 10)
    await ledger.append([first, { ...first, upload: 20 }])
    const second = await register(store, account)
    const others = [{ recordId: 'q' }, { recordId: 's' }, { simId: second.id }, { occurredAt: NOW }]
    for (const other of others) {
      const event = { ...first, ...other }
      const { counts } = await ledger.append([{ ...event, upload: 5 }, event])
      assert.deepEqual(counts, { ...NO_VERDICTS, accepted: 1, replaced: 1 })
    }
    const feed = await store.createFeed(aFeed({ onConflict: 'replace' }))
    const { id: importId } = await store.beginImport(anImportStart(feed))
    const events = [{ ...first, upload: 5 }, first]
    const { counts } = await store.append(aBatch({ importId, feed, events }))
    assert.deepEqual(counts, { ...NO_VERDICTS, accepted: 1, replaced: 1 })
  })

  it('moves the event to another zone, country and network', async (t) => {
    const ledger = await openLedger(t, engine, { onConflict: 'replace' })
    const moves = [
      [AT_HOME, 'home US'],
      [NATIONAL, 'national_roaming US'],
      [abroad('FR'), 'international_roaming FR'],
      [abroad('FR', '208-10'), 'international_roaming FR'],
      [abroad('ZZ', '901-01'), 'international_roaming ZZ'],
      [{ ...AT_HOME, plmn: null, country: null }, 'home -'],
    ] as const
    for (const [serving, where] of moves) {
      await ledger.append([version(ledger, 10, serving)])
      await assertCounted(ledger, [`${HOUR} ${where} 10/0/0/0`])
    }
  })

  it('leaves the usage of other events where it is', async (t) => {
    const ledger = await openLedger(t, engine, { onConflict: 'replace' })
    const beside = ledger.event({ at: '2026-03-14T10:59:59Z', upload: 1, download: 1 })
    await ledger.append([beside, version(ledger, 10)])
    await ledger.append([version(ledger, 4, abroad('FR'))])
    await assertCounted(ledger, [
      `${HOUR} home US 1/1/0/0`,
      `${HOUR} international_roaming FR 4/0/0/0`,
    ])
  })
}

function describeMax(engine: Engine): void {
  it('counts if it is larger, and otherwise is a duplicate', async (t) => {
    const ledger = await openLedger(t, engine, { onConflict: 'max' })
    const verdicts = []
    for (const upload of [10, 30, 20, 30, 31]) {
      const { counts } = await ledger.append([version(ledger, upload)])
      verdicts.push(Object.entries(counts).find(([, count]) => count === 1)?.[0])
    }
    const expected = ['accepted', 'replaced', 'duplicate', 'duplicate', 'replaced']
    assert.deepEqual(verdicts, expected)
    await assertCounted(ledger, [`${HOUR} home US 31/0/0/0`])
  })

  it('leads to the same count in every order, in one batch or in many', async (t) => {
    const ledger = await openLedger(t, engine, { onConflict: 'max' })
    const versions = [
      version(ledger, 10),
      version(ledger, 30),
      version(ledger, 30, abroad('FR')),
      { ...version(ledger, 12), download: 18, serving: NATIONAL },
    ]
    const ends = new Set<string>()
    for (const [i, order] of permutations(versions).entries()) {
      const sharesNoRecord = order.map((event) => ({ ...event, recordId: `order ${i}` }))
      const batches = i % 2 === 0 ? [sharesNoRecord] : sharesNoRecord.map((event) => [event])
      const before = await ledger.simUsage()
      for (const batch of batches) await ledger.append(batch)
      ends.add(difference(before, await ledger.simUsage()))
    }
    assert.equal(ends.size, 1, [...ends].join('\n'))
    await ledger.assertAuditClean()
  })
}

/** How much each zone and country gained between two answers. */
function difference(before: readonly string[], after: readonly string[]): string {
  const parse = (lines: readonly string[]) =>
    new Map(
      lines.map((line) => {
        const [, zone, country, sums] = line.split(' ')
        return [`${zone} ${country}`, sums!.split('/').map(Number)]
      }),
    )
  const old = parse(before)
  return [...parse(after)]
    .map(([place, sums]) => {
      const gained = sums.map((sum, i) => sum - (old.get(place)?.[i] ?? 0))
      return `${place} ${gained.join('/')}`
    })
    .filter((line) => !line.endsWith(' 0/0/0/0'))
    .join('; ')
}
