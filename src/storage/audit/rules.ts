/** What must be true of rows by themselves and beside others. Each rule finds the rows that break it. */

import { SERIES_VERDICTS } from '../../domain/counter-series.ts'
import { FEED_FORMATS, KEY_SCOPES, SIM_STATUSES } from '../../domain/directory.ts'
import { IMPORT_STATUSES, QUARANTINE_REASONS } from '../../domain/import.ts'
import { HOLDS_STILL } from '../../domain/timeline.ts'
import { CONFLICT_POLICIES, ZONES } from '../../domain/usage-event.ts'
import { eachCounter } from '../counter-columns.ts'
import { BUCKET_OF_ROW, dayText } from '../ledger/buckets.ts'
import type { Row } from '../rows.ts'
import { TABLES, type Table } from '../tables.ts'
import { AUDIT_DIFFERENCES_MAX, type AuditDifference } from './report.ts'

/** Finds rows with the columns `cell`, `stored` and `expected`, all of them text. */
export interface AuditRule {
  readonly table: string
  readonly text: string
}

type TableName = (typeof TABLES)[number]['name']

/** What waits in quarantine, with each import that delivered it. */
const QUARANTINE_DELIVERIES = `quarantine_delivery
      JOIN quarantine ON quarantine.id = quarantine_delivery.quarantine_id
      JOIN import ON import.id = quarantine_delivery.import_id`

/** A row's key in words, as SQL. */
function cellOf(name: TableName, row = name as string): string {
  const { key } = TABLES.find((table) => table.name === name) as Table
  return key.map((column) => `'${column} ' || ${row}.${column}`).join(` || ', ' || `)
}

function rule(
  table: TableName,
  {
    stored,
    expected,
    where,
    from = table,
  }: {
    readonly stored: string
    readonly expected: string
    readonly where: string
    readonly from?: string
  },
): AuditRule {
  return {
    table: table.replaceAll('_', ' '),
    text: `
      SELECT ${cellOf(table)} AS cell, ${stored} AS stored, ${expected} AS expected
      FROM ${from}
      WHERE ${where}
      LIMIT ${AUDIT_DIFFERENCES_MAX + 1}`,
  }
}

function oneOf(table: TableName, column: string, values: readonly (string | number)[]): AuditRule {
  const list = values.map((value) => (typeof value === 'number' ? value : `'${value}'`))
  return rule(table, {
    stored: `'${column} ' || ${table}.${column}`,
    expected: `'one of ${values.join(', ')}'`,
    where: `${table}.${column} NOT IN (${list.join(', ')})`,
  })
}

function refers(table: TableName, column: string, to: TableName): AuditRule {
  return rule(table, {
    stored: `'${column} ' || ${table}.${column}`,
    expected: `'a row of ${to}'`,
    where: `${table}.${column} IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM ${to} AS other WHERE other.id = ${table}.${column})`,
  })
}

