/**
 * Keeps a file's checksums. Temporary triggers, which only our own connections have, record what a
 * transaction does to rows, and the checksums are written when it ends. A row changed by another program
 * goes unrecorded and no longer fits.
 */
import { hash } from 'node:crypto'
import { INSTANT_MIN, monthNumber } from '../../domain/time.ts'
import type { ChecksummedTable } from '../audit/checked-rows.ts'
import {
  CHECKSUMMED_SIMS,
  CHECKSUMMED_THROUGH,
  underChecksumText,
} from '../audit/checksum-limit.ts'
import {
  addTotals,
  checksumKey,
  HASH_DIGITS,
  headsOf,
  isFrozen,
  isOfLedger,
  MONTH_CHAIN,
  partExpression,
  partOf,
  WITHOUT_CHECKSUM,
} from '../audit/checksums.ts'
import { SELECT_SETTING } from '../directory/sql.ts'
import { type ChecksumPiece, OF_PIECE } from '../ledger/checksumming.ts'
import { readLimits } from '../limits.ts'
import { TABLES } from '../tables.ts'
import type { Connection } from './connection.ts'

const SELECT_TABLES = `
  SELECT name FROM sqlite_schema
  WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
  ORDER BY name`
/** Programs that copy a file, such as Litestream, keep tables of their own in it and write to them. */
const OWN_TABLES: ReadonlySet<string> = new Set(TABLES.map(({ name }) => name))
const SELECT_COLUMNS = 'SELECT name, type, pk FROM pragma_table_info(?) ORDER BY cid'

const SELECT_CHECKSUM = 'SELECT row_count, total FROM checksum WHERE table_name = ? AND part = ?'
const PUT_CHECKSUM = `
  INSERT INTO checksum (table_name, part, row_count, total) VALUES (?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET row_count = excluded.row_count, total = excluded.total`
const DROP_CHECKSUM = 'DELETE FROM checksum WHERE table_name = ? AND part = ?'
const SELECT_MONTHS = `
  SELECT part AS month, row_count AS "rowCount", total FROM checksum
  WHERE table_name = '${MONTH_CHAIN}' ORDER BY part`
const SET_HEAD = `UPDATE checksum SET head = ? WHERE table_name = '${MONTH_CHAIN}' AND part = ?`

export function checksummedTables({ db }: Pick<Connection, 'db'>): ChecksummedTable[] {
  const columnsOf = db.prepare(SELECT_COLUMNS)
  return (db.prepare(SELECT_TABLES).all() as { name: string }[])
    .filter(({ name }) => OWN_TABLES.has(name) && WITHOUT_CHECKSUM[name] === undefined)
    .map(({ name }) => {
      const columns = columnsOf.all(name) as { name: string; type: string; pk: number }[]
      const key = columns
        .filter(({ pk, type }) => pk > 0 && type === 'INTEGER')
        .sort((a, b) => a.pk - b.pk)
      const keyNames = key.map((column) => column.name)
      return { name, columns: columns.map((column) => column.name), part: partOf(name, keyNames) }
    })
}

/** A row as text that no other row has. */
function rowText({ columns }: ChecksummedTable, prefix = ''): string {
  return columns.map((column) => `quote(${prefix}${column})`).join(` || ',' || `)
}

/** After a rollback, what remains watched is unknown. This equals no condition. */
const UNKNOWN = 'unknown'

/** Rows of a part, or days of a month, with the sum of their hashes. */
interface Change {
  readonly table: string
  readonly part: number
  rows: number
  total: number
}

export class Checksums {
  readonly #connection: Connection
  #key: string | null = null
  #tables: readonly ChecksummedTable[] = []
  readonly #changes = new Map<string, Change>()
  /** The rows for which the triggers of the ledger act, as a condition; null if there are no triggers. */
  #watched: string | null = null
  #isListening = false
  #ignoresChanges = false

