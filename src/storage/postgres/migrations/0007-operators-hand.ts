/**
 * What operators do and look at: an account has two auth tokens for a while, keys have labels and say
 * when they were used last, and drop folders tell how they are doing.
 */
export const operatorsHand = `
  ALTER TABLE account ADD COLUMN previous_token_hash text;
  ALTER TABLE account ADD COLUMN previous_token_until bigint;

  ALTER TABLE api_key ADD COLUMN label text NOT NULL DEFAULT '';
  ALTER TABLE api_key ADD COLUMN last_used_at bigint;

  -- Deliveries that failed are asked for by themselves, and are few.
  CREATE INDEX import_by_status ON import (status, id);

  CREATE TABLE drop_folder (
    feed_id       bigint NOT NULL,
    path          text COLLATE "C" NOT NULL,
    waiting       bigint NOT NULL,
    -- Since when the oldest waiting file was seen; null without any.
    waiting_since bigint,
    failed        bigint NOT NULL,
    left_alone    bigint NOT NULL,
    seen_at       bigint NOT NULL,
    PRIMARY KEY (feed_id, path)
  );
`
