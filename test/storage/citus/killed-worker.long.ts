/**
 * A Citus worker that is killed in mid-import. `SIMTALLY_TEST_CITUS_KILL` and `SIMTALLY_TEST_CITUS_START`
 * are commands that kill a worker with SIGKILL and start it again.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { DAY_SECONDS, floorTo, formatInstant } from '../../../src/domain/time.ts'
import { type ImportJson, Process, SIMTALLY } from '../../bad-input/cli-world.ts'
import { assertAuditClean } from '../../contract/engine.ts'
import { aFeed, anAccount, iccidOf, NOW, newSimSid } from '../../support/builders.ts'
import { execute, serverUrl } from '../../support/postgres-schema.ts'
import { openTempStore } from '../../support/temp-store.ts'

/** How long it is away each time; the second time, longer than a single server is waited for. */
const OUTAGES_MS = [1_000, 45_000]
const SIMS = 40
const RECORDS = 40_000
const BATCH_RECORDS = 1_000
const FIRST = floorTo(Math.floor(Date.now() / 1_000), DAY_SECONDS) - 10 * DAY_SECONDS

/** Runs the command in the variable. */
async function command(name: string): Promise<void> {
  const text = process.env[name]
  if (!text) throw new Error(`${name} is not set: it names the command that the test needs`)
  await promisify(execFile)('sh', ['-c', text])
}

describe('a worker of Citus that is killed', () => {
  it(`${OUTAGES_MS.length} times in mid-import: everything is counted once, and the verdicts are exact`, async () => {
    const { store, url, dir, dispose } = await openTempStore('citus')
    try {
      const account = await store.createAccount(anAccount())
      const registrations = Array.from({ length: SIMS }, (_, i) => ({ iccid: iccidOf(i) }))
      await store.registerSims(account.id, registrations, { at: NOW, newSid: newSimSid })
      await store.createFeed(aFeed({ name: 'carrier' }))
      const rows = Array.from({ length: RECORDS }, (_, i) => {
        return `r${i},${iccidOf(i % SIMS)},${formatInstant(FIRST + i)},310-260,1\n`
      })
      const path = join(dir, 'usage.csv')
      await writeFile(path, `record_id,sim,occurred_at,plmn,upload\n${rows.join('')}`)
      const importing = new Process(process.execPath, [
        ...[SIMTALLY, 'import', path, '--feed', 'carrier', '--json'],
        ...['--batch-size', String(BATCH_RECORDS), '--database', url],
      ])
      for (const [kill, outageMs] of OUTAGES_MS.entries()) {
        await importing.said(` ${(kill + 1) * 10_000} records`)
        await command('SIMTALLY_TEST_CITUS_KILL')
        await setTimeout(outageMs)
        await command('SIMTALLY_TEST_CITUS_START')
      }
      const { code, stdout, stderr } = await importing.ended()
      assert.equal(code, 0, stderr)
      const { accepted, duplicate } = JSON.parse(stdout) as ImportJson
      assert.deepEqual({ accepted, duplicate }, { accepted: RECORDS, duplicate: 0 })
      // Citus settles what the killed worker had prepared, at the latest a minute later.
      await execute(await serverUrl('citus'), 'SELECT recover_prepared_transactions()')
      await assertAuditClean(store)
      const query = { start: FIRST, end: FIRST + RECORDS, granularity: 'all' } as const
      const [group] = await store.queryUsage({ ...query, scope: { accountId: account.id } })
      assert.equal(Number(group!.upload), RECORDS)
    } finally {
      await dispose()
    }
  })
})
