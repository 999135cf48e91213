/** SQL of what a store knows of the time, the same for every engine. */

export const SELECT_NEWEST_USAGE = 'SELECT MAX(bucket) AS newest FROM ledger'

/** Only the latest deliveries: the stamps of a clock that was wrong long ago do not matter for ever. */
export const SELECT_NEWEST_STAMP = `
  SELECT MAX(started_at) AS started, MAX(finished_at) AS finished
  FROM (SELECT started_at, finished_at FROM import
        WHERE status <> 'undone' ORDER BY id DESC LIMIT 1000) AS latest`

// Stamps of a clock that was ahead; every parameter is the instant that it is ahead of.
export const SELECT_STAMPED_AHEAD = `
  SELECT DISTINCT feed_id FROM import WHERE started_at > ? OR finished_at > ?`
export const CORRECT_STAMPS = `
  UPDATE import
  SET started_at = CASE WHEN started_at > ? THEN ? ELSE started_at END,
      finished_at = CASE WHEN finished_at > ? THEN ? ELSE finished_at END
  WHERE started_at > ? OR finished_at > ?`

export const TIME_PROVEN = 'time_proven'

/** From the rows of the two questions and the texts or numbers of the settings. */
export function timeFromRows(
  usage: Record<string, unknown> | undefined,
  stamps: Record<string, unknown> | undefined,
  settings: { readonly provenAt: unknown; readonly purgedThrough: unknown },
) {
  const number = (value: unknown) => (value == null ? null : Number(value))
  const started = number(stamps?.started)
  const finished = number(stamps?.finished)
  return {
    newestUsageAt: number(usage?.newest),
    newestStampAt: started === null ? null : Math.max(started, finished ?? started),
    provenAt: number(settings.provenAt),
    purgedThrough: number(settings.purgedThrough),
  }
}
