/** Who is answered when more is asked than can be answered, and that other things go on meanwhile. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Turns } from '../../src/http/turns.ts'

const LIMITS = { requestsWaiting: 100, requestWaitSeconds: 5 }

/** Requests whose answers keep the thread for so long each, all of which come in one turn. */
function ask(turns: Turns, clock: { ms: number }, count: number, eachMs: number) {
  const answered: number[] = []
  const requests = Array.from({ length: count }, async (_, i) => {
    const turn = turns.take()
    if (turn !== null) await turn
    clock.ms += eachMs
    answered.push(i)
  })
  return { answered, all: Promise.allSettled(requests) }
}

describe('requests that come at once', { timeout: 10_000 }, () => {
  it('are answered at once while they are few', () => {
    const clock = { ms: 0 }
    const { answered } = ask(new Turns(LIMITS, () => clock.ms), clock, 20, 1)
    assert.equal(answered.length, 20)
  })

  it('are answered in turns, in their order, and between them others are', async () => {
    const clock = { ms: 0 }
    const turns = new Turns(LIMITS, () => clock.ms)
    const { answered, all } = ask(turns, clock, 100, 5)
    assert.equal(answered.length, 4)
    assert.equal(turns.waiting, 96)
    while (turns.waiting > 0) {
      const msBefore: number = clock.ms
      const waitingBefore: number = turns.waiting
      await setImmediate()
      assert.ok(clock.ms - msBefore <= 40, `a turn of ${clock.ms - msBefore} ms`)
      assert.ok(turns.waiting < waitingBefore)
    }
    await all
    assert.deepEqual(
      answered,
      Array.from({ length: 100 }, (_, i) => i),
    )
    // And then at once again.
    assert.equal(ask(turns, clock, 1, 5).answered.length, 1)
  })

  it('are refused where too many wait, or for too long', async () => {
    const clock = { ms: 0 }
    const turns = new Turns(LIMITS, () => clock.ms)
    const { answered, all } = ask(turns, clock, 106, 1_000)
    assert.throws(() => turns.take(), {
      kind: 'unavailable',
      limit: 'requestsWaiting',
      headers: { 'Retry-After': '1' },
    })
    const outcomes = await all
    const reasons = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason.limit] : [],
    )
    assert.equal(reasons.filter((limit) => limit === 'requestsWaiting').length, 5)
    assert.equal(reasons.length, 106 - answered.length)
    assert.ok(answered.length >= 5 && answered.length <= 8, `${answered.length} were answered`)
  })

  it('do not keep work that goes on from going on, nor does it keep them', async () => {
    const clock = { ms: 0 }
    const turns = new Turns(LIMITS, () => clock.ms)
    let pieces = 0
    const working = (async () => {
      for (; pieces < 8; pieces++) {
        await turns.next()
        clock.ms += 15
      }
    })()
    const { answered, all } = ask(turns, clock, 60, 5)
    await setImmediate()
    await setImmediate()
    await setImmediate()
    assert.ok(pieces >= 2 && answered.length >= 6, `${pieces} pieces, ${answered.length} answers`)
    await Promise.all([working, all])
    assert.equal(answered.length, 60)
  })
})
