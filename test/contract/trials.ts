/** Trials: batches that are counted to see what they change, and rolled back. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { NO_VERDICTS } from '../../src/domain/import.ts'
import { formatInstant } from '../../src/domain/time.ts'
import type { UsageEvent } from '../../src/domain/usage-event.ts'
import {
  type AppendBatch,
  TRIAL_IMPORT_ID,
  type Trial,
  type TrialChanges,
} from '../../src/storage/usage-store.ts'
import {
  AT_HOME,
  aBatch,
  abroad,
  anImportStart,
  aQuarantinedRecord,
  instant,
  NOW,
} from '../support/builders.ts'
import { share } from '../support/volume.ts'
import { type Engine, failureOf, type Ledger, openLedger, register } from './engine.ts'

const AT = '2026-03-14T10:20:30Z'
const FROM = instant('2026-03-08T00:00:00Z')

/** A batch of the trial's import. */
function ofTrial({ feed }: Ledger, events: readonly UsageEvent[], rest: Partial<AppendBatch> = {}) {
  return aBatch({ importId: TRIAL_IMPORT_ID, feed, events, ...rest })
}

/** One line per change, with the end of the SIM's SID. */
function words({ changes }: TrialChanges): string[] {
  return changes.map(({ simSid, zone, country, upload, download, toSim, fromSim }) => {
    return `${simSid.slice(-4)} ${zone} ${country ?? '-'} ${upload}/${download}/${toSim}/${fromSim}`
  })
}

/** Everything that a store holds of a ledger's SIM, account, imports and quarantine. */
async function stateOf(ledger: Ledger) {
  const { store } = ledger
  return {
    usage: await ledger.simUsage({ granularity: 'hourly' }),
    account: await ledger.accountUsage({ granularity: 'hourly' }),
    imports: await store.listImports({}, { limit: 100 }),
    quarantine: await store.listQuarantine({}, { limit: 100 }),
    rows: (await store.audit()).ledgerRows,
    feeds: await store.accountCoverage(ledger.account.id),
  }
}

