/**
 * An import can be taken back: its buckets are known, versions of readings say how many bits their
 * counters have, and an import says when it was undone. Quarantined records can be counted later: what
 * they said is kept, and what is needed to read them again.
 */
export const undo = `
  CREATE TABLE import_bucket (
    import_id INTEGER NOT NULL,
    bucket    INTEGER NOT NULL,
    PRIMARY KEY (import_id, bucket)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO import_bucket (import_id, bucket)
  SELECT import_id, bucket FROM ledger
  UNION
  SELECT import_id, bucket FROM ledger_history;

  ALTER TABLE import ADD COLUMN undone_at INTEGER;
  ALTER TABLE import ADD COLUMN rereading TEXT;
  ALTER TABLE quarantine_delivery ADD COLUMN record TEXT;

  -- stated: 8 of a reading whose counters have 32 bits.
  UPDATE ledger SET stated = stated | 8
  WHERE (stated & 4) <> 0
    AND EXISTS (SELECT 1 FROM reading
                WHERE reading.sim_id = ledger.sim_id AND reading.feed_id = ledger.feed_id
                  AND reading.record_id = ledger.record_id
                  AND reading.occurred_at = ledger.occurred_at AND reading.bits = 32);
  UPDATE ledger_history SET stated = stated | 8
  WHERE (stated & 4) <> 0
    AND EXISTS (SELECT 1 FROM reading
                WHERE reading.sim_id = ledger_history.sim_id
                  AND reading.feed_id = ledger_history.feed_id
                  AND reading.record_id = ledger_history.record_id
                  AND reading.occurred_at = ledger_history.occurred_at AND reading.bits = 32);
`
