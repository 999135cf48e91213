/** SQLite and PostgreSQL answer random requests identically, byte by byte; the seed is in the name. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assertSameAnswers } from '../../exactness/same-answers.ts'
import { stopServerAtEnd } from '../../support/postgres-server.ts'
import { share } from '../../support/volume.ts'

stopServerAtEnd()

const REQUESTS = 500

describe('SQLite and PostgreSQL', () => {
  for (const seed of [20_261_125, 20_261_126].slice(0, share(1, 2))) {
    it(`answer ${REQUESTS} requests the same, byte for byte, in the world of seed ${seed}`, async () => {
      const statuses = await assertSameAnswers(['sqlite', 'postgres'], { seed, requests: REQUESTS })
      // The requests are worth comparing: most are answered, and they include mistakes of many kinds.
      assert.ok(statuses.get(200)! > REQUESTS / 2, JSON.stringify([...statuses]))
      for (const status of [201, 400, 401, 404]) assert.ok(statuses.has(status), `no ${status}`)
    })
  }
})
