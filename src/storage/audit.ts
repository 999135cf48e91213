/**
 * The audit: goes over a store step by step, each on one state of it, so that nothing has to wait
 * for the whole. What it asks stands in the files beside this one; an engine only answers.
 */
import { DAY_SECONDS, formatInstant, INSTANT_MIN, monthStart } from '../domain/time.ts'
import { UsageError } from '../domain/usage-error.ts'
import {
  ALL_SIMS,
  CELLS_OF_DAY,
  type DerivedTable,
  differenceFromRow,
  SIM_DAYS_OF_MONTH,
  SIM_MONTH,
  selectDifferences,
  spanOfMonth,
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
import { type Bounds, boundsOf, daysOf, monthsOf } from './audit-days.ts'
import type { Ask, AuditEngine, Parameters } from './audit-engine.ts'
import { Found } from './audit-found.ts'
import { addVersions, countVersions, ImportsLook, type VersionCounts } from './audit-imports.ts'
import { feedProgressDifferences } from './audit-progress.ts'
import { compareReadings } from './audit-readings.ts'
import type { AuditDifference, AuditOptions, AuditReport, AuditState } from './audit-report.ts'
import { brokenRuleFromRow, RULES_OF_DAY, STANDING_RULES } from './audit-rules.ts'
import { isOfLedger } from './checksums.ts'

interface Step {
  /** In the order of the steps when compared as text, so that a later run can go on after it. */
  readonly name: string
  /** What it looks at, in words. */
  readonly of: string
  /** True when it is done, false where it was stopped before. */
  run(isStopped: () => boolean): Promise<boolean>
}

/**
 * How long questions go on being asked of one state of the store, in milliseconds. A state that
 * somebody looks at keeps a log from being folded, and rows that are gone from being forgotten. One
 * question may take longer.
 */
const LOOK_MS = 200

interface Scope {
  readonly accountId: number | null
  readonly since: number | null
  readonly lookMs: number
}

type DayQuestion = (ask: Ask, of: Parameters & Bounds) => Promise<void>

/** SIMs whose month is compared at once, at first; then more or fewer, by the time that took. */
const SIMS_AT_ONCE = 1_000

const NOTHING: AuditReport = {
  ledgerRows: 0,
  cellsChecked: 0,
  checksummedThrough: null,
  differences: [],
  differenceCount: 0,
}

export async function runAudit(
  engine: AuditEngine,
  {
    accountId = null,
    since = null,
    resumeFrom = null,
    lookMs = LOOK_MS,
    onStep,
    isStopped,
  }: AuditOptions = {},
): Promise<AuditReport> {
  const audit = new Audit(engine, { accountId, since, lookMs }, resumeFrom)
  const steps = await audit.plan()
  const after = resumeFrom?.after ?? ''
  const left = steps.filter(({ name }) => name > after)
  for (const [i, step] of left.entries()) {
    const isOver = () => isStopped?.() === true
    if (isOver() || !(await audit.run(step, isOver))) break
    await onStep?.({
      done: steps.length - left.length + i + 1,
      total: steps.length,
      state: audit.stateAfter(step.name),
    })
  }
  return audit.report()
}

class Audit {
  readonly #engine: AuditEngine
  readonly #scope: Scope
  readonly #all = new Found()
  /** By the looks of the step under way that have ended. */
  #ofStep = new Found()
  #found = new Found()
  #checksummedThrough: number | null = null
  /** Of each import, from the days looked at; null where the audit does not look at all of them. */
  readonly #versions: VersionCounts | null

  constructor(engine: AuditEngine, scope: Scope, resumeFrom: AuditState | null) {
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

  /**
   * What cannot be looked at because it is damaged is a difference, and the others are looked at.
   * False, and nothing is found, where it was stopped.
   */
  async run({ of, run }: Step, isStopped: () => boolean): Promise<boolean> {
    this.#ofStep = new Found()
    this.#found = new Found()
    try {
      if (!(await run(isStopped))) return false
    } catch (error) {
      if (error instanceof UsageError && error.code !== 'incompatible') throw error
      const stored = `cannot be read: ${error instanceof Error ? error.message : String(error)}`
      this.#add([{ table: of, cell: 'as a whole', stored, recomputed: 'readable' }])
    }
    this.#ofStep.addAll(this.#found)
    this.#all.addAll(this.#ofStep)
    return true
  }

  /** The work may run again from its beginning. */
  async #look<T>(work: (ask: Ask) => Promise<T>): Promise<T> {
    this.#ofStep.addAll(this.#found)
    this.#found = new Found()
    return await this.#engine.onOneState((ask) => {
      this.#found = new Found()
      return work(ask)
    })
  }

  /** A step that is a single look. */
  #onOneState(work: (ask: Ask) => Promise<void>): Step['run'] {
    return async () => {
      await this.#look(work)
      return true
    }
  }

  /**
   * Goes from place to place, of one state of the store as long as that takes no time. False where it
   * was stopped on the way.
   */
  async #walk<Place>(
    first: Place,
    { of, isStopped }: { readonly of: Parameters; readonly isStopped: () => boolean },
    visit: (place: Place, ask: Ask, of: Parameters & Bounds) => Promise<Place | null>,
  ): Promise<boolean> {
    const { freshSeconds } = this.#engine
    const { lookMs } = this.#scope
    let place: Place | null = first
    while (place !== null) {
      if (isStopped()) return false
      const from: Place = place
      place = await this.#look(async (ask) => {
        const bounded = { freshSeconds, ...of, ...(await boundsOf(ask)) }
        const endMs = performance.now() + lookMs
        let next = await visit(from, ask, bounded)
        while (next !== null && performance.now() < endMs) next = await visit(next, ask, bounded)
        return next
      })
    }
    return true
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
        run: (isStopped: () => boolean) => this.#day(day, isStopped),
      })),
      ...wantedMonths.map((month) => ({
        name: `4 ${String(month).padStart(16, '0')}`,
        of: `sim day of ${formatInstant(monthStart(month)).slice(0, 7)}`,
        run: (isStopped: () => boolean) => this.#month(month, isStopped),
      })),
      ...this.#importSteps(),
    ]
  }

  /** Last, because it takes what the days have said together. */
  #importSteps(): Step[] {
    const versions = this.#versions
    if (versions === null) return []
    const run: Step['run'] = async (isStopped) => {
      const look = new ImportsLook(versions)
      let days: readonly number[] = []
      return await this.#walk(-1, { of: {}, isStopped }, async (i, ask, { purgedThrough }) => {
        if (i < 0) days = await look.begin(ask, purgedThrough)
        else if (i < days.length) await look.countDay(ask, days[i]!, purgedThrough)
        else this.#add(await look.end(ask, purgedThrough))
        return i < days.length ? i + 1 : null
      })
    }
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
        run: async () => {
          this.#add(await engine.checkDatabase())
          return true
        },
      },
      ...tables.map((table) => ({
        name: `1 ${table.name}`,
        of: table.name.replaceAll('_', ' '),
        run: this.#onOneState((ask) => this.#parts(ask, table)),
      })),
      ...(engine.isSpread ? [] : STANDING_RULES).map((rule, i) => ({
        name: `2 ${String(i).padStart(3, '0')}`,
        of: rule.table,
        run: this.#onOneState(async (ask) => {
          const rows = await ask(rule.text)
          this.#add(rows.map((row) => brokenRuleFromRow(rule, row)))
        }),
      })),
      {
        name: '2 progress',
        of: 'feed progress',
        run: this.#onOneState(async (ask) => this.#add(await feedProgressDifferences(ask))),
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
          return true
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

  async #day(day: number, isStopped: () => boolean): Promise<boolean> {
    const of = { day, dayEnd: day + DAY_SECONDS, account: this.#scope.accountId }
    let counted: VersionCounts = new Map()
    const questions = await this.#questionsOfDay(day, (found) => {
      counted = found
    })
    const isDone = await this.#walk(0, { of, isStopped }, async (i, ask, bounded) => {
      await questions[i]!(ask, bounded)
      return i + 1 < questions.length ? i + 1 : null
    })
    if (!isDone) return false
    if (this.#versions !== null) addVersions(this.#versions, counted)
    return true
  }

  async #questionsOfDay(
    day: number,
    onVersions: (counted: VersionCounts) => void,
  ): Promise<readonly DayQuestion[]> {
    const tables = (await this.#engine.tables()).filter(({ name }) => isOfLedger(name))
    const rows: DayQuestion = async (ask, of) => {
      const [counted] = await ask(
        'SELECT COUNT(*) AS rows FROM ledger WHERE bucket >= :day AND bucket < :dayEnd',
        of,
      )
      this.#found.ledgerRows += Number(counted!.rows)
    }
    const readings: DayQuestion = (ask, of) =>
      compareReadings(ask, { ...of, day }, (differences, looked) => {
        this.#found.cells += looked
        this.#add(differences)
      })
    const versions: DayQuestion = async (ask, of) => onVersions(await countVersions(ask, of))
    return [
      rows,
      ...CELLS_OF_DAY.map(
        (derived): DayQuestion =>
          (ask, of) =>
            this.#cells(ask, derived, of),
      ),
      readings,
      ...(this.#versions === null ? [] : [versions]),
      ...(this.#engine.isSpread ? [] : RULES_OF_DAY).map(
        (rule): DayQuestion =>
          async (ask, of) => {
            this.#add((await ask(rule.text, of)).map((row) => brokenRuleFromRow(rule, row)))
          },
      ),
      ...tables.map(
        (table): DayQuestion =>
          async (ask, of) => {
            if (day < of.checksummedThrough) await this.#parts(ask, table, 'part = :day', of)
          },
      ),
    ]
  }

  async #month(month: number, isStopped: () => boolean): Promise<boolean> {
    const tables = this.#engine.hasSimMonths ? [SIM_DAYS_OF_MONTH, SIM_MONTH] : [SIM_DAYS_OF_MONTH]
    const of = { account: this.#scope.accountId }
    const { lookMs } = this.#scope
    let simsAtOnce = SIMS_AT_ONCE
    const [first, end] = ALL_SIMS
    return await this.#walk(first, { of, isStopped }, async (simFrom, ask, bounded) => {
      const startMs = performance.now()
      const simTo = Math.max(simFrom, 0) + simsAtOnce
      const [{ last = null } = {}] = await ask('SELECT MAX(id) AS last FROM sim')
      const isLast = simTo > Number(last)
      const span = spanOfMonth(month, [simFrom, isLast ? end : simTo])
      for (const table of tables) await this.#cells(ask, table, { ...bounded, ...span })
      const tookMs = performance.now() - startMs
      if (tookMs > lookMs) simsAtOnce = Math.max(1, simsAtOnce >> 1)
      else if (tookMs < lookMs / 4) simsAtOnce *= 2
      return isLast ? null : simTo
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
