/** How batches of a feed are stored first. */
import type { AppendOutcome } from '../usage-store.ts'
import { isRefusedCopy } from './failures.ts'

/**
 * Which feeds bring records that were there already: their batches are stored in the way that meets
 * them. The batches of the others are tried in the quicker way first, which stores only what is all
 * new; a batch it refuses has left nothing behind.
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
