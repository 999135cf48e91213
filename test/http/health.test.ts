/** `/healthz` and `/readyz`, which monitors ask without credentials. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NOW } from '../support/builders.ts'
import { HttpFixture } from '../support/http-fixture.ts'

describe('health', () => {
  it('is up and ready while the store answers', async () => {
    const fixture = await HttpFixture.open()
    for (const url of ['/healthz', '/readyz']) {
      assert.equal((await fixture.get(url, { as: null })).status, 200)
    }
    await fixture.close()
  })

  it('is up and not ready when the store is closed', async () => {
    const fixture = await HttpFixture.open()
    await fixture.store.close()
    assert.equal((await fixture.get('/healthz', { as: null })).status, 200)
    const { status, headers, error } = await fixture.get('/readyz', { as: null })
    assert.equal(status, 503)
    assert.equal(error.code, 20503)
    assert.equal(headers['retry-after'], '5')
    await fixture.close()
  })

  it('is not ready under a clock that stands behind what the store has seen', async () => {
    const fixture = await HttpFixture.open()
    await fixture.use(await fixture.addSim({}), NOW - 60, { upload: 1 })
    fixture.clock.now = NOW - 3_600
    const { status, headers, error } = await fixture.get('/readyz', { as: null })
    assert.deepEqual([status, headers['retry-after']], [503, '60'])
    assert.match(error.message, /clock of this machine says 2026-03-15T11:34:56Z/)
    assert.equal((await fixture.get('/healthz', { as: null })).status, 200)
    fixture.clock.now = NOW
    assert.equal((await fixture.get('/readyz', { as: null })).status, 200)
    await fixture.close()
  })
})
