/**
 * Imports the files of drop folders, scan by scan: which of them to import now, into which feed, and
 * where they go afterwards. The caller decides how a file is imported and what is reported about it.
 */
import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import type { Feed } from '../../domain/directory.ts'
import type { DropFolderState } from '../../domain/drop-folder.ts'
import type { Import } from '../../domain/import.ts'
import { UsageError } from '../../domain/usage-error.ts'
import type { UsageStore } from '../../storage/usage-store.ts'
import { isReadAlike } from '../rereading.ts'
import type { DroppedFile, FolderScan, LeftAlone, Outbox } from './drop-folder.ts'
import type { WatchedPlace, WatchedPlaces } from './places.ts'

/** Short compared with any useful settle time, long compared with the cost of a scan. */
const LOOK_EVERY_MS = 500

const READ_BYTES = 256 * 1024

/** How often the store is told about a folder in which nothing changes. */
const TELL_EVERY_SECONDS = 60

/** What became of a file, from best to worst. */
export const FILE_OUTCOMES = ['done', 'quarantined', 'failed'] as const
export type FileOutcome = (typeof FILE_OUTCOMES)[number]

export interface OpenedFile {
  readonly name: string
  readonly feed: Feed
  readonly file: FileHandle
  readonly sizeBytes: number
}

/** What a person wants to know besides the result of an import. */
export type WatchEvent =
  | ({ readonly kind: 'left alone' } & LeftAlone)
  | { readonly kind: 'moved'; readonly path: string; readonly to: string }
  | { readonly kind: 'changed'; readonly path: string }
  /** The file is dealt with, and is moved once that is possible; reported once. */
  | {
      readonly kind: 'not moved'
      readonly path: string
      readonly outcome: FileOutcome
      readonly outbox: Outbox
      readonly failure: UsageError
    }
  /** The store is busy, and the file is tried again. */
  | { readonly kind: 'busy'; readonly path: string; readonly failure: UsageError }
  /** An import has already counted the same bytes. */
  | { readonly kind: 'known'; readonly path: string; readonly same: Import }

export interface FolderWatch {
  readonly store: Pick<UsageStore, 'noteDropFolder' | 'findCountedImport' | 'listFeeds'>
  readonly places: WatchedPlaces
  /** Ends when the files present at the first scan are dealt with. */
  readonly once: boolean
  readonly stopping: AbortSignal
  /** UTC seconds. */
  readonly clock: () => number
  /** Milliseconds of a clock that only goes forward. */
  readonly monotonicMs: () => number
  /** Resolves after this many milliseconds, or when the watch is stopping. */
  readonly pause: (ms: number) => Promise<void>
  /** Closes the file. Rejects if the store fails. */
  readonly importFile: (file: OpenedFile) => Promise<FileOutcome>
  /** For a file that cannot be opened. */
  readonly refuseFile: (
    file: Pick<OpenedFile, 'name' | 'feed'>,
    failure: UsageError,
  ) => Promise<FileOutcome>
  readonly tell: (event: WatchEvent) => Promise<void>
}

/** A file that was dealt with. */
interface DealtWith {
  readonly outcome: FileOutcome
  readonly outbox: Outbox
}

interface FileToImport {
  readonly place: WatchedPlace
  readonly file: DroppedFile
  readonly feed: Feed
}

/**
 * Returns the worst outcome of any file. Runs until it is stopped, or, with `once`, until the first
 * scan's files are done; the file being imported is always finished. A file is moved only after its
 * import has ended, so one that is interrupted stays and is imported again. Rejects if a folder or the
 * store cannot be used; a busy store is tried again.
 */
export function watchFolders(watch: FolderWatch): Promise<FileOutcome> {
  return new FolderWatcher(watch).run()
}

class FolderWatcher {
  readonly #watch: FolderWatch
  /** Files that were dealt with but cannot be moved, by fingerprint. */
  readonly #unmoved = new Map<string, DealtWith>()
  /** What was reported as left alone, by path and kind. */
  #leftAlone = new Set<string>()
  /** What the store was last told, by feed and path. */
  readonly #told = new Map<string, DropFolderState>()

