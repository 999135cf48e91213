/** What a delivery may be: how large unpacked, how many records, how many at once. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { describe, it, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import type { Limits } from '../../src/domain/limits.ts'
import { basic, HttpFixture } from '../support/http-fixture.ts'

async function open(t: TestContext, limits: Partial<Limits>): Promise<HttpFixture> {
  const fixture = await HttpFixture.open({ limits })
  t.after(() => fixture.close())
  return fixture
}

/** Records of a SIM that nobody has registered. */
const records = (count: number) =>
  Array.from(
    { length: count },
    (_, i) => `{"record_id":"r${i}","sim":"none-1","occurred_at":"2026-03-15T11:30:00Z"}\n`,
  ).join('')

describe('a delivery', () => {
  it('that unpacks to more than allowed ends with 413, and says what was counted', async (t) => {
    const fixture = await open(t, { unpackedBytes: 200_000 })
    const body = gzipSync(records(5_000))
    assert.ok(body.length < 50_000)
    const answer = await fixture.deliver(body, { as: fixture.operator })
    assert.equal(answer.status, 413)
    assert.match(
      answer.error.message,
      /^The packed data unpacks to more than 200000 bytes; \d+ records .* counted before, in import IM[0-9a-f]{32};/,
    )
    const [failed] = await fixture.store.listImports({}, { limit: 1 })
    assert.equal(failed!.status, 'failed')
  })

  it('that is all zeros ends with 413 long before it is unpacked', async (t) => {
    const fixture = await open(t, {})
    const body = gzipSync(Buffer.alloc(24 * 1024 ** 2))
    const startedAt = performance.now()
    const answer = await fixture.deliver(body, { as: fixture.operator })
    assert.equal(answer.status, 413)
    assert.match(answer.error.message, /^The packed data unpacks to more than 200 times its size;/)
    assert.ok(performance.now() - startedAt < 5_000)
  })

  it('of more records than allowed ends with 413', async (t) => {
    const fixture = await open(t, { deliveryRecords: 99 })
    assert.equal((await fixture.deliver(records(99), { as: fixture.operator })).status, 200)
    const answer = await fixture.deliver(records(100), { as: fixture.operator })
    assert.equal(answer.status, 413)
    assert.match(answer.error.message, /^The delivery has more than 99 records: cut it/)
  })

  it('waits unread while too many are under way, and is refused when it waits too long', {
    timeout: 20_000,
  }, async (t) => {
    const fixture = await open(t, { importsPerKey: 1, importWaitSeconds: 0 })
    const url = await fixture.listen()
    const slow = request(`${url}/v1/Feeds/hub/Records`, {
      method: 'POST',
      headers: { authorization: basic(fixture.operator) },
    })
    slow.write(records(1))
    while ((await fixture.store.listImports({}, { limit: 1 })).length === 0) await setImmediate()
    const refused = await fixture.deliver(records(1), { as: fixture.operator })
    assert.equal(refused.status, 429)
    assert.equal(refused.headers['retry-after'], '1')
    assert.equal(refused.error.code, 20429)
    const other = await fixture.addKey({ account: null, scope: 'ingest' })
    assert.equal((await fixture.deliver(records(1), { as: other })).status, 200)
    const metrics = await fixture.get('/metrics', { as: fixture.operator })
    for (const line of [
      'simtally_limit_refusals_total{limit="imports-per-key"} 1',
      'simtally_imports_under_way 1',
      'simtally_imports_waiting 0',
    ]) {
      assert.ok(metrics.text.split('\n').includes(line), line)
    }
    const answered = once(slow.end(), 'response')
    const [answer] = await answered
    assert.equal(answer.statusCode, 200)
    answer.resume()
    assert.equal((await fixture.deliver(records(1), { as: fixture.operator })).status, 200)
  })
})
