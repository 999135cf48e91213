/** Records that repeat a version of another import: so many lines as many other ones, as a row. */
export const repeats = `
  -- last_bucket: of the newest event of the run.
  CREATE TABLE repeat_run (
    of_import_id INTEGER NOT NULL,
    of_line      INTEGER NOT NULL,
    import_id    INTEGER NOT NULL,
    line         INTEGER NOT NULL,
    records      INTEGER NOT NULL,
    known_at     INTEGER NOT NULL,
    last_bucket  INTEGER NOT NULL,
    PRIMARY KEY (of_import_id, of_line, import_id, line)
  ) STRICT, WITHOUT ROWID;
`
