/** Parameters that mean something, but not as they are written or not where they stand: none is passed over. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { RouteOptions } from 'fastify'
import { HttpFixture } from '../support/http-fixture.ts'

type Schema = { readonly properties?: object; readonly refused?: object } | undefined

const PAGING = ['PageSize', 'Page', 'PageToken']
const ACCOUNT = 'AccountSid'

const namesOf = (schema: unknown): string[] => Object.keys((schema as Schema)?.properties ?? {})

describe('the name of a parameter', () => {
  const routes: RouteOptions[] = []
  let fixture: HttpFixture
  let sid: string
  before(async () => {
    fixture = await HttpFixture.open({ onRoute: (route) => routes.push(route) })
    sid = (await fixture.addSim({ uniqueName: 'pump' })).sid
    await fixture.server.ready()
  })
  after(() => fixture.close())

  const lists = () =>
    routes.filter(({ method, schema }) => {
      return [method].flat().includes('GET') && namesOf(schema?.querystring).includes('PageToken')
    })

  async function refusal(path: string, as = fixture.owner as { sid: string; secret: string }) {
    const { status, error, text } = await fixture.get(path, { as })
    // A list that is not for an account is refused to it before anything else.
    if (status === 403) return refusal(path, fixture.operator)
    assert.equal(status, 400, `${path}: ${text.slice(0, 200)}`)
    return error.message
  }

  it('is refused on a list that does not go by it, where other lists do', async () => {
    const filters = new Set(lists().flatMap(({ schema }) => namesOf(schema?.querystring)))
    for (const name of [...PAGING, ACCOUNT]) filters.delete(name)
    let asked = 0
    for (const { url, schema } of lists()) {
      const path = url.replace(/:\w+/, url.includes('/Sims/') ? sid : 'none')
      const own = namesOf(schema?.querystring)
      const refused = (schema?.querystring as Schema)?.refused ?? {}
      for (const name of filters) {
        if (own.includes(name)) continue
        const message = await refusal(`${path}?${name}=x`)
        const generic = `${name}: this list does not go by it; leave it out`
        if (!Object.hasOwn(refused, name)) assert.ok(message.startsWith(generic), message)
        asked++
      }
    }
    assert.ok(asked > 200, `${asked} asked`)
  })

  it('is known in every spelling, and told in the right one', async () => {
    const told = {
      '/v1/Usage?group_by=sim': 'group_by is not known: write GroupBy',
      '/v1/Usage?Sim[]=pump': 'Sim[] is not known: write Sim',
      '/v1/Usage?Sim[0]=pump': 'Sim[0] is not known: write Sim',
      '/v1/Usage?Sim%20=pump': '"Sim " is not known: write Sim',
      '/v1/Usage?%00Country=MX': '"\\u0000Country" is not known: write Country',
      '/v1/Networks?iso_country=MX': 'iso_country: this list does not go by it; leave it out',
    }
    for (const [path, message] of Object.entries(told)) assert.equal(await refusal(path), message)
    assert.match(await refusal('/v1/UsageRecords?starttime=2026-03-01'), /^starttime: .*is Start/)
    assert.match(await refusal('/v1/Sims?rateplan=WP1'), /^rateplan: SIMs have no rate plan here/)
    assert.match(await refusal('/supersim/v1/UsageRecords?start=2026-03-01'), /^start: .*StartTime/)
  })

  it('is passed over where nothing is called by it, as the original does', async () => {
    for (const query of ['_=1', 'utm_source=mail', '[]=1', `${ACCOUNT}=${fixture.owner.sid}`]) {
      assert.equal((await fixture.get(`/v1/Imports?${query}`)).status, 200, query)
    }
  })

  it('of an account is refused to the operator on a list that shows all of them', async () => {
    for (const list of ['/v1/Imports', '/v1/Feeds', '/v1/Log', '/v1/Accounts']) {
      const message = await refusal(`${list}?${ACCOUNT}=${fixture.owner.sid}`, fixture.operator)
      assert.equal(message, `${ACCOUNT}: this list does not go by it; leave it out`)
    }
  })

  it('of a dry run is refused where that has a path of its own, and nothing is done', async () => {
    const as = fixture.operator
    const { body } = await fixture.deliver('unreadable\n', { as })
    const wet = {
      [`/v1/Imports/${body.import}/Undo`]: '',
      '/v1/Feeds/hub/Records': '{"record_id":"1"}\n',
      '/v1/SimLists': 'iccid,unique_name\n8901260000000000015,tried\n',
    }
    const state = async () =>
      [await fixture.get('/v1/Imports', { as }), await fixture.get('/v1/Sims')].map((a) => a.text)
    const before = await state()
    for (const [path, payload] of Object.entries(wet)) {
      for (const query of ['DryRun=true', 'dry_run=1', 'dryRun=x']) {
        const answer = await fixture.send('POST', `${path}?${query}`, payload, {
          as: path === '/v1/SimLists' ? fixture.owner : as,
          ...(payload !== '' && { headers: { 'content-type': 'text/csv' } }),
        })
        assert.equal(answer.status, 400, answer.text)
        assert.match(answer.error.message, /^DryRun: a dry run has a path of its own/)
      }
    }
    const inForm = await fixture.post(`/v1/Imports/${body.import}/Undo`, { DryRun: 'true' }, { as })
    assert.match(inForm.error.message, /^DryRun: a dry run/)
    assert.deepEqual(await state(), before)
  })

  it('of a body is refused in a query, and nothing is changed', async () => {
    const changes = async () => (await fixture.get('/v1/Log', { as: fixture.operator })).text
    const before = await changes()
    let asked = 0
    for (const { url, method, schema } of routes) {
      if (![method].flat().includes('POST')) continue
      const inQuery = [...PAGING, ACCOUNT, ...namesOf(schema?.querystring)]
      const path = url.replace(/:\w+/, url.includes('/Sims/') ? sid : 'none')
      for (const name of namesOf(schema?.body).filter((name) => !inQuery.includes(name))) {
        const { status, error } = await fixture.post(
          `${path}?${name}=x`,
          {},
          { as: url.startsWith('/v1/Feeds') ? fixture.operator : fixture.owner },
        )
        // What only the operator does is refused to an account anyway.
        if (status === 403) continue
        assert.equal(status, 400, `${path}?${name}`)
        assert.equal(error.message, `${name}: say it in the body, not in the query`)
        asked++
      }
    }
    assert.ok(asked > 40, `${asked} asked`)
    assert.equal(await changes(), before)
  })
})
