/** A dry run: what a delivery would change, without changing it. */
import { addSeriesCounts, NO_SERIES_COUNTS } from '../domain/counter-series.ts'
import {
  addVerdicts,
  type Import,
  NO_FACTS,
  NO_VERDICTS,
  type QuarantineReason,
} from '../domain/import.ts'
import type { NotedRestart, Restart } from '../domain/restart.ts'
import {
  TRIAL_IMPORT_ID,
  type Trial,
  type TrialChanges,
  type UsageStore,
} from '../storage/usage-store.ts'
import {
  type ImportRequest,
  type ImportStore,
  type ImportSummary,
  importRecords,
} from './import-records.ts'

type ReadByTrial =
  | 'batchRecordsMax'
  | 'openEvents'
  | 'resolveSims'
  | 'readTime'
  | 'readConfirmedTime'
  | 'listUsageEvents'
  | 'listRestarts'
  | 'listSeries'

export interface DryRunRequest extends Omit<ImportRequest, 'store'> {
  readonly store: Pick<UsageStore, 'tryOut' | ReadByTrial>
}

export interface DryRunSummary extends ImportSummary, TrialChanges {
  /** How many would wait for each reason. */
  readonly quarantinedBy: ReadonlyMap<QuarantineReason, number>
}

/**
 * Takes a delivery all the way, and then rolls it back. Verdicts and changes are those that importing it
 * now would have, and nothing of it is stored. The import in the summary has no usable id.
 */
export function tryImport({ store, ...request }: DryRunRequest): Promise<DryRunSummary> {
  return store.tryOut(async (trial) => {
    const own = new TrialStore(store, trial, request)
    const summary = await importRecords({ ...request, store: own })
    return { ...summary, quarantinedBy: own.quarantinedBy, ...(await trial.changes()) }
  })
}

/** The store as an import sees it, with an import that is never stored. */
class TrialStore implements ImportStore {
  readonly batchRecordsMax: number
  readonly openEvents: ImportStore['openEvents']
  readonly resolveSims: ImportStore['resolveSims']
  readonly readTime: ImportStore['readTime']
  readonly readConfirmedTime: ImportStore['readConfirmedTime']
  readonly listUsageEvents: ImportStore['listUsageEvents']
  readonly listSeries: ImportStore['listSeries']
  readonly quarantinedBy = new Map<QuarantineReason, number>()
  readonly #store: Pick<UsageStore, ReadByTrial>
  readonly #trial: Trial
  readonly #accountId: number | null
  #restarts: readonly NotedRestart[] = []
  #import: Import

  constructor(
    store: Pick<UsageStore, ReadByTrial>,
    trial: Trial,
    { feed, account, source, format = feed.format, clock }: Omit<ImportRequest, 'store'>,
  ) {
    this.batchRecordsMax = store.batchRecordsMax
    this.openEvents = () => store.openEvents()
    this.readTime = () => store.readTime()
    this.readConfirmedTime = () => store.readConfirmedTime()
    this.resolveSims = (names, scope) => store.resolveSims(names, scope)
    this.listUsageEvents = (filter, page) => store.listUsageEvents(filter, page)
    this.listSeries = (filter, page) => store.listSeries(filter, page)
    this.#store = store
    this.#trial = trial
    this.#accountId = account?.id ?? null
    this.#import = {
      id: TRIAL_IMPORT_ID,
      feedId: feed.id,
      feedName: feed.name,
      source: source.name,
      format,
      accountSid: account?.sid ?? null,
      status: 'running',
      counts: NO_VERDICTS,
      series: NO_SERIES_COUNTS,
      checksum: null,
      error: null,
      facts: NO_FACTS,
      startedAt: clock(),
      finishedAt: null,
      undoneAt: null,
      rereading: null,
    }
  }

  async beginImport(): Promise<Import> {
    return this.#import
  }

  /** Applies the delivery's restarts to its own readings and to those already stored. */
  async noteRestarts(_: number, restarts: readonly Restart[]): Promise<void> {
    const accountId = this.#accountId
    this.#restarts = restarts.map((restart) => ({ ...restart, accountId }))
  }

  async listRestarts(feedId: number): Promise<NotedRestart[]> {
    return [...(await this.#store.listRestarts(feedId)), ...this.#restarts]
  }

  append: ImportStore['append'] = async (batch) => {
    const outcome = await this.#trial.append(batch)
    for (const { reason } of [...batch.quarantined, ...outcome.conflicts]) {
      this.quarantinedBy.set(reason, (this.quarantinedBy.get(reason) ?? 0) + 1)
    }
    const counts = addVerdicts(this.#import.counts, outcome.counts)
    const series = addSeriesCounts(this.#import.series, outcome.series)
    this.#import = { ...this.#import, counts, series }
    return outcome
  }

  finishImport: ImportStore['finishImport'] = async (_, end) => {
    this.#import = { ...this.#import, ...end }
    return this.#import
  }
}
