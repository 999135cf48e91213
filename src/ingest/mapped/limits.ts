/** The maximum sizes of a carrier's document. Messages name the limit by which they refuse. */

/** No carrier's record comes near it; without a limit, a document could fill the memory. */
export const RECORD_BYTES_MAX = 65_536

/** Carriers nest five levels; recursive parsers fail at some thousands. */
export const NESTING_LEVELS_MAX = 64

export function tooLong(): string {
  return `the record has more than ${RECORD_BYTES_MAX} bytes (RECORD_BYTES_MAX)`
}

export function tooDeep(): string {
  return `it is nested more than ${NESTING_LEVELS_MAX} levels deep (NESTING_LEVELS_MAX)`
}
