/** Takes one import back: its versions leave, the ones before count again, what is derived follows. */

import { sameCounters } from '../../domain/counter-series.ts'
import type { Feed } from '../../domain/directory.ts'
import type { Counters } from '../../domain/usage-event.ts'
import { feedById, findImport } from '../directory-reads.ts'
import * as directorySql from '../directory-sql.ts'
import { rebuildProgress } from '../feed-progress.ts'
import { type Limits, readLimits } from '../limits.ts'
import { countersRead, type KeptReading, keptReadingFromRow, readingOf } from '../reading-rows.ts'
import { DELETE_REPEATS_BY, DELETE_REPEATS_OF, type Repeat, RepeatsOf } from '../repeats.ts'
import type { Row, StoredEvent } from '../rows.ts'
import { requireUndoable, UNDO_STEP_IDENTITIES, undoneCounts } from '../undo.ts'
import { type UndoneVersion, undoneVersionToRow } from '../undone-versions.ts'
import type { UndoOutcome } from '../usage-store.ts'
import { withoutImport } from '../version-chain.ts'
import { CellChanges } from './cell-changes.ts'
import { type Chain, namesOf, readChains, rewriteHistories } from './history.ts'
import { type Identity, type LedgerChange, writeLedgerChanges } from './ledger-changes.ts'
import * as sql from './ledger-sql.ts'
import { chainRules } from './met-chains.ts'
import { readRepeatsOf, writeRepeats } from './repeats.ts'
import {
  isToBePut,
  loadSeries,
  type NamedReading,
  proveSeries,
  putReadings,
  type SeriesPart,
  type StoredReading,
} from './series.ts'
import { columnsOf, type PostgresSession } from './session.ts'
import * as undoSql from './undo-sql.ts'

/** Runs inside a write transaction that keeps batches out. */
export async function undoImport(
  session: PostgresSession,
  importId: number,
  at: number,
): Promise<UndoOutcome> {
  const { feedId } = requireUndoable(await session.take(findImport(importId)), importId)
  const feed = await session.take(feedById(feedId))
  const repeatsOf = new RepeatsOf(await readRepeatsOf(session, importId))
  for (const text of [DELETE_REPEATS_OF, DELETE_REPEATS_BY]) await session.run(text, [importId])
  const undo = new Undo(
    session,
    { importId, feed, at, repeatsOf },
    await session.take(readLimits()),
  )
  for (const row of await session.all(directorySql.SELECT_IMPORT_BUCKETS, [importId])) {
    await undo.takeBack(row.bucket as number)
  }
  const quarantineEntries = await session.run(directorySql.DELETE_DELIVERIES_OF_IMPORT, [importId])
  if (quarantineEntries > 0) await session.run(directorySql.DELETE_UNDELIVERED)
  await session.run(directorySql.DELETE_IMPORT_BUCKETS, [importId])
  await session.run(directorySql.MARK_UNDONE, [at, importId])
  // It completes its feed no more; where it was numbered, its number is missing.
  await session.lock('directory')
  await session.take(rebuildProgress(feed))
  return { import: (await session.take(findImport(importId)))!, ...undo.counts, quarantineEntries }
}

/** An identity the import has a version of. */
interface Touched {
  readonly identity: Identity
  /** The row of the ledger, with the usage that a reading comes to. */
  readonly row: StoredEvent
  /** The same with the counters that were delivered. */
  readonly counted: StoredEvent
  readonly hasHistory: boolean
  /** The versions that are left, oldest first. */
  readonly left: readonly StoredEvent[]
}

interface Undone {
  readonly importId: number
  readonly feed: Feed
  readonly at: number
  readonly repeatsOf: RepeatsOf
}

class Undo {
  readonly counts = { removed: 0, restored: 0, kept: 0 }
  readonly #session: PostgresSession
  readonly #of: Undone
  readonly #limits: Limits

  constructor(session: PostgresSession, of: Undone, limits: Limits) {
    this.#session = session
    this.#of = of
    this.#limits = limits
  }

  async takeBack(bucket: number): Promise<void> {
    // First what counts; then the rows of others that replaced some version of the import.
    for (const text of [undoSql.SELECT_EVENTS_OF_IMPORT, undoSql.SELECT_REPLACED_OF_IMPORT]) {
      for await (const identities of this.#steps(text, bucket)) {
        await this.#takeBackStep(await this.#touched(identities))
      }
    }
  }

