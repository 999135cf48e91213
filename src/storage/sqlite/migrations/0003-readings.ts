/** What counters that only grow stood at, beside the usage that follows from it in the ledger. */
export const readings = `
  CREATE TABLE reading (
    sim_id      INTEGER NOT NULL,
    feed_id     INTEGER NOT NULL,
    record_id   TEXT NOT NULL,
    occurred_at INTEGER NOT NULL,
    upload      INTEGER NOT NULL,
    download    INTEGER NOT NULL,
    to_sim      INTEGER NOT NULL,
    from_sim    INTEGER NOT NULL,
    bits        INTEGER NOT NULL,
    PRIMARY KEY (sim_id, feed_id, record_id, occurred_at)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX reading_by_time ON reading (occurred_at);

  CREATE INDEX import_by_checksum ON import (feed_id, checksum);
`
