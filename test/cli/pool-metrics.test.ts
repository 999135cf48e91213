/** What workers have measured, brought together: nothing is lost, nothing is waited for in vain. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PoolMetrics } from '../../src/cli/pool-metrics.ts'
import { type RequestSnapshot, requestText } from '../../src/http/metrics.ts'

const NAME = 'simtally_http_request_duration_seconds_count'

/** As a worker tells that it has answered so many requests. */
function answered(count: number): RequestSnapshot {
  const values = [{ value: count, labels: { route: '/healthz' } }]
  const metric = { name: NAME, help: 'requests', type: 'counter', aggregator: 'sum', values }
  return [metric] as unknown as RequestSnapshot
}

async function total(snapshots: readonly RequestSnapshot[]): Promise<number> {
  const [line] = (await requestText(snapshots)).match(/^\w+\{.*$/m) ?? ['x 0']
  return Number(line.split(' ')[1])
}

/** Workers are texts; whom it asks, the test answers for. */
function pool(...workers: string[]) {
  const asked: [worker: string, question: number][] = []
  const metrics = new PoolMetrics<string>((worker, question) => asked.push([worker, question]), 5)
  for (const worker of workers) metrics.add(worker)
  return { metrics, asked }
}

describe('what workers have measured', () => {
  it('is asked of all others, and of nobody where there are none', async () => {
    const { metrics, asked } = pool('a', 'b', 'c')
    const others = metrics.othersOf('a', answered(1))
    assert.deepEqual(
      asked.map(([worker]) => worker),
      ['b', 'c'],
    )
    for (const [worker, question] of asked) metrics.take(worker, question, answered(10))
    assert.equal(await total(await others), 20)
    assert.deepEqual(await pool('a').metrics.othersOf('a', answered(1)), [])
  })

  it('is what a worker told last, where it does not answer in time', async () => {
    const { metrics, asked } = pool('a', 'b')
    assert.deepEqual(await metrics.othersOf('a', answered(1)), [])
    // Too late for the question, in time for the next one.
    metrics.take('b', asked[0]![1], answered(7))
    assert.equal(await total(await metrics.othersOf('a', answered(1))), 7)
  })

  it('goes on to count when a worker ends, also in the middle of a question', async () => {
    const { metrics, asked } = pool('a', 'b', 'c')
    const first = metrics.othersOf('a', answered(1))
    for (const [worker, question] of asked.splice(0)) metrics.take(worker, question, answered(10))
    await first
    const others = metrics.othersOf('a', answered(1))
    metrics.remove('b')
    metrics.take('b', asked[0]![1], answered(1_000))
    metrics.take('c', asked[1]![1], answered(11))
    assert.equal(await total(await others), 21)
    metrics.add('d')
    metrics.remove('c')
    const later = metrics.othersOf('d', answered(2))
    metrics.take('a', asked.at(-1)![1], answered(3))
    assert.equal(await total(await later), 10 + 11 + 3)
  })

  it('counts the one that asked when it ends', async () => {
    const { metrics } = pool('a')
    await metrics.othersOf('a', answered(4))
    metrics.remove('a')
    metrics.add('b')
    assert.equal(await total(await metrics.othersOf('b', answered(1))), 4)
  })
})
