/** A store with one account and one SIM, to which tests deliver usage records like incoming files. */
import assert from 'node:assert/strict'
import type { Account, Feed, FeedFormat, Sim } from '../../src/domain/directory.ts'
import type { VerdictCounts } from '../../src/domain/import.ts'
import { DAY_SECONDS, formatInstant } from '../../src/domain/time.ts'
import {
  type ImportProgress,
  type ImportSummary,
  importRecords,
} from '../../src/ingest/import-records.ts'
import type { UsageStore } from '../../src/storage/usage-store.ts'
import {
  aFeed,
  anAccount,
  aSim,
  iccidOf,
  imsiOf,
  msisdnOf,
  NOW,
  newSimSid,
  sidOf,
} from './builders.ts'
import { inChunks } from './record-files.ts'
import { openTempStore, type TempStore } from './temp-store.ts'

export interface DeliveryOptions {
  readonly format?: FeedFormat
  readonly account?: Account | null
  readonly batchRecordsMax?: number
  /** The sizes of the chunks in which the bytes come, over and over; all at once by default. */
  readonly chunkBytes?: readonly number[]
  readonly now?: number
  readonly onProgress?: (progress: ImportProgress) => void
}

/** The names of one account's only SIM. */
export const SIM_NAMES = {
  sid: sidOf('DE', 1),
  iccid: iccidOf(1),
  imsis: [imsiOf(1)],
  msisdn: msisdnOf(1),
  uniqueName: 'tracker-1',
} as const

/** A separate feed and SIM for a test, without earlier deliveries. */
export interface World {
  readonly feed: Feed
  readonly sim: Sim
  deliver(
    content: string | Uint8Array | AsyncIterable<Uint8Array>,
    options?: DeliveryOptions,
  ): Promise<ImportSummary>
  /** `count` CSV lines, a second apart, beginning with number `from`; `usageOf` gives their sums. */
  lines(count: number, from?: number): string[]
}

export const CSV_HEADER = 'record_id,sim,occurred_at,plmn,upload,download,to_sim,from_sim\n'

export const csv = (lines: readonly string[]) => CSV_HEADER + lines.join('')

/** What `count` of a world's lines add up to, in the form of `usage`. */
export const usageOf = (count: number) => [
  `home US ${count}/${2 * count}/${3 * count}/${4 * count}`,
]

export class IngestFixture {
  readonly temp: TempStore
  readonly account: Account
  readonly sim: Sim

  private constructor(temp: TempStore, account: Account, sim: Sim) {
    this.temp = temp
    this.account = account
    this.sim = sim
  }

  static async open(): Promise<IngestFixture> {
    const temp = await openTempStore()
    const account = await temp.store.createAccount(anAccount())
    const options = { at: NOW, newSid: newSimSid }
    return new IngestFixture(
      temp,
      account,
      await temp.store.createSim(account.id, aSim(SIM_NAMES), options),
    )
  }

  get store(): UsageStore {
    return this.temp.store
  }

  close(): Promise<void> {
    return this.temp.dispose()
  }

  newFeed(stated: Partial<Omit<Feed, 'id'>> = {}): Promise<Feed> {
    return this.store.createFeed(aFeed(stated))
  }

  async newWorld(stated: Partial<Omit<Feed, 'id'>> = {}): Promise<World> {
    const feed = await this.newFeed(stated)
    const options = { at: NOW, newSid: newSimSid }
    const sim = await this.store.createSim(this.account.id, aSim(), options)
    const line = (second: number) => {
      const at = formatInstant(NOW - DAY_SECONDS + second)
      return `r${second},${sim.sid},${at},310-260,1,2,3,4\n`
    }
    return {
      feed,
      sim,
      deliver: (content, delivery) => this.deliver(feed, content, delivery),
      lines: (count, from = 0) => Array.from({ length: count }, (_, i) => line(from + i)),
    }
  }

  deliver(
    feed: Feed,
    content: string | Uint8Array | AsyncIterable<Uint8Array>,
    { chunkBytes, now = NOW, account = null, ...options }: DeliveryOptions = {},
  ): Promise<ImportSummary> {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    return importRecords({
      store: this.store,
      feed,
      account,
      source: {
        name: `usage.${feed.format}`,
        bytes:
          bytes instanceof Uint8Array ? inChunks(bytes, chunkBytes ?? [bytes.length + 1]) : bytes,
      },
      clock: () => now,
      ...options,
    })
  }

  /**
   * Everything that the SIM used, one line per zone and country: bytes up, down, Commands to and from it.
   */
  async usage(sim: Sim = this.sim, now = NOW): Promise<string[]> {
    const groups = await this.store.queryUsage({
      scope: { simId: sim.id },
      start: now - 730 * DAY_SECONDS,
      end: now + 2 * DAY_SECONDS,
      granularity: 'all',
    })
    return groups.map(
      ({ zone, country, upload, download, toSim, fromSim }) =>
        `${zone} ${country ?? '-'} ${upload}/${download}/${toSim}/${fromSim}`,
    )
  }

  /** `line reason` for everything that an import quarantined, by line. */
  async quarantined({ import: { id } }: Pick<ImportSummary, 'import'>): Promise<string[]> {
    const entries = await this.store.listQuarantine({ importId: id }, { limit: 1_000 })
    return entries.sort((a, b) => a.line - b.line).map(({ line, reason }) => `${line} ${reason}`)
  }

  async assertAuditClean(): Promise<void> {
    assert.deepEqual((await this.store.audit()).differences, [])
  }
}

/** The verdicts of a successful import, without those that no record had. */
export function verdicts({ import: { status, error, counts } }: ImportSummary) {
  assert.deepEqual([status, error], ['done', null])
  return someOf(counts)
}

export function someOf(counts: VerdictCounts): Partial<VerdictCounts> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
}
