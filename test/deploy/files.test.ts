/** The files of `deploy/`, as far as no container engine and no service manager is needed to try them. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { chmod, mkdir } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { StopRequest } from '../../src/cli/context.ts'
import { CliFixture } from '../cli/cli-fixture.ts'
import { LAUNCHER, ROOT } from '../cli/cli-process.ts'
import { itLong } from '../support/volume.ts'

interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, unknown>>
}

interface Service {
  readonly image: string
  readonly command?: readonly string[]
  readonly entrypoint?: readonly string[]
  readonly read_only?: boolean
  readonly volumes?: readonly string[]
  readonly depends_on?: Readonly<Record<string, unknown>>
  readonly build?: { readonly context: string; readonly dockerfile: string }
}

const read = (name: string) => readFileSync(join(ROOT, 'deploy', name), 'utf8')

let cli: CliFixture
before(async () => {
  cli = await CliFixture.openWithoutStore('sqlite')
})
after(() => cli.close())

/** Runs the words of a command of ours on the test's store; one that serves is stopped once it answers. */
async function tryCommand(words: readonly string[]): Promise<void> {
  const stop = new StopRequest()
  const isServer = words[0] === 'serve'
  const { exitCode, stderr } = await cli.run(isServer ? [...words, '--port', '0'] : words, {
    stop,
    onOutput: (text) => {
      if (text.startsWith('Simtally answers at')) stop.request('SIGTERM')
    },
  })
  assert.equal(exitCode, 0, `${words.join(' ')}: ${stderr}`)
}

describe('deploy/compose*.yaml', () => {
  for (const name of ['compose.yaml', 'compose.postgres.yaml']) {
    it(`${name} names what there is, and commands that run`, async () => {
      const { services, volumes } = parse(read(name), { merge: true }) as Compose
      for (const [service, stated] of Object.entries(services)) {
        const ours = stated.image === 'simtally'
        assert.ok(!ours || stated.read_only === true, `${service} may write its root`)
        for (const volume of stated.volumes ?? []) assert.ok(volume.split(':')[0]! in volumes)
        for (const other of Object.keys(stated.depends_on ?? {})) assert.ok(other in services)
        if (!ours) continue
        assert.ok(existsSync(join(ROOT, 'deploy', stated.build!.context, stated.build!.dockerfile)))
        if (stated.entrypoint === undefined) await tryCommand(stated.command!)
      }
    })
  }
})

describe('deploy/*.service', () => {
  it('call commands that run', async () => {
    const commands = ['simtally.service', 'simtally-watch@.service'].flatMap((unit) =>
      [...read(unit).matchAll(/^Exec(?:Start|StartPre)=\/usr\/local\/bin\/simtally (.*)$/gm)].map(
        ([, words = '']) => words.split(' '),
      ),
    )
    assert.deepEqual(
      commands.map(([verb]) => verb),
      ['migrate', 'serve', 'import'],
    )
    const [migrate, serve, watch] = commands
    await tryCommand(migrate!)
    await tryCommand(serve!)
    await mkdir(cli.path('carrier'))
    await cli.json(['feed', 'create', 'carrier', '--format', 'csv'])
    await tryCommand([
      ...watch!.map((word) =>
        word.startsWith('/') ? cli.path('carrier') : word.replace('%i', 'carrier'),
      ),
      '--once',
    ])
  })
})

describe('deploy/backup.sh', () => {
  itLong('keeps the newest copy of each hour, day and month', async () => {
    await cli.run(['init'])
    await cli.file('now', '')
    await cli.file('simtally', `#!/bin/sh\nexec '${process.execPath}' '${LAUNCHER}' "$@"\n`)
    // The hour that the test says it is.
    await cli.file('date', `#!/bin/sh\nexec /bin/date -u -d "$(cat '${cli.path('now')}')" "$2"\n`)
    for (const name of ['simtally', 'date']) await chmod(cli.path(name), 0o755)
    await mkdir(cli.path('copies'))
    const backUpAt = async (now: string) => {
      await cli.file('now', now)
      await promisify(execFile)('sh', [join(ROOT, 'deploy', 'backup.sh'), cli.path('copies')], {
        env: {
          PATH: [cli.directory, dirname(process.execPath), process.env.PATH].join(delimiter),
          SIMTALLY_DATABASE_URL: cli.databaseUrl,
        },
      })
    }
    const inode = (name: string) => statSync(cli.path(`copies/${name}.db`)).ino
    await backUpAt('2026-03-31T22:30:00Z')
    await backUpAt('2026-03-31T23:30:00Z')
    const lastOfMarch = inode('hour-23')
    assert.notEqual(inode('hour-22'), lastOfMarch)
    assert.deepEqual([inode('day-2'), inode('month-03')], [lastOfMarch, lastOfMarch])
    await backUpAt('2026-04-01T23:30:00Z')
    assert.deepEqual([inode('day-2'), inode('month-03')], [lastOfMarch, lastOfMarch])
    assert.deepEqual([inode('day-3'), inode('month-04')], [inode('hour-23'), inode('hour-23')])
    const url = `sqlite:${cli.path('copies/month-03.db')}`
    assert.equal((await cli.run(['audit', '--database', url])).exitCode, 0)
  })
})
