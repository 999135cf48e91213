/**
 * What waits in quarantine is kept for each deliverer by itself. SQLite changes no key of a table, so
 * that the tables are made anew; ids that were given are not given again.
 */
export const deliverers = `
  -- deliverer_id: the account of the import, or 0 for the operator.
  CREATE TABLE quarantine_of_deliverer (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    feed_id      INTEGER NOT NULL REFERENCES feed (id),
    deliverer_id INTEGER NOT NULL,
    reason       TEXT NOT NULL,
    raw_hash     TEXT NOT NULL,
    detail       TEXT NOT NULL,
    field        TEXT,
    raw          BLOB NOT NULL,
    UNIQUE (feed_id, raw_hash, reason, deliverer_id)
  ) STRICT;
  INSERT INTO sqlite_sequence (name, seq)
  SELECT 'quarantine_of_deliverer', seq FROM sqlite_sequence WHERE name = 'quarantine';

  -- The first deliverer keeps the row that there is, each other one gets a row of its own.
  INSERT INTO quarantine_of_deliverer
  SELECT quarantine.id, quarantine.feed_id,
         (SELECT COALESCE(import.account_id, 0)
          FROM quarantine_delivery JOIN import ON import.id = quarantine_delivery.import_id
          WHERE quarantine_delivery.quarantine_id = quarantine.id
          ORDER BY quarantine_delivery.id LIMIT 1) AS deliverer_id,
         reason, raw_hash, detail, field, raw
  FROM quarantine
  WHERE quarantine.id IN (SELECT quarantine_id FROM quarantine_delivery);
  INSERT INTO quarantine_of_deliverer (feed_id, deliverer_id, reason, raw_hash, detail, field, raw)
  SELECT DISTINCT quarantine.feed_id, COALESCE(import.account_id, 0), reason, raw_hash, detail,
         field, raw
  FROM quarantine_delivery
  JOIN import ON import.id = quarantine_delivery.import_id
  JOIN quarantine ON quarantine.id = quarantine_delivery.quarantine_id
  WHERE true
  ON CONFLICT DO NOTHING;

  CREATE TABLE delivery_of_deliverer (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    quarantine_id INTEGER NOT NULL REFERENCES quarantine_of_deliverer (id),
    import_id     INTEGER NOT NULL REFERENCES import (id),
    line          INTEGER NOT NULL,
    seen_at       INTEGER NOT NULL,
    record        TEXT
  ) STRICT;
  INSERT INTO sqlite_sequence (name, seq)
  SELECT 'delivery_of_deliverer', seq FROM sqlite_sequence WHERE name = 'quarantine_delivery';
  INSERT INTO delivery_of_deliverer (id, quarantine_id, import_id, line, seen_at, record)
  SELECT delivery.id, own.id, delivery.import_id, delivery.line, delivery.seen_at, delivery.record
  FROM quarantine_delivery AS delivery
  JOIN import ON import.id = delivery.import_id
  JOIN quarantine ON quarantine.id = delivery.quarantine_id
  JOIN quarantine_of_deliverer AS own
    ON own.feed_id = quarantine.feed_id AND own.raw_hash = quarantine.raw_hash
   AND own.reason = quarantine.reason AND own.deliverer_id = COALESCE(import.account_id, 0);

  DROP TABLE quarantine_delivery;
  DROP TABLE quarantine;
  ALTER TABLE quarantine_of_deliverer RENAME TO quarantine;
  ALTER TABLE delivery_of_deliverer RENAME TO quarantine_delivery;
  CREATE INDEX quarantine_delivery_by_import ON quarantine_delivery (import_id, id);
  CREATE INDEX quarantine_delivery_by_record ON quarantine_delivery (quarantine_id);
`
