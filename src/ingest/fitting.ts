/** Stores batches in which some records take a sum beyond what a store keeps; the rest still counts. */
import { UsageError } from '../domain/usage-error.ts'
import type { RecordFault } from '../storage/usage-store.ts'

/** Why a record waits if no sum has room for its usage. */
export const TOO_LARGE: Pick<RecordFault, 'reason' | 'detail' | 'field'> = {
  reason: 'too_large',
  field: null,
  detail:
    'with this record, the total usage of its account or SIM would pass 9223372036854775807, ' +
    'the largest kept',
}

interface Items<Item> extends Iterable<Item> {
  readonly length: number
}

/**
 * Writes `items` in order: at once if the store has room for all of them, otherwise half by half. Returns
 * those without room, in order; what comes first counts first. Only a failure with `overflow` causes a
 * split. Any other failure is passed on, and what was already written stays.
 */
export async function writeFitting<Item>(
  items: Items<Item>,
  write: (part: Items<Item>) => Promise<void>,
): Promise<Item[]> {
  try {
    await write(items)
    return []
  } catch (error) {
    const isTooMuch = error instanceof UsageError && error.code === 'overflow'
    if (!isTooMuch || items.length === 0) throw error
  }
  const all = [...items]
  if (all.length === 1) return all
  const middle = Math.ceil(all.length / 2)
  const left = await writeFitting(all.slice(0, middle), write)
  return [...left, ...(await writeFitting(all.slice(middle), write))]
}
