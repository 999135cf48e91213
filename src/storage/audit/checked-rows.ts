/** Compares rows with their checksums, and checks the chain of the ledger's months. */
import { formatInstant, monthNumber, monthStart } from '../../domain/time.ts'
import type { Row } from '../rows.ts'
import { UNDER_CHECKSUM } from './checksum-limit.ts'
import {
  addTotals,
  headsOf,
  isFrozen,
  isOfLedger,
  MONTH_CHAIN,
  type Month,
  type PartRule,
  partExpression,
  TOTAL_END,
} from './checksums.ts'
import type { Ask, AuditEngine, Parameters } from './engine.ts'
import { AUDIT_DIFFERENCES_MAX, type AuditDifference } from './report.ts'

/** A table with checksums, as the engine's schema has it. */
export interface ChecksummedTable {
  readonly name: string
  readonly columns: readonly string[]
  readonly part: PartRule
}

/**
 * Parts that differ. `total` is the engine's own expression for the sum of the rows' hashes; `kept` are
 * its checksums as rows of `table_name`, `part`, `row_count` and `total`. Rows of the ledger are compared
 * as far as they are under checksum, which takes the limit's fields as parameters.
 */
export function selectPartsThatDiffer(
  { name, part }: ChecksummedTable,
  { total, kept, where = '1 = 1' }: { total: string; kept: string; where?: string },
): string {
  const [ofKept, ofFound] = isOfLedger(name)
    ? [
        `${where} AND part <= :checksummedThrough`,
        `${where} AND part <= :checksummedThrough AND ${UNDER_CHECKSUM}`,
      ]
    : [where, where]
  return `
    SELECT part, SUM(kept_rows) AS kept_rows, SUM(kept_total) AS kept_total,
           SUM(found_rows) AS found_rows, SUM(found_total) AS found_total
    FROM (SELECT part, row_count AS kept_rows, total AS kept_total,
                 0 AS found_rows, 0 AS found_total
          FROM (${kept}) AS kept WHERE table_name = '${name}' AND ${ofKept}
          UNION ALL
          SELECT part, 0, 0, found_rows, found_total
          FROM (SELECT ${partExpression(part)} AS part, COUNT(*) AS found_rows,
                       ${total} AS found_total
                FROM ${name} WHERE ${ofFound.replaceAll('part', part.column ?? '0')}
                GROUP BY 1) AS found) AS sides
    GROUP BY part
    HAVING SUM(kept_rows) <> SUM(found_rows)
        OR (SUM(kept_total) - SUM(found_total)) % ${TOTAL_END} <> 0
    ORDER BY part
    LIMIT ${AUDIT_DIFFERENCES_MAX + 1}`
}

/** Of the whole table, or of the parts selected by `where`. */
export async function partDifferences(
  ask: Ask,
  table: ChecksummedTable,
  {
    engine,
    where,
    of,
  }: {
    readonly engine: Pick<AuditEngine, 'totalOf' | 'keptChecksums'>
    readonly where?: string
    readonly of?: Parameters
  },
): Promise<AuditDifference[]> {
  const text = selectPartsThatDiffer(table, {
    total: engine.totalOf(table),
    kept: engine.keptChecksums,
    ...(where === undefined ? {} : { where }),
  })
  return (await ask(text, of)).map((row) => partDifference(table, row))
}

export function partDifference({ name, part }: ChecksummedTable, row: Row): AuditDifference {
  const number = Number(row.part)
  const cell = isOfLedger(name)
    ? `rows of ${formatInstant(number).slice(0, 10)}`
    : part.column === null
      ? 'its rows'
      : part.size === undefined
        ? `rows with ${part.column} ${number}`
        : `rows with ${part.column} from ${number} to ${number + part.size - 1}`
  return {
    table: name.replaceAll('_', ' '),
    cell,
    stored: inWords(row.kept_rows, row.kept_total),
    recomputed: inWords(row.found_rows, row.found_total),
  }
}

function inWords(rows: unknown, total: unknown): string {
  const count = Number(rows)
  return `${count} ${count === 1 ? 'row' : 'rows'} with checksum ${Number(total).toString(16)}`
}

/** All checksums of the ledger's days and months; a few rows per day. */
export const SELECT_LEDGER_CHECKSUMS = `
  SELECT table_name, part, row_count, total, head FROM checksum
  WHERE table_name IN ('ledger', 'ledger_history', '${MONTH_CHAIN}')
  ORDER BY part`

/** Checksums of tables that have none, and heads without a month. */
export function selectStrayChecksums(tables: readonly string[]): string {
  const names = [...tables, MONTH_CHAIN].map((name) => `'${name}'`)
  return `
    SELECT table_name, part FROM checksum
    WHERE table_name NOT IN (${names.join(', ')})
       OR (head IS NOT NULL) <> (table_name = '${MONTH_CHAIN}')
    ORDER BY table_name, part
    LIMIT ${AUDIT_DIFFERENCES_MAX + 1}`
}

export function strayChecksum({ table_name, part }: Row): AuditDifference {
  return {
    table: 'checksum',
    cell: `${table_name} ${part}`,
    stored: 'a row that belongs to nothing',
    recomputed: 'none, or its head',
  }
}

interface KeptMonth extends Month {
  readonly head: unknown
}

/** Compares months with their days, and each head with those before it. */
export function monthDifferences(
  rows: readonly Row[],
  { key, purgedThrough }: { readonly key: string; readonly purgedThrough: number },
): AuditDifference[] {
  const ofDays = new Map<number, Month>()
  const months: KeptMonth[] = []
  for (const row of rows) {
    const part = Number(row.part)
    const found = { rowCount: Number(row.row_count), total: Number(row.total) }
    if (row.table_name === MONTH_CHAIN) {
      months.push({ month: part, ...found, head: row.head })
    } else {
      const month = monthNumber(part)
      const known = ofDays.get(month) ?? { month, rowCount: 0, total: 0 }
      ofDays.set(month, {
        month,
        rowCount: known.rowCount + found.rowCount,
        total: addTotals(known.total, found.total),
      })
    }
  }
  const differences: AuditDifference[] = []
  const differs = (month: number, stored: string, recomputed: string) => {
    const cell = `month ${formatInstant(monthStart(month)).slice(0, 7)}`
    differences.push({ table: 'checksum', cell, stored, recomputed })
  }
  const kept = new Map(months.map((one) => [one.month, one]))
  for (const month of new Set([...kept.keys(), ...ofDays.keys()])) {
    if (isFrozen(month, purgedThrough)) continue
    const nothing = { rowCount: 0, total: 0 }
    const ofMonth = kept.get(month) ?? nothing
    const days = ofDays.get(month) ?? nothing
    if (ofMonth.rowCount !== days.rowCount || ofMonth.total !== days.total) {
      differs(month, inWords(ofMonth.rowCount, ofMonth.total), inWords(days.rowCount, days.total))
    }
  }
  headsOf(key, months).forEach((head, i) => {
    const { month, head: keptHead } = months[i]!
    if (keptHead !== head) differs(month, `head ${keptHead}`, `head ${head}`)
  })
  return differences
}
