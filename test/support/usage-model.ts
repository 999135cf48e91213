/**
 * The reference for answers: everything delivered, in plain lists, counted by going through all of it. It
 * is written from the documented rules. Of the product it uses only the tables of countries and networks,
 * and none of the rules that it judges.
 */
import { type ModelSim, type ModelZone, type Place, placeOf, simNamed } from './model-directory.ts'
import { type Asked, periodsOf, retentionLimit } from './model-periods.ts'

const DAY = 86_400

export interface ModelFeed {
  readonly name: string
  readonly onConflict: 'reject' | 'replace' | 'max'
  readonly defaultZone: ModelZone | null
  /** The SID of the only account whose SIMs its records can mean; null for any. */
  readonly boundTo: string | null
}

/** A record as a carrier means it, however it is written in a file. */
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

export const VERDICTS = ['accepted', 'duplicate', 'replaced', 'quarantined', 'expired'] as const
export type Verdict = (typeof VERDICTS)[number]
export type Counts = Record<Verdict, number>

/** Why a record waits, among the reasons that random records can have. */
export type Reason = 'invalid_field' | 'future' | 'unknown_sim' | 'unknown_network' | 'conflict'

/** A delivered record, with its origin. */
interface Delivered {
  readonly record: DeliveredRecord
  readonly feed: ModelFeed
  readonly accountSid: string | null
  /** The import's number, which grows, and the record's place in it. */
  readonly import: number
  readonly line: number
}

interface Version extends Delivered {
  readonly place: Place
  /** Deliveries of the same content: this one, and those that repeat it. */
  readonly deliveries: readonly Delivered[]
}

interface Entry {
  readonly sim: ModelSim
  /** All known versions; the last one counts. */
  readonly versions: readonly Version[]
}

interface Waiting extends Delivered {
  readonly reason: Reason
}

export interface ModelImport {
  status: 'done' | 'undone'
  readonly counts: Counts
}

export interface WaitingFilter {
  readonly import?: number
  readonly feed?: string
  readonly reason?: Reason
}

export function noCounts(): Counts {
  return { accepted: 0, duplicate: 0, replaced: 0, quarantined: 0, expired: 0 }
}

export interface Scope {
  readonly accountSid: string
  /** All SIMs of the account if absent. */
  readonly simSid?: string
}

export class UsageModel {
  readonly #sims: ModelSim[]
  readonly #entries = new Map<string, Entry>()
  readonly #imports: ModelImport[] = []
  #waiting: Waiting[] = []
  /** Usage before this is gone for good. */
  #purgedBefore = Number.NEGATIVE_INFINITY
  /** The newest day with usage when the present import began; null if there was none. */
  #newestDay: number | null = null

  constructor(sims: readonly ModelSim[]) {
    this.#sims = [...sims]
  }

