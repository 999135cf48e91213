/** Threads for work besides the writer: how many there are, and whose turn it is. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { SpareThreads } from '../../../src/storage/sqlite/spare-threads.ts'
import type { Writer } from '../../../src/storage/sqlite/writer.ts'

describe('spare threads', () => {
  it('are no more than allowed, and work waits in order of arrival', async () => {
    let started = 0
    let closed = 0
    const start = () => {
      started++
      return { close: async () => void closed++ } as unknown as Writer
    }
    const threads = new SpareThreads(start, { threadsMax: 2 })
    const done: number[] = []
    const ends: (() => void)[] = []
    const works = [0, 1, 2, 3, 4].map((i) =>
      threads.use(async () => {
        await new Promise<void>((end) => {
          ends[i] = end
        })
        if (i === 2) throw new Error('fails')
        done.push(i)
      }),
    )
    const failing = assert.rejects(works[2]!, /fails/)
    await setImmediate()
    assert.deepEqual([started, Object.keys(ends)], [2, ['0', '1']])
    for (const i of [1, 0, 2, 3, 4]) {
      ends[i]!()
      await setImmediate()
    }
    await Promise.all([failing, ...works.toSpliced(2, 1)])
    assert.deepEqual(done, [1, 0, 3, 4])
    assert.ok(started <= 3)
    await threads.close()
    assert.equal(closed, started)
  })

  it('wait for the next work when they are done, up to their limit', async () => {
    let started = 0
    let closed = 0
    const start = () => {
      started++
      return { close: async () => void closed++ } as unknown as Writer
    }
    const threads = new SpareThreads(start, { idleMax: 2 })
    const together = (count: number) =>
      Promise.all(Array.from({ length: count }, () => threads.use(() => setImmediate())))
    await together(3)
    assert.deepEqual([started, closed], [3, 1])
    await together(2)
    assert.deepEqual([started, closed], [3, 1])
    await threads.close()
    assert.equal(closed, 3)
  })
})
