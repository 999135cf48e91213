/** Totals of SIMs by month, which only SQLite keeps: that they exist, are audited, and are caught up. */
import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { describe, it, type TestContext } from 'node:test'
import { failureOf, openLedger } from '../../contract/engine.ts'
import { SQLITE } from '../../contract/sqlite-engine.ts'
import { abroad, instant, sidOf } from '../../support/builders.ts'

const APRIL = instant('2026-04-01T00:00:00Z')
const FEBRUARY = { start: '2026-02-01T00:00:00Z', end: '2026-03-01T00:00:00Z' }

/** Usage at home and abroad from January to March, with everything before April sealed. */
async function openSealed(t: TestContext) {
  const ledger = await openLedger(t, SQLITE)
  const events = ['2026-01-31T23:59:59Z', '2026-02-01T00:00:00Z', '2026-02-28T23:59:59Z'].map(
    (at, i) => ledger.event({ at, recordId: `r${i}`, upload: 10 ** i }),
  )
  const trip = ledger.event({ at: '2026-02-14T12:00:00Z', upload: 7, serving: abroad('FR') })
  await ledger.append([...events, trip, ledger.event({ at: '2026-03-20T00:00:00Z' })])
  while (await ledger.store.sealNextDay(instant('2026-04-01T00:00:00Z')));
  return ledger
}

function query(url: string, text: string): Record<string, unknown>[] {
  const database = new DatabaseSync(url.slice('sqlite:'.length))
  try {
    return database.prepare(text).all()
  } finally {
    database.close()
  }
}

describe('month totals of a SQLite store', () => {
  it('exist for sealed days, and answer for them', async (t) => {
    const ledger = await openSealed(t)
    const months = query(ledger.temp.url, 'SELECT DISTINCT month % 12 AS month FROM sim_month')
    assert.deepEqual(
      months.map(({ month }) => month),
      [0, 1, 2],
    )
    const lines = [
      '2026-02-01T00:00:00Z home US 110/0/0/0',
      '2026-02-01T00:00:00Z international_roaming FR 7/0/0/0',
    ]
    assert.deepEqual(await ledger.simUsage(FEBRUARY), lines)
    // Only the total answers, as shown by manipulating it.
    query(ledger.temp.url, "UPDATE sim_month SET upload = 8 WHERE country = 'FR'")
    assert.match((await ledger.simUsage(FEBRUARY))[1]!, /FR 8\//)
  })

  it('cover the sealed days of the current month, and answer together with later days', async (t) => {
    const ledger = await openSealed(t)
    const march = { start: '2026-03-01T00:00:00Z', end: '2026-04-01T00:00:00Z' }
    await ledger.append([
      ledger.event({ at: '2026-03-19T00:00:00Z', recordId: 'late', upload: 3 }),
      ledger.event({ at: '2026-03-21T00:00:00Z', recordId: 'new', upload: 20 }),
    ])
    assert.deepEqual(await ledger.simUsage(march), ['2026-03-01T00:00:00Z home US 23/0/0/0'])
    query(ledger.temp.url, 'UPDATE sim_month SET upload = 5 WHERE month % 12 = 2')
    assert.deepEqual(await ledger.simUsage(march), ['2026-03-01T00:00:00Z home US 25/0/0/0'])
    // Neither part of the sealed days nor any one of them is what the total says.
    for (const cut of [
      { ...march, start: '2026-03-01T01:00:00Z' },
      { ...march, end: '2026-03-20T00:00:00Z' },
    ]) {
      const [line = ''] = await ledger.simUsage(cut)
      assert.match(line, cut.end === march.end ? / 23\/0\/0\/0$/ : / 3\/0\/0\/0$/)
    }
    query(ledger.temp.url, 'UPDATE sim_month SET upload = 3 WHERE month % 12 = 2')
    while (await ledger.store.sealNextDay(instant('2026-05-01T00:00:00Z')));
    assert.deepEqual(await ledger.simUsage(march), ['2026-03-01T00:00:00Z home US 23/0/0/0'])
    await ledger.assertAuditClean()
  })

  it('leave to the ledger what a SIM used on the day when its group changed', async (t) => {
    const ledger = await openSealed(t)
    const { store, account, sim } = ledger
    const ofDay = (hour: string, upload: number) =>
      ledger.event({ at: `2026-03-21T${hour}:00:00Z`, recordId: hour, upload })
    await ledger.append([ofDay('09', 100), ofDay('15', 1_000)])
    const made = { sid: sidOf('HF', 1), uniqueName: 'trackers', settings: {} }
    const { id: groupId } = await store.createGroup(account.id, made, APRIL)
    const since = instant('2026-03-21T12:00:00Z')
    await store.assignSims(account.id, [{ simId: sim.id, groupId, since }], APRIL)
    const members = await store.answerUsage(
      {
        ...{ accountId: account.id, granularity: 'all', groupBy: ['group'], order: 'data' },
        ...{ start: instant('2026-03-01T00:00:00Z'), end: instant('2026-04-01T00:00:00Z') },
        filter: {},
      },
      { limit: 10 },
    )
    assert.deepEqual(
      members.map(({ group, upload }) => [group?.uniqueName ?? null, upload]),
      [
        [null, 100],
        ['trackers', 1_000],
      ],
    )
  })

  it('are refused if they are too large, along with the day that would make them so', async (t) => {
    const ledger = await openLedger(t, SQLITE)
    const days = ['2026-02-10T12:00:00Z', '2026-02-28T12:00:00Z']
    const upload = Number.MAX_SAFE_INTEGER
    await ledger.append(
      days.flatMap((at) => Array.from({ length: 600 }, () => ledger.event({ at, upload }))),
    )
    const seal = () => ledger.store.sealNextDay(instant('2026-04-01T00:00:00Z'))
    assert.equal(await seal(), true)
    assert.match(
      (await failureOf('overflow', seal())).message,
      /2026-02-28 and later days are not sealed/,
    )
    await ledger.assertAuditClean()
  })

  it('are audited, and one that differs is named', async (t) => {
    const ledger = await openSealed(t)
    query(ledger.temp.url, "UPDATE sim_month SET upload = upload + 1 WHERE country = 'FR'")
    const { differences, differenceCount } = await ledger.store.audit()
    assert.equal(differenceCount, 1)
    assert.equal(differences[0]!.table, 'sim month')
    assert.match(differences[0]!.cell, /from 2026-02-01T00:00:00Z, zone inter\w+, country FR/)
    assert.match(differences[0]!.stored, /upload 8,/)
    assert.match(differences[0]!.recomputed, /upload 7,/)
  })

  it('stay if purging ends at their border, and no longer answer for a month that it cuts', async (t) => {
    const ledger = await openSealed(t)
    const purge = (before: string) =>
      ledger.store.purge({ before: instant(before), rowsMax: 1_000, dryRun: false })
    await purge('2026-02-01T00:00:00Z')
    assert.deepEqual((await ledger.simUsage(FEBRUARY)).length, 2)
    await ledger.assertAuditClean()
    await purge('2026-02-20T12:00:00Z')
    await ledger.append([ledger.event({ at: '2026-02-25T00:00:00Z', recordId: 'x', toSim: 5 })])
    assert.deepEqual(await ledger.simUsage(FEBRUARY), ['2026-02-01T00:00:00Z home US 100/0/5/0'])
    await ledger.assertAuditClean()
    await purge('2026-03-05T00:00:00Z')
    assert.deepEqual(await ledger.simUsage(FEBRUARY), [])
    assert.deepEqual(query(ledger.temp.url, 'SELECT * FROM sim_month'), [])
  })
})
