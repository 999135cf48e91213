/**
 * The audit: goes over a store step by step, each on one state of it, so that nothing has to wait
 * for the whole. What it asks stands in the files beside this one; an engine only answers.
 */
import {
  DAY_SECONDS,
  floorTo,
  formatInstant,
  INSTANT_MIN,
  monthNumber,
  monthStart,
} from '../domain/time.ts'
import { UsageError } from '../domain/usage-error.ts'
import {
  CELLS_OF_DAY,
  type DerivedTable,
  differenceFromRow,
  SIM_DAYS_OF_MONTH,
  SIM_MONTH,
  selectDifferences,
} from './audit-cells.ts'
import {
  type ChecksummedTable,
  monthDifferences,
  partDifference,
  SELECT_LEDGER_CHECKSUMS,
  selectPartsThatDiffer,
  selectStrayChecksums,
  strayChecksum,
} from './audit-checksums.ts'
import { feedProgressDifferences } from './audit-progress.ts'
import {
  AUDIT_DIFFERENCES_MAX,
  type AuditDifference,
  type AuditOptions,
  type AuditReport,
} from './audit-report.ts'
import { brokenRuleFromRow, RULES_OF_DAY, STANDING_RULES } from './audit-rules.ts'
import { CHECKSUMMED_THROUGH, LEDGER_TABLES } from './checksums.ts'
import type { Row } from './rows.ts'

/** The setting that keeps the last audit: for whoever goes on with it, and for monitoring. */
export const AUDIT_RUN = 'audit_run'

export type Parameters = Readonly<Record<string, number | null>>

/** Parameters are named, as in `:day`; those that a question does not name are passed over. */
export type Ask = (text: string, parameters?: Parameters) => Promise<Row[]>

/** What an audit asks of an engine. Integers of its rows may be numbers or bigints. */
export interface AuditEngine {
  /** Runs `work` on one state of the store. */
  onOneState<T>(work: (ask: Ask) => Promise<T>): Promise<T>
  /** The tables with checksums, as the schema has them now. */
  tables(): Promise<readonly ChecksummedTable[]>
  /** What the hashes of the table's rows come to, as an expression. */
  totalOf(table: ChecksummedTable): string
  /** The checksums that are kept, as a question. */
  readonly keptChecksums: string
  /** What every hash begins with. */
  checksumKey(): Promise<string>
  /** True where whole months have totals of their own. */
  readonly hasSimMonths: boolean
  /** True where rows lie on several servers, which answer only questions of one table. */
  readonly isSpread: boolean
  /** What the engine itself finds wrong with its database. */
  checkDatabase(): Promise<AuditDifference[]>
}

interface Bounds {
  readonly purgedThrough: number
  readonly sealedThrough: number
  readonly checksummedThrough: number
}

interface Step {
  /** In the order of the steps when compared as text, so that a later run can go on after it. */
  readonly name: string
  /** What it looks at, in words. */
  readonly of: string
  run(): Promise<void>
}

const NOTHING: AuditReport = {
  ledgerRows: 0,
  cellsChecked: 0,
  checksummedThrough: null,
  differences: [],
  differenceCount: 0,
}

export async function runAudit(
  engine: AuditEngine,
  { accountId = null, since = null, resumeFrom = null, onStep, isStopped }: AuditOptions = {},
): Promise<AuditReport> {
  const audit = new Audit(engine, { accountId, since }, resumeFrom?.report ?? NOTHING)
  const steps = await audit.plan()
  const after = resumeFrom?.after ?? ''
  const left = steps.filter(({ name }) => name > after)
  for (const [i, step] of left.entries()) {
    if (isStopped?.() === true) break
    await audit.run(step)
    await onStep?.({
      done: steps.length - left.length + i + 1,
      total: steps.length,
      state: { after: step.name, report: audit.report() },
    })
  }
  return audit.report()
}

/** What one look has found; begun anew where the look is repeated. */
class Found {
  readonly differences: AuditDifference[] = []
  count = 0
  ledgerRows = 0
  cells = 0

  add(differences: readonly AuditDifference[], count = differences.length): void {
    this.count += count
    const room = AUDIT_DIFFERENCES_MAX - this.differences.length
    this.differences.push(...differences.slice(0, Math.max(0, room)))
  }
}

class Audit {
  readonly #engine: AuditEngine
  readonly #scope: { readonly accountId: number | null; readonly since: number | null }
  readonly #all = new Found()
  #found = new Found()
  #checksummedThrough: number | null = null

