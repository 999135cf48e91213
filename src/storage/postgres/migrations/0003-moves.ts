/** Which account had a SIM when. */
export const moves = `
  -- Only of SIMs that have moved: their periods follow each other without a gap, over all of time.
  -- ended_at: 253402300800 where it holds still. unique_name: the SIM's when it left; null of the last.
  CREATE TABLE sim_tenure (
    sim_id      bigint NOT NULL,
    started_at  bigint NOT NULL,
    ended_at    bigint NOT NULL,
    account_id  bigint NOT NULL,
    unique_name text COLLATE "C",
    PRIMARY KEY (sim_id, started_at)
  );
  CREATE INDEX sim_tenure_by_account ON sim_tenure (account_id, unique_name);
`
