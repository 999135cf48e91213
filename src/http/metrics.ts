/**
 * Metrics of the server, in the text form of Prometheus. Labels name feeds, folders, routes and states; never
 * an account or a SIM.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from 'prom-client'
import {
  type FeedProgress,
  NEWS_STATES,
  newsState,
  openGapCount,
  silentSince,
} from '../domain/completeness.ts'
import type { Feed } from '../domain/directory.ts'
import { type DropFolderState, waitingSeconds } from '../domain/drop-folder.ts'
import type { FeedTotals } from '../domain/import.ts'
import { LIMIT_NAMES, type LimitName, limitLabel } from '../domain/limits.ts'
import {
  clockAheadSeconds,
  clockBehindSeconds,
  heldBackSeconds,
  retentionStep,
  type StoreTime,
  serverOffsetSeconds,
  upkeepTime,
} from '../domain/store-time.ts'
import { type AuditRun, endOfAudit } from '../storage/usage-store.ts'

/** In seconds, from a page of a SIM's hours to a delivery of one gigabyte. */
const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300]

export interface FeedState {
  readonly feed: Feed
  readonly progress: FeedProgress
  readonly totals: FeedTotals
}

/** What a process has measured so far, as plain data that can be sent to another process. */
export type RequestSnapshot = Awaited<ReturnType<Registry['getMetricsAsJSON']>>

/** What can be counted in a server at any moment. */
export interface CountedNow {
  readonly imports: { readonly underWay: number; readonly waiting: number }
  readonly connections: { readonly open: number }
  readonly turns: { readonly waiting: number }
}

/** The requests that this process has answered or refused. */
export class RequestMetrics {
  readonly #registry = new Registry()
  /** By combination of labels, so that a request need not look them up by all of their texts. */
  readonly #durations = new Map<string, { observe(seconds: number): void }>()
  readonly #duration = new Histogram({
    name: 'simtally_http_request_duration_seconds',
    help: 'How long requests took',
    labelNames: ['method', 'route', 'status'],
    buckets: DURATION_BUCKETS,
    registers: [this.#registry],
  })

  readonly #refusals = new Counter({
    name: 'simtally_limit_refusals_total',
    help: 'Refusals because of a limit',
    labelNames: ['limit'],
    registers: [this.#registry],
  })

  constructor() {
    // Start at 0, so that the first refusal shows as an increase.
    for (const name of LIMIT_NAMES) this.#refusals.inc({ limit: limitLabel(name) }, 0)
  }

  refused(limit: LimitName): void {
    this.#refusals.inc({ limit: limitLabel(limit) })
  }

  /** Watches the one server in this process. */
  watch({ imports, connections, turns }: CountedNow): void {
    this.#gauge('imports_under_way', 'Deliveries being counted', () => imports.underWay)
    this.#gauge('imports_waiting', 'Deliveries waiting for their turn', () => imports.waiting)
    this.#gauge('connections_open', 'Open connections', () => connections.open)
    this.#gauge('requests_waiting', 'Requests waiting for their turn', () => turns.waiting)
    const delay = monitorEventLoopDelay({ resolution: LOOK_EVERY_MS })
    delay.enable()
    const help = 'The longest delay of the event loop since the last scrape, in the worst worker'
    this.#gauge('event_loop_delay_max_seconds', help, () => takeMax(delay), 'max')
  }

  #gauge(name: string, help: string, now: () => number, aggregator: 'sum' | 'max' = 'sum'): void {
    new Gauge({
      name: `simtally_${name}`,
      help,
      registers: [this.#registry],
      aggregator,
      collect() {
        this.set(now())
      },
    })
  }

  observe(request: FastifyRequest, reply: FastifyReply): void {
    const { method } = request
    const route = request.routeOptions.url ?? 'none'
    const status = String(reply.statusCode)
    const key = `${method} ${status} ${route}`
    let duration = this.#durations.get(key)
    if (duration === undefined) {
      duration = this.#duration.labels({ method, route, status })
      this.#durations.set(key, duration)
    }
    duration.observe(reply.elapsedTime / 1000)
  }

  snapshot(): Promise<RequestSnapshot> {
    return this.#registry.getMetricsAsJSON()
  }
}

/** How often Node looks at the clock. The measured delay includes this. */
const LOOK_EVERY_MS = 10

/** In seconds, over the time since the last call. */
function takeMax(delay: ReturnType<typeof monitorEventLoopDelay>): number {
  const seconds = Math.max(0, delay.max / 1e9 - LOOK_EVERY_MS / 1e3)
  delay.reset()
  return seconds
}

