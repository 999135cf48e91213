/**
 * Rebuilds directory rows that follow from others. They are under checksum, so there is a proof of what
 * they were: of the rows that they may have been, the first that fit it are restored.
 */

import { dayText } from '../ledger/buckets.ts'
import type { Row } from '../rows.ts'
import { selectPartsThatDiffer } from './checked-rows.ts'
import { boundsOf } from './days.ts'
import type { Ask, Change, ChangingEngine } from './engine.ts'
import { type ExpectedCounts, expectedCounts } from './imports.ts'
import { expectedProgress } from './progress.ts'
import type { RepairStep } from './repair.ts'
import type { AuditDifference, NotRebuilt, RepairReport } from './report.ts'

type Value = number | string | null
type Values = Readonly<Record<string, Value>>

/** A table whose rows follow from others, part by part. */
interface DerivedRows {
  readonly table: 'feed_progress' | 'account_feed' | 'import_bucket' | 'import'
  /** Rows with the same value in this column are one part. */
  readonly column: string
  /** What the part's rows may have been, likeliest first; none if nothing tells. */
  candidates(ask: Ask, part: number, present: readonly Values[]): Promise<Values[][]>
}

const DERIVED: readonly DerivedRows[] = [
  {
    table: 'feed_progress',
    column: 'feed_id',
    candidates: async (ask, part) => {
      const progress = (await expectedProgress(ask)).find(({ feed }) => feed.id === part)
      if (progress === undefined) return [[]]
      const { feed, completeFrom, completeThrough, deliveries } = progress
      const row = {
        feed_id: feed.id,
        complete_through: completeThrough,
        deliveries: JSON.stringify(deliveries),
        complete_from: completeFrom,
      }
      return [[row], []]
    },
  },
  {
    table: 'account_feed',
    column: 'account_id',
    candidates: async (ask, part, present) => {
      const found = await ask(
        `SELECT feed_id FROM ledger WHERE account_id = :part
         UNION SELECT feed_id FROM ledger_history WHERE account_id = :part`,
        { part },
      )
      const rows = found.map((row) => ({ account_id: part, feed_id: Number(row.feed_id) }))
      return likelySets(rows, present)
    },
  },
  {
    table: 'import_bucket',
    column: 'import_id',
    candidates: async (ask, part, present) => {
      const { purgedThrough } = await boundsOf(ask)
      const found = await ask(DAYS_OF_IMPORT, { part, purgedThrough })
      const rows = found.map((row) => ({ import_id: part, bucket: Number(row.bucket) }))
      return likelySets(rows, present)
    },
  },
  {
    table: 'import',
    column: 'id',
    candidates: async (ask, part, [present]) => {
      const { purgedThrough } = await boundsOf(ask)
      const counts = await expectedCounts(ask, part, purgedThrough)
      return counts === null || present === undefined ? [] : likelyCounts(present, counts.expected)
    },
  },
]

/** For versions of the import and those that it repeats. Parameters: `part`, `purgedThrough`. */
const DAYS_OF_IMPORT = ['ledger', 'ledger_history']
  .map(
    (table) => `
    SELECT ${dayText('bucket')} AS bucket FROM ${table}
    WHERE import_id = :part AND occurred_at >= :purgedThrough
    UNION
    SELECT ${dayText('said.bucket')} AS bucket FROM repeat_run JOIN ${table} AS said
      ON said.import_id = repeat_run.of_import_id
     AND said.line >= repeat_run.of_line AND said.line < repeat_run.of_line + repeat_run.records
    WHERE repeat_run.import_id = :part AND said.occurred_at >= :purgedThrough`,
  )
  .join(' UNION ')

/** Rows that must be there, combined with those that are, which may have had reasons that are gone. */
function likelySets(needed: readonly Values[], present: readonly Values[]): Values[][] {
  const known = new Set(needed.map((row) => JSON.stringify(Object.values(row))))
  const others = present.filter((row) => !known.has(JSON.stringify(Object.values(row))))
  return [
    [...needed, ...others],
    [...needed],
    ...others.map((wrong) => [...needed, ...others.filter((row) => row !== wrong)]),
  ]
}

/** If the counts can have only one value: every way in which one of two numbers, or neither, is wrong. */
function likelyCounts(present: Values, { counted, quarantined }: ExpectedCounts): Values[][] {
  const { accepted, replaced } = present as Record<string, number>
  const sum = counted.least
  const pairs =
    counted.least === counted.most
      ? [
          { accepted: sum - replaced!, replaced: replaced! },
          { accepted: accepted!, replaced: sum - accepted! },
        ]
      : []
  const waits = quarantined.least === quarantined.most ? [quarantined.least] : []
  return [{}, ...pairs].flatMap((pair) =>
    [present.quarantined!, ...waits].map((waiting) => [
      { ...present, ...pair, quarantined: waiting },
    ]),
  )
}

