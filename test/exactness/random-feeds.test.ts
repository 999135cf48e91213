/** Random feeds, by import and API, against the model: a quick look, the same in every run. */
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { checkWorld } from './check-world.ts'
import { anyWorld } from './worlds.ts'

const SEED = 20_260_315
const RUNS = 30

describe('random feeds', () => {
  it(`answer exactly what was delivered, in ${RUNS} worlds`, async () => {
    const worlds = anyWorld({ identitiesMax: 40, questions: 12 })
    await fc.assert(
      fc.asyncProperty(worlds, (world) => checkWorld(world)),
      { seed: SEED, numRuns: RUNS },
    )
  })
})
