/** Imports the files that are dropped into a folder, until it is asked to stop. */
import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import type { Feed } from '../domain/directory.ts'
import type { DropFolderState } from '../domain/drop-folder.ts'
import type { Import } from '../domain/import.ts'
import { UsageError } from '../domain/usage-error.ts'
import {
  DropFolder,
  type DroppedFile,
  type FolderScan,
  type LeftAlone,
  type Outbox,
} from '../ingest/drop-folder.ts'
import { isReadAlike } from '../ingest/rereading.ts'
import type { UsageStore } from '../storage/usage-store.ts'
import { type CliContext, EXIT, type ExitCode, StopRequest } from './context.ts'
import { fileDelivery } from './delivery.ts'
import { report } from './failure.ts'
import { failDelivery, importOpened, worse } from './file-import.ts'

/** Short beside any settle time that helps, long beside what a look at the folder costs. */
const LOOK_EVERY_MS = 500

const READ_BYTES = 256 * 1024

/** How often the store is told how the folder is doing where nothing changes. */
const TELL_EVERY_SECONDS = 60

export interface FolderWatch {
  readonly store: UsageStore
  readonly feed: Feed
  readonly folder: string
  readonly settleSeconds: number
  /** Ends when the files that are there at the start are dealt with. */
  readonly once: boolean
  readonly batchSize: number | undefined
  readonly json: boolean
}

/**
 * Answers, with `once`, as `simtally import` does for those files; otherwise it goes on until the
 * process is asked to stop, and then ends after the file under way. A file is moved only after its
 * import has ended, so one that is interrupted stays and is imported again. Rejects when the folder
 * or the store cannot be used; a store that is busy is tried again.
 */
export async function watchFolder(context: CliContext, watch: FolderWatch): Promise<ExitCode> {
  const stopping = new AbortController()
  const unlisten = context.stop.listen(() => stopping.abort())
  try {
    const folder = await DropFolder.open(watch.folder, watch.settleSeconds * 1000)
    return await new FolderImport(context, watch, folder, stopping.signal).run()
  } finally {
    unlisten()
  }
}

/** A file that was dealt with. */
interface DealtWith {
  readonly exitCode: ExitCode
  readonly outbox: Outbox
}

class FolderImport {
  readonly #context: CliContext
  readonly #watch: FolderWatch
  readonly #folder: DropFolder
  readonly #stopping: AbortSignal
  /** Files that were dealt with and cannot be moved, by fingerprint; told once. */
  readonly #unmoved = new Map<string, DealtWith>()
  /** What was told to be left alone, by path and kind. */
  #leftAlone = new Set<string>()
  #told: DropFolderState | null = null

  constructor(context: CliContext, watch: FolderWatch, folder: DropFolder, stopping: AbortSignal) {
    this.#context = context
    this.#watch = watch
    this.#folder = folder
    this.#stopping = stopping
  }

