/**
 * Random feeds as in `random-feeds.test.ts`, larger, many more, and other ones in every run. The
 * seed is printed; `EXACTNESS_SEED` repeats a run and `EXACTNESS_RUNS` sets its length.
 */
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { engineOfTests } from '../support/temp-store.ts'
import { checkWorld } from './check-world.ts'
import { anyWorld } from './worlds.ts'

/** A world takes a server several times as long. */
const RUNS = Number(process.env.EXACTNESS_RUNS ?? (engineOfTests() === 'sqlite' ? 300 : 30))
const EVENTFUL_RUNS = Math.ceil(RUNS / 3)
const SEED = Number(process.env.EXACTNESS_SEED ?? Math.floor(Math.random() * 2 ** 31))

describe('random feeds', () => {
  it(`answer exactly what was delivered, in ${RUNS} worlds of seed ${SEED}`, async () => {
    const worlds = anyWorld({ identitiesMax: 120, questions: 25 })
    await fc.assert(
      fc.asyncProperty(worlds, (world) => checkWorld(world)),
      { seed: SEED, numRuns: RUNS },
    )
  })

  it(`stay exact while imports are undone, tried, recycled and accepted, in ${EVENTFUL_RUNS}`, async () => {
    const worlds = anyWorld({ identitiesMax: 120, questions: 10, eventful: true })
    await fc.assert(
      fc.asyncProperty(worlds, (world) => checkWorld(world)),
      { seed: SEED, numRuns: EVENTFUL_RUNS },
    )
  })
})
