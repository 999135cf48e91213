/** What the contract suite needs from an engine, and the small worlds in which its tests start. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Account, Feed, Sim, SimRegistration } from '../../src/domain/directory.ts'
import type { QuarantinedRecord } from '../../src/domain/import.ts'
import { formatInstant } from '../../src/domain/time.ts'
import { UsageError, type UsageErrorCode } from '../../src/domain/usage-error.ts'
import type { ConflictPolicy, UsageEvent } from '../../src/domain/usage-event.ts'
import type { UsageGroup, UsageQuery } from '../../src/domain/usage-query.ts'
import type { AppendOutcome, UsageStore } from '../../src/storage/usage-store.ts'
import {
  aBatch,
  aFeed,
  anAccount,
  anEvent,
  anImportStart,
  aSim,
  instant,
  NOW,
  newSimSid,
} from '../support/builders.ts'
import type { TempStore } from '../support/temp-store.ts'

/** The numbers derived from the ledger, by the names that an audit gives them. */
export const DERIVED_TABLES = ['account hour', 'account day', 'sim day'] as const
export type DerivedTable = (typeof DERIVED_TABLES)[number]

export interface Engine {
  readonly name: string
  /** On a server, every call takes time, so `npm test` runs fewer of the tests that all engines share. */
  readonly isOnServer?: boolean
  /** A new, empty store. */
  readonly open: () => Promise<TempStore>
  /** A store that Simtally itself created in an empty database; others may be copies. */
  readonly make: () => Promise<TempStore>
  /** Another store on an existing database, as another process would open it. */
  readonly reopen: (
    url: string,
    options?: { readonly gatherRowsMax?: number; readonly checksumRowsMax?: number },
  ) => Promise<UsageStore>
  /** Adds one byte to the uploads of one cell of the table, behind the store's back. */
  readonly corrupt: (url: string, table: DerivedTable) => Promise<void>
}

/** An empty store that is disposed of with the test. */
export async function openEmpty(t: TestContext, engine: Engine): Promise<TempStore> {
  const temp = await engine.open()
  t.after(() => temp.dispose())
  return temp
}

export async function reopen(t: TestContext, engine: Engine, url: string): Promise<UsageStore> {
  const store = await engine.reopen(url)
  t.after(() => store.close())
  return store
}

export async function register(
  store: UsageStore,
  account: Account,
  stated: SimRegistration = aSim(),
): Promise<Sim> {
  const { sims } = await store.registerSims(account.id, [stated], { at: NOW, newSid: newSimSid })
  assert.equal(sims.length, 1)
  return sims[0]!
}

/** A store with one account, one SIM, one feed and one running import. */
export interface Ledger {
  readonly temp: TempStore
  readonly store: UsageStore
  readonly account: Account
  readonly sim: Sim
  readonly feed: Feed
  readonly importId: number
  /** An event of the SIM; `at` is its time as ISO text. */
  event(stated: Partial<UsageEvent> & { at?: string }): UsageEvent
  append(
    events: readonly UsageEvent[],
    rest?: { quarantined?: readonly QuarantinedRecord[]; expired?: number; knownAt?: number },
  ): Promise<AppendOutcome>
  /** What the SIM used, as lines of `usageLines`. */
  simUsage(asked?: AskedUsage): Promise<string[]>
  accountUsage(asked?: AskedUsage): Promise<string[]>
  assertAuditClean(): Promise<void>
}

export interface AskedUsage {
  readonly start?: string
  readonly end?: string
  readonly granularity?: UsageQuery['granularity']
}

export async function openLedger(
  t: TestContext,
  engine: Engine,
  { onConflict = 'reject' }: { onConflict?: ConflictPolicy } = {},
): Promise<Ledger> {
  const temp = await openEmpty(t, engine)
  const { store } = temp
  const account = await store.createAccount(anAccount())
  const sim = await register(store, account)
  const feed = await store.createFeed(aFeed({ onConflict }))
  const { id: importId } = await store.beginImport(anImportStart(feed))
  return {
    temp,
    store,
    account,
    sim,
    feed,
    importId,
    event: ({ at, ...stated }) =>
      anEvent({
        simId: sim.id,
        accountId: account.id,
        ...(at === undefined ? {} : { occurredAt: instant(at) }),
        ...stated,
      }),
    append: (events, rest = {}) => store.append(aBatch({ importId, feed, events, ...rest })),
    simUsage: (asked) => usageLines(store, { simId: sim.id }, asked),
    accountUsage: (asked) => usageLines(store, { accountId: account.id }, asked),
    assertAuditClean: () => assertAuditClean(store),
  }
}

/**
 * One line per group, in the store's order: bucket, zone, country, then bytes up and down and Commands to
 * and from the SIM. Groups without usage are left out.
 */
export async function usageLines(
  store: UsageStore,
  scope: UsageQuery['scope'],
  {
    start = '2026-01-01T00:00:00Z',
    end = '2026-04-01T00:00:00Z',
    granularity = 'all',
  }: AskedUsage = {},
): Promise<string[]> {
  const query = { scope, start: instant(start), end: instant(end), granularity }
  return (await store.queryUsage(query)).filter(isUsed).map((group) => {
    const { upload, download, toSim, fromSim } = group
    const where = `${group.zone} ${group.country ?? '-'}`
    return `${formatInstant(group.bucketStart)} ${where} ${upload}/${download}/${toSim}/${fromSim}`
  })
}

function isUsed({ upload, download, toSim, fromSim }: UsageGroup): boolean {
  return [upload, download, toSim, fromSim].some((sum) => sum > 0)
}

export async function assertAuditClean(store: UsageStore): Promise<void> {
  const report = await store.audit()
  assert.deepEqual(report.differences, [])
  assert.equal(report.differenceCount, 0)
}

/** The error that `work` must reject with: a `UsageError` with the code. */
export async function failureOf(code: UsageErrorCode, work: Promise<unknown>): Promise<UsageError> {
  try {
    await work
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error))
    assert.equal(error.code, code, error.message)
    return error
  }
  throw new assert.AssertionError({ message: `expected a failure with ${code}` })
}

/** All orders of a short list. */
export function permutations<T>(list: readonly T[]): T[][] {
  if (list.length <= 1) return [[...list]]
  return list.flatMap((first, i) =>
    permutations(list.toSpliced(i, 1)).map((rest) => [first, ...rest]),
  )
}
