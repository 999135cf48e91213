/** A connection as a session for shared code; it waits for the answer to each question. */
import { createHash } from 'node:crypto'
import pg from 'pg'
import { SOMEBODY } from '../../domain/act.ts'
import { sumOf } from '../../domain/sums.ts'
import { WHOLE_DAYS } from '../ledger/buckets.ts'
import type { Row } from '../rows.ts'
import {
  type Acting,
  actingOf,
  type Gone,
  type Insert,
  type MonthText,
  type NamedRows,
  type Session,
  type Steps,
  takenAsAnswered,
  type Value,
  type Values,
} from '../session.ts'
import { TABLES } from '../tables.ts'
import { OUT_OF_RANGE, sqlState } from './failures.ts'
import { type LockName, lockKey } from './locks.ts'

const INT8 = 20
const INT4_LIST = 1007
const INT8_LIST = 1016
const defaultParser = pg.types.getTypeParser

function typesWith(parseInt8: (text: string) => unknown): pg.CustomTypesConfig {
  const own: Readonly<Record<number, (text: string) => unknown>> = {
    [INT8]: parseInt8,
    [INT4_LIST]: listOf(Number),
    [INT8_LIST]: listOf(parseInt8),
  }
  const getTypeParser = ((oid: number, format?: 'text' | 'binary') =>
    own[oid] ?? defaultParser(oid, format as 'text')) as typeof defaultParser
  return { getTypeParser }
}

/** Lists without NULL. They may have an element for each record of a batch, and `pg` takes its time. */
function listOf(parse: (text: string) => unknown): (text: string) => unknown[] {
  return (text) => (text === '{}' ? [] : text.slice(1, -1).split(',').map(parse))
}

/** Ids, instants and counters of one record are safe integers; only sums may pass 2^53. */
const NUMBERS = typesWith(Number)
const BIGINTS = typesWith(BigInt)
const SUMS = typesWith((text) => sumOf(BigInt(text)))

/** Not the transaction's own time, which stands still while the transaction runs. */
export const SERVER_TIME = 'floor(extract(epoch FROM clock_timestamp()))::bigint'

const MONTH_TEXT: MonthText = {
  startOf: (instant) => {
    const local = `to_timestamp(${instant}) AT TIME ZONE 'UTC'`
    return `EXTRACT(EPOCH FROM date_trunc('month', ${local}) AT TIME ZONE 'UTC')::bigint`
  },
  startOfNumber: (month) => `
    EXTRACT(EPOCH FROM make_timestamptz(${month} / 12, ${month} % 12 + 1, 1, 0, 0, 0, 'UTC'))::bigint`,
}

/** One connection, for as long as a read or a transaction has it. */
export class PostgresSession implements Session {
  readonly hasSimMonths = false
  readonly monthText = MONTH_TEXT
  readonly freshSeconds = WHOLE_DAYS.freshSeconds
  readonly client: pg.ClientBase
  readonly schema: string
  acting: Acting = actingOf(SOMEBODY)

  constructor(client: pg.ClientBase, schema: string) {
    this.client = client
    this.schema = schema
  }

  /** Runs the steps to their end. A failed question throws where it was asked. */
  take<T>(steps: Steps<T>): Promise<T> {
    return takenAsAnswered(steps, this)
  }

