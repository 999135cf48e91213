/** The log of a serving process: one JSON object per line, on stderr or in a file. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { shown, UsageError } from '../domain/usage-error.ts'
import type { Output } from './context.ts'
import { WrongUsage } from './failure.ts'
import { LOG_LEVELS, type LogLevel } from './settings.ts'

/** Null for null. Throws `WrongUsage` for a level that does not exist. */
export function parseLogLevel(text: string | null): LogLevel | null {
  if (text === null) return null
  const level = LOG_LEVELS.find((name) => name === text.toLowerCase())
  if (level !== undefined) return level
  throw new WrongUsage(`SIMTALLY_LOG_LEVEL ${shown(text)}: expected ${LOG_LEVELS.join(', ')}`)
}

/**
 * What a pipe takes in one piece (PIPE_BUF): lines of other processes never break into it. A longer line gets
 * a write of its own.
 */
const WRITE_BYTES_MAX = 4_096

/** How long a line may wait for others to join it, in milliseconds. */
const WAIT_MS = 20

export type LogTarget = Pick<Output, 'write'>

/** The target of a log: the named file or, if none is named, the output, which cannot be reopened. */
export function logTarget(path: string | undefined, output: Output): LogTarget {
  return path === undefined ? output : new LogFile(path, output)
}

/** A file to which lines are appended. After log rotation, `reopen` opens it anew. */
export class LogFile implements LogTarget {
  readonly #path: string
  readonly #stderr: LogTarget
  #file: number
  #isBroken = false

  /** Fails with `unreadable` if the file cannot be written. A failure after that is reported on `stderr`. */
  constructor(path: string, stderr: LogTarget) {
    this.#path = path
    this.#stderr = stderr
    this.#file = openToAppend(path)
  }

  /** Fails as the constructor does, and then keeps using the file that it has. */
  reopen(): void {
    const opened = openToAppend(this.#path)
    closeSync(this.#file)
    this.#file = opened
  }

  /** Written in one piece, so that lines of several processes do not mix. */
  async write(text: string): Promise<void> {
    try {
      const bytes = Buffer.from(text)
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at)
      this.#isBroken = false
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      // Reported once: when a disk is full, it is full for every line.
      if (!this.#isBroken) void this.#stderr.write(`simtally: ${cannotWrite(this.#path, code)}\n`)
      this.#isBroken = true
    }
  }
}

function openToAppend(path: string): number {
  try {
    // Nobody else needs to read who asked for what.
    return openSync(path, 'a', 0o600)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new UsageError('unreadable', cannotWrite(path, code), { cause })
  }
}

function cannotWrite(path: string, code: string | undefined): string {
  return `the log file ${path} cannot be written (${code})`
}

/**
 * Writes lines that come in quick succession together, because a write is a system call and costs as much as
 * the rest of a line.
 */
export class LogLines {
  readonly #target: LogTarget
  readonly #flush = () => this.flush()
  #waiting = ''
  #waitingBytes = 0

  constructor(target: LogTarget) {
    this.#target = target
    process.once('exit', this.#flush)
  }

  /** Takes one line, including its line break. */
  write(line: string): void {
    const bytes = Buffer.byteLength(line)
    if (this.#waitingBytes + bytes > WRITE_BYTES_MAX) this.flush()
    if (this.#waiting === '') setTimeout(this.#flush, WAIT_MS).unref()
    this.#waiting += line
    this.#waitingBytes += bytes
  }

  flush(): void {
    if (this.#waiting === '') return
    void this.#target.write(this.#waiting)
    this.#waiting = ''
    this.#waitingBytes = 0
  }

  /** Writes what is waiting. Nothing is flushed after this. */
  close(): void {
    this.flush()
    process.off('exit', this.#flush)
  }
}

/** Loaded on call, because loading takes longer than most commands run. */
export async function openLog(level: LogLevel, lines: LogLines) {
  const { pino } = await import('pino')
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, lines)
}

export type Log = Awaited<ReturnType<typeof openLog>>

/** Reopens the log file and says so. Without a file, or if reopening fails, logging goes on as before. */
export function reopenLog(target: LogTarget, log: Log): void {
  if (!(target instanceof LogFile)) {
    log.info('SIGHUP: there is no log file to reopen; --log-file names one')
    return
  }
  try {
    target.reopen()
    log.info('SIGHUP: the log file is reopened')
  } catch (error) {
    log.error(error, 'SIGHUP: logging continues in the old file')
  }
}