  /** A copy in the same state, which may then diverge. */
  copy(): UsageModel {
    const copy = new UsageModel(this.#sims)
    for (const [identity, entry] of this.#entries) copy.#entries.set(identity, entry)
    for (const { status, counts } of this.#imports) {
      copy.#imports.push({ status, counts: { ...counts } })
    }
    copy.#waiting = [...this.#waiting]
    copy.#purgedBefore = this.#purgedBefore
    copy.#newestDay = this.#newestDay
    return copy
  }

  register(sim: ModelSim): void {
    this.#sims.push(sim)
  }

  purge(before: number): void {
    this.#purgedBefore = Math.max(this.#purgedBefore, before)
    for (const [identity, { versions }] of this.#entries) {
      if (versions[0]!.record.occurredAt < before) this.#entries.delete(identity)
    }
  }

  /** Begins an import and returns its number. */
  beginImport(): number {
    this.#learnNewestDay()
    this.#imports.push({ status: 'done', counts: noCounts() })
    return this.#imports.length - 1
  }

  get imports(): readonly ModelImport[] {
    return this.#imports
  }

  /** `import reason` for everything that waits. */
  get waiting(): readonly string[] {
    return this.#waiting.map(({ import: of, reason }) => `${of} ${reason}`).sort()
  }

  /**
   * Takes the next record of the newest import. `accountSid` is the account whose key delivers it; null
   * for the operator's.
   */
  deliver(
    record: DeliveredRecord,
    { feed, accountSid, now }: { feed: ModelFeed; accountSid: string | null; now: number },
  ): Verdict {
    const number = this.#imports.length - 1
    const { counts } = this.#imports[number]!
    const line = VERDICTS.reduce((sum, verdict) => sum + counts[verdict], 1)
    const delivered: Delivered = { record, feed, accountSid, import: number, line }
    const result = this.#take(delivered, now)
    const isVerdict = (VERDICTS as readonly string[]).includes(result)
    const verdict = isVerdict ? (result as Verdict) : 'quarantined'
    if (!isVerdict) this.#waiting.push({ ...delivered, reason: result as Reason })
    counts[verdict] += 1
    return verdict
  }

  /** Usage proves the time, as it stands when records begin to come. */
  #learnNewestDay(): void {
    const instants = [...this.#entries.values()].map(
      ({ versions }) => versions[0]!.record.occurredAt,
    )
    const newest = Math.max(...instants)
    this.#newestDay = instants.length === 0 ? null : newest - (newest % DAY)
  }

  /** A clock expires nothing newer than 18 months before two days after the newest day. */
  #keptFrom(now: number): number {
    const borneOut = this.#newestDay === null ? now : Math.min(now, this.#newestDay + 2 * DAY)
    return Math.max(retentionLimit(borneOut), this.#purgedBefore)
  }

  /** What becomes of a record now: its verdict, or why it has to wait. */
  #take(
    delivered: Delivered,
    now: number,
    isAccepted = false,
  ): Exclude<Verdict, 'quarantined'> | Reason {
    const { record, feed, accountSid } = delivered
    const counters = [record.upload, record.download, record.toSim, record.fromSim]
    if (!counters.every((counter) => Number.isSafeInteger(counter) && counter >= 0)) {
      return 'invalid_field'
    }
    if (record.occurredAt > now + DAY) return 'future'
    if (record.occurredAt < this.#keptFrom(now)) return 'expired'
    const sim = simNamed(this.#sims, record.sim, [accountSid, feed.boundTo])
    if (sim === null) return 'unknown_sim'
    const place = placeOf(record, sim, feed.defaultZone)
    if (place === null) return 'unknown_network'

    const identity = [sim.sid, record.occurredAt, feed.name, record.recordId].join('|')
    const version: Version = { ...delivered, place, deliveries: [delivered] }
    const known = this.#entries.get(identity)?.versions ?? []
    const last = known.at(-1)
    if (last === undefined) {
      this.#entries.set(identity, { sim, versions: [version] })
      return 'accepted'
    }
    const same = known.find((other) => contentOf(other.record) === contentOf(record))
    if (same === last || (same !== undefined && !isAccepted && rankOf(version) <= rankOf(same))) {
      const deliveries = [...same!.deliveries, delivered]
      const isAbove = rankOf(delivered) > rankOf(same!)
      const repeated = isAbove ? bestOf(same!, deliveries) : { ...same!, deliveries }
      const versions = known.map((other) => (other === same ? repeated : other))
      this.#entries.set(identity, { sim, versions })
      return 'duplicate'
    }
    // What only an account has stated is new when the operator states it.
    const others = known.filter((other) => other !== same)
    const counted = { ...version, deliveries: [...(same?.deliveries ?? []), delivered] }
    if (rankOf(version) < rankOf(last)) return 'conflict'
    if (rankOf(version) > rankOf(last) || isAccepted) {
      this.#entries.set(identity, { sim, versions: [...others, counted] })
      return 'replaced'
    }
    if (feed.onConflict === 'reject') return 'conflict'
    // A recycled record may have been delivered before others that are already counted.
    const versions = placed(others, counted)
    this.#entries.set(identity, { sim, versions })
    return versions.at(-1) === counted ? 'replaced' : 'duplicate'
  }

  /** Undoes an import, and returns what has changed. */
  undo(number: number): {
    removed: number
    restored: number
    kept: number
    quarantineEntries: number
  } {
    const counts = { removed: 0, restored: 0, kept: 0 }
    for (const [identity, { sim, versions }] of this.#entries) {
      const counted = versions.at(-1)!
      const left = withoutImport(versions, number)
      const last = left.at(-1)
      if (last === undefined) {
        counts.removed++
        this.#entries.delete(identity)
        continue
      }
      if (contentOf(last.record) !== contentOf(counted.record)) counts.restored++
      else if (counted.import === number) counts.kept++
      this.#entries.set(identity, { sim, versions: left })
    }
    const before = this.#waiting.length
    this.#waiting = this.#waiting.filter((waiting) => waiting.import !== number)
    this.#imports[number]!.status = 'undone'
    return { ...counts, quarantineEntries: before - this.#waiting.length }
  }

  /** Tries waiting records again. One verdict each; `quarantined` for those that keep waiting. */
  recycle(filter: WaitingFilter, now: number): Counts {
    const verdicts = noCounts()
    let looked: number | null = null
    const isMeant = (waiting: Waiting) =>
      (filter.import === undefined || waiting.import === filter.import) &&
      (filter.feed === undefined || waiting.feed.name === filter.feed) &&
      (filter.reason === undefined || waiting.reason === filter.reason)
    this.#waiting = this.#waiting.flatMap((waiting) => {
      if (!isMeant(waiting)) return [waiting]
      if (looked !== waiting.import) this.#learnNewestDay()
      looked = waiting.import
      const result = this.#take(waiting, now)
      if (!(VERDICTS as readonly string[]).includes(result)) {
        verdicts.quarantined += 1
        return [{ ...waiting, reason: result as Reason }]
      }
      const { counts } = this.#imports[waiting.import]!
      counts.quarantined -= 1
      counts[result as Verdict] += 1
      verdicts[result as Verdict] += 1
      return []
    })
    return verdicts
  }

  /** Accepts a conflict that waits on a feed with `reject`; null if there is none. */
  accept(which: number, now: number): { import: number; position: number; counts: Counts } | null {
    const conflicts = this.#waiting
      .filter(({ reason, feed }) => reason === 'conflict' && feed.onConflict === 'reject')
      .toSorted((a, b) => a.import - b.import || a.line - b.line)
    const accepted = conflicts[which % conflicts.length]
    if (accepted === undefined) return null
    this.#learnNewestDay()
    const result = this.#take(accepted, now, true)
    const counts = noCounts()
    const isCounted = (VERDICTS as readonly string[]).includes(result)
    counts[isCounted ? (result as Verdict) : 'quarantined'] += 1
    const { counts: ofImport } = this.#imports[accepted.import]!
    const position = conflicts.filter(({ import: of }) => of === accepted.import).indexOf(accepted)
    this.#waiting = this.#waiting.flatMap((waiting) => {
      if (waiting !== accepted) return [waiting]
      return isCounted ? [] : [{ ...waiting, reason: result as Reason }]
    })
    if (isCounted) {
      ofImport.quarantined -= 1
      ofImport[result as Verdict] += 1
    }
    return { import: accepted.import, position, counts }
  }

  /** What counts now, by account, SIM, zone and country. Places without usage are absent. */
  totals(): ReadonlyMap<string, readonly bigint[]> {
    const totals = new Map<string, bigint[]>()
    for (const { sim, versions } of this.#entries.values()) {
      const { place, record } = versions.at(-1)!
      const key = [sim.account.sid, sim.sid, place.zone, place.country].join(' ')
      const sums = totals.get(key) ?? [0n, 0n, 0n, 0n]
      const counters = [record.upload, record.download, record.toSim, record.fromSim]
      totals.set(
        key,
        counters.map((counter, i) => sums[i]! + BigInt(counter)),
      )
    }
    return new Map([...totals].filter(([, sums]) => sums.some((sum) => sum !== 0n)))
  }

  /** The whole list that the API must return, or null if the start lies after the end. */
  usageRecords(scope: Scope, asked: Asked, now: number): readonly UsageRecordJson[] | null {
    const level = scope.simSid === undefined ? 'account' : 'sim'
    const keptFrom = retentionLimit(now)
    const ofScope = [...this.#entries.values()].filter(({ sim }) =>
      scope.simSid === undefined ? sim.account.sid === scope.accountSid : sim.sid === scope.simSid,
    )
    const periods = periodsOf(asked, level, now)
    if (periods === null) return null
    return periods.map(({ stated, from, to }) => {
      const counted = ofScope.map(counting).filter(({ record: { occurredAt } }) => {
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
        .map((entry) => ({ ...counting(entry), replaced: entry.versions.length - 1 }))
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
          replaced,
        })),
    )
  }
}

