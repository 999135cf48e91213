/** What a batch reports about others that write to the same SQLite file. */
import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { Connection } from '../../../src/storage/sqlite/connection.ts'
import { openTempStore } from '../../support/temp-store.ts'

describe('a connection that writes', () => {
  it('knows whether it had to wait for another one', async (t) => {
    const temp = await openTempStore('sqlite')
    t.after(() => temp.dispose())
    const path = temp.url.slice('sqlite:'.length)
    const [connection, other] = [
      new Connection(path, { role: 'writer' }),
      new DatabaseSync(path, { timeout: 0 }),
    ]
    t.after(() => {
      other.close()
      connection.close()
    })
    const write = () => connection.write(() => connection.hadToWait, { watchesLedger: false })
    assert.equal(write(), false)
    other.exec('BEGIN IMMEDIATE')
    // The other write ends while this one waits.
    const wait = t.mock.method(Atomics, 'wait', () => {
      if (other.isTransaction) other.exec('ROLLBACK')
      return 'timed-out'
    })
    assert.equal(write(), true)
    assert.ok(wait.mock.callCount() > 0)
    assert.equal(write(), false)
  })
})