/** For tables that are small beside the ledger. */
export const STANDING_RULES: readonly AuditRule[] = [
  oneOf('sim', 'status', SIM_STATUSES),
  oneOf('api_key', 'scope', KEY_SCOPES),
  oneOf('feed', 'format', FEED_FORMATS),
  oneOf('feed', 'on_conflict', CONFLICT_POLICIES),
  oneOf('import', 'status', IMPORT_STATUSES),
  oneOf('quarantine', 'reason', QUARANTINE_REASONS),
  oneOf('reading', 'verdict', [...SERIES_VERDICTS.keys()]),
  refers('sim', 'account_id', 'account'),
  refers('sim_imsi', 'sim_id', 'sim'),
  refers('sim_tenure', 'sim_id', 'sim'),
  refers('sim_tenure', 'account_id', 'account'),
  rule('sim_tenure', {
    stored: "'account_id ' || sim_tenure.account_id || ' up to ' || sim_tenure.ended_at",
    expected: "'the next one from then on, and that of the SIM in the end'",
    from: `sim_tenure
      LEFT JOIN sim_tenure AS next ON next.sim_id = sim_tenure.sim_id
                                  AND next.started_at = sim_tenure.ended_at
      LEFT JOIN sim ON sim.id = sim_tenure.sim_id`,
    where: `next.sim_id IS NULL
      AND (sim_tenure.ended_at <> ${HOLDS_STILL} OR sim_tenure.account_id <> sim.account_id)`,
  }),
  refers('sim_group', 'account_id', 'account'),
  refers('sim_membership', 'sim_id', 'sim'),
  refers('sim_membership', 'group_id', 'sim_group'),
  refers('sim_label', 'sim_id', 'sim'),
  refers('api_key', 'account_id', 'account'),
  refers('feed', 'account_id', 'account'),
  refers('feed_grant', 'account_id', 'account'),
  refers('feed_grant', 'feed_id', 'feed'),
  refers('import', 'feed_id', 'feed'),
  refers('import', 'account_id', 'account'),
  refers('import_bucket', 'import_id', 'import'),
  refers('repeat_run', 'import_id', 'import'),
  refers('repeat_run', 'of_import_id', 'import'),
  rule('repeat_run', {
    stored: "'import_id ' || repeat_run.import_id",
    expected: "'of the same feed as ' || repeat_run.of_import_id || ', neither undone'",
    from: `repeat_run
      JOIN import ON import.id = repeat_run.import_id
      JOIN import AS other ON other.id = repeat_run.of_import_id`,
    where: `repeat_run.import_id = repeat_run.of_import_id
      OR import.feed_id <> other.feed_id
      OR import.status = 'undone' OR other.status = 'undone'`,
  }),
  refers('undone_version', 'sim_id', 'sim'),
  refers('undone_version', 'feed_id', 'feed'),
  rule('undone_version', {
    stored: "'import_id ' || undone_version.import_id",
    expected: "'one that was undone, of its feed'",
    from: 'undone_version LEFT JOIN import ON import.id = undone_version.import_id',
    where: `import.id IS NULL OR import.status <> 'undone'
      OR import.feed_id <> undone_version.feed_id`,
  }),
  refers('feed_progress', 'feed_id', 'feed'),
  refers('gap_acceptance', 'feed_id', 'feed'),
  refers('drop_folder', 'feed_id', 'feed'),
  refers('account_feed', 'account_id', 'account'),
  refers('account_feed', 'feed_id', 'feed'),
  refers('quarantine', 'feed_id', 'feed'),
  refers('quarantine_delivery', 'quarantine_id', 'quarantine'),
  refers('quarantine_delivery', 'import_id', 'import'),
  refers('reading', 'sim_id', 'sim'),
  refers('reading', 'feed_id', 'feed'),
  refers('account_hour', 'account_id', 'account'),
  refers('account_day', 'account_id', 'account'),
  refers('sim_day', 'sim_id', 'sim'),
  rule('account_hour', {
    stored: "'started_at ' || started_at",
    expected: "'the start of an hour'",
    where: 'started_at % 3600 <> 0',
  }),
  rule('account_hour', {
    stored: "'no day'",
    expected: "'a cell of its day'",
    where: `NOT EXISTS (SELECT 1 FROM account_day
                        WHERE account_day.account_id = account_hour.account_id
                          AND account_day.started_at =
                              account_hour.started_at - account_hour.started_at % 86400)`,
  }),
  rule('account_day', {
    stored: "'started_at ' || started_at",
    expected: "'the start of a day'",
    where: 'started_at % 86400 <> 0',
  }),
  rule('quarantine_delivery', {
    stored: "'feed ' || quarantine.feed_id",
    expected: "'feed ' || import.feed_id || ', its import’s'",
    from: QUARANTINE_DELIVERIES,
    where: 'quarantine.feed_id <> import.feed_id',
  }),
  rule('quarantine_delivery', {
    stored: "'deliverer ' || quarantine.deliverer_id",
    expected: "'deliverer ' || COALESCE(import.account_id, 0) || ', its import’s'",
    from: QUARANTINE_DELIVERIES,
    where: 'quarantine.deliverer_id <> COALESCE(import.account_id, 0)',
  }),
  rule('quarantine', {
    stored: "'no delivery'",
    expected: "'at least one'",
    where: `NOT EXISTS (SELECT 1 FROM quarantine_delivery
                        WHERE quarantine_delivery.quarantine_id = quarantine.id)`,
  }),
  rule('import', {
    stored: "'quarantined ' || quarantined",
    expected: `'at least ' || (${deliveriesOfImport()})`,
    where: `quarantined < (${deliveriesOfImport()})`,
  }),
  rule('import', {
    stored: `'status ' || status || ', undone at ' || COALESCE(CAST(undone_at AS TEXT), 'none')`,
    expected: "'both of an undone import, or neither'",
    where: "(status = 'undone') <> (undone_at IS NOT NULL)",
  }),
]

