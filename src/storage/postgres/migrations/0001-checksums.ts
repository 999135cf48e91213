/**
 * The first schema's checksums over rows that cannot be recomputed; see `audit/checksums.ts`. Triggers
 * record what a transaction does to rows, but only if it is one of ours, which sets the key. A change by
 * anybody else goes unrecorded.
 */
import { HASH_BITS, HASH_DIGITS, TOTAL_END } from '../../audit/checksums.ts'

export const checksums = `
  -- part: a row, a bucket or a month, by the table. head: what the chain of months comes to.
  CREATE TABLE checksum (
    table_name text COLLATE "C" NOT NULL,
    part       bigint NOT NULL,
    row_count  bigint NOT NULL,
    total      bigint NOT NULL,
    head       text,
    PRIMARY KEY (table_name, part)
  );

  -- What is to be added to checksums: only ever inserted, so that no two writers wait for each other.
  CREATE TABLE checksum_change (
    table_name text COLLATE "C" NOT NULL,
    part       bigint NOT NULL,
    row_count  bigint NOT NULL,
    total      bigint NOT NULL
  );

  CREATE FUNCTION row_hash(key text, row_text text) RETURNS bigint
  LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ('x' || left(encode(sha256(convert_to(key || row_text, 'UTF8')), 'hex'), ${HASH_DIGITS}))
           ::bit(${HASH_BITS})::bigint
  $$;

  -- Once for a statement; the argument is the part that a row belongs to.
  CREATE FUNCTION note_rows() RETURNS trigger
  LANGUAGE plpgsql SET bytea_output = 'hex' AS $$
  DECLARE
    key text := current_setting('simtally.checksum_key', true);
  BEGIN
    IF COALESCE(key, '') = '' THEN RETURN NULL; END IF;
    IF TG_OP <> 'DELETE' THEN
      EXECUTE format(
        'INSERT INTO checksum_change (table_name, part, row_count, total)
         SELECT %L, %s, COUNT(*), (SUM(row_hash($1, added::text)) %% ${TOTAL_END})::bigint
         FROM added GROUP BY 2', TG_TABLE_NAME, TG_ARGV[0]) USING key;
    END IF;
    IF TG_OP <> 'INSERT' THEN
      EXECUTE format(
        'INSERT INTO checksum_change (table_name, part, row_count, total)
         SELECT %L, %s, -COUNT(*), -(SUM(row_hash($1, gone::text)) %% ${TOTAL_END})::bigint
         FROM gone GROUP BY 2', TG_TABLE_NAME, TG_ARGV[0]) USING key;
    END IF;
    RETURN NULL;
  END
  $$;

  -- Once for a row of a month of the ledger, whose name is the argument.
  CREATE FUNCTION note_ledger_row() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE
    key text := current_setting('simtally.checksum_key', true);
  BEGIN
    IF COALESCE(key, '') = '' THEN RETURN NULL; END IF;
    IF TG_OP <> 'DELETE' THEN
      INSERT INTO checksum_change (table_name, part, row_count, total)
      VALUES (TG_ARGV[0], NEW.bucket, 1, row_hash(key, NEW::text));
    END IF;
    IF TG_OP <> 'INSERT' THEN
      INSERT INTO checksum_change (table_name, part, row_count, total)
      VALUES (TG_ARGV[0], OLD.bucket, -1, -row_hash(key, OLD::text));
    END IF;
    RETURN NULL;
  END
  $$;
`
