/**
 * What happens to the files of a store while it is served: nothing that was acknowledged is lost, the
 * answers say what is wrong, and where the cause goes away, so does the trouble.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { cp, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it, type TestContext } from 'node:test'
import { askAt } from '../support/answers.ts'
import { itLong } from '../support/volume.ts'
import { CliWorld, FEED, HEADER, Process, records, run, SIMTALLY } from './cli-world.ts'
import { wayThatHoldsBack } from './held-back.ts'

interface Key {
  readonly sid: string
  readonly secret: string
}

let world: CliWorld
let key: Key
before(async () => {
  world = await CliWorld.open()
  const made = await world.cli.json<Key>(['key', 'create', '--operator', '--scope', 'ingest'])
  key = made[0]!
})
after(() => world.close())

let places = 0
/** A copy of the store in a folder of its own. */
async function newPlace(): Promise<{ folder: string; path: string; url: string }> {
  const folder = world.cli.path(`place-${++places}`)
  await mkdir(folder)
  const path = join(folder, 'simtally.db')
  await world.cli.json(['backup', path])
  return { folder, path, url: `sqlite:${path}` }
}

let recordsSent = 0

class Serving {
  readonly process: Process
  readonly #base: string
  /** Records that were acknowledged as accepted. */
  accepted = 0

  private constructor(process: Process, base: string) {
    this.process = process
    this.#base = base
  }

  static async start(
    t: TestContext,
    command: readonly string[],
    options: ConstructorParameters<typeof Process>[2] = {},
  ): Promise<Serving> {
    const [program, ...args] = command
    const serving = new Process(program!, args, options)
    t.after(async () => {
      serving.kill('SIGKILL')
      await serving.ended()
    })
    await serving.printed('"url"')
    return new Serving(serving, JSON.parse(serving.stdout).url)
  }

  ask<const Url extends string>(url: Url) {
    return askAt<Url>(this.#base, { url, headers: this.#headers() })
  }

  #headers() {
    return { authorization: `Basic ${btoa(`${key.sid}:${key.secret}`)}`, connection: 'close' }
  }

  /** What there is, over so many connections that each of two workers has some of them. */
  async statuses(path: string): Promise<number[]> {
    const answers = await Promise.all(Array.from({ length: CONNECTIONS }, () => this.ask(path)))
    return [...new Set(answers.map(({ status }) => status))]
  }

  async deliver(count = 10) {
    const lines = records(count, recordsSent)
    recordsSent += count
    const reply = await askAt(this.#base, {
      ...{ method: 'POST', url: `/v1/Feeds/${FEED}/Records`, body: HEADER + lines.join('') },
      headers: { ...this.#headers(), 'content-type': 'text/csv' },
    })
    if (reply.status === 200) this.accepted += reply.body.accepted
    return reply
  }

  async assertAnswers(): Promise<void> {
    assert.deepEqual(await this.statuses('/readyz'), [200])
    for (let n = 0; n < 2; n++) assert.equal((await this.deliver()).status, 200)
    assert.deepEqual(await this.statuses('/v1/Imports'), [200])
  }

  /** Everything answers 503 with these words, but whether the process lives. */
  async assertSilent(words: RegExp): Promise<void> {
    // Each worker looks for itself, once a second.
    const noticedBy = performance.now() + 5_000
    for (let answers = [200]; answers.includes(200); answers = await this.statuses('/v1/Imports')) {
      assert.ok(performance.now() < noticedBy, 'nobody noticed')
    }
    for (const path of ['/readyz', '/v1/Imports', '/metrics', '/nothing', '/v1/Sims/x']) {
      const { status, error } = await this.ask(path)
      assert.equal(status, 503, path)
      assert.match(error.message, words)
    }
    const { status, error } = await this.deliver()
    assert.equal(status, 503)
    assert.match(error.message, words)
    assert.deepEqual(await this.statuses('/healthz'), [200])
  }

