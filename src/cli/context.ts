/** What a command may touch of its process. Tests pass in their own. */
import type { Readable, Writable } from 'node:stream'
import { printable } from '../domain/printable.ts'
import type { Config } from './config.ts'

/** The exit codes that other programs may rely on. */
export const EXIT = { done: 0, failed: 1, wrongUsage: 2, quarantined: 3 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export interface CliContext {
  readonly config: Config
  /** UTC seconds. */
  readonly clock: () => number
  /** UTC seconds. Replaces a database server's clock in tests that need another time. */
  readonly serverClock?: () => number
  /** How many processor cores this process may use at once. */
  readonly cores: number
  readonly stdin: Readable
  readonly stdout: Output
  readonly stderr: Output
  readonly stop: StopRequest
  /** SIGHUP, for commands that handle it. Otherwise, it ends the process. */
  readonly hangUp: HangUp
}

export interface HangUp {
  /** Calls the listener at each signal. Returns a function that removes it. */
  listen(listener: () => void): () => void
}

/** How lines for people begin. */
const NAME = /^simtally: /

/** A stream to write to. Once its reader has gone, writing does nothing, which is not a failure. */
export class Output {
  readonly stream: Writable & { readonly isTTY?: boolean; readonly columns?: number }
  #closed = false
  #failure: NodeJS.ErrnoException | null = null

  /** True if each line is a JSON object for programs, as on stderr of a command with `--json`. */
  readonly isJson: boolean

  constructor(stream: Output['stream'], { isJson = false }: { readonly isJson?: boolean } = {}) {
    this.stream = stream
    this.isJson = isJson
    stream.on('error', (error: NodeJS.ErrnoException) => {
      this.#closed = true
      if (error.code !== 'EPIPE') this.#failure = error
    })
  }

  /** The error that ended writing early, unless the reader just went away; else null. */
  get failure(): NodeJS.ErrnoException | null {
    return this.#failure
  }

  /** True once nobody reads any more, so that a long listing can end. */
  get closed(): boolean {
    return this.#closed
  }

  get isTerminal(): boolean {
    return this.stream.isTTY === true
  }

  /** In characters; 80 without a terminal. */
  get width(): number {
    return this.stream.columns ?? 80
  }

  /**
   * Resolves when there is room for more. In texts, terminal control characters are escaped, except line
   * breaks; a caller with one line or several uses `line`. Bytes are written as they are.
   */
  async write(content: string | Uint8Array): Promise<void> {
    const harmless =
      typeof content === 'string' ? content.split('\n').map(printable).join('\n') : content
    if (this.#closed || this.stream.write(harmless)) return
    await new Promise<void>((resolve) => {
      const settle = () => {
        this.stream.off('drain', settle).off('error', settle).off('close', settle)
        resolve()
      }
      this.stream.on('drain', settle).on('error', settle).on('close', settle)
    })
  }

  /**
   * Writes one line or several. Only this function breaks lines: a line break inside a name or value from
   * outside is escaped.
   */
  line(text: string | readonly string[]): Promise<void> {
    const lines = typeof text === 'string' ? [text] : text
    if (this.isJson) {
      return this.json(...lines.map((line) => ({ note: { message: line.replace(NAME, '') } })))
    }
    return this.write(lines.map((line) => `${printable(line)}\n`).join(''))
  }

  /** One JSON value per line. */
  json(...values: readonly unknown[]): Promise<void> {
    return this.write(values.map((value) => `${JSON.stringify(value)}\n`).join(''))
  }
}

/** Tells commands that the process is asked to end, and tells the process whether any command listens. */
export class StopRequest {
  readonly #listeners = new Set<(signal: string) => void>()
  #signal: string | null = null

  /** The signal that came, or null. */
  get signal(): string | null {
    return this.#signal
  }

  /** Calls the listener once, at the first signal. Returns a function that removes it. */
  listen(listener: (signal: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** False if no command listens, so that the process has to end itself. */
  request(signal: string): boolean {
    if (this.#signal !== null || this.#listeners.size === 0) return false
    this.#signal = signal
    for (const listener of this.#listeners) listener(signal)
    return true
  }
}
