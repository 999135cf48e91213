/** Applies the present home sets to usage that was classified by earlier ones. */
import { classify, effectiveHomeSet, type HomeSet } from '../../domain/classification.ts'
import type { Account } from '../../domain/directory.ts'
import { DAY_SECONDS } from '../../domain/time.ts'
import { ZONES, type Zone } from '../../domain/usage-event.ts'
import { logAct } from '../acts.ts'
import { findAccountById, listAccounts, listFeeds } from '../directory/reads.ts'
import { actsOfLife } from '../life-acts.ts'
import type { LedgerPlace, Reclassification, ReclassifyOutcome } from '../life-store.ts'
import { type Limits, readLimits } from '../limits.ts'
import { homeSetFromRow, type Row, type StoredEvent, storedEventFromRow } from '../rows.ts'
import { all, type NamedRows, run, type Steps } from '../session.ts'
import { CONTENT_COLUMNS, IDENTITY_COLUMNS } from '../tables.ts'
import { bucketsOfDay, dayOf, mergedText } from './buckets.ts'
import { identityFromRow, type LedgerChange, writeLedgerChanges } from './changes.ts'
import { nextDay } from './upkeep.ts'
import { UsageChanges } from './usage-deltas.ts'

/** Rows in memory at a time. */
const PAGE_ROWS_MAX = 20_000

/**
 * A day's rows after a place whose records did not state a zone, ordered by place. A step thus continues
 * where the last one ended, whichever buckets the rows lie in by then. Each bucket is read in order, and
 * no further than needed. Parameters: since, the place, limit, the account or null, and the buckets.
 */
function selectRows({ accountId }: Reclassification, buckets: readonly number[]): string {
  const rows = mergedText(
    buckets,
    8,
    (bucket) => `
    SELECT ${[...IDENTITY_COLUMNS, ...CONTENT_COLUMNS].join(', ')}
    FROM ledger
    WHERE bucket = ${bucket} AND occurred_at >= ?1::bigint AND (stated & 2) = 0
      AND (sim_id, occurred_at, feed_id, record_id) > (?2::bigint, ?3::bigint, ?4::bigint, ?5::text)
      ${accountId === undefined ? 'AND ?7::bigint IS NULL' : 'AND account_id = ?7::bigint'}`,
  )
  return `${rows}
    ORDER BY sim_id, occurred_at, feed_id, record_id
    LIMIT ?6`
}

/** A day's replaced versions, after one place and up to another. Parameters: its buckets, since. */
function selectVersions({ accountId }: Reclassification): string {
  return `
    SELECT ${[...IDENTITY_COLUMNS, 'version', ...CONTENT_COLUMNS].join(', ')}
    FROM ledger_history
    WHERE bucket = ANY (?1::bigint[]) AND occurred_at >= ?2 AND (stated & 2) = 0
      AND (sim_id, occurred_at, feed_id, record_id) > (?3::bigint, ?4::bigint, ?5::bigint, ?6::text)
      AND (sim_id, occurred_at, feed_id, record_id) <= (?7::bigint, ?8::bigint, ?9::bigint, ?10::text)
      ${accountId === undefined ? '' : 'AND account_id = ?11'}`
}

const UPDATE_VERSIONS = `
  UPDATE ledger_history SET zone = named.zone
  FROM :named
  WHERE ${[...IDENTITY_COLUMNS, 'version']
    .map((name) => `ledger_history.${name} = named.${name}`)
    .join(' AND ')}`

const VERSION_COLUMNS: NamedRows['columns'] = {
  ...{ bucket: 'bigint', sim_id: 'bigint', occurred_at: 'bigint', feed_id: 'bigint' },
  ...{ record_id: 'text', version: 'bigint', zone: 'smallint' },
}

const SELECT_SIM_HOMES = `
  SELECT id, home_plmns, home_countries FROM sim
  WHERE id = ANY (?::bigint[]) AND (home_plmns <> '' OR home_countries <> '')`

