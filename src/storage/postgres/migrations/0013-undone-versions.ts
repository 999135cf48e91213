/** Versions that an undo has taken away, by which earlier answers can be explained. */
export const undoneVersions = `
  -- version: its place among those that there were. replaced_at: NULL for a version that counted until it was undone.
  CREATE TABLE undone_version (
    sim_id      bigint NOT NULL,
    occurred_at bigint NOT NULL,
    feed_id     bigint NOT NULL,
    record_id   text COLLATE "C" NOT NULL,
    import_id   bigint NOT NULL,
    version     integer NOT NULL,
    line        bigint NOT NULL,
    account_id  bigint NOT NULL,
    zone        smallint NOT NULL,
    country     text COLLATE "C" NOT NULL,
    plmn        text COLLATE "C" NOT NULL,
    stated      smallint NOT NULL,
    upload      bigint NOT NULL,
    download    bigint NOT NULL,
    to_sim      bigint NOT NULL,
    from_sim    bigint NOT NULL,
    known_at    bigint NOT NULL,
    replaced_at bigint,
    PRIMARY KEY (sim_id, occurred_at, feed_id, record_id, import_id, version)
  );
`
