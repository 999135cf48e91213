/** Tries quarantined records again, and counts those that can now be counted. */
import type { Account, Feed } from '../domain/directory.ts'
import {
  addVerdicts,
  type Import,
  NO_VERDICTS,
  type QuarantineEntry,
  type QuarantineReason,
  type VerdictCounts,
} from '../domain/import.ts'
import { nameScopeOf } from '../domain/sim-names.ts'
import { UsageError } from '../domain/usage-error.ts'
import type { UsageEvent } from '../domain/usage-event.ts'
import type {
  ConflictAcceptance,
  RecordFault,
  RecycleBatch,
  UsageStore,
} from '../storage/usage-store.ts'
import { EventResolver } from './event-resolver.ts'
import { TOO_LARGE, writeFitting } from './fitting.ts'
import { ImportRereader } from './rereading.ts'
import { RestartStarts } from './restart-starts.ts'

/** How many entries are handled at once: what stays in memory, and the most for one transaction. */
export const RECYCLE_ENTRIES_MAX = 5_000

/** Each holds its SIMs. Entries of more imports at once are rare, and only ask again. */
const IMPORTS_REMEMBERED_MAX = 16

/** How many records that still wait a summary has. */
export const STILL_WAITING_SHOWN_MAX = 10

export interface RecycleRequest {
  readonly store: UsageStore
  /** Which entries; all if empty. */
  readonly filter: {
    readonly importId?: number
    readonly feedId?: number
    readonly reason?: QuarantineReason
    readonly line?: number
    /** If given, only those of these entries that match the rest. */
    readonly entryIds?: readonly number[]
  }
  /** UTC seconds. */
  readonly clock: () => number
  /** For conflicts only: what waits counts, in place of what it contradicts. */
  readonly acceptance?: ConflictAcceptance
}

/** An entry that stays, and why. */
export interface StillWaiting extends Pick<RecordFault, 'reason' | 'detail'> {
  readonly entry: QuarantineEntry
  /** Why it could not even be tried again; null if it could. */
  readonly unreadable: string | null
}

export interface RecycleSummary {
  /** One verdict per entry that was tried; `quarantined` are those that stay. */
  readonly counts: VerdictCounts
  /** How many of those that stay could not be read again at all. */
  readonly unreadable: number
  /** The first `STILL_WAITING_SHOWN_MAX`. */
  readonly firstWaiting: readonly StillWaiting[]
}

/**
 * Counts quarantined records as if they had been right the first time, as records of the import and line
 * that brought them. Those that still cannot be counted stay, with their present reason.
 */
export async function recycleRecords(request: RecycleRequest): Promise<RecycleSummary> {
  const run = new RecycleRun(request)
  for await (const entries of pagesOf(request)) {
    const groups = Map.groupBy(entries, ({ importId }) => importId)
    for (const [importId, ofImport] of groups) await run.recycle(importId, ofImport)
  }
  return run.summary()
}

/** In order of arrival. Entries that keep waiting keep their place. */
async function* pagesOf({ store, filter }: RecycleRequest): AsyncGenerator<QuarantineEntry[]> {
  const { entryIds, line, ...conditions } = filter
  if (entryIds !== undefined) {
    yield await namedEntries(store, filter, [...new Set(entryIds)])
    return
  }
  let afterId = 0
  for (;;) {
    const page = await store.listQuarantine(conditions, { limit: RECYCLE_ENTRIES_MAX, afterId })
    if (page.length === 0) return
    yield line === undefined ? page : page.filter((entry) => entry.line === line)
    afterId = page.at(-1)!.id
  }
}

async function namedEntries(
  store: UsageStore,
  { importId, feedId, reason }: RecycleRequest['filter'],
  entryIds: readonly number[],
): Promise<QuarantineEntry[]> {
  const feedName = (await store.listFeeds()).find(({ id }) => id === feedId)?.name
  const entries: QuarantineEntry[] = []
  for (const id of entryIds.toSorted((a, b) => a - b)) {
    const entry = await store.findQuarantineEntry(id)
    if (entry === null) continue
    const fits =
      (importId === undefined || entry.importId === importId) &&
      (feedId === undefined || entry.feedName === feedName) &&
      (reason === undefined || entry.reason === reason)
    if (fits) entries.push(entry)
  }
  return entries
}

/** What it takes to try an import's records again. */
interface KnownImport {
  readonly found: Import
  readonly feed: Feed
  readonly rereader: ImportRereader
  readonly resolver: EventResolver
  readonly account: Account | null
  readonly restarts: RestartStarts
}

