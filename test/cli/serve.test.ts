import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { after, before, describe, it, type TestContext } from 'node:test'
import { StopRequest } from '../../src/cli/context.ts'
import { answerOf, createClient } from '../../src/client/client.ts'
import { iccidOf, instant } from '../support/builders.ts'
import { CliFixture, type CliResult, type CliRunOptions, jsonLines } from './cli-fixture.ts'

let cli: CliFixture
before(async () => {
  cli = await CliFixture.open()
})
after(() => cli.close())

/** A program that has taken a port, until the test is over. */
async function takenPort(t: TestContext): Promise<number> {
  const server: Server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

interface Served {
  readonly url: string
  readonly stop: StopRequest
  readonly ended: Promise<CliResult>
}

async function serve(args: readonly string[], options: CliRunOptions = {}): Promise<Served> {
  const stop = new StopRequest()
  const listening = Promise.withResolvers<string>()
  const ended = cli.run(['serve', ...args, '--json'], {
    ...options,
    stop,
    onOutput: (text) => {
      if (text.startsWith('{"url"')) listening.resolve(JSON.parse(text).url)
    },
  })
  ended.then(({ stderr }) => listening.reject(new Error(`serve ended: ${stderr}`)))
  return { url: await listening.promise, stop, ended }
}

/** Of an account, on connections that do not keep the server waiting. */
function clientOf(url: string, { sid, auth_token }: { sid: string; auth_token: string }) {
  return createClient({
    url,
    credentials: { sid, secret: auth_token },
    fetch: (request) => {
      request.headers.set('connection', 'close')
      return fetch(request)
    },
  })
}

describe('simtally serve', () => {
  it('answers at the URL it prints, and ends with 0 when it is asked to stop', async () => {
    const [account] = await cli.json<{ sid: string; auth_token: string }>([
      ...['account', 'create', '--name', 'Acme'],
    ])
    const { url, stop, ended } = await serve(['--port', '0'])
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/)
    const body = await answerOf(clientOf(url, account!).GET('/v1/UsageRecords'))
    assert.equal(body.usage_records.length, 1)
    assert.ok(body.meta.url.startsWith(`${url}/v1/UsageRecords`))
    assert.ok(stop.request('SIGTERM'))
    assert.equal((await ended).exitCode, 0)
    await assert.rejects(fetch(`${url}/healthz`))
  })

  it('writes its public URL into answers', async () => {
    const [account] = await cli.json<{ sid: string; auth_token: string }>([
      ...['account', 'create', '--name', 'Public'],
    ])
    const { url, stop, ended } = await serve([
      ...['--port', '0', '--public-url', 'https://usage.example.com/iot'],
    ])
    const { meta } = await answerOf(clientOf(url, account!).GET('/v1/Sims'))
    assert.ok(meta.url.startsWith('https://usage.example.com/iot/v1/Sims'), meta.url)
    stop.request('SIGTERM')
    await ended
  })

  it('answers zero objects for branches without usage where it is told to', async () => {
    const [account] = await cli.json<{ sid: string; auth_token: string }>([
      ...['account', 'create', '--name', 'Zeros'],
    ])
    const homeWith = async (flags: string[]) => {
      const { url, stop, ended } = await serve(['--port', '0', ...flags])
      const { usage_records } = await answerOf(clientOf(url, account!).GET('/v1/UsageRecords'))
      stop.request('SIGTERM')
      await ended
      return usage_records[0]!.data.home
    }
    const zeros = { total: 0, download: 0, upload: 0, units: 'bytes' }
    assert.deepEqual(await homeWith(['--empty-branches', 'zero']), zeros)
    assert.equal(await homeWith([]), null)
  })

  it('seals the days that are complete while it serves', async () => {
    const account = await cli.account()
    await cli.json(['sim', 'import', '-', '--account', account], {
      stdin: `iccid\n${iccidOf(1)}\n`,
    })
    await cli.json(['feed', 'create', 'carrier', '--format', 'csv'])
    await cli.json(['import', '-', '--feed', 'carrier'], {
      stdin: `record_id,sim,occurred_at,plmn,upload\na,${iccidOf(1)},2026-03-01,310-260,7\n`,
      now: instant('2026-03-02T12:00:00Z'),
    })
    const cellsBefore = await auditedCells()
    const now = instant('2026-03-10T12:00:00Z')
    const { stop, ended } = await serve(['--port', '0'], { now })
    // A pass starts at once.
    while ((await auditedCells()) === cellsBefore);
    stop.request('SIGTERM')
    assert.equal((await ended).exitCode, 0)
    assert.ok((await auditedCells()) > cellsBefore)
  })

  it('fails in two lines when its port is in use', async (t) => {
    const port = String(await takenPort(t))
    const { exitCode, stdout, stderr } = await cli.run(['serve', '--port', port])
    assert.deepEqual([exitCode, stdout], [1, ''])
    assert.equal(
      stderr,
      `simtally: port ${port} of 127.0.0.1 is in use by another program\n` +
        '  choose another with --port; --port 0 picks a free one\n',
    )
  })

  it('fails for an address that is not this machine’s', async () => {
    const { exitCode, stderr } = await cli.run(['serve', '--port', '0', '--host', '192.0.2.1'])
    assert.equal(exitCode, 1)
    assert.match(stderr, /^simtally: this machine has no address 192\.0\.2\.1\n {2}.*--host/)
  })

  it('logs each request by its route, and neither its query nor its credentials', async () => {
    const [account] = await cli.json<{ sid: string; auth_token: string }>([
      ...['account', 'create', '--name', 'Logged'],
    ])
    const { url, stop, ended } = await serve(['--port', '0'], { logLevel: 'info' })
    const basic = Buffer.from(`${account!.sid}:${account!.auth_token}`).toString('base64')
    const headers = { authorization: `Basic ${basic}`, connection: 'close' }
    assert.equal((await fetch(`${url}/v1/Sims?Iccid=${iccidOf(7)}`, { headers })).status, 200)
    stop.request('SIGTERM')
    const { stderr } = await ended
    const logged = jsonLines<{ msg: string; route?: string }>(stderr)
    assert.equal(logged.find(({ msg }) => msg === 'request')?.route, '/v1/Sims')
    assert.ok(!stderr.includes(iccidOf(7)) && !stderr.includes(account!.auth_token))
    assert.ok(!stderr.includes(basic))
  })

  it('goes on at SIGHUP, and says that there is no log file to open anew', async () => {
    let hangUp = () => {}
    const { url, stop, ended } = await serve(['--port', '0'], {
      logLevel: 'info',
      hangUp: {
        listen: (listener) => {
          hangUp = listener
          return () => {}
        },
      },
    })
    hangUp()
    const answer = await fetch(`${url}/healthz`, { headers: { connection: 'close' } })
    assert.equal(answer.status, 200)
    stop.request('SIGTERM')
    const { exitCode, stderr } = await ended
    assert.equal(exitCode, 0)
    assert.match(stderr, /SIGHUP: there is no log file to reopen; --log-file names one/)
  })

  it('fails for a log file that cannot be written', async () => {
    const { exitCode, stderr } = await cli.run(['serve', '--log-file', cli.path('no/serve.log')])
    assert.equal(exitCode, 1)
    assert.match(stderr, /^simtally: the log file .*serve\.log cannot be written \(ENOENT\)$/m)
  })

  it('is wrong usage with a log level that does not exist', async () => {
    const { exitCode, stderr } = await cli.run(['serve', '--port', '0'], { logLevel: 'loud' })
    assert.equal(exitCode, 2)
    assert.match(stderr, /^simtally: SIMTALLY_LOG_LEVEL "loud": expected fatal, error, warn,/)
  })

  it('stands by the limits that its flags and the environment set', async () => {
    const limits = { SIMTALLY_LIMIT_URL_CHARACTERS: '300', SIMTALLY_LIMIT_PATH_SEGMENTS: '9' }
    const { url, stop, ended } = await serve(
      ['--port', '0', '--limit', 'url-characters=400', '--limit', 'query-parameters=20'],
      { limits },
    )
    const status = async (path: string) => {
      const answer = await fetch(`${url}${path}`, { headers: { connection: 'close' } })
      await answer.bytes()
      return answer.status
    }
    assert.equal(await status(`/healthz?a=${'x'.repeat(380)}`), 200)
    assert.equal(await status(`/healthz?a=${'x'.repeat(400)}`), 414)
    assert.equal(await status(`/${'a/'.repeat(9)}`), 414)
    assert.equal(await status(`/healthz?${'a&'.repeat(20)}`), 400)
    stop.request('SIGTERM')
    await ended
    for (const [variable, message] of [
      [{ SIMTALLY_LIMIT_HEADERS: 'all' }, /SIMTALLY_LIMIT_HEADERS "all": expected a whole number/],
      [{ SIMTALLY_LIMIT_PATIENCE: '1' }, /SIMTALLY_LIMIT_PATIENCE: there is no such limit/],
    ] as const) {
      const refused = await cli.run(['serve', '--port', '0'], { limits: variable })
      assert.equal(refused.exitCode, 2)
      assert.match(refused.stderr, message)
    }
  })

  it('is wrong usage with a port, URL or proxy that cannot be', async () => {
    for (const [args, message] of [
      [['--port', '65536'], /--port "65536": expected a whole number from 0 to 65535/],
      [['--workers', '0'], /--workers "0": expected a whole number from 1 to 64/],
      [['--allow-origin', '*'], /allowOrigin \*: expected an origin/],
      [['--empty-branches', 'none'], /--empty-branches "none": expected null, zero/],
      [['--public-url', 'usage.example.com'], /publicUrl usage\.example\.com: expected an http/],
      [['--limit', 'headers=1'], /--limit headers "1": expected a whole number from 20 to 1000/],
      [['--limit', 'headers'], /--limit "headers": expected name=value/],
      [['--limit', 'patience=1'], /--limit "patience=1": there is no such limit/],
      [['--trust-proxy', 'nobody'], /trustProxy nobody: expected an IP address or network/],
    ] as const) {
      const { exitCode, stderr } = await cli.run(['serve', ...args])
      assert.equal(exitCode, 2)
      assert.match(stderr, message)
    }
  })
})

async function auditedCells(): Promise<number> {
  const [report] = await cli.json<{ cells_checked: number }>(['audit'])
  return report!.cells_checked
}
