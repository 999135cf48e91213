/** Imports the files that are dropped into a folder, until it is asked to stop. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import type { Feed } from '../domain/directory.ts'
import { type Import, recordCount } from '../domain/import.ts'
import { UsageError } from '../domain/usage-error.ts'
import type { UsageStore } from '../storage/usage-store.ts'
import { type CliContext, EXIT, type ExitCode, StopRequest } from './context.ts'
import { DropFolder, type DroppedFile, type Outbox } from './drop-folder.ts'
import { report } from './failure.ts'
import { importFile, worse } from './file-import.ts'

/** Short beside any settle time that helps, long beside what a look at the folder costs. */
const LOOK_EVERY_MS = 500

const READ_BYTES = 256 * 1024

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

class FolderImport {
  readonly #context: CliContext
  readonly #watch: FolderWatch
  readonly #folder: DropFolder
  readonly #stopping: AbortSignal

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
      const { complete, waiting } = await this.#folder.scan(performance.now())
      const present = new Set([...waiting, ...complete.map(({ name }) => name)])
      first = first === null ? present : first.intersection(present)
      for (const file of complete) {
        if (this.#stopping.aborted) break
        if (this.#watch.once && !first.has(file.name)) continue
        const outcome = await this.#dealWith(file)
        if (outcome === 'busy') break
        if (!outcome.isMoved) continue
        exitCode = worse(exitCode, outcome.exitCode)
        first.delete(file.name)
      }
      if (this.#watch.once && first.size === 0) return exitCode
      await setTimeout(LOOK_EVERY_MS, undefined, { signal: this.#stopping }).catch(() => {})
    }
    return this.#watch.once ? exitCode : EXIT.done
  }

  async #dealWith(file: DroppedFile): Promise<'busy' | { exitCode: ExitCode; isMoved: boolean }> {
    let exitCode: ExitCode
    try {
      exitCode = await this.#count(file)
    } catch (error) {
      if (!(error instanceof UsageError) || error.code !== 'unavailable') throw error
      await report(this.#context, error.message, error.hint)
      await report(this.#context, `${file.path} stays where it is and is tried again`)
      return 'busy'
    }
    const outbox: Outbox = exitCode === EXIT.failed ? 'failed' : 'done'
    const movedAs = await this.#folder.moveTo(outbox, file)
    const what =
      movedAs === null
        ? 'has changed meanwhile, or is gone; what is there is imported once it is complete'
        : `moved to ${outbox}/${movedAs}`
    await report(this.#context, `${file.path}: ${what}`)
    return { exitCode, isMoved: movedAs !== null }
  }

  async #count(file: DroppedFile): Promise<ExitCode> {
    const { store, feed, batchSize, json } = this.#watch
    const known = await this.#findSameContent(file)
    if (known !== null) {
      await this.#tellKnown(file, known)
      return EXIT.done
    }
    // A signal does not cut the file short: it ends the watch after it.
    const context = { ...this.#context, stop: new StopRequest() }
    return await importFile(context, { store, feed, name: file.path, batchSize, json })
  }

  /**
   * The import that has read the same bytes and counted all of them. One that left records in
   * quarantine is done again: what was missing then may be there now. So is one without records,
   * which says each time it comes that there was nothing to deliver.
   */
  async #findSameContent({ path }: DroppedFile): Promise<Import | null> {
    const hash = createHash('sha256')
    try {
      for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES })) {
        hash.update(chunk)
      }
    } catch {
      // The import reads it next, and says what is wrong with it.
      return null
    }
    const { store, feed } = this.#watch
    const known = await store.findImportByChecksum(feed.id, hash.digest('hex'))
    if (known === null || known.counts.quarantined > 0) return null
    return recordCount(known.counts) > 0 ? known : null
  }

  async #tellKnown({ path }: DroppedFile, { id, source }: Import): Promise<void> {
    const { json } = this.#watch
    await this.#context.stdout.line(
      json
        ? JSON.stringify({ import: id, source: path, status: 'known', same_as: source })
        : `${path} has the content of ${source}, which import ${id} has counted`,
    )
  }
}
