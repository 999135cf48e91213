/** What only a SQLite file meets: other programs, other processes, full disks, missing rights. */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, it, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { openStore } from '../../../src/storage/open-store.ts'
import { assertAuditClean, failureOf, register } from '../../contract/engine.ts'
import { aBatch, aFeed, anAccount, anEvent, anImportStart } from '../../support/builders.ts'
import { openTempStore } from '../../support/temp-store.ts'
import { itLong } from '../../support/volume.ts'
import type { Appended } from './appending-process.ts'

const APPENDING_PROCESS = join(import.meta.dirname, 'appending-process.ts')

function pathOf(url: string): string {
  return url.slice('sqlite:'.length)
}

async function openFolder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'simtally-test-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  return dir
}

/** A store with the SIM and feed that the appending process needs. */
async function openFilled(t: TestContext) {
  const temp = await openTempStore('sqlite')
  t.after(() => temp.dispose())
  const { store } = temp
  const account = await store.createAccount(anAccount())
  const sim = await register(store, account)
  const feed = await store.createFeed(aFeed())
  const { id: importId } = await store.beginImport(anImportStart(feed))
  const event = anEvent({ simId: sim.id, accountId: account.id, upload: 1 })
  const append = () => store.append(aBatch({ importId, feed, events: [event] }))
  return { ...temp, account, append }
}

/** Runs the appending process to its end; `prefix` is a command that starts it, if any. */
async function appendElsewhere(prefix: string[], ...given: (string | number)[]): Promise<Appended> {
  const [command, ...rest] = [...prefix, process.execPath, APPENDING_PROCESS, ...given.map(String)]
  const { stdout } = await promisify(execFile)(command!, rest)
  return JSON.parse(stdout.trim().split('\n').at(-1)!)
}

describe('a SQLite file', () => {
  it('is created if it is missing, along with the folders above it', async (t) => {
    const dir = await openFolder(t)
    const store = await openStore(`sqlite:${join(dir, 'a', 'b', 'new.db')}`, { create: true })
    assert.deepEqual(await store.listAccounts(), [])
    await store.close()
    const file = await readFile(join(dir, 'a', 'b', 'new.db'))
    assert.equal(file.subarray(0, 15).toString(), 'SQLite format 3')
  })

  it('is refused if it belongs to another program, and left as it is', async (t) => {
    const path = join(await openFolder(t), 'other.db')
    const other = new DatabaseSync(path)
    other.exec('CREATE TABLE song (title TEXT)')
    other.close()
    const before = await readFile(path)
    const error = await failureOf('incompatible', openStore(`sqlite:${path}`))
    assert.ok(error.message.includes(path))
    assert.match(error.message, /--database/)
    assert.deepEqual(await readFile(path), before)
  })

  it('is refused if it is no database at all, and left as it is', async (t) => {
    const path = join(await openFolder(t), 'letter.db')
    await writeFile(path, 'Dear reader, '.repeat(500))
    const before = await readFile(path)
    const error = await failureOf('incompatible', openStore(`sqlite:${path}`))
    assert.ok(error.message.includes(path))
    assert.deepEqual(await readFile(path), before)
  })

  it('is refused if a newer Simtally wrote it, and left as it is', async (t) => {
    const { url, store } = await openFilled(t)
    await store.close()
    const db = new DatabaseSync(pathOf(url))
    db.exec('PRAGMA user_version = 9999')
    db.close()
    const before = await readFile(pathOf(url))
    const error = await failureOf('incompatible', openStore(url))
    assert.match(error.message, /9999/)
    assert.match(error.message, /newer/)
    assert.deepEqual(await readFile(pathOf(url)), before)
  })

  it('is refused if it is damaged', async (t) => {
    const { url, store, append } = await openFilled(t)
    await append()
    await store.close()
    const bytes = await readFile(pathOf(url))
    await writeFile(pathOf(url), bytes.fill(0xa5, 4_096))
    const damaged = openStore(url).then(async (opened) => {
      t.after(() => opened.close())
      await opened.listAccounts()
    })
    await failureOf('incompatible', damaged)
  })

  it('is refused below a file that is no folder', async (t) => {
    const path = join(await openFolder(t), 'file')
    await writeFile(path, '')
    const url = `sqlite:${join(path, 'below.db')}`
    await failureOf('missing', openStore(url))
    await failureOf('unavailable', openStore(url, { create: true }))
  })
})

describe('a database URL', () => {
  for (const url of ['', 'simtally.db', 'mysql://localhost/x', 'sqlite:', 'sqlite::memory:']) {
    it(`is refused as ${JSON.stringify(url)}, with the form it should have`, async () => {
      const error = await failureOf('invalid', openStore(url))
      assert.equal(error.field, '--database')
      assert.equal(error.value, url)
      assert.match(`${error.message} ${error.hint}`, /sqlite:\.\/data\/simtally\.db/)
    })
  }

  it('may have the three slashes of a file URL', async (t) => {
    const path = join(await openFolder(t), 'spaced name.db')
    const store = await openStore(`sqlite://${path.replaceAll(' ', '%20')}`, { create: true })
    await store.close()
    assert.ok((await readFile(path)).length > 0)
  })
})

