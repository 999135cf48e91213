/**
 * The reference that answers are compared with: everything delivered, in plain lists, counted by
 * going through all of it. Written from the rules as documented; of the product it uses only the
 * tables of countries and networks, and no rule of what it judges.
 */
import { type ModelSim, type ModelZone, type Place, placeOf, simNamed } from './model-directory.ts'
import { type Asked, periodsOf, retentionLimit } from './model-periods.ts'

const DAY = 86_400

export interface ModelFeed {
  readonly name: string
  readonly onConflict: 'reject' | 'replace' | 'max'
  readonly defaultZone: ModelZone | null
}

/** A record as a carrier means it, whatever it looks like in a file. */
export interface DeliveredRecord {
  readonly recordId: string
  readonly sim: string
  /** UTC seconds. */
  readonly occurredAt: number
  readonly plmn: string | null
  /** Alpha-2. */
  readonly country: string | null
  readonly zone: ModelZone | null
  readonly upload: number
  readonly download: number
  readonly toSim: number
  readonly fromSim: number
}

export type Verdict = 'accepted' | 'duplicate' | 'replaced' | 'quarantined' | 'expired'

interface Entry {
  readonly sim: ModelSim
  readonly feed: ModelFeed
  readonly record: DeliveredRecord
  readonly place: Place
  /** The contents that this entry had before, under `replace`. */
  readonly replaced: readonly string[]
}

export interface Scope {
  readonly accountSid: string
  /** All SIMs of the account when absent. */
  readonly simSid?: string
}

export class UsageModel {
  readonly #sims: readonly ModelSim[]
  readonly #entries = new Map<string, Entry>()

  constructor(sims: readonly ModelSim[]) {
    this.#sims = sims
  }

  /** Takes in one record. `accountSid` is whose key delivers it, null for the operator's. */
  deliver(
    record: DeliveredRecord,
    { feed, accountSid, now }: { feed: ModelFeed; accountSid: string | null; now: number },
  ): Verdict {
    const counters = [record.upload, record.download, record.toSim, record.fromSim]
    if (!counters.every((counter) => Number.isSafeInteger(counter) && counter >= 0)) {
      return 'quarantined'
    }
    if (record.occurredAt > now + DAY) return 'quarantined'
    if (record.occurredAt < retentionLimit(now)) return 'expired'
    const sim = simNamed(this.#sims, record.sim, accountSid)
    if (sim === null) return 'quarantined'
    const place = placeOf(record, sim, feed.defaultZone)
    if (place === null) return 'quarantined'

    const identity = [sim.sid, record.occurredAt, feed.name, record.recordId].join('|')
    const stored = this.#entries.get(identity)
    if (stored === undefined) {
      this.#entries.set(identity, { sim, feed, record, place, replaced: [] })
      return 'accepted'
    }
    const [before, after] = [contentOf(stored.record), contentOf(record)]
    if (before === after) return 'duplicate'
    if (feed.onConflict === 'reject') return 'quarantined'
    if (feed.onConflict === 'replace' && stored.replaced.includes(after)) return 'duplicate'
    if (feed.onConflict === 'max' && !isLarger(record, stored.record)) return 'duplicate'
    this.#entries.set(identity, {
      ...{ sim, feed, record, place },
      replaced: [...stored.replaced, before],
    })
    return 'replaced'
  }

  /** The whole list that the API must answer, or null where the start lies after the end. */
  usageRecords(scope: Scope, asked: Asked, now: number): readonly UsageRecordJson[] | null {
    const level = scope.simSid === undefined ? 'account' : 'sim'
    const keptFrom = retentionLimit(now)
    const ofScope = [...this.#entries.values()].filter(({ sim }) =>
      scope.simSid === undefined ? sim.account.sid === scope.accountSid : sim.sid === scope.simSid,
    )
    const periods = periodsOf(asked, level, now)
    if (periods === null) return null
    return periods.map(({ stated, from, to }) => {
      const counted = ofScope.filter(({ record: { occurredAt } }) => {
        return from <= occurredAt && occurredAt < to && occurredAt >= keptFrom
      })
      return {
        account_sid: scope.accountSid,
        ...(scope.simSid === undefined ? {} : { sim_sid: scope.simSid }),
        period: stated,
        commands: treeOf(counted, commandsOf),
        data: treeOf(counted, dataOf),
      }
    })
  }

  /** What `usageRecords` has counted in each of its periods, in no particular order. */
  usageEvents(scope: Required<Scope>, asked: Asked, now: number): readonly EventJson[][] | null {
    const keptFrom = retentionLimit(now)
    const periods = periodsOf(asked, 'sim', now)
    if (periods === null) return null
    const ofSim = [...this.#entries.values()].filter(({ sim }) => sim.sid === scope.simSid)
    return periods.map(({ from, to }) =>
      ofSim
        .filter(({ record: { occurredAt: at } }) => from <= at && at < to && at >= keptFrom)
        .map(({ feed, record, place, replaced }) => ({
          feed: feed.name,
          record_id: record.recordId,
          occurred_at: new Date(record.occurredAt * 1000).toISOString().replace('.000Z', 'Z'),
          zone: place.zone,
          country_code: place.country,
          plmn: record.plmn,
          upload: BigInt(record.upload),
          download: BigInt(record.download),
          to_sim: BigInt(record.toSim),
          from_sim: BigInt(record.fromSim),
          replaced: replaced.length,
        })),
    )
  }
}

