/** Everything in the tables of a store. */
import { DatabaseSync } from 'node:sqlite'
import { TABLES } from '../../src/storage/tables.ts'
import { execute, plainUrl, schemaOf } from './postgres-schema.ts'

/** Runs statements in the schema that the URL names. */
export async function ask(url: string, ...statements: string[]) {
  const path = `SET search_path = ${schemaOf(url)}`
  return (await execute(plainUrl(url), path, ...statements)).slice(1)
}

/** The rows that a statement returns, run behind the store's back. */
export async function rowsOf(url: string, text: string): Promise<Record<string, unknown>[]> {
  if (!url.startsWith('sqlite:')) return (await ask(url, text))[0]!.rows
  const db = new DatabaseSync(url.slice('sqlite:'.length))
  try {
    return db.prepare(text).all()
  } finally {
    db.close()
  }
}

/** Every row of every table as text, in a fixed order. */
export async function rowsOfPostgres(url: string): Promise<Record<string, string[]>> {
  const results = await ask(url, ...TABLES.map(({ name }) => `SELECT * FROM ${name}`))
  return Object.fromEntries(TABLES.map(({ name }, i) => [name, comparable(results[i]!.rows)]))
}

export function rowsOfSqlite(path: string): Record<string, string[]> {
  const db = new DatabaseSync(path, { readOnly: true })
  try {
    const rows = (table: string) => {
      const statement = db.prepare(`SELECT * FROM ${table}`)
      statement.setReadBigInts(true)
      return comparable(statement.all())
    }
    return Object.fromEntries(TABLES.map(({ name }) => [name, rows(name)]))
  } finally {
    db.close()
  }
}

/** Every row of every table of a store, whichever engine keeps it. */
export async function rowsOfStore(url: string): Promise<Record<string, string[]>> {
  return url.startsWith('sqlite:') ? rowsOfSqlite(url.slice('sqlite:'.length)) : rowsOfPostgres(url)
}

export function comparable(rows: readonly Record<string, unknown>[]): string[] {
  const text = (value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value)
  return rows
    .map((row) => {
      const columns = Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1))
      return JSON.stringify(columns.map(([name, value]) => [name, text(value)]))
    })
    .toSorted()
}
