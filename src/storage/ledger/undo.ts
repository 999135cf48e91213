/**
 * Takes one import back: its versions are removed, earlier ones count again, and what is derived follows.
 */

import { sameCounters } from '../../domain/counter-series.ts'
import { type Counters, countersOf } from '../../domain/counters.ts'
import type { Feed } from '../../domain/directory.ts'
import { sameContent } from '../../domain/usage-event.ts'
import { rebuildProgress } from '../directory/feed-progress.ts'
import { feedById, findImport } from '../directory/reads.ts'
import {
  DELETE_DELIVERIES_OF_IMPORT,
  DELETE_IMPORT_DAYS,
  DELETE_UNDELIVERED,
  MARK_UNDONE,
  SELECT_IMPORT_DAYS,
} from '../directory/sql.ts'
import { type Limits, readLimits } from '../limits.ts'
import type { UndoOutcome, UndoTrial } from '../outcomes.ts'
import type { Identity, StoredEvent } from '../rows.ts'
import {
  countersRead,
  type KeptReading,
  keptReadingFromRow,
  READING_KEY,
  readingOf,
} from '../series/reading-rows.ts'
import {
  differsFromStored,
  loadSeries,
  type NamedReading,
  proveSeries,
  putReadings,
  type SeriesPart,
  type StoredReading,
} from '../series/series.ts'
import { all, deleteRows, insert, lock, run, type Steps } from '../session.ts'
import { IDENTITY_COLUMNS } from '../tables.ts'
import { bucketOf, bucketsOfDay, mergedText } from './buckets.ts'
import {
  type Chain,
  identityFromRow,
  type LedgerChange,
  readChains,
  rewriteHistories,
  writeLedgerChanges,
} from './changes.ts'
import { chainRules } from './met-versions.ts'
import {
  DELETE_REPEATS_BY,
  DELETE_REPEATS_OF,
  type Repeat,
  RepeatsOf,
  readRepeatsOf,
  writeRepeats,
} from './repeats.ts'
import { requireUndoable } from './undo-refusals.ts'
import { UNDONE_COLUMNS, type UndoneVersion, undoneVersionToRow } from './undone-versions.ts'
import { UsageChanges, UsageDeltas } from './usage-deltas.ts'
import { withoutImport } from './version-chain.ts'

/**
 * What an import has written to a day, ordered by SIM and time, after an identity; `selected` selects
 * from one of the tables. Parameters: feed, import, purged through, SIM, instant and record id of that
 * identity, limit, and the day's buckets.
 */
function selectOfImport(selected: string, buckets: readonly number[]): string {
  const rows = mergedText(
    buckets,
    8,
    (bucket) => `
    ${selected}
    WHERE bucket = ${bucket} AND feed_id = ?1::bigint AND import_id = ?2::bigint
      AND occurred_at >= ?3::bigint
      AND (sim_id, occurred_at, record_id) > (?4::bigint, ?5::bigint, ?6::text)`,
  )
  return `${rows} ORDER BY sim_id, occurred_at, feed_id, record_id LIMIT ?7`
}

const SELECT_EVENTS = 'SELECT bucket, sim_id, occurred_at, feed_id, record_id FROM ledger'
/** Identities with a replaced version. */
const SELECT_REPLACED =
  'SELECT DISTINCT bucket, sim_id, occurred_at, feed_id, record_id FROM ledger_history'

/** For the feed `?1`. */
const SELECT_READINGS = `
  SELECT named.position - 1 AS position, reading.*
  FROM :named
  JOIN reading ON reading.sim_id = named.sim_id
              AND reading.feed_id = ?1
              AND reading.record_id = named.record_id
              AND reading.occurred_at = named.occurred_at`

/** How many identities one step of an undo takes. It bounds memory, not the transaction. */
const UNDO_STEP_IDENTITIES = 20_000

type UndoCounts = { -readonly [K in 'removed' | 'restored' | 'kept']: UndoOutcome[K] }

