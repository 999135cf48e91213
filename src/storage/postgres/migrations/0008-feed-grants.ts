/** Accounts deliver only to feeds that they were granted. */
export const feedGrants = `
  CREATE TABLE feed_grant (
    account_id bigint NOT NULL,
    feed_id    bigint NOT NULL,
    granted_at bigint NOT NULL,
    PRIMARY KEY (account_id, feed_id)
  );
`
