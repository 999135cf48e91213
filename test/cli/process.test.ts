import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, realpathSync } from 'node:fs'
import { connect } from 'node:net'
import { delimiter, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { iccidOf } from '../support/builders.ts'
import { itLong } from '../support/volume.ts'
import { CliFixture, jsonLines } from './cli-fixture.ts'
import { CliProcess, LAUNCHER, ROOT } from './cli-process.ts'

const HEADER = 'record_id,sim,occurred_at,plmn,upload\n'

/** Loaded before the launcher, it takes this Node for another one. */
const asNode = (version: string) =>
  `data:text/javascript,Object.defineProperty(process,"versions",{value:{node:"${version}"}})`

const AS_NODE_20 = asNode('20.0.0')

let cli: CliFixture
before(async () => {
  cli = await CliFixture.open()
  const account = await cli.account()
  await cli.json(['sim', 'import', '-', '--account', account], { stdin: `iccid\n${iccidOf(1)}\n` })
  await cli.json(['feed', 'create', 'carrier', '--format', 'csv'])
})
after(async () => {
  await Promise.all(started.map((one) => one.end()))
  await cli.close()
})

/** Ended when the tests are over, also when one of them fails half way. */
const started: CliProcess[] = []

function startProcess(node: string, args: readonly string[]): CliProcess {
  const running = new CliProcess(cli, node, args)
  started.push(running)
  return running
}

const launch = (...args: string[]) => startProcess(process.execPath, [LAUNCHER, ...args])

const launchOnOldNode = (...args: string[]) =>
  startProcess(process.execPath, ['--import', AS_NODE_20, LAUNCHER, ...args])

/** An import that has committed four records and waits for more. */
async function waitingImport(start: typeof launch): Promise<CliProcess> {
  const running = start('import', '-', '--feed', 'carrier', '--batch-size', '2')
  const times = ['10:00', '10:01', '10:02', '10:03']
  const lines = times.map((time) => `r,${iccidOf(1)},2026-03-01T${time}:00Z,310-260,1\n`)
  running.input(HEADER + lines.join(''))
  await running.said(' 4 records committed')
  return running
}

describe('bin/simtally.js', () => {
  for (const [name, start] of [
    ['this Node', launch],
    ['the packaged Node, where its own is older than 24', launchOnOldNode],
  ] as const) {
    it(`runs on ${name}, with its arguments, exit codes and nothing else on stderr`, async () => {
      const [listed, unknown, wrong] = await Promise.all([
        start('feed', 'list', '--json').ended(),
        start('import', '-', '--feed', 'no such feed').ended(),
        start('usage').ended(),
      ])
      assert.deepEqual([listed.code, listed.stderr], [0, ''])
      assert.equal(jsonLines<{ name: string }>(listed.stdout)[0]?.name, 'carrier')
      assert.equal(unknown.code, 1)
      assert.match(unknown.stderr, /^simtally: there is no feed "no such feed"\n {2}[^\n]+\n$/)
      assert.deepEqual([wrong.code, wrong.stdout], [2, ''])
      assert.equal(
        wrong.stderr,
        "simtally: missing required argument 'sim'\n  see simtally usage show --help\n",
      )
    })

    const stops = start === launch ? it : itLong
    stops(`stops an import at a signal on ${name}`, async () => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) {
        const running = await waitingImport(start)
        running.child.kill(signal)
        const { code, stderr } = await running.ended()
        assert.equal(code, 1)
        assert.match(
          stderr,
          new RegExp(`simtally: -: stopped by ${signal}\n {2}4 records of it are`),
        )
      }
    })
  }

  itLong('takes the process on the packaged Node along when it is killed', async () => {
    const running = await waitingImport(launchOnOldNode)
    running.child.kill('SIGKILL')
    const { signal, stderr } = await running.ended()
    assert.equal(signal, 'SIGKILL')
    assert.match(stderr, /simtally: -: stopped by SIGTERM/)
  })

  it('runs on its own Node, started anew, where that would print warnings', async () => {
    const args = ['--import', asNode('24.0.0'), LAUNCHER, 'feed', 'list', '--json']
    const { code, stdout, stderr } = await startProcess(process.execPath, args).ended()
    assert.deepEqual([code, stderr], [0, ''])
    assert.equal(jsonLines(stdout).length, 1)
  })

  for (const [name, { packaged, isCheckout, remedy }] of Object.entries({
    'it is an installed package': {
      packaged: null,
      isCheckout: false,
      remedy: 'install Node 26 and start simtally with it',
    },
    'a checkout lacks its development packages': {
      packaged: null,
      isCheckout: true,
      remedy:
        'install Node 26, or run "npm ci" without --omit=dev and --ignore-scripts, which brings it',
    },
    'the packaged one is old as well': {
      packaged: '22.21.1',
      isCheckout: false,
      remedy: 'install Node 26 and start simtally with it',
    },
  })) {
    it(`says in one line what to do where the Node is old and ${name}`, async () => {
      const home = name.replaceAll(' ', '-')
      cpSync(join(ROOT, 'bin'), cli.path(`${home}/bin`), { recursive: true })
      if (isCheckout) {
        mkdirSync(cli.path(`${home}/src/cli`), { recursive: true })
        await cli.file(`${home}/src/cli/main.ts`, '')
      }
      if (packaged !== null) {
        const manifest = JSON.stringify({ bin: { node: 'package.json' }, version: packaged })
        mkdirSync(cli.path(`${home}/node_modules/node`), { recursive: true })
        await cli.file(`${home}/node_modules/node/package.json`, manifest)
      }
      const args = ['--import', AS_NODE_20, cli.path(`${home}/bin/simtally.js`), '--help']
      const { code, stdout, stderr } = await startProcess(process.execPath, args).ended()
      assert.deepEqual([code, stdout], [1, ''])
      const [problem, ...rest] = stderr.split(': ').slice(1)
      assert.match(problem!, /^needs Node 24 or newer, this is v[\d.]+$/)
      assert.equal(rest.join(': '), `${remedy}\n`)
    })
  }

  for (const node of olderNodes()) {
    it(`runs on ${node}, an older Node of this machine`, async () => {
      const { code, stdout, stderr } = await startProcess(node, [LAUNCHER, '--version']).ended()
      assert.deepEqual([code, stderr], [0, ''])
      assert.match(stdout, /^\d+\.\d+\.\d+(-rc\.\d+)?\n$/)
    })
  }
})

