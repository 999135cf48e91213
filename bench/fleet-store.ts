/**
 * A store of a large fleet, for benchmarks that ask it questions. Totals of SIMs and of their account are
 * written straight into the tables, as sealing leaves them, up to the days that may still change. From the
 * last whole month on, the ledger has one record per SIM and day. The days that may still change are
 * imported. Every tenth SIM is abroad.
 */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { SETTLE_SECONDS } from '../src/domain/completeness.ts'
import { retentionStart } from '../src/domain/period.ts'

import {
  ceilTo,
  DAY_SECONDS,
  floorTo,
  HOUR_SECONDS,
  monthNumber,
  monthStart,
} from '../src/domain/time.ts'
import { openSqliteStore } from '../src/storage/sqlite/sqlite-store.ts'
import { LAUNCHER } from './bench-servers.ts'
import { createAccountAndFeed, iccid, NOW, simSid } from './dataset.ts'

export const FLEET_ACCOUNT = `AC${'0'.repeat(32)}`

/** Earlier days are sealed. */
const sealedThrough = floorTo(NOW - SETTLE_SECONDS, DAY_SECONDS)

export interface Fleet {
  /** The first whole month with usage. Retention takes nothing after it. */
  readonly firstMonth: number
  /** The last finished month, which is sealed. */
  readonly lastMonth: number
}

export async function createFleet(
  path: string,
  { sims, months }: { readonly sims: number; readonly months: number },
): Promise<Fleet> {
  const store = await openSqliteStore(path, { create: true })
  const { account } = await createAccountAndFeed(store)
  for (let from = 0; from < sims; from += 10_000) {
    const some = Array.from({ length: Math.min(10_000, sims - from) }, (_, i) => ({
      sid: simSid(from + i),
      iccid: iccid(from + i),
      imsis: [String(310_260_000_000_000 + from + i)] as never,
      uniqueName: `pump-${from + i}`,
    }))
    await store.registerSims(account.id, some, { at: NOW, newSid: () => simSid(0) })
  }
  await store.close()
  const lastMonth = monthNumber(sealedThrough) - 1
  const keptFrom = ceilTo(retentionStart(NOW), DAY_SECONDS) + DAY_SECONDS
  const firstDay = Math.max(keptFrom, monthStart(lastMonth + 1 - months))
  writeTotals(path, { firstDay, lastMonth })
  importLatest(path, sims)
  return { firstMonth: monthNumber(firstDay - 1) + 1, lastMonth }
}

function writeTotals(
  path: string,
  { firstDay, lastMonth }: { firstDay: number; lastMonth: number },
) {
  const db = new DatabaseSync(path)
  const counters = 'upload, download, to_sim, from_sim'
  const used = '(s.id * 7919 + d.at) % 100003'
  const zone = 'CASE s.id % 10 WHEN 0 THEN 2 ELSE 0 END'
  const country = "CASE s.id % 10 WHEN 0 THEN 'MX' ELSE 'US' END"
  const ofAccount = `
    n.value % 3, substr('USMXFRDEGB', n.value % 5 * 2 + 1, 2),
    printf('3%02d-%02d', 10 + n.value, 10 + n.value), 1000, 2000, 1, 1`
  const networks = "json_each('[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19]') AS n"
  const series = (name: string, step: number) => `
    CREATE TEMP TABLE ${name} AS
      WITH RECURSIVE each(at) AS (
        SELECT ${firstDay} UNION ALL SELECT at + ${step} FROM each WHERE at + ${step} < ${sealedThrough})
      SELECT at FROM each`
  db.exec(`
    PRAGMA synchronous = OFF; PRAGMA cache_size = -256000;
    ${series('days', DAY_SECONDS)}; ${series('hours', HOUR_SECONDS)}`)
  for (let month = monthNumber(firstDay); month <= lastMonth + 1; month++) {
    const days = `(SELECT at FROM days WHERE at >= ${monthStart(month)} AND at < ${monthStart(month + 1)})`
    db.exec(`
      INSERT INTO sim_day (month, sim_id, zone, country, started_at, ${counters})
        SELECT ${month}, s.id, ${zone}, ${country}, d.at, ${used}, 3 * (${used}), 1, 0
        FROM sim AS s CROSS JOIN ${days} AS d`)
    process.stderr.write(
      `\r${new Date(monthStart(month) * 1_000).toISOString().slice(0, 7)} written `,
    )
  }
  const ledger = `
    INSERT INTO ledger (bucket, sim_id, occurred_at, feed_id, record_id, account_id, zone, country,
        plmn, stated, ${counters}, import_id, line, known_at)`
  db.exec(`
    BEGIN;
    INSERT INTO sim_month (month, sim_id, zone, country, ${counters})
      SELECT month, sim_id, zone, country, SUM(upload), SUM(download), SUM(to_sim), SUM(from_sim)
      FROM sim_day WHERE month >= ${monthNumber(firstDay - 1) + 1}
      GROUP BY month, sim_id, zone, country;
    INSERT INTO account_day (account_id, started_at, zone, country, plmn, ${counters})
      SELECT 1, d.at, ${ofAccount} FROM days AS d CROSS JOIN ${networks};
    INSERT INTO account_hour (account_id, started_at, zone, country, plmn, ${counters})
      SELECT 1, d.at, ${ofAccount} FROM hours AS d CROSS JOIN ${networks};
    ${ledger}
      SELECT d.at, s.id, d.at + s.id % ${DAY_SECONDS}, 1, 'r', 1, ${zone}, ${country}, '310-260', 0,
        1, 1, 0, 0, 1, 1, 1
      FROM days AS d CROSS JOIN sim AS s WHERE d.at >= ${monthStart(lastMonth)};
    ${ledger}
      VALUES (${firstDay}, 1, ${firstDay}, 1, 'first', 1, 0, 'US', '310-260', 0, 1, 1, 0, 0, 1, 1, 1);
    INSERT INTO setting (name, value)
      VALUES ('sealed_through', ${sealedThrough}), ('checksummed_through', ${sealedThrough}),
             ('fresh_from', ${sealedThrough});
    COMMIT`)
  db.close()
}

function importLatest(path: string, sims: number): void {
  const lines = ['record_id,sim,occurred_at,plmn,country,zone,upload,download,to_sim,from_sim']
  for (let day = sealedThrough; day + DAY_SECONDS <= NOW; day += DAY_SECONDS) {
    for (let sim = 0; sim < sims; sim++) {
      const at = new Date((day + (sim % DAY_SECONDS)) * 1_000).toISOString()
      lines.push(`d${day / DAY_SECONDS},${iccid(sim)},${at},310-260,,,${sim + 1},${3 * sim},1,0`)
    }
  }
  const file = `${path}.csv`
  writeFileSync(file, `${lines.join('\n')}\n`)
  const args = [LAUNCHER, 'import', file, '--feed', 'bench', '--database', `sqlite:${path}`]
  execFileSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
}
