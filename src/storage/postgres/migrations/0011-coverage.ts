/** Feeds know from when on they are complete, may end, and say how long they may be silent. */
export const coverage = `
  ALTER TABLE feed ADD COLUMN late_seconds bigint NOT NULL DEFAULT 86400;
  ALTER TABLE feed ADD COLUMN overdue_seconds bigint NOT NULL DEFAULT 172800;
  -- What the operator states instead of what the first delivery shows.
  ALTER TABLE feed ADD COLUMN covers_from bigint;
  ALTER TABLE feed ADD COLUMN retired_at bigint;
  ALTER TABLE feed ADD COLUMN retired_reason text;

  ALTER TABLE import ADD COLUMN usage_from bigint;
  -- In which order the imports of a feed ended, whatever the clocks said.
  ALTER TABLE import ADD COLUMN end_order bigint;
  CREATE INDEX import_by_end ON import (feed_id, end_order);
  ALTER TABLE feed_progress ADD COLUMN complete_from bigint;

  UPDATE import SET usage_from =
    (SELECT MIN(bucket) FROM import_bucket WHERE import_bucket.import_id = import.id)
  WHERE status = 'done';
  UPDATE import SET end_order = numbered.n
  FROM (SELECT id, ROW_NUMBER() OVER (PARTITION BY feed_id ORDER BY finished_at, id) AS n
        FROM import WHERE finished_at IS NOT NULL) AS numbered
  WHERE numbered.id = import.id;
  UPDATE feed_progress SET complete_from =
    (SELECT usage_from FROM import
     WHERE import.feed_id = feed_progress.feed_id AND status = 'done' AND usage_from IS NOT NULL
       AND (account_id IS NULL
            OR account_id = (SELECT account_id FROM feed WHERE feed.id = import.feed_id))
     ORDER BY end_order LIMIT 1);
  UPDATE feed_progress
  SET deliveries = substr(deliveries, 1, length(deliveries) - 1) || ',"usageFrom":' ||
                   COALESCE(CAST(complete_from AS text), 'null') || '}';
`