/** Counts an event, given that `counted` counted before the undo and `last` counts now. */
function undoneCounts(
  counts: UndoCounts,
  {
    importId,
    counted,
    last,
  }: { importId: number; counted: StoredEvent; last: StoredEvent | undefined },
): void {
  if (last === undefined) counts.removed++
  else if (!sameContent(last.version, counted.version)) counts.restored++
  else if (counted.importId === importId) counts.kept++
}

/** As `undoImport`, and returns how usage changes; for a transaction that is rolled back. */
export function* tryUndo(importId: number, at: number): Steps<UndoTrial> {
  const found = requireUndoable(yield* findImport(importId), importId)
  const changes = new UsageChanges()
  const outcome = yield* undoImport(importId, at, changes)
  return { ...outcome, import: found, ...(yield* changes.list()) }
}

/** Runs inside a write transaction that excludes batches. `changes` is told everything. */
export function* undoImport(
  importId: number,
  at: number,
  changes: UsageChanges | null = null,
): Steps<UndoOutcome> {
  const { feedId } = requireUndoable(yield* findImport(importId), importId)
  const feed = yield* feedById(feedId)
  const repeatsOf = new RepeatsOf(yield* readRepeatsOf(importId))
  for (const text of [DELETE_REPEATS_OF, DELETE_REPEATS_BY]) yield* run(text, [importId])
  const undo = new Undo({ importId, feed, at, repeatsOf, changes }, yield* readLimits())
  for (const row of yield* all(SELECT_IMPORT_DAYS, [importId])) {
    yield* undo.takeBackDay(row.bucket as number)
  }
  const quarantineEntries = yield* run(DELETE_DELIVERIES_OF_IMPORT, [importId])
  if (quarantineEntries > 0) yield* run(DELETE_UNDELIVERED)
  yield* run(DELETE_IMPORT_DAYS, [importId])
  yield* run(MARK_UNDONE, [at, importId])
  // It no longer completes its feed. If it was numbered, its number is missing now.
  yield* lock('directory')
  yield* rebuildProgress(feed)
  return { import: (yield* findImport(importId))!, ...undo.counts, quarantineEntries }
}

/** An identity of which the import has a version. */
interface Touched {
  readonly identity: Identity
  /** The ledger row, with the usage that follows if it is a reading. */
  readonly row: StoredEvent
  /** The same row with its counters as delivered. */
  readonly counted: StoredEvent
  readonly hasHistory: boolean
  /** The remaining versions, oldest first. */
  readonly left: readonly StoredEvent[]
}

interface Undone {
  readonly importId: number
  readonly feed: Feed
  readonly at: number
  readonly repeatsOf: RepeatsOf
  readonly changes: UsageChanges | null
}

class Undo {
  readonly counts = { removed: 0, restored: 0, kept: 0 }
  readonly #of: Undone
  readonly #limits: Limits
  /**
   * What readings of the import came to, by series and instant, for series in which an earlier reading
   * has left already and these will leave later.
   */
  readonly #usageBefore = new Map<string, Counters>()

  constructor(of: Undone, limits: Limits) {
    this.#of = of
    this.#limits = limits
  }

