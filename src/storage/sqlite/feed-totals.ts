/**
 * The totals of feeds' imports, and what waits in quarantine. Both lists grow without end, and reads run
 * on the thread that answers requests, so they are read in steps with turns of the event loop in between.
 * Each import and each record is read once, at one moment.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { FeedTotals } from '../../domain/import.ts'
import { SELECT_IMPORT_TOTALS, totalsOfFeeds } from '../directory/feed-progress.ts'
import { listFeeds } from '../directory/reads.ts'
import type { Row } from '../rows.ts'
import type { Connection } from './connection.ts'

/** Rows per step; some milliseconds. */
export const STEP_ROWS = 10_000

const SELECT_LAST_IMPORT = 'SELECT MAX(id) AS id FROM import'
/** Rows are read in their own order, because by an index each would have to be looked up. */
const SELECT_SOME_IMPORTS = SELECT_IMPORT_TOTALS.replace(
  'FROM import',
  'FROM import NOT INDEXED WHERE id > ? AND id <= ?',
)

/** Uses a covering index, so that the records' texts are not read. */
const SELECT_STEP_END = `
  SELECT raw_hash FROM quarantine WHERE feed_id = ? AND raw_hash > ?
  ORDER BY raw_hash LIMIT 1 OFFSET ?`
const SELECT_SOME_WAITING = `
  SELECT feed_id, reason, COUNT(*) AS records
  FROM quarantine WHERE feed_id = ? AND raw_hash > ? AND raw_hash <= ?
  GROUP BY feed_id, reason`
/** Sorts after every hash, because hashes are hexadecimal. */
const LAST_HASH = 'g'

type Read = <T>(work: (connection: Connection) => T) => Promise<T>

export async function listFeedTotals(read: Read): Promise<FeedTotals[]> {
  const feeds = await read((c) => c.take(listFeeds()))
  const imports: Row[] = []
  const last = await read((c) => (c.prepare(SELECT_LAST_IMPORT).get()?.id ?? 0) as number)
  for (let from = 0; from < last; from += STEP_ROWS) {
    imports.push(...(await read((c) => c.prepare(SELECT_SOME_IMPORTS).all(from, from + STEP_ROWS))))
    await nextTurn()
  }
  const waiting: Row[] = []
  for (const { id } of feeds) {
    for (let from = ''; from !== LAST_HASH; ) {
      const { rows, end } = await read((c) => someWaiting(c, id, from))
      waiting.push(...rows)
      from = end
      await nextTurn()
    }
  }
  return totalsOfFeeds(feeds, imports, sumsByReason(waiting))
}

function someWaiting(connection: Connection, feedId: number, from: string) {
  const next = connection.prepare(SELECT_STEP_END).get(feedId, from, STEP_ROWS - 1)
  const end = (next?.raw_hash ?? LAST_HASH) as string
  return { rows: connection.prepare(SELECT_SOME_WAITING).all(feedId, from, end), end }
}

function sumsByReason(rows: readonly Row[]): Row[] {
  const sums = new Map<string, Row>()
  for (const row of rows) {
    const key = `${row.feed_id} ${row.reason}`
    const before = sums.get(key)?.records ?? 0
    sums.set(key, { ...row, records: Number(before) + Number(row.records) })
  }
  return [...sums.values()]
}
