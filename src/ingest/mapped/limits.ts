/** What a document of a carrier may be at most. Messages name the limit they refuse by. */

/** No carrier's record comes near it; beyond it a document would fill the memory. */
export const RECORD_BYTES_MAX = 65_536

/** Carriers nest five levels; parsers of their own stack end at some thousands. */
export const NESTING_LEVELS_MAX = 64

export function tooLong(): string {
  return `the record has more than ${RECORD_BYTES_MAX} bytes (RECORD_BYTES_MAX)`
}

export function tooDeep(): string {
  return `it is nested more than ${NESTING_LEVELS_MAX} levels deep (NESTING_LEVELS_MAX)`
}