  /** The readings of a series are measured from each other, so those of a day leave together. */
  *takeBackDay(day: number): Steps<void> {
    const buckets = bucketsOfDay(day, this.#limits.buckets)
    // First what counts, then other imports' rows that replaced a version of this one.
    for (const selected of [SELECT_EVENTS, SELECT_REPLACED]) {
      const text = selectOfImport(selected, buckets)
      let after: readonly [number, number, string] = [0, 0, '']
      for (;;) {
        const identities = yield* this.#next(text, buckets, after)
        if (identities.length === 0) break
        yield* this.#takeBackStep(yield* this.#touched(identities))
        const [, simId, occurredAt, , recordId] = identities.at(-1)!
        after = [simId, occurredAt, recordId]
      }
    }
  }

  *#next(
    text: string,
    buckets: readonly number[],
    after: readonly [number, number, string],
  ): Steps<Identity[]> {
    const { importId, feed } = this.#of
    const of = [feed.id, importId, this.#limits.purgedThrough]
    const rows = yield* all(text, [...of, ...after, UNDO_STEP_IDENTITIES, ...buckets])
    return rows.map((row) => identityFromRow(row, feed.id))
  }

  /** In the order of the identities. */
  *#touched(identities: readonly Identity[]): Steps<Touched[]> {
    const { importId, feed, repeatsOf } = this.#of
    const chains = yield* readChains(identities, feed.id)
    const read = yield* this.#readings(chains)
    const importIds = chains.flatMap(({ versions }) => [
      ...versions.map((version) => version.importId),
      ...versions.flatMap(({ importId: by, line }) =>
        by === importId ? repeatsOf.ofLine(line).map((repeat) => repeat.importId) : [],
      ),
    ])
    const rules = yield* chainRules(feed, importIds)
    const repeats: Repeat[] = []
    const undone: UndoneVersion[] = []
    const touched = chains.map(({ identity, versions }, i): Touched => {
      const row = versions.at(-1)!
      const counted = { ...row, version: { ...row.version, ...read.get(i) } }
      const taken = withoutImport(rules, versions.with(-1, counted), { importId, repeatsOf })
      repeats.push(...taken.repeats)
      const [, simId, occurredAt, , recordId] = identity
      for (const { event, version, replacedAt } of taken.gone) {
        const own = event === counted ? this.#asAnswered(identity, row) : event
        undone.push({
          simId,
          occurredAt,
          feedId: feed.id,
          recordId,
          version,
          event: own,
          replacedAt,
        })
      }
      undoneCounts(this.counts, { importId, counted, last: taken.left.at(-1) })
      return { identity, row, counted, hasHistory: versions.length > 1, left: taken.left }
    })
    yield* writeRepeats(repeats)
    yield* insert({
      table: 'undone_version',
      columns: UNDONE_COLUMNS,
      rows: undone.map(undoneVersionToRow),
    })
    return touched
  }

