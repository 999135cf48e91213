/** What a command may touch of the process it runs in; a test hands in its own. */
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
  /** UTC seconds; stands in for a database server's clock where a test needs another time. */
  readonly serverClock?: () => number
  /** How many processor cores this process may use at once. */
  readonly cores: number
  readonly stdin: Readable
  readonly stdout: Output
  readonly stderr: Output
  readonly stop: StopRequest
  /** SIGHUP, for a command that does something at it; the process ends at it otherwise. */
  readonly hangUp: HangUp
}

export interface HangUp {
  /** Calls back at each; the answer takes the listener away again. */
  listen(listener: () => void): () => void
}

/** With which a line for people begins. */
const NAME = /^simtally: /

/** A stream to write to. When its reader is gone, writing does nothing: that is no failure. */
export class Output {
  readonly stream: Writable & { readonly isTTY?: boolean; readonly columns?: number }
  #closed = false
  #failure: NodeJS.ErrnoException | null = null

  /** True where each line is a JSON object, for programs: that is stderr of a command with `--json`. */
  readonly isJson: boolean

  constructor(stream: Output['stream'], { isJson = false }: { readonly isJson?: boolean } = {}) {
    this.stream = stream
    this.isJson = isJson
    stream.on('error', (error: NodeJS.ErrnoException) => {
      this.#closed = true
      if (error.code !== 'EPIPE') this.#failure = error
    })
  }

  /** What ended the writing early, where it is not a reader that went away; else null. */
  get failure(): NodeJS.ErrnoException | null {
    return this.#failure
  }

  /** True when nobody reads any more, so that a long listing may end. */
  get closed(): boolean {
    return this.#closed
  }

  get isTerminal(): boolean {
    return this.stream.isTTY === true
  }

  /** In characters; 80 where there is no terminal. */
  get width(): number {
    return this.stream.columns ?? 80
  }

  /**
   * Resolves when there is room for more. In a text, whatever steers a terminal is escaped, except
   * ends of lines: a caller who has one line, or several, uses `line`. Bytes go as they are.
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
   * Writes one line, or several. They end where they end here, and nowhere else: a line break that
   * came with a name or a value from outside is escaped.
   */
  line(text: string | readonly string[]): Promise<void> {
    const lines = typeof text === 'string' ? [text] : text
    if (this.isJson) {
      return this.json(...lines.map((line) => ({ note: { message: line.replace(NAME, '') } })))
    }
    return this.write(lines.map((line) => `${printable(line)}\n`).join(''))
  }

  /** One JSON value a line. */
  json(...values: readonly unknown[]): Promise<void> {
    return this.write(values.map((value) => `${JSON.stringify(value)}\n`).join(''))
  }
}

/** Tells commands that the process is asked to end, and the process whether one cares. */
export class StopRequest {
  readonly #listeners = new Set<(signal: string) => void>()
  #signal: string | null = null

  /** The signal that asked, or null. */
  get signal(): string | null {
    return this.#signal
  }

  /** Calls back once at the first signal; the answer takes the listener away again. */
  listen(listener: (signal: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** False when no command ends by itself, so that the process has to be ended. */
  request(signal: string): boolean {
    if (this.#signal !== null || this.#listeners.size === 0) return false
    this.#signal = signal
    for (const listener of this.#listeners) listener(signal)
    return true
  }
}
