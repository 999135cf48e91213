/**
 * SQL for accounts, SIMs, keys, feeds and imports, the same for every engine. Values are always
 * parameters: `?` in order, or `?1` by number.
 */

export const INSERT_ACCOUNT = `
  INSERT INTO account (sid, name, auth_token_hash, home_plmns, home_countries,
                       may_register_numbers, created_at)
  VALUES (?, ?, ?, ?, ?, ?, ?)
  RETURNING *`

export const UPDATE_ACCOUNT = `
  UPDATE account SET name = ?, home_plmns = ?, home_countries = ?, may_register_numbers = ?
  WHERE id = ?
  RETURNING *`
/** Parameters: the new hash, until when the old token is valid, the account. */
export const ROTATE_AUTH_TOKEN = `
  UPDATE account
  SET previous_token_hash = auth_token_hash, auth_token_hash = ?, previous_token_until = ?
  WHERE id = ?
  RETURNING *`
export const END_PREVIOUS_TOKEN = `
  UPDATE account SET previous_token_hash = NULL, previous_token_until = NULL WHERE id = ?
  RETURNING *`
export const SELECT_ACCOUNT_BY_SID = 'SELECT * FROM account WHERE sid = ?'
export const SELECT_ACCOUNT_BY_ID = 'SELECT * FROM account WHERE id = ?'
export const SELECT_ACCOUNTS = 'SELECT * FROM account ORDER BY id'

const API_KEY_COLUMNS = `
  api_key.*, account.sid AS account_sid
  FROM api_key LEFT JOIN account ON account.id = api_key.account_id`

export const INSERT_API_KEY = `
  INSERT INTO api_key (sid, account_id, scope, secret_hash, label, created_at, revoked_at)
  VALUES (?, ?, ?, ?, ?, ?, ?)`
export const SELECT_API_KEY = `SELECT ${API_KEY_COLUMNS} WHERE api_key.sid = ?`
export const SELECT_API_KEYS = `SELECT ${API_KEY_COLUMNS} ORDER BY api_key.id`
export const LABEL_API_KEY = 'UPDATE api_key SET label = ? WHERE sid = ?'
export const REVOKE_API_KEY =
  'UPDATE api_key SET revoked_at = COALESCE(revoked_at, ?) WHERE sid = ?'

/** Parameters: when, which key. A use before the one already noted changes nothing. */
export const NOTE_KEY_USE = `
  UPDATE api_key SET last_used_at = ?1
  WHERE sid = ?2 AND (last_used_at IS NULL OR last_used_at < ?1)`

export const SIM_COLUMNS = `
  sim.*, account.sid AS account_sid,
  (SELECT COALESCE(string_agg(imsi, ' ' ORDER BY position), '')
   FROM sim_imsi WHERE sim_imsi.sim_id = sim.id) AS imsis
  FROM sim JOIN account ON account.id = sim.account_id`

export const UPDATE_SIM = `
  UPDATE sim
  SET iccid = ?, msisdn = ?, unique_name = ?, friendly_name = ?, status = ?,
      home_plmns = ?, home_countries = ?, callbacks = ?, updated_at = ?
  WHERE id = ?`
export const RELEASE_SIM_VALUES = `
  UPDATE sim SET iccid = NULL, msisdn = NULL, unique_name = NULL WHERE id = ?`

export const SELECT_SIM_BY_ID = `SELECT ${SIM_COLUMNS} WHERE sim.id = ?`
/** Each takes a list of ids. */
export const SELECT_SIM_SIDS = 'SELECT id, sid FROM sim WHERE id = ANY (?::bigint[])'
export const SELECT_ACCOUNT_SIDS = 'SELECT id, sid FROM account WHERE id = ANY (?::bigint[])'
export const SELECT_SIM_BY_SID = `SELECT ${SIM_COLUMNS} WHERE sim.sid = ?`
export const SELECT_SIM_BY_UNIQUE_NAME = `
  SELECT ${SIM_COLUMNS} WHERE sim.unique_name = ? AND sim.account_id = ?`

