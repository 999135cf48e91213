/** Where rows of fresh days lie in a file, how they are gathered, and stores from before fresh days. */
import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { describe, it, type TestContext } from 'node:test'
import { DAY_SECONDS, HOUR_SECONDS } from '../../../src/domain/time.ts'
import { runAudit } from '../../../src/storage/audit/audit.ts'
import { migrateStore, openStore } from '../../../src/storage/open-store.ts'
import { auditEngine, auditOperations } from '../../../src/storage/sqlite/audit.ts'
import { Connection } from '../../../src/storage/sqlite/connection.ts'
import { MIGRATIONS } from '../../../src/storage/sqlite/migrations/migrations.ts'
import type { UsageStore } from '../../../src/storage/usage-store.ts'
import { assertAuditClean, openLedger, register } from '../../contract/engine.ts'
import { SQLITE } from '../../contract/sqlite-engine.ts'
import { aBatch, instant } from '../../support/builders.ts'
import { openTempStore } from '../../support/temp-store.ts'
import { share } from '../../support/volume.ts'

const DAY = instant('2026-03-01T00:00:00Z')
const HOURS = [0, 1, 5, 12, 23]
/** Up to this schema version, every bucket was a day. */
const VERSION_OF_DAYS = 6

function query(url: string, text: string): Record<string, unknown>[] {
  const database = new DatabaseSync(url.slice('sqlite:'.length))
  try {
    return database.prepare(text).all()
  } finally {
    database.close()
  }
}

/** SIMs with a replaced record in each of some hours of two days. */
async function openFresh(t: TestContext, gatherRowsMax = 4) {
  const ledger = await openLedger(t, SQLITE, { onConflict: 'replace' })
  const { url } = ledger.temp
  const store = await openStore(url, { gatherRowsMax })
  t.after(() => store.close())
  const sims = [ledger.sim]
  while (sims.length < 3) sims.push(await register(store, ledger.account))
  for (const upload of [1, 2]) {
    const events = sims.flatMap(({ id: simId }) =>
      [0, 1].flatMap((day) =>
        HOURS.map((hour) => {
          const occurredAt = DAY + day * DAY_SECONDS + hour * HOUR_SECONDS
          return ledger.event({ simId, occurredAt, recordId: `${day} ${hour}`, upload })
        }),
      ),
    )
    await ledger.append(events)
  }
  return { ...ledger, url, store, sims }
}

/** The buckets of a SIM, in hours from the start of the day. */
function hoursOf(url: string, simId: number, table = 'ledger'): number[] {
  const rows = query(url, `SELECT DISTINCT bucket FROM ${table} WHERE sim_id = ${simId} ORDER BY 1`)
  return rows.map(({ bucket }) => ((bucket as number) - DAY) / HOUR_SECONDS)
}

const FRESH = [0, 4, 12, 22]
const NEXT = FRESH.map((hour) => hour + 24)

function settings(url: string): Record<string, number> {
  const text = "SELECT name, value FROM setting WHERE name IN ('fresh_from', 'gathered_sims')"
  return Object.fromEntries(
    query(url, text).map(({ name, value }) => [name as string, Number(value)]),
  )
}

async function sealAll(store: UsageStore, before: number): Promise<number> {
  let steps = 0
  while (await store.sealNextDay(before)) steps++
  return steps
}

