/**
 * A feed says by which kinds of name its records mean SIMs, and may be bound to one account. Feeds
 * that are there lose unique names: what they name by one waits in quarantine until a feed is bound.
 */
export const simNames = `
  ALTER TABLE feed ADD COLUMN account_id bigint;
  ALTER TABLE feed ADD COLUMN sim_names text NOT NULL DEFAULT 'sid iccid imsi msisdn';
`
