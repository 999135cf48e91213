/**
 * Rebuilds what is derived: totals that do not agree with the ledger, and directory rows that follow from
 * others. The ledger is never touched. If it does not fit its own checksum, nothing is made to agree with
 * it.
 */

import type { NewAct } from '../../domain/act.ts'
import { DAY_SECONDS, formatInstant, monthStart } from '../../domain/time.ts'
import { counterList } from '../counter-columns.ts'
import {
  ACCOUNT_DAY,
  ACCOUNT_HOURS,
  type DerivedTable,
  differenceFromRow,
  SIM_DAYS_OF_MONTH,
  SIM_MONTH,
  selectDifferences,
  spanOfMonth,
} from './cells.ts'
import { selectPartsThatDiffer } from './checked-rows.ts'
import { isOfLedger } from './checksums.ts'
import { boundsOf, daysOf, monthsOf } from './days.ts'
import type { Ask, Change, ChangingEngine, Parameters } from './engine.ts'
import { directorySteps } from './repair-rows.ts'
import type { AuditDifference, NotRebuilt, RepairReport } from './report.ts'

const COUNTERS = counterList()

/**
 * How many cells per table and day are named, while all are rebuilt. A broken store may have more than
 * fit in memory.
 */
const CELLS_NAMED_MAX = 10_000

/** What one transaction rebuilds. */
export interface RepairStep {
  /** In words, for the log. */
  readonly of: string
  /** Whether there is anything to do, so that nobody has to wait for a look that finds nothing. */
  isNeeded(ask: Ask): Promise<boolean>
  run(change: Change): Promise<RepairReport>
}

export async function runRepair(engine: ChangingEngine): Promise<RepairReport> {
  const rebuilt: AuditDifference[] = []
  const notRebuilt: NotRebuilt[] = []
  for (const step of await stepsOf(engine)) {
    if (!(await engine.onOneState((ask) => step.isNeeded(ask)))) continue
    const done = await engine.change(
      (change) => step.run(change),
      (report) => actOfRepair(step.of, report),
    )
    rebuilt.push(...done.rebuilt)
    notRebuilt.push(...done.notRebuilt)
  }
  return { rebuilt, notRebuilt }
}

function actOfRepair(object: string, { rebuilt }: RepairReport): NewAct | null {
  if (rebuilt.length === 0) return null
  const byTable = Map.groupBy(rebuilt, ({ table }) => table.replaceAll(' ', '_'))
  const details = Object.fromEntries([...byTable].map(([table, cells]) => [table, cells.length]))
  return { verb: 'repair', objectKind: 'store', object, details }
}

async function stepsOf(engine: ChangingEngine): Promise<RepairStep[]> {
  const { days, months } = await engine.onOneState(async (ask) => {
    const found = await daysOf(ask, engine)
    const ofHours = await ask(
      'SELECT DISTINCT started_at - started_at % 86400 AS at FROM account_hour',
    )
    const all = new Set([...found, ...ofHours.map(({ at }) => Number(at))])
    return { days: [...all], months: await monthsOf(ask, found, engine.hasSimMonths) }
  })
  return [
    ...days.sort((a, b) => a - b).map((day) => totalsOfDay(engine, day)),
    ...months.map((month) => totalsOfMonth(engine, month)),
    cellsOfNobody(engine),
    ...(await directorySteps(engine)),
  ]
}

interface Rebuilt {
  readonly derived: DerivedTable
  readonly table: string
  /** What to delete. A total in the wrong place is deleted along with its day. */
  readonly where: string
  /** Columns outside the derived table's key, with their values. */
  readonly more: Readonly<Record<string, string>>
}

const OF_DAY = 'started_at >= :day AND started_at < :dayEnd'

const OF_DAYS: readonly Rebuilt[] = [
  { derived: ACCOUNT_HOURS, table: 'account_hour', where: OF_DAY, more: {} },
  { derived: ACCOUNT_DAY, table: 'account_day', where: OF_DAY, more: {} },
]

const OF_MONTHS: Rebuilt = {
  derived: SIM_DAYS_OF_MONTH,
  table: 'sim_day',
  where: 'month = :month OR (started_at >= :monthStart AND started_at < :monthEnd)',
  more: { month: ':month' },
}

const OF_WHOLE_MONTHS: Rebuilt = {
  derived: SIM_MONTH,
  table: 'sim_month',
  where: 'month = :month',
  more: {},
}

function totalsOfDay(engine: ChangingEngine, day: number): RepairStep {
  const [from, to] = [day, day + DAY_SECONDS]
  const name = formatInstant(day).slice(0, 10)
  return totals(engine, OF_DAYS, { name, from, to, of: { day, dayEnd: to, account: null } })
}

function totalsOfMonth(engine: ChangingEngine, month: number): RepairStep {
  const [from, to] = [monthStart(month), monthStart(month + 1)]
  const of = { ...spanOfMonth(month), account: null }
  const tables = engine.hasSimMonths ? [OF_MONTHS, OF_WHOLE_MONTHS] : [OF_MONTHS]
  return totals(engine, tables, { name: formatInstant(from).slice(0, 7), from, to, of })
}

