/**
 * Random feeds as in `random-feeds.test.ts`, larger, many more, and other ones in every run. The
 * seed is printed; `EXACTNESS_SEED` repeats a run, and looks for the smallest world that fails, which
 * takes long; `EXACTNESS_RUNS` sets the length of a run.
 */
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { engineOfTests } from '../support/temp-store.ts'
import { checkWorld } from './check-world.ts'
import { anyWorld } from './worlds.ts'

/** A world takes a server several times as long. */
const RUNS = Number(process.env.EXACTNESS_RUNS ?? (engineOfTests() === 'sqlite' ? 300 : 30))
const EVENTFUL_RUNS = Math.ceil(RUNS / 3)
const GIVEN_SEED = process.env.EXACTNESS_SEED
const SEED = Number(GIVEN_SEED ?? Math.floor(Math.random() * 2 ** 31))

describe('random feeds', () => {
  it(`answer exactly what was delivered, in ${RUNS} worlds of seed ${SEED}`, async () => {
    const worlds = anyWorld({ identitiesMax: 120, questions: 25 })
    await fc.assert(
      fc.asyncProperty(worlds, (world) => checkWorld(world)),
      { seed: SEED, numRuns: RUNS, endOnFailure: GIVEN_SEED === undefined },
    )
  })

  it(`stay exact while imports are undone, tried, recycled and accepted, in ${EVENTFUL_RUNS}`, async () => {
    const worlds = anyWorld({ identitiesMax: 120, questions: 10, eventful: true })
    await fc.assert(
      fc.asyncProperty(worlds, (world) => checkWorld(world)),
      { seed: SEED, numRuns: EVENTFUL_RUNS, endOnFailure: GIVEN_SEED === undefined },
    )
  })
})
