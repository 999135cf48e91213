/** Feeds know their numbered deliveries, and up to when they are complete. */
export const completeness = `
  ALTER TABLE feed ADD COLUMN settle_seconds INTEGER NOT NULL DEFAULT 172800;
  ALTER TABLE feed ADD COLUMN sequence_pattern TEXT;

  -- As the format of the delivery has read them.
  ALTER TABLE import ADD COLUMN sequence_stream TEXT;
  ALTER TABLE import ADD COLUMN sequence_number INTEGER;
  ALTER TABLE import ADD COLUMN complete_through INTEGER;

  -- Derived from the finished imports of the feed. deliveries: JSON, see FeedDeliveries.
  CREATE TABLE feed_progress (
    feed_id          INTEGER PRIMARY KEY,
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

  INSERT INTO feed_progress (feed_id, complete_through, deliveries)
  SELECT feed_id, MAX(started_at) - 172800 - (MAX(started_at) - 172800) % 3600,
         '{"newestAt":' || MAX(started_at) || ',"unnumbered":{"cutOff":null,"lastAt":' ||
         MAX(started_at) || '},"streams":[]}'
  FROM import
  WHERE status = 'done'
  GROUP BY feed_id;
`
