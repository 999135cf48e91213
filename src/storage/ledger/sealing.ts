/** The error for a day that cannot be sealed. */
import { formatInstant } from '../../domain/time.ts'
import { UsageError } from '../../domain/usage-error.ts'

/**
 * Every total kept for accounts fits, but a SIM's total covers all networks of a country, or a month. The
 * day stays unsealed along with later ones, so that answers are as before, only slower.
 */
export function totalsTooLarge(day: number, cause: unknown): UsageError {
  const date = formatInstant(day).slice(0, 10)
  return new UsageError(
    'overflow',
    `${date} and later days are not sealed: a total of a SIM would pass 9223372036854775807`,
    {
      hint: 'answers stay right but get slower; find the records with absurd counters with simtally event list, and undo their import',
      cause,
    },
  )
}
