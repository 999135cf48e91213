import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  answerOf,
  createClient,
  rowsOf,
  type Schema,
  SimtallyError,
} from '../../src/client/client.ts'
import { iccidOf } from '../support/builders.ts'
import { HttpFixture } from '../support/http-fixture.ts'

let fixture: HttpFixture
before(async () => {
  fixture = await HttpFixture.open()
})
after(() => fixture.close())

describe('the client', () => {
  it('registers and changes SIMs, delivers for them, and reads what they used', async () => {
    const client = fixture.client()
    const made = await answerOf(
      client.POST('/v1/Sims', { body: { Iccid: iccidOf(1), Imsi: ['310260000000001'] } }),
    )
    const path = { SidOrUniqueName: made.sid }
    const named: Schema<'Sim'> = await answerOf(
      client.POST('/v1/Sims/{SidOrUniqueName}', {
        params: { path },
        body: { UniqueName: 'truck 1+ä' },
      }),
    )
    assert.equal(named.unique_name, 'truck 1+ä')
    const delivery = await answerOf(
      client.POST('/v1/Feeds/{name}/Records', {
        params: { path: { name: fixture.feed.name } },
        headers: { 'Content-Type': 'text/csv' },
        body: `record_id,sim,occurred_at,plmn,upload\nr1,${made.sid},2026-03-10T12:00:00Z,310-260,7\n`,
      }),
    )
    assert.deepEqual([delivery.accepted, delivery.format], [1, 'csv'])
    const usage = await answerOf(
      client.GET('/v1/Sims/{SidOrUniqueName}/UsageRecords', {
        params: {
          path: { SidOrUniqueName: 'truck 1+ä' },
          query: { Start: '2026-03-10T12:00:00+00:00', End: '2026-03-11' },
        },
      }),
    )
    assert.equal(usage.usage_records[0]?.data.total, 7)
  })

  it('follows a list to its end, with its filters', async () => {
    const client = fixture.client(fixture.operator)
    const other = await fixture.addAccount()
    for (let i = 0; i < 5; i++) await fixture.addSim({ uniqueName: `sim-${i}` }, other)
    const names: (string | null)[] = []
    const query = { AccountSid: other.sid, PageSize: '2' }
    for await (const sim of rowsOf(client, '/v1/Sims', { query })) names.push(sim.unique_name)
    assert.deepEqual(names.sort(), ['sim-0', 'sim-1', 'sim-2', 'sim-3', 'sim-4'])
  })

  it('asks any question about a fleet, and reads all of the answer', async () => {
    const client = fixture.client()
    for (const name of ['a', 'b', 'c']) {
      const sim = await fixture.addSim({ uniqueName: `used-${name}` })
      await fixture.use(sim, '2026-01-10T12:00:00Z', { upload: 5 })
    }
    const query = { Start: '2026-01-01', End: '2026-02-01', GroupBy: 'sim,country', PageSize: '2' }
    const members: Schema<'UsageMember'>[] = []
    for await (const member of rowsOf(client, '/v1/Usage', { query })) members.push(member)
    assert.deepEqual(
      members.map(({ data, country_code }) => [data.total, country_code]),
      Array.from({ length: 3 }, () => [5, 'USA']),
    )
  })

  it('tells a refusal by its status, code and message, and when to ask again', async () => {
    const path = { SidOrUniqueName: 'nobody' }
    await assert.rejects(
      answerOf(fixture.client().GET('/v1/Sims/{SidOrUniqueName}', { params: { path } })),
      (error) => {
        assert.ok(error instanceof SimtallyError)
        assert.deepEqual([error.status, error.code, error.retryAfterSeconds], [404, 20404, null])
        assert.match(error.requestId!, /^RQ/)
        return true
      },
    )
    const gone = createClient({
      url: 'http://localhost',
      credentials: { accessToken: 'x' },
      fetch: async () => new Response('<html>', { status: 502, headers: { 'Retry-After': '7' } }),
    })
    await assert.rejects(answerOf(gone.GET('/healthz')), { status: 502, retryAfterSeconds: 7 })
    await assert.rejects(rowsOf(gone, '/v1/Feeds', {}).next(), { code: null, message: 'HTTP 502' })
  })

  it('shows the access token that it is given', async () => {
    let shown: string | null = null
    const client = createClient({
      url: 'https://example.com/usage',
      credentials: { accessToken: 'abc' },
      fetch: async (request) => {
        shown = `${request.url} ${request.headers.get('authorization')}`
        return Response.json({ status: 'up' })
      },
    })
    await answerOf(client.GET('/healthz'))
    assert.equal(shown, 'https://example.com/usage/healthz Bearer abc')
  })

  it('has types that know the addresses, their parameters and answers', () => {
    const client = fixture.client()
    const misuses = [
      // @ts-expect-error there is no such address
      () => client.GET('/v1/Simms'),
      // @ts-expect-error the path has a parameter
      () => client.GET('/v1/Sims/{SidOrUniqueName}', {}),
      // @ts-expect-error it is no list
      () => rowsOf(client, '/v1/Audit', {}),
      async () => {
        const sim = await answerOf(client.POST('/v1/Sims', { body: {} }))
        // @ts-expect-error SIMs have no such field
        return sim.colour
      },
    ]
    assert.equal(misuses.length, 4)
  })
})
