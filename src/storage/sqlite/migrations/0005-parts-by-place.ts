/**
 * Existing TAP3 feeds keep the record ids that they have used, so that a file counted before counts only
 * once if it comes again. New feeds tell parts by their content.
 */
export const partsByPlace = `
  UPDATE feed SET settings = json_set(settings, '$.parts', 'by_place')
  WHERE format = 'tap3';
`
