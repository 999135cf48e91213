/** What counters that only grow stood at, beside the usage that follows from it in the ledger. */
export const readings = `
  CREATE TABLE reading (
    sim_id      bigint NOT NULL,
    feed_id     bigint NOT NULL,
    record_id   text COLLATE "C" NOT NULL,
    occurred_at bigint NOT NULL,
    upload      bigint NOT NULL,
    download    bigint NOT NULL,
    to_sim      bigint NOT NULL,
    from_sim    bigint NOT NULL,
    bits        smallint NOT NULL,
    PRIMARY KEY (sim_id, feed_id, record_id, occurred_at)
  );
  CREATE INDEX reading_by_time ON reading (occurred_at);

  CREATE INDEX import_by_checksum ON import (feed_id, checksum);
`
