/** `/healthz` and `/readyz`, which monitors ask without credentials. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
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
    const { status, headers, body } = await fixture.get('/readyz', { as: null })
    assert.equal(status, 503)
    assert.equal(body.code, 20503)
    assert.equal(headers['retry-after'], '5')
    await fixture.close()
  })
})
