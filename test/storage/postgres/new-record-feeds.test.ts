/** In which ways a feed's batches are tried, and in which order. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NO_VERDICTS } from '../../../src/domain/import.ts'
import type { Way } from '../../../src/storage/postgres/append.ts'
import { NewRecordFeeds } from '../../../src/storage/postgres/new-record-feeds.ts'
import type { AppendOutcome } from '../../../src/storage/usage-store.ts'

const FEED = { feedId: 1, events: 10, isRepeating: false }

/** A feed whose batches are refused in some ways, and bring a number of duplicates. */
function feedWith(siftsFrom = 10) {
  const feeds = new NewRecordFeeds(() => siftsFrom)
  return async (
    refused: readonly Way[],
    { duplicate = 0, facts = FEED }: { duplicate?: number; facts?: typeof FEED } = {},
  ): Promise<Way[]> => {
    const tried: Way[] = []
    await feeds.append(facts, async (way): Promise<AppendOutcome> => {
      tried.push(way)
      if (refused.includes(way)) throw Object.assign(new Error('duplicate key'), { code: '23505' })
      const counts = { ...NO_VERDICTS, duplicate }
      return { counts, conflicts: [] } as unknown as AppendOutcome
    })
    return tried
  }
}

describe('a batch', () => {
  it('is tried in the next way if one refuses it', async () => {
    const append = feedWith()
    assert.deepEqual(await append([]), ['copied'])
    assert.deepEqual(await append(['copied']), ['copied', 'sifted'])
    assert.deepEqual(await append(['copied', 'sifted']), ['copied', 'sifted', 'moved'])
    assert.deepEqual(await feedWith(11)(['copied']), ['copied', 'moved'])
  })

  it('is not tried as new if the batch before met records, or if it repeats its own', async () => {
    const append = feedWith()
    assert.deepEqual(await append(['copied'], { duplicate: 1 }), ['copied', 'sifted'])
    assert.deepEqual(await append([], { duplicate: 1 }), ['sifted'])
    assert.deepEqual(await append([], { facts: { ...FEED, feedId: 2 } }), ['copied'])
    assert.deepEqual(await append([]), ['sifted'])
    assert.deepEqual(await append([]), ['copied'])
    assert.deepEqual(await append([], { facts: { ...FEED, isRepeating: true } }), ['sifted'])
  })

  it('fails if the last way fails, or for another reason', async () => {
    await assert.rejects(feedWith()(['copied', 'sifted', 'moved']), /duplicate key/)
    const feeds = new NewRecordFeeds(() => 0)
    const broken = feeds.append(FEED, () => Promise.reject(new Error('the connection is gone')))
    await assert.rejects(broken, /the connection is gone/)
  })
})