describe('the process', () => {
  it('finishes the request under way at the first signal, and ends at the second', async () => {
    const [key] = await cli.json<{ sid: string; secret: string }>([
      ...['key', 'create', '--operator', '--scope', 'ingest'],
    ])
    const serving = launch('serve', '--port', '0', '--json')
    await serving.said('"url"')
    const { port } = new URL(JSON.parse(serving.stdout).url)
    const delivering = connect(Number(port), '127.0.0.1')
    delivering.on('error', () => {})
    const basic = Buffer.from(`${key!.sid}:${key!.secret}`).toString('base64')
    delivering.write(
      'POST /v1/Feeds/carrier/Records HTTP/1.1\r\nHost: localhost\r\n' +
        `Authorization: Basic ${basic}\r\nContent-Type: text/csv\r\nContent-Length: 1000\r\n` +
        'Expect: 100-continue\r\n\r\n',
    )
    await once(delivering, 'data')
    serving.child.kill('SIGTERM')
    await serving.said('stopping on SIGTERM')
    serving.child.kill('SIGTERM')
    assert.equal((await serving.ended()).code, 143)
    delivering.destroy()
  })

  itLong(
    'tells what is committed when the disk is full, and completes the count when it is not',
    async () => {
      const records = Array.from({ length: 20_000 }, (_, i) => {
        const at = new Date(1_772_000_000_000 + i * 1000).toISOString()
        return `full-${i},${iccidOf(1)},${at},310-260,1\n`
      })
      const file = await cli.file('many.csv', HEADER + records.join(''))
      const args = ['import', file, '--feed', 'carrier', '--batch-size', '1000', '--json']
      // No file may grow beyond so many blocks of 512 bytes, as if the disk ended there.
      const limited = `ulimit -f 3000; exec "${process.execPath}" "${LAUNCHER}" "$@"`
      const full = await startProcess('sh', ['-c', limited, 'sh', ...args]).ended()
      assert.equal(full.code, 1)
      const said = full.stderr.trimEnd().split('\n')
      const [, committed] = /: (\d+) records? committed"/.exec(said.at(-2)!)!
      const { error } = JSON.parse(said.at(-1)!)
      assert.match(error.message, /many\.csv: .*simtally\.db/)
      const hint = error.hint.replaceAll(',', '')
      assert.match(
        hint,
        new RegExp(` ${committed} records of it are committed; importing it again`),
      )
      const [again] = await cli.json<{ accepted: number; duplicate: number }>(args.slice(0, -1))
      assert.deepEqual(again!.duplicate, Number(committed))
      assert.deepEqual(again!.accepted, 20_000 - Number(committed))
    },
  )

  itLong('takes a reader that goes away for no failure', async () => {
    const account = await cli.account('Many')
    const lines = Array.from({ length: 20_000 }, (_, i) => `${iccidOf(1000 + i)}\n`)
    await cli.json(['sim', 'import', '-', '--account', account], {
      stdin: `iccid\n${lines.join('')}`,
    })
    const listing = launch('sim', 'list', '--json')
    await once(listing.child.stdout!, 'data')
    listing.child.stdout!.destroy()
    const { code, signal, stderr } = await listing.ended()
    assert.deepEqual([code, signal, stderr], [0, null, ''])
  })
})

/** Programs named node in the PATH that are too old to run Simtally themselves. */
function olderNodes(): string[] {
  const paths = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'node'))
  return [...new Set(paths.filter(existsSync).map((path) => realpathSync(path)))].filter((path) => {
    try {
      const args = ['--print', 'process.versions.node']
      const version = execFileSync(path, args, { encoding: 'utf8', stdio: 'pipe' })
      return Number(version.split('.')[0]) < 24
    } catch {
      return false
    }
  })
}
