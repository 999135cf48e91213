import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { after, before, describe, it, type TestContext } from 'node:test'
import { StopRequest } from '../../src/cli/context.ts'
import { PORT_DEFAULT } from '../../src/cli/serving.ts'
import { askAt } from '../support/answers.ts'
import { instant } from '../support/builders.ts'
import { CliFixture, type CliResult } from './cli-fixture.ts'

// Ten days hold a record of an unknown SIM, which comes every nine.
const SMALL = ['--sims', '6', '--days', '10']
const NOW = instant('2026-03-10T12:34:56Z')

interface DemoJson {
  readonly url: string
  readonly account_sid: string
  readonly sim_sid: string
  readonly username: string
  readonly password: string
  readonly credentials_file: string
  readonly curl: readonly string[]
  readonly records: number
  readonly accepted: number
  readonly duplicate: number
  readonly quarantined: number
}

let cli: CliFixture
before(async () => {
  cli = await CliFixture.open()
})
after(() => cli.close())

const demoArgs = (database: string, ...args: string[]) => [
  ...['demo', ...SMALL, ...args],
  ...['--database', `sqlite:${cli.path(database)}`],
]

async function importOnly(database: string, now = NOW): Promise<DemoJson> {
  const [result] = await cli.json<DemoJson>(demoArgs(database, '--no-serve'), { now })
  return result!
}

/** Serves the demo until the test is over; answers what it says once it listens. */
async function served(t: TestContext, args: readonly string[]) {
  const stop = new StopRequest()
  const said = Promise.withResolvers<string>()
  let text = ''
  const ended = cli.run(args, {
    stop,
    now: NOW,
    onOutput: (piece) => {
      text += piece
      if (text.includes('Ctrl-C')) said.resolve(text)
    },
  })
  ended.then(({ stderr }: CliResult) => said.reject(new Error(`the demo ended: ${stderr}`)))
  t.after(async () => {
    stop.request('SIGTERM')
    await ended
  })
  return { text: await said.promise, stop, ended }
}

/** Asks what the curl line asks. */
function paste(curl: string) {
  const { user, url } = /^curl -u (?<user>\S+) '(?<url>\S+)'$/.exec(curl)!.groups!
  const authorization = `Basic ${Buffer.from(user!).toString('base64')}`
  const headers = { authorization, connection: 'close' }
  return askAt<'/v1/UsageRecords'>('', { url: url!, headers })
}