/**
 * One transaction of a reclassification, which excludes batches, or all of a dry run. Each row is judged
 * by itself and changes along with everything derived from it, so the store is exact after each step.
 */
export function* reclassify(given: Reclassification): Steps<ReclassifyOutcome> {
  const step = new Step(given, yield* readLimits(), {
    accounts: new Map((yield* listAccounts()).map((account) => [account.id, account])),
    defaultZones: new Map((yield* listFeeds()).map(({ id, defaultZone }) => [id, defaultZone])),
  })
  const outcome = yield* step.take()
  const account = given.accountId === undefined ? null : yield* findAccountById(given.accountId)
  yield* logAct(actsOfLife.reclassify(outcome, given, account))
  return outcome
}

interface Rules {
  readonly accounts: ReadonlyMap<number, Account>
  /** By feed. */
  readonly defaultZones: ReadonlyMap<number, Zone | null>
}

type Place = readonly [simId: number, occurredAt: number, feedId: number, recordId: string]

/** Places before and after all others of a day. */
const FIRST: Place = [0, 0, 0, '']
const LAST: Place = [Number.MAX_SAFE_INTEGER, 0, 0, '']

class Step {
  readonly #given: Reclassification
  readonly #limits: Limits
  readonly #since: number
  readonly #rules: Rules
  readonly #simHomes = new Map<number, HomeSet>()
  /** By account, feed, home set and network. */
  readonly #zones = new Map<string, Zone | null>()
  readonly #changes: UsageChanges | null
  #looked = 0
  #changed = 0
  #unknown = 0

  constructor(given: Reclassification, limits: Limits, rules: Rules) {
    this.#given = given
    this.#limits = limits
    this.#since = Math.max(given.since, limits.purgedThrough)
    this.#rules = rules
    this.#changes = given.dryRun ? new UsageChanges() : null
  }

