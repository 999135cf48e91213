/**
 * A drop folder: which of its files are complete, how they are opened, and where they go once they are
 * dealt with. No step overwrites a file, and a kill between any two steps leaves no file behind
 * unnoticed. Whoever drops files may be careless or hostile: names are bytes, anything but a plain file
 * is left alone, and a file may be something else a moment after it was checked.
 */
import { isUtf8 } from 'node:buffer'
import { type BigIntStats, constants } from 'node:fs'
import {
  access,
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  unlink,
} from 'node:fs/promises'
import { join, sep } from 'node:path'
import { UsageError } from '../../domain/usage-error.ts'
import { rawText } from '../raw-text.ts'

const OUTBOXES = ['done', 'failed'] as const

export type Outbox = (typeof OUTBOXES)[number]

/** Where a file is on its way to an outbox. Files found here at the start are put back. */
const MOVING_FOLDER = '.simtally'

const OWN_FOLDERS: readonly string[] = [...OUTBOXES, MOVING_FOLDER]

/** The usual ways for writers to mark a file as incomplete. */
const TEMPORARY_NAME = /^\.|~$|\.(?:part|partial|filepart|tmp|temp|crdownload)$/i

/** How many files with the same name are kept side by side; more would mean a program gone wrong. */
const SAME_NAMES_MAX = 10_000

/** The longest name that file systems allow, in bytes. */
const NAME_BYTES_MAX = 255

/** Opening must neither wait for the writer of a pipe nor follow a link elsewhere. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

export interface DroppedFile {
  /** Its name in messages and imports; bytes that are not UTF-8 are written as `\xNN`. */
  readonly name: string
  /** The folder's path and `name`. */
  readonly path: string
  readonly nameBytes: Buffer
  /** Changes when the content has changed, or belongs to another file. */
  readonly fingerprint: string
}

/** An entry of the folder that is not imported. */
export interface LeftAlone {
  readonly path: string
  /** Such as `a symbolic link`. */
  readonly what: string
}

export interface FolderScan {
  /** Oldest first, because a correction comes after what it corrects. */
  readonly complete: readonly DroppedFile[]
  /** The names of files that may still be written to. */
  readonly waiting: readonly string[]
  /** How long the file that has been there longest has been seen under its name; 0 if there is none. */
  readonly oldestMs: number
  /** What lies there and is not imported; reported by every scan. */
  readonly leftAlone: readonly LeftAlone[]
}

interface SeenFile {
  readonly fingerprint: string
  /** When it was first seen in this state, by this process's clock. */
  readonly sinceMs: number
  /** When a file of this name was first seen. */
  readonly firstMs: number
}

export class DropFolder {
  readonly path: string
  readonly #settleMs: number
  /** By the bytes of the name, as Latin-1. */
  #seen = new Map<string, SeenFile>()
  /** Files seen under a temporary name. Such a file is complete when it is renamed. */
  #temporary = new Set<string>()

  private constructor(path: string, settleMs: number) {
    this.path = path
    this.#settleMs = settleMs
  }

  /**
   * Creates `done` and `failed` if they are missing, and puts back what a killed process was about to
   * move. A file is complete once it has not changed for `settleMs`.
   */
  static async open(path: string, settleMs: number): Promise<DropFolder> {
    const moving = join(path, MOVING_FOLDER)
    try {
      await readdir(path)
      await access(path, constants.W_OK | constants.X_OK)
      for (const name of OWN_FOLDERS) await mkdir(join(path, name), { recursive: true })
      for (const name of await readdir(moving, { encoding: 'buffer' })) {
        const left = within(moving, name)
        if (await hasArrived(left, path)) await unlink(left)
        else await moveKeeping(left, path, name)
      }
    } catch (error) {
      throw folderFailure(path, error)
    }
    return new DropFolder(path, settleMs)
  }

