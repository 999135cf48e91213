/** Usage classified again by the present home sets, and everything derived from it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { LedgerPlace, Reclassification } from '../../src/storage/usage-store.ts'
import {
  AT_HOME,
  aBatch,
  abroad,
  anAccount,
  anImportStart,
  homeSet,
  instant,
  NATIONAL,
  NOW,
} from '../support/builders.ts'
import { type Engine, type Ledger, openLedger, register } from './engine.ts'

const SINCE = instant('2026-02-01T00:00:00Z')
const ALL = { since: SINCE, dryRun: false, rowsMax: 1_000 }

/** In steps of two rows, as a large store would in larger ones. */
async function inSteps({ store }: Ledger, given: Partial<Reclassification> = {}) {
  let [changed, unknown, steps] = [0, 0, 0]
  let after: LedgerPlace | null = null
  for (;;) {
    const step = await store.reclassify({ ...ALL, ...given, rowsMax: 2, after })
    changed += step.changed
    unknown += step.unknown
    steps++
    if (step.next === null) return { changed, unknown, steps }
    after = step.next
  }
}

async function assertLines(ledger: Ledger, lines: readonly string[]): Promise<void> {
  const told = lines.map((line) => `2026-01-01T00:00:00Z ${line}`)
  assert.deepEqual(await ledger.simUsage(), told)
  assert.deepEqual(await ledger.accountUsage(), told)
  await ledger.assertAuditClean()
}

export function describeReclassify(engine: Engine): void {
  describe('reclassifying', () => {
    it('applies the present home set from an instant on, on sealed days too', async (t) => {
      const ledger = await openLedger(t, engine)
      const { store, account } = ledger
      await ledger.append([
        ledger.event({ occurredAt: SINCE - 1, upload: 1, serving: abroad('FR') }),
        ledger.event({ occurredAt: SINCE, upload: 2, serving: abroad('FR') }),
        ledger.event({ at: '2026-02-03T10:00:00Z', upload: 4 }),
        ledger.event({ at: '2026-02-03T10:00:00Z', upload: 8, serving: abroad('FR') }),
        ledger.event({ at: '2026-03-15T10:00:00Z', upload: 16, serving: NATIONAL }),
        // No home set changes what a record itself states.
        ledger.event({
          ...{ at: '2026-02-03T11:00:00Z', upload: 32 },
          serving: { ...abroad('FR'), zoneStated: true },
        }),
      ])
      while (await store.sealNextDay(instant('2026-03-02T00:00:00Z')));
      while (await store.checksumNextDay());
      await store.updateAccount(account.id, { home: homeSet('310-410 208-01', 'FR') })
      const before = ['home US 4/0/0/0', 'national_roaming US 16/0/0/0']
      await assertLines(ledger, [...before, 'international_roaming FR 43/0/0/0'])

      const plan = await store.reclassify({ ...ALL, dryRun: true })
      const told = plan.changes.map(({ zone, country, upload }) => [zone, country, upload])
      assert.deepEqual(told, [
        ['home', 'FR', 10n],
        ['home', 'US', 12n],
        ['national_roaming', 'US', -16n],
        ['international_roaming', 'FR', -10n],
        ['international_roaming', 'US', 4n],
      ])
      assert.deepEqual([plan.changed, plan.unknown, plan.next], [4, 0, null])
      await assertLines(ledger, [...before, 'international_roaming FR 43/0/0/0'])

      const { changed, steps } = await inSteps(ledger)
      assert.equal(changed, 4)
      assert.ok(steps > 2)
      await assertLines(ledger, [
        'home FR 10/0/0/0',
        'home US 16/0/0/0',
        'international_roaming FR 33/0/0/0',
        'international_roaming US 4/0/0/0',
      ])
      assert.deepEqual((await inSteps(ledger)).changed, 0)
      const [act] = await store.listActs({ objectKind: 'store' }, { limit: 5 })
      assert.equal(act?.verb, 'reclassify')
      assert.equal(act.object, 'since 2026-02-01T00:00:00Z')
    })

    it('goes by the SIM’s own home set, and leaves other accounts alone', async (t) => {
      const ledger = await openLedger(t, engine)
      const { store, account } = ledger
      const own = await register(store, account, {
        iccid: '8988303000001000016' as never,
        home: homeSet('208-01', ''),
      })
      const french = { at: '2026-02-03T10:00:00Z', upload: 1, serving: abroad('FR') }
      await ledger.append([ledger.event(french), ledger.event({ ...french, simId: own.id })])
      const other = await store.createAccount(anAccount({ home: account.home }))
      assert.equal((await inSteps(ledger, { accountId: other.id })).changed, 0)
      assert.equal((await inSteps(ledger, { accountId: account.id })).changed, 1)
      assert.deepEqual(await ledger.accountUsage(), [
        '2026-01-01T00:00:00Z home FR 1/0/0/0',
        '2026-01-01T00:00:00Z international_roaming FR 1/0/0/0',
      ])
      const [act] = await store.listActs({ object: account.sid }, { limit: 1 })
      assert.equal(act?.verb, 'reclassify')
      await ledger.assertAuditClean()
    })

    it('leaves usage alone if nothing tells its zone any more', async (t) => {
      const ledger = await openLedger(t, engine)
      const { store, account } = ledger
      const nowhere = { ...AT_HOME, plmn: '777-01' as never, country: null }
      await ledger.append([ledger.event({ upload: 3, serving: nowhere })])
      await store.updateAccount(account.id, { home: homeSet('', '') })
      assert.deepEqual(await inSteps(ledger), { changed: 0, unknown: 1, steps: 1 })
      await assertLines(ledger, ['home - 3/0/0/0'])
    })

    it('reclassifies what an undo restores', async (t) => {
      const ledger = await openLedger(t, engine, { onConflict: 'replace' })
      const { store, account, feed } = ledger
      const event = ledger.event({ at: '2026-02-03T10:00:00Z', upload: 1, serving: abroad('FR') })
      await ledger.append([event])
      const { id: importId } = await store.beginImport(anImportStart(feed))
      await store.append(aBatch({ importId, feed, events: [{ ...event, upload: 5 }] }))
      await store.updateAccount(account.id, { home: homeSet('208-01', 'FR') })
      assert.equal((await inSteps(ledger)).changed, 1)
      await assertLines(ledger, ['home FR 5/0/0/0'])
      await store.undoImport(importId, NOW + 60)
      await assertLines(ledger, ['home FR 1/0/0/0'])
    })

    it('moves the usage of readings, and the series continues', async (t) => {
      const ledger = await openLedger(t, engine)
      const { store, account } = ledger
      const reading = (at: string, upload: number) =>
        ledger.event({
          ...{ at, upload, recordId: 'session', serving: abroad('FR') },
          reading: { is32Bit: false },
        })
      await ledger.append([reading('2026-02-03T10:00:00Z', 5), reading('2026-02-03T12:00:00Z', 9)])
      await store.updateAccount(account.id, { home: homeSet('208-01', 'FR') })
      const before = await ledger.simUsage()
      await inSteps(ledger)
      const after = before.map((line) => line.replace('international_roaming', 'home'))
      assert.deepEqual(await ledger.simUsage(), after)
      await ledger.append([reading('2026-02-03T11:00:00Z', 7)])
      await ledger.assertAuditClean()
    })
  })
}
