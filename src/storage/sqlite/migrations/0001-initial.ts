/** The first schema. Tables are STRICT: SQLite refuses a value of another type instead of keeping it. */
import { IMPORT_INDEXES } from '../../first-schema.ts'

export const initialSchema = `
  CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value ANY NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE account (
    id                   INTEGER PRIMARY KEY AUTOINCREMENT,
    sid                  TEXT NOT NULL UNIQUE,
    name                 TEXT NOT NULL,
    auth_token_hash      TEXT NOT NULL,
    previous_token_hash  TEXT,
    previous_token_until INTEGER,
    home_plmns           TEXT NOT NULL,
    home_countries       TEXT NOT NULL,
    may_register_numbers INTEGER NOT NULL DEFAULT 0,
    created_at           INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE sim (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    sid            TEXT NOT NULL UNIQUE,
    account_id     INTEGER NOT NULL REFERENCES account (id),
    iccid          TEXT UNIQUE,
    msisdn         TEXT UNIQUE,
    unique_name    TEXT,
    friendly_name  TEXT,
    status         TEXT NOT NULL,
    home_plmns     TEXT NOT NULL,
    home_countries TEXT NOT NULL,
    callbacks      TEXT NOT NULL DEFAULT '{}',
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    UNIQUE (unique_name, account_id)
  ) STRICT;
  CREATE INDEX sim_by_account ON sim (account_id, id);

  CREATE TABLE sim_imsi (
    imsi     TEXT PRIMARY KEY,
    sim_id   INTEGER NOT NULL REFERENCES sim (id),
    position INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX sim_imsi_by_sim ON sim_imsi (sim_id, position);

  CREATE TABLE api_key (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    sid          TEXT NOT NULL UNIQUE,
    account_id   INTEGER REFERENCES account (id),
    scope        TEXT NOT NULL,
    secret_hash  TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    label        TEXT NOT NULL DEFAULT '',
    last_used_at INTEGER,
    revoked_at   INTEGER
  ) STRICT;

  CREATE TABLE feed (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    name             TEXT NOT NULL UNIQUE,
    format           TEXT NOT NULL,
    settings         TEXT NOT NULL,
    on_conflict      TEXT NOT NULL,
    default_zone     INTEGER,
    account_id       INTEGER REFERENCES account (id),
    sim_names        TEXT NOT NULL,
    sequence_pattern TEXT,
    settle_seconds   INTEGER NOT NULL,
    late_seconds     INTEGER NOT NULL,
    overdue_seconds  INTEGER NOT NULL,
    -- What the operator states instead of what the first delivery shows.
    covers_from      INTEGER,
    retired_at       INTEGER,
    retired_reason   TEXT,
    created_at       INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE import (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    feed_id          INTEGER NOT NULL REFERENCES feed (id),
    account_id       INTEGER REFERENCES account (id),
    source           TEXT NOT NULL,
    format           TEXT NOT NULL,
    status           TEXT NOT NULL,
    accepted         INTEGER NOT NULL DEFAULT 0,
    duplicate        INTEGER NOT NULL DEFAULT 0,
    replaced         INTEGER NOT NULL DEFAULT 0,
    quarantined      INTEGER NOT NULL DEFAULT 0,
    expired          INTEGER NOT NULL DEFAULT 0,
    -- Of its readings, when they came.
    resets           INTEGER NOT NULL DEFAULT 0,
    falls            INTEGER NOT NULL DEFAULT 0,
    wraps            INTEGER NOT NULL DEFAULT 0,
    checksum         TEXT,
    error            TEXT,
    started_at       INTEGER NOT NULL,
    finished_at      INTEGER,
    -- In which order the imports of a feed ended, whatever the clocks said.
    end_order        INTEGER,
    undone_at        INTEGER,
    -- As the format of the delivery has read them.
    sequence_stream  TEXT,
    sequence_number  INTEGER,
    complete_through INTEGER,
    usage_from       INTEGER,
    -- What is needed to read its quarantined records again.
    rereading        TEXT,
    -- Restarts of sources that it announces: JSON, see domain/restart.ts.
    restarts         TEXT
  ) STRICT;${IMPORT_INDEXES}

  CREATE TABLE import_bucket (
    import_id INTEGER NOT NULL,
    bucket    INTEGER NOT NULL,
    PRIMARY KEY (import_id, bucket)
  ) STRICT, WITHOUT ROWID;

  -- Accounts deliver only to feeds that they were granted.
  CREATE TABLE feed_grant (
    account_id INTEGER NOT NULL REFERENCES account (id),
    feed_id    INTEGER NOT NULL REFERENCES feed (id),
    granted_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, feed_id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE drop_folder (
    feed_id       INTEGER NOT NULL,
    path          TEXT NOT NULL,
    waiting       INTEGER NOT NULL,
    -- Since when the oldest waiting file was seen; null without any.
    waiting_since INTEGER,
    failed        INTEGER NOT NULL,
    left_alone    INTEGER NOT NULL,
    seen_at       INTEGER NOT NULL,
    PRIMARY KEY (feed_id, path)
  ) STRICT, WITHOUT ROWID;

  -- Derived from the finished imports of the feed. deliveries: JSON, see FeedDeliveries.
  CREATE TABLE feed_progress (
    feed_id          INTEGER PRIMARY KEY,
    complete_from    INTEGER,
    complete_through INTEGER,
    deliveries       TEXT NOT NULL
  ) STRICT;

  -- Missing deliveries that need not come. last_position is null where the stream has ended.
  CREATE TABLE gap_acceptance (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    feed_id        INTEGER NOT NULL,
    stream         TEXT NOT NULL,
    first_position INTEGER NOT NULL,
    last_position  INTEGER,
    accepted_by    TEXT NOT NULL,
    reason         TEXT NOT NULL,
    accepted_at    INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX gap_acceptance_by_feed ON gap_acceptance (feed_id, id);

  -- Which feeds have brought usage of which account: an answer is as complete as the latest of them.
  CREATE TABLE account_feed (
    account_id INTEGER NOT NULL,
    feed_id    INTEGER NOT NULL,
    PRIMARY KEY (account_id, feed_id)
  ) STRICT, WITHOUT ROWID;

  -- bucket: start of the UTC day. zone: position in ZONES. stated, added up: 1 country,
  -- 2 zone, 4 a reading; above that how it is read, see reading-rows.ts.
  -- plmn and country are '' where unknown, so that they can stand in keys of derived tables.
  CREATE TABLE ledger (
    bucket      INTEGER NOT NULL,
    sim_id      INTEGER NOT NULL,
    occurred_at INTEGER NOT NULL,
    feed_id     INTEGER NOT NULL,
    record_id   TEXT NOT NULL,
    account_id  INTEGER NOT NULL,
    zone        INTEGER NOT NULL,
    country     TEXT NOT NULL,
    plmn        TEXT NOT NULL,
    stated      INTEGER NOT NULL,
    upload      INTEGER NOT NULL,
    download    INTEGER NOT NULL,
    to_sim      INTEGER NOT NULL,
    from_sim    INTEGER NOT NULL,
    import_id   INTEGER NOT NULL,
    line        INTEGER NOT NULL,
    known_at    INTEGER NOT NULL,
    PRIMARY KEY (bucket, sim_id, occurred_at, feed_id, record_id)
  ) STRICT, WITHOUT ROWID;

  -- Versions that were replaced, oldest first by version.
  CREATE TABLE ledger_history (
    bucket             INTEGER NOT NULL,
    sim_id             INTEGER NOT NULL,
    occurred_at        INTEGER NOT NULL,
    feed_id            INTEGER NOT NULL,
    record_id          TEXT NOT NULL,
    version            INTEGER NOT NULL,
    account_id         INTEGER NOT NULL,
    zone               INTEGER NOT NULL,
    country            TEXT NOT NULL,
    plmn               TEXT NOT NULL,
    stated             INTEGER NOT NULL,
    upload             INTEGER NOT NULL,
    download           INTEGER NOT NULL,
    to_sim             INTEGER NOT NULL,
    from_sim           INTEGER NOT NULL,
    import_id          INTEGER NOT NULL,
    line               INTEGER NOT NULL,
    known_at           INTEGER NOT NULL,
    replaced_at        INTEGER NOT NULL,
    replaced_by_import INTEGER NOT NULL,
    PRIMARY KEY (bucket, sim_id, occurred_at, feed_id, record_id, version)
  ) STRICT, WITHOUT ROWID;

  -- Versions that an undo has taken away, by which earlier answers can be explained.
  -- version: its place among those that there were. replaced_at: null where it counted until then.
  CREATE TABLE undone_version (
    sim_id      INTEGER NOT NULL,
    occurred_at INTEGER NOT NULL,
    feed_id     INTEGER NOT NULL,
    record_id   TEXT NOT NULL,
    import_id   INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    line        INTEGER NOT NULL,
    account_id  INTEGER NOT NULL,
    zone        INTEGER NOT NULL,
    country     TEXT NOT NULL,
    plmn        TEXT NOT NULL,
    stated      INTEGER NOT NULL,
    upload      INTEGER NOT NULL,
    download    INTEGER NOT NULL,
    to_sim      INTEGER NOT NULL,
    from_sim    INTEGER NOT NULL,
    known_at    INTEGER NOT NULL,
    replaced_at INTEGER,
    PRIMARY KEY (sim_id, occurred_at, feed_id, record_id, import_id, version)
  ) STRICT, WITHOUT ROWID;

  -- Records that repeat a version of another import: so many lines as many other ones, as a row.
  -- last_bucket: of the newest event of the run.
  CREATE TABLE repeat_run (
    of_import_id INTEGER NOT NULL,
    of_line      INTEGER NOT NULL,
    import_id    INTEGER NOT NULL,
    line         INTEGER NOT NULL,
    records      INTEGER NOT NULL,
    known_at     INTEGER NOT NULL,
    last_bucket  INTEGER NOT NULL,
    PRIMARY KEY (of_import_id, of_line, import_id, line)
  ) STRICT, WITHOUT ROWID;

  -- What counters that only grow stood at, null where it is not known, beside the usage that follows
  -- from it in the ledger. traits: as in ledger.stated. high_…: what is proved of the series up to here,
  -- so that each reading is measured from the row before. verdict: position in SERIES_VERDICTS.
  CREATE TABLE reading (
    sim_id        INTEGER NOT NULL,
    feed_id       INTEGER NOT NULL,
    record_id     TEXT NOT NULL,
    occurred_at   INTEGER NOT NULL,
    upload        INTEGER,
    download      INTEGER,
    to_sim        INTEGER,
    from_sim      INTEGER,
    high_upload   INTEGER NOT NULL,
    high_download INTEGER NOT NULL,
    high_to_sim   INTEGER NOT NULL,
    high_from_sim INTEGER NOT NULL,
    traits        INTEGER NOT NULL,
    verdict       INTEGER NOT NULL,
    PRIMARY KEY (sim_id, feed_id, record_id, occurred_at)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX reading_by_time ON reading (occurred_at);
  CREATE INDEX reading_by_verdict ON reading (feed_id, verdict) WHERE verdict < 3;

  CREATE TABLE account_hour (
    account_id INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    zone       INTEGER NOT NULL,
    country    TEXT NOT NULL,
    plmn       TEXT NOT NULL,
    upload     INTEGER NOT NULL,
    download   INTEGER NOT NULL,
    to_sim     INTEGER NOT NULL,
    from_sim   INTEGER NOT NULL,
    PRIMARY KEY (account_id, started_at, zone, country, plmn)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE account_day (
    account_id INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    zone       INTEGER NOT NULL,
    country    TEXT NOT NULL,
    plmn       TEXT NOT NULL,
    upload     INTEGER NOT NULL,
    download   INTEGER NOT NULL,
    to_sim     INTEGER NOT NULL,
    from_sim   INTEGER NOT NULL,
    PRIMARY KEY (account_id, started_at, zone, country, plmn)
  ) STRICT, WITHOUT ROWID;

  -- Totals of sealed days only. The month comes first so that sealing a day writes near the other
  -- days of its month; the day comes last so that a month is summed in the order of its key.
  CREATE TABLE sim_day (
    month      INTEGER NOT NULL,
    sim_id     INTEGER NOT NULL,
    zone       INTEGER NOT NULL,
    country    TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    upload     INTEGER NOT NULL,
    download   INTEGER NOT NULL,
    to_sim     INTEGER NOT NULL,
    from_sim   INTEGER NOT NULL,
    PRIMARY KEY (month, sim_id, zone, country, started_at)
  ) STRICT, WITHOUT ROWID;

  -- Totals of whole sealed months: what a month costs to ask does not grow with its days.
  CREATE TABLE sim_month (
    month    INTEGER NOT NULL,
    sim_id   INTEGER NOT NULL,
    zone     INTEGER NOT NULL,
    country  TEXT NOT NULL,
    upload   INTEGER NOT NULL,
    download INTEGER NOT NULL,
    to_sim   INTEGER NOT NULL,
    from_sim INTEGER NOT NULL,
    PRIMARY KEY (month, sim_id, zone, country)
  ) STRICT, WITHOUT ROWID;

  -- deliverer_id: the account of the import, or 0 for the operator.
  CREATE TABLE quarantine (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    feed_id      INTEGER NOT NULL REFERENCES feed (id),
    deliverer_id INTEGER NOT NULL,
    reason       TEXT NOT NULL,
    raw_hash     TEXT NOT NULL,
    detail       TEXT NOT NULL,
    field        TEXT,
    raw          BLOB NOT NULL,
    UNIQUE (feed_id, raw_hash, reason, deliverer_id)
  ) STRICT;

  -- One row for each time a quarantined record was delivered.
  CREATE TABLE quarantine_delivery (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    quarantine_id INTEGER NOT NULL REFERENCES quarantine (id),
    import_id     INTEGER NOT NULL REFERENCES import (id),
    line          INTEGER NOT NULL,
    seen_at       INTEGER NOT NULL,
    -- What it said, so that it can be counted later.
    record        TEXT
  ) STRICT;
  CREATE INDEX quarantine_delivery_by_import ON quarantine_delivery (import_id, id);
  CREATE INDEX quarantine_delivery_by_record ON quarantine_delivery (quarantine_id);

  -- part: a row, a bucket or a month, by the table. head: what the chain of months comes to.
  CREATE TABLE checksum (
    table_name TEXT NOT NULL,
    part       INTEGER NOT NULL,
    row_count  INTEGER NOT NULL,
    total      INTEGER NOT NULL,
    head       TEXT,
    PRIMARY KEY (table_name, part)
  ) STRICT, WITHOUT ROWID;

  -- The log of acts, which is only added to.
  CREATE TABLE act (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    at          INTEGER NOT NULL,
    actor       TEXT NOT NULL,
    verb        TEXT NOT NULL,
    object_kind TEXT NOT NULL,
    object      TEXT NOT NULL,
    details     TEXT NOT NULL
  ) STRICT;
  CREATE INDEX act_by_object ON act (object_kind, object, id);

  CREATE TRIGGER act_is_not_changed BEFORE UPDATE ON act
  BEGIN SELECT RAISE(ABORT, 'the log of acts is only added to'); END;
  CREATE TRIGGER act_is_not_deleted BEFORE DELETE ON act
  BEGIN SELECT RAISE(ABORT, 'the log of acts is only added to'); END;

  INSERT INTO setting (name, value) VALUES ('signing_key', randomblob(32));
`
