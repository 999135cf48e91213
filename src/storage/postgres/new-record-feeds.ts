/** How a feed's batches are first tried. */
import type { AppendOutcome } from '../usage-store.ts'
import { isRefusedCopy } from './failures.ts'

/**
 * Knows which feeds bring records that already exist; their batches are stored in the way that handles
 * those. Other feeds' batches are first tried in the quicker way, which stores only batches that are all
 * new and leaves nothing behind if it refuses one.
 */
export class NewRecordFeeds {
  readonly #meeting = new Set<number>()

  async append(
    feedId: number,
    write: (assumeNew: boolean) => Promise<AppendOutcome>,
  ): Promise<AppendOutcome> {
    if (!this.#meeting.has(feedId)) {
      try {
        return await write(true)
      } catch (error) {
        if (!isRefusedCopy(error)) throw error
      }
    }
    const outcome = await write(false)
    const { duplicate, replaced } = outcome.counts
    if (duplicate + replaced + outcome.conflicts.length > 0) this.#meeting.add(feedId)
    else this.#meeting.delete(feedId)
    return outcome
  }
}
