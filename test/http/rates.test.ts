/** Callers who ask too often, and addresses from which wrong credentials come. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { pino } from 'pino'
import type { Limits } from '../../src/domain/limits.ts'
import { TokenBuckets } from '../../src/http/token-buckets.ts'
import { HttpFixture, type TestCredential } from '../support/http-fixture.ts'

async function open(t: TestContext, limits: Partial<Limits>) {
  const clock = { ms: 0 }
  const lines: string[] = []
  const fixture = await HttpFixture.open({
    limits,
    trustProxy: ['10.0.0.0/8'],
    monotonicMs: () => clock.ms,
    logger: pino({ base: null }, { write: (line) => lines.push(line) }),
  })
  t.after(() => fixture.close())
  /** Asks from an address, by way of a proxy. */
  const ask = async (as: TestCredential | null, from = '192.0.2.1') => {
    const options = { as, remoteAddress: '10.0.0.1', headers: { 'x-forwarded-for': from } }
    const { status, headers } = await fixture.get('/v1/Sims', options)
    return { status, retryAfter: headers['retry-after'] }
  }
  return { fixture, clock, ask, lines }
}

const refused = (seconds: number) => ({ status: 429, retryAfter: String(seconds) })
const OK = { status: 200, retryAfter: undefined }
const WRONG = { status: 401, retryAfter: undefined }

describe('requests of one credential', () => {
  it('are refused beyond the rate until time has passed, and others are not', async (t) => {
    const { fixture, clock, ask } = await open(t, { requestRate: 1, requestBurst: 3 })
    const other = await fixture.addKey({ account: fixture.owner, scope: 'read' })
    for (let i = 0; i < 3; i++) assert.deepEqual(await ask(fixture.owner), OK)
    assert.deepEqual(await ask(fixture.owner), refused(1))
    assert.deepEqual(await ask(other), OK)
    clock.ms += 1_000
    assert.deepEqual(await ask(fixture.owner), OK)
    assert.deepEqual(await ask(fixture.owner), refused(1))
  })
})

describe('wrong credentials', () => {
  it('are held back by their address, logged with it and the SID, without the secret', async (t) => {
    const { fixture, clock, ask, lines } = await open(t, { failedLogIns: 4 })
    const wrong = { sid: fixture.owner.sid, secret: 'not-the-secret' }
    for (let i = 0; i < 4; i++) assert.deepEqual(await ask(wrong), WRONG)
    assert.deepEqual(await ask(wrong), refused(15))
    // Right ones are not even looked at, so that nobody learns from the answer.
    assert.deepEqual(await ask(fixture.owner), refused(15))
    assert.deepEqual(await ask(wrong, '192.0.2.2'), WRONG)
    assert.deepEqual(await ask(fixture.owner, '192.0.2.2'), OK)
    clock.ms += 15_000
    assert.deepEqual(await ask(fixture.owner), OK)
    const logged = lines.map((line) => JSON.parse(line)).filter(({ msg }) => /^wrong/.test(msg))
    assert.equal(logged.length, 5)
    const { address, credential, level } = logged[0]
    assert.deepEqual([address, credential, level], ['192.0.2.1', fixture.owner.sid, 40])
    assert.ok(!lines.join('').includes('not-the-secret'))
  })

  it('do not shut out callers of the same address who were right before', async (t) => {
    const { fixture, clock, ask } = await open(t, { failedLogIns: 2 })
    const key = await fixture.addKey({ account: fixture.owner, scope: 'read' })
    assert.deepEqual(await ask(key), OK)
    for (let i = 0; i < 2; i++) await ask({ sid: fixture.owner.sid, secret: 'guess' })
    assert.deepEqual(await ask(key), OK)
    assert.deepEqual(await ask(fixture.owner), refused(30))
    // But whoever guesses the secret of that very key is held back like everybody.
    assert.deepEqual(await ask({ sid: key.sid, secret: 'guess' }), WRONG)
    assert.deepEqual(await ask({ sid: key.sid, secret: 'guess' }), refused(30))
    clock.ms += 60_000
    assert.deepEqual(await ask(key), OK)
  })

  it('are not those of somebody who shows none', async (t) => {
    const { fixture, ask, lines } = await open(t, { failedLogIns: 1 })
    for (let i = 0; i < 5; i++) assert.deepEqual(await ask(null), WRONG)
    assert.deepEqual(await ask(fixture.owner), OK)
    assert.ok(!lines.join('').includes('wrong credentials'))
  })

  it('are logged without what only looks like a SID', async (t) => {
    const { ask, lines } = await open(t, {})
    await ask({ sid: 'a-secret-in-the-wrong-place', secret: '' })
    assert.ok(!lines.join('').includes('wrong-place'))
    assert.equal(JSON.parse(lines[0]!).credential, null)
  })
})

describe('token buckets', () => {
  it('forget the oldest of very many keys', () => {
    const buckets = new TokenBuckets({ perSecond: 1, burst: 1 }, () => 0)
    assert.equal(buckets.take('first'), true)
    assert.equal(buckets.take('first'), false)
    for (let i = 0; i < 10_000; i++) buckets.take(`key ${i}`)
    assert.equal(buckets.take('first'), true)
  })
})
