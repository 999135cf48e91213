/**
 * Accepts rows that do not fit their checksums, on the word of somebody who has restored or corrected
 * them by hand. The checksums are made to fit, and the log keeps what they were.
 */
import type { NewAct } from '../../domain/act.ts'
import { DAY_SECONDS, floorTo, INSTANT_MIN, monthNumber } from '../../domain/time.ts'
import {
  type ChecksummedTable,
  monthDifferences,
  partDifference,
  SELECT_LEDGER_CHECKSUMS,
  selectPartsThatDiffer,
  selectStrayChecksums,
  strayChecksum,
} from './checked-rows.ts'
import { addTotals, headsOf, isFrozen, isOfLedger, MONTH_CHAIN, TOTAL_END } from './checksums.ts'
import { boundsOf } from './days.ts'
import type { Change, ChangingEngine, Parameters } from './engine.ts'
import type { AuditDifference } from './report.ts'

export interface Acceptance {
  readonly reason: string
  /** Only days of the ledger that end after this instant; null for all. */
  readonly since: number | null
  /** True for days of the ledger alone. */
  readonly ledgerOnly: boolean
}

/** How many differences one act names; its count covers them all. */
const NAMED_IN_LOG_MAX = 100

export async function acceptRows(
  engine: ChangingEngine,
  acceptance: Acceptance,
): Promise<AuditDifference[]> {
  const tables = await engine.tables()
  if (tables.length === 0) return []
  const key = await engine.checksumKey()
  return engine.change(
    async (change) => {
      const { ask, rewrite } = change
      const bounds = await boundsOf(ask)
      const from = floorTo(acceptance.since ?? INSTANT_MIN, DAY_SECONDS)
      const of = { from, ...bounds }
      const accepted: AuditDifference[] = []
      const months = monthDifferences(await ask(SELECT_LEDGER_CHECKSUMS), { key, ...bounds })
      for (const table of tables) {
        const isLedger = isOfLedger(table.name)
        if (acceptance.ledgerOnly && !isLedger) continue
        const where = isLedger ? 'part >= :from' : '1 = 1'
        accepted.push(...(await acceptParts(engine, change, table, { where, of })))
      }
      if (!acceptance.ledgerOnly) {
        const names = tables.map(({ name }) => name)
        const strays = await ask(selectStrayChecksums(names))
        for (const { table_name, part } of strays) {
          await rewrite('DELETE FROM checksum WHERE table_name = :name AND part = :part', {
            name: table_name as string,
            part: Number(part),
          })
        }
        accepted.push(...strays.map(strayChecksum), ...months)
      }
      if (accepted.length > 0) await linkMonths(change, key, bounds.purgedThrough)
      return accepted
    },
    (accepted) => actOfAcceptance(acceptance, accepted),
  )
}

function actOfAcceptance(
  { reason }: Acceptance,
  accepted: readonly AuditDifference[],
): NewAct | null {
  if (accepted.length === 0) return null
  const rows = accepted
    .slice(0, NAMED_IN_LOG_MAX)
    .map(({ table, cell, stored, recomputed }) => `${table}, ${cell}: ${stored} → ${recomputed}`)
  const details = { reason, checksums: accepted.length, were_and_are: rows }
  return { verb: 'accept', objectKind: 'store', object: 'rows as they are', details }
}

/** Parts come a few at a time, and accepted ones no longer differ. */
async function acceptParts(
  { totalOf, keptChecksums: kept }: ChangingEngine,
  { ask, rewrite }: Change,
  table: ChecksummedTable,
  { where, of }: { readonly where: string; readonly of: Parameters },
): Promise<AuditDifference[]> {
  const text = selectPartsThatDiffer(table, { total: totalOf(table), kept, where })
  const accepted: AuditDifference[] = []
  for (;;) {
    const rows = await ask(text, of)
    if (rows.length === 0) return accepted
    for (const row of rows) {
      const grown = (found: unknown, was: unknown) => BigInt(String(found)) - BigInt(String(was))
      await rewrite(ADD_TO_CHECKSUM, {
        name: table.name,
        part: Number(row.part),
        rows: Number(grown(row.found_rows, row.kept_rows)),
        total: addTotals(0, Number(grown(row.found_total, row.kept_total) % BigInt(TOTAL_END))),
      })
      accepted.push(partDifference(table, row))
    }
  }
}

/** Adds the difference, because part of what is kept may not be summed yet. */
const ADD_TO_CHECKSUM = `
  INSERT INTO checksum (table_name, part, row_count, total) VALUES (:name, :part, :rows, :total)
  ON CONFLICT (table_name, part) DO UPDATE
  SET row_count = checksum.row_count + excluded.row_count,
      total = (checksum.total + excluded.total) % ${TOTAL_END}`

/** Recomputes months from their days, and the chain from its beginning. */
async function linkMonths(
  { ask, rewrite }: Change,
  key: string,
  purgedThrough: number,
): Promise<void> {
  await rewrite('DELETE FROM checksum WHERE row_count = 0 AND total = 0')
  const months = new Map<number, { month: number; rowCount: number; total: number }>()
  const add = (month: number, rowCount: number, total: number) => {
    const known = months.get(month) ?? { month, rowCount: 0, total: 0 }
    months.set(month, {
      month,
      rowCount: known.rowCount + rowCount,
      total: addTotals(known.total, total),
    })
  }
  for (const row of await ask(SELECT_LEDGER_CHECKSUMS)) {
    const part = Number(row.part)
    const isMonth = row.table_name === MONTH_CHAIN
    const month = isMonth ? part : monthNumber(part)
    // A month that retention has begun to delete keeps its checksum; other months follow from their days.
    if (isMonth === isFrozen(month, purgedThrough)) {
      add(month, Number(row.row_count), Number(row.total))
    }
  }
  const chain = [...months.values()].sort((a, b) => a.month - b.month)
  await rewrite(`DELETE FROM checksum WHERE table_name = '${MONTH_CHAIN}'`)
  const heads = headsOf(key, chain)
  for (const [i, { month, rowCount, total }] of chain.entries()) {
    await rewrite(PUT_MONTH, { month, rows: rowCount, total, head: heads[i]! })
  }
}

const PUT_MONTH = `
  INSERT INTO checksum (table_name, part, row_count, total, head)
  VALUES ('${MONTH_CHAIN}', :month, :rows, :total, :head)`