  /** Each text is prepared once per connection. */
  async all(text: string, values: Values = [], named?: NamedRows): Promise<Row[]> {
    return (await this.#query(...withNamed(text, values, named), NUMBERS)).rows
  }

  /** As `all`, with every integer as a bigint, for sums. */
  async allBigints(text: string, values: Values = []): Promise<Row[]> {
    return (await this.#query(text, values, BIGINTS)).rows
  }

  /** Integers as sums, and each row an array of its columns, which is quicker for many rows. */
  async sumArrays(text: string, values: Values = []): Promise<unknown[][]> {
    const query = { ...statementOf(text), values: values as unknown[], types: SUMS }
    return (await this.client.query<unknown[]>({ ...query, rowMode: 'array' })).rows
  }

  async ask(text: string, values: Values = []): Promise<Row[]> {
    const query = { text: numbered(text), values: values as unknown[], types: BIGINTS }
    return (await this.client.query<Row>(query)).rows
  }

  async get(text: string, values: Values = []): Promise<Row | undefined> {
    return (await this.all(text, values))[0]
  }

  async run(text: string, values: Values = [], named?: NamedRows): Promise<number> {
    return (await this.#query(...withNamed(text, values, named), NUMBERS)).rowCount ?? 0
  }

  insert({ table, columns, rows, suffix = '' }: Insert): Promise<Row[]> {
    const names = columns.join(', ')
    const text = `
      INSERT INTO ${table} (${names})
      SELECT ${names}
      FROM unnest(${arrays(table, columns)}) WITH ORDINALITY AS added (${names}, added_position)
      ORDER BY added_position
      ${suffix}`
    return this.all(text, columnsOf(rows))
  }

  delete({ table, columns, rows }: Gone): Promise<number> {
    const equal = columns.map((column) => `${table}.${column} = gone.${column}`).join(' AND ')
    const text = `
      DELETE FROM ${table}
      USING unnest(${arrays(table, columns)}) AS gone (${columns.join(', ')})
      WHERE ${equal}`
    return this.run(text, columnsOf(rows))
  }

  async lock(name: LockName): Promise<void> {
    await this.get('SELECT pg_advisory_xact_lock(?, ?)', lockKey(name, this.schema))
  }

  async lockShared(name: LockName): Promise<void> {
    await this.get('SELECT pg_advisory_xact_lock_shared(?, ?)', lockKey(name, this.schema))
  }

  /** Excludes other batches of the feed's readings until the transaction ends. */
  async lockReadings(feedId: number): Promise<void> {
    const key = lockKey('readings', `${this.schema} ${feedId}`)
    await this.get('SELECT pg_advisory_xact_lock(?, ?)', key)
  }

  async now(): Promise<number> {
    return (await this.get(`SELECT ${SERVER_TIME} AS now`))!.now as number
  }

  isOverflow(error: unknown): boolean {
    return sqlState(error) === OUT_OF_RANGE
  }

  #query(text: string, values: Values, types: pg.CustomTypesConfig) {
    return this.client.query<Row>({ ...statementOf(text), values: values as unknown[], types })
  }
}

/** Integer columns of fewer than 64 bits; all others have 64. */
const SMALL_INTEGERS: Readonly<Record<string, string>> = {
  zone: 'smallint',
  stated: 'smallint',
  traits: 'smallint',
  verdict: 'smallint',
  position: 'integer',
  version: 'integer',
  month: 'integer',
}

const KINDS = new Map(
  TABLES.map(({ name, columns }) => [name as string, columns as Readonly<Record<string, string>>]),
)

function typeOf(table: string, column: string): string {
  const kind = KINDS.get(table)?.[column]
  if (kind === 'text') return 'text'
  if (kind === 'bytes') return 'bytea'
  return SMALL_INTEGERS[column] ?? 'bigint'
}

/** One array per column, as made from rows by `columnsOf`. */
export function arrays(table: string, columns: readonly string[]): string {
  return columns.map((column) => `?::${typeOf(table, column)}[]`).join(', ')
}

function withNamed(text: string, values: Values, named?: NamedRows): [string, Values] {
  if (named === undefined) return [text, values]
  const { columns, rows } = named
  const types = Object.values(columns).map((type, i) => `?${values.length + i + 1}::${type}[]`)
  const names = Object.keys(columns).join(', ')
  const joined = `unnest(${types.join(', ')}) WITH ORDINALITY AS named (${names}, position)`
  return [text.replace(':named', joined), [...values, ...columnsOf(rows)]]
}

/** From rows, at least one, to columns: the arrays that `unnest` takes. */
export function columnsOf(rows: readonly Values[]): Value[][] {
  return rows[0]!.map((_, column) => rows.map((row) => row[column]!))
}

const statements = new Map<string, { readonly name: string; readonly text: string }>()

/** `?` becomes `$1`, `$2` and so on, and `?1` becomes `$1`. */
export function numbered(text: string): string {
  let last = 0
  return text.replace(/\?(\d*)/g, (_, number: string) => `$${number === '' ? ++last : number}`)
}

/** This program has a few dozen texts, so all of them are kept. */
function statementOf(text: string): { readonly name: string; readonly text: string } {
  let statement = statements.get(text)
  if (statement === undefined) {
    const name = createHash('sha256').update(text).digest('hex').slice(0, 32)
    statement = { name, text: numbered(text) }
    statements.set(text, statement)
  }
  return statement
}
