/** Many SIMs that report in step: stores of a realistic size, filled batch by batch. */
import type { Account, Feed, Sim } from '../../src/domain/directory.ts'
import { HOUR_SECONDS } from '../../src/domain/time.ts'
import type { UsageEvent } from '../../src/domain/usage-event.ts'
import { BATCH_RECORDS_MAX, type UsageStore } from '../../src/storage/usage-store.ts'
import {
  AT_HOME,
  aBatch,
  abroad,
  aFeed,
  anAccount,
  anEvent,
  anImportStart,
  aSim,
  NATIONAL,
  NOW,
  newSimSid,
} from './builders.ts'

export interface FleetSize {
  readonly accounts: number
  /** Per account. */
  readonly sims: number
  /** UTC seconds. The first reports are in the hour that begins here. */
  readonly start: number
  readonly end: number
  /** Hours between a SIM's reports; 1 by default. */
  readonly everyHours?: number
}

export interface Fleet {
  readonly accounts: readonly Account[]
  readonly sims: readonly Sim[]
  readonly feed: Feed
  readonly importId: number
  readonly records: number
}

const SERVINGS = [AT_HOME, AT_HOME, AT_HOME, NATIONAL, abroad('FR'), abroad('DE', '262-01')]

/** Registers the SIMs and appends what they report, in order of time. */
export async function appendFleet(store: UsageStore, size: FleetSize): Promise<Fleet> {
  const accounts: Account[] = []
  const sims: Sim[] = []
  for (let i = 0; i < size.accounts; i++) {
    const account = await store.createAccount(anAccount())
    const registrations = Array.from({ length: size.sims }, () => aSim())
    const options = { at: NOW, newSid: newSimSid }
    sims.push(...(await store.registerSims(account.id, registrations, options)).sims)
    accounts.push(account)
  }
  const feed = await store.createFeed(aFeed())
  const { id: importId } = await store.beginImport(anImportStart(feed))
  const append = (events: readonly UsageEvent[]) =>
    store.append(aBatch({ importId, feed, events, knownAt: size.start }))
  let batch: UsageEvent[] = []
  let records = 0
  for (const event of reports(sims, size)) {
    records++
    batch.push(event)
    if (batch.length < BATCH_RECORDS_MAX) continue
    await append(batch)
    batch = []
  }
  await append(batch)
  return { accounts, sims, feed, importId, records }
}

function* reports(
  sims: readonly Sim[],
  { start, end, everyHours = 1 }: FleetSize,
): Generator<UsageEvent> {
  let line = 0
  for (let hour = start; hour < end; hour += everyHours * HOUR_SECONDS) {
    for (const [i, { id: simId, accountId }] of sims.entries()) {
      line++
      const day = Math.floor(hour / 86_400)
      yield anEvent({
        simId,
        accountId,
        recordId: `r${line}`,
        occurredAt: hour + ((i * 7_919) % HOUR_SECONDS),
        upload: (line * 7_907) % 100_000,
        download: (line * 104_729) % 1_000_000,
        toSim: line % 50 === 0 ? 1 : 0,
        serving: SERVINGS[(i + day) % SERVINGS.length]!,
        line,
        raw: '',
      })
    }
  }
}