export function describeTrials(engine: Engine): void {
  describe('a trial', () => {
    it('tells what batches change, by account, SIM, zone and country', async (t) => {
      const ledger = await openLedger(t, engine)
      const second = await register(ledger.store, ledger.account)
      const event = (stated: Parameters<typeof ledger.event>[0]) =>
        ledger.event({ at: AT, ...stated })
      const events = [
        event({ upload: 1, download: 2, toSim: 3, fromSim: 4 }),
        event({ upload: 10, serving: abroad('FR') }),
        event({ upload: 5, serving: abroad('DE', '262-01') }),
        event({ upload: 7, simId: second.id }),
        event({ upload: 2 ** 53 - 1 }),
        event({}),
      ]
      const [first, later] = [ledger.sim, second].map(({ sid }) => sid.slice(-4))
      const changes = await ledger.store.tryOut(async (trial) => {
        const { counts } = await trial.append(ofTrial(ledger, events, { expired: 2 }))
        assert.deepEqual(counts, { ...NO_VERDICTS, accepted: 6, expired: 2 })
        return trial.changes()
      })
      assert.deepEqual(words(changes), [
        `${first} home US ${2 ** 53}/2/3/4`,
        `${first} international_roaming DE 5/0/0/0`,
        `${first} international_roaming FR 10/0/0/0`,
        `${later} home US 7/0/0/0`,
      ])
      const named = [...changes.changes, ...changes.months]
      assert.ok(named.every(({ accountSid }) => accountSid === ledger.account.sid))
      assert.deepEqual(
        changes.months.map(({ month, zone, upload }) => [formatInstant(month), zone, upload]),
        [
          ['2026-03-01T00:00:00Z', 'home', 2n ** 53n + 7n],
          ['2026-03-01T00:00:00Z', 'international_roaming', 15n],
        ],
      )
    })

    it('keeps nothing, and uses up no ids', async (t) => {
      const ledger = await openLedger(t, engine, { onConflict: 'replace' })
      const record = ledger.event({ at: AT, upload: 1 })
      await ledger.append([record], { quarantined: [aQuarantinedRecord('a')] })
      const before = await stateOf(ledger)
      await ledger.store.tryOut(async (trial) => {
        const events = [{ ...record, upload: 5 }, ledger.event({ at: '2026-01-02T00:00:00Z' })]
        const quarantined = [aQuarantinedRecord('b')]
        const { counts } = await trial.append(ofTrial(ledger, events, { quarantined }))
        assert.deepEqual(counts, { ...NO_VERDICTS, accepted: 1, replaced: 1, quarantined: 1 })
      })
      assert.deepEqual(await stateOf(ledger), before)
      await ledger.assertAuditClean()
      const { id } = await ledger.store.beginImport(anImportStart(ledger.feed))
      assert.equal(id, ledger.importId + 1)
      await ledger.append([], { quarantined: [aQuarantinedRecord('c')] })
      const [entry, next] = await ledger.store.listQuarantine({}, { limit: 9 })
      assert.equal(next!.id, entry!.id + 1)
    })

    it('stays as it was if a batch’s sums are too large, and continues', async (t) => {
      const ledger = await openLedger(t, engine)
      const max = Number.MAX_SAFE_INTEGER
      const most = (count: number) =>
        Array.from({ length: count }, () => ledger.event({ at: AT, upload: max }))
      await ledger.store.tryOut(async (trial) => {
        await trial.append(ofTrial(ledger, most(1_000)))
        const failure = await failureOf('overflow', trial.append(ofTrial(ledger, most(25))))
        assert.match(failure.message, /9223372036854775807/)
        const { counts } = await trial.append(ofTrial(ledger, most(24)))
        assert.deepEqual(counts, { ...NO_VERDICTS, accepted: 24 })
        const end = `home US ${1_024n * BigInt(max)}/0/0/0`
        assert.ok(words(await trial.changes())[0]!.endsWith(end))
      })
      await ledger.assertAuditClean()
    })

    it('keeps nothing if it fails, and the store goes on', async (t) => {
      const ledger = await openLedger(t, engine)
      const event = ledger.event({ at: AT, upload: 1 })
      const failing = ledger.store.tryOut(async (trial) => {
        await trial.append(ofTrial(ledger, [event]))
        throw new RangeError('on purpose')
      })
      await assert.rejects(failing, /on purpose/)
      assert.deepEqual(await ledger.simUsage(), [])
      assert.equal((await ledger.append([event])).counts.accepted, 1)
    })

    it('has batches that see each other, and conflicts that name the delivery', async (t) => {
      const ledger = await openLedger(t, engine)
      const record = ledger.event({ at: AT, upload: 5, line: 7 })
      await ledger.store.tryOut(async (trial) => {
        await trial.append(ofTrial(ledger, [record]))
        const again = await trial.append(ofTrial(ledger, [record]))
        assert.deepEqual(again.counts, { ...NO_VERDICTS, duplicate: 1 })
        const other = await trial.append(ofTrial(ledger, [{ ...record, upload: 6 }]))
        assert.deepEqual(other.counts, { ...NO_VERDICTS, quarantined: 1 })
        assert.match(other.conflicts[0]!.detail, /\(this delivery, line 7\)/)
        assert.equal(words(await trial.changes()).length, 1)
      })
    })

    it('accepts months without earlier usage, batch after batch', async (t) => {
      const ledger = await openLedger(t, engine, { onConflict: 'replace' })
      const second = await register(ledger.store, ledger.account)
      const before = await stateOf(ledger)
      const months = ['2025-03', '2024-11', '2025-09', '2024-02']
      const changes = await ledger.store.tryOut(async (trial) => {
        for (const month of months) {
          const bring = async (upload: number) => {
            const events = [ledger.sim, second].map(({ id: simId }) =>
              ledger.event({ at: `${month}-10T00:00:00Z`, recordId: 'r', simId, upload }),
            )
            return (await trial.append(ofTrial(ledger, events))).counts
          }
          assert.equal((await bring(5)).accepted, 2)
          assert.equal((await bring(1)).replaced, 2)
          assert.equal((await bring(1)).duplicate, 2)
        }
        return trial.changes()
      })
      const [first, later] = [ledger.sim, second].map(({ sid }) => sid.slice(-4))
      assert.deepEqual(words(changes), [`${first} home US 4/0/0/0`, `${later} home US 4/0/0/0`])
      assert.deepEqual(
        changes.months.map(({ month, upload }) => `${formatInstant(month).slice(0, 7)} ${upload}`),
        months.toSorted().map((month) => `${month} 2`),
      )
      assert.deepEqual(await stateOf(ledger), before)
      const counted = await ledger.append([ledger.event({ at: '2024-11-10T00:00:00Z', upload: 1 })])
      assert.equal(counted.counts.accepted, 1)
      await ledger.assertAuditClean()
    })

    it('lets readers see the state before it, and other writers go after it', async (t) => {
      const ledger = await openLedger(t, engine)
      const [own, others] = [1, 2].map((upload) => ledger.event({ at: AT, upload }))
      let append: Promise<unknown> = Promise.resolve()
      await ledger.store.tryOut(async (trial) => {
        await trial.append(ofTrial(ledger, [own!]))
        assert.deepEqual(await ledger.simUsage(), [])
        append = ledger.append([others!])
      })
      await append
      assert.deepEqual(await ledger.simUsage(), ['2026-01-01T00:00:00Z home US 2/0/0/0'])
      await ledger.assertAuditClean()
    })

    const anyRecord = fc.record({
      id: fc.constantFrom('a', 'b'),
      hour: fc.nat({ max: 40 }),
      upload: fc.nat({ max: 60 }),
      isAbroad: fc.boolean(),
      isReading: fc.boolean(),
    })
    const anyBatches = fc.array(fc.array(anyRecord, { minLength: 1, maxLength: 6 }), {
      minLength: 1,
      maxLength: 3,
    })

    for (const onConflict of ['reject', 'replace', 'max'] as const) {
      it(`announces what appending then changes, under ${onConflict}`, async (t) => {
        await fc.assert(
          fc.asyncProperty(anyBatches, anyBatches, fc.boolean(), async (there, come, seals) => {
            const ledger = await openLedger(t, engine, { onConflict })
            const eventsOf = (batches: typeof there) =>
              batches.map((batch) =>
                batch.map(({ id, hour, upload, isAbroad, isReading }) =>
                  ledger.event({
                    recordId: `${id}${isReading}`,
                    occurredAt: FROM + hour * 3_600,
                    upload,
                    serving: isAbroad ? abroad('FR') : AT_HOME,
                    reading: isReading ? { is32Bit: false } : null,
                  }),
                ),
              )
            for (const events of eventsOf(there)) await ledger.append(events)
            if (seals) while (await ledger.store.sealNextDay(NOW));
            const before = await totals(ledger)
            const batches = eventsOf(come)
            const run = async (append: Trial['append'], importId: number) => {
              const counts = []
              for (const events of batches) {
                const { feed } = ledger
                counts.push((await append(aBatch({ importId, feed, events }))).counts)
              }
              return counts
            }
            const [announced, verdicts] = await ledger.store.tryOut(async (trial) => {
              const counts = await run(trial.append, TRIAL_IMPORT_ID)
              return [(await trial.changes()).changes, counts] as const
            })
            assert.deepEqual(await totals(ledger), before)
            const { id } = await ledger.store.beginImport(anImportStart(ledger.feed))
            assert.deepEqual(await run((batch) => ledger.store.append(batch), id), verdicts)
            const expected = new Map(before)
            for (const { zone, upload } of announced) {
              expected.set(zone, (expected.get(zone) ?? 0n) + upload)
            }
            assert.deepEqual(
              await totals(ledger),
              new Map([...expected].filter(([, n]) => n > 0n).sort()),
            )
            await ledger.assertAuditClean()
            await ledger.temp.dispose()
          }),
          { numRuns: share(3, 6), seed: 20_260_315 },
        )
      })
    }
  })
}

async function totals({ store, sim }: Ledger): Promise<Map<string, bigint>> {
  const asked = { start: FROM, end: FROM + 10 * 86_400, granularity: 'all' } as const
  const groups = await store.queryUsage({ scope: { simId: sim.id }, ...asked })
  const used = groups.filter(({ upload }) => upload > 0)
  return new Map(used.map(({ zone, upload }): [string, bigint] => [zone, BigInt(upload)]).sort())
}