/**
 * SIMs that hold one of the values. A UNION, because PostgreSQL answers each part by its index, while an
 * OR reads every SIM. Parameters: lists of SIDs, ICCIDs and MSISDNs, the account, lists of its unique
 * names and of IMSIs.
 */
export const SELECT_SIMS_HOLDING = `
  SELECT ${SIM_COLUMNS}
  WHERE sim.id IN (
    SELECT id FROM sim WHERE sid = ANY (?1)
    UNION SELECT id FROM sim WHERE iccid = ANY (?2)
    UNION SELECT id FROM sim WHERE msisdn = ANY (?3)
    UNION SELECT id FROM sim WHERE account_id = ?4 AND unique_name = ANY (?5)
    UNION SELECT sim_id FROM sim_imsi WHERE imsi = ANY (?6))`

export const INSERT_FEED = `
  INSERT INTO feed (name, format, settings, on_conflict, default_zone, settle_seconds,
                    sequence_pattern, late_seconds, overdue_seconds, covers_from, retired_at,
                    retired_reason, account_id, sim_names, created_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
export const FEED_COLUMNS = `
  feed.*, account.sid AS account_sid
  FROM feed LEFT JOIN account ON account.id = feed.account_id`
export const SELECT_FEED_BY_ID = `SELECT ${FEED_COLUMNS} WHERE feed.id = ?`
export const SELECT_FEED_BY_NAME = `SELECT ${FEED_COLUMNS} WHERE feed.name = ?`
export const SELECT_FEEDS = `SELECT ${FEED_COLUMNS} ORDER BY feed.id`
export const UPDATE_FEED = `
  UPDATE feed
  SET name = ?, format = ?, on_conflict = ?, default_zone = ?,
      settings = ?, settle_seconds = ?, sequence_pattern = ?, late_seconds = ?,
      overdue_seconds = ?, covers_from = ?, retired_at = ?, retired_reason = ?, account_id = ?,
      sim_names = ?
  WHERE id = ?`

const IMPORT_COLUMNS = `
  import.*, feed.name AS feed_name, account.sid AS account_sid
  FROM import
  JOIN feed ON feed.id = import.feed_id
  LEFT JOIN account ON account.id = import.account_id`

export const INSERT_IMPORT = `
  INSERT INTO import (feed_id, account_id, source, format, status, started_at)
  VALUES (?, ?, ?, ?, 'running', ?)
  RETURNING id`
export const FINISH_IMPORT = `
  UPDATE import
  SET status = ?, finished_at = ?, checksum = ?, error = ?,
      sequence_stream = ?, sequence_number = ?, complete_through = ?, usage_from = ?,
      end_order = (SELECT COALESCE(MAX(ended.end_order), 0) + 1
                   FROM import AS ended WHERE ended.feed_id = import.feed_id)
  WHERE id = ? AND status <> 'undone'`
export const ADD_IMPORT_COUNTS = `
  UPDATE import
  SET accepted = accepted + ?, duplicate = duplicate + ?, replaced = replaced + ?,
      quarantined = quarantined + ?, expired = expired + ?,
      resets = resets + ?, falls = falls + ?, wraps = wraps + ?,
      rereading = COALESCE(rereading, ?)
  WHERE id = ? AND status <> 'undone'`
export const MARK_UNDONE = "UPDATE import SET status = 'undone', undone_at = ? WHERE id = ?"
export const SELECT_IMPORT_ACCOUNT = 'SELECT account_id FROM import WHERE id = ?'
export const SELECT_IMPORT = `SELECT ${IMPORT_COLUMNS} WHERE import.id = ?`
/**
 * A duplicate counts as another import's version, which undoing that import may remove. Accepted and
 * replacing records count as versions of their own.
 */
export const SELECT_COUNTED_IMPORT = `
  SELECT ${IMPORT_COLUMNS}
  WHERE import.feed_id = ? AND import.status = 'done' AND import.checksum = ?
    AND import.account_id IS NULL AND import.format = feed.format
    AND import.quarantined = 0 AND import.expired = 0
    AND import.accepted + import.replaced + import.duplicate > 0
    AND (import.duplicate = 0
         OR NOT EXISTS (SELECT 1 FROM import AS undone
                        WHERE undone.feed_id = import.feed_id AND undone.status = 'undone'))
  ORDER BY import.id DESC
  LIMIT 1`

export function selectImports(conditions: {
  account: boolean
  feed: boolean
  status: boolean
}): string {
  const where = [
    'import.id < ?',
    ...(conditions.account ? ['import.account_id = ?'] : []),
    ...(conditions.feed ? ['import.feed_id = ?'] : []),
    ...(conditions.status ? ['import.status = ?'] : []),
  ]
  return `
    SELECT ${IMPORT_COLUMNS}
    WHERE ${where.join(' AND ')}
    ORDER BY import.id DESC
    LIMIT ?`
}

export const SELECT_DROP_FOLDERS = 'SELECT * FROM drop_folder ORDER BY feed_id, path'
export const UPSERT_DROP_FOLDER = `
  INSERT INTO drop_folder (feed_id, path, waiting, waiting_since, failed, left_alone, seen_at)
  VALUES (?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (feed_id, path) DO UPDATE
  SET waiting = excluded.waiting, waiting_since = excluded.waiting_since,
      failed = excluded.failed, left_alone = excluded.left_alone, seen_at = excluded.seen_at`
export const FORGET_DROP_FOLDERS = 'DELETE FROM drop_folder WHERE seen_at < ?'

export const DELETE_DELIVERIES_OF_IMPORT = 'DELETE FROM quarantine_delivery WHERE import_id = ?'
export const DELETE_UNDELIVERED = `
  DELETE FROM quarantine
  WHERE NOT EXISTS (SELECT 1 FROM quarantine_delivery
                    WHERE quarantine_delivery.quarantine_id = quarantine.id)`

const QUARANTINE_COLUMNS = `
  delivery.id, delivery.import_id, delivery.line, delivery.seen_at, delivery.record,
  quarantine.reason, quarantine.detail, quarantine.field, quarantine.raw, quarantine.raw_hash,
  feed.name AS feed_name
  FROM quarantine_delivery AS delivery
  JOIN quarantine ON quarantine.id = delivery.quarantine_id
  JOIN feed ON feed.id = quarantine.feed_id`

export const SELECT_QUARANTINE_ENTRY = `SELECT ${QUARANTINE_COLUMNS} WHERE delivery.id = ?`

export function selectQuarantine(conditions: {
  import: boolean
  feed: boolean
  reason: boolean
}): string {
  const where = [
    'delivery.id > ?',
    ...(conditions.import ? ['delivery.import_id = ?'] : []),
    ...(conditions.feed ? ['quarantine.feed_id = ?'] : []),
    ...(conditions.reason ? ['quarantine.reason = ?'] : []),
  ]
  return `
    SELECT ${QUARANTINE_COLUMNS}
    WHERE ${where.join(' AND ')}
    ORDER BY delivery.id
    LIMIT ?`
}

// Which days of the ledger an import has written to, so that its rows can be found again. The column
// `bucket` is the start of the day, whichever bucket its rows lie in.

export const SELECT_IMPORT_DAYS =
  'SELECT bucket FROM import_bucket WHERE import_id = ? ORDER BY bucket'
export const DELETE_IMPORT_DAYS = 'DELETE FROM import_bucket WHERE import_id = ?'
export const DELETE_OLD_IMPORT_DAYS = 'DELETE FROM import_bucket WHERE bucket < ?'

export const SELECT_SETTING = 'SELECT value FROM setting WHERE name = ?'
export const UPSERT_SETTING = `
  INSERT INTO setting (name, value) VALUES (?, ?)
  ON CONFLICT (name) DO UPDATE SET value = excluded.value`
