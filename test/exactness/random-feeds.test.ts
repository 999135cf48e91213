/** Random feeds, by import and API, against the model: a quick look, the same in every run. */
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { engineOfTests } from '../support/temp-store.ts'
import { itLong, share } from '../support/volume.ts'
import { checkWorld } from './check-world.ts'
import { anyWorld } from './worlds.ts'

const SEED = 20_260_315
/** A world takes a server several times as long. */
const IS_EMBEDDED = engineOfTests() === 'sqlite'
const RUNS = IS_EMBEDDED ? share(2, 24) : 6
const EVENTFUL_RUNS = IS_EMBEDDED ? share(1, 12) : share(1, 4)

describe('random feeds', () => {
  // The eventful worlds ask a server the same.
  const answers = IS_EMBEDDED ? it : itLong
  answers(`answer exactly what was delivered, in ${RUNS} worlds`, async () => {
    const worlds = anyWorld({ identitiesMax: 40, questions: 12 })
    await fc.assert(
      fc.asyncProperty(worlds, (world) => checkWorld(world)),
      { seed: SEED, numRuns: RUNS },
    )
  })

  it(`stay exact while imports are undone, tried, recycled and accepted, in ${EVENTFUL_RUNS} worlds`, async () => {
    const worlds = anyWorld({ identitiesMax: 40, questions: 6, eventful: true })
    await fc.assert(
      fc.asyncProperty(worlds, (world) => checkWorld(world)),
      { seed: SEED, numRuns: EVENTFUL_RUNS },
    )
  })
})
