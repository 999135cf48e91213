/**
 * A database file as the file system knows it: what may be opened, how it is created, and whether it is
 * still the one that was opened. Nothing here opens a file that may be in use, because closing it would
 * release the locks that SQLite holds on it for this process.
 */
import {
  closeSync,
  mkdirSync,
  openSync,
  realpathSync,
  type Stats,
  statfsSync,
  statSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { UsageError } from '../../domain/usage-error.ts'

/** Only the user who created a file may read and write it. */
export const FILE_MODE = 0o600
export const FOLDER_MODE = 0o700

const OTHERS_MAY = 0o077

/** File systems whose files are answers of the kernel: procfs, sysfs, cgroups, devpts and the like. */
const KERNEL_FILE_SYSTEMS: ReadonlySet<number> = new Set([
  0x9fa0, 0x62656572, 0x27e0eb, 0x63677270, 0x1cd1, 0x64626720, 0x74726163, 0x73636673, 0x6165676c,
])

/** Device and inode of the database, and of the two files that SQLite keeps beside it. */
export interface FileIdentity {
  readonly database: string
  /** Null until it exists. */
  readonly log: string | null
  readonly index: string | null
}

/** Creates an empty file for a database, and the folders above it, if they are missing. */
export function createDatabase(path: string): void {
  if (statOf(path) !== null) return
  makeFolderOf(path)
  try {
    closeSync(openSync(path, 'wx', FILE_MODE))
  } catch (error) {
    // Another process was quicker.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** Creates the folders above a file, if they are missing. */
export function makeFolderOf(path: string): void {
  makeFolder(dirname(path), path)
}

/** One folder after the other, because Node's recursive call never ends on some file systems. */
function makeFolder(folder: string, path: string): void {
  if (statOf(folder) !== null) {
    refuseKernelFile(folder, path)
    return
  }
  makeFolder(dirname(folder), path)
  try {
    mkdirSync(folder, FOLDER_MODE)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/**
 * Throws `missing` if there is no file or an empty one, and `incompatible` if it is not a regular file.
 * Only SQLite may look inside it.
 */
export function requireStoreFile(
  path: string,
  { mayBeEmpty }: { readonly mayBeEmpty: boolean },
): void {
  const found = statOf(path)
  if (found === null) throw noStore(`there is no store at ${path}`)
  if (!found.isFile()) {
    throw new UsageError(
      'incompatible',
      `${path} is ${kindOf(found)}, not a database; ${NAME_ANOTHER}`,
    )
  }
  refuseKernelFile(path, path)
  if (found.size === 0 && !mayBeEmpty) throw emptyStore(path)
}

/** What to say about a file that other users may read or write; null if there is nothing to say. */
export function warningOfMode(path: string): string | null {
  const mode = statSync(path).mode & 0o777
  if ((mode & OTHERS_MAY) === 0) return null
  return `${path} can be read or written by other users (mode ${mode.toString(8)}); chmod 600 ends that`
}

const NAME_ANOTHER = 'name another file with --database'

export function emptyStore(path: string): UsageError {
  return noStore(`${path} is empty, and no store yet`)
}

function noStore(what: string): UsageError {
  return new UsageError('missing', `${what}; simtally init makes one, or ${NAME_ANOTHER}`)
}

function kindOf(found: Stats): string {
  if (found.isDirectory()) return 'a folder'
  if (found.isFIFO()) return 'a pipe'
  if (found.isSocket()) return 'a socket'
  return 'a device'
}

function refuseKernelFile(existing: string, path: string): void {
  if (!KERNEL_FILE_SYSTEMS.has(statfsSync(existing).type)) return
  const message = `${path} is where the system shows its own state, and keeps no files; ${NAME_ANOTHER}`
  throw new UsageError('incompatible', message)
}

/** Null if nothing is there. */
function statOf(path: string): Stats | null {
  return statSync(path, { throwIfNoEntry: false }) ?? null
}

function identityOf(path: string): string | null {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  return found === undefined ? null : `${found.dev}:${found.ino}`
}

/** Of the database alone, before it is opened. Throws `missing`. */
export function identifyFile(path: string): FileIdentity {
  const database = identityOf(path)
  if (database === null) throw noStore(`there is no store at ${path}`)
  return { database, log: null, index: null }
}

/** SQLite puts its files beside the file that a link leads to. */
export function filesBeside(path: string): { readonly log: string; readonly index: string } {
  const real = realpathSync.native(path)
  return { log: `${real}-wal`, index: `${real}-shm` }
}

/** Throws `missing` or `replaced` unless the files that were opened are still in their place. */
export function requireSameFiles(path: string, files: FileIdentity): void {
  const database = identityOf(path)
  if (database === null) {
    throw new UsageError('missing', `${path} is gone; nothing is answered until it is back`)
  }
  if (database !== files.database) {
    throw new UsageError(
      'replaced',
      `another file has taken the place of ${path}; restart to use it`,
    )
  }
  if (files.log === null) return
  const beside = filesBeside(path)
  for (const [file, known] of [
    [beside.log, files.log],
    [beside.index, files.index],
  ] as const) {
    if (identityOf(file) === known) continue
    throw new UsageError(
      'replaced',
      `${file} was removed or replaced while it was in use; stop all processes on it, then start again`,
    )
  }
}

/** Time between two checks while the files are in their place, in milliseconds. */
const LOOK_AGAIN_MS = 1_000

/** Knows whether an open store's files are in their place, and whole. */
export class FileGuard {
  readonly files: FileIdentity
  readonly #path: string
  readonly #bytesInUse: () => number
  #lookedAt = Number.NEGATIVE_INFINITY
  #size = 0
  #occasion = Number.NaN
  /** Why the store cannot be used at present. */
  #failure: unknown = null
  /** Why it cannot be used any more. */
  #damage: UsageError | null = null

  /**
   * For an open database, whose files beside it exist. `bytesInUse` asks SQLite how large the database
   * is, and fails if the file is smaller.
   */
  constructor(path: string, bytesInUse: () => number) {
    const { log, index } = filesBeside(path)
    this.#path = path
    this.#bytesInUse = bytesInUse
    this.files = { ...identifyFile(path), log: identityOf(log), index: identityOf(index) }
    this.look()
  }

  /** Throws if something is wrong. While nothing is, checks at most once a second. Never waits. */
  require(): void {
    if (this.#damage !== null) throw this.#damage
    if (this.#failure !== null || performance.now() - this.#lookedAt >= LOOK_AGAIN_MS) this.look()
  }

  /** As `look`, but checks once for everything that became known on one occasion. */
  lookOnce(occasion: number): void {
    if (occasion === this.#occasion && this.#failure === null) return
    this.look()
    this.#occasion = occasion
  }

  /** As `require`, but always checks, before what was written is acknowledged. */
  look(): void {
    this.#lookedAt = performance.now()
    try {
      requireSameFiles(this.#path, this.files)
      this.#requireSize()
      this.#failure = null
    } catch (error) {
      this.#failure = error
      throw error
    }
  }

  /**
   * The error of a call. A file that was found damaged, or that was brought to a newer schema, is no
   * longer reliable for this program, so every further call gets the same error.
   */
  noted(error: unknown): unknown {
    if (!(error instanceof UsageError) || error.code !== 'incompatible') return error
    this.#damage ??= error
    return this.#damage
  }

  #damaged(cause: unknown): UsageError {
    const message = `${this.#path} is damaged, and nothing is answered from it; restore a backup, then start again`
    this.#damage ??= new UsageError('incompatible', message, { cause })
    return this.#damage
  }

  /** A file shrinks when an operator's `VACUUM` has packed it; SQLite knows by how much. */
  #requireSize(): void {
    const size = statOf(this.#path)?.size ?? 0
    if (size < this.#size) this.#requireWhole(size)
    this.#size = size
  }

  #requireWhole(size: number): void {
    let needed: number
    try {
      needed = this.#bytesInUse()
    } catch (error) {
      throw this.#damaged(error)
    }
    if (size >= needed) return
    throw this.#damaged(new Error(`cut from ${this.#size} to ${size} bytes, with ${needed} in use`))
  }
}