  async stop(): Promise<void> {
    this.process.kill('SIGTERM')
    const { stderr } = await this.process.ended()
    assert.doesNotMatch(stderr, /^ +at /m)
  }
}

/** The system deals them out by chance: all to one worker once in 30,000 times. */
const CONNECTIONS = 16

const serve = (url: string, workers = 2) => [
  ...[process.execPath, SIMTALLY, 'serve', '--port', '0', '--json', '--workers', String(workers)],
  ...['--database', url],
]

describe('a served store', { concurrency: 2 }, () => {
  itLong('that is a copy in another journal mode takes every delivery', async (t) => {
    const { path, url } = await newPlace()
    await rm(path)
    const db = new DatabaseSync(world.cli.path('simtally.db'))
    db.exec(`VACUUM INTO '${path}'`)
    db.close()
    const serving = await Serving.start(t, serve(url))
    const answers = await Promise.all(
      Array.from({ length: 40 }, async (_, n) =>
        n % 2 === 0 ? serving.deliver(5) : serving.ask('/v1/Imports'),
      ),
    )
    assert.deepEqual(
      answers.filter(({ status }) => status !== 200),
      [],
    )
    await serving.stop()
    assert.equal(await world.countedRecords(url), serving.accepted)
  })

  it('answers nothing while its file is gone or another one, and goes on when it is back', async (t) => {
    const { path, url } = await newPlace()
    const other = await newPlace()
    const serving = await Serving.start(t, serve(url))
    await serving.assertAnswers()
    await rename(path, `${path}.away`)
    await serving.assertSilent(/The usage store is gone; nothing is answered until it is back/)
    await cp(other.path, path)
    await serving.assertSilent(/Another store is in the place .* has to be started again/)
    await rename(`${path}.away`, path)
    await serving.assertAnswers()
    await serving.stop()
    assert.equal(await world.countedRecords(url), serving.accepted)
  })

  itLong(
    'answers nothing once it was cut or overwritten, and all of it after a restore',
    async (t) => {
      const { path, url } = await newPlace()
      const first = await Serving.start(t, serve(url))
      await first.assertAnswers()
      await first.stop()
      const backup = `${path}.backup`
      await world.cli.json(['backup', backup, '--database', url])
      const serving = await Serving.start(t, serve(url))
      truncateSync(path, Math.floor(statSync(path).size / 8192) * 4096)
      await serving.assertSilent(/The usage store cannot be used as it is now/)
      await serving.stop()
      const restoring = ['restore', backup, '--force', '--database', url]
      await world.cli.json(restoring)
      // Pages that SQLite finds broken when it comes to them.
      const zeros = ['if=/dev/urandom', `of=${path}`, 'bs=4096', 'seek=1', 'conv=notrunc']
      const last = await Serving.start(t, serve(url, 1))
      execFileSync('dd', [...zeros, `count=${statSync(path).size / 4096 - 1}`], { stdio: 'ignore' })
      assert.equal((await last.deliver()).status, 503)
      await last.assertSilent(/The usage store cannot be used as it is now/)
      await last.stop()
      await world.cli.json(restoring)
      assert.equal(await world.countedRecords(url), first.accepted)
    },
  )

  itLong('that may not be written any more is read on, and written to when it may', async (t) => {
    const { folder, path, url } = await newPlace()
    const probe = world.cli.path('probe')
    await mkdir(probe, { mode: 0o555 })
    const way = await wayThatHoldsBack(probe)
    const owner = way.options.uid
    if (owner !== undefined) for (const one of [folder, path]) chownSync(one, owner, owner)
    chmodSync(world.cli.directory, 0o755)
    const command = [...way.before, ...serve(url)]
    const serving = await Serving.start(t, command, { cwd: folder, ...way.options })
    const lose = (may: boolean) => {
      for (const name of [path, `${path}-wal`, `${path}-shm`]) {
        if (existsSync(name)) chmodSync(name, may ? 0o600 : 0o400)
      }
      chmodSync(folder, may ? 0o700 : 0o500)
    }
    // Those who write open the file with the first delivery.
    lose(false)
    const refused = await serving.deliver()
    assert.equal(refused.status, 503)
    assert.match(refused.error.message, /read-only|cannot be reached/)
    assert.deepEqual(await serving.statuses('/v1/Imports'), [200])
    lose(true)
    await serving.assertAnswers()
    // Who has it open already keeps what it has.
    lose(false)
    assert.deepEqual(await serving.statuses('/v1/Imports'), [200])
    await serving.deliver()
    lose(true)
    await serving.assertAnswers()
    await serving.stop()
    assert.equal(await world.countedRecords(url), serving.accepted)
  })

  itLong('whose files may not grow is read on, and written to when they may', async (t) => {
    const { url } = await newPlace()
    // One process: of several, the workers would have to be found.
    const serving = await Serving.start(t, serve(url, 1))
    await serving.assertAnswers()
    const pid = String(serving.process.pid)
    const limit = (bytes: string) => execFileSync('prlimit', ['--pid', pid, `--fsize=${bytes}:`])
    limit('65536')
    const refused = await untilRefused(serving)
    assert.match(refused.error.message, /no space left; nothing more was stored/)
    assert.deepEqual(await serving.statuses('/v1/Imports'), [200])
    assert.deepEqual(await serving.statuses('/readyz'), [200])
    limit('unlimited')
    await serving.assertAnswers()
    await serving.stop()
    const counted = await world.countedRecords(url)
    assert.ok(counted >= serving.accepted, `${counted} of ${serving.accepted}`)
  })

  itLong('on a disk that is full is read on, and written to when it is not', async (t) => {
    const { folder, path } = await newPlace()
    const small = join(folder, 'small')
    await mkdir(small)
    // Mounted where only the process sees it, so it goes away with the process.
    const script = 'mount -t tmpfs -o size=1500k tmpfs "$1" && cp "$2" "$1" && shift 2 && exec "$@"'
    const mounting = ['unshare', '--map-root-user', '--mount', 'sh', '-c', script, 'sh']
    const tried = await run(mounting[0]!, [...mounting.slice(1), small, path, 'true']).catch(
      () => null,
    )
    if (tried?.code !== 0) {
      t.diagnostic(
        'no file system can be mounted here: a full disk is tried by the limit of files only',
      )
      return
    }
    const database = join(small, 'simtally.db')
    const serving = await Serving.start(t, [
      ...mounting,
      ...[small, path],
      ...serve(`sqlite:${database}`, 1),
    ])
    await serving.assertAnswers()
    // The folder as the process sees it.
    const inside = `/proc/${serving.process.pid}/root${small}`
    const filler = join(inside, 'filler')
    fill(filler)
    const refused = await untilRefused(serving)
    assert.match(refused.error.message, /no space left; nothing more was stored/)
    assert.deepEqual(await serving.statuses('/v1/Imports'), [200])
    rmSync(filler)
    await serving.assertAnswers()
    const copy = join(folder, 'copy')
    await cp(inside, copy, { recursive: true })
    await serving.stop()
    const counted = await world.countedRecords(`sqlite:${join(copy, 'simtally.db')}`)
    assert.ok(counted >= serving.accepted, `${counted} of ${serving.accepted}`)
  })
})

function fill(file: string): void {
  for (const bytes of [65_536, 4_096]) {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(bytes), { flag: 'a' })
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC')
    }
  }
}

/** What is there already has room for some deliveries. */
async function untilRefused(serving: Serving) {
  for (let n = 0; n < 100; n++) {
    const reply = await serving.deliver(200)
    if (reply.status !== 200) {
      assert.equal(reply.status, 503)
      return reply
    }
  }
  throw new Error('every delivery was taken')
}
