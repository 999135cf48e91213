/** `simtally backup` and `simtally restore`, on files. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, readdir, readFile, stat, truncate } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { StopRequest } from '../../src/cli/context.ts'
import type { ConsoleSession } from '../../src/domain/console-session.ts'
import { openStore } from '../../src/storage/open-store.ts'
import type { UsageStore } from '../../src/storage/usage-store.ts'
import { assertAuditClean, register } from '../contract/engine.ts'
import {
  aBatch,
  aFeed,
  anAccount,
  anEvent,
  anImportStart,
  NOW,
  sidOf,
} from '../support/builders.ts'
import { CliFixture } from './cli-fixture.ts'

const BATCH = 50

let cli: CliFixture
let store: UsageStore
let append: () => Promise<unknown>
let accountId: number
before(async () => {
  cli = await CliFixture.open('sqlite')
  store = await openStore(cli.databaseUrl)
  const account = await store.createAccount(anAccount())
  accountId = account.id
  const sim = await register(store, account)
  const feed = await store.createFeed(aFeed())
  const { id: importId } = await store.beginImport(anImportStart(feed))
  append = () => {
    const events = Array.from({ length: BATCH }, () =>
      anEvent({ simId: sim.id, accountId: account.id, upload: 1 }),
    )
    return store.append(aBatch({ importId, feed, events }))
  }
  for (let i = 0; i < 40; i++) await append()
})
after(async () => {
  await store.close()
  await cli.close()
})

interface CopyJson {
  readonly database: string
  readonly store_id: string
  readonly bytes: number
  readonly rows: number
  readonly replaced?: string | null
}

async function countedIn(path: string): Promise<number> {
  const copy = await openStore(`sqlite:${path}`)
  try {
    await assertAuditClean(copy)
    const scope = { accountId }
    const [group] = await copy.queryUsage({ scope, start: 0, end: 2 ** 32, granularity: 'all' })
    return Number(group!.upload)
  } finally {
    await copy.close()
  }
}

async function backUp(name: string): Promise<string> {
  await cli.json<CopyJson>(['backup', cli.path(name)])
  return cli.path(name)
}

/** Runs what has to fail in one line, and answers that line. */
async function refusal(args: readonly string[], code = 1): Promise<string> {
  const { exitCode, stdout, stderr } = await cli.run(args)
  assert.deepEqual([exitCode, stdout], [code, ''], stderr)
  // Wrong usage is shown where the right one is.
  assert.equal(stderr.trimEnd().split('\n').length, code, stderr)
  return stderr.replaceAll(cli.directory, '…')
}

const leftIn = async () => (await readdir(cli.directory)).filter((name) => /partial/.test(name))

describe('simtally backup', () => {
  it('copies one committed state while batches are stored, and proves it', async () => {
    const path = cli.path('under-load.db')
    let isOver = false
    let appended = 0
    const before = await countedIn(cli.path('simtally.db'))
    const writing = (async () => {
      while (!isOver) {
        await append()
        appended += BATCH
      }
    })()
    const [copied] = await cli.json<CopyJson>(['backup', path])
    isOver = true
    await writing
    assert.ok(appended >= BATCH, 'nothing was stored meanwhile')
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.equal(copied!.bytes, (await stat(path)).size)
    // Readable by itself, also where nothing may be written beside it.
    const looked = new DatabaseSync(path, { readOnly: true })
    assert.equal(looked.prepare('PRAGMA journal_mode').get()!.journal_mode, 'delete')
    looked.close()
    assert.deepEqual(await leftIn(), [])
    const counted = await countedIn(path)
    assert.equal(counted % BATCH, 0)
    assert.ok(counted >= before && counted <= before + appended, `${counted}`)
  })

  it('takes the place of no file, unless it is told to, and never of the database', async () => {
    const path = await cli.file('there.db', 'something else')
    assert.match(await refusal(['backup', path]), /there\.db exists already; name another file, or/)
    assert.equal(await readFile(path, 'utf8'), 'something else')
    assert.match(
      await refusal(['backup', cli.path('simtally.db'), '--force']),
      /simtally\.db is the database itself; name another file/,
    )
    const { exitCode, stdout } = await cli.run(['backup', path, '--force'])
    assert.equal(exitCode, 0)
    assert.match(stdout, /is copied to \S+: [\d,]+ rows, [\d,]+ bytes, checked\n$/)
    assert.ok((await countedIn(path)) > 0)
  })

  it('leaves nothing when it is stopped, or has no place', async () => {
    const stop = new StopRequest()
    stop.listen(() => {})
    stop.request('SIGINT')
    const { exitCode, stderr } = await cli.run(['backup', cli.path('stopped.db')], { stop })
    assert.equal(exitCode, 1)
    assert.match(stderr, /stopped before the copy was whole; nothing of it is left/)
    assert.match(
      await refusal(['backup', cli.path('no/folder/x.db')]).catch((e) => e.message),
      /no\/folder/,
    )
    assert.ok(!existsSync(cli.path('stopped.db')))
    assert.deepEqual(await leftIn(), [])
  })

  it('copies no store on a server, and nothing that is no store', async () => {
    const onServer = ['--database', 'postgres://u:hunter2@localhost/usage']
    const line = await refusal(['backup', cli.path('x.db'), ...onServer], 2)
    assert.match(line, /is on a server: .* pg_dump as docs\/storage\.md says/)
    assert.doesNotMatch(line, /hunter2/)
    assert.match(
      await refusal(['backup', cli.path('x.db'), '--database', `sqlite:${cli.path('none.db')}`]),
      /there is no store at …\/none\.db/,
    )
    assert.ok(!existsSync(cli.path('x.db')))
  })
})

