/**
 * The audit. It goes over a store in steps, each on one state, so that nothing has to wait for the whole.
 * Its questions are in the files beside this one; an engine only answers them.
 */
import { DAY_SECONDS, formatInstant, INSTANT_MIN, monthStart } from '../../domain/time.ts'
import { UsageError } from '../../domain/usage-error.ts'
import { ALL_SIMS, compareCells, SIM_DAYS_OF_MONTH, SIM_MONTH, spanOfMonth } from './cells.ts'
import {
  monthDifferences,
  partDifferences,
  SELECT_LEDGER_CHECKSUMS,
  selectStrayChecksums,
  strayChecksum,
} from './checked-rows.ts'
import { isOfLedger } from './checksums.ts'
import { questionsOfDay } from './day.ts'
import { type Bounds, boundsOf, daysOf, monthsOf, piecesOf } from './days.ts'
import type { Ask, AuditEngine, Parameters } from './engine.ts'
import { Found } from './found.ts'
import { addVersions, ImportsLook, type VersionCounts } from './imports.ts'
import { feedProgressDifferences } from './progress.ts'
import type { AuditDifference, AuditOptions, AuditReport, AuditState } from './report.ts'
import { brokenRuleFromRow, STANDING_RULES } from './rules.ts'

interface Step {
  /** Sorts as text in the order of the steps, so that a later run can continue after it. */
  readonly name: string
  /** What it examines, in words. */
  readonly of: string
  /** True when it is done, false if it was stopped before that. */
  run(isStopped: () => boolean): Promise<boolean>
}

/**
 * How long to keep asking questions of one state of the store, in milliseconds. While a state is being
 * read, the log cannot be folded and deleted rows cannot be forgotten. A single question may take longer.
 */
const LOOK_MS = 200

interface Scope {
  readonly accountId: number | null
  readonly since: number | null
  readonly lookMs: number
}

/** Parameters of every question. */
type Limits = Bounds & { readonly freshSeconds: number }

/** Where an audit is within a step: at which of its questions or days, and at which piece of it. */
interface Place {
  readonly i: number
  readonly piece: number
}

const FIRST_PLACE: Place = { i: 0, piece: 0 }

/** Null after the last. */
function placeAfter({ i, piece }: Place, pieces: number, count: number): Place | null {
  if (piece + 1 < pieces) return { i, piece: piece + 1 }
  return i + 1 < count ? { i: i + 1, piece: 0 } : null
}

/**
 * How many SIMs' months are compared at once, at first. Later there are more or fewer, depending on the
 * time that took.
 */
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
  /** By the completed looks of the present step. */
  #ofStep = new Found()
  #found = new Found()
  #checksummedThrough: number | null = null
  /** For each import, from the days examined; null if the audit does not examine all of them. */
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
   * What is too damaged to examine is a difference, and the rest is still examined. False, with nothing
   * found, if it was stopped.
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

  /** The work may run again from the start. */
  async #look<T>(work: (ask: Ask) => Promise<T>): Promise<T> {
    this.#ofStep.addAll(this.#found)
    this.#found = new Found()
    return await this.#engine.onOneState((ask) => {
      this.#found = new Found()
      return work(ask)
    })
  }

  /** Starts the present step over. */
  #forgetStep(): void {
    this.#ofStep = new Found()
    this.#found = new Found()
  }

  /** A step that is a single look. */
  #onOneState(work: (ask: Ask) => Promise<void>): Step['run'] {
    return async () => {
      await this.#look(work)
      return true
    }
  }

  /**
   * Goes from place to place, staying on one state of the store while that takes little time. False if it
   * was stopped on the way.
   */
  async #walk<At>(
    first: At,
    { of, isStopped }: { readonly of: Parameters; readonly isStopped: () => boolean },
    visit: (place: At, ask: Ask, of: Parameters & Limits) => Promise<At | null>,
  ): Promise<boolean> {
    const { freshSeconds } = this.#engine
    const { lookMs } = this.#scope
    let place: At | null = first
    while (place !== null) {
      if (isStopped()) return false
      const from: At = place
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

  /** Comes last, because it uses what all the days together have shown. */
  #importSteps(): Step[] {
    const versions = this.#versions
    if (versions === null) return []
    const run: Step['run'] = async (isStopped) => {
      const look = new ImportsLook(versions)
      let days: readonly number[] | null = null
      return await this.#walk(FIRST_PLACE, { of: {}, isStopped }, async ({ i, piece }, ask, of) => {
        const { purgedThrough } = of
        if (days === null) {
          days = await look.begin(ask, purgedThrough)
        } else if (i < days.length) {
          const pieces = piecesOf(days[i]!, of)
          // A day gathered in the meantime is counted as a whole.
          if (piece === 0 || piece >= pieces.length) look.forgetDay(days[i]!)
          const next = piece < pieces.length ? piece : 0
          await look.countPiece(ask, { day: days[i]!, of: { ...pieces[next]!, purgedThrough } })
          return placeAfter({ i, piece: next }, pieces.length, days.length + 1)
        } else {
          this.#add(await look.end(ask, purgedThrough))
          return null
        }
        return FIRST_PLACE
      })
    }
    return [{ name: '5 imports', of: 'import', run }]
  }

  /** What belongs to no day. Skipped if only one account is examined. */
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
        run: this.#onOneState(async (ask) => {
          this.#add(await partDifferences(ask, table, { engine }))
        }),
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

  async #day(day: number, isStopped: () => boolean): Promise<boolean> {
    const of = { account: this.#scope.accountId }
    const versions = new Map<number, VersionCounts>()
    const questions = await questionsOfDay(this.#engine, {
      countsVersions: this.#versions !== null,
    })
    const visit = async ({ i, piece }: Place, ask: Ask, bounded: Parameters & Limits) => {
      const pieces = piecesOf(day, bounded)
      if (piece >= pieces.length) {
        // The day was gathered in the meantime, so its pieces no longer exist.
        versions.clear()
        this.#forgetStep()
        return FIRST_PLACE
      }
      const { goesByPieces, ask: question } = questions[i]!
      const span = goesByPieces ? pieces[piece]! : { day, dayEnd: day + DAY_SECONDS }
      const isSound = this.#ofStep.count + this.#found.count === 0
      const isInPieces = pieces.length > 1
      const known = { found: this.#found, isSound, isInPieces, versions }
      await question(ask, { ...bounded, ...span }, known)
      return placeAfter({ i, piece }, goesByPieces ? pieces.length : 1, questions.length)
    }
    if (!(await this.#walk(FIRST_PLACE, { of, isStopped }, visit))) return false
    if (this.#versions !== null) {
      for (const ofPiece of versions.values()) addVersions(this.#versions, ofPiece)
    }
    return true
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
      const found = this.#found
      for (const table of tables)
        await compareCells(ask, table, { of: { ...bounded, ...span }, found })
      const tookMs = performance.now() - startMs
      if (tookMs > lookMs) simsAtOnce = Math.max(1, simsAtOnce >> 1)
      else if (tookMs < lookMs / 4) simsAtOnce *= 2
      return isLast ? null : simTo
    })
  }

  #add(differences: readonly AuditDifference[], count?: number): void {
    this.#found.add(differences, count)
  }
}
