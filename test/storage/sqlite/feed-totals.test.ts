/** Totals of feeds over lists longer than one step: exact, and without holding others up. */
import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { describe, it, type TestContext } from 'node:test'
import { STEP_ROWS } from '../../../src/storage/sqlite/feed-totals.ts'
import { aFeed, anImportStart } from '../../support/builders.ts'
import { openTempStore } from '../../support/temp-store.ts'

const FEEDS = ['first', 'second', 'idle'] as const
/** Two whole steps and part of a third. */
const ROWS = 2 * STEP_ROWS + 17

/** Imports and waiting records of two feeds in turn; every import has another number of records. */
async function openFilled(t: TestContext) {
  const temp = await openTempStore('sqlite')
  t.after(() => temp.dispose())
  const feeds = []
  for (const name of FEEDS) feeds.push(await temp.store.createFeed(aFeed({ name })))
  const [first, second] = feeds
  const { id } = await temp.store.beginImport(anImportStart(first!))
  const database = new DatabaseSync(temp.url.slice('sqlite:'.length))
  const numbers = `WITH RECURSIVE number (n) AS
    (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ${ROWS})`
  const inTurn = `CASE n % 2 WHEN 0 THEN ${first!.id} ELSE ${second!.id} END`
  database.exec(`
    ${numbers} INSERT INTO import (id, feed_id, source, format, status, accepted, started_at)
      SELECT ${id} + n, ${inTurn}, 'f', 'csv', CASE n % 3 WHEN 0 THEN 'failed' ELSE 'done' END, n, n
      FROM number;
    ${numbers} INSERT INTO quarantine (feed_id, deliverer_id, reason, raw_hash, detail, raw)
      SELECT ${inTurn}, 0, CASE n % 5 WHEN 0 THEN 'future' ELSE 'unknown_sim' END,
             printf('%064x', n * 7919), 'd', x'00'
      FROM number`)
  database.close()
  return temp.store
}

/** The numbers of a feed; the first one has the even ones. */
function numbersOf(name: (typeof FEEDS)[number]): number[] {
  const rest = ['first', 'second'].indexOf(name)
  return Array.from({ length: ROWS }, (_, i) => i + 1).filter((n) => n % 2 === rest)
}

describe('totals of feeds in a SQLite store', () => {
  it('cover all imports and everything that waits', async (t) => {
    const store = await openFilled(t)
    const totals = await store.listFeedTotals()
    const expected = FEEDS.map((name) => {
      const numbers = numbersOf(name)
      const failed = numbers.filter((n) => n % 3 === 0).length
      const future = numbers.filter((n) => n % 5 === 0).length
      return {
        accepted: numbers.reduce((sum, n) => sum + n, 0),
        imports: [name === 'first' ? 1 : 0, numbers.length - failed, failed],
        waiting: name === 'idle' ? {} : { future, unknown_sim: numbers.length - future },
      }
    })
    const found = totals.map(({ counts, imports, waiting }) => ({
      accepted: counts.accepted,
      imports: [imports.running, imports.done, imports.failed],
      waiting,
    }))
    assert.deepEqual(found, expected)
  })

  it('let the process do other work between their steps', async (t) => {
    const store = await openFilled(t)
    let turns = 0
    let isOver = false
    const count = () => {
      turns++
      if (!isOver) setImmediate(count)
    }
    setImmediate(count)
    await store.listFeedTotals()
    isOver = true
    // Three steps through imports, and at least one for each of the feeds.
    assert.ok(turns >= 6, `${turns} turns`)
  })
})
