/** What an audit asks about one day. Questions are asked piece by piece if their answers add up. */
import { ACCOUNT_DAY, ACCOUNT_DAY_OF_HOURS, ACCOUNT_HOURS, compareCells } from './cells.ts'
import { partDifferences } from './checked-rows.ts'
import { isOfLedger } from './checksums.ts'
import type { Bounds, Span } from './days.ts'
import type { Ask, AuditEngine, Parameters } from './engine.ts'
import type { Found } from './found.ts'
import { countVersions, type VersionCounts } from './imports.ts'
import { compareReadings } from './readings.ts'
import { brokenRuleFromRow, RULES_OF_DAY } from './rules.ts'

/** What is known of the day when a question is asked. */
export interface KnownOfDay {
  readonly found: Found
  /** True if nothing was wrong with the pieces looked at. */
  readonly isSound: boolean
  /** True if the day is asked about in several pieces. */
  readonly isInPieces: boolean
  /** For each import, by the start of the piece, because a look may run twice. */
  readonly versions: Map<number, VersionCounts>
}

export interface DayQuestion {
  /** False if the answers for pieces would not add up. */
  readonly goesByPieces: boolean
  ask(ask: Ask, of: Parameters & Bounds & Span, known: KnownOfDay): Promise<void>
}

const byPieces = (ask: DayQuestion['ask']): DayQuestion => ({ goesByPieces: true, ask })
const ofAll = (ask: DayQuestion['ask']): DayQuestion => ({ goesByPieces: false, ask })

const ROWS = byPieces(async (ask, of, { found }) => {
  const [counted] = await ask(
    'SELECT COUNT(*) AS rows FROM ledger WHERE bucket >= :day AND bucket < :dayEnd',
    of,
  )
  found.ledgerRows += Number(counted!.rows)
})

const HOURS = byPieces((ask, of, { found }) => compareCells(ask, ACCOUNT_HOURS, { of, found }))

/**
 * If the day is in pieces, its hours have already been compared with its rows. If they were wrong, only
 * the rows can tell.
 */
const DAY = ofAll((ask, of, { found, isSound, isInPieces }) =>
  compareCells(ask, isInPieces && isSound ? ACCOUNT_DAY_OF_HOURS : ACCOUNT_DAY, { of, found }),
)

const READINGS = byPieces((ask, of, { found }) =>
  compareReadings(ask, of, (differences, looked) => {
    found.cells += looked
    found.add(differences)
  }),
)

const VERSIONS = byPieces(async (ask, of, { versions }) => {
  versions.set(of.day, await countVersions(ask, of))
})

const RULES = RULES_OF_DAY.map((rule) =>
  byPieces(async (ask, of, { found }) => {
    found.add((await ask(rule.text, of)).map((row) => brokenRuleFromRow(rule, row)))
  }),
)

/** In order. */
export async function questionsOfDay(
  engine: AuditEngine,
  { countsVersions }: { readonly countsVersions: boolean },
): Promise<readonly DayQuestion[]> {
  const tables = (await engine.tables()).filter(({ name }) => isOfLedger(name))
  const checksums = tables.map((table) =>
    ofAll(async (ask, of, { found }) => {
      if (of.day > of.checksummedThrough) return
      found.add(await partDifferences(ask, table, { engine, where: 'part = :day', of }))
    }),
  )
  return [
    ROWS,
    HOURS,
    DAY,
    READINGS,
    ...(countsVersions ? [VERSIONS] : []),
    ...(engine.isSpread ? [] : RULES),
    ...checksums,
  ]
}
