/**
 * A place where nothing of the checkout is near: a folder with a space in its name, other Nodes than this
 * one, and, for root, a user without a home and without rights. It takes a registry.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

export const ROOT = join(import.meta.dirname, '../..')

/** The last of each line when this was written. */
const NODES = { 20: '20.20.2', 22: '22.23.5', 24: '24.22.3' } as const

/** 26 is the one that runs the tests. */
export type NodeLine = keyof typeof NODES | 26

/** Of the user `nobody`, on every Linux. */
const NOBODY = 65_534

export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export class StrangeMachine {
  readonly #folder: string
  /** npm's settings of this machine, such as its registry, which go by the prefix otherwise. */
  readonly #npmSettings: string

  private constructor(folder: string, npmSettings: string) {
    this.#folder = folder
    this.#npmSettings = npmSettings
  }

  static async open(): Promise<StrangeMachine> {
    const settings = await promisify(execFile)('npm', ['config', 'get', 'globalconfig'])
    const folder = await mkdtemp(join(tmpdir(), 'simtally package '))
    const machine = new StrangeMachine(folder, settings.stdout.trim())
    await machine.#give(machine.#folder)
    await machine.makeFolder('nodes')
    const nodes = Object.entries(NODES).map(
      ([line, version]) => `node-${line}@npm:node-${process.platform}-${process.arch}@${version}`,
    )
    await machine.mustRun('npm', ['install', '--no-save', ...nodes], { cwd: 'nodes' })
    // The user may not enter the checkout.
    await cp(process.execPath, machine.nodeOf(26))
    return machine
  }

  close(): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true })
  }

  path(...parts: string[]): string {
    return join(this.#folder, ...parts)
  }

  /** Below the machine's folder, and its user's. */
  async makeFolder(name: string): Promise<void> {
    await mkdir(this.path(name), { recursive: true })
    await this.#give(this.path(name))
  }

  async writeFile(name: string, text: string): Promise<void> {
    await writeFile(this.path(name), text)
    await this.#give(this.path(name))
  }

  /** The files that git has, or would have once they are added. */
  async copyCheckout(name: string): Promise<void> {
    const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
    const { stdout } = await promisify(execFile)('git', list, { cwd: ROOT, maxBuffer: 2 ** 24 })
    for (const file of stdout.split('\0').filter((path) => path !== '')) {
      await cp(join(ROOT, file), this.path(name, file))
    }
    if (isRoot) await promisify(execFile)('chown', ['-R', `${NOBODY}`, this.path(name)])
  }

  nodeOf(line: NodeLine): string {
    return this.path('nodes', 'node_modules', `node-${line}`, 'bin', 'node')
  }

  /** Runs a command with that Node as the first in its path, in an environment that says little else. */
  async run(
    file: string,
    args: readonly string[],
    { cwd = '.', node }: { readonly cwd?: string; readonly node?: NodeLine } = {},
  ): Promise<Ended> {
    const running = promisify(execFile)(file, [...args], this.#options(cwd, node))
    return await running.then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
    )
  }

  /** As `run`; rejects unless it ends well. Resolves to what it printed. */
  async mustRun(...given: Parameters<StrangeMachine['run']>): Promise<string> {
    const { code, stdout, stderr } = await this.run(...given)
    if (code === 0) return stdout
    throw new Error(`${given[0]} ${given[1].join(' ')} ended with ${code}:\n${stderr}\n${stdout}`)
  }

  /** Starts a server, asks for a path below the URL in its first line, and stops it. */
  async askServer(
    file: string,
    args: readonly string[],
    { cwd, node, path }: { readonly cwd: string; readonly node: NodeLine; readonly path: string },
  ): Promise<string> {
    const serving = spawn(file, [...args], this.#options(cwd, node))
    const ended = once(serving, 'exit')
    try {
      const lines = createInterface(serving.stdout)
      const { done, value: line } = await lines[Symbol.asyncIterator]().next()
      if (done) throw new Error('the server ended before it said where it answers')
      const [url] = /http:[^\s"]+/.exec(line) ?? []
      return await fetch(`${url}${path}`).then((reply) => reply.text())
    } finally {
      serving.kill('SIGTERM')
      await ended
    }
  }

  #options(cwd: string, node: NodeLine | undefined) {
    const path = process.env.PATH!.split(delimiter)
    // npm's scripts put the checkout's own programs first.
    const others = path.filter((folder) => !folder.startsWith(ROOT))
    const first = node === undefined ? [] : [dirname(this.nodeOf(node))]
    return {
      cwd: this.path(cwd),
      // npm keeps what it has fetched in the home of its user, who has none here.
      env: {
        PATH: [...first, ...others].join(delimiter),
        npm_config_cache: this.path('cache'),
        npm_config_globalconfig: this.#npmSettings,
      },
      ...(isRoot && { uid: NOBODY, gid: NOBODY }),
      maxBuffer: 2 ** 24,
    }
  }

  async #give(path: string): Promise<void> {
    if (isRoot) await chown(path, NOBODY, NOBODY)
  }
}

const isRoot = process.getuid?.() === 0
