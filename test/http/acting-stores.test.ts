/** The stores of callers, each made once. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Actor } from '../../src/domain/act.ts'
import { ActingStores } from '../../src/http/acting-stores.ts'
import type { UsageStore } from '../../src/storage/usage-store.ts'

function recordingStore() {
  const made: Actor[] = []
  const actingAs = (actor: Actor) => {
    made.push(actor)
    return { actor } as unknown as UsageStore
  }
  return { made, store: { actingAs } as unknown as UsageStore }
}

describe('the store of a caller', () => {
  it('is the same for the same name, and acts under it by the given clock', () => {
    const { made, store } = recordingStore()
    const clock = () => 5
    const stores = new ActingStores(store, clock)
    const one = stores.of('SK1')
    assert.equal(stores.of('SK1'), one)
    assert.notEqual(stores.of('SK2'), one)
    assert.deepEqual(made, [
      { name: 'SK1', clock },
      { name: 'SK2', clock },
    ])
  })

  it('is made again after more names than are remembered', () => {
    const { made, store } = recordingStore()
    const stores = new ActingStores(store, () => 5)
    for (let i = 0; i <= 200; i++) stores.of(`SK${i}`)
    assert.equal((stores.of('SK0') as unknown as { actor: Actor }).actor.name, 'SK0')
    assert.equal(made.length, 202)
  })
})