/**
 * One snapshot of the counts of processes that have ended. Momentary values, such as the imports under way,
 * ended with them.
 */
export async function sumOfEnded(snapshots: readonly RequestSnapshot[]): Promise<RequestSnapshot> {
  const sum = await AggregatorRegistry.aggregate([...snapshots]).getMetricsAsJSON()
  return sum.filter(({ type }) => String(type) !== 'gauge')
}

/** The snapshots in the text form of Prometheus. */
export function requestText(snapshots: readonly RequestSnapshot[]): Promise<string> {
  return AggregatorRegistry.aggregate([...snapshots]).metrics()
}

/**
 * What the store knows of feeds. Every process reports the same, so any one of them answers and nothing is
 * summed.
 */
export class FeedMetrics {
  readonly #registry = new Registry()
  readonly #registers = [this.#registry]
  readonly #silent = this.#gauge('feed_silent_seconds', 'Time since the feed last delivered')
  readonly #state = this.#gauge('feed_state', 'Whether the feed is in this state', 'state')
  readonly #complete = this.#gauge(
    'feed_complete_through_timestamp_seconds',
    'The instant up to which the feed is complete',
  )
  readonly #completeFrom = this.#gauge(
    'feed_complete_from_timestamp_seconds',
    'The instant from which the feed is complete',
  )
  readonly #gaps = this.#gauge('feed_open_gaps', 'Gaps in the numbers of its deliveries')
  readonly #readings = this.#gauge(
    'feed_readings',
    'Readings that are not plain growth, as they are now',
    'verdict',
  )
  readonly #imports = this.#gauge('feed_imports', 'Deliveries by what became of them', 'status')
  readonly #records = new Counter({
    name: 'simtally_feed_records_total',
    help: 'Records delivered, by verdict',
    labelNames: ['feed', 'verdict'],
    registers: this.#registers,
  })
  readonly #quarantine = this.#gauge(
    'feed_quarantine_records',
    'Records in quarantine, each counted once',
    'reason',
  )

  readonly contentType = this.#registry.contentType

  /** All metrics at this moment. Feeds are written anew each time. */
  async text(feeds: readonly FeedState[], nowSeconds: number): Promise<string> {
    for (const metric of [this.#silent, this.#state, this.#gaps, this.#readings]) metric.reset()
    for (const metric of [this.#complete, this.#completeFrom]) metric.reset()
    for (const metric of [this.#imports, this.#records, this.#quarantine]) metric.reset()
    for (const { feed, progress, totals } of feeds) {
      this.#tell(feed, progress, nowSeconds)
      this.#count(feed, totals)
    }
    return this.#registry.metrics()
  }

  #tell(feed: Feed, progress: FeedProgress, nowSeconds: number): void {
    const labels = { feed: feed.name }
    const since = silentSince(feed, progress)
    const now = newsState(feed, progress, nowSeconds)
    this.#silent.set(labels, Math.max(0, nowSeconds - since))
    for (const state of NEWS_STATES) this.#state.set({ ...labels, state }, state === now ? 1 : 0)
    this.#gaps.set(labels, openGapCount(progress))
    const { resets, falls, wraps } = progress.series
    for (const [verdict, count] of Object.entries({ reset: resets, fall: falls, wrap: wraps })) {
      this.#readings.set({ ...labels, verdict }, count)
    }
    // Absent if unknown: any number would be taken for an instant.
    const { completeFrom, completeThrough } = progress
    if (completeThrough !== null) this.#complete.set(labels, completeThrough)
    if (completeFrom !== null) this.#completeFrom.set(labels, completeFrom)
  }

  #count(feed: Feed, { imports, counts, waiting }: FeedTotals): void {
    const labels = { feed: feed.name }
    for (const [status, count] of Object.entries(imports)) {
      this.#imports.set({ ...labels, status }, count)
    }
    for (const [verdict, count] of Object.entries(counts)) {
      this.#records.inc({ ...labels, verdict }, count)
    }
    for (const [reason, count] of Object.entries(waiting)) {
      this.#quarantine.set({ ...labels, reason }, count)
    }
  }

  #gauge(name: string, help: string, ...labelNames: string[]): Gauge {
    return new Gauge({
      name: `simtally_${name}`,
      help,
      labelNames: ['feed', ...labelNames],
      registers: this.#registers,
    })
  }
}

/** Drop folders, as their watchers report them to the store. */
export class FolderMetrics {
  readonly #registry = new Registry()
  readonly #waiting = this.#gauge('waiting_files', 'Files waiting to be imported or moved')
  readonly #oldest = this.#gauge(
    'oldest_waiting_seconds',
    'How long the oldest waiting file has been there',
  )
  readonly #failed = this.#gauge('failed_files', 'Files that could not be imported')
  readonly #leftAlone = this.#gauge('left_alone_files', 'Entries that are not plain files')
  readonly #seen = this.#gauge('seen_timestamp_seconds', 'When a watcher last looked at the folder')

  /** All metrics at this moment. Folders are written anew each time. */
  async text(
    folders: readonly DropFolderState[],
    feeds: readonly Feed[],
    nowSeconds: number,
  ): Promise<string> {
    this.#registry.resetMetrics()
    for (const folder of folders) {
      const feed = feeds.find(({ id }) => id === folder.feedId)
      if (feed === undefined) continue
      const labels = { feed: feed.name, folder: folder.path }
      this.#waiting.set(labels, folder.waiting)
      this.#oldest.set(labels, waitingSeconds(folder, nowSeconds))
      this.#failed.set(labels, folder.failed)
      this.#leftAlone.set(labels, folder.leftAlone)
      this.#seen.set(labels, folder.seenAt)
    }
    return this.#registry.metrics()
  }

  #gauge(name: string, help: string): Gauge {
    return new Gauge({
      name: `simtally_drop_folder_${name}`,
      help,
      labelNames: ['feed', 'folder'],
      registers: [this.#registry],
    })
  }
}

/** Clocks, and the instant that retention counts from. Each process reports its own machine's clock. */
export class TimeMetrics {
  readonly #registry = new Registry()
  readonly #behind = this.#gauge(
    'clock_behind_seconds',
    'How far the clock is behind what the store has seen',
  )
  readonly #ahead = this.#gauge(
    'clock_ahead_seconds',
    'How far the clock is ahead of everything that the store has seen',
  )
  readonly #offset = this.#gauge(
    'clock_server_offset_seconds',
    "How far the clock is ahead of the database server's",
  )
  readonly #heldBack = this.#gauge(
    'retention_held_back_seconds',
    'How much more the clock would delete than the store confirms',
  )
  readonly #purged = this.#gauge(
    'purged_through_timestamp_seconds',
    'The instant before which usage was deleted',
  )

  /** All metrics at this moment. */
  async text(clockSeconds: number, time: StoreTime): Promise<string> {
    const now = upkeepTime(clockSeconds, time)
    this.#behind.set(clockBehindSeconds(clockSeconds, time))
    this.#ahead.set(clockAheadSeconds(clockSeconds, time))
    this.#heldBack.set(heldBackSeconds(retentionStep(now, time)))
    setWhereKnown(this.#offset, serverOffsetSeconds(clockSeconds, time))
    setWhereKnown(this.#purged, time.purgedThrough)
    return this.#registry.metrics()
  }

  #gauge(name: string, help: string): Gauge {
    return new Gauge({ name: `simtally_${name}`, help, registers: [this.#registry] })
  }
}

/** Absent if unknown: any number would be taken for a value. */
function setWhereKnown(gauge: Gauge, value: number | null): void {
  if (value === null) gauge.remove()
  else gauge.set(value)
}

/** The findings of the last audit. */
export class AuditMetrics {
  readonly #registry = new Registry()
  readonly #lastRun = this.#gauge(
    'last_run_timestamp_seconds',
    'When the last audit ended; absent until one has',
  )
  readonly #duration = this.#gauge('duration_seconds', 'How long the last audit took')
  readonly #differences = this.#gauge(
    'differences',
    'Differences found by the last audit, or by the current one if it has found more',
  )
  readonly #done = this.#gauge('done_ratio', 'How much of the current audit is done, from 0 to 1')

  /** Empty before the first audit. */
  async text(run: AuditRun | null): Promise<string> {
    if (run === null) return ''
    const ended = endOfAudit(run)
    setWhereKnown(this.#lastRun, ended?.finishedAt ?? null)
    setWhereKnown(this.#duration, ended?.seconds ?? null)
    // Reports what the current audit has found without waiting for its end.
    const found = run.state?.report.differenceCount ?? 0
    this.#differences.set(Math.max(found, ended?.differenceCount ?? 0))
    this.#done.set(run.total === 0 ? 0 : run.done / run.total)
    return this.#registry.metrics()
  }

  #gauge(name: string, help: string): Gauge {
    return new Gauge({ name: `simtally_audit_${name}`, help, registers: [this.#registry] })
  }
}
