/** Totals for the sealed days of the current month; whole months already have theirs. */
export const runningMonths = `
  INSERT OR IGNORE INTO sim_month (month, sim_id, zone, country, upload, download, to_sim, from_sim)
    SELECT month, sim_id, zone, country, SUM(upload), SUM(download), SUM(to_sim), SUM(from_sim)
    FROM sim_day
    WHERE month = (SELECT MAX(month) FROM sim_day)
      AND unixepoch(printf('%04d-%02d-01', month / 12, month % 12 + 1))
          >= COALESCE((SELECT value FROM setting WHERE name = 'purged_through'), -9223372036854775807)
    GROUP BY month, sim_id, zone, country;
`
