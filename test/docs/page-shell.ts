/**
 * Runs the commands of a page one after the other, in a folder of their own. What is no more than a call of
 * `simtally` runs in this process, because starting one takes half a second; all else is given to one bash.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, mkdir, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { StopRequest } from '../../src/cli/context.ts'
import { CliFixture } from '../cli/cli-fixture.ts'
import { ROOT } from './pages.ts'

export interface Ran {
  /** What it printed, stdout and stderr. */
  readonly output: string
  readonly code: number
}

/** Words, and texts in single quotes. */
const PLAIN = /^simtally(?:\s+(?:[^\s'"`$|<>&;*?()~#\\{}[\]!]+|'[^']*'))+$/

/** What goes on until it is asked to stop. */
const GOES_ON = /^simtally (?:serve|import --watch)\b(?!.* --once)/

const LISTENS = /answers at (\S+)/

interface GoingOn {
  readonly command: string
  readonly stop: StopRequest
  readonly ended: Promise<Ran>
}

export class PageShell {
  readonly #cli: CliFixture
  /** Of every process; those that run here too read what begins with SIMTALLY_. */
  readonly #env: Record<string, string>
  readonly #now: () => number
  readonly #home = process.cwd()
  #bash: Bash | null = null
  #goingOn: GoingOn[] = []
  /** Where the last server that goes on answers. */
  url: string | null = null

  private constructor(cli: CliFixture, env: Record<string, string>, now: () => number) {
    this.#cli = cli
    this.#env = env
    this.#now = now
  }

  /**
   * In a folder with the examples; this process works there until it is closed. `now` are the UTC seconds of
   * what runs in this process.
   */
  static async open(now: () => number): Promise<PageShell> {
    const cli = await CliFixture.openWithoutStore('sqlite')
    const bin = cli.path('.bin')
    await mkdir(bin)
    await writeFile(
      join(bin, 'simtally'),
      `#!/bin/sh\nexec '${process.execPath}' '${join(ROOT, 'bin/simtally.js')}' "$@"\n`,
    )
    await chmod(join(bin, 'simtally'), 0o755)
    await cp(join(ROOT, 'examples'), cli.path('examples'), { recursive: true })
    const env = {
      HOME: cli.directory,
      PATH: [bin, dirname(process.execPath), process.env.PATH].join(delimiter),
      SIMTALLY_DATABASE_URL: 'sqlite:./data/simtally.db',
      SIMTALLY_PORT: '0',
      SIMTALLY_WORKERS: '1',
      SIMTALLY_LOG_LEVEL: 'warn',
    }
    const shell = new PageShell(cli, env, now)
    process.chdir(cli.directory)
    return shell
  }

  path(name: string): string {
    return this.#cli.path(name)
  }

  /** Writes a file, with the folders that lead to it. */
  async write(name: string, content: string | Uint8Array): Promise<void> {
    await mkdir(dirname(this.path(name)), { recursive: true })
    await writeFile(this.path(name), content)
  }

  setVariable(name: string, value: string): void {
    this.#env[name] = value
  }

  /** `inBash` starts every command as a process, as a person does. */
  async run(command: string, { inBash = false } = {}): Promise<Ran> {
    const joined = command.replaceAll(/\\\n\s*/g, '')
    if (inBash || !PLAIN.test(joined)) {
      this.#bash ??= new Bash(this.#cli.directory, this.#env)
      return await this.#bash.run(command)
    }
    const args = [...joined.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => quoted ?? word)
    if (GOES_ON.test(joined)) return await this.#goOn(joined, args.slice(1))
    return await this.#call(args.slice(1), new StopRequest())
  }

  /** Of JavaScript, which finds the packages of this checkout where the folder has them. */
  async runProgram(text: string): Promise<Ran> {
    const name = text.includes('require(') ? 'program.cjs' : 'program.mjs'
    await this.write(name, text)
    return await this.run(`node ${name}`)
  }

  /** Resolves once it listens, or watches. */
  async #goOn(command: string, args: readonly string[]): Promise<Ran> {
    const up = Promise.withResolvers<string>()
    const stop = new ObservedStop(() => {
      if (!command.startsWith('simtally serve')) up.resolve('')
    })
    let output = ''
    const ended = this.#call(args, stop, (text) => {
      output += text
      const [, url] = LISTENS.exec(output) ?? []
      if (url !== undefined) {
        this.url = url
        up.resolve(output)
      }
    })
    const first = await Promise.race([up.promise.then(() => null), ended])
    if (first !== null) return first
    this.#goingOn.push({ command, stop, ended })
    return { output, code: 0 }
  }

  async #call(
    args: readonly string[],
    stop: StopRequest,
    onOutput: (text: string) => void = () => {},
  ): Promise<Ran> {
    const { exitCode, stdout, stderr } = await this.#cli.run(args, {
      env: this.#env,
      now: this.#now(),
      stop,
      onOutput,
    })
    return { output: stdout + stderr, code: exitCode }
  }

  /** Stops what goes on; answers the commands that ended with another code than 0. */
  async close(): Promise<string[]> {
    const faults: string[] = []
    for (const { command, stop, ended } of this.#goingOn.splice(0)) {
      stop.request('SIGINT')
      const { code, output } = await ended
      if (code !== 0) faults.push(`${command}: ended with ${code} when it was stopped\n${output}`)
    }
    await this.#bash?.close()
    process.chdir(this.#home)
    await this.#cli.close()
    return faults
  }
}

/** Tells when a command begins to care. */
class ObservedStop extends StopRequest {
  readonly #onListener: () => void

  constructor(onListener: () => void) {
    super()
    this.#onListener = onListener
  }

  override listen(listener: (signal: string) => void): () => void {
    this.#onListener()
    return super.listen(listener)
  }
}

/** Stands behind the output of each command, before its exit code. */
const MARK = '\x1e'

/** A bash that keeps its variables and aliases from command to command. */
class Bash {
  readonly #process: ChildProcess
  readonly #closed: Promise<unknown>
  #output = ''
  #onOutput = () => {}

  constructor(cwd: string, env: Readonly<Record<string, string>>) {
    // A test run in a test must not take itself for a part of this one.
    const { NODE_TEST_CONTEXT: _, ...own } = process.env
    this.#process = spawn('bash', ['--norc', '-s'], {
      cwd,
      env: { ...own, ...env },
      // A group of its own, which gets Ctrl-C as from a terminal.
      detached: true,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#closed = once(this.#process, 'close')
    this.#process.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text
      this.#onOutput()
    })
    this.#process.stdin!.write('exec 2>&1\nshopt -s expand_aliases\ntrap : INT\n')
  }

  async run(command: string): Promise<Ran> {
    const done = Promise.withResolvers<Ran>()
    let isStopped = false
    this.#output = ''
    this.#onOutput = () => {
      const [output, code] = this.#output.split(MARK)
      if (code?.endsWith('\n') === true) done.resolve({ output: output!, code: Number(code) })
      else if (!isStopped && LISTENS.test(output!)) {
        isStopped = true
        process.kill(-this.#process.pid!, 'SIGINT')
      }
    }
    const ended = this.#closed.then(() => ({ output: `${this.#output}(bash ended)`, code: -1 }))
    // What reads its input finds none.
    this.#process.stdin!.write(`{ ${command}\n} </dev/null\nprintf '${MARK}%s\\n' $?\n`)
    return await Promise.race([done.promise, ended])
  }

  async close(): Promise<void> {
    this.#process.stdin!.end()
    await this.#closed
  }
}
