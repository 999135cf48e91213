/**
 * Compares readings with what their series prove. Each is measured from the row before it, by the rule of
 * `domain/counter-series.ts`, and compared with what is stored of it and with the ledger.
 */
import {
  NOTHING_PROVED,
  type Proved,
  prove,
  SERIES_VERDICTS,
  sameCounters,
} from '../../domain/counter-series.ts'
import type { Counters } from '../../domain/counters.ts'
import { formatInstant } from '../../domain/time.ts'
import { countersFromRow, countersInWords, eachCounter } from '../counter-columns.ts'
import { FRESH_SECONDS_GIVEN, floorText } from '../ledger/buckets.ts'
import type { Row } from '../rows.ts'
import { keptReadingFromRow } from '../series/reading-rows.ts'
import type { Ask, Parameters } from './engine.ts'
import type { AuditDifference } from './report.ts'

const READINGS_A_LOOK = 10_000

const SIMS_OF_ACCOUNT = `
  (CAST(:account AS BIGINT) IS NULL
   OR reading.sim_id IN (SELECT sim.id FROM sim WHERE sim.account_id = :account))`

/** Parameters: `day`, `dayEnd`, `purgedThrough`, `account`; and the reading to continue after. */
const READINGS_OF_DAY = `
  SELECT reading.*,
         ${eachCounter((name) => `last.high_${name} AS last_${name}`)},
         ${eachCounter((name) => `ledger.${name} AS used_${name}`)}
  FROM reading
  LEFT JOIN reading AS last
    ON last.sim_id = reading.sim_id AND last.feed_id = reading.feed_id
   AND last.record_id = reading.record_id
   AND last.occurred_at = (SELECT MAX(before.occurred_at) FROM reading AS before
                           WHERE before.sim_id = reading.sim_id
                             AND before.feed_id = reading.feed_id
                             AND before.record_id = reading.record_id
                             AND before.occurred_at < reading.occurred_at)
  LEFT JOIN ledger
    ON ledger.bucket >= :day AND ledger.bucket < :dayEnd
   AND ledger.bucket IN (:day, ${floorText('reading.occurred_at', FRESH_SECONDS_GIVEN)})
   AND ledger.sim_id = reading.sim_id
   AND ledger.occurred_at = reading.occurred_at AND ledger.feed_id = reading.feed_id
   AND ledger.record_id = reading.record_id AND (ledger.stated & 4) <> 0
  WHERE reading.occurred_at >= :afterAt AND reading.occurred_at < :dayEnd
    AND reading.occurred_at >= :purgedThrough AND ${SIMS_OF_ACCOUNT}
    AND (reading.occurred_at, reading.sim_id, reading.feed_id, reading.record_id)
        > (:afterAt, :afterSim, :afterFeed, :afterRecord)
  ORDER BY reading.occurred_at, reading.sim_id, reading.feed_id, reading.record_id
  LIMIT ${READINGS_A_LOOK}`

/** Usage that follows from a reading that does not exist. */
const WITHOUT_READING = `
  SELECT * FROM ledger AS reading
  WHERE bucket >= :day AND bucket < :dayEnd AND (stated & 4) <> 0 AND occurred_at >= :purgedThrough AND ${SIMS_OF_ACCOUNT}
    AND NOT EXISTS (SELECT 1 FROM reading AS kept
                    WHERE kept.sim_id = reading.sim_id AND kept.feed_id = reading.feed_id
                      AND kept.record_id = reading.record_id
                      AND kept.occurred_at = reading.occurred_at)
  ORDER BY sim_id, occurred_at, feed_id, record_id
  LIMIT ${READINGS_A_LOOK}`

/** Calls `told` from time to time, with the number of readings looked at. */
export async function compareReadings(
  ask: Ask,
  of: Parameters & { readonly day: number },
  told: (differences: readonly AuditDifference[], looked: number) => void,
): Promise<void> {
  let after = { afterAt: of.day, afterSim: 0, afterFeed: 0, afterRecord: '' }
  for (;;) {
    const rows = await ask(READINGS_OF_DAY, { ...of, ...after })
    told(rows.flatMap(differencesOf), rows.length)
    const last = rows.at(-1)
    if (last === undefined || rows.length < READINGS_A_LOOK) break
    after = {
      afterAt: Number(last.occurred_at),
      afterSim: Number(last.sim_id),
      afterFeed: Number(last.feed_id),
      afterRecord: last.record_id as string,
    }
  }
  const lost = await ask(WITHOUT_READING, of)
  const differences = lost.map((row) => ({
    ...cellOf(row),
    stored: countersInWords(countersFromRow(row)),
    recomputed: 'nothing: there is no such reading',
  }))
  told(differences, 0)
}

function differencesOf(row: Row): AuditDifference[] {
  const kept = keptReadingFromRow(row)
  const isFirst = row.last_upload === null
  const before = isFirst ? NOTHING_PROVED : countersFromRow(row, 'last_')
  const proved = prove(before, kept.reading)
  const used = row.used_upload === null ? null : countersFromRow(row, 'used_')
  const isRight =
    used !== null &&
    sameCounters(used, proved.usage) &&
    sameCounters(kept.highs, proved.highs) &&
    kept.verdict === proved.verdict
  if (isRight) return []
  return [
    { ...cellOf(row), stored: inWords(used, kept), recomputed: inWords(proved.usage, proved) },
  ]
}

function cellOf(row: Row): Pick<AuditDifference, 'table' | 'cell'> {
  const { sim_id: sim, feed_id: feed, record_id: record, occurred_at: at } = row
  const cell = `sim_id ${sim}, feed_id ${feed}, record_id ${record}, at ${formatInstant(Number(at))}`
  return { table: 'reading', cell }
}

function inWords(used: Counters | null, { highs, verdict }: Omit<Proved, 'usage'>): string {
  const usage = used === null ? 'no usage' : countersInWords(used)
  const known = SERIES_VERDICTS.includes(verdict) ? verdict : 'none'
  return `${usage}; proved ${countersInWords(highs)}, ${known}`
}