class RecycleRun {
  readonly #store: UsageStore
  readonly #clock: () => number
  readonly #acceptance: ConflictAcceptance | undefined
  readonly #imports = new Map<number, KnownImport | null>()
  #counts: VerdictCounts = NO_VERDICTS
  #unreadable = 0
  readonly #firstWaiting: StillWaiting[] = []

  constructor({ store, clock, acceptance }: RecycleRequest) {
    this.#store = store
    this.#clock = clock
    this.#acceptance = acceptance
  }

  summary(): RecycleSummary {
    return {
      counts: this.#counts,
      unreadable: this.#unreadable,
      firstWaiting: this.#firstWaiting,
    }
  }

  async recycle(importId: number, entries: readonly QuarantineEntry[]): Promise<void> {
    const known = await this.#knownImport(importId)
    // It was undone meanwhile, and its entries with it.
    if (known === null) return
    if (this.#acceptance !== undefined) requireDecidable(known.feed, entries)
    const batch = new OpenRecycleBatch(known, this.#clock())
    const read = entries.map((entry) => ({ entry, record: known.rereader.read(entry) }))
    const readable = read.flatMap(({ entry, record }) => {
      if (!('unreadable' in record)) return [{ entry, record }]
      const { reason, detail } = entry
      this.#unreadable++
      this.#stays({ entry, reason, detail, unreadable: record.unreadable })
      return []
    })
    const records = readable.map(({ record }) => record)
    const results = await known.resolver.resolveEach(records, this.#clock())
    for (const [i, result] of results.entries()) {
      const { entry } = readable[i]!
      if (result !== 'expired' && 'reason' in result) {
        if (result.reason !== entry.reason) batch.addFault(entry, result)
        else this.#stays({ entry, reason: result.reason, detail: result.detail, unreadable: null })
      } else {
        if (result !== 'expired' && batch.hasSame(result)) await this.#write(batch)
        batch.add(entry, result)
      }
    }
    await this.#write(batch)
    const isEvent = (result: (typeof results)[number]) =>
      result !== 'expired' && !('reason' in result)
    await this.#addStarts(known, results.filter(isEvent) as UsageEvent[])
  }

  /** As their import would have done, had they been right the first time. */
  async #addStarts(
    { found, feed, account, restarts }: KnownImport,
    events: readonly UsageEvent[],
  ): Promise<void> {
    if (!events.some(({ reading }) => reading?.resets === 'start')) return
    await restarts.note()
    const starts = restarts.missingBefore(events)
    if (starts.length === 0) return
    await this.#store.append({
      ...{ importId: found.id, feed: { id: feed.id, onConflict: feed.onConflict } },
      ...{ accountId: account?.id ?? null, events: starts, quarantined: [], expired: 0 },
      knownAt: this.#clock(),
    })
  }

  async #write(batch: OpenRecycleBatch): Promise<void> {
    const taken = batch.take()
    if (taken === null) return
    const { events, faults, expired } = taken.batch
    let isWhole = false
    const left = await writeFitting(events, async (part) => {
      const hasAll = part === events
      const rest = hasAll ? { faults, expired } : { faults: [], expired: [] }
      await this.#count(taken, { events: [...part], ...rest })
      isWhole = hasAll
    })
    if (isWhole) return
    const tooLarge = left.flatMap(({ entryId, event }) => {
      const entry = taken.entries.get(entryId)!
      if (entry.reason !== TOO_LARGE.reason) {
        const { record } = taken.quarantined(event, TOO_LARGE)
        return [{ entryId, fault: { ...TOO_LARGE, ...(record !== undefined && { record }) } }]
      }
      this.#stays({ entry, reason: entry.reason, detail: entry.detail, unreadable: null })
      return []
    })
    const newFaults = [...faults, ...tooLarge]
    if (newFaults.length + expired.length > 0) {
      await this.#count(taken, { events: [], faults: newFaults, expired })
    }
  }

  async #count(
    taken: TakenBatch,
    part: Pick<RecycleBatch, 'events' | 'faults' | 'expired'>,
  ): Promise<void> {
    const acceptance = this.#acceptance
    const { counts, conflicts } = await this.#store.recycle({
      ...taken.batch,
      ...part,
      ...(acceptance !== undefined && { acceptance }),
    })
    this.#counts = addVerdicts(this.#counts, counts)
    for (const { entryId, fault } of part.faults) {
      this.#show({ entry: taken.entries.get(entryId)!, ...fault, unreadable: null })
    }
    const entryOfLine = new Map(part.events.map(({ entryId, event }) => [event.line, entryId]))
    for (const conflict of conflicts) {
      const entry = taken.entries.get(entryOfLine.get(conflict.line)!)!
      this.#show({ entry, ...conflict, unreadable: null })
    }
  }

  #stays(waiting: StillWaiting): void {
    this.#counts = addVerdicts(this.#counts, { ...NO_VERDICTS, quarantined: 1 })
    this.#show(waiting)
  }

  #show({ entry, reason, detail, unreadable }: StillWaiting): void {
    if (this.#firstWaiting.length >= STILL_WAITING_SHOWN_MAX) return
    this.#firstWaiting.push({ entry, reason, detail, unreadable })
  }

  async #knownImport(importId: number): Promise<KnownImport | null> {
    const known = this.#imports.get(importId)
    if (known !== undefined) return known
    const found = await this.#store.findImport(importId)
    const feed = found === null ? null : await this.#store.findFeed(found.feedName)
    const opened = found === null || feed === null ? null : await this.#open(found, feed)
    if (this.#imports.size >= IMPORTS_REMEMBERED_MAX) this.#imports.clear()
    this.#imports.set(importId, opened)
    return opened
  }

  async #open(found: Import, feed: Feed): Promise<KnownImport> {
    // What an account's key has delivered can only mean the account's SIMs, now as then.
    const account: Account | null =
      found.accountSid === null ? null : await this.#store.findAccount(found.accountSid)
    const resolver = new EventResolver(this.#store, feed, account)
    const restarts = new RestartStarts({
      ...{ store: this.#store, feedId: feed.id, importId: async () => found.id },
      ...{ accountId: account?.id ?? null, announced: () => [] },
      isOfOneAccount: nameScopeOf(feed, account).accountId !== null,
    })
    return { found, feed, account, rereader: new ImportRereader(found, feed), resolver, restarts }
  }
}

