/** Versions that an undo has taken away, by which earlier answers can be explained. */
export const undoneVersions = `
  -- version: its place among those that there were. replaced_at: NULL for a version that counted until it was undone.
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
`
