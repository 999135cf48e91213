/** An audit of a file: a separate thread asks the shared questions, and runs SQLite's own checks. */
import type { Actor } from '../../domain/act.ts'
import { type LoggedAct, logAct } from '../acts.ts'
import { runAudit } from '../audit/audit.ts'
import { checksumKey } from '../audit/checksums.ts'
import type { Ask, AuditEngine, ChangingEngine, Parameters } from '../audit/engine.ts'
import type { AuditDifference, AuditOptions, AuditReport } from '../audit/report.ts'
import { signingKey } from '../directory/reads.ts'
import type { Row } from '../rows.ts'
import { Checksums, checksummedTables } from './checksums.ts'
import type { Connection } from './connection.ts'
import { FRESH_SECONDS } from './session.ts'
import type { Writer } from './writer.ts'

/** How many faults `PRAGMA integrity_check` reports at most. */
const FAULTS_MAX = 100

export const auditOperations = {
  firstLook: (connection: Connection, text: string, parameters: Parameters): Row[] => {
    connection.prepare('BEGIN').run()
    return look(connection, text, parameters)
  },
  look,
  endLook: (connection: Connection) => {
    if (connection.db.isTransaction) connection.db.exec('ROLLBACK')
    connection.log.letOthersFold()
  },
  beginChange: (connection: Connection) => {
    connection.withLock(() => connection.prepare('BEGIN IMMEDIATE').run())
    connection.checksums.begin({ watchesLedger: false })
    connection.checksums.ignoreChanges(true)
  },
  endChange: (connection: Connection, act: LoggedAct | null) => {
    connection.checksums.ignoreChanges(false)
    connection.take(logAct(act))
    connection.checksums.end()
    connection.prepare('COMMIT').run()
  },
  abandonChange: (connection: Connection) => {
    connection.checksums.ignoreChanges(false)
    if (!connection.db.isTransaction) return
    connection.db.exec('ROLLBACK')
    connection.checksums.abandon()
  },
  auditedTables: (connection: Connection) => checksummedTables(connection),
  auditKey: (connection: Connection) => checksumKey(connection.take(signingKey())),
  checkFile: (connection: Connection): AuditDifference[] => [
    ...integrityFaults(connection),
    ...partialIndexFaults(connection),
    ...foreignKeyFaults(connection),
    ...lostIds(connection),
  ],
}

function look(connection: Connection, text: string, parameters: Parameters): Row[] {
  const statement = connection.prepareBigints(text)
  statement.setAllowUnknownNamedParameters(true)
  return statement.all(parameters)
}

function integrityFaults({ db }: Connection): AuditDifference[] {
  return db
    .prepare(`PRAGMA integrity_check(${FAULTS_MAX})`)
    .all()
    .map((row) => String(Object.values(row)[0]))
    .filter((said) => said !== 'ok')
    .map((said) => ({
      table: 'database',
      cell: 'integrity check',
      stored: said,
      recomputed: 'ok',
    }))
}

/** For a partial index, the integrity check notices missing rows but not surplus ones. */
function partialIndexFaults({ db }: Connection): AuditDifference[] {
  const cells = db.prepare('SELECT ncell FROM dbstat WHERE name = ? AND aggregate = TRUE')
  const indexes = db
    .prepare(
      "SELECT name, tbl_name, sql FROM sqlite_schema WHERE type = 'index' AND sql LIKE '%WHERE%'",
    )
    .all()
  return indexes.flatMap(({ name, tbl_name: table, sql }) => {
    const [, condition] = String(sql).split(/\bWHERE\b/)
    const entries = cells.get(name as string)?.ncell
    // In the WHERE clause, the index itself would answer it.
    const count = `SELECT COUNT(*) FILTER (WHERE ${condition}) AS rows FROM ${table}`
    const { rows } = db.prepare(count).get()!
    if (entries === rows) return []
    const [stored, recomputed] = [`${entries} entries`, `${rows}`]
    return [{ table: 'database', cell: `index ${name}`, stored, recomputed }]
  })
}

function foreignKeyFaults({ db }: Connection): AuditDifference[] {
  return db
    .prepare('PRAGMA foreign_key_check')
    .all()
    .slice(0, FAULTS_MAX)
    .map(({ table, rowid, parent }) => ({
      table: String(table).replaceAll('_', ' '),
      cell: `row ${rowid}`,
      stored: `refers to ${parent}`,
      recomputed: 'a row that is there',
    }))
}

/** An id that was once given must not be given again. */
function lostIds({ db }: Connection): AuditDifference[] {
  const given = db.prepare('SELECT seq FROM sqlite_sequence WHERE name = ?')
  const tables = db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'")
    .all()
  return tables.flatMap(({ name }) => {
    const last = Number(given.get(name as string)?.seq ?? 0)
    const largest = Number(db.prepare(`SELECT MAX(id) AS id FROM ${name}`).get()!.id ?? 0)
    if (last >= largest) return []
    const [stored, recomputed] = [`last id ${last}`, `at least ${largest}`]
    return [{ table: 'database', cell: `ids of ${name}`, stored, recomputed }]
  })
}

/** On a thread of its own, which it ends. */
export async function changing<T>(
  thread: Writer,
  actor: Actor,
  work: (engine: ChangingEngine) => Promise<T>,
): Promise<T> {
  try {
    return await work(changingEngine((name, ...values) => thread.run(name, values, { actor })))
  } finally {
    await thread.close()
  }
}

/** On a thread that nothing else uses meanwhile. */
export function audit(thread: Writer, options?: AuditOptions): Promise<AuditReport> {
  return runAudit(
    auditEngine((name, ...values) => thread.run(name, values)),
    options,
  )
}

type Operations = typeof auditOperations
type Rest<F> = F extends (connection: Connection, ...rest: infer R) => unknown ? R : never

/** Runs one of the operations, wherever the connection is. */
type Run = <N extends keyof Operations>(
  name: N,
  ...values: Rest<Operations[N]>
) => Promise<ReturnType<Operations[N]>>

export function auditEngine(run: Run): AuditEngine {
  return {
    // The first question begins the look: every message to the thread costs about as much as a question.
    onOneState: async (work) => {
      let hasBegun = false
      const ask: Ask = (text, parameters = {}) => {
        const name = hasBegun ? 'look' : 'firstLook'
        hasBegun = true
        return run(name, text, parameters)
      }
      try {
        return await work(ask)
      } finally {
        if (hasBegun) await run('endLook')
      }
    },
    tables: () => run('auditedTables'),
    totalOf: Checksums.totalOf,
    keptChecksums: 'SELECT table_name, part, row_count, total FROM checksum',
    checksumKey: () => run('auditKey'),
    hasSimMonths: true,
    freshSeconds: FRESH_SECONDS,
    isSpread: false,
    checkDatabase: () => run('checkFile'),
  }
}

/** Everything between the beginning of a change and its end is one write transaction. */
export function changingEngine(run: Run): ChangingEngine {
  const ask: Ask = (text, parameters = {}) => run('look', text, parameters)
  return {
    ...auditEngine(run),
    change: async (work, actOf) => {
      await run('beginChange')
      try {
        const result = await work({ ask, rewrite: ask })
        await run('endChange', actOf(result))
        return result
      } finally {
        await run('abandonChange')
      }
    },
  }
}