  /** The row as it counted before the undo. */
  #asAnswered(identity: Identity, row: StoredEvent): StoredEvent {
    const usage = this.#usageBefore.get(placeInSeries(identity))
    return usage === undefined ? row : { ...row, version: { ...row.version, ...usage } }
  }

  /** What readings stood at, by position, if usage followed from them; history keeps these values. */
  *#readings(chains: readonly Chain[]): Steps<ReadonlyMap<number, Counters>> {
    const positions = chains.flatMap(({ versions }, i) => (versions.at(-1)!.isReading ? [i] : []))
    const rows = yield* all(SELECT_READINGS, [this.#of.feed.id], {
      columns: { sim_id: 'bigint', record_id: 'text', occurred_at: 'bigint' },
      rows: positions.map((i) => {
        const [, simId, occurredAt, , recordId] = chains[i]!.identity
        return [simId, recordId, occurredAt]
      }),
    })
    return new Map(
      rows.map((row) => {
        const { reading } = keptReadingFromRow(row)
        return [positions[row.position as number]!, countersRead(reading)]
      }),
    )
  }

  *#takeBackStep(touched: readonly Touched[]): Steps<void> {
    const replaced = touched.filter(({ hasHistory }) => hasHistory)
    const chains = replaced.map(({ identity, left }) => ({ identity, versions: left }))
    yield* rewriteHistories(chains)
    const changed = touched.filter(({ counted, left }) => left.at(-1) !== counted)
    const gone = changed.filter(({ left }) => left.length === 0)
    const { importId, at, changes: told } = this.#of
    const deltas = new UsageDeltas(this.#limits, told)
    for (const { identity, row } of gone) {
      const [, simId, occurredAt] = identity
      const { accountId, columns, version } = row
      deltas.add({ accountId, simId, occurredAt }, columns, version, -1)
    }
    yield* deleteRows({
      table: 'ledger',
      columns: IDENTITY_COLUMNS,
      rows: gone.map(({ identity }) => identity),
    })
    const changes = changed
      .filter(({ row, left }) => !row.isReading && left.length > 0)
      .map(({ identity, row, left }) => changeOf(identity, row, left.at(-1)!))
    changes.push(...(yield* this.#takeBackReadings(changed.filter(({ row }) => row.isReading))))
    yield* deltas.write()
    yield* writeLedgerChanges({ importId, knownAt: at, changes: told }, changes, this.#limits)
  }

  /** Takes readings out of their series or restores older ones; returns the rows that change. */
  *#takeBackReadings(touched: readonly Touched[]): Steps<LedgerChange[]> {
    const feedId = this.#of.feed.id
    const list = groupBySeries(touched)
    const parts = list.map(({ part }) => part)
    const known = yield* loadSeries(feedId, parts)
    const gone: Touched[] = []
    const put: NamedReading[] = []
    const changes: LedgerChange[] = []
    const left = list.map(({ part, at }, i) => {
      const entries = known[i]!.flatMap((stored): StoredReading[] => {
        const taken = at.get(stored.occurredAt)
        if (taken === undefined) return [stored]
        const last = taken.left.at(-1)
        if (last === undefined) {
          gone.push(taken)
          return []
        }
        // History keeps what was read, not the usage that followed from it.
        const reading = readingOf(last.version, last.version.traits!)
        return [{ ...stored, reading, current: last }]
      })
      return { part, entries }
    })
    const proved = yield* proveSeries(feedId, left, (stored) => stored)
    for (const [i, { part, at }] of list.entries()) {
      for (const found of proved[i]!) {
        const { occurredAt, reading, row, current } = found.entry
        const { usage, highs, verdict } = found.proved
        if (differsFromStored(found)) {
          const kept: KeptReading = { reading, highs, verdict }
          put.push({ simId: part.simId, recordId: part.recordId, feedId, occurredAt, kept })
        }
        if (sameCounters(row!.version, usage) && !at.has(occurredAt)) continue
        const identity = [
          bucketOf({ occurredAt, simId: part.simId }, this.#limits.buckets),
          part.simId,
          occurredAt,
          feedId,
          part.recordId,
        ] as const
        const place = placeInSeries(identity)
        if (row!.importId === this.#of.importId && !this.#usageBefore.has(place)) {
          this.#usageBefore.set(place, countersOf(row!.version))
        }
        const version = { ...current.version, ...usage }
        changes.push(changeOf(identity, row!, { ...current, version }))
      }
    }
    yield* deleteRows({
      table: 'reading',
      columns: READING_KEY,
      rows: gone.map(({ identity: [, simId, at, , recordId] }) => [simId, feedId, recordId, at]),
    })
    yield* putReadings(put)
    return changes
  }
}

function placeInSeries([, simId, occurredAt, , recordId]: Identity): string {
  return `${simId} ${occurredAt} ${recordId}`
}

function changeOf(identity: Identity, before: StoredEvent, after: StoredEvent): LedgerChange {
  return { identity, before, after, replaced: [], versionsBefore: 0 }
}

/** The readings of each series, ordered by instant. */
function groupBySeries(touched: readonly Touched[]) {
  const groups = Map.groupBy(touched, ({ identity: [, simId, , , id] }) => `${simId} ${id}`)
  return [...groups.values()].map((list) => {
    const [, simId, , , recordId] = list[0]!.identity
    const times = list.map(({ identity }) => identity[2])
    const part: SeriesPart = {
      simId,
      recordId,
      first: Math.min(...times),
      last: Math.max(...times),
    }
    return { part, at: new Map(list.map((one) => [one.identity[2], one])) }
  })
}
