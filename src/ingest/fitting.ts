/** Batches of which a part takes a sum beyond what a store keeps: the rest counts all the same. */
import { UsageError } from '../domain/usage-error.ts'
import type { RecordFault } from '../storage/usage-store.ts'

/** Why a record waits for whose usage no sum has room. */
export const TOO_LARGE: Pick<RecordFault, 'reason' | 'detail' | 'field'> = {
  reason: 'too_large',
  field: null,
  detail:
    'with this record a sum of usage of its account or SIM would pass 9223372036854775807, ' +
    'the largest kept',
}

/**
 * Writes `items` in their order: as one where the store has room for all of it, else half by half.
 * Returns those for which there is no room, in their order: what comes first counts first. Only a
 * failure with `overflow` divides; every other one is passed on, and what was written stays.
 */
export async function writeFitting<T>(
  items: readonly T[],
  write: (part: readonly T[]) => Promise<void>,
): Promise<T[]> {
  try {
    await write(items)
    return []
  } catch (error) {
    const isTooMuch = error instanceof UsageError && error.code === 'overflow'
    if (!isTooMuch || items.length === 0) throw error
    if (items.length === 1) return [...items]
  }
  const middle = Math.ceil(items.length / 2)
  const left = await writeFitting(items.slice(0, middle), write)
  return [...left, ...(await writeFitting(items.slice(middle), write))]
}
