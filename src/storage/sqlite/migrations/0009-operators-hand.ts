/**
 * What operators do and look at: an account has two auth tokens for a while, keys have labels and say
 * when they were used last, and drop folders tell how they are doing.
 */
export const operatorsHand = `
  ALTER TABLE account ADD COLUMN previous_token_hash TEXT;
  ALTER TABLE account ADD COLUMN previous_token_until INTEGER;

  ALTER TABLE api_key ADD COLUMN label TEXT NOT NULL DEFAULT '';
  ALTER TABLE api_key ADD COLUMN last_used_at INTEGER;

  -- Deliveries that failed are asked for by themselves, and are few.
  CREATE INDEX import_by_status ON import (status, id);

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
`
