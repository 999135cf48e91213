/** Rebuilds totals that do not agree with the ledger, a day in a transaction. Nothing else is touched. */
import { DAY_SECONDS, monthNumber, monthStart } from '../domain/time.ts'
import {
  CELLS_OF_DAY,
  type DerivedTable,
  differenceFromRow,
  SIM_DAYS_OF_MONTH,
  SIM_MONTH,
  selectDifferences,
} from './audit-cells.ts'
import type { Ask, Parameters } from './audit-engine.ts'
import type { AuditDifference } from './audit-report.ts'

const COUNTERS = 'upload, download, to_sim, from_sim'

interface Rebuilt {
  readonly derived: DerivedTable
  readonly table: string
  /** What goes; a total in the wrong place goes with its day. */
  readonly where: string
  /** Columns that are no part of the derived table's key, with their values. */
  readonly more: Readonly<Record<string, string>>
}

const OF_DAY = 'started_at >= :day AND started_at < :dayEnd'

const REBUILT: readonly Rebuilt[] = [
  { derived: CELLS_OF_DAY[0]!, table: 'account_hour', where: OF_DAY, more: {} },
  { derived: CELLS_OF_DAY[1]!, table: 'account_day', where: OF_DAY, more: {} },
  {
    derived: SIM_DAYS_OF_MONTH,
    table: 'sim_day',
    where: 'month = :month OR (started_at >= :monthStart AND started_at < :monthEnd)',
    more: { month: ':month' },
  },
]

const REBUILT_MONTH: Rebuilt = {
  derived: SIM_MONTH,
  table: 'sim_month',
  where: 'month = :month',
  more: {},
}

export interface RepairLimits {
  readonly purgedThrough: number
  readonly sealedThrough: number
}

/**
 * Runs inside a write transaction that keeps batches out. Returns what was wrong, at most as many as
 * an audit names of each table.
 */
export async function repairDay(
  ask: Ask,
  day: number,
  { hasSimMonths, ...limits }: RepairLimits & { readonly hasSimMonths: boolean },
): Promise<AuditDifference[]> {
  const month = monthNumber(day)
  const of: Parameters = {
    ...limits,
    day,
    dayEnd: day + DAY_SECONDS,
    month,
    monthStart: monthStart(month),
    monthEnd: monthStart(month + 1),
    account: null,
  }
  const repaired: AuditDifference[] = []
  for (const rebuilt of hasSimMonths ? [...REBUILT, REBUILT_MONTH] : REBUILT) {
    const { derived, table, where, more } = rebuilt
    const [, ...rows] = await ask(selectDifferences(derived), of)
    if (rows.length === 0) continue
    repaired.push(...rows.map((row) => differenceFromRow(derived, row)))
    const names = [...Object.keys(more), ...derived.key, COUNTERS].join(', ')
    const values = [...Object.values(more), ...derived.key, COUNTERS].join(', ')
    await ask(`DELETE FROM ${table} WHERE ${where}`, of)
    await ask(
      `INSERT INTO ${table} (${names}) SELECT ${values} FROM (${derived.recomputed}) AS recomputed`,
      of,
    )
  }
  return repaired
}
