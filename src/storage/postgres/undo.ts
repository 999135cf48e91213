/** Takes one import back: its versions leave, the ones before count again, what is derived follows. */
import { COUNTER_NAMES } from '../../domain/usage-event.ts'
import * as directorySql from '../directory-sql.ts'
import type { Row, StoredEvent } from '../rows.ts'
import { requireUndoable, UNDO_STEP_IDENTITIES } from '../undo.ts'
import type { UndoOutcome } from '../usage-store.ts'
import { withoutImport } from '../version-chain.ts'
import { type Limits, readLimits } from './append.ts'
import { CellChanges } from './cell-changes.ts'
import { columnsOf, type Session } from './connection.ts'
import { findImport } from './directory-reads.ts'
import { feedById, rebuildProgress } from './feed-progress.ts'
import { namesOf, readChains, rewriteHistories } from './history.ts'
import { type Identity, type LedgerChange, writeLedgerChanges } from './ledger-changes.ts'
import * as sql from './ledger-sql.ts'
import { lock } from './locks.ts'
import {
  loadSeries,
  type NamedReading,
  putReadings,
  type SeriesPart,
  usagesFrom,
} from './series.ts'
import * as undoSql from './undo-sql.ts'

/** Runs inside a write transaction that keeps batches out. */
export async function undoImport(
  session: Session,
  importId: number,
  { at, schema }: { at: number; schema: string },
): Promise<UndoOutcome> {
  const { feedId } = requireUndoable(await findImport(session, importId), importId)
  const undo = new Undo(session, { importId, feedId, at }, await readLimits(session))
  for (const row of await session.all(directorySql.SELECT_IMPORT_BUCKETS, [importId])) {
    await undo.takeBack(row.bucket as number)
  }
  const quarantineEntries = await session.run(directorySql.DELETE_DELIVERIES_OF_IMPORT, [importId])
  if (quarantineEntries > 0) await session.run(directorySql.DELETE_UNDELIVERED)
  await session.run(directorySql.DELETE_IMPORT_BUCKETS, [importId])
  await session.run(directorySql.MARK_UNDONE, [at, importId])
  // It completes its feed no more; where it was numbered, its number is missing.
  await lock(session, 'directory', schema)
  await rebuildProgress(session, await feedById(session, feedId))
  const { removed, restored } = undo
  return { import: (await findImport(session, importId))!, removed, restored, quarantineEntries }
}

/** An identity the import has a version of. */
interface Touched {
  readonly identity: Identity
  /** The row of the ledger, with the usage that a reading comes to. */
  readonly row: StoredEvent
  /** How many versions history has of it. */
  readonly historyLength: number
  /** The versions that are left, oldest first. */
  readonly left: readonly StoredEvent[]
}

class Undo {
  removed = 0
  restored = 0
  readonly #session: Session
  readonly #of: { readonly importId: number; readonly feedId: number; readonly at: number }
  readonly #limits: Limits

  constructor(
    session: Session,
    of: { importId: number; feedId: number; at: number },
    limits: Limits,
  ) {
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
    const { importId, feedId } = this.#of
    let after: [number, number, string] = [0, 0, '']
    for (;;) {
      const rows = await this.#session.all(text, [
        ...[bucket, feedId, importId, this.#limits.purgedThrough],
        ...after,
        UNDO_STEP_IDENTITIES,
      ])
      if (rows.length === 0) return
      const identities = rows.map((row) => identityOf(row, feedId))
      yield identities
      const [, simId, occurredAt, , recordId] = identities.at(-1)!
      after = [simId, occurredAt, recordId]
    }
  }

  /** In the order of the identities. */
  async #touched(identities: readonly Identity[]): Promise<Touched[]> {
    const { importId, feedId } = this.#of
    const chains = await readChains(this.#session, identities, feedId)
    return chains.map(({ identity, versions }) => ({
      identity,
      row: versions.at(-1)!,
      historyLength: versions.length - 1,
      left: withoutImport(versions, importId),
    }))
  }

  async #takeBackStep(touched: readonly Touched[]): Promise<void> {
    const replaced = touched.filter(({ historyLength }) => historyLength > 0)
    const chains = replaced.map(({ identity, left }) => ({ identity, versions: left }))
    await rewriteHistories(this.#session, chains, this.#of.feedId)
    const counting = touched.filter(({ row }) => row.importId === this.#of.importId)
    const gone = counting.filter(({ left }) => left.length === 0)
    this.removed += gone.length
    this.restored += counting.length - gone.length
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
          this.#of.feedId,
        ),
      )
    }
    const changes = counting
      .filter(({ row, left }) => !row.isReading && left.length > 0)
      .map(({ identity, row, left }) => changeOf(identity, row, left.at(-1)!))
    changes.push(...(await this.#takeBackReadings(counting.filter(({ row }) => row.isReading))))
    await cells.write(this.#session)
    const { importId, at } = this.#of
    await writeLedgerChanges(this.#session, { importId, knownAt: at }, changes, this.#limits)
  }

  /** Takes readings out of their series or puts older ones back; returns the rows that change. */
  async #takeBackReadings(touched: readonly Touched[]): Promise<LedgerChange[]> {
    const { feedId } = this.#of
    const list = groupBySeries(touched)
    const parts = list.map(({ part }) => part)
    const known = await loadSeries(this.#session, feedId, parts)
    const gone: Touched[] = []
    const put: NamedReading[] = []
    const changes: LedgerChange[] = []
    list.forEach(({ part, at }, i) => {
      const left = known[i]!.flatMap((stored) => {
        const taken = at.get(stored.occurredAt)
        if (taken === undefined) return [stored]
        const last = taken.left.at(-1)
        if (last === undefined) {
          gone.push(taken)
          return []
        }
        // History keeps what was read, not the usage that followed from it.
        const reading = { ...last.version, is32Bit: last.is32Bit }
        put.push({ ...part, feedId, occurredAt: stored.occurredAt, reading })
        return [{ ...stored, reading, current: last }]
      })
      const usages = usagesFrom(left, part.first)
      left.forEach(({ occurredAt, row, current }, j) => {
        const usage = usages[j]
        if (usage == null) return
        const bucket = occurredAt - (occurredAt % sql.LEDGER_BUCKET_SECONDS)
        const identity = [bucket, part.simId, occurredAt, feedId, part.recordId] as const
        const version = { ...current.version, ...usage }
        const isPutBack = at.has(occurredAt)
        const isSame = COUNTER_NAMES.every((name) => row!.version[name] === usage[name])
        if (isSame && !isPutBack) return
        changes.push(changeOf(identity, row!, { ...current, version }))
      })
    })
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
