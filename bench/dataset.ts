/**
 * The data of all measurements: a fleet that reported every hour, in order of time, from the start of a
 * calendar month. Simtally runs as users start it, by the machine's own clock, so the month is the latest
 * whose data ended more than 48 hours ago.
 */
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Account, Feed } from '../src/domain/directory.ts'
import type { Iccid, Sid } from '../src/domain/identifiers.ts'
import { parsePlmn } from '../src/domain/plmn.ts'
import { hashSecret } from '../src/domain/secret.ts'
import { formatInstant, HOUR_SECONDS } from '../src/domain/time.ts'
import type { UsageStore } from '../src/storage/usage-store.ts'

export const RECORDS = 1_000_000
export const SIMS = 1_000
export const NOW = Math.floor(Date.now() / 1000)

const HOURS = RECORDS / SIMS
const LATEST_FIRST_HOUR = NOW - (HOURS + 49) * HOUR_SECONDS

/** The start of the calendar month that contains `atSeconds`, or of the one `months` later. */
export function monthStart(atSeconds: number, months = 0): number {
  const at = new Date(atSeconds * 1000)
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + months, 1) / 1000
}

export const FIRST_HOUR = monthStart(LATEST_FIRST_HOUR)
export const MONTH_END = monthStart(LATEST_FIRST_HOUR, 1)
export const AUTH_TOKEN = 'f'.repeat(32)

const NETWORKS = [
  '310-260',
  '310-410',
  '311-480',
  '334-020',
  '302-720',
  '234-15',
  '262-01',
] as const

export function simSid(index: number): Sid {
  return `DE${index.toString(16).padStart(32, '0')}` as Sid
}

export function iccid(index: number): Iccid {
  return `8914800${index.toString().padStart(12, '0')}` as Iccid
}

/** On most days a device is at home. On a trip, it stays in one place for the day. */
function networkOf(sim: number, hour: number): (typeof NETWORKS)[number] {
  const roll = (sim * 31 + Math.floor(hour / 24) * 17) % 100
  return NETWORKS[roll < 80 ? 0 : 1 + (roll % (NETWORKS.length - 1))]!
}

/** One record of a fleet, by its number in order of time. */
export interface UsedRecord {
  readonly recordId: string
  readonly sim: number
  readonly at: number
  readonly plmn: (typeof NETWORKS)[number]
  readonly upload: number
  readonly download: number
  readonly toSim: number
}

export function recordOf(
  index: number,
  { sims, firstHour }: { readonly sims: number; readonly firstHour: number },
): UsedRecord {
  const hour = Math.floor(index / sims)
  const sim = index % sims
  return {
    recordId: `s${sim}-${index.toString(36)}`,
    sim,
    at: firstHour + hour * HOUR_SECONDS + ((sim * 7_919) % HOUR_SECONDS),
    plmn: networkOf(sim, hour),
    upload: (index * 7_907) % 100_000,
    download: (index * 104_729) % 1_000_000,
    toSim: index % 50 === 0 ? 1 : 0,
  }
}

function csvLine(index: number): string {
  const { recordId, sim, at, plmn, upload, download, toSim } = recordOf(index, {
    sims: SIMS,
    firstHour: FIRST_HOUR,
  })
  return `${recordId},${iccid(sim)},${formatInstant(at)},${plmn},,,${upload},${download},${toSim},0\n`
}

export async function writeCsv(path: string): Promise<void> {
  function* lines(): Generator<string> {
    yield 'record_id,sim,occurred_at,plmn,country,zone,upload,download,to_sim,from_sim\n'
    for (let from = 0; from < RECORDS; from += 1_000) {
      yield Array.from({ length: 1_000 }, (_, i) => csvLine(from + i)).join('')
    }
  }
  await pipeline(Readable.from(lines()), createWriteStream(path))
}

export async function createDirectory(
  store: UsageStore,
): Promise<{ account: Account; feed: Feed }> {
  const made = await createAccountAndFeed(store)
  await store.registerSims(
    made.account.id,
    Array.from({ length: SIMS }, (_, i) => ({ sid: simSid(i), iccid: iccid(i) })),
    { at: NOW, newSid: () => simSid(0) },
  )
  return made
}

/** Creates no SIMs. */
export async function createAccountAndFeed(
  store: UsageStore,
): Promise<{ account: Account; feed: Feed }> {
  const account = await store.createAccount({
    sid: `AC${'0'.repeat(32)}` as Sid,
    name: 'bench',
    authTokenHash: hashSecret(AUTH_TOKEN),
    home: { plmns: [parsePlmn('310-260')!], countries: ['US' as never] },
    createdAt: NOW,
  })
  return { account, feed: await createFeed(store) }
}

export function createFeed(store: UsageStore): Promise<Feed> {
  return store.createFeed({
    name: 'bench',
    format: 'csv',
    settings: {},
    onConflict: 'reject',
    defaultZone: null,
    createdAt: NOW,
  })
}