  constructor(connection: Connection) {
    this.#connection = connection
    const { db } = connection
    db.aggregate('row_total', {
      start: 0,
      step: (total: number, text: unknown) => addTotals(total, this.#hash(text as string)),
    })
    db.function('row_changed', (table, part, times, text) => {
      if (!this.#ignoresChanges)
        this.#note(table as string, part as number, times as number, text as string)
      return null
    })
  }

  /** The aggregate over a table's rows that an audit asks for. */
  static totalOf(table: ChecksummedTable): string {
    return `row_total(${rowText(table)})`
  }

  /** From now on, changes by this connection update the checksums. Needs the newest schema. */
  listen(): void {
    this.#tables = checksummedTables(this.#connection)
    for (const table of this.#tables) {
      if (!isOfLedger(table.name)) this.#install(table, () => '')
    }
    this.#isListening = true
  }

  /** Whether to ignore changes, as if somebody else made them. */
  ignoreChanges(ignores: boolean): void {
    this.#ignoresChanges = ignores
  }

  /** Called when a write transaction begins. */
  begin({ watchesLedger }: { readonly watchesLedger: boolean }): void {
    this.#changes.clear()
    if (watchesLedger) this.watchLedger(true)
  }

  /**
   * Whether changes of the ledger are recorded. A trigger costs nearly as much per row as storing it,
   * even if it has nothing to do, so rows of days without a checksum do without.
   */
  watchLedger(isWatched: boolean): void {
    if (!this.#isListening) return
    const limit = isWatched ? this.#connection.take(readLimits()) : null
    const isAny = limit !== null && limit.checksummedThrough >= INSTANT_MIN
    const watched = isAny ? underChecksumText(limit) : null
    if (watched === this.#watched) return
    for (const table of this.#tables.filter(({ name }) => isOfLedger(name))) {
      this.#remove(table)
      if (isAny) this.#install(table, (row) => `WHEN ${underChecksumText(limit, row)}`)
    }
    this.#watched = watched
  }

  /** Called before COMMIT. */
  end(): void {
    // Writing them triggers nothing more, because checksums have no checksum themselves.
    if (this.#changes.size === 0) return
    const months = new Map<number, Change>()
    for (const change of this.#changes.values()) {
      this.#add(change)
      if (isOfLedger(change.table)) {
        const month = monthNumber(change.part)
        const { rows, total } = months.get(month) ?? { rows: 0, total: 0 }
        months.set(month, {
          table: MONTH_CHAIN,
          part: month,
          rows: rows + change.rows,
          total: addTotals(total, change.total),
        })
      }
    }
    this.#changes.clear()
    this.#addToMonths([...months.values()])
  }

  /** Called after ROLLBACK, which rolls back triggers as well. */
  abandon(): void {
    this.#changes.clear()
    const { db } = this.#connection
    if (!this.#isListening || !db.isOpen) return
    const left = db
      .prepare('SELECT name FROM sqlite_temp_schema WHERE name = ?')
      .get('ledger_added')
    this.#watched = left === undefined ? null : UNKNOWN
  }

  /**
   * Recomputes the checksums of whole tables, except those of the ledger, which are dropped. Inside a
   * write transaction.
   */
  recomputeAll(): void {
    const { db } = this.#connection
    db.exec('DELETE FROM checksum')
    const forget = db.prepare('DELETE FROM setting WHERE name = ?')
    for (const name of [CHECKSUMMED_THROUGH, CHECKSUMMED_SIMS]) forget.run(name)
    for (const table of checksummedTables(this.#connection)) {
      if (!isOfLedger(table.name)) this.recompute(table)
    }
  }

  recompute(table: ChecksummedTable): void {
    const { name, part } = table
    const { db } = this.#connection
    db.prepare('DELETE FROM checksum WHERE table_name = ?').run(name)
    db.prepare(
      `INSERT INTO checksum (table_name, part, row_count, total)
       SELECT '${name}', ${partExpression(part)}, COUNT(*), ${Checksums.totalOf(table)}
       FROM ${name} GROUP BY 2`,
    ).run()
  }

  /** Adds the rows to the checksums of their day. Inside a write transaction. */
  addPiece({ bucket, after, last }: ChecksumPiece): void {
    for (const table of this.#tables.filter(({ name }) => isOfLedger(name))) {
      const { rows, total } = this.#connection
        .prepare(
          `SELECT COUNT(*) AS rows, ${Checksums.totalOf(table)} AS total
           FROM ${table.name} WHERE ${OF_PIECE}`,
        )
        .get(bucket, after, last) as { rows: number; total: number }
      if (rows > 0) this.#collect({ table: table.name, part: bucket, rows, total })
    }
  }

  /** `when` is the condition for a row, if there is one. */
  #install(table: ChecksummedTable, when: (row: string) => string): void {
    const { name, part } = table
    const tell = (times: 1 | -1) => {
      const row = times === 1 ? 'NEW.' : 'OLD.'
      const value = `row_changed('${name}', ${partExpression(part, row)}, ${times}, ${rowText(table, row)})`
      // A row's bucket changes only after the limit, and its SIM never, so the condition may test either
      // row.
      return { row, value }
    }
    const added = tell(1)
    const gone = tell(-1)
    this.#connection.db.exec(`
      CREATE TEMP TRIGGER ${name}_added AFTER INSERT ON main.${name} ${when(added.row)}
      BEGIN SELECT ${added.value}; END;
      CREATE TEMP TRIGGER ${name}_changed AFTER UPDATE ON main.${name} ${when(added.row)}
      BEGIN SELECT ${gone.value}, ${added.value}; END;
      CREATE TEMP TRIGGER ${name}_gone AFTER DELETE ON main.${name} ${when(gone.row)}
      BEGIN SELECT ${gone.value}; END;
    `)
  }

  #remove({ name }: ChecksummedTable): void {
    this.#connection.db.exec(`
      DROP TRIGGER IF EXISTS temp.${name}_added;
      DROP TRIGGER IF EXISTS temp.${name}_changed;
      DROP TRIGGER IF EXISTS temp.${name}_gone;
    `)
  }

  #hash(text: string): number {
    return Number.parseInt(hash('sha256', this.#keyOfStore() + text).slice(0, HASH_DIGITS), 16)
  }

  #keyOfStore(): string {
    if (this.#key === null) {
      const row = this.#connection.prepare(SELECT_SETTING).get('signing_key')
      this.#key = checksumKey(row!.value as Uint8Array)
    }
    return this.#key
  }

  #note(table: string, part: number, times: number, text: string): void {
    this.#collect({ table, part, rows: times, total: times * this.#hash(text) })
  }

  #collect({ table, part, rows, total }: Change): void {
    const name = `${table} ${part}`
    const change = this.#changes.get(name)
    if (change === undefined) {
      this.#changes.set(name, { table, part, rows, total: addTotals(0, total) })
    } else {
      change.rows += rows
      change.total = addTotals(change.total, total)
    }
  }

  #add({ table, part, rows, total }: Change): void {
    if (rows === 0 && total === 0) return
    const row = this.#connection.prepare(SELECT_CHECKSUM).get(table, part)
    const rowCount = Number(row?.row_count ?? 0) + rows
    const sum = addTotals(Number(row?.total ?? 0), total)
    if (rowCount === 0 && sum === 0) this.#connection.prepare(DROP_CHECKSUM).run(table, part)
    else this.#connection.prepare(PUT_CHECKSUM).run(table, part, rowCount, sum)
  }

  #addToMonths(changes: readonly Change[]): void {
    if (changes.length === 0) return
    const purged = this.#connection.prepare(SELECT_SETTING).get('purged_through')?.value
    const purgedThrough = Number(purged ?? Number.MIN_SAFE_INTEGER)
    for (const change of changes) {
      if (!isFrozen(change.part, purgedThrough)) this.#add(change)
    }
    this.#link()
  }

  /** Writes the heads of all months, of which there are about as many as retention keeps. */
  #link(): void {
    const rows = this.#connection.prepare(SELECT_MONTHS).all()
    const months = rows.map((row) => ({
      month: row.month as number,
      rowCount: row.rowCount as number,
      total: row.total as number,
    }))
    headsOf(this.#keyOfStore(), months).forEach((head, i) => {
      this.#connection.prepare(SET_HEAD).run(head, months[i]!.month)
    })
  }
}