/** One step per table. On Citus, there are no checksums, without which rows cannot be proved. */
export async function directorySteps(engine: ChangingEngine): Promise<RepairStep[]> {
  const tables = await engine.tables()
  return DERIVED.flatMap((derived) => {
    const table = tables.find(({ name }) => name === derived.table)
    if (table === undefined) return []
    const { totalOf, keptChecksums: kept } = engine
    const unfit = (ask: Ask, where = '1 = 1', part = 0) =>
      ask(selectPartsThatDiffer(table, { total: totalOf(table), kept, where }), { of: part })
    const fits = async (ask: Ask, part: number) =>
      (await unfit(ask, 'part = :of', part)).length === 0
    return [
      {
        of: derived.table.replace('_', ' '),
        isNeeded: async (ask) => (await unfit(ask)).length > 0,
        run: async (change) => {
          const reports: RepairReport[] = []
          for (const row of await unfit(change.ask)) {
            reports.push(await repairPart(derived, { ...change, fits, part: Number(row.part) }))
          }
          return {
            rebuilt: reports.flatMap(({ rebuilt }) => rebuilt),
            notRebuilt: reports.flatMap(({ notRebuilt }) => notRebuilt),
          }
        },
      } satisfies RepairStep,
    ]
  })
}

async function repairPart(
  { table, column, candidates }: DerivedRows,
  {
    ask,
    rewrite,
    fits,
    part,
  }: Change & { readonly part: number; fits(ask: Ask, part: number): Promise<boolean> },
): Promise<RepairReport> {
  const text = `SELECT * FROM ${table} WHERE ${column} = :part`
  const present = (await ask(text, { part })).map(valuesOf)
  const place = async (rows: readonly Values[]) => {
    // Other rows refer to an import, so its row is changed rather than replaced.
    if (table === 'import') {
      for (const row of rows) await placeCounts(rewrite, row)
      return
    }
    await rewrite(`DELETE FROM ${table} WHERE ${column} = :part`, { part })
    for (const row of rows) await insert(rewrite, table, row)
  }
  const cell = `rows with ${column} ${part}`
  const name = table.replace('_', ' ')
  for (const rows of await candidates(ask, part, present)) {
    await place(rows)
    if (!(await fits(ask, part))) continue
    const difference: AuditDifference = {
      table: name,
      cell,
      stored: inWords(present, rows),
      recomputed: inWords(rows, present),
    }
    return { rebuilt: [difference], notRebuilt: [] }
  }
  await place(present)
  return {
    rebuilt: [],
    notRebuilt: [{ table: name, cell, remedy: UNKNOWN }] satisfies NotRebuilt[],
  }
}

const UNKNOWN =
  'nothing in the store shows what fits its checksum: restore a backup, or accept it with --accept'

async function insert(rewrite: Ask, table: string, row: Values): Promise<void> {
  const names = Object.keys(row)
  await rewrite(
    `INSERT INTO ${table} (${names.join(', ')})
     VALUES (${names.map((name) => `:${name}`).join(', ')})`,
    row,
  )
}

async function placeCounts(rewrite: Ask, row: Values): Promise<void> {
  await rewrite(
    `UPDATE import SET accepted = :accepted, replaced = :replaced, quarantined = :quarantined
     WHERE id = :id`,
    row,
  )
}

function valuesOf(row: Row): Values {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'bigint' ? Number(value) : (value as Value),
    ]),
  )
}

/** Only the rows that the other set does not have. */
function inWords(rows: readonly Values[], others: readonly Values[]): string {
  const [only] = rows
  const [other] = others
  if (rows.length === 1 && others.length === 1) {
    const changed = Object.entries(only!).filter(([name, value]) => other![name] !== value)
    return changed.map(([name, value]) => `${name} ${value}`).join(', ')
  }
  const known = new Set(others.map((row) => JSON.stringify(row)))
  const own = rows.filter((row) => !known.has(JSON.stringify(row)))
  const texts = own.map((row) =>
    Object.entries(row)
      .map(([name, value]) => `${name} ${value}`)
      .join(', '),
  )
  return texts.length === 0 ? 'nothing more' : texts.join('; ')
}
