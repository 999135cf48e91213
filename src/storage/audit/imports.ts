/**
 * Compares what imports say they have counted with what they have left in the store. Each version in the
 * ledger or its history is one record that was accepted or replaced another. The numbers of duplicates
 * and expired records follow from nothing that is kept.
 */
import { DAY_SECONDS } from '../../domain/time.ts'
import type { Row } from '../rows.ts'
import type { Span } from './days.ts'
import type { Ask, Parameters } from './engine.ts'
import type { AuditDifference } from './report.ts'

/** How many versions each import has, by its id. */
export type VersionCounts = Map<number, number>

interface Range {
  readonly least: number
  /** `Infinity` if nothing tells. */
  readonly most: number
}

/** What an import's counts must be; a single number if `least` equals `most`. */
export interface ExpectedCounts {
  /** `accepted` and `replaced` together, because the stored versions do not tell which came first. */
  readonly counted: Range
  readonly quarantined: Range
}

export interface ImportCounts {
  readonly id: number
  readonly accepted: number
  readonly replaced: number
  readonly quarantined: number
}

/** Parameters: `day`, `dayEnd`, `purgedThrough`. */
const VERSIONS_OF_DAY = ['ledger', 'ledger_history'].map(
  (table) => `
    SELECT import_id, COUNT(*) AS versions FROM ${table}
    WHERE bucket >= :day AND bucket < :dayEnd AND occurred_at >= :purgedThrough
    GROUP BY import_id`,
)

export async function countVersions(ask: Ask, of: Parameters): Promise<VersionCounts> {
  const counts: VersionCounts = new Map()
  for (const text of VERSIONS_OF_DAY) {
    for (const row of await ask(text, of)) {
      const id = Number(row.import_id)
      counts.set(id, (counts.get(id) ?? 0) + Number(row.versions))
    }
  }
  return counts
}

/** Days on which the ledger or its history has versions of these imports. */
async function daysOfImports(ask: Ask, ids: ReadonlySet<number>): Promise<number[]> {
  const days = new Set<number>()
  const [least, most] = [Math.min(...ids), Math.max(...ids)]
  const buckets = await ask(
    'SELECT import_id, bucket FROM import_bucket WHERE import_id BETWEEN :least AND :most',
    { least, most },
  )
  for (const { import_id: id, bucket } of buckets) {
    if (ids.has(Number(id))) days.add(Number(bucket))
  }
  return [...days]
}

/** For some imports, on the state in view. Each of their days is read once. */
async function versionsOf(
  ask: Ask,
  ids: ReadonlySet<number>,
  purgedThrough: number,
): Promise<VersionCounts> {
  const versions: VersionCounts = new Map()
  for (const day of await daysOfImports(ask, ids)) {
    addVersions(versions, await countVersions(ask, { ...spanOf(day), purgedThrough }))
  }
  return versions
}

function spanOf(day: number) {
  return { day, dayEnd: day + DAY_SECONDS }
}

/** Adds one day's versions of each import to those of other days. */
export function addVersions(versions: VersionCounts, ofDay: VersionCounts): void {
  for (const [id, count] of ofDay) versions.set(id, (versions.get(id) ?? 0) + count)
}

/**
 * Compares all imports with the versions that were counted day by day while others wrote. Imports that do
 * not match are counted a second time, again day by day, so that nobody has to wait for the whole. Those
 * that match neither time are counted a third time, on one state. An import that has changed by then is
 * being written, and is left to the next audit.
 */
export class ImportsLook {
  readonly #counted: VersionCounts
  /** By day and by the start of a piece of it, because each may be looked at twice. */
  readonly #recounted = new Map<number, Map<number, VersionCounts>>()
  /** Those that did not match at first. */
  #left: ReadonlyMap<number, ImportFacts> = new Map()

  constructor(counted: VersionCounts) {
    this.#counted = counted
  }

