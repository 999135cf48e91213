/** A PostgreSQL server from Debian's packages, older than the one that all other tests run on. */
import { execFileSync } from 'node:child_process'
import { chmodSync, globSync, rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './postgres-server.ts'

/** Where its programs are; null if none are installed. */
export function debianPostgres(): string | null {
  const found = globSync('/usr/lib/postgresql/*/bin/initdb').sort()
  return found[0] === undefined ? null : join(found[0], '..')
}

export interface DebianServer {
  readonly url: string
  /** Such as `15.18`. */
  readonly version: string
  stop(): void
}

/** On a free port of this machine and in a folder of its own. Throws if none is installed. */
export async function startDebianPostgres(): Promise<DebianServer> {
  const programs = debianPostgres()
  if (programs === null) throw new Error('no PostgreSQL of Debian: apt-get install postgresql')
  const folder = await mkdtemp(join(tmpdir(), 'simtally-debian-'))
  const port = await freePort()
  const run = (program: string, ...args: string[]) => {
    const path = join(programs, program)
    // It refuses to run as root, but its package has created a user for it.
    const isRoot = process.getuid?.() === 0
    const command = isRoot
      ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups']
      : []
    const [first, ...rest] = [...command, path, ...args]
    return execFileSync(first!, rest, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  }
  chmodSync(folder, 0o777)
  const data = join(folder, 'data')
  const settings = [
    ...['fsync=off', 'full_page_writes=off', 'autovacuum=off', 'max_connections=300'],
    ...['listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`],
  ]
  const remove = () => rmSync(folder, { recursive: true, force: true })
  try {
    const asText = ['--locale=C', '--encoding=UTF8', '--no-sync', '--auth=trust']
    run('initdb', '--pgdata', data, '--username=postgres', ...asText)
    const options = ['-p', String(port), ...settings.flatMap((setting) => ['-c', `'${setting}'`])]
    const log = join(folder, 'log')
    run('pg_ctl', 'start', '--wait', '--silent', '-D', data, '-l', log, '-o', options.join(' '))
  } catch (error) {
    remove()
    throw error
  }
  return {
    url: `postgres://postgres:none@127.0.0.1:${port}/postgres`,
    version: String(run('postgres', '--version')).split(' ')[2]!,
    stop: () => {
      run('pg_ctl', 'stop', '--silent', '-m', 'immediate', '-D', data)
      remove()
    },
  }
}
