/**
 * Feeds of TAP3 go on giving their records the ids that they have had, so that a file which was counted
 * before counts once when it comes again. Feeds that are made from now on tell parts by their content.
 */
export const partsByPlace = `
  UPDATE feed SET settings = (settings::jsonb || '{"parts": "by_place"}')::text
  WHERE format = 'tap3';
`
