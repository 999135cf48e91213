/**
 * Adds the start that a series lacks after a restart announced by its source. A start is missing if a
 * series has a reading after the restart, whichever of the two came first. A delivery finds the starts
 * that its own readings lack, and those that stored readings of earlier deliveries lack.
 */
import {
  type NotedRestart,
  RESTART_TELLS_SECONDS,
  type Restart,
  restartReading,
  type SeriesPlace,
} from '../domain/restart.ts'
import { ALWAYS_HELD } from '../domain/timeline.ts'
import type { UsageEvent } from '../domain/usage-event.ts'
import type { UsageStore } from '../storage/usage-store.ts'

export type RestartsOfStore = Pick<UsageStore, 'listRestarts' | 'noteRestarts' | 'listSeries'>

/**
 * No delivery has this many lines. Added starts are numbered after them, so that no two records share a
 * line.
 */
const AFTER_LINES = 1_000_000_000_000
const OF_STORED = 2 * AFTER_LINES

/** How many series are remembered. Beyond that, a start may be added twice, which changes nothing. */
const TOLD_MAX = 500_000

const SERIES_A_LOOK = 10_000

/** The first part of a record id, as written by `seriesId`. */
const SERIES_PREFIX = /^(?:[^\\/]|\\.)*\//s

export interface RestartsOf {
  readonly store: RestartsOfStore
  readonly feedId: number
  readonly importId: () => Promise<number>
  /** Who delivers; null for the operator. */
  readonly accountId: number | null
  /** True if records can only mean SIMs of one account. */
  readonly isOfOneAccount: boolean
  /** What the delivery has announced so far; null if the format has no restarts. */
  readonly announced: () => readonly Restart[] | null
}

export class RestartStarts {
  readonly #of: RestartsOf
  #known: ReadonlyMap<string, readonly NotedRestart[]> | null = null
  #own: readonly Restart[] = []
  /** By series and restart: the instant from which no start is missing. */
  readonly #told = new Map<string, number>()
  #lines = 0

  constructor(of: RestartsOf) {
    this.#of = of
  }

  /** Stores what the delivery has announced since the last call. */
  async note(): Promise<void> {
    const { store, importId } = this.#of
    const own = this.#of.announced()
    if (own === null || (this.#known !== null && own.length === this.#own.length)) return
    if (own.length > 0) await store.noteRestarts(await importId(), own)
    this.#own = own
    await this.#learn()
  }

  /** The starts that the events lack; they are stored like the events. */
  missingBefore(events: readonly UsageEvent[]): UsageEvent[] {
    const known = this.#known
    if (known === null || known.size === 0) return []
    const starts: UsageEvent[] = []
    for (const event of events) {
      if (event.reading?.resets !== 'start') continue
      const prefix = SERIES_PREFIX.exec(event.recordId)?.[0]
      const restart = latestBefore(
        event,
        (prefix !== undefined && known.get(prefix)) || [],
        this.#of.isOfOneAccount,
      )
      if (restart === undefined) continue
      if (event.reading.isStart) this.#tell(event, restart.at, event.occurredAt)
      else if (this.#tell(event, restart.at, event.occurredAt, restart.at)) {
        starts.push(restartReading(event, restart.at, AFTER_LINES + event.line))
      }
    }
    return starts
  }

  /**
   * The starts that stored readings lack, because their restart was not known when they came. Call this
   * when all of the delivery is stored.
   */
  async *missingInStore(): AsyncGenerator<UsageEvent[]> {
    const { store, feedId, accountId } = this.#of
    if (this.#of.announced() === null) return
    const before = this.#known
    // Another delivery may have announced one while this one stored readings after it.
    await this.#learn()
    const isNew = (restart: NotedRestart) => {
      const isOwn = this.#own.some((own) => isSame(own, restart))
      const wasKnown = before?.get(restart.seriesPrefix)?.some((known) => isSame(known, restart))
      return (isOwn && restart.accountId === accountId) || wasKnown !== true
    }
    for (const restart of [...this.#known!.values()].flat().filter(isNew)) {
      const { seriesPrefix: recordIdPrefix, at } = restart
      const range = { from: at + 1, until: at + RESTART_TELLS_SECONDS }
      const filter = { feedId, accountId: restart.accountId, recordIdPrefix, ...range }
      let after: SeriesPlace | undefined
      do {
        const page = { limit: SERIES_A_LOOK, ...(after !== undefined && { after }) }
        const series = await store.listSeries(filter, page)
        const missing = series.filter((one) => this.#tell(one, at, at + 1, at))
        yield missing.map((one) => restartReading(one, at, this.#nextLine()))
        after = series.length < SERIES_A_LOOK ? undefined : series.at(-1)
      } while (after !== undefined)
    }
  }

  async #learn(): Promise<void> {
    const known = await this.#of.store.listRestarts(this.#of.feedId)
    this.#known = Map.groupBy(known, ({ seriesPrefix }) => seriesPrefix)
  }

  /** Notes that no start is missing from `from` on. False if none was missing at `at`. */
  #tell({ simId, recordId }: SeriesPlace, restartAt: number, at: number, from = at): boolean {
    const key = `${simId} ${restartAt} ${recordId}`
    const since = this.#told.get(key)
    if (since !== undefined && since <= at) return false
    if (this.#told.size >= TOLD_MAX) this.#told.clear()
    this.#told.set(key, from)
    return true
  }

  #nextLine(): number {
    return OF_STORED + this.#lines++
  }
}

/**
 * An account's announcement only concerns its own SIMs, for as long as it has them. The same goes for any
 * announcement if records can only mean one account's SIMs.
 */
function latestBefore(
  { occurredAt, accountId, heldSince = ALWAYS_HELD }: UsageEvent,
  restarts: readonly NotedRestart[],
  isOfOneAccount: boolean,
): NotedRestart | undefined {
  return restarts
    .filter(({ at }) => at < occurredAt && occurredAt - at <= RESTART_TELLS_SECONDS)
    .filter((restart) =>
      restart.accountId === null
        ? !isOfOneAccount || restart.at >= heldSince
        : restart.accountId === accountId && restart.at >= heldSince,
    )
    .sort((a, b) => b.at - a.at)[0]
}

function isSame(a: Restart, b: Restart): boolean {
  return a.at === b.at && a.seriesPrefix === b.seriesPrefix
}
