/** Turns a carrier's record into a usage event: finds its SIM and classifies its network. */
import { classify, type HomeSet, type StatedNetwork } from '../domain/classification.ts'
import { countersOf } from '../domain/counters.ts'
import type { Account, Feed } from '../domain/directory.ts'
import { maskIdentifier, simIdentities, spreadsheetDamage } from '../domain/identifiers.ts'
import type { KeptRecord, QuarantinedRecord } from '../domain/import.ts'
import { type NameScope, nameScopeOf, simNamesInWords } from '../domain/sim-names.ts'
import { tenureAt } from '../domain/sim-tenure.ts'
import {
  type ConfirmedTime,
  type RecordLimits,
  recordLimits,
  type StoreTime,
} from '../domain/store-time.ts'
import { DAY_SECONDS, formatInstant } from '../domain/time.ts'
import { shown } from '../domain/usage-error.ts'
import type { Serving, UsageEvent } from '../domain/usage-event.ts'
import type { SimMatch, SimTenure, UsageStore } from '../storage/usage-store.ts'
import { Corrections, type LedgerOfStore, unclearCorrection } from './corrections.ts'
import { type CdrRecord, faultOf, isFault, type ReadRecord } from './formats/cdr-format.ts'
import { ownCopy } from './formats/remembered.ts'

/** Carriers' clocks run ahead by minutes; a record further in the future than this is a mistake. */
export const FUTURE_SECONDS_MAX = DAY_SECONDS

/** How many SIMs are remembered during one import. With more distinct SIMs, some are asked for again. */
const SIMS_REMEMBERED_MAX = 500_000

/**
 * How many classifications are remembered. A delivery has some hundreds, unless its networks are random.
 */
const SERVINGS_REMEMBERED_MAX = 100_000

/** All SIMs with the same home set share it. */
interface KnownHome {
  readonly set: HomeSet
  /** Computed once per network. */
  readonly servings: Map<StatedNetwork, Serving | null>
}

interface KnownTenure extends Pick<SimMatch, 'simId' | 'accountId'> {
  readonly home: KnownHome
}

interface KnownSim extends KnownTenure {
  /** Set for a SIM that has moved; for others, the same holds at any time. */
  readonly tenures: readonly (KnownTenure & Span)[] | null
}

type Span = Pick<SimTenure, 'startedAt' | 'endedAt'>

export interface ResolvedRecords {
  readonly events: UsageEvent[]
  /** What could not be resolved, and the faults already found while reading. */
  readonly quarantined: QuarantinedRecord[]
  /** Records older than retention. */
  readonly expired: number
}

/** What resolving needs from the store. */
export type ResolverStore = Pick<UsageStore, 'resolveSims' | 'readTime' | 'readConfirmedTime'> &
  LedgerOfStore

export class EventResolver {
  readonly #store: ResolverStore
  readonly #feed: Feed
  readonly #scope: NameScope
  readonly #corrections: Corrections
  readonly #sims = new Map<string, KnownSim>()
  readonly #homes = new Map<string, KnownHome>()
  #servingsRemembered = 0
  /** One of each SIM's names in records; created when first asked for. */
  #names: ReadonlyMap<number, string> | null = null
  #confirmed: ConfirmedTime | null = null
  #time: StoreTime | null = null

  /** With an `account`, SIMs of other accounts are unknown. */
  constructor(store: ResolverStore, feed: Feed, account: Account | null) {
    this.#store = store
    this.#feed = feed
    this.#scope = nameScopeOf(feed, account)
    this.#corrections = new Corrections(store, feed)
  }

  /** True if a record replaces one that has to be stored before it. */
  hasCorrections(records: readonly ReadRecord[]): boolean {
    return this.#corrections.areAmong(records)
  }

  /** Both lists of the result keep the order of the records. */
  async resolve(records: readonly ReadRecord[], nowSeconds: number): Promise<ResolvedRecords> {
    const resolved = { events: [] as UsageEvent[], quarantined: [] as QuarantinedRecord[] }
    let expired = 0
    for (const result of await this.resolveEach(records, nowSeconds)) {
      if (result === 'expired') expired++
      else if ('reason' in result) resolved.quarantined.push(result)
      else resolved.events.push(result)
    }
    return { ...resolved, expired }
  }