describe('a second process', () => {
  it('that writes at the same time loses and doubles nothing', async (t) => {
    const { store, url, account } = await openFilled(t)
    const runs = ['a', 'a', 'b'].map((prefix) => appendElsewhere([], url, prefix, 10, 50))
    const ends = await Promise.all(runs)
    for (const end of ends) assert.deepEqual(end, { acknowledged: 500, failure: null })
    const scope = { accountId: account.id }
    const [group] = await store.queryUsage({ scope, start: 0, end: 2 ** 32, granularity: 'all' })
    assert.equal(group?.upload, 1_000)
    await assertAuditClean(store)
  })

  it('that holds the write lock is waited for, while reading goes on', async (t) => {
    const { url, store, append, account } = await openFilled(t)
    const release = await holdWriteLock(t, url)
    let isDone = false
    const appended = append().then((outcome) => {
      isDone = true
      return outcome
    })
    assert.deepEqual(await store.findAccount(account.sid), account)
    assert.equal(isDone, false)
    await release()
    assert.equal((await appended).counts.accepted, 1)
  })

  it('that holds it for too long makes writes fail, with nothing stored', async (t) => {
    const { url, account } = await openFilled(t)
    const impatient = await openStore(url, { lockWaitMs: 50 })
    t.after(() => impatient.close())
    const release = await holdWriteLock(t, url)
    const error = await failureOf('unavailable', impatient.createAccount(anAccount()))
    assert.ok(error.message.includes(pathOf(url)))
    assert.match(error.hint ?? '', /again/)
    await release()
    assert.deepEqual(await impatient.listAccounts(), [account])
    await impatient.createAccount(anAccount())
    assert.equal((await impatient.listAccounts()).length, 2)
  })
})

/** Begins a write in another process, which ends it when told to. */
async function holdWriteLock(t: TestContext, url: string): Promise<() => Promise<void>> {
  const script = `
    const db = new (require('node:sqlite').DatabaseSync)(process.argv[1])
    db.exec('BEGIN IMMEDIATE')
    console.log('holding')
    process.stdin.resume().on('end', () => { db.exec('COMMIT'); db.close() })`
  const child = spawn(process.execPath, ['-e', script, pathOf(url)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.after(() => child.kill())
  await once(child.stdout, 'data')
  return async () => {
    child.stdin.end()
    await once(child, 'exit')
  }
}

describe('a full disk', () => {
  itLong(
    'fails the whole batch; what was confirmed stays, and the rest can be repeated',
    async (t) => {
      const { url, store, account } = await openFilled(t)
      await store.close()
      // No file may grow past 2 MB, which the system reports like a full disk.
      const limited = ['sh', '-c', 'ulimit -f 4096; exec "$0" "$@"']
      const end = await appendElsewhere(limited, url, 'a', 200, 500)
      assert.equal(end.failure?.code, 'storage_full')
      assert.ok(end.failure.message.includes(pathOf(url)))
      assert.match(end.failure.hint, /space/)
      assert.ok(end.acknowledged > 0 && end.acknowledged < 100_000)

      const again = await openStore(url)
      t.after(() => again.close())
      assert.equal((await again.audit()).ledgerRows, end.acknowledged)
      await assertAuditClean(again)
      const repeated = await appendElsewhere([], url, 'a', 200, 500)
      assert.deepEqual(repeated, { acknowledged: 100_000, failure: null })
      const scope = { accountId: account.id }
      const [group] = await again.queryUsage({ scope, start: 0, end: 2 ** 32, granularity: 'all' })
      assert.equal(group?.upload, 100_000)
      await assertAuditClean(again)
    },
  )
})

describe('a file without write permission', () => {
  it('fails as read-only, and stays as it is', async (t) => {
    const { url, store, append } = await openFilled(t)
    await append()
    await store.close()
    const path = pathOf(url)
    const before = await readFile(path)
    await chmod(path, 0o444)
    await chmod(dirname(path), 0o555)
    // Root may write anywhere. Without this one capability, it is a user like any other.
    const asUser = process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-dac_override'] : []
    const end = await appendElsewhere(asUser, url, 'a', 1, 1)
    await chmod(dirname(path), 0o755)
    assert.equal(end.failure?.code, 'read_only')
    assert.ok(end.failure.message.includes(path))
    assert.match(end.failure.hint, /permission/)
    assert.equal(end.acknowledged, 0)
    assert.deepEqual(await readFile(path), before)
  })
})