interface Span {
  readonly name: string
  readonly from: number
  readonly to: number
  readonly of: Parameters
}

function totals(
  engine: ChangingEngine,
  tables: readonly Rebuilt[],
  { name, from, to, of: span }: Span,
): RepairStep {
  const differencesOf = async (ask: Ask, { derived }: Rebuilt, of: Parameters) => {
    const [, ...rows] = await ask(selectDifferences(derived, CELLS_NAMED_MAX), of)
    return rows.map((row) => differenceFromRow(derived, row))
  }
  return {
    of: `totals of ${name}`,
    isNeeded: async (ask) => {
      const of = { ...span, ...(await boundsOf(ask)) }
      for (const table of tables) {
        if ((await differencesOf(ask, table, of)).length > 0) return true
      }
      return false
    },
    run: async ({ ask, rewrite }) => {
      const of = { ...span, ...(await boundsOf(ask)) }
      const rebuilt: AuditDifference[] = []
      const notRebuilt: NotRebuilt[] = []
      const isSound = await ledgerFits(engine, ask, { ...of, from, to })
      for (const table of tables) {
        const differences = await differencesOf(ask, table, of)
        if (differences.length === 0) continue
        if (isSound) {
          await rebuild(rewrite, table, of)
          rebuilt.push(...differences)
        } else notRebuilt.push({ table: table.derived.name, cell: `of ${name}`, remedy: UNSOUND })
      }
      return { rebuilt, notRebuilt }
    },
  }
}

const UNSOUND =
  'the ledger of that time does not fit its checksums: restore a backup, or accept ' +
  'it with --accept and repair again'

async function rebuild(
  rewrite: Ask,
  { derived, table, where, more }: Rebuilt,
  of: Parameters,
): Promise<void> {
  const names = [...Object.keys(more), ...derived.key, COUNTERS].join(', ')
  const values = [...Object.values(more), ...derived.key, COUNTERS].join(', ')
  await rewrite(`DELETE FROM ${table} WHERE ${where}`, of)
  await rewrite(
    `INSERT INTO ${table} (${names}) SELECT ${values} FROM (${derived.recomputed}) AS recomputed`,
    of,
  )
}

/** True if the rows under checksum fit it. */
async function ledgerFits(engine: ChangingEngine, ask: Ask, of: Parameters): Promise<boolean> {
  const { totalOf, keptChecksums: kept } = engine
  const where = 'part >= :from AND part < :to'
  for (const table of (await engine.tables()).filter(({ name }) => isOfLedger(name))) {
    const text = selectPartsThatDiffer(table, { total: totalOf(table), kept, where })
    if ((await ask(text, of)).length > 0) return false
  }
  return true
}

interface Stray {
  readonly table: string
  readonly where: string
  readonly key: string
}

/** Cells that belong to no account or SIM, or to an instant at which no cell begins. */
function straysOf({ hasSimMonths }: ChangingEngine): Stray[] {
  const without = (owner: string, table: string) =>
    `NOT EXISTS (SELECT 1 FROM ${owner} WHERE ${owner}.id = ${table}.${owner}_id)`
  const ofAccounts = (table: string, seconds: number, more = ''): Stray => ({
    table,
    where: `${without('account', table)} OR started_at % ${seconds} <> 0${more}`,
    key: 'account_id',
  })
  const noDay = ` OR NOT EXISTS (SELECT 1 FROM account_day
    WHERE account_day.account_id = account_hour.account_id
      AND account_day.started_at = account_hour.started_at - account_hour.started_at % 86400)`
  const ofSims = hasSimMonths ? ['sim_day', 'sim_month'] : ['sim_day']
  return [
    ofAccounts('account_hour', 3600, noDay),
    ofAccounts('account_day', DAY_SECONDS),
    ...ofSims.map((table) => ({ table, where: without('sim', table), key: 'sim_id' })),
  ]
}

function cellsOfNobody(engine: ChangingEngine): RepairStep {
  // Citus cannot join distributed tables this way. There, such cells either differ from the ledger or
  // hold nothing.
  const strays = engine.isSpread ? [] : straysOf(engine)
  const find = ({ table, where }: Stray) =>
    `SELECT * FROM ${table} WHERE ${where} LIMIT ${CELLS_NAMED_MAX}`
  return {
    of: 'cells of nobody',
    isNeeded: async (ask) => {
      for (const stray of strays) if ((await ask(find(stray))).length > 0) return true
      return false
    },
    run: async ({ ask, rewrite }) => {
      const rebuilt: AuditDifference[] = []
      for (const stray of strays) {
        const { table, where, key } = stray
        for (const row of await ask(find(stray))) {
          const stored = JSON.stringify(row, (_, value) =>
            typeof value === 'bigint' ? Number(value) : value,
          )
          const cell = `${key} ${row[key]}`
          rebuilt.push({ table: table.replace('_', ' '), cell, stored, recomputed: 'none' })
        }
        await rewrite(`DELETE FROM ${table} WHERE ${where}`)
      }
      return { rebuilt, notRebuilt: [] }
    },
  }
}
