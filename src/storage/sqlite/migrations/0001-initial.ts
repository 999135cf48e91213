/** The first schema. Tables are STRICT: SQLite refuses a value of another type instead of keeping it. */
export const initialSchema = `
  CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value ANY NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE account (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    sid             TEXT NOT NULL UNIQUE,
    name            TEXT NOT NULL,
    auth_token_hash TEXT NOT NULL,
    home_plmns      TEXT NOT NULL,
    home_countries  TEXT NOT NULL,
    created_at      INTEGER NOT NULL
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
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    sid         TEXT NOT NULL UNIQUE,
    account_id  INTEGER REFERENCES account (id),
    scope       TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    revoked_at  INTEGER
  ) STRICT;

  CREATE TABLE feed (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    name         TEXT NOT NULL UNIQUE,
    format       TEXT NOT NULL,
    on_conflict  TEXT NOT NULL,
    default_zone INTEGER,
    created_at   INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE import (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    feed_id     INTEGER NOT NULL REFERENCES feed (id),
    account_id  INTEGER REFERENCES account (id),
    source      TEXT NOT NULL,
    format      TEXT NOT NULL,
    status      TEXT NOT NULL,
    accepted    INTEGER NOT NULL DEFAULT 0,
    duplicate   INTEGER NOT NULL DEFAULT 0,
    replaced    INTEGER NOT NULL DEFAULT 0,
    quarantined INTEGER NOT NULL DEFAULT 0,
    expired     INTEGER NOT NULL DEFAULT 0,
    checksum    TEXT,
    error       TEXT,
    started_at  INTEGER NOT NULL,
    finished_at INTEGER
  ) STRICT;
  CREATE INDEX import_by_feed ON import (feed_id, status, started_at);
  CREATE INDEX import_by_account ON import (account_id, id);

  -- Which feeds have brought usage of which account: an answer is as complete as the latest of them.
  CREATE TABLE account_feed (
    account_id INTEGER NOT NULL,
    feed_id    INTEGER NOT NULL,
    PRIMARY KEY (account_id, feed_id)
  ) STRICT, WITHOUT ROWID;

  -- bucket: start of the UTC day. zone: position in ZONES. stated: 1 country, 2 zone, 3 both.
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

  CREATE TABLE quarantine (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    feed_id  INTEGER NOT NULL REFERENCES feed (id),
    reason   TEXT NOT NULL,
    raw_hash TEXT NOT NULL,
    detail   TEXT NOT NULL,
    field    TEXT,
    raw      BLOB NOT NULL,
    UNIQUE (feed_id, raw_hash, reason)
  ) STRICT;

  -- One row for each time a quarantined record was delivered.
  CREATE TABLE quarantine_delivery (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    quarantine_id INTEGER NOT NULL REFERENCES quarantine (id),
    import_id     INTEGER NOT NULL REFERENCES import (id),
    line          INTEGER NOT NULL,
    seen_at       INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX quarantine_delivery_by_import ON quarantine_delivery (import_id, id);
  CREATE INDEX quarantine_delivery_by_record ON quarantine_delivery (quarantine_id);

  INSERT INTO setting (name, value) VALUES ('signing_key', randomblob(32));
`