describe('rows of fresh days', () => {
  it('lie two hours in a bucket, and are gathered SIM by SIM before their day is sealed', async (t) => {
    const { url, store, sims } = await openFresh(t)
    const [first, second, third] = sims.map(({ id }) => id)
    for (const table of ['ledger', 'ledger_history']) {
      for (const { id } of sims) assert.deepEqual(hoursOf(url, id, table), [...FRESH, ...NEXT])
    }
    assert.deepEqual(settings(url), {})
    const before = DAY + DAY_SECONDS
    const seen: number[] = []
    while (await store.sealNextDay(before)) {
      const { fresh_from: from, gathered_sims: gathered } = settings(url)
      seen.push(gathered!)
      const isWhole = from === before
      assert.ok(isWhole || from === DAY)
      for (const { id } of sims) {
        const expected = isWhole || id <= gathered! ? [0, ...NEXT] : [...FRESH, ...NEXT]
        for (const table of ['ledger', 'ledger_history']) {
          assert.deepEqual(hoursOf(url, id, table), expected)
        }
      }
      const sealed = query(url, "SELECT value FROM setting WHERE name = 'sealed_through'")
      assert.equal(sealed.length, isWhole ? 1 : 0)
      await assertAuditClean(store)
    }
    assert.deepEqual(seen, [first, second, third, 0])
  })

  it('are gathered and sealed at once if there are few', async (t) => {
    const { url, store } = await openFresh(t, 1_000)
    assert.equal(await sealAll(store, DAY + 2 * DAY_SECONDS), 2)
    assert.deepEqual(settings(url), { fresh_from: DAY + 2 * DAY_SECONDS, gathered_sims: 0 })
  })

  it('go to where their SIM is while the day is being gathered', async (t) => {
    const { url, store, sims, event, importId, feed } = await openFresh(t)
    assert.equal(await store.sealNextDay(DAY + DAY_SECONDS), true)
    const { gathered_sims: gathered } = settings(url)
    const late = sims.map(({ id: simId }) =>
      event({ simId, occurredAt: DAY + 15 * HOUR_SECONDS, recordId: 'late' }),
    )
    const early = event({ occurredAt: DAY - HOUR_SECONDS, recordId: 'early' })
    await store.append(aBatch({ importId, feed, events: [...late, early] }))
    const rows = query(url, "SELECT sim_id, bucket FROM ledger WHERE record_id = 'late'")
    for (const { sim_id: simId, bucket } of rows) {
      assert.equal(bucket, (simId as number) <= gathered! ? DAY : DAY + 14 * HOUR_SECONDS)
    }
    const [{ bucket }] = query(url, "SELECT bucket FROM ledger WHERE record_id = 'early'") as [
      { bucket: number },
    ]
    assert.equal(bucket, DAY - DAY_SECONDS)
    await assertAuditClean(store)
    await sealAll(store, DAY + DAY_SECONDS)
    await assertAuditClean(store)
  })

  it('are named by an audit if they lie in another bucket', async (t) => {
    const { url, store } = await openFresh(t)
    await store.sealNextDay(DAY + DAY_SECONDS)
    for (const table of ['ledger', 'ledger_history']) {
      for (const moved of [7_200, -7_200, -DAY_SECONDS]) {
        for (const hour of [12, 36]) {
          const at = DAY + hour * HOUR_SECONDS
          const where = `occurred_at = ${at} AND sim_id = (SELECT MAX(sim_id) FROM ${table})`
          query(url, `UPDATE ${table} SET bucket = bucket + ${moved} WHERE ${where}`)
          const { differences } = await store.audit()
          const named = differences.find(
            (one) =>
              one.table === table.replace('_', ' ') &&
              one.recomputed.startsWith('within its bucket, which would be'),
          )
          assert.ok(named, `${table} by ${moved} at hour ${hour}`)
          assert.ok(named.recomputed.endsWith(` ${at}`), named.recomputed)
          query(url, `UPDATE ${table} SET bucket = bucket - ${moved} WHERE ${where}`)
          await assertAuditClean(store)
        }
      }
    }
  })

  it('are no longer fresh on days without usage, except after the newest', async (t) => {
    const { url, store, event, importId, feed } = await openFresh(t, 1_000)
    await sealAll(store, DAY + DAY_SECONDS)
    const at = DAY + 20 * DAY_SECONDS + 5 * HOUR_SECONDS
    const add = (occurredAt: number) =>
      store.append(aBatch({ importId, feed, events: [event({ occurredAt })] }))
    await add(at)
    await sealAll(store, DAY + 10 * DAY_SECONDS)
    assert.equal(settings(url).fresh_from, DAY + 10 * DAY_SECONDS)
    // By a clock that is years ahead.
    await sealAll(store, DAY + 2_000 * DAY_SECONDS)
    assert.equal(settings(url).fresh_from, DAY + 21 * DAY_SECONDS)
    await add(DAY + 25 * DAY_SECONDS + 7 * HOUR_SECONDS)
    const [{ bucket }] = query(url, 'SELECT MAX(bucket) AS bucket FROM ledger') as [
      { bucket: number },
    ]
    assert.equal(bucket, DAY + 25 * DAY_SECONDS + 6 * HOUR_SECONDS)
    await assertAuditClean(store)
  })
})