  *take(): Steps<ReclassifyOutcome> {
    const { after = null } = this.#given
    let next = after
    let day = after?.day ?? (yield* this.#dayFrom(dayOf(this.#since)))
    while (day !== null) {
      next = yield* this.#takeDay(day, next?.day === day ? next : null)
      if (next !== null) break
      day = yield* this.#dayFrom(day + DAY_SECONDS)
    }
    const changes = this.#changes === null ? [] : (yield* this.#changes.list()).changes
    return { changed: this.#changed, unknown: this.#unknown, changes, next }
  }

  #dayFrom(from: number): Steps<number | null> {
    return nextDay(from, Number.MAX_SAFE_INTEGER)
  }

  /** Returns where the next step continues; null at the end of the day. */
  *#takeDay(day: number, begin: LedgerPlace | null): Steps<LedgerPlace | null> {
    const { accountId, dryRun, rowsMax } = this.#given
    const ofAccount = accountId === undefined ? [] : [accountId]
    const buckets = bucketsOfDay(day, this.#limits.buckets)
    const text = selectRows(this.#given, buckets)
    let after = begin === null ? FIRST : placeOf(begin)
    for (;;) {
      const rowsWanted = Math.min(PAGE_ROWS_MAX, dryRun ? PAGE_ROWS_MAX : rowsMax - this.#looked)
      const page = [this.#since, ...after, rowsWanted, accountId ?? null, ...buckets]
      const rows = yield* all(text, page)
      const isLast = rows.length < rowsWanted
      const last = isLast ? LAST : placeFromRow(rows.at(-1)!)
      yield* this.#takeRows(rows)
      if (!dryRun) {
        const range = [buckets, this.#since, ...after, ...last, ...ofAccount]
        yield* this.#takeVersions(yield* all(selectVersions(this.#given), range))
      }
      this.#looked += rows.length
      if (isLast) return null
      after = last
      if (!dryRun && this.#looked >= rowsMax) {
        const [simId, occurredAt, feedId, recordId] = last
        return { day, simId, occurredAt, feedId, recordId }
      }
    }
  }

  *#takeRows(rows: readonly Row[]): Steps<void> {
    yield* this.#learnHomes(rows)
    const changes: LedgerChange[] = []
    for (const row of rows) {
      const before = storedEventFromRow(row)
      const zone = this.#zoneOf(row, before)
      if (zone === null) this.#unknown++
      if (zone === null || zone === before.version.serving.zone) continue
      const identity = identityFromRow(row, row.feed_id as number)
      changes.push({
        ...{ identity, before, after: inZone(before, zone) },
        ...{ replaced: [], versionsBefore: 0 },
      })
    }
    this.#changed += changes.length
    if (!this.#given.dryRun) {
      // Nothing is replaced here, so neither import nor instant is written.
      const by = { importId: 0, knownAt: 0, changes: null }
      yield* writeLedgerChanges(by, changes, this.#limits)
      return
    }
    for (const { identity, before, after } of changes) {
      const [, simId, occurredAt] = identity
      const place = { accountId: before.accountId, simId, occurredAt }
      this.#changes?.add(place, before.columns, before.version, -1)
      this.#changes?.add(place, after.columns, after.version, 1)
    }
  }

  /** An undo may restore these versions, so they have to be classified like the rest. */
  *#takeVersions(rows: readonly Row[]): Steps<void> {
    yield* this.#learnHomes(rows)
    const changed = rows.flatMap((row) => {
      const before = storedEventFromRow(row)
      const zone = this.#zoneOf(row, before)
      if (zone === null || zone === before.version.serving.zone) return []
      const identity = identityFromRow(row, row.feed_id as number)
      return [[...identity, row.version as number, ZONES.indexOf(zone)]]
    })
    yield* run(UPDATE_VERSIONS, [], { columns: VERSION_COLUMNS, rows: changed })
  }

  *#learnHomes(rows: readonly Row[]): Steps<void> {
    this.#simHomes.clear()
    const simIds = [...new Set(rows.map((row) => row.sim_id as number))]
    if (simIds.length === 0) return
    for (const { id, home_plmns, home_countries } of yield* all(SELECT_SIM_HOMES, [simIds])) {
      this.#simHomes.set(id as number, homeSetFromRow(home_plmns, home_countries))
    }
  }

  /** As if the record came now; null if nothing tells its zone any more. */
  #zoneOf(row: Row, { accountId, columns, version: { serving } }: StoredEvent): Zone | null {
    const feedId = row.feed_id as number
    const own = this.#simHomes.get(row.sim_id as number)
    const key =
      own === undefined
        ? `${accountId} ${feedId} ${columns.stated & 1} ${columns.country} ${columns.plmn}`
        : null
    const known = key === null ? undefined : this.#zones.get(key)
    if (known !== undefined) return known
    const account = this.#rules.accounts.get(accountId)!.home
    const stated = {
      plmn: serving.plmn,
      country: serving.countryStated ? serving.country : null,
      zone: null,
    }
    const home = own === undefined ? account : effectiveHomeSet(own, account)
    const zone = classify(stated, home, this.#rules.defaultZones.get(feedId) ?? null)?.zone ?? null
    if (key !== null) this.#zones.set(key, zone)
    return zone
  }
}

function inZone(event: StoredEvent, zone: Zone): StoredEvent {
  const { columns, version } = event
  return {
    ...event,
    columns: { ...columns, zone: ZONES.indexOf(zone) },
    version: { ...version, serving: { ...version.serving, zone } },
  }
}

function placeOf({ simId, occurredAt, feedId, recordId }: LedgerPlace): Place {
  return [simId, occurredAt, feedId, recordId]
}

function placeFromRow(row: Row): Place {
  return [
    row.sim_id as number,
    row.occurred_at as number,
    row.feed_id as number,
    row.record_id as string,
  ]
}
