/** Checksums over rows that cannot be recomputed; see `checksums.ts` beside the engines. */
export const checksums = `
  -- part: a row, a bucket or a month, by the table. head: what the chain of months comes to.
  CREATE TABLE checksum (
    table_name TEXT NOT NULL,
    part       INTEGER NOT NULL,
    row_count  INTEGER NOT NULL,
    total      INTEGER NOT NULL,
    head       TEXT,
    PRIMARY KEY (table_name, part)
  ) STRICT, WITHOUT ROWID;
`
