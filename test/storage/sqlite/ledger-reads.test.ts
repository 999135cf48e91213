/** How SQLite finds a SIM's rows: by the ledger's key, bucket by bucket, and without sorting. */
import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import type { CountryCode } from '../../../src/domain/country.ts'
import type { LedgerFilter } from '../../../src/domain/ledger-entry.ts'
import { selectEntries } from '../../../src/storage/sqlite/ledger-reads.ts'
import { openTempStore } from '../../support/temp-store.ts'

describe('the rows of a SIM', () => {
  it('are one range of the key in each bucket, in the order of the answer', async (t) => {
    const temp = await openTempStore('sqlite')
    t.after(() => temp.dispose())
    const db = new DatabaseSync(temp.url.slice('sqlite:'.length))
    const planOf = (filter: Partial<LedgerFilter>) =>
      db
        .prepare(`EXPLAIN QUERY PLAN ${selectEntries({ simId: 1, start: 0, end: 1, ...filter })}`)
        .all()
        .map(({ detail }) => detail)
    const search =
      'SEARCH ledger USING PRIMARY KEY (bucket=? AND sim_id=? AND occurred_at>? AND occurred_at<?)'
    // For rows that follow from a reading, and only for those.
    const reading = [
      'CORRELATED SCALAR SUBQUERY 1',
      'SEARCH reading USING PRIMARY KEY (sim_id=? AND feed_id=? AND record_id=? AND occurred_at=?)',
    ]
    assert.deepEqual(planOf({}), [search, ...reading])
    assert.deepEqual(planOf({ zone: 'home', country: 'US' as CountryCode }), [search, ...reading])
    // Sorts the rows of one instant, no more.
    const oneInstant = 'USE TEMP B-TREE FOR LAST TERM OF ORDER BY'
    assert.deepEqual(planOf({ feedId: 1 }), [search, ...reading, oneInstant])
    db.close()
  })
})
