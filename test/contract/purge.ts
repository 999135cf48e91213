/** Retention: old usage goes, in steps, and what is kept still adds up. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NO_VERDICTS } from '../../src/domain/import.ts'
import type { PurgeOutcome } from '../../src/storage/usage-store.ts'
import { abroad, aQuarantinedRecord, instant, NOW } from '../support/builders.ts'
import { type Engine, type Ledger, openLedger } from './engine.ts'

/** In the middle of a day with usage on both sides. */
const BEFORE = '2026-02-10T10:00:00Z'
const EVERYTHING = { before: instant(BEFORE), rowsMax: 1_000_000, dryRun: false }

const OLD = [
  '2026-01-03T00:00:00Z',
  '2026-01-31T23:59:59Z',
  '2026-02-09T12:00:00Z',
  '2026-02-10T00:00:00Z',
  '2026-02-10T09:00:00Z',
  '2026-02-10T09:59:59Z',
]
const KEPT = [
  '2026-02-10T10:00:00Z',
  '2026-02-10T10:30:00Z',
  '2026-02-10T23:59:59Z',
  '2026-02-11T00:00:00Z',
  '2026-03-14T00:00:00Z',
]

async function openFull(...given: Parameters<typeof openLedger>): Promise<Ledger> {
  const ledger = await openLedger(...given)
  await ledger.append(
    [...OLD, ...KEPT].map((at, i) =>
      ledger.event({
        at,
        recordId: `r${i}`,
        upload: 2 ** i,
        ...(i % 2 && { serving: abroad('FR') }),
      }),
    ),
  )
  return ledger
}

/** Every answer about the time that is kept. */
async function keptAnswers({ simUsage, accountUsage }: Ledger) {
  const all: unknown[] = []
  for (const granularity of ['all', 'daily', 'hourly'] as const) {
    all.push(await simUsage({ start: BEFORE, granularity }))
    all.push(await accountUsage({ start: BEFORE, granularity }))
  }
  return all
}

async function sealAll({ store }: Ledger): Promise<void> {
  while (await store.sealNextDay(NOW));
}

