/**
 * Random feeds as in `random-feeds.test.ts`, larger, many more, and other ones in every run. The
 * seed is printed; `EXACTNESS_SEED` repeats a run and `EXACTNESS_RUNS` sets its length.
 */
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { checkWorld } from './check-world.ts'
import { anyWorld } from './worlds.ts'

const RUNS = Number(process.env.EXACTNESS_RUNS ?? 500)
const SEED = Number(process.env.EXACTNESS_SEED ?? Math.floor(Math.random() * 2 ** 31))

describe('random feeds', () => {
  it(`answer exactly what was delivered, in ${RUNS} worlds of seed ${SEED}`, async () => {
    const worlds = anyWorld({ identitiesMax: 120, questions: 25 })
    await fc.assert(
      fc.asyncProperty(worlds, (world) => checkWorld(world)),
      { seed: SEED, numRuns: RUNS },
    )
  })
})
