/**
 * Existing TAP3 feeds keep the record ids that they have used, so that a file counted before counts only
 * once if it comes again. New feeds tell parts by their content.
 */
export const partsByPlace = `
  UPDATE feed SET settings = (settings::jsonb || '{"parts": "by_place"}')::text
  WHERE format = 'tap3';
`
