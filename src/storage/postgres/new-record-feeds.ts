/** In which way a feed's batches are first tried. */
import type { AppendOutcome } from '../usage-store.ts'
import type { Way } from './append.ts'
import { isRefusedCopy } from './failures.ts'

type Write = (way: Way) => Promise<AppendOutcome>

export interface BatchFacts {
  readonly feedId: number
  readonly events: number
  /** True if the batch itself brings records more than once. */
  readonly isRepeating: boolean
}

/**
 * Knows which feeds bring records that already exist. Other feeds' batches are first tried in the quickest
 * way, which stores only batches that are all new. A way leaves nothing behind if it refuses a batch.
 */
export class NewRecordFeeds {
  readonly #meeting = new Set<number>()
  readonly #siftsFrom: () => number

  /** `siftsFrom` as in `Topology`. */
  constructor(siftsFrom: () => number) {
    this.#siftsFrom = siftsFrom
  }

  async append({ feedId, events, isRepeating }: BatchFacts, write: Write): Promise<AppendOutcome> {
    if (!isRepeating && !this.#meeting.has(feedId)) {
      const outcome = await unlessRefused(write('copied'))
      if (outcome !== null) return outcome
    }
    const ways: Way[] = events < this.#siftsFrom() ? ['moved'] : ['sifted', 'moved']
    const outcome = await inTurn(ways, write)
    const { duplicate, replaced } = outcome.counts
    if (duplicate + replaced + outcome.conflicts.length > 0) this.#meeting.add(feedId)
    else this.#meeting.delete(feedId)
    return outcome
  }
}

/** The last way refuses nothing. */
async function inTurn([way, ...others]: readonly Way[], write: Write): Promise<AppendOutcome> {
  if (others.length === 0) return write(way!)
  return (await unlessRefused(write(way!))) ?? inTurn(others, write)
}

async function unlessRefused(appended: Promise<AppendOutcome>): Promise<AppendOutcome | null> {
  try {
    return await appended
  } catch (error) {
    if (!isRefusedCopy(error)) throw error
    return null
  }
}
