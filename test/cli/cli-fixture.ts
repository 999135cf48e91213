/** Runs commands in this process, each on a store of its own test, with a fixed clock. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, type Readable, Writable } from 'node:stream'
import { readConfig } from '../../src/cli/config.ts'
import { type CliContext, type HangUp, Output, StopRequest } from '../../src/cli/context.ts'
import { run } from '../../src/cli/run.ts'
import { NOW } from '../support/builders.ts'
import type { TempPlace } from '../support/postgres-schema.ts'
import { type EngineName, engineOfTests, newPlace, newStorePlace } from '../support/temp-store.ts'

export interface CliResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface CliRunOptions {
  readonly stdin?: string | Readable
  readonly now?: number
  /** As the environment gives them. */
  readonly databaseParameters?: Readonly<Record<string, string>>
  /** What a database server says; the same as `now` unless given. */
  readonly serverNow?: number
  readonly stop?: StopRequest
  readonly hangUp?: HangUp
  readonly logLevel?: string
  /** Of the environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Of the environment, by the variables' names. */
  readonly limits?: Readonly<Record<string, string>>
  /** Called with each piece of stdout and stderr as it is written. */
  readonly onOutput?: (text: string) => void
  /** What writing to stdout fails with. */
  readonly stdoutError?: Error
  /** Makes stderr a terminal, so that bars are drawn. */
  readonly terminal?: boolean
}

export class CliFixture {
  readonly directory: string
  readonly databaseUrl: string

  readonly #place: TempPlace

  private constructor(directory: string, place: TempPlace) {
    this.directory = directory
    this.databaseUrl = place.url
    this.#place = place
  }

  /** On an empty store. A test that looks into the database itself says of which engine. */
  static async open(engine: EngineName = engineOfTests()): Promise<CliFixture> {
    const directory = await newDirectory()
    const fixture = new CliFixture(directory, await newStorePlace(engine, directory))
    // Where the place holds no store yet, as on Citus.
    if (engine === 'citus') await fixture.json(['init'])
    return fixture
  }

  static async openWithoutStore(engine: EngineName = engineOfTests()): Promise<CliFixture> {
    const directory = await newDirectory()
    return new CliFixture(directory, await newPlace(engine, directory))
  }

  async close(): Promise<void> {
    await this.#place.remove()
    await rm(this.directory, { recursive: true, force: true })
  }

  path(name: string): string {
    return join(this.directory, name)
  }

  /** Writes a file of the test's own and answers its path. */
  async file(name: string, content: string | Uint8Array): Promise<string> {
    await writeFile(this.path(name), content)
    return this.path(name)
  }

  async run(args: readonly string[], options: CliRunOptions = {}): Promise<CliResult> {
    const stdout = new Collected(options, options.stdoutError)
    const stderr = new Collected(options)
    const context: CliContext = {
      config: {
        ...readConfig({
          SIMTALLY_DATABASE_URL: this.databaseUrl,
          SIMTALLY_LOG_LEVEL: options.logLevel ?? 'warn',
          ...options.limits,
          ...options.env,
        }),
        ...(options.databaseParameters && { databaseParameters: options.databaseParameters }),
      },
      clock: () => options.now ?? NOW,
      serverClock: () => options.serverNow ?? options.now ?? NOW,
      cores: 1,
      stdin: stdinOf(options.stdin ?? ''),
      stdout: new Output(stdout),
      stderr: new Output(Object.assign(stderr, { isTTY: options.terminal === true, columns: 120 })),
      stop: options.stop ?? new StopRequest(),
      hangUp: options.hangUp ?? { listen: () => () => {} },
    }
    const exitCode = await run(args, context)
    return { exitCode, stdout: stdout.text, stderr: stderr.text }
  }

  /** Runs what has to succeed, with `--json`; answers what it prints, one value a line. */
  async json<T>(args: readonly string[], options: CliRunOptions = {}): Promise<T[]> {
    const { exitCode, stdout, stderr } = await this.run([...args, '--json'], options)
    if (exitCode !== 0)
      throw new Error(`simtally ${args.join(' ')} ended with ${exitCode}: ${stderr}`)
    return jsonLines(stdout)
  }

  /** An account at home in 310-260 and the US; answers its SID. */
  async account(name = 'Acme'): Promise<string> {
    const home = ['--home-plmns', '310-260', '--home-countries', 'US']
    const [account] = await this.json<{ sid: string }>([
      'account',
      'create',
      '--name',
      name,
      ...home,
    ])
    return account!.sid
  }
}

function newDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'simtally-cli-'))
}

export function jsonLines<T>(text: string): T[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T)
}

interface Told {
  readonly faults?: readonly string[]
  readonly message: string
  readonly hint?: string | null
}

/** What a command with `--json` has said on stderr, as it says it to people without. */
export function inWords(stderr: string): string {
  const lines = jsonLines<Readonly<Record<string, Told>>>(stderr).flatMap((line) => {
    const { faults, message, hint } = Object.values(line)[0]!
    const [first, ...more] = faults ?? [message]
    return [`simtally: ${first}`, ...[...more, ...(hint ? [hint] : [])].map((text) => `  ${text}`)]
  })
  return lines.map((line) => `${line}\n`).join('')
}

class Collected extends Writable {
  text = ''
  readonly #onOutput: (text: string) => void

  readonly #error: Error | null

  constructor({ onOutput = () => {} }: CliRunOptions, error: Error | null = null) {
    super({ decodeStrings: false })
    this.#onOutput = onOutput
    this.#error = error
  }

  override _write(chunk: string | Buffer, _: BufferEncoding, done: (error?: Error) => void): void {
    if (this.#error !== null) {
      done(this.#error)
      return
    }
    const text = chunk.toString()
    this.text += text
    this.#onOutput(text)
    done()
  }
}

function stdinOf(stdin: string | Readable): Readable {
  if (typeof stdin !== 'string') return stdin
  const stream = new PassThrough()
  stream.end(stdin)
  return stream
}
