/**
 * Totals of whole sealed months: what a month costs to ask does not grow with its days. Those of
 * months that are sealed already are made here; a month that retention has begun to take keeps one
 * that nobody reads.
 */
export const simMonth = `
  CREATE TABLE sim_month (
    month    INTEGER NOT NULL,
    sim_id   INTEGER NOT NULL,
    zone     INTEGER NOT NULL,
    country  TEXT NOT NULL,
    upload   INTEGER NOT NULL,
    download INTEGER NOT NULL,
    to_sim   INTEGER NOT NULL,
    from_sim INTEGER NOT NULL,
    PRIMARY KEY (month, sim_id, zone, country)
  ) STRICT, WITHOUT ROWID;

  INSERT INTO sim_month (month, sim_id, zone, country, upload, download, to_sim, from_sim)
  SELECT month, sim_id, zone, country, SUM(upload), SUM(download), SUM(to_sim), SUM(from_sim)
  FROM sim_day
  WHERE month < (SELECT strftime('%Y', value, 'unixepoch') * 12
                        + strftime('%m', value, 'unixepoch') - 1
                 FROM setting WHERE name = 'sealed_through')
  GROUP BY month, sim_id, zone, country;
`