describe('simtally demo', () => {
  it('prints a link to the console, and three curl lines: a month, its days, the account', async (t) => {
    const { text, stop, ended } = await served(t, demoArgs('served.db', '--port', '0'))
    assert.match(text, /^Imported [\d,]+ records in /m)
    assert.match(text, /^ {2}quarantined +1 {2}of unregistered SIMs, in quarantine/m)
    const curls = text.split('\n').flatMap((line) => /^ +(curl .*)$/.exec(line)?.[1] ?? [])
    assert.equal(curls.length, 3)
    const lengths: number[] = []
    let used = 0n
    for (const curl of curls) {
      const { status, body } = await paste(curl)
      assert.equal(status, 200, curl)
      const { usage_records } = body
      lengths.push(usage_records.length)
      used += BigInt(usage_records[0]!.data.total)
    }
    assert.deepEqual(lengths, [1, 29, 1])
    assert.ok(used > 0n)
    const [, url, code] = /^ {2}(http:\S+)\/console\/sign-in#([0-9a-f]{32})$/m.exec(text)!
    const signIn = () =>
      fetch(`${url}/console/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: url!, connection: 'close' },
        body: JSON.stringify({ code }),
      })
    const { status, headers } = await signIn()
    assert.deepEqual([status, headers.get('set-cookie')?.split('=')[0]], [201, 'simtally-session'])
    assert.equal((await signIn()).status, 401)
    assert.ok(stop.request('SIGINT'))
    assert.equal((await ended).exitCode, 0)
  })

  it('keeps credentials and usage when it runs again, and adds only what is new', async () => {
    const first = await importOnly('again.db')
    assert.equal(first.accepted + first.duplicate + first.quarantined, first.records)
    assert.ok(first.accepted > 300 && first.quarantined === 1)
    const second = await importOnly('again.db')
    assert.deepEqual([second.accepted, second.quarantined], [0, 1])
    assert.deepEqual([second.username, second.password], [first.username, first.password])
    const hourLater = await importOnly('again.db', NOW + 3 * 3600)
    assert.ok(hourLater.accepted > 0 && hourLater.accepted < 30, String(hourLater.accepted))
    const [audit] = await cli.json<{ ledger_rows: number }>([
      ...['audit', '--database', `sqlite:${cli.path('again.db')}`],
    ])
    assert.equal(audit!.ledger_rows, first.accepted + hourLater.accepted)
  })

  it('keeps its credentials where only their owner can read them', async () => {
    const { credentials_file: file, account_sid, username, password } = await importOnly('mode.db')
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), {
      [account_sid]: { username, password },
    })
  })

  it('makes an API key when its credentials are lost, damaged or revoked', async () => {
    const first = await importOnly('lost.db')
    assert.equal(first.username, first.account_sid)
    await rm(first.credentials_file)
    const second = await importOnly('lost.db')
    assert.match(second.username, /^SK/)
    await writeFile(second.credentials_file, '{ "half')
    await chmod(second.credentials_file, 0o644)
    const draft = `${second.credentials_file}.${process.pid}`
    await writeFile(draft, 'left behind')
    await chmod(draft, 0o644)
    const third = await importOnly('lost.db')
    assert.equal((await stat(third.credentials_file)).mode & 0o777, 0o600)
    const database = ['--database', `sqlite:${cli.path('lost.db')}`]
    await cli.json(['key', 'revoke', third.username, ...database])
    const fourth = await importOnly('lost.db')
    const fifth = await importOnly('lost.db')
    const usernames = [first, second, third, fourth].map(({ username }) => username)
    assert.equal(new Set(usernames).size, 4)
    assert.equal(fifth.username, fourth.username)
  })

  it('takes a free port when its own is in use, and says so', async (t) => {
    const blocker = createServer().listen(PORT_DEFAULT, '127.0.0.1')
    // Where another program has the port already, that one is the blocker.
    await Promise.race([once(blocker, 'listening'), once(blocker, 'error')])
    t.after(() => blocker.close())
    const { text } = await served(t, demoArgs('port.db'))
    const [, port] = /^Simtally answers at http:\/\/127\.0\.0\.1:(\d+)$/m.exec(text)!
    assert.notEqual(Number(port), PORT_DEFAULT)
    assert.match(text, /^simtally: port 8080 is in use, so a free one is used$/m)
  })

  it('stops at a signal during its import, and completes the count the next time', async () => {
    // The import is small: it is asked to stop at the moment from which it listens.
    class StopAtOnce extends StopRequest {
      override listen(listener: (signal: string) => void): () => void {
        const unlisten = super.listen(listener)
        this.request('SIGINT')
        return unlisten
      }
    }
    const { exitCode, stderr } = await cli.run(demoArgs('stopped.db', '--no-serve'), {
      stop: new StopAtOnce(),
      now: NOW,
    })
    assert.equal(exitCode, 1)
    assert.match(stderr, /^simtally: the demo's import: stopped by SIGINT\n {2}run it again/m)
    const again = await importOnly('stopped.db')
    const compare = await importOnly('whole.db')
    assert.equal(again.accepted, compare.accepted)
  })
})

describe('simtally demo feed', () => {
  it('writes files that import by hand', async () => {
    const sims = cli.path('demo-sims.csv')
    const feed = cli.path('demo-feed.csv')
    const written = await cli.run([
      ...['demo', 'write', ...SMALL, '--until', '2026-03-10T12:00:00Z'],
      ...['--out', feed, '--sim-list', sims],
    ])
    assert.deepEqual(written, { exitCode: 0, stdout: '', stderr: '' })
    const account = await cli.account()
    await cli.json(['sim', 'import', sims, '--account', account])
    await cli.json(['feed', 'create', 'by-hand', '--format', 'csv', '--on-conflict', 'replace'])
    const { exitCode, stdout } = await cli.run(['import', feed, '--feed', 'by-hand', '--json'])
    assert.equal(exitCode, 3)
    const byHand = JSON.parse(stdout) as DemoJson
    const demo = await importOnly('compare.db', instant('2026-03-10T12:00:00Z'))
    assert.deepEqual(
      [byHand.accepted, byHand.duplicate, byHand.quarantined],
      [demo.accepted, demo.duplicate, demo.quarantined],
    )
  })

  it('writes to standard output, the same bytes every time', async () => {
    const args = ['demo', 'write', ...SMALL, '--until', '2026-03-10']
    const { stdout } = await cli.run(args)
    assert.match(stdout, /^record_id,sim,occurred_at,plmn,upload,download,to_sim,from_sim\n/)
    assert.equal((await cli.run(args, { now: NOW + 86_400 })).stdout, stdout)
  })

  it('fails where it cannot write', async () => {
    const out = cli.path('missing/feed.csv')
    const { exitCode, stderr } = await cli.run(['demo', 'write', ...SMALL, '--out', out])
    assert.equal(exitCode, 1)
    assert.equal(stderr, `simtally: ${out} cannot be written (ENOENT)\n`)
  })
})
