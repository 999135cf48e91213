/** The log of a serving process: one JSON object a line, on stderr. */
import { shown } from '../domain/usage-error.ts'
import type { Output } from './context.ts'
import { WrongUsage } from './failure.ts'

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Null for null. Throws `WrongUsage` for a level that does not exist. */
export function parseLogLevel(text: string | null): LogLevel | null {
  if (text === null) return null
  const level = LOG_LEVELS.find((name) => name === text.toLowerCase())
  if (level !== undefined) return level
  throw new WrongUsage(`SIMTALLY_LOG_LEVEL ${shown(text)}: expected ${LOG_LEVELS.join(', ')}`)
}

/**
 * What a pipe takes in one piece (PIPE_BUF): lines of several processes never come in between.
 * A longer line is a write of its own.
 */
const WRITE_BYTES_MAX = 4_096

/** How long a line may wait for others, in milliseconds. */
const WAIT_MS = 20

/**
 * Writes lines that follow each other closely together: a write is a system call, and costs as
 * much as the rest of a line.
 */
export class LogLines {
  readonly #output: Output
  readonly #flush = () => this.flush()
  #waiting = ''
  #waitingBytes = 0

  constructor(output: Output) {
    this.#output = output
    process.once('exit', this.#flush)
  }

  /** Takes one line with its end. */
  write(line: string): void {
    const bytes = Buffer.byteLength(line)
    if (this.#waitingBytes + bytes > WRITE_BYTES_MAX) this.flush()
    if (this.#waiting === '') setTimeout(this.#flush, WAIT_MS).unref()
    this.#waiting += line
    this.#waitingBytes += bytes
  }

  flush(): void {
    if (this.#waiting === '') return
    void this.#output.write(this.#waiting)
    this.#waiting = ''
    this.#waitingBytes = 0
  }

  /** Writes what waits, and from then on nobody looks after what is written. */
  close(): void {
    this.flush()
    process.off('exit', this.#flush)
  }
}

/** Loaded when called, because loading takes longer than most commands do. */
export async function openLog(level: LogLevel, lines: LogLines) {
  const { pino } = await import('pino')
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, lines)
}

export type Log = Awaited<ReturnType<typeof openLog>>
