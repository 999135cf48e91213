/**
 * The tables of a store, which every engine has under the same names, with what moving their rows
 * from one engine to another has to know. A test holds this list against each engine's schema.
 * SQLite's own `sim_month` is not among them: it follows from `sim_day`.
 */

/**
 * What a column holds. An `integer` is safe in JavaScript; a `sum` may pass 2^53. A `setting` is
 * kept by each engine in its own type and moves as text: bytes as hexadecimal digits.
 */
export type ColumnKind = 'integer' | 'sum' | 'text' | 'bytes' | 'setting'

export interface Table {
  readonly name: string
  readonly columns: Readonly<Record<string, ColumnKind>>
  /** The columns of its primary key, in the key's order. */
  readonly key: readonly string[]
  /** True when the engine gives out the ids of its rows. */
  readonly givesIds: boolean
  /**
   * True when its rows change only together with an import's counts, a directory row or a setting,
   * so that the number of its rows is enough to know it unchanged.
   */
  readonly follows: boolean
}

function integers<Name extends string>(...names: readonly Name[]) {
  return Object.fromEntries(names.map((name) => [name, 'integer'])) as Record<Name, 'integer'>
}

function counters<K extends ColumnKind>(kind: K) {
  return { upload: kind, download: kind, to_sim: kind, from_sim: kind } as const
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

const ACCOUNT_CELL = {
  ...integers('account_id', 'started_at', 'zone'),
  country: 'text',
  plmn: 'text',
} as const

const directory = { follows: false } as const
const numbered = { key: ['id'], givesIds: true } as const
const keyed = { givesIds: false } as const

/** In an order in which no row refers to one that comes later. */
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
      sid: 'text',
      name: 'text',
      auth_token_hash: 'text',
      home_plmns: 'text',
      home_countries: 'text',
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
      iccid: 'text',
      msisdn: 'text',
      unique_name: 'text',
      friendly_name: 'text',
      status: 'text',
      home_plmns: 'text',
      home_countries: 'text',
      callbacks: 'text',
      created_at: 'integer',
      updated_at: 'integer',
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
      name: 'text',
      format: 'text',
      settings: 'text',
      on_conflict: 'text',
      default_zone: 'integer',
      created_at: 'integer',
      settle_seconds: 'integer',
      sequence_pattern: 'text',
      late_seconds: 'integer',
      overdue_seconds: 'integer',
      covers_from: 'integer',
      retired_at: 'integer',
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
      id: 'integer',
      feed_id: 'integer',
      account_id: 'integer',
      source: 'text',
      format: 'text',
      status: 'text',
      ...integers('accepted', 'duplicate', 'replaced', 'quarantined', 'expired'),
      ...integers('resets', 'falls', 'wraps'),
      checksum: 'text',
      error: 'text',
      started_at: 'integer',
      finished_at: 'integer',
      sequence_stream: 'text',
      sequence_number: 'integer',
      complete_through: 'integer',
      undone_at: 'integer',
      rereading: 'text',
      ...integers('usage_from', 'end_order'),
      restarts: 'text',
    },
    ...numbered,
    ...directory,
  },
  {
    name: 'import_bucket',
    columns: { import_id: 'integer', bucket: 'integer' },
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
      id: 'integer',
      feed_id: 'integer',
      stream: 'text',
      first_position: 'integer',
      last_position: 'integer',
      accepted_by: 'text',
      reason: 'text',
      accepted_at: 'integer',
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
      feed_id: 'integer',
      path: 'text',
      ...integers('waiting', 'waiting_since', 'failed', 'left_alone', 'seen_at'),
    },
    key: ['feed_id', 'path'],
    ...keyed,
    ...directory,
  },
  {
    name: 'quarantine',
    columns: {
      id: 'integer',
      feed_id: 'integer',
      deliverer_id: 'integer',
      reason: 'text',
      raw_hash: 'text',
      detail: 'text',
      field: 'text',
      raw: 'bytes',
    },
    ...numbered,
    follows: true,
  },
  {
    name: 'quarantine_delivery',
    columns: {
      id: 'integer',
      quarantine_id: 'integer',
      import_id: 'integer',
      line: 'integer',
      seen_at: 'integer',
      record: 'text',
    },
    ...numbered,
    // Recycling may change the reason for which one waits.
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
      ...integers('high_upload', 'high_download', 'high_to_sim', 'high_from_sim', 'traits'),
      verdict: 'integer',
    },
    key: ['sim_id', 'feed_id', 'record_id', 'occurred_at'],
    ...keyed,
    follows: true,
  },
  {
    name: 'account_hour',
    columns: { ...ACCOUNT_CELL, ...SUMS },
    key: ['account_id', 'started_at', 'zone', 'country', 'plmn'],
    ...keyed,
    follows: true,
  },
  {
    name: 'account_day',
    columns: { ...ACCOUNT_CELL, ...SUMS },
    key: ['account_id', 'started_at', 'zone', 'country', 'plmn'],
    ...keyed,
    follows: true,
  },
  {
    name: 'sim_day',
    columns: {
      month: 'integer',
      sim_id: 'integer',
      zone: 'integer',
      country: 'text',
      started_at: 'integer',
      ...SUMS,
    },
    key: ['month', 'sim_id', 'zone', 'country', 'started_at'],
    ...keyed,
    follows: true,
  },
  {
    name: 'act',
    columns: {
      id: 'integer',
      at: 'integer',
      actor: 'text',
      verb: 'text',
      object_kind: 'text',
      object: 'text',
      details: 'text',
    },
    ...numbered,
    ...directory,
  },
] as const satisfies readonly Table[]

export function columnsOfTable({ columns }: Table): string[] {
  return Object.keys(columns)
}

export function hasSums({ columns }: Table): boolean {
  return Object.values(columns).includes('sum')
}

/** A row as it moves: values in the order of the table's columns. */
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

/** The rows after a key, in its order; all rows without one. `?` stands for the key's values. */
export function selectRowsAfter(table: Table, hasKey: boolean): string {
  const key = table.key.join(', ')
  return `
    SELECT ${columnsOfTable(table).join(', ')}
    FROM ${table.name}
    ${hasKey ? `WHERE (${key}) > (${table.key.map(() => '?').join(', ')})` : ''}
    ORDER BY ${key}`
}