  constructor(watch: FolderWatch) {
    this.#watch = watch
  }

  async run(): Promise<FileOutcome> {
    const { once, stopping, pause } = this.#watch
    let worst: FileOutcome = 'done'
    /** The files of the first scan that are still to be dealt with. */
    let first: Set<string> | null = null
    while (!stopping.aborted) {
      const { files, present } = await this.#look()
      first = first === null ? present : first.intersection(present)
      for (const file of files) {
        if (stopping.aborted) break
        if (once && !first.has(file.file.path)) continue
        const outcome = await this.#dealWith(file)
        if (outcome === 'busy') break
        if (outcome === 'changed') continue
        worst = worse(worst, outcome)
        first.delete(file.file.path)
      }
      if (once && first.size === 0) break
      await pause(LOOK_EVERY_MS)
    }
    await this.#look()
    return worst
  }

  /** The files that can be imported now, and the paths of all that will be. */
  async #look(): Promise<{ files: FileToImport[]; present: Set<string> }> {
    const { places, leftAlone: elsewhere } = await this.#watch.places.look()
    const files: FileToImport[] = []
    const present = new Set<string>()
    const leftAlone = [...elsewhere]
    for (const place of places) {
      const scan = await this.#scan(place)
      if (scan === null) continue
      const { routes } = place
      for (const name of scan.waiting) {
        if (routes.feedOf(name) !== null) present.add(place.folder.pathOf(name))
      }
      for (const file of scan.complete) {
        const feed = routes.feedOf(file.name)
        if (feed === null) leftAlone.push({ path: file.path, what: "no feed's, by its name," })
        else {
          files.push({ place, file, feed })
          present.add(file.path)
        }
      }
      leftAlone.push(...scan.leftAlone)
      await this.#tellStore(place, scan)
    }
    await this.#tellLeftAlone(leftAlone)
    return { files, present }
  }

  /** Null for a place that is gone or unusable, if the watch continues without it. */
  async #scan({ folder, mayGo }: WatchedPlace): Promise<FolderScan | null> {
    try {
      return await folder.scan(this.#watch.monotonicMs())
    } catch (error) {
      if (mayGo && error instanceof UsageError) return null
      throw error
    }
  }

  /** For lists and metrics. What cannot be stored now is sent after the next scan. */
  async #tellStore({ folder, routes }: WatchedPlace, scan: FolderScan): Promise<void> {
    const seenAt = this.#watch.clock()
    const names = [...scan.waiting, ...scan.complete.map(({ name }) => name)]
    const failed = await folder.namesIn('failed')
    for (const [i, feed] of routes.feeds.entries()) {
      const count = names.filter((name) => routes.feedOf(name)?.id === feed.id).length
      await this.#tellState({
        feedId: feed.id,
        path: folder.path,
        waiting: count,
        waitingSince: count === 0 ? null : seenAt - Math.floor(scan.oldestMs / 1000),
        failed: failed.filter((name) => routes.feedOf(name)?.id === feed.id).length,
        // It belongs to no feed, so the first one reports it.
        leftAlone: i === 0 ? scan.leftAlone.length : 0,
        seenAt,
      })
    }
  }

  async #tellState(state: DropFolderState): Promise<void> {
    const key = `${state.feedId} ${state.path}`
    const told = this.#told.get(key)
    const isNews =
      told === undefined ||
      Math.abs(state.seenAt - told.seenAt) >= TELL_EVERY_SECONDS ||
      told.waiting !== state.waiting ||
      told.failed !== state.failed ||
      told.leftAlone !== state.leftAlone
    if (!isNews) return
    try {
      await this.#watch.store.noteDropFolder(state)
      this.#told.set(key, state)
    } catch (error) {
      // Importing continues, and reports by itself what is wrong with the store.
      if (!(error instanceof UsageError)) throw error
    }
  }

  /** Once for each, as long as it is there. */
  async #tellLeftAlone(leftAlone: readonly LeftAlone[]): Promise<void> {
    const before = this.#leftAlone
    this.#leftAlone = new Set(leftAlone.map(({ path, what }) => `${what} ${path}`))
    for (const one of leftAlone) {
      if (!before.has(`${one.what} ${one.path}`)) {
        await this.#watch.tell({ kind: 'left alone', ...one })
      }
    }
  }

  async #dealWith(file: FileToImport): Promise<'busy' | 'changed' | FileOutcome> {
    const { path, fingerprint } = file.file
    let dealt = this.#unmoved.get(fingerprint)
    if (dealt === undefined) {
      try {
        const outcome = await this.#count(file)
        if (outcome === 'changed') return await this.#tellChanged(path)
        dealt = { outcome, outbox: outcome === 'failed' ? 'failed' : 'done' }
      } catch (error) {
        if (!(error instanceof UsageError) || error.code !== 'unavailable') throw error
        await this.#watch.tell({ kind: 'busy', path, failure: error })
        return 'busy'
      }
    }
    return await this.#move(file, dealt)
  }

  async #move({ place, file }: FileToImport, dealt: DealtWith): Promise<'changed' | FileOutcome> {
    const { outcome, outbox } = dealt
    const { path, fingerprint } = file
    try {
      const movedAs = await place.folder.moveTo(outbox, file)
      this.#unmoved.delete(fingerprint)
      if (movedAs === null) return await this.#tellChanged(path)
      await this.#watch.tell({ kind: 'moved', path, to: `${outbox}/${movedAs}` })
      return outcome
    } catch (error) {
      // If moving cannot work at all, the folder is of no use.
      if (!(error instanceof UsageError) || error.code === 'incompatible') throw error
      const isTold = this.#unmoved.has(fingerprint)
      this.#unmoved.set(fingerprint, dealt)
      if (!isTold) {
        await this.#watch.tell({ kind: 'not moved', path, outcome, outbox, failure: error })
      }
      return 'failed'
    }
  }

  async #tellChanged(path: string): Promise<'changed'> {
    await this.#watch.tell({ kind: 'changed', path })
    return 'changed'
  }

  /** Everything is read through one descriptor, because the name may meanwhile belong to another file. */
  async #count({ place, file: dropped, feed: of }: FileToImport): Promise<'changed' | FileOutcome> {
    const feed = await this.#feedAsItIs(of)
    const name = dropped.path
    let file: FileHandle | null
    try {
      file = await place.folder.openFile(dropped)
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      return await this.#watch.refuseFile({ name, feed }, error)
    }
    if (file === null) return 'changed'
    let known: Import | null
    try {
      known = await this.#findSameContent(file, feed)
    } catch (error) {
      await file.close()
      throw error
    }
    if (known === null) {
      return await this.#watch.importFile({ name, feed, file, sizeBytes: (await file.stat()).size })
    }
    await file.close()
    await this.#watch.tell({ kind: 'known', path: name, same: known })
    return 'done'
  }

  /** Somebody may have changed the feed since the watch began, or even renamed it. */
  async #feedAsItIs(feed: Feed): Promise<Feed> {
    return (await this.#watch.store.listFeeds()).find(({ id }) => id === feed.id) ?? feed
  }

  /** The import that has read the same bytes, if all of it counts. */
  async #findSameContent(file: FileHandle, feed: Feed): Promise<Import | null> {
    const hash = createHash('sha256')
    const bytes = file.createReadStream({ start: 0, autoClose: false, highWaterMark: READ_BYTES })
    try {
      for await (const chunk of bytes) hash.update(chunk)
    } catch {
      // The import reads it next, and reports what is wrong with it.
      return null
    }
    const known = await this.#watch.store.findCountedImport(feed.id, hash.digest('hex'))
    return known !== null && isReadAlike(known, feed) ? known : null
  }
}

function worse(a: FileOutcome, b: FileOutcome): FileOutcome {
  return FILE_OUTCOMES[Math.max(FILE_OUTCOMES.indexOf(a), FILE_OUTCOMES.indexOf(b))]!
}
