/**
 * What usage is rolled up by. The tables, what changes them and what recomputes them take it from here.
 * Dimensions are columns of the ledger.
 */

/** Of an account's hour or day. */
export const ACCOUNT_DIMENSIONS = { zone: 'integer', country: 'text', plmn: 'text' } as const
/** Of a SIM's day or month; some of those of an account. */
export const SIM_DIMENSIONS = { zone: 'integer', country: 'text' } as const

const OF_ACCOUNT = Object.keys(ACCOUNT_DIMENSIONS)
const OF_SIM = Object.keys(SIM_DIMENSIONS)

/** As lists of SQL. */
export const ACCOUNT_BY = OF_ACCOUNT.join(', ')
export const SIM_BY = OF_SIM.join(', ')

/** The primary keys of the rollups. */
export const ACCOUNT_CELL = ['account_id', 'started_at', ...OF_ACCOUNT]
export const SIM_DAY = ['month', 'sim_id', ...OF_SIM, 'started_at']
export const SIM_MONTH = ['month', 'sim_id', ...OF_SIM]

/** The places of the key's columns at the start of a list of SQL, for `GROUP BY` and `ORDER BY`. */
export function placesOf(key: readonly string[]): string {
  return key.map((_, i) => i + 1).join(', ')
}