function deliveriesOfImport(): string {
  return 'SELECT COUNT(*) FROM quarantine_delivery WHERE quarantine_delivery.import_id = import.id'
}

const SAME_IDENTITY = ['bucket', 'sim_id', 'occurred_at', 'feed_id', 'record_id']
  .map((name) => `other.${name} = ledger_history.${name}`)
  .join(' AND ')

/** The account that had the SIM when the version was used. */
const OWNER = 'COALESCE(tenure.account_id, sim.account_id)'

/** For the versions of one day; parameters as for its cells. */
function rulesOfVersions(table: 'ledger' | 'ledger_history'): AuditRule[] {
  const ofDay = `${table}.bucket >= :day AND ${table}.bucket < :dayEnd`
  const broken = (stored: string, expected: string, where: string, from: string = table) =>
    rule(table, { stored, expected, where: `${ofDay} AND (${where})`, from })
  return [
    broken(
      `'occurred_at ' || occurred_at`,
      `'within its bucket, which would be ' || ${BUCKET_OF_ROW}`,
      `bucket <> ${BUCKET_OF_ROW}`,
    ),
    broken(
      `'zone ' || zone`,
      `'one of ${ZONES.join(', ')}'`,
      `zone < 0 OR zone >= ${ZONES.length}`,
    ),
    broken(
      `'counters ' || ${eachCounter((name) => name, " || ', ' || ")}`,
      `'none below 0'`,
      eachCounter((name) => `${name} < 0`, ' OR '),
    ),
    broken(
      `'account_id ' || ${table}.account_id`,
      `'that of the SIM, ' || COALESCE(CAST(${OWNER} AS TEXT), 'which is not there')`,
      `sim.id IS NULL OR ${OWNER} <> ${table}.account_id`,
      `${table} LEFT JOIN sim ON sim.id = ${table}.sim_id
       LEFT JOIN sim_tenure AS tenure ON tenure.sim_id = ${table}.sim_id
                                     AND tenure.started_at <= ${table}.occurred_at
                                     AND ${table}.occurred_at < tenure.ended_at`,
    ),
    broken(
      `'import_id ' || ${table}.import_id`,
      `'an import of the feed that was not undone'`,
      `import.id IS NULL OR import.status = 'undone' OR import.feed_id <> ${table}.feed_id`,
      `${table} LEFT JOIN import ON import.id = ${table}.import_id`,
    ),
    broken(
      `'import_id ' || ${table}.import_id`,
      `'its day among those of the import'`,
      `occurred_at >= :purgedThrough
       AND NOT EXISTS (SELECT 1 FROM import_bucket
                       WHERE import_bucket.import_id = ${table}.import_id
                         AND import_bucket.bucket = ${dayText(`${table}.bucket`)})`,
    ),
  ]
}

export const RULES_OF_DAY: readonly AuditRule[] = [
  ...rulesOfVersions('ledger'),
  ...rulesOfVersions('ledger_history'),
  rule('ledger', {
    stored: `'feed_id ' || feed_id`,
    expected: `'a feed of the account'`,
    where: `bucket >= :day AND bucket < :dayEnd AND occurred_at >= :purgedThrough
      AND NOT EXISTS (SELECT 1 FROM account_feed
                      WHERE account_feed.account_id = ledger.account_id
                        AND account_feed.feed_id = ledger.feed_id)`,
  }),
  rule('ledger_history', {
    stored: `'version ' || version`,
    expected: `'one that the ledger counts instead'`,
    // A purge deletes the rows before its limit in steps, those of the ledger first.
    where: `bucket >= :day AND bucket < :dayEnd AND occurred_at >= :purgedThrough
      AND NOT EXISTS (SELECT 1 FROM ledger AS other WHERE ${SAME_IDENTITY})`,
  }),
  rule('ledger_history', {
    stored: `'version ' || version`,
    expected: `'the versions before it'`,
    where: `bucket >= :day AND bucket < :dayEnd AND occurred_at >= :purgedThrough
      AND version <> (SELECT COUNT(*) FROM ledger_history AS other
                                          WHERE ${SAME_IDENTITY}
                                            AND other.version < ledger_history.version)`,
  }),
]

export function brokenRuleFromRow({ table }: AuditRule, row: Row): AuditDifference {
  return {
    table,
    cell: row.cell as string,
    stored: row.stored as string,
    recomputed: row.expected as string,
  }
}
