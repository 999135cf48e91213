/**
 * PgBouncer in front of the tests' PostgreSQL server. It comes in no npm package: tests that need it run
 * if it is installed, and fail in CI if it is not.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './postgres-server.ts'

export const INSTALL_PGBOUNCER = 'apt-get install -y --no-install-recommends pgbouncer'

export function hasPgBouncer(): boolean {
  return spawnSync('pgbouncer', ['--version']).status === 0
}

export type PoolMode = 'session' | 'transaction' | 'statement'

export interface PgBouncer {
  /** The URL through the pooler. */
  through(url: string): string
  /** Switches to another mode while it runs. */
  change(mode: PoolMode): Promise<void>
  stop(): Promise<void>
}

/** Starts one on a free port, for all databases of the URL's server. */
export async function startPgBouncer(
  serverUrl: string,
  mode: PoolMode,
  settings: readonly string[] = [],
): Promise<PgBouncer> {
  const dir = await mkdtemp(join(tmpdir(), 'simtally-pgbouncer-'))
  await chmod(dir, 0o755)
  const server = new URL(serverUrl)
  const port = await freePort()
  const config = join(dir, 'pgbouncer.ini')
  const login = `user=${server.username} password=${server.password}`
  const linesOf = (mode: PoolMode) => [
    '[databases]',
    `* = host=${server.hostname} port=${server.port} ${login}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = any',
    `pool_mode = ${mode}`,
    'default_pool_size = 20',
    ...settings,
  ]
  const configure = (mode: PoolMode) => writeFile(config, `${linesOf(mode).join('\n')}\n`)
  await configure(mode)
  // It refuses to run as root.
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  const child = spawn('pgbouncer', [...user, config], { stdio: ['ignore', 'ignore', 'pipe'] })
  await said(child, 'process up')
  return {
    through: (url) => Object.assign(new URL(url), { port: String(port) }).href,
    change: async (mode) => {
      await configure(mode)
      child.kill('SIGHUP')
      await said(child, 'SIGHUP')
    },
    stop: async () => {
      const ended = once(child, 'close')
      child.kill('SIGINT')
      setTimeout(() => child.kill('SIGKILL'), 2_000).unref()
      await ended
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** Resolves when it next logs the text. */
function said(child: ChildProcess, text: string): Promise<void> {
  let output = ''
  return new Promise<void>((resolve, reject) => {
    child.stderr!.on('data', (chunk) => {
      output += chunk
      if (output.includes(text)) resolve()
    })
    child.once('close', () => reject(new Error(`PgBouncer ended: ${output}`)))
  })
}