  /**
   * Scans the folder at `nowMs`, by a clock that only goes forward. File system times tell the order of
   * files and that something changed, but never how long ago, because their clock may be another one.
   */
  async scan(nowMs: number): Promise<FolderScan> {
    const seen = new Map<string, SeenFile>()
    const temporary = new Set<string>()
    const complete: (DroppedFile & { modifiedNs: bigint })[] = []
    const waiting: string[] = []
    const leftAlone: LeftAlone[] = []
    let oldestMs = 0
    for (const nameBytes of await this.#names()) {
      const name = nameText(nameBytes)
      const path = join(this.path, name)
      const stats = await statsOf(within(this.path, nameBytes))
      if (stats === null) continue
      if (!stats.isFile()) {
        const what = kindOf(stats)
        if (!OWN_FOLDERS.includes(name)) leftAlone.push({ path, what })
        continue
      }
      if (TEMPORARY_NAME.test(name)) {
        temporary.add(fileIdOf(stats))
        continue
      }
      const key = nameBytes.toString('latin1')
      const fingerprint = fingerprintOf(stats)
      const sinceMs = this.#unchangedSince(key, fingerprint, stats) ?? nowMs
      const firstMs = this.#seen.get(key)?.firstMs ?? nowMs
      seen.set(key, { fingerprint, sinceMs, firstMs })
      oldestMs = Math.max(oldestMs, nowMs - firstMs)
      if (nowMs - sinceMs < this.#settleMs) waiting.push(name)
      else complete.push({ name, path, nameBytes, fingerprint, modifiedNs: stats.mtimeNs })
    }
    this.#seen = seen
    this.#temporary = temporary
    complete.sort(
      (a, b) => compare(a.modifiedNs, b.modifiedNs) || Buffer.compare(a.nameBytes, b.nameBytes),
    )
    return { complete, waiting, oldestMs, leftAlone }
  }

  /** Undefined for a file that was not yet seen in its present state. */
  #unchangedSince(key: string, fingerprint: string, stats: BigIntStats): number | undefined {
    const before = this.#seen.get(key)
    if (before?.fingerprint === fingerprint) return before.sinceMs
    // Without a time of birth, another file may have reused the number of a deleted one.
    const wasRenamed = stats.birthtimeNs > 0n && this.#temporary.has(fileIdOf(stats))
    return wasRenamed ? Number.NEGATIVE_INFINITY : undefined
  }

  /**
   * Opens the scanned file. Null if it has changed, is gone, or has been replaced by anything else of
   * that name. Throws `unreadable` if it may not be read.
   */
  async openFile({ path, nameBytes, fingerprint }: DroppedFile): Promise<FileHandle | null> {
    let file: FileHandle
    try {
      file = await open(within(this.path, nameBytes), OPEN_FLAGS)
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      if (OTHER_KIND.includes(code ?? '')) return null
      throw new UsageError('unreadable', `${path} cannot be opened (${code})`, { cause })
    }
    const stats = await file.stat({ bigint: true })
    if (stats.isFile() && fingerprintOf(stats) === fingerprint) return file
    await file.close()
    return null
  }

  /**
   * Moves a file that was dealt with; if its name is taken, it gets a number. Returns its new name, or
   * null if the file has changed since the scan, or is gone. A changed file counts as new.
   */
  async moveTo(outbox: Outbox, { nameBytes, fingerprint }: DroppedFile): Promise<string | null> {
    const isSame = async (place: Buffer) => {
      const stats = await statsOf(place)
      return stats !== null && fingerprintOf(stats) === fingerprint
    }
    const path = within(this.path, nameBytes)
    if (!(await isSame(path))) return null
    const moving = within(join(this.path, MOVING_FOLDER), nameBytes)
    try {
      // Somebody may have tidied up an empty one.
      for (const name of [outbox, MOVING_FOLDER]) {
        await mkdir(join(this.path, name), { recursive: true })
      }
      await rename(path, moving)
      // A writer may have put another file in its place between the check and the move.
      if (!(await isSame(moving))) {
        await moveKeeping(moving, this.path, nameBytes)
        return null
      }
      return await moveKeeping(moving, join(this.path, outbox), nameBytes).catch(async (error) => {
        // It stays visible where it was dropped, and the move is tried again.
        await moveKeeping(moving, this.path, nameBytes)
        throw error
      })
    } catch (error) {
      // Another process that watches this folder was faster.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw folderFailure(this.path, error)
    }
  }

