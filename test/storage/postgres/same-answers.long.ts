/**
 * As `same-answers.test.ts`, in many worlds that differ in every run. The seed is printed;
 * `EXACTNESS_SEED` repeats a run and `EXACTNESS_WORLDS` sets its length.
 */
import { describe, it } from 'node:test'
import { assertSameAnswers } from '../../exactness/same-answers.ts'
import { stopServerAtEnd } from '../../support/postgres-server.ts'

stopServerAtEnd()

const WORLDS = Number(process.env.EXACTNESS_WORLDS ?? 40)
const SEED = Number(process.env.EXACTNESS_SEED ?? Math.floor(Math.random() * 2 ** 30))

describe('SQLite and PostgreSQL', () => {
  it(`answer 500 requests the same in each of ${WORLDS} worlds from seed ${SEED}`, async () => {
    for (let seed = SEED; seed < SEED + WORLDS; seed++) {
      await assertSameAnswers(['sqlite', 'postgres'], { seed, requests: 500 })
    }
  })
})
