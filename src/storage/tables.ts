/**
 * The tables of a store, which have the same names in every engine, with everything needed to move their
 * rows between engines. A test compares this list with each engine's schema. SQLite's own `sim_month` is
 * not listed, because it follows from `sim_day`. Nor are `console_session` and `console_link`: signing in
 * to a store is not signing in to the one it is moved to.
 */
import { COUNTER_COLUMNS, type CounterColumn } from './counter-columns.ts'
import { ACCOUNT_CELL, ACCOUNT_DIMENSIONS, SIM_DAY, SIM_DIMENSIONS } from './rollups.ts'

/**
 * What a column holds. An `integer` is safe in JavaScript; a `sum` may pass 2^53. A `setting` has a type
 * of its own in each engine and moves as text, with bytes as hexadecimal digits.
 */
export type ColumnKind = 'integer' | 'sum' | 'text' | 'bytes' | 'setting'

export interface Table {
  readonly name: string
  readonly columns: Readonly<Record<string, ColumnKind>>
  /** The columns of its primary key, in key order. */
  readonly key: readonly string[]
  /** True if the engine assigns the ids of its rows. */
  readonly givesIds: boolean
  /**
   * True if its rows change only together with an import's counts, a directory row or a setting. An
   * unchanged number of rows then proves that nothing changed.
   */
  readonly follows: boolean
}

function integers<Name extends string>(...names: readonly Name[]) {
  return Object.fromEntries(names.map((name) => [name, 'integer'])) as Record<Name, 'integer'>
}

function texts<Name extends string>(...names: readonly Name[]) {
  return Object.fromEntries(names.map((name) => [name, 'text'])) as Record<Name, 'text'>
}

function counters<K extends ColumnKind>(kind: K) {
  return Object.fromEntries(COUNTER_COLUMNS.map((name) => [name, kind])) as Record<CounterColumn, K>
}

const COUNTERS = counters('integer')
const SUMS = counters('sum')

const IDENTITY = {
  ...integers('bucket', 'sim_id', 'occurred_at', 'feed_id'),
  record_id: 'text',
} as const

const CONTENT = {
  ...integers('account_id', 'zone'),
  country: 'text',
  plmn: 'text',
  stated: 'integer',
  ...COUNTERS,
  ...integers('import_id', 'line', 'known_at'),
} as const

const directory = { follows: false } as const
const numbered = { key: ['id'], givesIds: true } as const
const keyed = { givesIds: false } as const

