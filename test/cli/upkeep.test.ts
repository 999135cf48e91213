import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { DatabaseSync } from 'node:sqlite'
import { describe, it, type TestContext } from 'node:test'
import { purgeInSteps } from '../../src/cli/purge-steps.ts'
import { startUpkeep } from '../../src/cli/upkeep.ts'
import type { ConsoleSession } from '../../src/domain/console-session.ts'
import type { StoreTime } from '../../src/domain/store-time.ts'
import { UsageError } from '../../src/domain/usage-error.ts'
import { openStore } from '../../src/storage/open-store.ts'
import type { UsageStore } from '../../src/storage/usage-store.ts'
import { iccidOf, instant, sidOf } from '../support/builders.ts'
import type { EngineName } from '../support/temp-store.ts'
import { CliFixture } from './cli-fixture.ts'

const LONG_AGO = instant('2024-06-02T12:00:00Z')
const NOW = instant('2026-03-10T12:30:00Z')
const SIM = iccidOf(1)

/** A store whose newest usage is of now. */
const TIME: StoreTime = {
  serverAt: null,
  newestUsageAt: NOW,
  newestStampAt: NOW,
  provenAt: NOW,
  purgedThrough: null,
}
const upkeepOptions = {
  clock: () => NOW,
  uptime: () => 0,
  log: { info: () => {}, warn: () => {} },
}

/** A store with a record of 2024, old by now, and one of this week. */
async function storeWithOldRecord(t: TestContext, engine?: EngineName): Promise<CliFixture> {
  const cli = await CliFixture.open(engine)
  t.after(() => cli.close())
  const account = await cli.account()
  await cli.json(['sim', 'import', '-', '--account', account], { stdin: `iccid\n${SIM}\n` })
  await cli.json(['feed', 'create', 'carrier', '--format', 'csv'])
  for (const [now, at] of [
    [LONG_AGO, '2024-06-01T10:00:00Z'],
    [NOW, '2026-03-09T10:00:00Z'],
  ] as const) {
    await cli.json(['import', '-', '--feed', 'carrier'], {
      stdin: `record_id,sim,occurred_at,plmn,upload\na,${SIM},${at},310-260,7\n`,
      now,
    })
  }
  return cli
}

describe('simtally purge', () => {
  it('says what is older than 18 months, deletes it once, and keeps the rest', async (t) => {
    const cli = await storeWithOldRecord(t)
    const purge = async (...args: string[]) => (await cli.json(['purge', ...args], { now: NOW }))[0]
    const gone = { before: '2024-09-10T12:00:00Z', ledger_rows: 1, quarantine_entries: 0 }
    const dryRun = await purge('--dry-run')
    assert.deepEqual(dryRun, { ...gone, dry_run: true, rollup_cells: 3 })
    assert.deepEqual(await purge(), { ...gone, dry_run: false, rollup_cells: 3 })
    assert.deepEqual(await purge(), { ...gone, dry_run: false, rollup_cells: 0, ledger_rows: 0 })
    const [audit] = await cli.json<{ ledger_rows: number }>(['audit'])
    assert.equal(audit!.ledger_rows, 1)
    const { stdout } = await cli.run(['purge', '--dry-run'], { now: NOW })
    assert.equal(
      stdout,
      '0 ledger rows, 0 derived numbers and 0 quarantined records ' +
        'from before 2024-09-10T12:00:00Z would be deleted\n',
    )
  })

  it('goes on step by step until everything old is gone', async () => {
    const steps = [
      { ledgerRows: 10, rollupCells: 5, quarantineEntries: 0, done: false },
      { ledgerRows: 3, rollupCells: 0, quarantineEntries: 7, done: false },
      { ledgerRows: 0, rollupCells: 0, quarantineEntries: 1, done: true },
    ]
    const store = { purge: async () => steps.shift()! } as Partial<UsageStore> as UsageStore
    assert.deepEqual(await purgeInSteps(store, { before: NOW, dryRun: false }), {
      ledgerRows: 13,
      rollupCells: 5,
      quarantineEntries: 8,
    })
    assert.deepEqual(steps, [])
  })
})

describe('simtally audit', () => {
  it('exits with 0 while every derived number agrees with the ledger', async (t) => {
    const cli = await storeWithOldRecord(t)
    const { exitCode, stdout } = await cli.run(['audit'])
    assert.equal(exitCode, 0)
    assert.match(
      stdout,
      /^\d derived numbers agree with 2 ledger rows; no day is under checksum\n$/,
    )
  })

  it('exits with 1 and names each cell that differs', async (t) => {
    const cli = await storeWithOldRecord(t, 'sqlite')
    const database = new DatabaseSync(cli.path('simtally.db'))
    database.exec('UPDATE account_day SET upload = upload + 1 WHERE started_at > 1750000000')
    database.close()
    const { exitCode, stdout } = await cli.run(['audit', '--json'])
    assert.equal(exitCode, 1)
    const { difference_count, differences } = JSON.parse(stdout)
    assert.equal(difference_count, 1)
    assert.equal(differences[0].table, 'account day')
    assert.match(differences[0].stored, /^upload 8,/)
    assert.match(differences[0].recomputed, /^upload 7,/)
    const words = await cli.run(['audit'])
    assert.equal(words.exitCode, 1)
    assert.match(words.stdout, /^account day, .* stored upload 8,.* expected upload 7,/)
    assert.match(
      words.stdout,
      /^1 thing is wrong, of \d derived numbers and 2 ledger rows; no day/m,
    )
  })
})

