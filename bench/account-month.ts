/**
 * Question: does an account's month take longer to answer if the account has more SIMs? Measured: two
 * accounts on one store with the same number of rollup cells, hour by hour of the same month. In one, 100
 * SIMs report every hour; in the other, 100 000 SIMs report about once in three days.
 */
import { NO_COUNTERS } from '../src/domain/counters.ts'
import type { Iccid, Sid } from '../src/domain/identifiers.ts'
import { parsePlmn } from '../src/domain/plmn.ts'
import { hashSecret } from '../src/domain/secret.ts'
import { formatInstant, HOUR_SECONDS } from '../src/domain/time.ts'
import type { Serving, UsageEvent } from '../src/domain/usage-event.ts'
import { BATCH_RECORDS_MAX, type UsageStore } from '../src/storage/usage-store.ts'
import { AUTH_TOKEN, FIRST_HOUR, NOW } from './dataset.ts'

export const MONTH_HOURS = 31 * 24

/** SIMs registered in one call. */
const REGISTERED_AT_ONCE = 10_000

const SERVINGS: readonly Serving[] = [
  ['310-260', 'US', 'home'],
  ['310-410', 'US', 'national_roaming'],
  ['334-020', 'MX', 'international_roaming'],
  ['302-720', 'CA', 'international_roaming'],
  ['234-15', 'GB', 'international_roaming'],
].map(([plmn, country, zone]) => ({
  plmn: parsePlmn(plmn!)!,
  country: country as Serving['country'],
  zone: zone as Serving['zone'],
  countryStated: false,
  zoneStated: false,
}))

export interface AccountSize {
  /** Distinguishes the accounts of one store: a hexadecimal digit. */
  readonly mark: string
  readonly sims: number
  readonly recordsAnHour: number
}

/** The two accounts to compare. */
export const FEW_SIMS: AccountSize = { mark: 'a', sims: 100, recordsAnHour: 100 }
export const MANY_SIMS: AccountSize = { mark: 'b', sims: 100_000, recordsAnHour: 1_400 }

export function accountSid({ mark }: AccountSize): Sid {
  return `AC${mark.repeat(32)}` as Sid
}

/** One path per granularity: the whole month, with all of its buckets on one page. */
export const MONTH_PATHS = ['hourly', 'daily', 'all'].map((granularity) => {
  const start = formatInstant(FIRST_HOUR)
  const end = formatInstant(FIRST_HOUR + MONTH_HOURS * HOUR_SECONDS)
  return `/v1/UsageRecords?Granularity=${granularity}&PageSize=1000&Start=${start}&End=${end}`
})

/** Fills an account whose SIMs report in turn, hour after hour. Returns the number of its records. */
export async function fillAccount(store: UsageStore, size: AccountSize): Promise<number> {
  const { mark, sims, recordsAnHour } = size
  const account = await store.createAccount({
    sid: accountSid(size),
    name: mark,
    authTokenHash: hashSecret(AUTH_TOKEN),
    home: { plmns: [], countries: ['US' as never] },
    createdAt: NOW,
  })
  const simIds: number[] = []
  for (let from = 0; from < sims; from += REGISTERED_AT_ONCE) {
    const registrations = Array.from(
      { length: Math.min(REGISTERED_AT_ONCE, sims - from) },
      (_, i) => {
        const number = from + i
        return {
          sid: `DE${mark}${number.toString(16).padStart(31, '0')}` as Sid,
          iccid: `89148${mark.charCodeAt(0)}${number.toString().padStart(12, '0')}` as Iccid,
        }
      },
    )
    const newSid = () => registrations[0]!.sid
    const outcome = await store.registerSims(account.id, registrations, { at: NOW, newSid })
    simIds.push(...outcome.sims.map(({ id }) => id))
  }
  const feed = await store.createFeed({
    name: `feed ${mark}`,
    format: 'csv',
    settings: {},
    onConflict: 'reject',
    defaultZone: null,
    createdAt: NOW,
  })
  const started = { feedId: feed.id, accountId: null, source: 'bench', format: 'csv' } as const
  const { id: importId } = await store.beginImport({ ...started, startedAt: NOW })
  const records = MONTH_HOURS * recordsAnHour
  for (let from = 0; from < records; from += BATCH_RECORDS_MAX) {
    const length = Math.min(BATCH_RECORDS_MAX, records - from)
    const events = Array.from({ length }, (_, i): UsageEvent => {
      const number = from + i
      return {
        simId: simIds[number % sims]!,
        accountId: account.id,
        recordId: number.toString(36),
        occurredAt: FIRST_HOUR + Math.floor(number / recordsAnHour) * HOUR_SECONDS,
        ...NO_COUNTERS,
        upload: number % 100_000,
        download: (number * 7_907) % 1_000_000,
        reading: null,
        serving: SERVINGS[number % SERVINGS.length]!,
        line: number + 1,
        raw: '',
      }
    })
    const batch = {
      importId,
      accountId: null,
      feed,
      events,
      quarantined: [],
      expired: 0,
      knownAt: NOW,
    }
    await store.append(batch)
  }
  return records
}
