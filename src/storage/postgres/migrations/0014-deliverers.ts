/** What waits in quarantine is kept for each deliverer by itself. */
export const deliverers = `
  -- deliverer_id: the account of the import, or 0 for the operator.
  ALTER TABLE quarantine ADD COLUMN deliverer_id bigint NOT NULL DEFAULT 0;
  ALTER TABLE quarantine ALTER COLUMN deliverer_id DROP DEFAULT;
  -- The first deliverer keeps the row that there is, each other one gets a row of its own.
  UPDATE quarantine SET deliverer_id = first.deliverer_id
  FROM (SELECT DISTINCT ON (quarantine_id) quarantine_id, COALESCE(account_id, 0) AS deliverer_id
        FROM quarantine_delivery JOIN import ON import.id = quarantine_delivery.import_id
        ORDER BY quarantine_id, quarantine_delivery.id) AS first
  WHERE first.quarantine_id = quarantine.id;
  ALTER TABLE quarantine DROP CONSTRAINT quarantine_feed_id_raw_hash_reason_key;
  ALTER TABLE quarantine ADD UNIQUE (feed_id, raw_hash, reason, deliverer_id);
  INSERT INTO quarantine (feed_id, deliverer_id, reason, raw_hash, detail, field, raw)
  SELECT quarantine.feed_id, COALESCE(import.account_id, 0), reason, raw_hash, detail, field, raw
  FROM quarantine_delivery
  JOIN import ON import.id = quarantine_delivery.import_id
  JOIN quarantine ON quarantine.id = quarantine_delivery.quarantine_id
  ON CONFLICT DO NOTHING;
  UPDATE quarantine_delivery AS delivery SET quarantine_id = own.id
  FROM import, quarantine AS known, quarantine AS own
  WHERE import.id = delivery.import_id AND known.id = delivery.quarantine_id
    AND own.feed_id = known.feed_id AND own.raw_hash = known.raw_hash
    AND own.reason = known.reason AND own.deliverer_id = COALESCE(import.account_id, 0)
    AND own.id <> known.id;
`
