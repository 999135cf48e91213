/** The command line as a separate process, of this Simtally or of a later one. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

export interface EndedProcess {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface CliProcess {
  readonly child: ChildProcess
  /** Calls back with each line on stderr until it ends. */
  onLine(listener: (line: string) => void): void
  ended(): Promise<EndedProcess>
}

export interface CliProcessOptions {
  /** Statements that a later Simtally's schema has as its next step. */
  readonly nextSchemaStep?: string
}

/** Starts `simtally ARGS`. */
export function startCli(args: readonly string[], options: CliProcessOptions = {}): CliProcess {
  const { nextSchemaStep } = options
  const before = nextSchemaStep === undefined ? [] : ['--import', laterSimtally(nextSchemaStep)]
  const child = spawn(process.execPath, [...before, MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const lines = createInterface({ input: child.stderr })
  const ended = once(child, 'close').then(([exitCode, signal]) => ({
    exitCode: exitCode as number | null,
    signal: signal as NodeJS.Signals | null,
    stdout,
    stderr,
  }))
  return { child, onLine: (listener) => void lines.on('line', listener), ended: () => ended }
}

export function runCli(
  args: readonly string[],
  options: CliProcessOptions = {},
): Promise<EndedProcess> {
  return startCli(args, options).ended()
}

/** Loaded before the program, it adds a step to the schema of each engine. */
function laterSimtally(step: string): string {
  const later = ['postgres', 'sqlite'].map((engine, i) => {
    const path = `../../src/storage/${engine}/migrations/migrations.ts`
    const { href } = new URL(path, import.meta.url)
    return (
      `import { MIGRATIONS as steps${i} } from ${JSON.stringify(href)}\n` +
      `steps${i}.push(${JSON.stringify(step)})\n`
    )
  })
  return `data:text/javascript,${encodeURIComponent(later.join(''))}`
}
