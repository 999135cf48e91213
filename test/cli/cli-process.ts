/** Runs commands as processes of their own, as a person starts them, on the store of a fixture. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CliFixture } from './cli-fixture.ts'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
export const LAUNCHER = join(ROOT, 'bin', 'simtally.js')

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export class CliProcess {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''
  readonly #ended: Promise<Ended>

  constructor(cli: CliFixture, node: string, args: readonly string[]) {
    const env = { ...process.env, SIMTALLY_DATABASE_URL: cli.databaseUrl }
    this.child = spawn(node, args, { cwd: cli.directory, env })
    this.child.stdout!.on('data', (chunk) => {
      this.stdout += chunk
    })
    this.child.stderr!.on('data', (chunk) => {
      this.stderr += chunk
    })
    // Closed only when nobody can write any more: the process, and what it has started.
    this.#ended = once(this.child, 'close').then(([code, signal]) => {
      return { code, signal, stdout: this.stdout, stderr: this.stderr }
    })
  }

  input(text: string): void {
    this.child.stdin!.write(text)
  }

  /** Resolves when stdout or stderr holds the text; rejects when it ends without. */
  async said(text: string | RegExp): Promise<void> {
    const said = Promise.withResolvers<void>()
    const look = () => {
      const all = `${this.stdout}\n${this.stderr}`
      if (typeof text === 'string' ? all.includes(text) : text.test(all)) said.resolve()
    }
    this.child.stdout!.on('data', look)
    this.child.stderr!.on('data', look)
    look()
    this.#ended.then(({ stderr }) => said.reject(new Error(`ended without ${text}: ${stderr}`)))
    await said.promise
  }

  /** Resolves when it has ended, and everything that it has started. */
  ended(): Promise<Ended> {
    return this.#ended
  }

  /** Ends it, if it has not ended by itself. */
  async end(): Promise<void> {
    if (this.child.exitCode === null) this.child.kill('SIGKILL')
    await this.#ended
  }
}
