/**
 * Moves a whole store into another engine's empty database: what both ends promise, and the way between
 * them. The target keeps the progress, in the transaction of the rows that it describes, so a transfer
 * that was stopped at any moment continues where it was.
 */
import { createHash } from 'node:crypto'
import { UsageError } from '../../domain/usage-error.ts'
import { storeIdOf } from '../store-id.ts'
import {
  keyOfRow,
  TABLES,
  type Table,
  type TableKey,
  type TableRow,
  type TableValue,
} from '../tables.ts'

/** Rows per transaction and per read; some megabytes of ledger. */
export const TRANSFER_ROWS_MAX = 50_000

/** A quarantined record has kilobytes, a usage event a hundred bytes. */
const LONG_ROWS_MAX = 2_000

/** How many rows a table has, by name. */
export type RowCounts = Readonly<Record<string, number>>

/** The store to move, in one state that does not change until it is closed. */
export interface TransferSource {
  /** For messages, without a password. */
  readonly shown: string
  countRows(table: Table): Promise<number>
  /** The table's rows after `after` in key order, at most `rowsMax` at a time. */
  pageAfter(table: Table, after: TableKey | null, rowsMax: number): Promise<TableRow[]>
  /** The largest id that the table has ever given to a row; 0 if none. */
  lastId(table: Table): Promise<number>
  /** The start of the first and last day with ledger rows; null if there are none. */
  ledgerBounds(): Promise<{ readonly first: number; readonly last: number } | null>
  /** Moves on to the newest state. Returns false if writers were kept out, so that there is none. */
  renew(): Promise<boolean>
  close(): Promise<void>
}

/** How far a transfer has come. */
export interface Position {
  /** The present table; those before it are completely moved. */
  readonly table: string
  /** The key of the last row moved. */
  readonly after: TableKey | null
  /** Rows moved so far, over all tables. */
  readonly rows: number
}

/** What tells one transfer from another. */
export interface TransferOrigin {
  /** Where it comes from, for messages. */
  readonly shown: string
  /** Made from the signing key, which every store has for itself. */
  readonly storeId: string
  /** Changes with everything that is written to the store. */
  readonly fingerprint: string
}

/** The empty database that receives the store. Nobody else can use it before `finish`. */
export interface TransferTarget {
  readonly shown: string
  /**
   * Begins, or returns how far a transfer from the same origin has come. Fails with `incompatible` if the
   * database has other content, or a transfer from another origin. With `restart`, what an unfinished
   * transfer has brought is deleted first.
   */
  begin(origin: TransferOrigin, options: { readonly restart: boolean }): Promise<Position>
  /** Adds the rows and records the progress, both or neither. */
  write(piece: {
    readonly table: Table
    readonly rows: readonly TableRow[]
    readonly from: Position
    readonly to: Position
  }): Promise<void>
  /** Makes what was written ready for use: ids continue after `lastIds`, by table. */
  settle(lastIds: RowCounts): Promise<void>
  countRows(table: Table): Promise<number>
  /** From now on the database is a store like any other. */
  finish(): Promise<void>
  close(): Promise<void>
}

export interface TransferProgress {
  readonly table: string
  /** Rows that are on disk in the target, over all tables. */
  readonly rows: number
  readonly rowsTotal: number
}

export interface TransferOptions {
  readonly restart: boolean
  readonly rowsMax?: number
  readonly onProgress: (progress: TransferProgress) => void
  readonly isStopped: () => boolean
}

export const FIRST_POSITION: Position = { table: TABLES[0].name, after: null, rows: 0 }

/**
 * Moves every row that is not there yet. Returns how many rows each table has in the source, or null if
 * it was stopped before the end.
 */
export async function moveRows(
  source: TransferSource,
  target: TransferTarget,
  { restart, rowsMax = TRANSFER_ROWS_MAX, onProgress, isStopped }: TransferOptions,
): Promise<RowCounts | null> {
  const { origin, counts } = await originOf(source)
  let position = await target.begin(origin, { restart })
  const rowsTotal = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const first = TABLES.findIndex(({ name }) => name === position.table)
  for (const table of TABLES.slice(first)) {
    const after = table.name === position.table ? position.after : null
    for await (const rows of pagesAfter(source, table, after, rowsMax)) {
      if (isStopped()) return null
      const last = keyOfRow(table, rows.at(-1)!)
      const to = { table: table.name, after: last, rows: position.rows + rows.length }
      await target.write({ table, rows, from: position, to })
      position = to
      onProgress({ table: table.name, rows: position.rows, rowsTotal })
    }
  }
  if (isStopped()) return null
  if (await source.renew()) await requireUnchanged(source, origin)
  const lastIds: Record<string, number> = {}
  for (const table of TABLES) {
    if (table.givesIds) lastIds[table.name] = await source.lastId(table)
  }
  await target.settle(lastIds)
  return counts
}

async function requireUnchanged(source: TransferSource, then: TransferOrigin): Promise<void> {
  const { origin } = await originOf(source)
  if (origin.fingerprint === then.fingerprint) return
  throw new UsageError('conflict', `${source.shown} was written to while it was moved`, {
    hint: 'stop what writes to it, then move it again with --restart',
  })
}

async function originOf(
  source: TransferSource,
): Promise<{ readonly origin: TransferOrigin; readonly counts: RowCounts }> {
  const fingerprint = createHash('sha256')
  const counts: Record<string, number> = {}
  let signingKey = ''
  for (const table of TABLES) {
    let count = 0
    if (table.follows) {
      count = await source.countRows(table)
    } else {
      for await (const rows of pagesAfter(source, table, null)) {
        const key = rows.find(([name]) => table.name === 'setting' && name === 'signing_key')
        if (key !== undefined) signingKey = String(key[1])
        for (const row of rows) fingerprint.update(JSON.stringify(row.map(plain)))
        count += rows.length
      }
    }
    counts[table.name] = count
    fingerprint.update(`${table.name} ${count}`)
  }
  const storeId = storeIdOf(Buffer.from(signingKey, 'hex'))
  return {
    origin: { shown: source.shown, storeId, fingerprint: fingerprint.digest('hex') },
    counts,
  }
}

function plain(value: TableValue): string | null {
  if (value === null) return null
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value)
}

async function* pagesAfter(
  source: TransferSource,
  table: Table,
  first: TableKey | null,
  rowsMaxGiven = TRANSFER_ROWS_MAX,
): AsyncGenerator<TableRow[]> {
  const isLong = Object.values(table.columns).includes('bytes')
  const rowsMax = isLong ? Math.min(rowsMaxGiven, LONG_ROWS_MAX) : rowsMaxGiven
  for (let after = first; ; ) {
    const rows = await source.pageAfter(table, after, rowsMax)
    if (rows.length > 0) yield rows
    if (rows.length < rowsMax) return
    after = keyOfRow(table, rows.at(-1)!)
  }
}
