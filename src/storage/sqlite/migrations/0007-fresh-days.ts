/**
 * Existing rows lie in the buckets of their days, and so do all rows of sealed days. Later days are
 * fresh.
 */
export const freshDays = `
  INSERT INTO setting (name, value)
  SELECT 'fresh_from', MAX(day)
  FROM (SELECT MAX(bucket) + 86400 AS day FROM ledger
        UNION ALL SELECT MAX(bucket) + 86400 FROM ledger_history
        UNION ALL SELECT CAST(value AS INTEGER) FROM setting WHERE name = 'sealed_through')
  HAVING MAX(day) IS NOT NULL;
`
