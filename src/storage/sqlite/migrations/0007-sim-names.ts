/**
 * A feed says by which kinds of name its records mean SIMs, and may be bound to one account. Feeds
 * that are there lose unique names: what they name by one waits in quarantine until a feed is bound.
 */
export const simNames = `
  ALTER TABLE feed ADD COLUMN account_id INTEGER REFERENCES account (id);
  ALTER TABLE feed ADD COLUMN sim_names TEXT NOT NULL DEFAULT 'sid iccid imsi msisdn';
`