describe('simtally restore', () => {
  it('puts a backup where there is nothing, with the folders, for its owner alone', async () => {
    const file = await backUp('fresh.db')
    const target = cli.path('new/folder/simtally.db')
    const to = ['--database', `sqlite:${target}`]
    const [restored] = await cli.json<CopyJson>(['restore', file, ...to])
    assert.deepEqual([restored!.database, restored!.replaced], [target, null])
    assert.equal((await stat(target)).mode & 0o777, 0o600)
    assert.equal(await countedIn(target), await countedIn(file))
  })

  it('has nobody signed in to the console, as others may have signed out since', async () => {
    const session: ConsoleSession = {
      ...{ tokenHash: 'of a token', credentialSid: sidOf('SK', 1), secretHash: '' },
      ...{ createdAt: NOW, idleUntil: NOW + 60, expiresAt: NOW + 60 },
    }
    await store.beginConsoleSession(session, { replaced: null, sessionsMax: 9 })
    const { credentialSid, secretHash, expiresAt } = session
    await store.addConsoleLink({ codeHash: 'of a code', credentialSid, secretHash, expiresAt })
    const url = `sqlite:${cli.path('signed-in.db')}`
    const file = await backUp('signed-in-backup.db')
    await cli.json(['restore', file, '--database', url])
    const restored = await openStore(url)
    try {
      await assertAuditClean(restored)
      assert.equal(await restored.findConsoleSession('of a token'), null)
      assert.equal(await restored.takeConsoleLink('of a code', NOW), null)
      assert.notEqual(await store.findConsoleSession('of a token'), null)
    } finally {
      await restored.close()
    }
  })

  it('replaces a store only when it is told to, and keeps it', async () => {
    const file = await backUp('older.db')
    const target = cli.path('target.db')
    const to = ['--database', `sqlite:${target}`]
    await cli.json(['restore', file, ...to])
    const opened = await openStore(`sqlite:${target}`)
    await opened.createAccount(anAccount())
    await opened.close()
    assert.match(await refusal(['restore', file, ...to]), /target\.db exists already; name another/)
    for (const name of [`${target}.replaced-${NOW}`, `${target}.replaced-${NOW}-2`]) {
      const [restored] = await cli.json<CopyJson>(['restore', file, '--force', ...to])
      assert.equal(restored!.replaced, name)
    }
    const accounts = async (path: string) => {
      const looked = await openStore(`sqlite:${path}`)
      const { length } = await looked.listAccounts().finally(() => looked.close())
      return length
    }
    const before = await accounts(`${target}.replaced-${NOW}`)
    assert.equal(await accounts(target), before - 1)
    assert.deepEqual(await leftIn(), [])
  })

  it('touches no store that is in use, not even one that is damaged', async () => {
    const file = await backUp('unused.db')
    assert.match(
      await refusal(['restore', file, '--force']),
      /simtally\.db is in use by another process; stop serve and imports on it, then repeat/,
    )
    const damaged = await cli.file('damaged.db', await readFile(file))
    const opened = await openStore(`sqlite:${damaged}`)
    await opened.listAccounts()
    // By another process: closing the file here would end the locks that this one has on it.
    const zeros = ['if=/dev/zero', `of=${damaged}`, 'bs=4096', 'count=1', 'conv=notrunc']
    execFileSync('dd', zeros, { stdio: 'ignore' })
    const to = ['--database', `sqlite:${damaged}`]
    assert.match(
      await refusal(['restore', file, '--force', ...to]),
      /damaged\.db is in use by another/,
    )
    await opened.close()
    const [restored] = await cli.json<CopyJson>(['restore', file, '--force', ...to])
    assert.ok(existsSync(restored!.replaced!))
    assert.equal(await countedIn(damaged), await countedIn(file))
  })

  it('does not take the log of a lost database for one of the restored', async () => {
    const file = await backUp('clean.db')
    const target = cli.path('lost.db')
    await copyFile(cli.path('simtally.db-wal'), `${target}-wal`)
    await cli.json(['restore', file, '--database', `sqlite:${target}`])
    assert.ok(existsSync(`${target}.replaced-${NOW}-wal`))
    assert.equal(await countedIn(target), await countedIn(file))
  })

  it('refuses what is no whole backup, and leaves the store as it is', async () => {
    const file = await backUp('whole.db')
    const target = cli.path('kept.db')
    const to = ['--database', `sqlite:${target}`, '--force']
    await cli.json(['restore', file, ...to])
    const before = await readFile(target)
    const cut = await cli.file('cut.db', await readFile(file))
    await truncate(cut, Math.floor((await stat(cut)).size / 8192) * 4096)
    const other = cli.path('other.db')
    const db = new DatabaseSync(other)
    db.exec('CREATE TABLE song (title TEXT)')
    db.close()
    const live = await cli.file('live.db', await readFile(cli.path('simtally.db')))
    await copyFile(cli.path('simtally.db-wal'), `${live}-wal`)
    for (const [name, message] of [
      [cut, /cut\.db is .*damaged.*; nothing was restored from/],
      [other, /other\.db is a database of another program; nothing was restored from/],
      [
        await cli.file('text.db', 'Dear reader'),
        /text\.db is not a SQLite database, or is damaged; nothing/,
      ],
      [await cli.file('empty.db', ''), /empty\.db is empty, and no store yet; nothing was/],
      [cli.path('nothing.db'), /there is no backup at …\/nothing\.db/],
      [cli.directory, /is a folder, not a database; nothing was restored from/],
      [live, /live\.db is in use, or was copied without simtally backup: \S+-wal belongs to it/],
    ] as const) {
      assert.match(await refusal(['restore', name, ...to]), message)
    }
    assert.deepEqual(await readFile(target), before)
    assert.deepEqual(await leftIn(), [])
  })
})