export function describePurge(engine: Engine): void {
  describe('purging', () => {
    for (const sealed of [false, true]) {
      const which = sealed ? 'sealed' : 'unsealed'

      it(`deletes older ${which} usage in the middle of a day`, async (t) => {
        const ledger = await openFull(t, engine)
        if (sealed) await sealAll(ledger)
        const before = await keptAnswers(ledger)
        const outcome = await ledger.store.purge(EVERYTHING)
        assert.equal(outcome.ledgerRows, OLD.length)
        assert.equal(outcome.done, true)
        assert.deepEqual(await ledger.simUsage({ end: BEFORE }), [])
        assert.deepEqual(await ledger.accountUsage({ end: BEFORE, granularity: 'hourly' }), [])
        assert.deepEqual(await keptAnswers(ledger), before)
        assert.deepEqual(await ledger.simUsage(), [
          '2026-01-01T00:00:00Z home US 1344/0/0/0',
          '2026-01-01T00:00:00Z international_roaming FR 640/0/0/0',
        ])
        await ledger.assertAuditClean()
        assert.equal((await ledger.store.audit()).ledgerRows, KEPT.length)
      })

      it(`deletes ${which} usage in steps, each of which leaves the store sound`, async (t) => {
        const ledger = await openFull(t, engine)
        if (sealed) await sealAll(ledger)
        const before = await keptAnswers(ledger)
        const steps: PurgeOutcome[] = []
        do {
          steps.push(await ledger.store.purge({ ...EVERYTHING, rowsMax: 2 }))
          await ledger.assertAuditClean()
          assert.deepEqual(await keptAnswers(ledger), before)
          assert.ok(steps.length < 100)
        } while (!steps.at(-1)!.done)
        assert.ok(steps.length > 1)
        assert.equal(
          steps.reduce((sum, { ledgerRows }) => sum + ledgerRows, 0),
          OLD.length,
        )
        assert.deepEqual(await ledger.simUsage({ end: BEFORE }), [])
      })
    }

    it('only counts in a dry run, but counts everything', async (t) => {
      const ledger = await openFull(t, engine)
      const quarantined = [aQuarantinedRecord('old')]
      await ledger.append([], { quarantined, knownAt: instant('2026-01-01T00:00:00Z') })
      const [sim, account] = [await ledger.simUsage(), await ledger.accountUsage()]
      const dry = await ledger.store.purge({ ...EVERYTHING, rowsMax: 1, dryRun: true })
      assert.deepEqual([await ledger.simUsage(), await ledger.accountUsage()], [sim, account])
      assert.equal((await ledger.store.audit()).ledgerRows, OLD.length + KEPT.length)
      assert.equal(dry.ledgerRows, OLD.length)
      assert.equal(dry.quarantineEntries, 1)
      assert.deepEqual(await ledger.store.purge(EVERYTHING), { ...dry, done: true })
    })

    it('finds nothing the second time', async (t) => {
      const ledger = await openFull(t, engine)
      await ledger.store.purge(EVERYTHING)
      const nothing = { ledgerRows: 0, rollupCells: 0, quarantineEntries: 0, done: true }
      assert.deepEqual(await ledger.store.purge(EVERYTHING), nothing)
      assert.deepEqual(await ledger.store.purge({ ...EVERYTHING, rowsMax: 1 }), nothing)
    })

    it('may leave nothing', async (t) => {
      const ledger = await openFull(t, engine)
      await sealAll(ledger)
      await ledger.store.purge({ ...EVERYTHING, before: instant('2026-05-01T00:00:00Z') })
      assert.deepEqual(await ledger.simUsage(), [])
      assert.deepEqual(await ledger.accountUsage(), [])
      const report = await ledger.store.audit()
      assert.deepEqual([report.ledgerRows, report.differenceCount], [0, 0])
    })

    it('deletes quarantined records seen before the limit, and keeps later ones', async (t) => {
      const ledger = await openLedger(t, engine)
      const { append, store, importId } = ledger
      const seen = (text: string, at: string) =>
        append([], { quarantined: [aQuarantinedRecord(text)], knownAt: instant(at) })
      await seen('old', '2026-02-10T09:59:59Z')
      await seen('again', '2026-01-01T00:00:00Z')
      await seen('again', '2026-03-01T00:00:00Z')
      await seen('new', '2026-02-10T10:00:00Z')
      await store.purge(EVERYTHING)
      const entries = await store.listQuarantine({ importId }, { limit: 9 })
      const texts = entries.map(({ raw }) => Buffer.from(raw).toString())
      assert.deepEqual(texts, ['again', 'new'])
      await seen('old', '2026-03-02T00:00:00Z')
      assert.equal((await store.listQuarantine({ importId }, { limit: 9 })).length, 3)
    })

    it('deletes replaced versions too', async (t) => {
      const ledger = await openLedger(t, engine, { onConflict: 'replace' })
      const version = (at: string, upload: number) => ledger.event({ recordId: 'r', at, upload })
      for (const upload of [1, 2, 3]) {
        await ledger.append([version(OLD[0]!, upload), version(KEPT[0]!, upload)])
      }
      const { ledgerRows } = await ledger.store.purge({ ...EVERYTHING, dryRun: true })
      // Each step leaves the store sound, including the one between the ledger and its history.
      while (!(await ledger.store.purge({ ...EVERYTHING, rowsMax: 1 })).done) {
        await ledger.assertAuditClean()
      }
      const left = await ledger.store.purge({ ...EVERYTHING, dryRun: true })
      assert.deepEqual([ledgerRows, left.ledgerRows], [3, 0])
      const { counts } = await ledger.append([version(KEPT[0]!, 1)])
      assert.deepEqual(counts, { ...NO_VERDICTS, duplicate: 1 })
    })

    it('never lets anything as old count again', async (t) => {
      const ledger = await openFull(t, engine)
      await ledger.store.purge(EVERYTHING)
      const before = await keptAnswers(ledger)
      const again = OLD.map((at, i) => ledger.event({ at, recordId: `r${i}`, upload: 2 ** i }))
      const { counts } = await ledger.append(again)
      assert.deepEqual(counts, { ...NO_VERDICTS, expired: OLD.length })
      const { counts: total } = (await ledger.store.findImport(ledger.importId))!
      assert.equal(total.expired, OLD.length)
      assert.deepEqual(await keptAnswers(ledger), before)
      assert.deepEqual(await ledger.simUsage({ end: BEFORE }), [])
      await ledger.assertAuditClean()
    })

    it('keeps the imports and what they counted', async (t) => {
      const ledger = await openFull(t, engine)
      const before = await ledger.store.findImport(ledger.importId)
      await ledger.store.purge(EVERYTHING)
      assert.deepEqual(await ledger.store.findImport(ledger.importId), before)
    })

    it('lets a late record of a partly purged day count', async (t) => {
      const ledger = await openFull(t, engine)
      await sealAll(ledger)
      await ledger.store.purge(EVERYTHING)
      await ledger.append([ledger.event({ at: '2026-02-10T15:00:00Z', toSim: 5 })])
      const day = { start: '2026-02-10T10:00:00Z', end: '2026-02-11T00:00:00Z' }
      const lines = ['2026-02-10T10:00:00Z home US 320/0/5/0']
      const abroadLines = ['2026-02-10T10:00:00Z international_roaming FR 128/0/0/0']
      assert.deepEqual(await ledger.simUsage(day), [...lines, ...abroadLines])
      assert.deepEqual(await ledger.accountUsage(day), [...lines, ...abroadLines])
      await ledger.assertAuditClean()
    })
  })
}
