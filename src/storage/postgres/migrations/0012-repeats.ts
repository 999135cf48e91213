/** Records that repeat a version of another import: so many lines as many other ones, as a row. */
export const repeats = `
  -- last_bucket: of the newest event of the run.
  CREATE TABLE repeat_run (
    of_import_id bigint NOT NULL,
    of_line      bigint NOT NULL,
    import_id    bigint NOT NULL,
    line         bigint NOT NULL,
    records      bigint NOT NULL,
    known_at     bigint NOT NULL,
    last_bucket  bigint NOT NULL,
    PRIMARY KEY (of_import_id, of_line, import_id, line)
  );
`
