/** The log beside a SQLite database restarts, whatever readers do. */
import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { openStore } from '../../../src/storage/open-store.ts'
import { NOTES } from '../../../src/storage/operations.ts'
import { auditOperations } from '../../../src/storage/sqlite/audit.ts'
import { Connection } from '../../../src/storage/sqlite/connection.ts'
import type { UsageStore } from '../../../src/storage/usage-store.ts'
import { aFeed, anImportStart } from '../../support/builders.ts'
import { openTempStore } from '../../support/temp-store.ts'

const LOG_BYTES_MAX = 200_000
/** Far longer than the writer waits at first, in milliseconds. */
const LONG_READ_MS = 100
const WRITERS = 3
/** For each; together many times what the log may hold. */
const WRITES = 60

describe('the log of a SQLite store', () => {
  it('is folded once it is large and its readers have gone', async (t) => {
    const temp = await openTempStore('sqlite')
    t.after(() => temp.dispose())
    const store = await openStore(temp.url, { logBytesMax: LOG_BYTES_MAX })
    t.after(() => store.close())
    const path = temp.url.slice('sqlite:'.length)
    const logBytes = () => statSync(`${path}-wal`).size
    const feed = await store.createFeed(aFeed())
    const write = () => store.beginImport(anImportStart(feed, { source: 'x'.repeat(50_000) }))

    const reader = new DatabaseSync(path)
    t.after(() => reader.close())
    reader.exec('BEGIN; SELECT * FROM feed')
    while (logBytes() <= LOG_BYTES_MAX) await write()
    // The writer cannot fold what somebody reads, and does not complain.
    await write()
    assert.ok(logBytes() > LOG_BYTES_MAX)

    reader.exec('COMMIT')
    while (logBytes() > LOG_BYTES_MAX) await write()
    assert.equal((await store.audit()).differenceCount, 0)
  })

  it('stays short while several write without pause and others read', async (t) => {
    const temp = await openTempStore('sqlite')
    t.after(() => temp.dispose())
    const stores = await Promise.all(
      Array.from({ length: WRITERS }, () => openStore(temp.url, { logBytesMax: LOG_BYTES_MAX })),
    )
    t.after(() => Promise.all(stores.map((store) => store.close())))
    const path = temp.url.slice('sqlite:'.length)
    const feed = await stores[0]!.createFeed(aFeed())
    let longest = 0
    const writeAll = async (store: UsageStore) => {
      for (let n = 0; n < WRITES; n++) {
        await store.beginImport(anImportStart(feed, { source: 'x'.repeat(50_000) }))
        await store.listFeeds()
        longest = Math.max(longest, statSync(`${path}-wal`).size)
      }
    }
    await Promise.all(stores.map(writeAll))
    assert.ok(longest < 5 * LOG_BYTES_MAX, `${longest} bytes`)
  })

  it('restarts although somebody is always reading, and for longer than usual', async (t) => {
    const temp = await openTempStore('sqlite')
    t.after(() => temp.dispose())
    const path = temp.url.slice('sqlite:'.length)
    const connection = new Connection(path, { role: 'writer', logBytesMax: LOG_BYTES_MAX })
    connection.log.open(pathToFileURL(path))
    const reader = new DatabaseSync(path)
    t.after(() => {
      reader.close()
      connection.close()
    })
    const feed = await temp.store.createFeed(aFeed())
    // A read that begins before each try, and ends when the writer has waited for it long enough.
    let waitedMs = 0
    t.mock.method(Atomics, 'wait', (_: unknown, __: unknown, ___: unknown, ms: number) => {
      waitedMs += ms
      if (waitedMs >= LONG_READ_MS && reader.isTransaction) reader.exec('COMMIT')
      return 'timed-out'
    })
    const logPages = () => {
      const { log } = connection.prepare('PRAGMA wal_checkpoint(NOOP)').get()!
      return log as number
    }
    const start = anImportStart(feed, { source: 'x'.repeat(4_000_000) })
    let [tries, longest] = [0, 0]
    for (let isAnew = false; !isAnew && tries < 100; tries++) {
      connection.write(() => connection.take(NOTES.beginImport(start)))
      if (reader.isTransaction) reader.exec('COMMIT')
      waitedMs = 0
      reader.exec('BEGIN; SELECT * FROM feed')
      longest = Math.max(longest, logPages())
      connection.log.keepShort()
      isAnew = logPages() < longest / 2
    }
    assert.ok(tries < 60, `${tries} tries, ${longest} pages`)
  })

  it('gets a pause between two looks of an audit if it is long and others write', async (t) => {
    const temp = await openTempStore('sqlite')
    t.after(() => temp.dispose())
    const path = temp.url.slice('sqlite:'.length)
    const [auditing, writing] = (['reader', 'writer'] as const).map(
      (role) => new Connection(path, { role, logBytesMax: LOG_BYTES_MAX }),
    ) as [Connection, Connection]
    t.after(() => {
      auditing.close()
      writing.close()
    })
    const feed = await temp.store.createFeed(aFeed())
    const wait = t.mock.method(Atomics, 'wait', () => 'timed-out')
    const pausesOfLook = () => {
      const before = wait.mock.callCount()
      auditOperations.firstLook(auditing, 'SELECT id FROM feed', {})
      auditOperations.endLook(auditing)
      return wait.mock.callCount() - before
    }
    const write = (bytes: number) => {
      const start = anImportStart(feed, { source: 'x'.repeat(bytes) })
      writing.write(() => writing.take(NOTES.beginImport(start)))
    }
    assert.equal(pausesOfLook(), 0)
    write(LOG_BYTES_MAX)
    assert.equal(pausesOfLook(), 1)
    assert.equal(pausesOfLook(), 0)
    write(10)
    assert.equal(pausesOfLook(), 1)
  })
})
