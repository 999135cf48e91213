/** Accounts deliver only to feeds that they were granted. */
export const feedGrants = `
  CREATE TABLE feed_grant (
    account_id INTEGER NOT NULL REFERENCES account (id),
    feed_id    INTEGER NOT NULL REFERENCES feed (id),
    granted_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, feed_id)
  ) STRICT, WITHOUT ROWID;
`
