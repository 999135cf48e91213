/** How large the transactions of an import are, alone and beside others. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BatchPace } from '../../src/ingest/batch-pace.ts'
import { importRecords } from '../../src/ingest/import-records.ts'
import { NOW } from '../support/builders.ts'
import { CSV_HEADER, IngestFixture } from '../support/ingest-fixture.ts'

describe('the pace of an import', () => {
  const LIMIT = 300_000
  /** What is stored at 500,000 records a second. */
  const quickly = ({ recordsMax: records }: BatchPace) => ({ records, ms: records / 500 })

  it('grows while nobody else writes, up to a limit', () => {
    const pace = new BatchPace(LIMIT)
    const sizes = Array.from({ length: 7 }, () => {
      const { recordsMax } = pace
      pace.stored(quickly(pace))
      return recordsMax
    })
    assert.deepEqual(sizes, [10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000])
  })

  it('is small again as soon as somebody does', () => {
    const pace = new BatchPace(LIMIT)
    for (let i = 0; i < 6; i++) pace.stored(quickly(pace))
    pace.stored({ ...quickly(pace), isContended: true })
    assert.equal(pace.recordsMax, 10_000)
    pace.stored({ ...quickly(pace), isContended: true })
    assert.equal(pace.recordsMax, 10_000)
    pace.stored(quickly(pace))
    assert.equal(pace.recordsMax, 20_000)
  })

  it('keeps to what the store takes about a second for', () => {
    const pace = new BatchPace(LIMIT)
    const at = (perSecond: number) => {
      const records = pace.recordsMax
      pace.stored({ records, ms: (1_000 * records) / perSecond })
      return pace.recordsMax
    }
    const sizes = Array.from({ length: 5 }, () => at(100_000))
    assert.deepEqual(sizes, [20_000, 40_000, 80_000, 100_000, 100_000])
    assert.equal(at(30_000), 30_000)
    assert.equal(at(5_000), 10_000)
    assert.equal(at(500_000), 20_000)
  })

  /** The sizes of the batches of 45,000 records; the store says of some that others write. */
  async function batchesOf(t: { after(end: () => Promise<void>): void }, contended: number[]) {
    const fixture = await IngestFixture.open()
    t.after(() => fixture.close())
    const { lines } = await fixture.newWorld()
    const feed = await fixture.newFeed()
    const sizes: number[] = []
    const store = new Proxy(fixture.store, {
      get: (target, name) => {
        if (name !== 'append') return Reflect.get(target, name)
        const append: typeof target.append = async (batch) => {
          const outcome = await target.append(batch)
          sizes.push(batch.events.length)
          return contended.includes(sizes.length) ? { ...outcome, isContended: true } : outcome
        }
        return append
      },
    })
    const bytes = (async function* () {
      yield Buffer.from(CSV_HEADER)
      for (let from = 0; from < 45_000; from += 700) {
        yield Buffer.from(lines(Math.min(700, 45_000 - from), from).join(''))
      }
    })()
    const { import: done } = await importRecords({
      ...{ store, feed, account: null, source: { name: 'usage.csv', bytes } },
      clock: () => NOW,
    })
    assert.equal(done.counts.accepted, 45_000)
    assert.equal(
      sizes.reduce((sum, size) => sum + size, 0),
      45_000,
    )
    return sizes
  }

  it('decides what the store gets at once', async (t) => {
    const alone = await batchesOf(t, [])
    assert.equal(alone[0], 10_000)
    assert.ok(alone.length <= 4, alone.join())
    const beside = await batchesOf(t, [1, 2, 3, 4, 5])
    assert.deepEqual(beside, [10_000, 10_000, 10_000, 10_000, 5_000])
  })
})
