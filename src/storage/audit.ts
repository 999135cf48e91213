/**
 * The audit: goes over a store step by step, each on one state of it, so that nothing has to wait
 * for the whole. What it asks stands in the files beside this one; an engine only answers.
 */
import { DAY_SECONDS, formatInstant, INSTANT_MIN, monthStart } from '../domain/time.ts'
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
import { boundsOf, daysOf, monthsOf } from './audit-days.ts'
import type { Ask, AuditEngine, Parameters } from './audit-engine.ts'
import { countVersions, importDifferences, type VersionCounts } from './audit-imports.ts'
import { feedProgressDifferences } from './audit-progress.ts'
import { compareReadings } from './audit-readings.ts'
import {
  AUDIT_DIFFERENCES_MAX,
  type AuditDifference,
  type AuditOptions,
  type AuditReport,
  type AuditState,
} from './audit-report.ts'
import { brokenRuleFromRow, RULES_OF_DAY, STANDING_RULES } from './audit-rules.ts'
import { isOfLedger } from './checksums.ts'

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
  const audit = new Audit(engine, { accountId, since }, resumeFrom)
  const steps = await audit.plan()
  const after = resumeFrom?.after ?? ''
  const left = steps.filter(({ name }) => name > after)
  for (const [i, step] of left.entries()) {
    if (isStopped?.() === true) break
    await audit.run(step)
    await onStep?.({
      done: steps.length - left.length + i + 1,
      total: steps.length,
      state: audit.stateAfter(step.name),
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
  /** Of each import, from the days looked at; null where the audit does not look at all of them. */
  readonly #versions: VersionCounts | null

  constructor(
    engine: AuditEngine,
    scope: { readonly accountId: number | null; readonly since: number | null },
    resumeFrom: AuditState | null,
  ) {
    this.#engine = engine
    this.#scope = scope
    const isWhole = scope.accountId === null && scope.since === null
    const counted = resumeFrom === null ? [] : resumeFrom.versions
    this.#versions = isWhole && counted !== undefined ? new Map(counted) : null
    const before = resumeFrom?.report ?? NOTHING
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

  stateAfter(after: string): AuditState {
    const versions = this.#versions === null ? {} : { versions: [...this.#versions] }
    return { after, report: this.report(), ...versions }
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
      ...this.#importSteps(),
    ]
  }

  /** Last, because it takes what the days have said together. */
  #importSteps(): Step[] {
    const versions = this.#versions
    if (versions === null) return []
    const run = () =>
      this.#look(async (ask) => {
        const { purgedThrough } = await boundsOf(ask)
        this.#add(await importDifferences(ask, { versions, purgedThrough }))
      })
    return [{ name: '5 imports', of: 'import', run }]
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
    let counted: VersionCounts = new Map()
    await this.#look(async (ask) => {
      const bounds = await boundsOf(ask)
      const of = { day, dayEnd: day + DAY_SECONDS, account: accountId, ...bounds }
      const rows = await ask('SELECT COUNT(*) AS rows FROM ledger WHERE bucket = :day', of)
      this.#found.ledgerRows += Number(rows[0]!.rows)
      for (const derived of CELLS_OF_DAY) await this.#cells(ask, derived, of)
      await compareReadings(ask, of, (differences, looked) => {
        this.#found.cells += looked
        this.#add(differences)
      })
      if (this.#versions !== null) counted = await countVersions(ask, of)
      for (const rule of this.#engine.isSpread ? [] : RULES_OF_DAY) {
        this.#add((await ask(rule.text, of)).map((row) => brokenRuleFromRow(rule, row)))
      }
      if (day >= bounds.checksummedThrough) return
      for (const table of tables) await this.#parts(ask, table, 'part = :day', of)
    })
    for (const [id, count] of counted) {
      this.#versions?.set(id, (this.#versions.get(id) ?? 0) + count)
    }
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
