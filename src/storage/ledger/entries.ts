/** Turns rows of the ledger and its history into entries. The engines' reads of them share this code. */
import { SERIES_VERDICTS } from '../../domain/counter-series.ts'
import { NO_COUNTERS } from '../../domain/counters.ts'
import type {
  LedgerEntry,
  LedgerFilter,
  LedgerPage,
  LedgerPosition,
} from '../../domain/ledger-entry.ts'
import { ZONES } from '../../domain/usage-event.ts'
import { counterList } from '../counter-columns.ts'
import { listFeeds } from '../directory/reads.ts'
import { type Row, storedEventFromRow } from '../rows.ts'
import { all, freshSeconds, type Steps } from '../session.ts'
import { SELECT_UNDONE, selectGoneEvents } from './undone-versions.ts'

/** An entry's columns, except those that tell whose SIM it is. */
const ENTRY_COLUMNS = `
  bucket, occurred_at, feed_id, record_id, account_id, zone, country, plmn, stated,
  ${counterList()}, import_id, line, known_at`

/** For a ledger row: the verdict on its reading, as a position in `SERIES_VERDICTS`. */
const READING_COLUMN = `
  CASE WHEN (stated & 4) <> 0 THEN
    (SELECT reading.verdict FROM reading
     WHERE reading.sim_id = ledger.sim_id AND reading.feed_id = ledger.feed_id
       AND reading.record_id = ledger.record_id AND reading.occurred_at = ledger.occurred_at)
  END AS verdict`

/**
 * A page of a SIM's rows. The condition finds them by their buckets. Parameters: those of the condition,
 * then `entryValues`.
 */
export function selectEntries(filter: LedgerFilter, inBuckets: string): string {
  return `
    SELECT ${ENTRY_COLUMNS}, ${READING_COLUMN}
    FROM ledger
    WHERE ${inBuckets} AND sim_id = ? AND occurred_at >= ? AND occurred_at < ?
      AND (occurred_at, feed_id, record_id) > (?, ?, ?) ${filterConditions(filter)}
    ORDER BY occurred_at, feed_id, record_id
    LIMIT ?`
}

/** `room` is how many rows the page still has room for. */
export function entryValues(filter: LedgerFilter, page: LedgerPage, room: number) {
  const { occurredAt, feedId, recordId } = positionBefore(filter, page)
  const { simId, end } = filter
  return [simId, occurredAt, end, occurredAt, feedId, recordId, ...filterValues(filter), room]
}

/**
 * What a SIM's rows have replaced, in order of replacement. Parameters: those of the condition; SIM, first
 * and last instant.
 */
export function selectVersions(inBuckets: string): string {
  return `
    SELECT ${ENTRY_COLUMNS}, replaced_at, replaced_by_import
    FROM ledger_history
    WHERE ${inBuckets} AND sim_id = ? AND occurred_at >= ? AND occurred_at <= ?
    ORDER BY occurred_at, feed_id, record_id, version`
}

/** Conditions besides the period, each with one parameter, in the order of `filterValues`. */
function filterConditions({ accountId, zone, country, feedId }: LedgerFilter): string {
  return [
    ...(accountId === undefined ? [] : ['AND account_id = ?']),
    ...(zone === undefined ? [] : ['AND zone = ?']),
    ...(country === undefined ? [] : ['AND country = ?']),
    ...(feedId === undefined ? [] : ['AND feed_id = ?']),
  ].join(' ')
}

function filterValues(filter: LedgerFilter): (number | string)[] {
  const { accountId, zone, country, feedId } = filter
  return [
    ...(accountId === undefined ? [] : [accountId]),
    ...(zone === undefined ? [] : [ZONES.indexOf(zone)]),
    ...(country === undefined ? [] : [country]),
    ...(feedId === undefined ? [] : [feedId]),
  ]
}

/** The position that a page begins after. No feed has the number 0. */
export function positionBefore({ start }: LedgerFilter, { after }: LedgerPage): LedgerPosition {
  if (after === undefined || after.occurredAt < start) {
    return { occurredAt: start, feedId: 0, recordId: '' }
  }
  return after
}

/** Parameters of `selectGoneEvents`. */
function goneValues(filter: LedgerFilter, page: LedgerPage): (number | string)[] {
  const { occurredAt, feedId, recordId } = positionBefore(filter, page)
  const { simId, end } = filter
  const position = [occurredAt, feedId, recordId]
  return [simId, occurredAt, end, ...position, ...filterValues(filter), page.limit]
}

/** The first and last instant of the rows; null if there are none. */
function spanOf(rows: readonly Row[]): [first: number, last: number] | null {
  if (rows.length === 0) return null
  const times = rows.map((row) => row.occurred_at as number)
  return [Math.min(...times), Math.max(...times)]
}

interface EntryImport {
  readonly source: string
  readonly undoneAt: number | null
}

/** What entries name besides their rows. */
interface EntryNames {
  readonly feeds: ReadonlyMap<number, string>
  readonly imports: ReadonlyMap<number, EntryImport>
}

