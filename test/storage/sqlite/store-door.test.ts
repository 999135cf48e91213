/** Who may create a store, what is refused as one, and what an open store does when its file is gone. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmod,
  copyFile,
  link,
  mkdir,
  mkdtemp,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it, type TestContext } from 'node:test'
import type { UsageErrorCode } from '../../../src/domain/usage-error.ts'
import { openStore } from '../../../src/storage/open-store.ts'
import type { UsageStore } from '../../../src/storage/usage-store.ts'
import { failureOf } from '../../contract/engine.ts'
import { aFeed, anAccount } from '../../support/builders.ts'

let dir: string
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'simtally-door-'))
})
after(() => rm(dir, { recursive: true, force: true }))

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)

let stores = 0
async function open(t: TestContext): Promise<{ path: string; store: UsageStore }> {
  const folder = join(dir, `store-${++stores}`)
  const path = join(folder, 'simtally.db')
  const store = await openStore(`sqlite:${path}`, { create: true })
  t.after(() => store.close())
  await store.createAccount(anAccount())
  return { path, store }
}

interface Refused {
  readonly code: UsageErrorCode
  readonly message: RegExp
  readonly place: (path: string) => Promise<unknown> | undefined
  /** Applies even if a store may be created. */
  readonly always?: boolean
}

const REFUSED: Readonly<Record<string, Refused>> = {
  'nothing is': {
    code: 'missing',
    message: /^there is no store at \S+; simtally init makes one/,
    place: () => undefined,
  },
  'an empty file is': {
    code: 'missing',
    message: /is empty, and no store yet; simtally init makes/,
    place: (path) => writeFile(path, ''),
  },
  'an empty database is': {
    code: 'missing',
    message: /is empty, and no store yet; simtally init makes/,
    place: async (path) => {
      const db = new DatabaseSync(path)
      db.exec('CREATE TABLE t (x); DROP TABLE t')
      db.close()
    },
  },
  'a text file is': {
    code: 'incompatible',
    message: /is not a SQLite database, or is damaged; name/,
    place: (path) => writeFile(path, 'Dear reader, '.repeat(500)),
    always: true,
  },
  'another program keeps its database': {
    code: 'incompatible',
    message: /is a database of another program; name another file with --database$/,
    place: async (path) => {
      const db = new DatabaseSync(path)
      db.exec('CREATE TABLE song (title TEXT)')
      db.close()
    },
    always: true,
  },
  'another program has begun a database': {
    code: 'incompatible',
    message: /is a database of another program/,
    place: async (path) => {
      const db = new DatabaseSync(path)
      db.exec('PRAGMA application_id = 77')
      db.close()
    },
    always: true,
  },
  'a folder is': {
    code: 'incompatible',
    message: /is a folder, not a database/,
    place: (path) => mkdir(path),
    always: true,
  },
  'a pipe is': {
    code: 'incompatible',
    message: /is a pipe, not a database/,
    place: async (path) => execFileSync('mkfifo', [path]),
    always: true,
  },
  'a device is': {
    code: 'incompatible',
    message: /is a device, not a database/,
    place: (path) => symlink('/dev/null', path),
    always: true,
  },
  'a file of the kernel is': {
    code: 'incompatible',
    message: /where the system shows its own state/,
    place: (path) => symlink('/proc/version', path),
    always: true,
  },
}

describe('a place for a store', () => {
  for (const [what, { code, message, place, always }] of Object.entries(REFUSED)) {
    it(`is refused in one line if ${what}`, async () => {
      const path = join(dir, what.replaceAll(' ', '-'))
      await place(path)
      for (const create of always ? [false, true] : [false]) {
        const { message: said, hint } = await failureOf(
          code,
          openStore(`sqlite:${path}`, { create }),
        )
        assert.match(said, message)
        assert.ok(said.includes(path) && !said.includes('\n'))
        assert.equal(hint, undefined)
      }
      if (always) return
      assert.equal((await readdir(dir)).includes(what.replaceAll(' ', '-')), what !== 'nothing is')
      const store = await openStore(`sqlite:${path}`, { create: true })
      assert.deepEqual(await store.listAccounts(), [])
      await store.close()
    })
  }

  for (const path of ['/proc/x/y.db', '/proc/1/x/y.db', '/sys/x/y.db']) {
    it(`cannot be ${path}`, { timeout: 10_000 }, async () => {
      await failureOf('missing', openStore(`sqlite:${path}`))
      const { message } = await failureOf(
        'incompatible',
        openStore(`sqlite:${path}`, { create: true }),
      )
      assert.match(message, /where the system shows its own state/)
    })
  }

  it('may have characters in its name that mean something in URLs', async () => {
    const path = join(dir, 'a?mode=memory#b%20c &d.db')
    const store = await openStore(`sqlite:${path}`, { create: true })
    await store.close()
    assert.ok((await stat(path)).size > 0)
  })

  it('is for its owner alone: file, log, and created folders', async (t) => {
    const { path, store } = await open(t)
    for (const file of [path, `${path}-wal`, `${path}-shm`]) assert.equal(await modeOf(file), '600')
    assert.equal(await modeOf(join(path, '..')), '700')
    await chmod(path, 0o644)
    const warnings: string[] = []
    const again = await openStore(`sqlite:${path}`, { onWarning: (line) => warnings.push(line) })
    await again.close()
    assert.deepEqual(warnings, [
      `${path} can be read or written by other users (mode 644); chmod 600 ends that`,
    ])
    await store.close()
  })
})