describe('an audit of fresh days', () => {
  /** Uses a new state of the store for each question, and runs `between` before it. */
  async function auditByQuestions(url: string, between: (look: number) => Promise<unknown>) {
    const connection = new Connection(url.slice('sqlite:'.length), { role: 'reader' })
    try {
      const engine = auditEngine(async (name, ...values) => {
        const operation = auditOperations[name] as (...given: unknown[]) => never
        return operation(connection, ...values)
      })
      let look = 0
      const onOneState: typeof engine.onOneState = async (work) => {
        await between(look++)
        return await engine.onOneState(work)
      }
      const report = await runAudit({ ...engine, onOneState }, { lookMs: 0 })
      return { report, looks: look }
    } finally {
      connection.close()
    }
  }

  it('counts each row once, whenever rows are gathered meanwhile', async (t) => {
    const { url, store } = await openFresh(t)
    const { report: whole, looks } = await auditByQuestions(url, async () => {})
    assert.deepEqual(whole.differences, [])
    assert.equal(whole.ledgerRows, 2 * 3 * HOURS.length)
    // Enough for each day and question to be in pieces.
    assert.ok(looks > 200, `${looks} looks`)
    assert.deepEqual(await store.audit(), whole)
    const places = [0.4, 0.7, 0.2, 0.3, 0.35, 0.5, 0.6, 0.8]
    for (const place of places.slice(0, share(1, 8))) {
      const other = await openFresh(t)
      const first = Math.floor(looks * place)
      const { report } = await auditByQuestions(other.url, async (look) => {
        const isDue = look >= first && (look - first) % 7 === 0
        if (isDue) await other.store.sealNextDay(DAY + DAY_SECONDS)
      })
      assert.deepEqual(report.differences, [])
      assert.equal(report.ledgerRows, whole.ledgerRows)
      assert.equal(settings(other.url).fresh_from, DAY + DAY_SECONDS)
    }
  })

  it('names only the wrong hour, and a wrong day behind it', async (t) => {
    const { url, store } = await openFresh(t)
    const named = async () => {
      const { differences, differenceCount } = await store.audit({ lookMs: 0 })
      assert.equal(differenceCount, differences.length)
      return differences.map(({ table, cell }) => `${table} ${cell.split(',')[1]!.trim()}`)
    }
    const change = (table: string, by: number, at: number) =>
      query(url, `UPDATE ${table} SET upload = upload + ${by} WHERE started_at = ${at}`)
    const hour = DAY + 12 * HOUR_SECONDS
    change('account_hour', 5, hour)
    assert.deepEqual(await named(), ['account hour from 2026-03-01T12:00:00Z'])
    change('account_day', 5, DAY)
    assert.deepEqual(await named(), [
      'account hour from 2026-03-01T12:00:00Z',
      'account day from 2026-03-01T00:00:00Z',
    ])
    change('account_hour', -5, hour)
    assert.deepEqual(await named(), ['account day from 2026-03-01T00:00:00Z'])
  })
})

describe('a large batch of old usage', () => {
  it('goes into the buckets of its days at once, after what was fresh there', async (t) => {
    const { url, store, sims, event, importId, feed } = await openFresh(t, 1_000)
    const knownAt = DAY + 10 * DAY_SECONDS
    const events = Array.from({ length: 5_000 }, (_, i) =>
      event({
        simId: sims[i % sims.length]!.id,
        occurredAt: DAY + DAY_SECONDS + Math.floor((i / 5_000) * 9 * DAY_SECONDS),
        recordId: `large ${i}`,
      }),
    )
    await store.append(aBatch({ importId, feed, events, knownAt }))
    const fresh = query(url, 'SELECT MIN(bucket) AS first FROM ledger WHERE bucket % 86400 <> 0')
    const settled = knownAt - 2 * DAY_SECONDS
    assert.deepEqual({ ...fresh[0] }, { first: settled + 2 * HOUR_SECONDS })
    assert.deepEqual(settings(url), { fresh_from: settled, gathered_sims: 0 })
    await assertAuditClean(store)
  })

  it('stays fresh if it brings less than an hour of many SIMs, apart from late records', async (t) => {
    const { url, store, sims, event, importId, feed } = await openFresh(t, 1_000)
    const at = DAY + 4 * DAY_SECONDS + 3 * HOUR_SECONDS
    const batch = (name: string, seconds: number) =>
      Array.from({ length: 5_000 }, (_, i) =>
        event({
          simId: sims[i % sims.length]!.id,
          occurredAt: i % 12 === 0 ? DAY + DAY_SECONDS + i : at + Math.floor((i * seconds) / 5_000),
          recordId: `${name} ${i}`,
        }),
      )
    const knownAt = DAY + 10 * DAY_SECONDS
    await store.append(aBatch({ importId, feed, events: batch('short', HOUR_SECONDS), knownAt }))
    assert.deepEqual(settings(url), {})
    const lying = `SELECT DISTINCT bucket FROM ledger WHERE occurred_at >= ${at}`
    assert.deepEqual(
      query(url, lying).map(({ bucket }) => bucket),
      [at - HOUR_SECONDS],
    )
    await assertAuditClean(store)
    // A batch that brings more goes straight into the day's bucket. Existing rows follow, some with each
    // batch.
    const long = batch('long', 3 * HOUR_SECONDS)
    await store.append(aBatch({ importId, feed, events: long, knownAt }))
    assert.deepEqual(settings(url), { fresh_from: DAY + 5 * DAY_SECONDS, gathered_sims: 0 })
    assert.deepEqual(
      query(url, lying).map(({ bucket }) => bucket),
      [DAY + 4 * DAY_SECONDS],
    )
    await assertAuditClean(store)
    const again = await store.append(aBatch({ importId, feed, events: long, knownAt }))
    assert.equal(again.counts.duplicate, long.length)
    await sealAll(store, DAY + 5 * DAY_SECONDS)
    await assertAuditClean(store)
  })

  it('moves nothing if it brings nothing that has settled', async (t) => {
    const { url, store, event, importId, feed } = await openFresh(t, 1_000)
    const occurredAt = DAY + 3 * DAY_SECONDS + 3 * HOUR_SECONDS
    const events = Array.from({ length: 5_000 }, (_, i) => event({ occurredAt, recordId: `${i}` }))
    await store.append(aBatch({ importId, feed, events, knownAt: DAY + DAY_SECONDS }))
    const rows = query(
      url,
      `SELECT DISTINCT bucket FROM ledger WHERE bucket > ${DAY + 2 * DAY_SECONDS}`,
    )
    assert.deepEqual(
      rows.map(({ bucket }) => bucket),
      [occurredAt - HOUR_SECONDS],
    )
    await assertAuditClean(store)
  })
})