/** Ordered so that no row refers to one that comes later. */
export const TABLES = [
  {
    name: 'setting',
    columns: { name: 'text', value: 'setting' },
    key: ['name'],
    ...keyed,
    ...directory,
  },
  {
    name: 'account',
    columns: {
      id: 'integer',
      ...texts('sid', 'name', 'auth_token_hash', 'home_plmns', 'home_countries'),
      created_at: 'integer',
      previous_token_hash: 'text',
      previous_token_until: 'integer',
      may_register_numbers: 'integer',
    },
    ...numbered,
    ...directory,
  },
  {
    name: 'sim',
    columns: {
      id: 'integer',
      sid: 'text',
      account_id: 'integer',
      ...texts('iccid', 'msisdn', 'unique_name', 'friendly_name', 'status', 'home_plmns'),
      ...texts('home_countries', 'callbacks'),
      ...integers('created_at', 'updated_at'),
    },
    ...numbered,
    ...directory,
  },
  {
    name: 'sim_imsi',
    columns: { imsi: 'text', sim_id: 'integer', position: 'integer' },
    key: ['imsi'],
    ...keyed,
    ...directory,
  },
  {
    name: 'sim_tenure',
    columns: { ...integers('sim_id', 'started_at', 'ended_at', 'account_id'), unique_name: 'text' },
    key: ['sim_id', 'started_at'],
    ...keyed,
    ...directory,
  },
  {
    name: 'sim_group',
    columns: {
      ...integers('id', 'account_id', 'created_at', 'updated_at'),
      ...texts('sid', 'unique_name', 'settings'),
    },
    ...numbered,
    ...directory,
  },
  {
    name: 'sim_membership',
    columns: integers('sim_id', 'started_at', 'ended_at', 'group_id'),
    key: ['sim_id', 'started_at'],
    ...keyed,
    ...directory,
  },
  {
    name: 'sim_label',
    columns: { ...integers('sim_id', 'started_at', 'ended_at'), ...texts('key', 'value') },
    key: ['sim_id', 'key', 'started_at'],
    ...keyed,
    ...directory,
  },
  {
    name: 'api_key',
    columns: {
      id: 'integer',
      sid: 'text',
      account_id: 'integer',
      scope: 'text',
      secret_hash: 'text',
      created_at: 'integer',
      revoked_at: 'integer',
      label: 'text',
      last_used_at: 'integer',
    },
    ...numbered,
    ...directory,
  },
  {
    name: 'feed',
    columns: {
      id: 'integer',
      ...texts('name', 'format', 'settings', 'on_conflict'),
      ...integers('default_zone', 'created_at', 'settle_seconds'),
      sequence_pattern: 'text',
      ...integers('late_seconds', 'overdue_seconds', 'covers_from', 'retired_at'),
      retired_reason: 'text',
      account_id: 'integer',
      sim_names: 'text',
    },
    ...numbered,
    ...directory,
  },
  {
    name: 'feed_grant',
    columns: { account_id: 'integer', feed_id: 'integer', granted_at: 'integer' },
    key: ['account_id', 'feed_id'],
    ...keyed,
    ...directory,
  },
  {
    name: 'import',
    columns: {
      ...integers('id', 'feed_id', 'account_id'),
      ...texts('source', 'format', 'status'),
      ...integers('accepted', 'duplicate', 'replaced', 'quarantined', 'expired'),
      ...integers('resets', 'falls', 'wraps'),
      checksum: 'text',
      error: 'text',
      started_at: 'integer',
      finished_at: 'integer',
      sequence_stream: 'text',
      ...integers('sequence_number', 'complete_through', 'undone_at'),
      rereading: 'text',
      ...integers('usage_from', 'end_order'),
      restarts: 'text',
    },
    ...numbered,
    ...directory,
  },
  {
    name: 'import_bucket',
    columns: integers('import_id', 'bucket'),
    key: ['import_id', 'bucket'],
    ...keyed,
    follows: true,
  },
  {
    name: 'feed_progress',
    columns: {
      feed_id: 'integer',
      complete_through: 'integer',
      deliveries: 'text',
      complete_from: 'integer',
    },
    key: ['feed_id'],
    ...keyed,
    ...directory,
  },
  {
    name: 'gap_acceptance',
    columns: {
      ...integers('id', 'feed_id', 'first_position', 'last_position', 'accepted_at'),
      ...texts('stream', 'accepted_by', 'reason'),
    },
    ...numbered,
    ...directory,
  },
  {
    name: 'account_feed',
    columns: { account_id: 'integer', feed_id: 'integer' },
    key: ['account_id', 'feed_id'],
    ...keyed,
    ...directory,
  },
  {
    name: 'drop_folder',
    columns: {
      ...{ feed_id: 'integer', path: 'text' },
      ...integers('waiting', 'waiting_since', 'failed', 'left_alone', 'seen_at'),
    },
    key: ['feed_id', 'path'],
    ...keyed,
    ...directory,
  },
  {
    name: 'quarantine',
    columns: {
      ...integers('id', 'feed_id', 'deliverer_id'),
      ...texts('reason', 'raw_hash', 'detail', 'field'),
      raw: 'bytes',
    },
    ...numbered,
    follows: true,
  },
  {
    name: 'quarantine_delivery',
    columns: {
      ...integers('id', 'quarantine_id', 'import_id', 'line', 'seen_at'),
      record: 'text',
    },
    ...numbered,
    // Recycling may change the reason why a record waits.
    follows: false,
  },
  {
    name: 'ledger',
    columns: { ...IDENTITY, ...CONTENT },
    key: ['bucket', 'sim_id', 'occurred_at', 'feed_id', 'record_id'],
    ...keyed,
    follows: true,
  },
  {
    name: 'ledger_history',
    columns: {
      ...IDENTITY,
      version: 'integer',
      ...CONTENT,
      replaced_at: 'integer',
      replaced_by_import: 'integer',
    },
    key: ['bucket', 'sim_id', 'occurred_at', 'feed_id', 'record_id', 'version'],
    ...keyed,
    follows: true,
  },
  {
    name: 'undone_version',
    columns: {
      ...integers('sim_id', 'occurred_at', 'feed_id'),
      record_id: 'text',
      ...integers('import_id', 'version'),
      ...CONTENT,
      replaced_at: 'integer',
    },
    key: ['sim_id', 'occurred_at', 'feed_id', 'record_id', 'import_id', 'version'],
    ...keyed,
    follows: true,
  },
  {
    name: 'repeat_run',
    columns: {
      ...integers('of_import_id', 'of_line', 'import_id', 'line'),
      ...integers('records', 'known_at', 'last_bucket'),
    },
    key: ['of_import_id', 'of_line', 'import_id', 'line'],
    ...keyed,
    follows: true,
  },
  {
    name: 'reading',
    columns: {
      ...integers('sim_id', 'feed_id'),
      record_id: 'text',
      occurred_at: 'integer',
      ...COUNTERS,
      ...integers(...COUNTER_COLUMNS.map((name) => `high_${name}` as const), 'traits'),
      verdict: 'integer',
    },
    key: ['sim_id', 'feed_id', 'record_id', 'occurred_at'],
    ...keyed,
    follows: true,
  },
  {
    name: 'account_hour',
    columns: { ...integers('account_id', 'started_at'), ...ACCOUNT_DIMENSIONS, ...SUMS },
    key: ACCOUNT_CELL,
    ...keyed,
    follows: true,
  },
  {
    name: 'account_day',
    columns: { ...integers('account_id', 'started_at'), ...ACCOUNT_DIMENSIONS, ...SUMS },
    key: ACCOUNT_CELL,
    ...keyed,
    follows: true,
  },
  {
    name: 'sim_day',
    columns: {
      ...integers('month', 'sim_id'),
      ...SIM_DIMENSIONS,
      started_at: 'integer',
      ...SUMS,
    },
    key: SIM_DAY,
    ...keyed,
    follows: true,
  },
  {
    name: 'act',
    columns: {
      ...integers('id', 'at'),
      ...texts('actor', 'verb', 'object_kind', 'object', 'details'),
    },
    ...numbered,
    ...directory,
  },
] as const satisfies readonly Table[]