  constructor(
    engine: AuditEngine,
    scope: { readonly accountId: number | null; readonly since: number | null },
    before: AuditReport,
  ) {
    this.#engine = engine
    this.#scope = scope
    this.#all.add(before.differences, before.differenceCount)
    this.#all.ledgerRows = before.ledgerRows
    this.#all.cells = before.cellsChecked
  }

  report(): AuditReport {
    const { ledgerRows, cells, differences, count } = this.#all
    return {
      ledgerRows,
      cellsChecked: cells,
      checksummedThrough: this.#checksummedThrough,
      differences: [...differences],
      differenceCount: count,
    }
  }

  /** What cannot be looked at because it is damaged is a difference, and the others are looked at. */
  async run({ of, run }: Step): Promise<void> {
    this.#found = new Found()
    try {
      await run()
    } catch (error) {
      if (error instanceof UsageError && error.code !== 'incompatible') throw error
      const stored = `cannot be read: ${error instanceof Error ? error.message : String(error)}`
      this.#add([{ table: of, cell: 'as a whole', stored, recomputed: 'readable' }])
    }
    this.#all.add(this.#found.differences, this.#found.count)
    this.#all.ledgerRows += this.#found.ledgerRows
    this.#all.cells += this.#found.cells
  }

  /** The work may run again from its beginning. */
  #look(work: (ask: Ask) => Promise<void>): Promise<void> {
    return this.#engine.onOneState((ask) => {
      this.#found = new Found()
      return work(ask)
    })
  }

  async plan(): Promise<Step[]> {
    const { since } = this.#scope
    const { days, months } = await this.#engine.onOneState(async (ask) => {
      const { checksummedThrough } = await boundsOf(ask)
      if (checksummedThrough >= INSTANT_MIN) this.#checksummedThrough = checksummedThrough
      const found = await daysOf(ask, this.#engine)
      return { days: found, months: await monthsOf(ask, found, this.#engine.hasSimMonths) }
    })
    const wanted = days.filter((day) => since === null || day + DAY_SECONDS > since)
    const wantedMonths = months.filter((month) => since === null || monthStart(month + 1) > since)
    return [
      ...(await this.#standingSteps()),
      ...wanted.map((day) => ({
        name: `3 ${formatInstant(day)}`,
        of: `ledger of ${formatInstant(day).slice(0, 10)}`,
        run: () => this.#day(day),
      })),
      ...wantedMonths.map((month) => ({
        name: `4 ${String(month).padStart(16, '0')}`,
        of: `sim day of ${formatInstant(monthStart(month)).slice(0, 7)}`,
        run: () => this.#month(month),
      })),
    ]
  }

  /** What belongs to no day; of no use to somebody who asks for one account. */
  async #standingSteps(): Promise<Step[]> {
    const engine = this.#engine
    if (this.#scope.accountId !== null) return []
    const tables = (await engine.tables()).filter(({ name }) => !isOfLedger(name))
    return [
      {
        name: '0 database',
        of: 'database',
        run: async () => this.#add(await engine.checkDatabase()),
      },
      ...tables.map((table) => ({
        name: `1 ${table.name}`,
        of: table.name.replaceAll('_', ' '),
        run: () => this.#look((ask) => this.#parts(ask, table)),
      })),
      ...(engine.isSpread ? [] : STANDING_RULES).map((rule, i) => ({
        name: `2 ${String(i).padStart(3, '0')}`,
        of: rule.table,
        run: () =>
          this.#look(async (ask) => {
            const rows = await ask(rule.text)
            this.#add(rows.map((row) => brokenRuleFromRow(rule, row)))
          }),
      })),
      {
        name: '2 progress',
        of: 'feed progress',
        run: () => this.#look(async (ask) => this.#add(await feedProgressDifferences(ask))),
      },
      {
        name: '2 months',
        of: 'checksum',
        run: async () => {
          const key = await engine.checksumKey()
          const names = (await engine.tables()).map(({ name }) => name)
          await this.#look(async (ask) => {
            const { purgedThrough } = await boundsOf(ask)
            const rows = await ask(SELECT_LEDGER_CHECKSUMS)
            this.#add(monthDifferences(rows, { key, purgedThrough }))
            this.#add((await ask(selectStrayChecksums(names))).map(strayChecksum))
          })
        },
      },
    ].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  async #parts(ask: Ask, table: ChecksummedTable, where?: string, of?: Parameters): Promise<void> {
    const { keptChecksums: kept } = this.#engine
    const total = this.#engine.totalOf(table)
    const text = selectPartsThatDiffer(table, {
      total,
      kept,
      ...(where === undefined ? {} : { where }),
    })
    this.#add((await ask(text, of)).map((row) => partDifference(table, row)))
  }

  async #day(day: number): Promise<void> {
    const { accountId } = this.#scope
    const tables = (await this.#engine.tables()).filter(({ name }) => isOfLedger(name))
    await this.#look(async (ask) => {
      const bounds = await boundsOf(ask)
      const of = { day, dayEnd: day + DAY_SECONDS, account: accountId, ...bounds }
      const rows = await ask('SELECT COUNT(*) AS rows FROM ledger WHERE bucket = :day', of)
      this.#found.ledgerRows += Number(rows[0]!.rows)
      for (const derived of CELLS_OF_DAY) await this.#cells(ask, derived, of)
      for (const rule of this.#engine.isSpread ? [] : RULES_OF_DAY) {
        this.#add((await ask(rule.text, of)).map((row) => brokenRuleFromRow(rule, row)))
      }
      if (day >= bounds.checksummedThrough) return
      for (const table of tables) await this.#parts(ask, table, 'part = :day', of)
    })
  }

  async #month(month: number): Promise<void> {
    await this.#look(async (ask) => {
      const bounds = await boundsOf(ask)
      const of = {
        month,
        monthStart: monthStart(month),
        monthEnd: monthStart(month + 1),
        account: this.#scope.accountId,
        ...bounds,
      }
      await this.#cells(ask, SIM_DAYS_OF_MONTH, of)
      if (this.#engine.hasSimMonths) await this.#cells(ask, SIM_MONTH, of)
    })
  }

  async #cells(ask: Ask, derived: DerivedTable, of: Parameters): Promise<void> {
    const [counts, ...rows] = await ask(selectDifferences(derived), of)
    this.#found.cells += Number(counts!.cells)
    this.#add(
      rows.map((row) => differenceFromRow(derived, row)),
      Number(counts!.differing),
    )
  }

  #add(differences: readonly AuditDifference[], count?: number): void {
    this.#found.add(differences, count)
  }
}