/** Throws `conflict` if there is nothing for a person to decide. */
function requireDecidable({ name, onConflict }: Feed, entries: readonly QuarantineEntry[]): void {
  const other = entries.find(({ reason }) => reason !== 'conflict')
  if (other !== undefined) {
    const { importId, line, reason } = other
    throw new UsageError(
      'conflict',
      `import ${importId}, line ${line}: it waits as ${reason}, and contradicts nothing that counts`,
      { hint: 'recycle it once the reason is gone; only conflicts are accepted' },
    )
  }
  if (onConflict === 'reject') return
  throw new UsageError(
    'conflict',
    `feed ${JSON.stringify(name)} decides between versions itself: its conflict policy is ${onConflict}`,
    { hint: 'recycle the record, or set the policy to reject first' },
  )
}

interface TakenBatch {
  readonly batch: RecycleBatch
  readonly entries: ReadonlyMap<number, QuarantineEntry>
  readonly quarantined: EventResolver['quarantinedEvent']
}

/** Entries of one import, no two of which are the same event. */
class OpenRecycleBatch {
  readonly #known: KnownImport
  readonly #knownAt: number
  #identities = new Set<string>()
  #entries = new Map<number, QuarantineEntry>()
  #events: { entryId: number; event: UsageEvent }[] = []
  #expired: number[] = []
  #faults: { entryId: number; fault: RecordFault }[] = []

  constructor(known: KnownImport, knownAt: number) {
    this.#known = known
    this.#knownAt = knownAt
  }

  hasSame(event: UsageEvent): boolean {
    return this.#identities.has(identityOf(event)) || this.#identities.has(`line ${event.line}`)
  }

  add(entry: QuarantineEntry, result: UsageEvent | 'expired'): void {
    this.#entries.set(entry.id, entry)
    if (result === 'expired') this.#expired.push(entry.id)
    else {
      this.#identities.add(identityOf(result)).add(`line ${result.line}`)
      this.#events.push({ entryId: entry.id, event: result })
    }
  }

  addFault(entry: QuarantineEntry, fault: RecordFault): void {
    this.#entries.set(entry.id, entry)
    this.#faults.push({ entryId: entry.id, fault })
  }

  /** Takes what has been collected and starts over; null if there is nothing. */
  take(): TakenBatch | null {
    if (this.#entries.size === 0) return null
    const { found, feed, resolver } = this.#known
    const entries = this.#entries
    const batch: RecycleBatch = {
      importId: found.id,
      feed: { id: feed.id, onConflict: feed.onConflict },
      events: this.#events,
      expired: this.#expired,
      faults: this.#faults,
      knownAt: this.#knownAt,
    }
    this.#identities = new Set()
    this.#entries = new Map()
    this.#events = []
    this.#expired = []
    this.#faults = []
    const quarantined: TakenBatch['quarantined'] = (event, fault) =>
      resolver.quarantinedEvent(event, fault)
    return { batch, entries, quarantined }
  }
}

function identityOf({ simId, occurredAt, recordId }: UsageEvent): string {
  return `${simId} ${occurredAt} ${recordId}`
}