describe('a store in another journal mode', () => {
  it('is switched back to WAL by several processes that open it at once', async (t) => {
    const { path, store } = await open(t)
    const copy = `${path}.copy`
    const db = new DatabaseSync(path)
    db.exec(`VACUUM INTO '${copy}'`)
    db.close()
    await store.close()
    const opened = await Promise.all(Array.from({ length: 4 }, () => openStore(`sqlite:${copy}`)))
    t.after(() => Promise.all(opened.map((one) => one.close())))
    // Each of them writes, which a reader in the old mode would obstruct.
    await Promise.all(opened.map((one) => one.createFeed(aFeed())))
    const looked = new DatabaseSync(copy, { readOnly: true })
    assert.equal(looked.prepare('PRAGMA journal_mode').get()!.journal_mode, 'wal')
    looked.close()
  })
})

describe('an open store', () => {
  /** Every kind of use: a read already answered, a new one, a write, and the check of each request. */
  async function assertRefuses(store: UsageStore, code: UsageErrorCode, message: RegExp) {
    const failures = [
      await failureOf(code, store.check()),
      await failureOf(code, store.listAccounts()),
      await failureOf(code, store.findAccount('AC00000000000000000000000000000000')),
      await failureOf(code, store.createAccount(anAccount())),
    ]
    assert.throws(() => store.requireInPlace(), { code })
    for (const failure of failures) assert.match(failure.message, message)
  }

  it('answers nothing while its file is gone, and continues when it is back', async (t) => {
    const { path, store } = await open(t)
    await rename(path, `${path}.away`)
    await assertRefuses(store, 'missing', /is gone; nothing is answered until it is back$/)
    await rename(`${path}.away`, path)
    await store.check()
    store.requireInPlace()
    assert.equal((await store.listAccounts()).length, 1)
    await store.createAccount(anAccount())
  })

  it('answers nothing while another file is in its place, even another good store', async (t) => {
    const { path, store } = await open(t)
    const other = await open(t)
    await other.store.close()
    await link(path, `${path}.mine`)
    await copyFile(other.path, `${path}.other`)
    await rename(`${path}.other`, path)
    await assertRefuses(store, 'replaced', /another file has taken the place of .*; restart to use/)
    await rename(`${path}.mine`, path)
    await store.createAccount(anAccount())
    assert.equal((await store.listAccounts()).length, 2)
  })

  it('accepts no write into a log that is gone', async (t) => {
    const { path, store } = await open(t)
    await rm(`${path}-wal`)
    await assertRefuses(
      store,
      'replaced',
      /simtally\.db-wal was removed or replaced while it was in use/,
    )
  })

  it('does not acknowledge what went into a file that was removed meanwhile', async (t) => {
    const { path, store } = await open(t)
    const holding = new DatabaseSync(path)
    t.after(() => holding.close())
    holding.exec('BEGIN IMMEDIATE')
    const writing = store.createAccount(anAccount())
    await rm(path)
    // Only now can the write finish.
    holding.exec('COMMIT')
    await failureOf('missing', writing)
  })

  it('continues with a file that another process has packed', async (t) => {
    const { path, store } = await open(t)
    const db = new DatabaseSync(path)
    db.exec('CREATE TABLE filling (x); INSERT INTO filling VALUES (zeroblob(1000000))')
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    await store.check()
    const { size } = await stat(path)
    db.exec('DROP TABLE filling; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)')
    db.close()
    assert.ok((await stat(path)).size < size)
    await store.check()
    await store.createAccount(anAccount())
    assert.equal((await store.listAccounts()).length, 2)
  })

  it('says so if a newer program has changed its schema, and does not call it damaged', async (t) => {
    const { path, store: first } = await open(t)
    await first.close()
    const store = await openStore(`sqlite:${path}`)
    t.after(() => store.close())
    const db = new DatabaseSync(path)
    db.exec('PRAGMA user_version = 9999')
    db.close()
    const writing = await failureOf('incompatible', store.createAccount(anAccount()))
    assert.match(writing.message, /has schema 9999/)
    const reading = await failureOf('incompatible', store.listAccounts())
    assert.equal(reading.message, writing.message)
  })

  it('answers nothing from a file that was cut while its log holds pages', async (t) => {
    const { path, store } = await open(t)
    const db = new DatabaseSync(path)
    t.after(() => db.close())
    db.exec('PRAGMA wal_checkpoint(FULL)')
    await store.check()
    await store.createAccount(anAccount())
    await truncate(path, 8_192)
    await assertRefuses(store, 'incompatible', /simtally\.db .*nothing is answered from it/)
  })

  it('never again answers from a file that was cut', async (t) => {
    const { path, store: first } = await open(t)
    // Moves the content of the log into the file.
    await first.close()
    const store = await openStore(`sqlite:${path}`)
    t.after(() => store.close())
    const { size } = await stat(path)
    await truncate(path, 8_192)
    await assertRefuses(store, 'incompatible', /simtally\.db .*nothing is answered from it/)
    await truncate(path, size)
    await failureOf('incompatible', store.check())
  })
})
