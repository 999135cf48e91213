/** What a request may look like, and that refusing it costs no time. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { parseForm } from '../../src/http/bodies.ts'
import { HttpFixture } from '../support/http-fixture.ts'

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }
const JSON_BODY = { 'content-type': 'application/json' }

let fixture: HttpFixture
before(async () => {
  fixture = await HttpFixture.open({ limits: { fieldValueCharacters: 300 } })
})
after(() => fixture.close())

const refusalsOf = async (limit: string) => {
  const { text } = await fixture.get('/metrics', { as: fixture.operator })
  const line = new RegExp(`^simtally_limit_refusals_total\\{limit="${limit}"\\} (\\d+)$`, 'm')
  return Number(line.exec(text)?.[1])
}

describe('a request', () => {
  for (const [what, limit, status, ask] of [
    ['a long URL', 'url-characters', 414, () => fixture.get(`/v1/Sims?a=${'x'.repeat(8_192)}`)],
    ['a deep path', 'path-segments', 414, () => fixture.get(`/v1${'/a'.repeat(20)}`)],
    ['many parameters', 'query-parameters', 400, () => fixture.get(`/v1/Sims?${'a&'.repeat(101)}`)],
    [
      'a long parameter',
      'field-value-characters',
      400,
      () => fixture.get(`/v1/Sims?Iccid=${'9'.repeat(301)}`),
    ],
    [
      'a long name',
      'field-name-characters',
      400,
      () => fixture.post('/v1/Sims', { ['x'.repeat(129)]: '1' }),
    ],
    [
      'many fields',
      'form-fields',
      400,
      () => fixture.send('POST', '/v1/Sims', 'a&'.repeat(101), { headers: FORM }),
    ],
    [
      'many fields of JSON',
      'form-fields',
      400,
      () =>
        fixture.send('POST', '/v1/Sims', JSON.stringify({ Imsi: Array(101).fill('1') }), {
          headers: JSON_BODY,
        }),
    ],
    [
      'a large body',
      'form-bytes',
      413,
      () => fixture.send('POST', '/v1/Sims', 'x'.repeat(65_537), { headers: FORM }),
    ],
    [
      'many headers',
      'headers',
      431,
      () =>
        fixture.get('/v1/Sims', {
          headers: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`x-${i}`, '1'])),
        }),
    ],
  ] as const) {
    it(`with ${what} is refused, and counted by the limit's name`, async () => {
      const before = await refusalsOf(limit)
      const answer = await ask()
      assert.equal(answer.status, status, answer.text)
      assert.equal(answer.error.status, status)
      assert.ok(answer.text.length < 500, 'what was too long is not repeated')
      assert.equal(await refusalsOf(limit), before + 1)
    })
  }

  it('with as much as is allowed is answered', async () => {
    const many = `${'a&'.repeat(99)}PageSize=1`
    assert.equal((await fixture.get(`/v1/Sims?${many}`)).status, 200)
    const sim = await fixture.addSim()
    const form = `${'a&'.repeat(99)}FriendlyName=x`
    const url = `/v1/Sims/${sim.sid}`
    assert.equal((await fixture.send('POST', url, form, { headers: FORM })).status, 200)
  })
})

describe('a form', () => {
  it('is read in linear time, also where one name comes 30,000 times', () => {
    const text = 'a&'.repeat(30_000)
    const startedAt = performance.now()
    assert.equal((parseForm(text).a as string[]).length, 30_000)
    // Quadratic, it took longer than 20 s.
    assert.ok(performance.now() - startedAt < 1_000)
  })
})