function isOfLedger(table: string): boolean {
  return (LEDGER_TABLES as readonly string[]).includes(table)
}

async function boundsOf(ask: Ask): Promise<Bounds> {
  const rows = await ask(
    `SELECT name, value FROM setting
     WHERE name IN ('purged_through', 'sealed_through', '${CHECKSUMMED_THROUGH}')`,
  )
  const limit = (name: string) =>
    Number(rows.find((row) => row.name === name)?.value ?? Number.MIN_SAFE_INTEGER)
  return {
    purgedThrough: limit('purged_through'),
    sealedThrough: limit('sealed_through'),
    checksummedThrough: limit(CHECKSUMMED_THROUGH),
  }
}

/**
 * Every day of which some table has something, in the order of time. Asked at the beginning of each
 * part of the way, so that no long table is read for it: hours and totals of SIMs have rules of their
 * own, by which they lie on one of these days.
 */
export async function daysOf(
  ask: Ask,
  { isSpread }: Pick<AuditEngine, 'isSpread'>,
): Promise<number[]> {
  const bucketsOf = isSpread ? selectBuckets : skipToBuckets
  const starts = [
    ...LEDGER_TABLES.map(bucketsOf),
    'SELECT DISTINCT started_at AS at FROM account_day',
    `SELECT part AS at FROM checksum WHERE table_name IN ('ledger', 'ledger_history')`,
  ]
  const days = new Set<number>()
  for (const text of starts) {
    for (const { at } of await ask(text)) days.add(floorTo(Number(at), DAY_SECONDS))
  }
  return [...days].sort((a, b) => a - b)
}

function selectBuckets(table: string): string {
  return `SELECT DISTINCT bucket AS at FROM ${table}`
}

/** From one bucket to the next by the key, however many rows each has; Citus does not take it. */
function skipToBuckets(table: string): string {
  return `
    WITH RECURSIVE days (at) AS (
      SELECT MIN(bucket) FROM ${table}
      UNION ALL
      SELECT (SELECT MIN(bucket) FROM ${table} WHERE bucket > days.at)
      FROM days WHERE days.at IS NOT NULL
    )
    SELECT at FROM days WHERE at IS NOT NULL`
}

/** As `monthNumber` counts: of the days, and those that totals say they are of. */
async function monthsOf(
  ask: Ask,
  days: readonly number[],
  hasSimMonths: boolean,
): Promise<number[]> {
  const months = new Set(days.map(monthNumber))
  for (const table of hasSimMonths ? ['sim_day', 'sim_month'] : ['sim_day']) {
    for (const row of await ask(`SELECT DISTINCT month FROM ${table}`))
      months.add(Number(row.month))
  }
  return [...months].sort((a, b) => a - b)
}