/** A usage event as in its JSON, with every number as a bigint, and only the length of its history. */
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

/** The version that counts. */
function counting({ versions }: Entry): Version {
  return versions.at(-1)!
}

/** The operator's versions outrank those of an account. */
function rankOf({ accountSid }: Delivered): number {
  return accountSid === null ? 1 : 0
}

/** The version with the highest-ranking of its deliveries, and among equals the first. */
function bestOf(version: Version, deliveries: readonly Delivered[]): Version {
  const [best] = deliveries.toSorted((a, b) => rankOf(b) - rankOf(a) || (cameAfter(a, b) ? 1 : -1))
  const { record: _, ...provenance } = best!
  return { ...version, ...provenance, deliveries }
}

function withoutImport(versions: readonly Version[], number: number): readonly Version[] {
  const leftOf = (version: Version): Version[] => {
    const { deliveries } = withoutDeliveries(version, number)
    if (version.import !== number) return [{ ...version, deliveries }]
    return deliveries.length === 0 ? [] : [bestOf(version, deliveries)]
  }
  // A person's decision stands, except against a version of higher rank.
  if (versions[0]!.feed.onConflict === 'reject') {
    return versions.flatMap(leftOf).toSorted((a, b) => rankOf(a) - rankOf(b))
  }
  const others = versions.filter((version) => version.import !== number)
  return versions
    .filter((version) => version.import === number)
    .flatMap(leftOf)
    .reduce(placed, others.flatMap(leftOf))
}

