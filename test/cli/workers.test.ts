/** `simtally serve --workers 2`: several processes on one port, as one program to the outside. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rename, stat } from 'node:fs/promises'
import { Agent, type IncomingMessage, request } from 'node:http'
import { type AddressInfo, connect, createServer } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { iccidOf } from '../support/builders.ts'
import { itLong } from '../support/volume.ts'
import { CliFixture, jsonLines } from './cli-fixture.ts'
import { CliProcess, LAUNCHER } from './cli-process.ts'

const DURATION = 'simtally_http_request_duration_seconds'
const HEADER = 'record_id,sim,occurred_at,plmn,upload\n'

let cli: CliFixture
const started: CliProcess[] = []
before(async () => {
  cli = await openCli()
})
after(async () => {
  await Promise.all(started.map((one) => one.end()))
  await cli.close()
})

/** A store with a SIM and a feed. */
async function openCli(): Promise<CliFixture> {
  const opened = await CliFixture.open()
  const account = await opened.account()
  const stdin = `iccid\n${iccidOf(1)}\n`
  await opened.json(['sim', 'import', '-', '--account', account], { stdin })
  await opened.json(['feed', 'create', 'carrier', '--format', 'csv'])
  return opened
}

interface Key {
  readonly sid: string
  readonly secret: string
}

async function newKey(on = cli): Promise<Key> {
  const [key] = await on.json<Key>(['key', 'create', '--operator', '--scope', 'ingest'])
  return key!
}

const basic = ({ sid, secret }: Key) =>
  `Basic ${Buffer.from(`${sid}:${secret}`).toString('base64')}`

function launch(args: readonly string[], on = cli): CliProcess {
  const launched = new CliProcess(on, process.execPath, [LAUNCHER, ...args])
  started.push(launched)
  return launched
}

const SERVE = ['serve', '--port', '0', '--workers', '2', '--json']

interface Serving {
  readonly process: CliProcess
  readonly port: number
}

async function serve(on = cli, more: readonly string[] = []): Promise<Serving> {
  const launched = launch([...SERVE, ...more], on)
  await launched.said('"url"')
  // Lines of the log wait a moment for each other.
  if (!more.includes('--log-file')) await launched.said(/(?:a worker answers[\s\S]*){2}/)
  return { process: launched, port: Number(new URL(JSON.parse(launched.stdout).url).port) }
}

interface LogLine {
  readonly msg: string
  readonly pid?: number
  readonly route?: string
}

const log = ({ process: { stderr } }: Serving) => jsonLines<LogLine>(stderr)

/** In the order in which they began to answer. */
const workersOf = (serving: Serving) =>
  log(serving).flatMap(({ msg, pid }) => (msg === 'a worker answers' ? [pid!] : []))

/** Over a connection of its own. */
async function ask(port: number, path: string, headers: Record<string, string> = {}) {
  const sent = request({ port, path, headers, agent: new Agent() }).end()
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  return { status: answer.statusCode, body: Buffer.concat(await answer.toArray()).toString() }
}

async function get(port: number, path: string, headers?: Record<string, string>) {
  return (await ask(port, path, headers)).status
}

/** The system deals connections out by chance: so many reach both workers but once in 30,000 times. */
const CONNECTIONS = 16

const overAll = <T>(one: () => Promise<T>) => Promise.all(Array.from({ length: CONNECTIONS }, one))

const getFromAll = (port: number, path: string, headers?: Record<string, string>) =>
  overAll(() => get(port, path, headers))

const all = <T>(expected: T) => Array.from({ length: CONNECTIONS }, () => expected)

/** The processes that a process has started. */
const childrenOf = (pid: number) =>
  execFileSync('ps', ['-A', '-o', 'pid=,ppid='])
    .toString()
    .split('\n')
    .map((line) => line.trim().split(/ +/).map(Number))
    .flatMap(([child, parent]) => (parent === pid ? [child!] : []))

const isRunning = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** A delivery of one record whose body has not begun. */
async function openDelivery(port: number, key: Key) {
  // Commands run as processes have the machine's own clock.
  const tenDaysAgo = new Date(Date.now() - 10 * 86_400_000).toISOString()
  const body = `${HEADER}workers,${iccidOf(1)},${tenDaysAgo},310-260,1\n`
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(
    'POST /v1/Feeds/carrier/Records HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n' +
      `Authorization: ${basic(key)}\r\nContent-Type: text/csv\r\n` +
      `Content-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`,
  )
  await once(socket, 'data')
  return { socket, body }
}

