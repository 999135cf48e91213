/** Processes and what they take: seconds, peak memory and processor time; medians and ratios of rounds. */

import { spawn } from 'node:child_process'
import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

export interface Ran {
  readonly stdout: string
  /** From the start of the process to its end. */
  readonly seconds: number
  /** Peak memory; 0 if the system does not report it. */
  readonly peakMib: number
}

const LOOK_EVERY_MS = 50

/** Runs Node with these arguments. If it fails, throws what it wrote to stderr. */
export async function run(args: readonly string[]): Promise<Ran> {
  const startedAt = performance.now()
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const texts = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    texts.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    texts.stderr += text
  })
  let peakMib = 0
  const look = setInterval(() => {
    peakMib = Math.max(peakMib, peakMibOf(child.pid!))
  }, LOOK_EVERY_MS)
  let exitedAt = 0
  child.once('exit', () => {
    exitedAt = performance.now()
  })
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
    child.once('error', reject).once('close', (...end) => resolve(end))
  })
  clearInterval(look)
  if (code !== 0) {
    throw new Error(reasonOf(texts.stderr || texts.stdout) ?? `ended with ${code ?? signal}`)
  }
  return { stdout: texts.stdout, seconds: (exitedAt - startedAt) / 1_000, peakMib }
}

/** The line that says what was wrong, without its stack trace. */
function reasonOf(text: string): string | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return lines.find((line) => /^\w*(?:Error|error)\b/.test(line)) ?? lines.at(-1)
}

function peakMibOf(pid: number): number {
  try {
    const [, kib] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Number(kib ?? 0) / 1_024
  } catch {
    return 0
  }
}

/** Processor time of a process, all of its threads together, in milliseconds. */
export function cpuMs(pid: number): number {
  const nanoseconds = readdirSync(`/proc/${pid}/task`).map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  )
  return nanoseconds.reduce((sum, of) => sum + of, 0) / 1e6
}

/** The size of a file, including those that SQLite keeps beside it, or of a folder. */
export async function bytesOf(path: string): Promise<number> {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) return 0
  if (!found.isDirectory()) {
    const log = statSync(`${path}-wal`, { throwIfNoEntry: false })
    return found.size + (log?.size ?? 0)
  }
  const entries = await readdir(path, { withFileTypes: true, recursive: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size)
    .reduce<number>((sum, size) => sum + (size ?? 0), 0)
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}

export interface Ratio {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** Round by round, so that a machine that slows down affects both. */
export function ratioOf(own: readonly number[], other: readonly number[]): Ratio {
  const ratios = own.map((value, round) => value / other[round]!)
  return { median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) }
}

const FSYNCS = 200

/** Times to write a page at the end of a file and bring it to disk: milliseconds, ascending. */
export function fsyncTimes(path: string): number[] {
  const file = openSync(path, 'w')
  const page = Buffer.alloc(4_096, 1)
  const times = Array.from({ length: FSYNCS }, () => {
    const startedAt = performance.now()
    writeSync(file, page)
    fsyncSync(file)
    return performance.now() - startedAt
  })
  closeSync(file)
  return times.sort((a, b) => a - b)
}