export type TableName = (typeof TABLES)[number]['name'] | 'sim_month'

/** The columns that identify a ledger row. */
export const IDENTITY_COLUMNS = Object.keys(IDENTITY)
/** What a ledger row holds besides its identity. */
export const CONTENT_COLUMNS = Object.keys(CONTENT)

/** A table's columns, by its name. */
export function columnsNamed(name: (typeof TABLES)[number]['name']): string[] {
  return columnsOfTable(TABLES.find((table) => table.name === name)!)
}

export function columnsOfTable({ columns }: Table): string[] {
  return Object.keys(columns)
}

export function hasSums({ columns }: Table): boolean {
  return Object.values(columns).includes('sum')
}

/** A row as it moves: its values in the order of the table's columns. */
export type TableRow = readonly TableValue[]
export type TableValue = string | number | bigint | Uint8Array | null

/** The values of a row's primary key. */
export type TableKey = readonly (string | number)[]

export function keyOfRow(table: Table, row: TableRow): TableKey {
  const columns = columnsOfTable(table)
  return table.key.map((column) => {
    const value = row[columns.indexOf(column)]!
    return typeof value === 'bigint' ? Number(value) : (value as string | number)
  })
}

/** The rows after a key, in key order; all rows if no key is given. Each `?` takes a value of the key. */
export function selectRowsAfter(table: Table, hasKey: boolean): string {
  const key = table.key.join(', ')
  return `
    SELECT ${columnsOfTable(table).join(', ')}
    FROM ${table.name}
    ${hasKey ? `WHERE (${key}) > (${table.key.map(() => '?').join(', ')})` : ''}
    ORDER BY ${key}`
}