function withoutDeliveries(version: Version, number: number): Version {
  const deliveries = version.deliveries.filter(({ import: of }) => of !== number)
  return { ...version, deliveries }
}

/**
 * Puts a version in its place: above what it outranks, then by size under `max`, otherwise by delivery.
 */
function placed(versions: readonly Version[], version: Version): readonly Version[] {
  const at = versions.findIndex((other) => {
    if (rankOf(other) !== rankOf(version)) return rankOf(other) > rankOf(version)
    return version.feed.onConflict === 'max'
      ? isLarger(other.record, version.record)
      : cameAfter(other, version)
  })
  return versions.toSpliced(at === -1 ? versions.length : at, 0, version)
}

/** In order of delivery, which is that of imports and of the records in them. */
function cameAfter(a: Delivered, b: Delivered): boolean {
  return a.import > b.import || (a.import === b.import && a.line > b.line)
}

/** Everything a record states except which SIM it names, which it may do by any name. */
function contentOf(record: DeliveredRecord): string {
  const { upload, download, toSim, fromSim, plmn, country, zone } = record
  return JSON.stringify([upload, download, toSim, fromSim, plmn, country, zone])
}

/**
 * More bytes are the later reading of a cumulative counter; if the bytes are equal, more Commands are.
 * The rest of the order may be arbitrary, as long as the same version is kept whichever comes first.
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

/** A usage record as in its JSON, with every number as a bigint. */
export interface UsageRecordJson {
  readonly account_sid: string
  readonly sim_sid?: string
  readonly period: { readonly start: string; readonly end: string }
  readonly commands: TreeJson<CommandsJson>
  readonly data: TreeJson<DataJson>
}

function treeOf<T extends { readonly total: bigint }>(
  entries: readonly Version[],
  count: (entries: readonly Version[]) => T,
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

function dataOf(entries: readonly Version[]): DataJson {
  const upload = sum(entries, ({ record }) => record.upload)
  const download = sum(entries, ({ record }) => record.download)
  return { total: upload + download, upload, download, units: 'bytes' }
}

function commandsOf(entries: readonly Version[]): CommandsJson {
  const toSim = sum(entries, ({ record }) => record.toSim)
  const fromSim = sum(entries, ({ record }) => record.fromSim)
  return { total: toSim + fromSim, to_sim: toSim, from_sim: fromSim }
}

function sum(entries: readonly Version[], counter: (entry: Version) => number): bigint {
  return entries.reduce((total, entry) => total + BigInt(counter(entry)), 0n)
}
