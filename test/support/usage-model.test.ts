/** The model on an example that was counted by hand, because the judge must be judged once, too. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { iccidOf, imsiOf, instant, sidOf } from './builders.ts'
import type { ModelSim } from './model-directory.ts'
import { periodsOf, retentionLimit } from './model-periods.ts'
import { type DeliveredRecord, type ModelFeed, noCounts, UsageModel } from './usage-model.ts'

const NOW = instant('2026-03-02T10:30:00Z')
const ACCOUNT = { sid: sidOf('AC', 1), home: { plmns: ['310-260'], countries: ['US'] } }
const SIM: ModelSim = {
  sid: sidOf('DE', 1),
  account: ACCOUNT,
  iccid: iccidOf(1),
  imsis: [imsiOf(1)],
  msisdn: null,
  uniqueName: 'truck',
  home: { plmns: [], countries: [] },
}

function aRecord(stated: Partial<DeliveredRecord>): DeliveredRecord {
  return {
    recordId: 'r',
    sim: 'truck',
    occurredAt: instant('2026-03-01T23:59:59Z'),
    plmn: '310-260',
    country: null,
    zone: null,
    upload: 0,
    download: 0,
    toSim: 0,
    fromSim: 0,
    ...stated,
  }
}

function aModel(onConflict: ModelFeed['onConflict']) {
  const model = new UsageModel([SIM])
  model.beginImport()
  const feed = { name: 'feed', onConflict, defaultZone: null, boundTo: ACCOUNT.sid }
  const deliver = (stated: Partial<DeliveredRecord>) =>
    model.deliver(aRecord(stated), { feed, accountSid: null, now: NOW })
  return { model, deliver }
}

describe('the model', () => {
  it('counts a small example as it was counted by hand', () => {
    const { model, deliver } = aModel('reject')
    assert.equal(deliver({ upload: 1, download: 2, toSim: 3 }), 'accepted')
    assert.equal(deliver({ recordId: 'us', plmn: '310-410', upload: 10 }), 'accepted')
    assert.equal(deliver({ recordId: 'fr', plmn: '208-01', download: 100 }), 'accepted')
    assert.equal(deliver({ recordId: 'xk', plmn: '221-01', fromSim: 4 }), 'accepted')
    assert.equal(deliver({ recordId: 'next', occurredAt: NOW - 1, upload: 1_000 }), 'accepted')
    const bounds = { start: instant('2026-03-01T00:00:00Z'), end: instant('2026-03-02T00:00:00Z') }
    const scope = { accountSid: ACCOUNT.sid, simSid: SIM.sid }
    assert.deepEqual(model.usageRecords(scope, { ...bounds, granularity: 'daily' }, NOW), [
      {
        account_sid: ACCOUNT.sid,
        sim_sid: SIM.sid,
        period: { start: '2026-03-01T00:00:00Z', end: '2026-03-02T00:00:00Z' },
        commands: {
          total: 7n,
          to_sim: 3n,
          from_sim: 4n,
          home: { total: 3n, to_sim: 3n, from_sim: 0n },
          national_roaming: null,
          international_roaming: [{ country_code: 'XKX', total: 4n, to_sim: 0n, from_sim: 4n }],
        },
        data: {
          total: 113n,
          upload: 11n,
          download: 102n,
          units: 'bytes',
          home: { total: 3n, upload: 1n, download: 2n, units: 'bytes' },
          national_roaming: { total: 10n, upload: 10n, download: 0n, units: 'bytes' },
          international_roaming: [
            { country_code: 'FRA', total: 100n, upload: 0n, download: 100n, units: 'bytes' },
          ],
        },
      },
    ])
  })

  it('knows each verdict', () => {
    const { deliver } = aModel('replace')
    assert.equal(deliver({ upload: 1 }), 'accepted')
    assert.equal(deliver({ upload: 1, sim: iccidOf(1) }), 'duplicate')
    assert.equal(deliver({ upload: 2 }), 'replaced')
    assert.equal(deliver({ upload: 1 }), 'duplicate')
    assert.equal(deliver({ upload: -1 }), 'quarantined')
    assert.equal(deliver({ sim: 'nobody' }), 'quarantined')
    assert.equal(deliver({ plmn: null }), 'quarantined')
    assert.equal(deliver({ occurredAt: NOW + 86_401 }), 'quarantined')
    assert.equal(deliver({ occurredAt: retentionLimit(NOW) - 1 }), 'expired')
    assert.equal(aModel('reject').deliver({}), 'accepted')
    const max = aModel('max')
    assert.deepEqual(
      [5, 3, 5, 9].map((upload) => max.deliver({ upload })),
      ['accepted', 'duplicate', 'duplicate', 'replaced'],
    )
  })

  it('undoes an import as it was done by hand', () => {
    const { model, deliver } = aModel('replace')
    for (const upload of [1, 2]) {
      if (upload > 1) model.beginImport()
      deliver({ upload })
      deliver({ recordId: `only ${upload}`, upload: 10 * upload })
      deliver({ sim: 'nobody' })
    }
    const place = `${ACCOUNT.sid} ${SIM.sid} home USA`
    const uploads = () => model.totals().get(place)?.[0]
    assert.equal(uploads(), 32n)
    assert.deepEqual(model.undo(1), { removed: 1, restored: 1, kept: 0, quarantineEntries: 1 })
    assert.equal(uploads(), 11n)
    assert.deepEqual(model.waiting, ['0 unknown_sim'])
    model.beginImport()
    assert.equal(deliver({ upload: 2 }), 'replaced')
    assert.deepEqual(model.undo(0), { removed: 1, restored: 0, kept: 0, quarantineEntries: 1 })
    assert.equal(uploads(), 2n)
    assert.deepEqual(
      model.imports.map(({ status }) => status),
      ['undone', 'undone', 'done'],
    )
  })

  it('recycles as it was done by hand: what came first goes before what counts', () => {
    const { model, deliver } = aModel('replace')
    const late = { ...SIM, sid: sidOf('DE', 2), iccid: null, imsis: [imsiOf(2)], uniqueName: null }
    const uploads = () => [...model.totals().values()].map(([upload]) => upload)
    deliver({ sim: imsiOf(2), upload: 1 })
    deliver({ sim: imsiOf(2), upload: 2, recordId: 'other' })
    deliver({ upload: -1 })
    assert.deepEqual(model.recycle({}, NOW), { ...noCounts(), quarantined: 3 })
    model.register(late)
    model.beginImport()
    assert.equal(deliver({ sim: imsiOf(2), upload: 5 }), 'accepted')
    const trial = model.copy()
    assert.deepEqual(trial.recycle({ reason: 'invalid_field' }, NOW), {
      ...noCounts(),
      quarantined: 1,
    })
    assert.deepEqual(trial.recycle({ import: 1 }, NOW), noCounts())
    assert.deepEqual(model.recycle({ import: 0 }, NOW), {
      ...noCounts(),
      accepted: 1,
      duplicate: 1,
      quarantined: 1,
    })
    assert.deepEqual(uploads(), [7n])
    assert.equal(deliver({ sim: imsiOf(2), upload: 1 }), 'duplicate')
    model.undo(1)
    assert.deepEqual(uploads(), [3n])
    assert.deepEqual(model.imports[0]!.counts, {
      ...noCounts(),
      accepted: 1,
      duplicate: 1,
      quarantined: 1,
    })
    assert.deepEqual(trial.waiting.length, 3)
  })

  it('lists the hours of a window, newest first', () => {
    const asked = {
      start: instant('2026-03-02T08:59:59Z'),
      end: instant('2026-03-02T10:00:00Z'),
      granularity: 'hourly',
    } as const
    assert.deepEqual(
      periodsOf(asked, 'sim', NOW)?.map(({ stated }) => stated.start),
      ['2026-03-02T09:00:00Z', '2026-03-02T08:00:00Z'],
    )
  })
})