describe('simtally serve with several workers', { timeout: 120_000 }, () => {
  itLong('answers from all of them on one port, and logs one JSON object a line', async () => {
    const serving = await serve()
    assert.equal(new Set(workersOf(serving)).size, 2)
    assert.deepEqual(await getFromAll(serving.port, '/healthz'), all(200))
    serving.process.child.kill('SIGTERM')
    const { code, stderr } = await serving.process.ended()
    assert.equal(code, 0)
    const lines = jsonLines<LogLine>(stderr)
    assert.equal(lines.filter(({ route }) => route === '/healthz').length, CONNECTIONS)
    assert.equal(lines.filter(({ msg }) => msg === 'stopping on SIGTERM').length, 1)
  })

  it('stops at once to take a key that another process has revoked, in each of them', async () => {
    const key = await newKey()
    const headers = { authorization: basic(key) }
    const serving = await serve()
    assert.deepEqual(await getFromAll(serving.port, '/v1/Imports', headers), all(200))
    await cli.json(['key', 'revoke', key.sid])
    assert.deepEqual(await getFromAll(serving.port, '/v1/Imports', headers), all(401))
    await serving.process.end()
  })

  itLong('agrees in all of them on who is signed in to the console', async () => {
    const key = await newKey()
    const serving = await serve(cli, ['--limit', 'failed-log-ins=1000'])
    const url = `http://127.0.0.1:${serving.port}/console/session`
    const { origin } = new URL(url)
    const headers = { origin, 'content-type': 'application/json' }
    const signIn = async () => {
      // By the clock of the machine, which the workers have.
      const now = Math.floor(Date.now() / 1000)
      const link = ['console', 'link', '--key', key.sid]
      const [made] = await cli.json<{ url: string }>(link, { now })
      const body = JSON.stringify({ code: new URL(made!.url).hash.slice(1) })
      // The code is good once, whichever of them is asked.
      const answers = await overAll(() => fetch(url, { method: 'POST', headers, body }))
      const [cookie] = answers.flatMap(({ status, headers: got }) =>
        status === 201 ? [got.get('set-cookie')!.split(';')[0]!] : [],
      )
      const statuses = answers.map(({ status }) => status).sort((a, b) => a - b)
      assert.deepEqual(statuses, [201, ...all(401).slice(1)])
      return cookie!
    }
    const seen = (cookie: string) => getFromAll(serving.port, '/v1/Imports', { cookie })
    const [first, second] = [await signIn(), await signIn()]
    assert.deepEqual([await seen(first), await seen(second)], [all(200), all(200)])
    const left = await fetch(url, { method: 'DELETE', headers: { origin, cookie: first } })
    assert.equal(left.status, 204)
    assert.deepEqual([await seen(first), await seen(second)], [all(401), all(200)])
    await cli.json(['key', 'revoke', key.sid])
    assert.deepEqual(await seen(second), all(401))
    await serving.process.end()
  })

  itLong('holds an address back whose wrong credentials went to another of them', async () => {
    const serving = await serve(cli, ['--limit', 'failed-log-ins=4'])
    const wrong = { authorization: basic({ ...(await newKey()), secret: 'guess' }) }
    const statuses: (number | undefined)[] = []
    while (statuses.at(-1) !== 429) statuses.push(await get(serving.port, '/v1/Imports', wrong))
    // Each of them would allow four; what is on its way between them may be missed.
    assert.ok(statuses.filter((status) => status === 401).length < 8)
    await serving.process.end()
  })

  itLong(
    'tells what all of them have measured, whichever is asked, and once what the store knows',
    async () => {
      const headers = { authorization: basic(await newKey()) }
      const serving = await serve()
      const { port } = serving
      const told = async () => {
        const { body } = await ask(port, '/metrics', headers)
        const lines = body.split('\n')
        const sample = (named: string) =>
          Number(
            lines
              .find((line) => line.startsWith(named))
              ?.split(' ')
              .at(-1),
          )
        return {
          requests: sample(`${DURATION}_count{method="GET",route="/healthz",status="200"}`),
          quickOnes: sample(
            `${DURATION}_bucket{le="+Inf",method="GET",route="/healthz",status="200"}`,
          ),
          imports: sample('simtally_feed_imports{feed="carrier",status="done"}'),
          states: body.match(/^simtally_feed_state\{feed="carrier".* 1$/gm)?.length,
        }
      }
      await cli.json(['import', '-', '--feed', 'carrier'], { stdin: HEADER })
      const { length: imports } = await cli.json(['import', 'list'])
      const expected = (requests: number) => ({ requests, quickOnes: requests, imports, states: 1 })
      await getFromAll(port, '/healthz')
      const before = expected(CONNECTIONS)
      assert.deepEqual(await overAll(told), all(before))
      // One that hangs: whoever is asked of the other has its last word.
      const [first, second] = workersOf(serving)
      process.kill(first!, 'SIGSTOP')
      const answers = Array.from({ length: CONNECTIONS }, told)
      assert.deepEqual(await Promise.race(answers), before)
      process.kill(first!, 'SIGCONT')
      assert.deepEqual(await Promise.all(answers), all(before))
      // One that dies, and the other one after it: their numbers stay.
      for (const [i, pid] of [first, second].entries()) {
        process.kill(pid!, 'SIGKILL')
        await serving.process.said(new RegExp(`(?:a worker answers[\\s\\S]*){${i + 3}}`))
        assert.deepEqual(await overAll(told), all(before))
      }
      await getFromAll(port, '/healthz')
      assert.deepEqual(await told(), expected(2 * CONNECTIONS))
      await serving.process.end()
    },
  )

  it('replaces a worker that dies, on the same port, and says so', async () => {
    const serving = await serve()
    const [first] = workersOf(serving)
    process.kill(first!, 'SIGKILL')
    await serving.process.said('a worker ended (SIGKILL) and is replaced')
    assert.equal(await get(serving.port, '/healthz'), 200)
    await serving.process.said(/(?:a worker answers[\s\S]*){3}/)
    assert.deepEqual(await getFromAll(serving.port, '/healthz'), all(200))
    assert.equal(log(serving).find(({ msg }) => msg.startsWith('a worker ended'))!.pid, first)
    serving.process.child.kill('SIGTERM')
    assert.equal((await serving.process.ended()).code, 0)
  })

  itLong('comes back on its port when all workers die at once', async () => {
    const serving = await serve()
    for (const pid of workersOf(serving)) process.kill(pid, 'SIGKILL')
    await serving.process.said(/(?:a worker answers[\s\S]*){4}/)
    assert.deepEqual(await getFromAll(serving.port, '/healthz'), all(200))
    await serving.process.end()
  })

  itLong('starts another worker for one that is killed while it starts', async () => {
    const launched = launch(SERVE)
    const first: number[] = []
    while (first.length < 2) first.splice(0, 2, ...childrenOf(launched.child.pid!))
    for (const pid of first) process.kill(pid, 'SIGKILL')
    await launched.said('"url"')
    await launched.said(/(?:a worker answers[\s\S]*){2}/)
    const port = Number(new URL(JSON.parse(launched.stdout).url).port)
    assert.deepEqual(await getFromAll(port, '/healthz'), all(200))
    const lines = jsonLines<LogLine & { failures?: number }>(launched.stderr)
    const told = lines.filter(({ msg }) => msg.startsWith('a worker could not start'))
    assert.deepEqual(
      told.map(({ failures }) => failures),
      [1, 1],
    )
    await launched.end()
  })

  itLong('opens its log file anew at SIGHUP, in every process, and goes on', async () => {
    const path = cli.path('serve.log')
    const serving = await serve(cli, ['--log-file', path])
    const { port } = serving
    const { child } = serving.process
    const lines = async (file: string) => jsonLines<LogLine>(await readFile(file, 'utf8'))
    const count = async (file: string, text: string) =>
      (await lines(file).catch(() => [])).filter(({ msg }) => msg.startsWith(text)).length
    while ((await count(path, 'a worker answers')) < 2) await setImmediate()
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    await rename(path, `${path}.1`)
    child.kill('SIGHUP')
    for (const pid of childrenOf(child.pid!)) process.kill(pid, 'SIGHUP')
    while ((await count(path, 'SIGHUP: the log file is reopened')) < 3) await setImmediate()
    await getFromAll(port, '/healthz')
    while ((await count(path, 'request')) < CONNECTIONS) await setImmediate()
    assert.equal(await count(`${path}.1`, 'request'), 0)
    assert.equal(serving.process.stderr, '')
    child.kill('SIGTERM')
    assert.equal((await serving.process.ended()).code, 0)
  })

  itLong('cuts off what stalls at the deadline for stopping, and ends with 1', async () => {
    const serving = await serve(cli, ['--limit', 'shutdown-seconds=1'])
    const { socket } = await openDelivery(serving.port, await newKey())
    serving.process.child.kill('SIGTERM')
    const { code, stderr } = await serving.process.ended()
    assert.equal(code, 1)
    assert.match(
      stderr,
      /^{"error":{"code":"unavailable","message":"requests cut off at the deadline for stopping, after 1 s: 1"/m,
    )
    socket.destroy()
  })

  itLong('finishes the request under way at the first signal', async () => {
    const serving = await serve()
    const { socket, body } = await openDelivery(serving.port, await newKey())
    serving.process.child.kill('SIGTERM')
    await serving.process.said('stopping on SIGTERM')
    // What a terminal or a service manager sends reaches the workers as well, and ends none.
    for (const pid of workersOf(serving)) if (isRunning(pid)) process.kill(pid, 'SIGTERM')
    socket.write(body)
    const [answer] = await once(socket, 'data')
    assert.match(String(answer), /^HTTP\/1\.1 200 /)
    assert.equal((await serving.process.ended()).code, 0)
    const [counted] = await cli.json<{ accepted: number }>(['import', 'list'])
    assert.equal(counted!.accepted, 1)
  })

  itLong('ends with all of its workers at the second signal', async () => {
    const serving = await serve()
    const { socket } = await openDelivery(serving.port, await newKey())
    serving.process.child.kill('SIGTERM')
    await serving.process.said('stopping on SIGTERM')
    serving.process.child.kill('SIGTERM')
    // Resolves when nobody holds its stderr any more.
    assert.equal((await serving.process.ended()).code, 143)
    socket.destroy()
  })

  itLong('leaves no worker behind when it is killed', async () => {
    const serving = await serve()
    serving.process.child.kill('SIGKILL')
    assert.equal((await serving.process.ended()).signal, 'SIGKILL')
  })

  itLong('seals the complete days of a delivery soon after it', async (t) => {
    const own = await openCli()
    t.after(() => own.close())
    const audit = async () => {
      const [report] = await own.json<{ cells_checked: number; difference_count: number }>([
        'audit',
      ])
      assert.equal(report!.difference_count, 0)
      return report!.cells_checked
    }
    const serving = await serve(own)
    const { socket, body } = await openDelivery(serving.port, await newKey(own))
    socket.write(body)
    await once(socket, 'data')
    // An hour and a day of the account; once it is sealed, totals of the SIM as well.
    while ((await audit()) < 3);
    await serving.process.end()
  })

  it('fails in two lines, and starts none, when its port is in use', async (t) => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    t.after(() => other.close())
    const port = String((other.address() as AddressInfo).port)
    const serving = launch(['serve', '--workers', '2', '--port', port])
    const { code, stdout, stderr } = await serving.ended()
    assert.deepEqual([code, stdout], [1, ''])
    assert.equal(
      stderr,
      `simtally: port ${port} of 127.0.0.1 is in use by another program\n` +
        '  choose another with --port; --port 0 picks a free one\n',
    )
  })

  it('fails in a line, and a hint where there is one, for a database that is none and for wrong options', async () => {
    const file = await cli.file('text.db', 'this is no database\n'.repeat(100))
    for (const [args, expected, lines, message] of [
      [['--database', `sqlite:${file}`], 1, 1, /^simtally: .*text\.db is not a SQLite database/],
      [
        ['--public-url', 'usage.example.com'],
        2,
        3,
        /^simtally: publicUrl usage\.example\.com: exp/,
      ],
      [['--host', '192.0.2.1'], 1, 2, /^simtally: this machine has no address 192\.0\.2\.1/],
    ] as const) {
      const { code, stderr } = await launch(['serve', '--workers', '2', ...args]).ended()
      assert.equal(code, expected)
      assert.match(stderr, message)
      assert.equal(stderr.trimEnd().split('\n').length, lines)
    }
  })
})
