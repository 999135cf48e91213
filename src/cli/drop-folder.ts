/**
 * A folder into which files are dropped: which of them are complete, and where they go once they
 * are dealt with. No step overwrites a file, and a kill between any two leaves none behind unseen.
 */
import { type BigIntStats, constants } from 'node:fs'
import { access, link, lstat, mkdir, readdir, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { UsageError } from '../domain/usage-error.ts'

export type Outbox = 'done' | 'failed'

/** Where a file is on its way to an outbox. What is found there at the start goes back. */
const MOVING_FOLDER = '.simtally'

/** Writers' own ways of saying that a file is not complete yet. */
const TEMPORARY_NAME = /^\.|~$|\.(?:part|partial|filepart|tmp|temp|crdownload)$/i

/** Files of one name that are kept side by side; so many would be a program gone wrong. */
const SAME_NAMES_MAX = 10_000

export interface DroppedFile {
  readonly name: string
  readonly path: string
  /** Another one as soon as the content has changed, or is another file's. */
  readonly fingerprint: string
}

export interface FolderScan {
  /** Oldest first, as a correction comes after what it corrects. */
  readonly complete: readonly DroppedFile[]
  /** The names of files that may still be written to. */
  readonly waiting: readonly string[]
}

interface SeenFile {
  readonly fingerprint: string
  /** When it was first seen like this, by the clock of this process. */
  readonly sinceMs: number
}

export class DropFolder {
  readonly path: string
  readonly #settleMs: number
  #seen = new Map<string, SeenFile>()
  /** Files under a temporary name: such a one is complete when it is renamed. */
  #temporary = new Set<string>()

  private constructor(path: string, settleMs: number) {
    this.path = path
    this.#settleMs = settleMs
  }

  /**
   * Makes `done` and `failed` where they are missing, and puts back what a killed process was about
   * to move. A file is complete when it has not changed for `settleMs`.
   */
  static async open(path: string, settleMs: number): Promise<DropFolder> {
    const moving = join(path, MOVING_FOLDER)
    try {
      await readdir(path)
      await access(path, constants.W_OK | constants.X_OK)
      for (const name of ['done', 'failed', MOVING_FOLDER]) {
        await mkdir(join(path, name), { recursive: true })
      }
      for (const name of await readdir(moving)) await moveKeeping(join(moving, name), path, name)
    } catch (error) {
      throw folderFailure(path, error)
    }
    return new DropFolder(path, settleMs)
  }

  /**
   * Looks at the folder at `nowMs`, by a clock that only goes forward. The times of the file system
   * tell the order and that something changed, never how long ago: its clock may be another one.
   */
  async scan(nowMs: number): Promise<FolderScan> {
    const seen = new Map<string, SeenFile>()
    const temporary = new Set<string>()
    const complete: (DroppedFile & { modifiedNs: bigint })[] = []
    const waiting: string[] = []
    for (const name of await this.#names()) {
      const path = join(this.path, name)
      const stats = await statsOf(path)
      if (stats === null || !stats.isFile()) continue
      if (TEMPORARY_NAME.test(name)) {
        temporary.add(fileIdOf(stats))
        continue
      }
      const fingerprint = fingerprintOf(stats)
      const sinceMs = this.#unchangedSince(name, fingerprint, stats) ?? nowMs
      seen.set(name, { fingerprint, sinceMs })
      if (nowMs - sinceMs < this.#settleMs) waiting.push(name)
      else complete.push({ name, path, fingerprint, modifiedNs: stats.mtimeNs })
    }
    this.#seen = seen
    this.#temporary = temporary
    complete.sort((a, b) => compare(a.modifiedNs, b.modifiedNs) || compare(a.name, b.name))
    return { complete, waiting }
  }

  /** Undefined for a file that was not seen before as it is now. */
  #unchangedSince(name: string, fingerprint: string, stats: BigIntStats): number | undefined {
    const before = this.#seen.get(name)
    if (before?.fingerprint === fingerprint) return before.sinceMs
    // Without a time of birth, another file may have got the number of one that is gone.
    const wasRenamed = stats.birthtimeNs > 0n && this.#temporary.has(fileIdOf(stats))
    return wasRenamed ? Number.NEGATIVE_INFINITY : undefined
  }

  /**
   * Moves a file that was dealt with; where its name is taken, it gets a number. Answers its name
   * there, or null when the file has changed since it was scanned, or is gone: then it is new.
   */
  async moveTo(outbox: Outbox, { name, path, fingerprint }: DroppedFile): Promise<string | null> {
    const isSame = async (place: string) => {
      const stats = await statsOf(place)
      return stats !== null && fingerprintOf(stats) === fingerprint
    }
    if (!(await isSame(path))) return null
    const moving = join(this.path, MOVING_FOLDER, name)
    try {
      await rename(path, moving)
      // A writer may have put another file in its place between the look and the move.
      if (await isSame(moving)) return await moveKeeping(moving, join(this.path, outbox), name)
      await moveKeeping(moving, this.path, name)
    } catch (error) {
      // Another process that watches this folder was faster.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw folderFailure(this.path, error)
    }
    return null
  }

  async #names(): Promise<string[]> {
    try {
      return await readdir(this.path)
    } catch (error) {
      throw folderFailure(this.path, error)
    }
  }
}

/** Null when there is no such file, or none that may be looked at. */
async function statsOf(path: string): Promise<BigIntStats | null> {
  return await lstat(path, { bigint: true }).catch(() => null)
}

function fingerprintOf({ dev, ino, size, mtimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${size}:${mtimeNs}`
}

function fileIdOf({ dev, ino, birthtimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${birthtimeNs}`
}

/** Moves without overwriting: `usage.csv`, else `usage.csv.2` and so on. Answers the name. */
async function moveKeeping(from: string, folder: string, name: string): Promise<string> {
  for (let number = 1; number <= SAME_NAMES_MAX; number++) {
    const numbered = number === 1 ? name : `${name}.${number}`
    if (await moveIfFree(from, join(folder, numbered))) return numbered
  }
  throw new UsageError('conflict', `${folder} has ${SAME_NAMES_MAX} files of the name ${name}`, {
    hint: 'move them elsewhere',
  })
}

/** File systems that have no hard links answer with one of these. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']

async function moveIfFree(from: string, to: string): Promise<boolean> {
  try {
    // Renaming would overwrite a file that comes to be just now.
    await link(from, to)
    await unlink(from)
    return true
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    if (code === 'EEXIST') return false
    if (!NO_LINKS.includes(code)) throw error
  }
  if ((await statsOf(to)) !== null) return false
  await rename(from, to)
  return true
}

function folderFailure(path: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (error instanceof UsageError || code === undefined) return error
  if (code === 'ENOENT') {
    return new UsageError('not_found', `there is no folder ${path}`, { cause: error })
  }
  if (code === 'EXDEV') {
    const hint = 'done and failed have to be on the file system of the folder itself'
    return new UsageError('incompatible', `files cannot be moved within ${path} (${code})`, {
      hint,
      cause: error,
    })
  }
  const hint =
    code === 'ENOTDIR'
      ? 'name the folder into which the files are dropped'
      : 'it must be allowed to read files there, to make folders and to move files into them'
  return new UsageError('unreadable', `the folder ${path} cannot be used (${code})`, {
    hint,
    cause: error,
  })
}

function compare<T extends bigint | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0
}