describe('a store from before fresh days', () => {
  /** As in old stores: every row in the bucket of its day. */
  function makeOld(url: string): void {
    const database = new DatabaseSync(url.slice('sqlite:'.length))
    for (const table of ['ledger', 'ledger_history']) {
      database.exec(`UPDATE ${table} SET bucket = bucket - bucket % 86400`)
    }
    database.exec("DELETE FROM setting WHERE name IN ('fresh_from', 'gathered_sims')")
    database.exec(`PRAGMA user_version = ${VERSION_OF_DAYS}`)
    database.close()
  }

  async function upgrade(url: string): Promise<void> {
    const { from, to } = await migrateStore(url)
    assert.deepEqual([from, to], [VERSION_OF_DAYS, MIGRATIONS.length])
  }

  it('keeps its rows where they are, and has fresh days after them', async (t) => {
    const { url, store, sims, event, importId, feed, simUsage } = await openFresh(t, 1_000)
    await sealAll(store, DAY + DAY_SECONDS)
    const before = await simUsage({ granularity: 'hourly' })
    await store.close()
    makeOld(url)
    await upgrade(url)
    assert.deepEqual(settings(url), { fresh_from: DAY + 2 * DAY_SECONDS })
    const opened = await openStore(url)
    t.after(() => opened.close())
    await assertAuditClean(opened)
    const events = [1, 2].map((day) =>
      event({ occurredAt: DAY + day * DAY_SECONDS + 9 * HOUR_SECONDS, recordId: 'new' }),
    )
    await opened.append(aBatch({ importId, feed, events }))
    assert.deepEqual(hoursOf(url, sims[0]!.id), [0, 24, 48 + 8])
    assert.deepEqual(await simUsage({ granularity: 'hourly' }), before)
    await assertAuditClean(opened)
    await sealAll(opened, DAY + 3 * DAY_SECONDS)
    assert.deepEqual(hoursOf(url, sims[0]!.id), [0, 24, 48])
    await assertAuditClean(opened)
  })

  it('has no fresh day before the end of its sealed days, whose rows may be gone', async (t) => {
    const { url, store, importId, event, feed } = await openFresh(t, 1_000)
    await sealAll(store, DAY + 2 * DAY_SECONDS)
    await store.undoImport(importId, DAY + 9 * DAY_SECONDS)
    const { id } = await store.beginImport({
      ...{ feedId: feed.id, source: 'again', format: feed.format, accountId: null },
      startedAt: DAY,
    })
    const late = event({ occurredAt: DAY - 3 * DAY_SECONDS + 5 * HOUR_SECONDS })
    await store.append(aBatch({ importId: id, feed, events: [late] }))
    await store.close()
    makeOld(url)
    await upgrade(url)
    assert.deepEqual(settings(url), { fresh_from: DAY + 2 * DAY_SECONDS })
    const opened = await openStore(url)
    t.after(() => opened.close())
    const events = [event({ occurredAt: DAY + 5 * HOUR_SECONDS, recordId: 'late' })]
    await opened.append(aBatch({ importId: id, feed, events }))
    await assertAuditClean(opened)
  })

  it('may be empty', async (t) => {
    const temp = await openTempStore('sqlite')
    t.after(() => temp.dispose())
    await temp.store.close()
    makeOld(temp.url)
    await upgrade(temp.url)
    assert.deepEqual(settings(temp.url), {})
  })
})
