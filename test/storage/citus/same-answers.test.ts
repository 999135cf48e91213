/** SQLite, PostgreSQL and Citus answer random requests identically, byte by byte. */
import { describe, it } from 'node:test'
import { assertSameAnswers } from '../../exactness/same-answers.ts'
import { stopServerAtEnd } from '../../support/postgres-server.ts'

stopServerAtEnd()

const REQUESTS = 500
const ENGINES = ['sqlite', 'postgres', 'citus'] as const

describe('SQLite, PostgreSQL and Citus', () => {
  for (const seed of [20_261_125, 20_261_126, 20_261_127]) {
    it(`answer ${REQUESTS} requests the same, byte for byte, in the world of seed ${seed}`, async () => {
      await assertSameAnswers(ENGINES, { seed, requests: REQUESTS })
    })
  }
})
