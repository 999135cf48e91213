/** Feeds keep what their format leaves open, as JSON. */
export const feedSettings = `
  ALTER TABLE feed ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';
`
