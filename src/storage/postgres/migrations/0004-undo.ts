/**
 * An import can be taken back: its buckets are known, versions of readings say how many bits their
 * counters have, and an import says when it was undone. Quarantined records can be counted later: what
 * they said is kept, and what is needed to read them again.
 */
export const undo = `
  CREATE TABLE import_bucket (
    import_id bigint NOT NULL,
    bucket    bigint NOT NULL,
    PRIMARY KEY (import_id, bucket)
  );
  INSERT INTO import_bucket (import_id, bucket)
  SELECT DISTINCT import_id, bucket FROM ledger
  ON CONFLICT DO NOTHING;
  INSERT INTO import_bucket (import_id, bucket)
  SELECT DISTINCT import_id, bucket FROM ledger_history
  ON CONFLICT DO NOTHING;

  ALTER TABLE import ADD COLUMN undone_at bigint;
  ALTER TABLE import ADD COLUMN rereading text;
  ALTER TABLE quarantine_delivery ADD COLUMN record text;

  -- stated: 8 of a reading whose counters have 32 bits.
  UPDATE ledger SET stated = stated | 8::smallint
  FROM reading
  WHERE (ledger.stated & 4) <> 0 AND reading.bits = 32
    AND reading.sim_id = ledger.sim_id AND reading.feed_id = ledger.feed_id
    AND reading.record_id = ledger.record_id AND reading.occurred_at = ledger.occurred_at;
  UPDATE ledger_history AS history SET stated = stated | 8::smallint
  FROM reading
  WHERE (history.stated & 4) <> 0 AND reading.bits = 32
    AND reading.sim_id = history.sim_id AND reading.feed_id = history.feed_id
    AND reading.record_id = history.record_id AND reading.occurred_at = history.occurred_at;
`