/** The rows of one page, from one state of the store. */
interface EntryRows {
  /** From the ledger, in its order. */
  readonly counted: readonly Row[]
  /** The identities of events that have nothing left, in the same order. */
  readonly gone: readonly Row[]
  /** The versions that the rows have replaced, in order of replacement. */
  readonly replaced: readonly Row[]
  /** The versions that were undone, in order of delivery. */
  readonly undone: readonly Row[]
}

/** The first identities of a page, among those that count and those that are gone. */
function firstIdentities(
  counted: readonly Row[],
  gone: readonly Row[],
  { limit }: LedgerPage,
): Pick<EntryRows, 'counted' | 'gone'> {
  const first = new Set([...counted, ...gone].sort(byPosition).slice(0, limit))
  return {
    counted: counted.filter((row) => first.has(row)),
    gone: gone.filter((row) => first.has(row)),
  }
}

function entriesFromRows(rows: EntryRows, names: EntryNames): LedgerEntry[] {
  const replaced = Map.groupBy(rows.replaced, identityOf)
  const undone = Map.groupBy(rows.undone, identityOf)
  const isGone = new Set(rows.gone)
  return [...rows.counted, ...rows.gone].sort(byPosition).map((row) => {
    const identity = identityOf(row)
    const undoneAt = ({ import_id }: Row) => names.imports.get(import_id as number)?.undoneAt ?? 0
    const taken = (undone.get(identity) ?? []).toSorted((a, b) => undoneAt(a) - undoneAt(b))
    return {
      occurredAt: row.occurred_at as number,
      feedId: row.feed_id as number,
      feedName: names.feeds.get(row.feed_id as number) ?? '',
      recordId: row.record_id as string,
      isCounted: !isGone.has(row),
      reading: row.verdict == null ? null : SERIES_VERDICTS[row.verdict as number]!,
      ...(isGone.has(row)
        ? { ...versionFromRow(taken.at(-1)!, names), ...NO_COUNTERS }
        : versionFromRow(row, names)),
      replaced: (replaced.get(identity) ?? []).map((version) => ({
        ...versionFromRow(version, names),
        replacedAt: version.replaced_at as number,
        replacedByImport: version.replaced_by_import as number,
      })),
      undone: taken.map((version) => ({
        ...versionFromRow(version, names),
        replacedAt: version.replaced_at as number | null,
        undoneAt: undoneAt(version),
      })),
    }
  })
}

/** Both engines order record ids by their bytes. */
function byPosition(a: Row, b: Row): number {
  return (
    (a.occurred_at as number) - (b.occurred_at as number) ||
    (a.feed_id as number) - (b.feed_id as number) ||
    Buffer.compare(Buffer.from(a.record_id as string), Buffer.from(b.record_id as string))
  )
}

/** The imports that rows name, each once. */
function importIdsOf(...lists: readonly (readonly Row[])[]): number[] {
  return [...new Set(lists.flat().map((row) => row.import_id as number))]
}

function identityOf({ occurred_at, feed_id, record_id }: Row): string {
  return `${occurred_at} ${feed_id} ${record_id}`
}

function versionFromRow(row: Row, { imports }: EntryNames) {
  const { version, importId, line } = storedEventFromRow(row)
  return {
    ...version,
    importId,
    source: imports.get(importId)?.source ?? '',
    line,
    knownAt: row.known_at as number,
  }
}

const SELECT_SOURCES = 'SELECT id, source, undone_at FROM import WHERE id = ANY (?::bigint[])'

/** How an engine finds ledger rows: by its buckets, each engine in its own way. */
export interface LedgerRows {
  /** From the ledger, in its order, at most one page. */
  readonly entries: (filter: LedgerFilter, page: LedgerPage) => Steps<Row[]>
  /** What a SIM's rows have replaced, in order of replacement. */
  readonly versions: (simId: number, rows: readonly Row[]) => Steps<Row[]>
}

/** A row and what it has replaced have to come from one state. */
export function* listUsageEvents(
  { entries, versions }: LedgerRows,
  filter: LedgerFilter,
  page: LedgerPage,
): Steps<LedgerEntry[]> {
  const { simId } = filter
  const selectGone = selectGoneEvents(filterConditions(filter), yield* freshSeconds())
  const gone = yield* all(selectGone, goneValues(filter, page))
  const first = firstIdentities(yield* entries(filter, page), gone, page)
  const span = spanOf([...first.counted, ...first.gone])
  const rows: EntryRows = {
    ...first,
    replaced: yield* versions(simId, first.counted),
    undone: span === null ? [] : yield* all(SELECT_UNDONE, [simId, ...span]),
  }
  const importIds = importIdsOf(rows.counted, rows.replaced, rows.undone)
  const sources = yield* all(SELECT_SOURCES, [importIds])
  const feeds = yield* listFeeds()
  return entriesFromRows(rows, {
    feeds: new Map(feeds.map(({ id, name }) => [id, name])),
    imports: new Map(
      sources.map(({ id, source, undone_at }) => [
        id as number,
        { source: source as string, undoneAt: undone_at as number | null },
      ]),
    ),
  })
}