  async *#steps(text: string, bucket: number): AsyncGenerator<Identity[]> {
    const { importId, feed } = this.#of
    let after: [number, number, string] = [0, 0, '']
    for (;;) {
      const rows = await this.#session.all(text, [
        ...[bucket, feed.id, importId, this.#limits.purgedThrough],
        ...after,
        UNDO_STEP_IDENTITIES,
      ])
      if (rows.length === 0) return
      const identities = rows.map((row) => identityOf(row, feed.id))
      yield identities
      const [, simId, occurredAt, , recordId] = identities.at(-1)!
      after = [simId, occurredAt, recordId]
    }
  }

  /** In the order of the identities. */
  async #touched(identities: readonly Identity[]): Promise<Touched[]> {
    const { importId, feed, repeatsOf } = this.#of
    const chains = await readChains(this.#session, identities, feed.id)
    const read = await this.#readings(chains)
    const importIds = chains.flatMap(({ versions }) => [
      ...versions.map((version) => version.importId),
      ...versions.flatMap(({ importId: by, line }) =>
        by === importId ? repeatsOf.ofLine(line).map((repeat) => repeat.importId) : [],
      ),
    ])
    const rules = await chainRules(this.#session, { feed }, importIds)
    const repeats: Repeat[] = []
    const undone: UndoneVersion[] = []
    const touched = chains.map(({ identity, versions }, i): Touched => {
      const row = versions.at(-1)!
      const counted = { ...row, version: { ...row.version, ...read.get(i) } }
      const taken = withoutImport(rules, versions.with(-1, counted), { importId, repeatsOf })
      repeats.push(...taken.repeats)
      const [, simId, occurredAt, , recordId] = identity
      for (const { event, version, replacedAt } of taken.gone) {
        const own = event === counted ? row : event
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
    await writeRepeats(this.#session, repeats)
    if (undone.length > 0) {
      await this.#session.run(undoSql.INSERT_UNDONE, columnsOf(undone.map(undoneVersionToRow)))
    }
    return touched
  }

  /** What was read, where usage followed from a reading, by position: as history keeps it. */
  async #readings(chains: readonly Chain[]): Promise<ReadonlyMap<number, Counters>> {
    const positions = chains.flatMap(({ versions }, i) => (versions.at(-1)!.isReading ? [i] : []))
    if (positions.length === 0) return new Map()
    const identities = positions.map((i) => chains[i]!.identity)
    const columns = columnsOf(identities.map(([, sim, at, , id]) => [sim, id, at]))
    const rows = await this.#session.all(undoSql.SELECT_READINGS, [...columns, this.#of.feed.id])
    return new Map(
      rows.map((row) => {
        const { reading } = keptReadingFromRow(row)
        return [positions[row.position as number]!, countersRead(reading)]
      }),
    )
  }

  async #takeBackStep(touched: readonly Touched[]): Promise<void> {
    const replaced = touched.filter(({ hasHistory }) => hasHistory)
    const chains = replaced.map(({ identity, left }) => ({ identity, versions: left }))
    await rewriteHistories(this.#session, chains, this.#of.feed.id)
    const changed = touched.filter(({ counted, left }) => left.at(-1) !== counted)
    const gone = changed.filter(({ left }) => left.length === 0)
    const cells = new CellChanges(this.#limits.sealedThrough)
    for (const { identity, row } of gone) {
      const [, simId, occurredAt] = identity
      const { accountId, columns, version } = row
      cells.add({ ...version, simId, occurredAt, accountId }, columns, -1)
    }
    if (gone.length > 0) {
      await this.#session.run(
        undoSql.DELETE_EVENTS,
        namesOf(
          gone.map((one) => one.identity),
          this.#of.feed.id,
        ),
      )
    }
    const changes = changed
      .filter(({ row, left }) => !row.isReading && left.length > 0)
      .map(({ identity, row, left }) => changeOf(identity, row, left.at(-1)!))
    changes.push(...(await this.#takeBackReadings(changed.filter(({ row }) => row.isReading))))
    await cells.write(this.#session)
    const { importId, at } = this.#of
    await writeLedgerChanges(this.#session, { importId, knownAt: at }, changes, this.#limits)
  }

  /** Takes readings out of their series or puts older ones back; returns the rows that change. */
  async #takeBackReadings(touched: readonly Touched[]): Promise<LedgerChange[]> {
    const feedId = this.#of.feed.id
    const list = groupBySeries(touched)
    const parts = list.map(({ part }) => part)
    const known = await loadSeries(this.#session, feedId, parts)
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
    const proved = await proveSeries(this.#session, feedId, left, (stored) => stored)
    for (const [i, { part, at }] of list.entries()) {
      for (const found of proved[i]!) {
        const { occurredAt, reading, row, current } = found.entry
        const { usage, highs, verdict } = found.proved
        if (isToBePut(found)) {
          const kept: KeptReading = { reading, highs, verdict }
          put.push({ simId: part.simId, recordId: part.recordId, feedId, occurredAt, kept })
        }
        if (sameCounters(row!.version, usage) && !at.has(occurredAt)) continue
        const bucket = occurredAt - (occurredAt % sql.LEDGER_BUCKET_SECONDS)
        const identity = [bucket, part.simId, occurredAt, feedId, part.recordId] as const
        const version = { ...current.version, ...usage }
        changes.push(changeOf(identity, row!, { ...current, version }))
      }
    }
    if (gone.length > 0) {
      const columns = columnsOf(gone.map(({ identity: [, sim, at, , id] }) => [sim, id, at]))
      await this.#session.run(undoSql.DELETE_READINGS, [...columns, feedId])
    }
    await putReadings(this.#session, put)
    return changes
  }
}

function identityOf(row: Row, feedId: number): Identity {
  return [
    row.bucket as number,
    row.sim_id as number,
    row.occurred_at as number,
    feedId,
    row.record_id as string,
  ]
}

function changeOf(identity: Identity, before: StoredEvent, after: StoredEvent): LedgerChange {
  return { identity, before, after, replaced: [], versionsBefore: 0 }
}

/** The readings of each series by their instants. */
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