  /** Returns the days that have to be counted a second time. */
  async begin(ask: Ask, purgedThrough: number): Promise<readonly number[]> {
    const books = await ImportBooks.read(ask, purgedThrough)
    this.#left = new Map(misfits(books, books.imports, this.#counted).map((one) => [one.id, one]))
    this.#recounted.clear()
    return this.#left.size === 0 ? [] : await daysOfImports(ask, new Set(this.#left.keys()))
  }

  forgetDay(day: number): void {
    this.#recounted.delete(day)
  }

  async countPiece(
    ask: Ask,
    { day, of }: { readonly day: number; readonly of: Parameters & Span },
  ): Promise<void> {
    const ofDay = this.#recounted.get(day) ?? new Map<number, VersionCounts>()
    this.#recounted.set(day, ofDay.set(of.day, await countVersions(ask, of)))
  }

  async end(ask: Ask, purgedThrough: number): Promise<AuditDifference[]> {
    if (this.#left.size === 0) return []
    const books = await ImportBooks.read(ask, purgedThrough)
    const again = books.imports.filter(({ id }) => this.#left.has(id))
    const recounted: VersionCounts = new Map()
    for (const ofDay of this.#recounted.values()) {
      for (const ofPiece of ofDay.values()) addVersions(recounted, ofPiece)
    }
    const steady = misfits(books, again, recounted).filter((found) =>
      isSame(found, this.#left.get(found.id)!),
    )
    if (steady.length === 0) return []
    const versions = await versionsOf(ask, new Set(steady.map(({ id }) => id)), purgedThrough)
    return misfits(books, steady, versions).map((found) =>
      countDifference(found, books.expected(found, versions.get(found.id) ?? 0)),
    )
  }
}

function misfits(
  books: ImportBooks,
  imports: readonly ImportFacts[],
  versions: VersionCounts,
): ImportFacts[] {
  return imports.filter((found) => !fits(found, books.expected(found, versions.get(found.id) ?? 0)))
}

function isSame(a: ImportFacts, b: ImportFacts): boolean {
  return (Object.keys(a) as (keyof ImportFacts)[]).every((name) => a[name] === b[name])
}

/** For one import; null if there is none. */
export async function expectedCounts(
  ask: Ask,
  id: number,
  purgedThrough: number,
): Promise<{ readonly found: ImportCounts; readonly expected: ExpectedCounts } | null> {
  const books = await ImportBooks.read(ask, purgedThrough)
  const found = books.imports.find((one) => one.id === id)
  if (found === undefined) return null
  const versions = await versionsOf(ask, new Set([id]), purgedThrough)
  return { found, expected: books.expected(found, versions.get(id) ?? 0) }
}

function isWithin(value: number, { least, most }: Range): boolean {
  return value >= least && value <= most
}

function fits(found: ImportCounts, { counted, quarantined }: ExpectedCounts): boolean {
  return (
    isWithin(found.accepted + found.replaced, counted) && isWithin(found.quarantined, quarantined)
  )
}

export function countDifference(found: ImportCounts, expected: ExpectedCounts): AuditDifference {
  const { id, accepted, replaced, quarantined } = found
  return {
    table: 'import',
    cell: `id ${id}, counts`,
    stored: `accepted ${accepted}, replaced ${replaced}, quarantined ${quarantined}`,
    recomputed:
      `accepted and replaced ${rangeInWords(expected.counted)}, ` +
      `quarantined ${rangeInWords(expected.quarantined)}`,
  }
}

function rangeInWords({ least, most }: Range): string {
  if (least === most) return `${least}`
  return most === Number.POSITIVE_INFINITY ? `at least ${least}` : `from ${least} to ${most}`
}

interface ImportFacts extends ImportCounts {
  readonly feedId: number
  readonly duplicate: number
  readonly isUndone: boolean
  readonly isOperators: boolean
  /** Null if it is unknown. */
  readonly usageFrom: number | null
}

/**
 * What the counts of imports follow from, on one state. Each question reads a single table, because Citus
 * requires that.
 */
class ImportBooks {
  readonly imports: readonly ImportFacts[]
  readonly #purgedThrough: number
  readonly #waiting: ReadonlyMap<number, number>
  readonly #repeats: ReadonlyMap<number, number>
  readonly #undoneVersions: ReadonlyMap<number, number>
  readonly #maxFeeds: ReadonlySet<number>
  readonly #feedsWithUndone: ReadonlySet<number>
  readonly #feedsWithAccounts: ReadonlySet<number>
  readonly #acts: ActsOfCounts

  static async read(ask: Ask, purgedThrough: number): Promise<ImportBooks> {
    const byImport = async (text: string) =>
      new Map((await ask(text)).map((row) => [Number(row.import_id), Number(row.count)]))
    return new ImportBooks(purgedThrough, {
      imports: (
        await ask(`
          SELECT id, feed_id, account_id, status, accepted, duplicate, replaced, quarantined, usage_from
          FROM import ORDER BY id`)
      ).map(factsFromRow),
      waiting: await byImport(
        'SELECT import_id, COUNT(*) AS count FROM quarantine_delivery GROUP BY import_id',
      ),
      repeats: await byImport(
        'SELECT import_id, SUM(records) AS count FROM repeat_run GROUP BY import_id',
      ),
      undoneVersions: await byImport(
        'SELECT import_id, COUNT(*) AS count FROM undone_version GROUP BY import_id',
      ),
      maxFeeds: (await ask("SELECT id FROM feed WHERE on_conflict = 'max'")).map(({ id }) =>
        Number(id),
      ),
      acts: new ActsOfCounts(await ask(SELECT_ACTS_OF_COUNTS)),
    })
  }

  private constructor(
    purgedThrough: number,
    read: {
      readonly imports: readonly ImportFacts[]
      readonly waiting: ReadonlyMap<number, number>
      readonly repeats: ReadonlyMap<number, number>
      readonly undoneVersions: ReadonlyMap<number, number>
      readonly maxFeeds: readonly number[]
      readonly acts: ActsOfCounts
    },
  ) {
    const feedsOf = (imports: readonly ImportFacts[]) =>
      new Set(imports.map(({ feedId }) => feedId))
    this.imports = read.imports
    this.#purgedThrough = purgedThrough
    this.#waiting = read.waiting
    this.#repeats = read.repeats
    this.#undoneVersions = read.undoneVersions
    this.#maxFeeds = new Set(read.maxFeeds)
    this.#feedsWithUndone = feedsOf(read.imports.filter(({ isUndone }) => isUndone))
    this.#feedsWithAccounts = feedsOf(read.imports.filter(({ isOperators }) => !isOperators))
    this.#acts = read.acts
  }

  expected(found: ImportFacts, versions: number): ExpectedCounts {
    return { counted: this.#counted(found, versions), quarantined: this.#quarantined(found) }
  }

  /**
   * Each version was accepted or replaced another, except those that came as a duplicate and have counted
   * since: they came late, replaced an account's version, or remained when an import was undone. Some of
   * an account's versions may be the operator's now. Some of any import's versions may have been accepted
   * again, so that the import repeats them.
   */
  #counted(found: ImportFacts, versions: number): Range {
    if (found.isUndone) {
      // The others were kept by other imports.
      const gone = this.#undoneVersions.get(found.id) ?? 0
      return { least: Math.max(0, gone - found.duplicate), most: Number.POSITIVE_INFINITY }
    }
    const fromDuplicates = this.#mayGain(found) ? found.duplicate : 0
    const toOthers =
      found.isOperators && !this.#acts.isDecided ? 0 : (this.#repeats.get(found.id) ?? 0)
    const mayBeGone = this.#mayBePurged(found) || found.id <= this.#acts.erasedThrough
    const most = mayBeGone ? Number.POSITIVE_INFINITY : versions + toOthers
    return { least: Math.max(0, versions - fromDuplicates), most }
  }

  #mayGain({ id, feedId }: ImportFacts): boolean {
    return (
      this.#maxFeeds.has(feedId) ||
      this.#acts.policiesChanged ||
      this.#acts.recycled.has(id) ||
      this.#feedsWithUndone.has(feedId) ||
      this.#feedsWithAccounts.has(feedId)
    )
  }

  #mayBePurged({ id, isOperators, usageFrom }: ImportFacts): boolean {
    if (this.#purgedThrough === Number.MIN_SAFE_INTEGER) return false
    return (
      !isOperators ||
      usageFrom === null ||
      usageFrom < this.#purgedThrough ||
      this.#acts.recycled.has(id)
    )
  }

  /** Entries that wait, plus those that were discarded or purged, whose number the log has. */
  #quarantined({ id, isUndone }: ImportFacts): Range {
    const { entriesGone, undoneEntries } = this.#acts
    if (isUndone && !undoneEntries.has(id)) return { least: 0, most: Number.POSITIVE_INFINITY }
    const waiting = (isUndone ? undoneEntries.get(id) : this.#waiting.get(id)) ?? 0
    return { least: waiting, most: waiting + entriesGone }
  }
}

function factsFromRow(row: Row): ImportFacts {
  const numbers = ['id', 'accepted', 'duplicate', 'replaced', 'quarantined'] as const
  return {
    ...(Object.fromEntries(numbers.map((name) => [name, Number(row[name])])) as Record<
      (typeof numbers)[number],
      number
    >),
    feedId: Number(row.feed_id),
    isUndone: row.status === 'undone',
    isOperators: row.account_id === null,
    usageFrom: row.usage_from === null ? null : Number(row.usage_from),
  }
}

const SELECT_ACTS_OF_COUNTS = `
  SELECT verb, object_kind, object, details FROM act
  WHERE object_kind = 'quarantine' OR verb IN ('purge', 'recycle', 'accept conflict', 'undo', 'erase')
     OR (verb = 'change' AND object_kind = 'feed')`

/** What the log says about acts that change what counts follow from. */
class ActsOfCounts {
  /** Imports with records that were counted later. */
  readonly recycled = new Set<number>()
  readonly undoneEntries = new Map<number, number>()
  /** True if conflicts in quarantine were decided. */
  isDecided = false
  /** True if a feed may have been under `max` before. */
  policiesChanged = false
  /** Imports up to this one may have had records erased. */
  erasedThrough = 0
  /** Quarantine entries, of all imports, that are gone but still counted. */
  entriesGone = 0

  constructor(acts: readonly Row[]) {
    for (const { verb, object_kind: kind, object, details } of acts) {
      const detail = (name: string) => numberOf(details as string, name)
      if (verb === 'recycle') this.recycled.add(Number(object))
      else if (verb === 'accept conflict') {
        this.recycled.add(Number(object))
        this.isDecided = true
      } else if (verb === 'undo')
        this.undoneEntries.set(Number(object), detail('quarantine_entries'))
      else if (verb === 'erase') {
        this.entriesGone += detail('quarantine_entries')
        if (kind === 'sim') this.erasedThrough = Math.max(this.erasedThrough, detail('last_import'))
      } else if (verb === 'purge') this.entriesGone += detail('quarantine_entries')
      else if (kind === 'quarantine') this.entriesGone += detail('discarded')
      else if ((details as string).includes('on_conflict')) this.policiesChanged = true
    }
  }
}

/** Unbounded if the log does not say. A manipulated log shows by its checksum. */
function numberOf(details: string, name: string): number {
  try {
    const value = (JSON.parse(details) as Record<string, unknown>)[name]
    return typeof value === 'number' ? value : Number.POSITIVE_INFINITY
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