/** A usage event as its JSON reads, with every number as a bigint, and of its history the length. */
export interface EventJson {
  readonly feed: string
  readonly record_id: string
  readonly occurred_at: string
  readonly zone: ModelZone
  readonly country_code: string | null
  readonly plmn: string | null
  readonly upload: bigint
  readonly download: bigint
  readonly to_sim: bigint
  readonly from_sim: bigint
  readonly replaced: number
}

/** Everything a record says besides which SIM it names, by whichever of its names. */
function contentOf(record: DeliveredRecord): string {
  const { upload, download, toSim, fromSim, plmn, country, zone } = record
  return JSON.stringify([upload, download, toSim, fromSim, plmn, country, zone])
}

/**
 * More bytes are the later reading of a cumulative counter; with as many bytes, more Commands. The
 * rest of the order only has to be one: whichever version comes first, the same one is kept.
 */
function isLarger(a: DeliveredRecord, b: DeliveredRecord): boolean {
  const keys = [a, b].map((record) => [
    BigInt(record.upload) + BigInt(record.download),
    BigInt(record.toSim) + BigInt(record.fromSim),
    record.upload,
    record.toSim,
    `${record.plmn ?? ''}|${record.country ?? ''}|${record.zone ?? ''}`,
  ])
  const position = keys[0]!.findIndex((key, i) => key !== keys[1]![i])
  return position !== -1 && keys[0]![position]! > keys[1]![position]!
}

interface DataJson {
  readonly total: bigint
  readonly upload: bigint
  readonly download: bigint
  readonly units: 'bytes'
}

interface CommandsJson {
  readonly total: bigint
  readonly to_sim: bigint
  readonly from_sim: bigint
}

export type TreeJson<T> = T & {
  readonly home: T | null
  readonly national_roaming: T | null
  /** Ordered by country code. */
  readonly international_roaming: readonly (T & { readonly country_code: string })[]
}

/** A usage record as its JSON reads, with every number as a bigint. */
export interface UsageRecordJson {
  readonly account_sid: string
  readonly sim_sid?: string
  readonly period: { readonly start: string; readonly end: string }
  readonly commands: TreeJson<CommandsJson>
  readonly data: TreeJson<DataJson>
}

function treeOf<T extends { readonly total: bigint }>(
  entries: readonly Entry[],
  count: (entries: readonly Entry[]) => T,
): TreeJson<T> {
  const inZone = (zone: ModelZone) => entries.filter(({ place }) => place.zone === zone)
  const orNull = (counted: T) => (counted.total === 0n ? null : counted)
  const abroad = inZone('international_roaming')
  const countries = [...new Set(abroad.map(({ place }) => place.country!))].sort()
  return {
    ...count(entries),
    home: orNull(count(inZone('home'))),
    national_roaming: orNull(count(inZone('national_roaming'))),
    international_roaming: countries
      .map((code) => {
        const there = abroad.filter(({ place }) => place.country === code)
        return { ...count(there), country_code: code }
      })
      .filter(({ total }) => total !== 0n),
  }
}

function dataOf(entries: readonly Entry[]): DataJson {
  const upload = sum(entries, ({ record }) => record.upload)
  const download = sum(entries, ({ record }) => record.download)
  return { total: upload + download, upload, download, units: 'bytes' }
}

function commandsOf(entries: readonly Entry[]): CommandsJson {
  const toSim = sum(entries, ({ record }) => record.toSim)
  const fromSim = sum(entries, ({ record }) => record.fromSim)
  return { total: toSim + fromSim, to_sim: toSim, from_sim: fromSim }
}

function sum(entries: readonly Entry[], counter: (entry: Entry) => number): bigint {
  return entries.reduce((total, entry) => total + BigInt(counter(entry)), 0n)
}
