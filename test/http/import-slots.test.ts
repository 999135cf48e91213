/** How many deliveries are taken in at once, and what becomes of the others. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { ImportSlots, type SlotLimits } from '../../src/http/import-slots.ts'

const LIMITS: SlotLimits = {
  importsPerKey: 2,
  importsAtOnce: 3,
  importsWaiting: 2,
  importWaitSeconds: 10,
}
const STAYS = new AbortController().signal

/** Work that goes on until the test ends it. */
function held(slots: ImportSlots, key: string, gone = STAYS) {
  const { promise, resolve } = Promise.withResolvers<string>()
  let begun = false
  const done = slots.run(key, gone, () => {
    begun = true
    return promise
  })
  done.catch(() => {})
  return { done, end: () => resolve(key), begun: () => begun }
}

describe('deliveries at once', () => {
  it('are taken in up to the limits, and others in the order in which they came', async () => {
    const slots = new ImportSlots(LIMITS)
    const [a1, a2, a3] = [held(slots, 'a'), held(slots, 'a'), held(slots, 'a')]
    assert.deepEqual([a1.begun(), a2.begun(), a3.begun()], [true, true, false])
    // Another key does not wait behind one that has enough.
    const b1 = held(slots, 'b')
    const b2 = held(slots, 'b')
    assert.deepEqual([b1.begun(), b2.begun()], [true, false])
    assert.deepEqual([slots.underWay, slots.waiting], [3, 2])
    b1.end()
    await b1.done
    await setImmediate()
    assert.deepEqual([a3.begun(), b2.begun()], [false, true])
    a1.end()
    await a1.done
    await setImmediate()
    assert.equal(a3.begun(), true)
    for (const one of [a2, a3, b2]) one.end()
    await slots.idle()
    assert.deepEqual([slots.underWay, slots.waiting], [0, 0])
  })

  it('are refused when too many wait', async () => {
    const slots = new ImportSlots({ ...LIMITS, importsWaiting: 0 })
    const first = [held(slots, 'a'), held(slots, 'a')]
    await assert.rejects(held(slots, 'a').done, {
      kind: 'too_many_requests',
      limit: 'importsWaiting',
      headers: { 'Retry-After': '10' },
    })
    for (const one of first) one.end()
    await slots.idle()
  })

  it('are refused when their turn does not come in time', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const slots = new ImportSlots(LIMITS)
    const first = [held(slots, 'a'), held(slots, 'a')]
    const late = held(slots, 'a')
    t.mock.timers.tick(9_999)
    assert.equal(slots.waiting, 1)
    t.mock.timers.tick(1)
    await assert.rejects(late.done, { kind: 'too_many_requests', limit: 'importsPerKey' })
    assert.equal(slots.waiting, 0)
    for (const one of first) one.end()
    await slots.idle()
    assert.equal(late.begun(), false)
  })

  it('give up their place when their caller hangs up, or when they fail', async () => {
    const slots = new ImportSlots({ ...LIMITS, importsAtOnce: 1 })
    const first = held(slots, 'a')
    const caller = new AbortController()
    const waiting = held(slots, 'a', caller.signal)
    caller.abort()
    await assert.rejects(waiting.done, { kind: 'bad_request' })
    first.end()
    await first.done
    await assert.rejects(
      slots.run('a', STAYS, () => Promise.reject(new Error('broken'))),
      { message: 'broken' },
    )
    assert.equal(await slots.run('a', STAYS, async () => 'again'), 'again')
    await slots.idle()
  })
})
