/** What a store knows about the time, and what its processes have seen pass. */
import type { ConfirmedTime, StoreTime } from '../domain/store-time.ts'
import { rebuildProgress } from './directory/feed-progress.ts'
import { feedById, readNumber } from './directory/reads.ts'
import { UPSERT_SETTING } from './directory/sql.ts'
import { dayOf } from './ledger/buckets.ts'
import { all, get, lock, run, type Steps } from './session.ts'

const TIME_PROVEN = 'time_proven'

const SELECT_CONFIRMED = `
  SELECT (SELECT MAX(bucket) FROM ledger) AS newest,
         (SELECT value FROM setting WHERE name = '${TIME_PROVEN}') AS proven,
         (SELECT value FROM setting WHERE name = 'purged_through') AS purged`

/**
 * Only the latest deliveries, because stamps of a clock that was wrong long ago should not matter
 * forever.
 */
const SELECT_NEWEST_STAMP = `
  SELECT MAX(started_at) AS started, MAX(finished_at) AS finished
  FROM (SELECT started_at, finished_at FROM import
        WHERE status <> 'undone' ORDER BY id DESC LIMIT 1000) AS latest`

// Stamps by a clock that was ahead. Every parameter is the instant that they are ahead of.
const SELECT_STAMPED_AHEAD = `
  SELECT DISTINCT feed_id FROM import WHERE started_at > ? OR finished_at > ?`
const CORRECT_STAMPS = `
  UPDATE import
  SET started_at = CASE WHEN started_at > ? THEN ? ELSE started_at END,
      finished_at = CASE WHEN finished_at > ? THEN ? ELSE finished_at END
  WHERE started_at > ? OR finished_at > ?`

/**
 * Asked by every delivery, so it is a single question and leaves out the stamps of the latest deliveries.
 */
export function* readConfirmedTime(): Steps<ConfirmedTime> {
  const row = (yield* get(SELECT_CONFIRMED))!
  const newest = numberOf(row.newest)
  return {
    newestUsageAt: newest === null ? null : dayOf(newest),
    provenAt: numberOf(row.proven),
    purgedThrough: numberOf(row.purged),
  }
}

/** Without a server's time, which only some engines have. */
export function* readTime(): Steps<Omit<StoreTime, 'serverAt'>> {
  const confirmed = yield* readConfirmedTime()
  const stamps = yield* get(SELECT_NEWEST_STAMP)
  const started = numberOf(stamps?.started)
  const newestStampAt =
    started === null ? null : Math.max(started, numberOf(stamps?.finished) ?? started)
  return { ...confirmed, newestStampAt }
}

function numberOf(value: unknown): number | null {
  return value == null ? null : Number(value)
}

/** Runs inside a write transaction. */
export function* proveTime(at: number): Steps<void> {
  yield* lock('directory')
  const known = yield* readNumber(TIME_PROVEN)
  if (known === null || known < at) yield* run(UPSERT_SETTING, [TIME_PROVEN, at])
}

/** Runs inside a change of the directory. Returns how many imports were stamped again. */
export function* trustClock(at: number): Steps<number> {
  const feeds = yield* all(SELECT_STAMPED_AHEAD, [at, at])
  const changed = yield* run(CORRECT_STAMPS, [at, at, at, at, at, at])
  for (const row of feeds) yield* rebuildProgress(yield* feedById(row.feed_id as number))
  return changed
}