  /** The names of an outbox's entries. */
  async namesIn(outbox: Outbox): Promise<string[]> {
    return await readdir(join(this.path, outbox)).catch(() => [])
  }

  pathOf(name: string): string {
    return join(this.path, name)
  }

  async #names(): Promise<Buffer[]> {
    try {
      return await readdir(this.path, { encoding: 'buffer' })
    } catch (error) {
      throw folderFailure(this.path, error)
    }
  }
}

/** Errors of opening if the scanned file is no longer there under its name. */
const OTHER_KIND = ['ENOENT', 'ELOOP', 'EMLINK', 'ENXIO', 'ENODEV', 'EISDIR']

/** Names in UTF-8 stay as they are. */
function nameText(nameBytes: Buffer): string {
  return isUtf8(nameBytes) ? nameBytes.toString() : rawText(nameBytes)
}

function within(folder: string, nameBytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(folder + sep), nameBytes])
}

function kindOf(stats: BigIntStats): string {
  if (stats.isSymbolicLink()) return 'a symbolic link'
  if (stats.isDirectory()) return 'a folder'
  if (stats.isFIFO()) return 'a pipe'
  return stats.isSocket() ? 'a socket' : 'a device'
}

/** Null if there is no such file, or none that may be read. */
async function statsOf(path: Buffer): Promise<BigIntStats | null> {
  return await lstat(path, { bigint: true }).catch(() => null)
}

function fingerprintOf({ dev, ino, size, mtimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${size}:${mtimeNs}`
}

function fileIdOf({ dev, ino, birthtimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${birthtimeNs}`
}

/** Whether two names are of one file, which is what an interrupted move leaves behind. */
function isSameFile(a: BigIntStats | null, b: BigIntStats | null): boolean {
  return a !== null && b !== null && a.dev === b.dev && a.ino === b.ino
}

/** Whether a killed process had moved the file, except for removing its old name. */
async function hasArrived(left: Buffer, path: string): Promise<boolean> {
  const stats = await statsOf(left)
  if (stats === null || stats.nlink < 2n) return false
  for (const outbox of OUTBOXES) {
    const folder = join(path, outbox)
    for (const name of await readdir(folder, { encoding: 'buffer' })) {
      if (isSameFile(await statsOf(within(folder, name)), stats)) return true
    }
  }
  return false
}

/** Moves without overwriting: to `usage.csv`, else `usage.csv.2` and so on. Returns the name. */
async function moveKeeping(from: Buffer, folder: string, nameBytes: Buffer): Promise<string> {
  for (let number = 1; number <= SAME_NAMES_MAX; number++) {
    const ending = Buffer.from(number === 1 ? '' : `.${number}`)
    // The longest names lose their last bytes to the number.
    const kept = nameBytes.subarray(0, NAME_BYTES_MAX - ending.length)
    const numbered = Buffer.concat([kept, ending])
    if (await moveIfFree(from, within(folder, numbered))) return nameText(numbered)
  }
  const name = nameText(nameBytes)
  throw new UsageError('conflict', `${folder} has ${SAME_NAMES_MAX} files of the name ${name}`, {
    hint: 'move them elsewhere',
  })
}

/** Errors from file systems that have no hard links. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']

async function moveIfFree(from: Buffer, to: Buffer): Promise<boolean> {
  try {
    // Renaming could overwrite a file that is created at this moment.
    await link(from, to)
    await unlink(from)
    return true
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    if (code === 'EEXIST') {
      if (!isSameFile(await statsOf(from), await statsOf(to))) return false
      await unlink(from)
      return true
    }
    if (!NO_LINKS.includes(code)) throw error
  }
  if ((await statsOf(to)) !== null) return false
  await rename(from, to)
  return true
}

export function folderFailure(path: string, error: unknown): unknown {
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
      : code === 'ENOSPC' || code === 'EDQUOT'
        ? 'its file system is full: make room there'
        : 'it must be allowed to read files there, to make folders and to move files into them'
  return new UsageError('unreadable', `the folder ${path} cannot be used (${code})`, {
    hint,
    cause: error,
  })
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}
