/** A database with one SIM and one feed, on which bad things are tried, also by other processes. */
import assert from 'node:assert/strict'
import { type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { DAY_SECONDS, formatInstant } from '../../src/domain/time.ts'
import { openStore } from '../../src/storage/open-store.ts'
import { CliFixture, type CliRunOptions, inWords, jsonLines } from '../cli/cli-fixture.ts'
import { iccidOf } from '../support/builders.ts'

export const SIMTALLY = fileURLToPath(new URL('../../bin/simtally.js', import.meta.url))

/** Processes live in today's time, so their records do, too. */
const FIRST_RECORD_AT = Math.floor(Date.now() / 1_000) - 2 * DAY_SECONDS

export const FEED = 'carrier'
export const HEADER = 'record_id,sim,occurred_at,plmn,upload\n'

export interface ImportJson {
  readonly import: number
  readonly records: number
  readonly accepted: number
  readonly duplicate: number
  readonly quarantined: number
  readonly expired: number
  readonly status: string
}

export interface QuarantineJson {
  readonly line: number
  readonly reason: string
  readonly field: string | null
  readonly detail: string
  readonly raw: string
}

/** Records of one byte each, so that a sum of bytes is a count of records. */
export function records(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, i) => {
    const at = formatInstant(FIRST_RECORD_AT + from + i)
    return `record-${from + i},${iccidOf(1)},${at},310-260,1\n`
  })
}

export class CliWorld {
  readonly cli: CliFixture

  private constructor(cli: CliFixture) {
    this.cli = cli
  }

  static async open(): Promise<CliWorld> {
    const cli = await CliFixture.open()
    const account = await cli.account()
    const stdin = `iccid\n${iccidOf(1)}\n`
    await cli.json(['sim', 'import', '-', '--account', account], { stdin })
    await cli.json(['feed', 'create', FEED, '--format', 'csv'])
    return new CliWorld(cli)
  }

  close(): Promise<void> {
    return this.cli.close()
  }

  /** Imports in this process, with the clock of today. */
  async import(
    args: readonly string[],
    options: CliRunOptions = {},
  ): Promise<{ exitCode: number; stderr: string; done: ImportJson[] }> {
    const now = Math.floor(Date.now() / 1_000)
    const { exitCode, stdout, stderr } = await this.cli.run(
      ['import', ...args, '--feed', FEED, '--json'],
      { now, ...options },
    )
    return { exitCode, stderr: inWords(stderr), done: jsonLines<ImportJson>(stdout) }
  }

  async quarantined(importId: number): Promise<QuarantineJson[]> {
    const args = ['quarantine', 'list', '--import', String(importId)]
    const listed = await this.cli.json<QuarantineJson>(args)
    return listed.sort((a, b) => a.line - b.line)
  }

  /** How many records the store counts, after making sure that all its numbers agree. */
  async countedRecords(databaseUrl = this.cli.databaseUrl): Promise<number> {
    const store = await openStore(databaseUrl)
    try {
      const { differences } = await store.audit()
      assert.deepEqual(differences, [])
      const [account] = await store.listAccounts()
      const start = Math.floor(FIRST_RECORD_AT / DAY_SECONDS) * DAY_SECONDS
      const end = start + 4 * DAY_SECONDS
      const scope = { accountId: account!.id }
      const groups = await store.queryUsage({ scope, start, end, granularity: 'all' })
      return groups.reduce((sum, { upload }) => sum + Number(upload), 0)
    } finally {
      await store.close()
    }
  }
}

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export class Process {
  stdout = ''
  stderr = ''
  readonly #child
  readonly #ended: Promise<Ended>

  constructor(program: string, args: readonly string[], options: SpawnOptions = {}) {
    const child = spawn(program, args, { ...options, stdio: 'pipe' })
    child.stdout!.on('data', (chunk) => {
      this.stdout += chunk
    })
    child.stderr!.on('data', (chunk) => {
      this.stderr += chunk
    })
    // A program that has failed already takes no more input.
    child.stdin!.on('error', () => {})
    this.#child = child
    this.#ended = once(child, 'close').then(([code]) => {
      return { code, stdout: this.stdout, stderr: this.stderr }
    })
    this.#ended.catch(() => {})
  }

  get pid(): number {
    return this.#child.pid!
  }

  send(text: string): void {
    this.#child.stdin!.write(text)
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Resolves when stderr holds the text; fails when the process ends without it. */
  said(text: string): Promise<void> {
    return this.#wrote('stderr', text)
  }

  /** As `said`, on stdout. */
  printed(text: string): Promise<void> {
    return this.#wrote('stdout', text)
  }

  async #wrote(stream: 'stdout' | 'stderr', text: string): Promise<void> {
    const ended = this.#ended.then(({ code, stderr }) => {
      if (!this[stream].includes(text)) throw new Error(`ended with ${code} instead: ${stderr}`)
    })
    while (!this[stream].includes(text)) {
      await Promise.race([once(this.#child[stream]!, 'data'), ended])
    }
  }

  ended(): Promise<Ended> {
    this.#child.stdin!.end()
    return this.#ended
  }
}

/** Runs a program to its end; rejects when there is none of that name. */
export function run(
  program: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<Ended> {
  return new Process(program, args, options).ended()
}