  async run(): Promise<ExitCode> {
    let exitCode: ExitCode = EXIT.done
    /** What is still to be dealt with, of the files that were there at the first look. */
    let first: Set<string> | null = null
    while (!this.#stopping.aborted) {
      const scan = await this.#folder.scan(performance.now())
      const { complete, waiting, leftAlone } = scan
      await this.#tellLeftAlone(leftAlone)
      await this.#tellStore(scan)
      const present = new Set([...waiting, ...complete.map(({ name }) => name)])
      first = first === null ? present : first.intersection(present)
      for (const file of complete) {
        if (this.#stopping.aborted) break
        if (this.#watch.once && !first.has(file.name)) continue
        const outcome = await this.#dealWith(file)
        if (outcome === 'busy') break
        if (outcome === 'changed') continue
        exitCode = worse(exitCode, outcome)
        first.delete(file.name)
      }
      if (this.#watch.once && first.size === 0) break
      await setTimeout(LOOK_EVERY_MS, undefined, { signal: this.#stopping }).catch(() => {})
    }
    await this.#tellStore(await this.#folder.scan(performance.now()))
    return this.#watch.once ? exitCode : EXIT.done
  }

  /** For lists and metrics. What cannot be kept now is told at the next look. */
  async #tellStore({ complete, waiting, leftAlone, oldestMs }: FolderScan): Promise<void> {
    const { store, feed, folder: path } = this.#watch
    const seenAt = this.#context.clock()
    const count = complete.length + waiting.length
    const state: DropFolderState = {
      feedId: feed.id,
      path,
      waiting: count,
      waitingSince: count === 0 ? null : seenAt - Math.floor(oldestMs / 1000),
      failed: await this.#folder.countIn('failed'),
      leftAlone: leftAlone.length,
      seenAt,
    }
    const told = this.#told
    const isNews =
      told === null ||
      Math.abs(seenAt - told.seenAt) >= TELL_EVERY_SECONDS ||
      told.waiting !== state.waiting ||
      told.failed !== state.failed ||
      told.leftAlone !== state.leftAlone
    if (!isNews) return
    try {
      await store.noteDropFolder(state)
      this.#told = state
    } catch (error) {
      // Importing goes on, and says itself what is wrong with the store.
      if (!(error instanceof UsageError)) throw error
    }
  }

  /** Once for each, as long as it is there. */
  async #tellLeftAlone(leftAlone: readonly LeftAlone[]): Promise<void> {
    const before = this.#leftAlone
    this.#leftAlone = new Set(leftAlone.map(({ path, what }) => `${what} ${path}`))
    for (const { path, what } of leftAlone) {
      if (before.has(`${what} ${path}`)) continue
      await report(this.#context, `${path} is ${what} and is left alone: only files are imported`)
    }
  }

  async #dealWith(file: DroppedFile): Promise<'busy' | 'changed' | ExitCode> {
    let dealt = this.#unmoved.get(file.fingerprint)
    if (dealt === undefined) {
      try {
        const exitCode = await this.#count(file)
        if (exitCode === 'changed') return await this.#tellChanged(file)
        dealt = { exitCode, outbox: exitCode === EXIT.failed ? 'failed' : 'done' }
      } catch (error) {
        if (!(error instanceof UsageError) || error.code !== 'unavailable') throw error
        await report(this.#context, error.message, error.hint)
        await report(this.#context, `${file.path} stays where it is and is tried again`)
        return 'busy'
      }
    }
    return await this.#move(file, dealt)
  }

  async #move(file: DroppedFile, dealt: DealtWith): Promise<'changed' | ExitCode> {
    const { exitCode, outbox } = dealt
    try {
      const movedAs = await this.#folder.moveTo(outbox, file)
      this.#unmoved.delete(file.fingerprint)
      if (movedAs === null) return await this.#tellChanged(file)
      await report(this.#context, `${file.path}: moved to ${outbox}/${movedAs}`)
      return exitCode
    } catch (error) {
      // Where moving cannot work at all, the folder is of no use.
      if (!(error instanceof UsageError) || error.code === 'incompatible') throw error
      if (!this.#unmoved.has(file.fingerprint)) {
        await report(this.#context, error.message, error.hint)
        const what = exitCode === EXIT.failed ? 'could not be imported' : 'is imported'
        await report(
          this.#context,
          `${file.path} ${what} and is moved to ${outbox}/ once it can be`,
        )
      }
      this.#unmoved.set(file.fingerprint, dealt)
      return EXIT.failed
    }
  }

  async #tellChanged({ path }: DroppedFile): Promise<'changed'> {
    const what = 'has changed meanwhile, or is gone'
    await report(this.#context, `${path}: ${what}; what is there is imported once it is complete`)
    return 'changed'
  }

  /** Everything is read through one descriptor: the name may be another file's in the meantime. */
  async #count(dropped: DroppedFile): Promise<'changed' | ExitCode> {
    const { store, batchSize, json } = this.#watch
    const feed = await this.#feedAsItIs()
    // A signal does not cut the file short: it ends the watch after it.
    const context = { ...this.#context, stop: new StopRequest() }
    const name = dropped.path
    const fileImport = { store, feed, name, batchSize, json }
    let file: FileHandle | null
    try {
      file = await this.#folder.openFile(dropped)
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      return await failDelivery(context, fileImport, error)
    }
    if (file === null) return 'changed'
    let known: Import | null
    try {
      known = await this.#findSameContent(file, feed)
    } catch (error) {
      await file.close()
      throw error
    }
    if (known !== null) {
      await file.close()
      await this.#tellKnown(name, known)
      return EXIT.done
    }
    const sizeBytes = (await file.stat()).size
    return await importOpened(context, fileImport, fileDelivery(context, { name, file, sizeBytes }))
  }

  /** Somebody may have set it otherwise since the watch began; it may even have another name. */
  async #feedAsItIs(): Promise<Feed> {
    const { store, feed } = this.#watch
    return (await store.listFeeds()).find(({ id }) => id === feed.id) ?? feed
  }

  /** The import that has read the same bytes, and of which everything counts. */
  async #findSameContent(file: FileHandle, feed: Feed): Promise<Import | null> {
    const hash = createHash('sha256')
    const bytes = file.createReadStream({ start: 0, autoClose: false, highWaterMark: READ_BYTES })
    try {
      for await (const chunk of bytes) hash.update(chunk)
    } catch {
      // The import reads it next, and says what is wrong with it.
      return null
    }
    const known = await this.#watch.store.findCountedImport(feed.id, hash.digest('hex'))
    return known !== null && isReadAlike(known, feed) ? known : null
  }

  async #tellKnown(path: string, { id, source }: Import): Promise<void> {
    const { json } = this.#watch
    await this.#context.stdout.line(
      json
        ? JSON.stringify({ import: id, source: path, status: 'known', same_as: source })
        : `${path} has the content of ${source}, which import ${id} has counted`,
    )
  }
}