  /** One result per record, in their order. */
  async resolveEach(
    records: readonly ReadRecord[],
    nowSeconds: number,
  ): Promise<(UsageEvent | QuarantinedRecord | 'expired')[]> {
    // Asked together, so that SQLite reads their pages only once.
    const [sims, limits] = await Promise.all([
      this.#simsOf(records),
      this.#limits(records, nowSeconds),
    ])
    const results = records.map((record, i) => {
      if (isFault(record)) return record
      if (record.occurredAt < limits.keptFrom) return 'expired'
      const result = this.#resolveOne(record, sims[i], limits.latestAt)
      return 'reason' in result ? { ...result, record: keptRecord(record) } : result
    })
    return this.hasCorrections(records) ? await this.#placed(results, records) : results
  }

  /** Corrections with the ids of what they correct. */
  async #placed(
    results: readonly (UsageEvent | QuarantinedRecord | 'expired')[],
    records: readonly ReadRecord[],
  ): Promise<(UsageEvent | QuarantinedRecord | 'expired')[]> {
    const events = results.filter((one) => one !== 'expired' && !('reason' in one)) as UsageEvent[]
    const placed: (UsageEvent | QuarantinedRecord | 'expired')[] = []
    for (const [i, result] of results.entries()) {
      if (result === 'expired' || 'reason' in result) {
        placed.push(result)
        continue
      }
      const place = await this.#corrections.placeOf(result, events)
      if ('recordId' in place) placed.push({ ...result, recordId: place.recordId })
      else {
        const fault = faultOf(result.line, result.raw, unclearCorrection(result, place.candidates))
        placed.push({ ...fault, record: keptRecord(records[i] as CdrRecord) })
      }
    }
    return placed
  }

  /**
   * What quarantine keeps of an event that the store has no room for. The parsed content is missing if
   * more SIMs have come since than are remembered; then it is read again from its text.
   */
  quarantinedEvent(event: UsageEvent, fault: Parameters<typeof faultOf>[2]): QuarantinedRecord {
    this.#names ??= new Map(
      [...this.#sims].flatMap(([name, sim]) =>
        (sim.tenures ?? [sim]).map(({ simId }) => [simId, name] as const),
      ),
    )
    const record = faultOf(event.line, event.raw, fault)
    const sim = this.#names.get(event.simId)
    return sim === undefined ? record : { ...record, record: keptEvent(event, sim) }
  }

  /** The effect of a slow clock is checked only if the record would be in the future by it. */
  async #limits(records: readonly ReadRecord[], nowSeconds: number): Promise<RecordLimits> {
    const latestAt = nowSeconds + FUTURE_SECONDS_MAX
    const isAhead = records.some((record) => !isFault(record) && record.occurredAt > latestAt)
    this.#confirmed ??= await this.#store.readConfirmedTime()
    if (isAhead) this.#time ??= await this.#store.readTime()
    return recordLimits(nowSeconds, { ...this.#time, ...this.#confirmed })
  }

  #resolveOne(
    record: CdrRecord,
    known: KnownSim | undefined,
    nowSeconds: number,
  ): UsageEvent | QuarantinedRecord {
    if (record.occurredAt > nowSeconds + FUTURE_SECONDS_MAX) {
      const at = formatInstant(record.occurredAt)
      return faultOf(record.line, record.raw, {
        reason: 'future',
        field: 'occurred_at',
        detail: `occurred_at ${at}: more than one day after now, ${formatInstant(nowSeconds)}`,
      })
    }
    const { retirement } = this.#feed
    if (retirement !== null && record.occurredAt >= retirement.at) {
      return afterRetirement(record, retirement.at)
    }
    const held = known?.tenures ? tenureAt(known.tenures, record.occurredAt) : null
    const sim = held === null ? known : held
    if (sim === undefined) {
      return faultOf(record.line, record.raw, {
        reason: 'unknown_sim',
        field: 'sim',
        detail: `sim ${shown(maskIdentifier(record.sim))}: ${this.#whyUnknown(record.sim)}`,
      })
    }
    const serving = this.#servingOf(sim, record.network)
    if (serving === null) return unknownNetwork(record)
    return {
      simId: sim.simId,
      accountId: sim.accountId,
      ...(held && { heldSince: held.startedAt }),
      recordId: record.recordId,
      occurredAt: record.occurredAt,
      // Written out, because there are many events.
      upload: record.counters.upload,
      download: record.counters.download,
      toSim: record.counters.toSim,
      fromSim: record.counters.fromSim,
      serving,
      reading: record.reading,
      line: record.line,
      raw: record.raw,
    }
  }

  #whyUnknown(name: string): string {
    const { kinds } = this.#scope
    const damage = spreadsheetDamage(name)
    if (damage !== null) return `no SIM is registered with this name; ${damage}`
    return kinds.length === 0 || simIdentities(name, kinds).length > 0
      ? 'no SIM is registered with this name'
      : `records of this feed name SIMs by ${simNamesInWords(kinds)} only`
  }

  #servingOf(sim: KnownTenure, network: StatedNetwork): Serving | null {
    const { set, servings } = sim.home
    const known = servings.get(network)
    if (known !== undefined) return known
    const serving = classify(network, set, this.#feed.defaultZone)
    if (++this.#servingsRemembered > SERVINGS_REMEMBERED_MAX) {
      for (const home of this.#homes.values()) home.servings.clear()
      this.#servingsRemembered = 1
    }
    servings.set(network, serving)
    return serving
  }

  /** The SIM named by each record, if it is known, by the record's position. */
  async #simsOf(records: readonly ReadRecord[]): Promise<(KnownSim | undefined)[]> {
    const unknown = new Set<string>()
    const sims = records.map((record) => {
      if (isFault(record)) return undefined
      const known = this.#sims.get(record.sim)
      if (known === undefined) unknown.add(record.sim)
      return known
    })
    if (unknown.size === 0) return sims
    await this.#learnSims(unknown)
    return records.map((record, i) => {
      return sims[i] ?? (isFault(record) ? undefined : this.#sims.get(record.sim))
    })
  }

  async #learnSims(unknown: ReadonlySet<string>): Promise<void> {
    this.#names = null
    if (this.#sims.size + unknown.size > SIMS_REMEMBERED_MAX) {
      this.#sims.clear()
      this.#homes.clear()
    }
    const found = await this.#store.resolveSims([...unknown], this.#scope)
    for (const [name, { simId, accountId, home, tenures }] of found) {
      const known = tenures?.map((tenure) => ({ ...tenure, home: this.#known(tenure.home) }))
      const sim = { simId, accountId, home: this.#known(home), tenures: known ?? null }
      this.#sims.set(ownCopy(name), sim)
    }
  }

  #known(set: HomeSet): KnownHome {
    const key = `${set.plmns.join(' ')}|${set.countries.join(' ')}`
    let home = this.#homes.get(key)
    if (home === undefined) {
      home = { set, servings: new Map() }
      this.#homes.set(key, home)
    }
    return home
  }
}

/** Late records of a retired feed are welcome, but usage after its end is a mistake somewhere. */
function afterRetirement({ line, raw, occurredAt }: CdrRecord, retiredAt: number) {
  return faultOf(line, raw, {
    reason: 'feed_retired',
    field: 'occurred_at',
    detail:
      `occurred_at ${formatInstant(occurredAt)}: the feed has been retired since ` +
      `${formatInstant(retiredAt)}, and brings no usage from then on`,
  })
}

/** What quarantine keeps of it, so that it can be counted later. */
function keptRecord(record: CdrRecord): KeptRecord {
  const { recordId, sim, occurredAt, network, counters } = record
  return {
    ...{ recordId, sim, occurredAt },
    ...{ plmn: network.plmn, country: network.country, zone: network.zone },
    ...counters,
    reading: record.reading,
  }
}

function keptEvent({ serving, ...event }: UsageEvent, sim: string): KeptRecord {
  const { recordId, occurredAt, reading } = event
  return {
    ...{ recordId, sim, occurredAt, ...countersOf(event), reading },
    plmn: serving.plmn,
    country: serving.countryStated ? serving.country : null,
    zone: serving.zoneStated ? serving.zone : null,
  }
}

function unknownNetwork({ line, raw, network: { plmn, country, zone } }: CdrRecord) {
  const stated = [
    plmn === null ? 'no plmn' : `plmn ${plmn}, whose country is not known`,
    country === null ? 'no country' : `country ${country}`,
    ...(zone === null ? [] : [`zone ${zone}`]),
  ]
  return faultOf(line, raw, {
    reason: 'unknown_network',
    field: 'plmn',
    detail: `the record states ${stated.join(' and ')}: it cannot be told where it was used`,
  })
}
