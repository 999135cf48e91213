/**
 * Whatever an account tries, over every route of the server's own table, another one’s answers stay
 * as they are, byte by byte, and so does what becomes of records that are still to come.
 */
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import fc from 'fast-check'
import { Attacker, type Attempt, attempts, KNOWN_ATTACKS } from '../support/attack-attempts.ts'
import { AttackWorld } from '../support/attack-world.ts'
import { share } from '../support/volume.ts'

const SEED = Number(process.env.SIMTALLY_ATTACK_SEED ?? 20_260_315)
const RUNS = Number(process.env.SIMTALLY_ATTACK_RUNS ?? share(1, 3))

/** What would have become of all had B done nothing. */
let control: readonly [later: string, atLast: string]
before(async () => {
  const world = await AttackWorld.open({ mayRegister: false })
  control = [await world.deliverLater(), await world.asIfNothing()]
  await world.close()
})

async function attack(parts: readonly (readonly Attempt[])[], mayRegister: boolean) {
  const world = await AttackWorld.open({ mayRegister })
  try {
    const before = await world.snapshot()
    const attacker = new Attacker(world)
    for (const part of [attacker.everyRoute(), ...parts, KNOWN_ATTACKS]) {
      for (const attempt of part) assert.equal(await attacker.try(attempt), '')
      for (const [url, answer] of await world.snapshot()) {
        assert.equal(answer, before.get(url), url)
      }
    }
    assertLines(await world.deliverLater(), control[0])
    await attacker.undoAll()
    assertLines(await world.asIfNothing(), control[1])
    assert.deepEqual((await world.fixture.store.audit()).differences, [])
  } finally {
    await world.close()
  }
}

/** The first line that differs says more than all of them. */
function assertLines(actual: string, expected: string): void {
  const lines = actual.split('\n')
  for (const [i, line] of expected.split('\n').entries()) assert.equal(lines[i], line)
}

describe('an account that attacks another one', () => {
  it(`changes nothing and is told nothing, in ${RUNS} worlds`, async () => {
    const sequences = fc.array(attempts, { minLength: 2, maxLength: 2 })
    await fc.assert(fc.asyncProperty(sequences, fc.boolean(), attack), {
      seed: SEED,
      numRuns: RUNS,
      // Each smaller sequence takes a world of its own, and minutes to find.
      endOnFailure: true,
    })
  })
})