describe('upkeep of a served store', () => {
  /** Seals `days` days, then fails to purge. */
  function storeThatCannotPurge(days: number) {
    const sealedBefore: number[] = []
    const store: Partial<UsageStore> = {
      readTime: async () => TIME,
      checksumNextDay: async () => false,
      forgetConsoleSessions: async () => 0,
      sealNextDay: async (before) => {
        sealedBefore.push(before)
        return sealedBefore.length <= days
      },
      purge: () => Promise.reject(new Error('the disk is gone')),
    }
    return { store: store as UsageStore, sealedBefore }
  }

  it('seals day after day what is older than 48 hours, and hands on a failure', async () => {
    const { store, sealedBefore } = storeThatCannotPurge(3)
    const failed = Promise.withResolvers<unknown>()
    const upkeep = startUpkeep({ ...upkeepOptions, store, onError: failed.resolve })
    assert.match(String(await failed.promise), /the disk is gone/)
    await upkeep.stop()
    assert.deepEqual(sealedBefore, Array(4).fill(NOW - 48 * 3600))
  })

  it('goes on to the rest where a day is too large to be sealed', async () => {
    const purged = Promise.withResolvers<void>()
    const tooLarge = new UsageError('overflow', 'not sealed')
    const store: Partial<UsageStore> = {
      readTime: async () => TIME,
      checksumNextDay: async () => false,
      forgetConsoleSessions: async () => 0,
      sealNextDay: () => Promise.reject(tooLarge),
      purge: async () => {
        purged.resolve()
        return { ledgerRows: 0, rollupCells: 0, quarantineEntries: 0, done: true }
      },
    }
    const errors: unknown[] = []
    const onError = (error: unknown) => void errors.push(error)
    const upkeep = startUpkeep({ ...upkeepOptions, store: store as UsageStore, onError })
    await purged.promise
    await upkeep.stop()
    assert.deepEqual(errors, [tooLarge])
  })

  it('takes up no further step once it is stopped', async () => {
    const { store, sealedBefore } = storeThatCannotPurge(Number.POSITIVE_INFINITY)
    const errors: unknown[] = []
    const onError = (error: unknown) => errors.push(error)
    const upkeep = startUpkeep({ ...upkeepOptions, store, onError })
    await upkeep.stop()
    const steps = sealedBefore.length
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(sealedBefore.length, steps)
    assert.deepEqual(errors, [])
  })

  it('has a pass a second after records came, one for all of them', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    let passes = 0
    const passed = new EventEmitter()
    const store: Partial<UsageStore> = {
      readTime: async () => TIME,
      checksumNextDay: async () => false,
      forgetConsoleSessions: async () => 0,
      sealNextDay: async () => false,
      purge: async () => {
        passes++
        setImmediate(() => passed.emit('end'))
        return { ledgerRows: 0, rollupCells: 0, quarantineEntries: 0, done: true }
      },
    }
    const upkeep = startUpkeep({
      ...upkeepOptions,
      store: store as UsageStore,
      onError: (error) => assert.fail(String(error)),
    })
    // These come while the first pass is under way.
    upkeep.recordsCame()
    upkeep.recordsCame()
    await once(passed, 'end')
    t.mock.timers.tick(999)
    assert.equal(passes, 1)
    t.mock.timers.tick(1)
    await once(passed, 'end')
    assert.equal(passes, 2)
    // And these while it waits for the next one.
    upkeep.recordsCame()
    upkeep.recordsCame()
    t.mock.timers.tick(1_000)
    await once(passed, 'end')
    t.mock.timers.tick(599_999)
    assert.equal(passes, 3)
    await upkeep.stop()
    upkeep.recordsCame()
    t.mock.timers.tick(600_000)
    assert.equal(passes, 3)
  })

  it('forgets sessions of the console that are over', async (t) => {
    const cli = await CliFixture.open()
    t.after(() => cli.close())
    const store = await openStore(cli.databaseUrl)
    t.after(() => store.close())
    const session = (expiresAt: number): ConsoleSession => ({
      ...{ tokenHash: `${expiresAt}`, credentialSid: sidOf('SK', 1), secretHash: '' },
      ...{ createdAt: NOW - 60, idleUntil: NOW + 60, expiresAt },
    })
    for (const end of [NOW, NOW + 1]) {
      await store.beginConsoleSession(session(end), { replaced: null, sessionsMax: 9 })
    }
    const onError = (error: unknown) => assert.fail(String(error))
    const upkeep = startUpkeep({ ...upkeepOptions, store, onError })
    while ((await store.findConsoleSession(`${NOW}`)) !== null) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    await upkeep.stop()
    assert.notEqual(await store.findConsoleSession(`${NOW + 1}`), null)
  })

  it('tries again ten minutes after a pass has ended', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { store, sealedBefore } = storeThatCannotPurge(0)
    let failed = Promise.withResolvers<unknown>()
    const upkeep = startUpkeep({ ...upkeepOptions, store, onError: (e) => failed.resolve(e) })
    await failed.promise
    // The pass that failed sets its timer when the failure has been handed on.
    await new Promise((resolve) => setImmediate(resolve))
    failed = Promise.withResolvers<unknown>()
    t.mock.timers.tick(10 * 60_000)
    await failed.promise
    await upkeep.stop()
    assert.equal(sealedBefore.length, 2)
  })
})
