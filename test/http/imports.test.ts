/** `/Feeds` and `/Imports`: what the operator sees, and what an account sees of it. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { aFeed } from '../support/builders.ts'
import { HttpFixture, type TestCredential } from '../support/http-fixture.ts'

describe('feeds', () => {
  let fixture: HttpFixture

  before(async () => {
    fixture = await HttpFixture.open()
    await fixture.store.createFeed(
      aFeed({ name: 'roaming', onConflict: 'replace', defaultZone: 'home' }),
    )
    await fixture.store.createFeed(aFeed({ name: 'third' }))
  })

  after(() => fixture.close())

  it('are listed to the operator, page by page', async () => {
    const first = await fixture.get('/v1/Feeds?PageSize=2', { as: fixture.operator })
    assert.equal(first.status, 200)
    assert.deepEqual(first.body.feeds[1], {
      name: 'roaming',
      format: 'csv',
      settings: {},
      on_conflict: 'replace',
      default_zone: 'home',
      account_sid: null,
      sim_names: ['sid', 'iccid', 'imsi', 'msisdn'],
      granted_to: [],
      settle_seconds: 172_800,
      sequence_pattern: null,
      late_seconds: 86_400,
      overdue_seconds: 172_800,
      covers_from: null,
      retired: null,
      state: 'current',
      silent_seconds: 0,
      date_last_delivery: null,
      complete_from: null,
      complete_through: null,
      open_gaps: 0,
      readings: { resets: 0, falls: 0, wraps: 0 },
      date_created: '2026-03-15T12:34:56Z',
      links: {
        records: 'http://localhost:80/v1/Feeds/roaming/Records',
        gaps: 'http://localhost:80/v1/Feeds/roaming/Gaps',
      },
    })
    const next = first.body.meta.next_page_url!
    const last = await fixture.get<'/v1/Feeds'>(next, { as: fixture.operator })
    assert.deepEqual(
      last.body.feeds.map(({ name }) => name),
      ['third'],
    )
    assert.equal(last.body.meta.next_page_url, null)
    assert.match(last.body.meta.previous_page_url!, /\?PageSize=2&Page=0$/)
  })

  it('are nothing an account may list', async () => {
    const { status, error } = await fixture.get('/v1/Feeds')
    assert.deepEqual([status, error.code], [403, 20003])
    assert.equal(error.message, "Permission Denied: this needs one of the operator's keys")
  })
})

describe('imports', () => {
  let fixture: HttpFixture
  let accountKey: TestCredential
  let ids: string[]

  before(async () => {
    fixture = await HttpFixture.open()
    accountKey = await fixture.addKey({ account: fixture.owner, scope: 'ingest' })
    ids = []
    for (const as of [fixture.operator, accountKey, fixture.operator, accountKey, accountKey]) {
      ids.push((await fixture.deliver('', { as })).body.import)
    }
  })

  after(() => fixture.close())

  async function idsOnPages(url: `/v1/Imports${string}`, as: TestCredential) {
    const pages: string[][] = []
    for await (const { status, body, text } of fixture.pages(url, { as })) {
      assert.equal(status, 200, text)
      pages.push(body.imports.map((found) => found.import))
    }
    return pages
  }

  it('are listed newest first', async () => {
    const [a, b, c, d, e] = ids
    assert.deepEqual(await idsOnPages('/v1/Imports?PageSize=2', fixture.operator), [
      [e, d],
      [c, b],
      [a],
    ])
  })

  it('are listed to an account where its own keys delivered them', async () => {
    const [, b, , d, e] = ids
    assert.deepEqual(await idsOnPages('/v1/Imports?PageSize=2', fixture.owner), [[e, d], [b]])
    assert.deepEqual(await idsOnPages('/v1/Imports', await fixture.addAccount()), [[]])
  })

  it('are listed by feed and status, which hold on every page', async () => {
    const cut = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0])
    const failed = async (as: TestCredential) => {
      await fixture.deliver(cut, { as })
      return (await idsOnPages('/v1/Imports?PageSize=1', as))[0]![0]!
    }
    const operators = await failed(fixture.operator)
    const accounts = await failed(accountKey)
    const { operator } = fixture
    const url = '/v1/Imports?Status=failed&PageSize=1'
    assert.deepEqual(await idsOnPages(url, operator), [[accounts], [operators]])
    assert.deepEqual(await idsOnPages(url, accountKey), [[accounts]])
    assert.deepEqual(await idsOnPages('/v1/Imports?Status=failed&Feed=hub', operator), [
      [accounts, operators],
    ])
    // A feed that there is not is none that one has delivered to.
    await fixture.store.createFeed(aFeed({ name: 'other' }))
    for (const feed of ['other', 'nowhere']) {
      assert.deepEqual(await idsOnPages(`/v1/Imports?Feed=${feed}`, accountKey), [[]])
    }
    const wrong = await fixture.get('/v1/Imports?Status=broken')
    assert.equal(wrong.status, 400)
    assert.match(wrong.text, /Status .*expected running, done, failed, undone/)
    const { meta } = (await fixture.get(url, { as: operator })).body
    const token = new URL(meta.next_page_url!).searchParams.get('PageToken')
    const mixed = `/v1/Imports?Status=done&PageToken=${token}`
    assert.equal((await fixture.get(mixed, { as: operator })).status, 400)
  })

  it('can be fetched one by one, by those who may see them', async () => {
    const [operators, accounts] = ids
    const { status, body } = await fixture.get(`/v1/Imports/${accounts}`)
    assert.equal(status, 200)
    assert.equal(body.import, accounts)
    assert.equal(body.account_sid, fixture.owner.sid)
    const stranger = await fixture.addAccount()
    const get = async (id: unknown, as: TestCredential) =>
      (await fixture.get(`/v1/Imports/${id}`, { as })).status
    assert.equal(await get(operators, fixture.operator), 200)
    assert.equal(await get(accounts, fixture.operator), 200)
    assert.equal(await get(operators, fixture.owner), 404)
    assert.equal(await get(accounts, stranger), 404)
    for (const id of [9_999, 'x', '-1', '1e1', '9'.repeat(40)]) {
      assert.equal(await get(id, fixture.operator), 404, String(id))
    }
  })

  it('are done, and answered 200, where a sum has no room for all records', async () => {
    const { sid } = await fixture.addSim()
    const record = (id: string, upload: number) =>
      `${JSON.stringify({ record_id: id, sim: sid, occurred_at: '2026-03-15T11:00:00Z', plmn: '310-260', upload })}\n`
    const most = Array.from({ length: 1_025 }, (_, i) => record(`m${i}`, Number.MAX_SAFE_INTEGER))
    const { status, body } = await fixture.deliver(most.join('') + record('last', 1_023), {
      as: fixture.operator,
    })
    assert.deepEqual(
      [status, body.status, body.accepted, body.quarantined],
      [200, 'done', 1_025, 1],
    )
    const { body: waiting } = await fixture.get(`/v1/Imports/${body.import}/Quarantine`, {
      as: fixture.operator,
    })
    assert.deepEqual(
      waiting.quarantine.map(({ line, reason }) => `${line} ${reason}`),
      ['1025 too_large'],
    )
  })

  it('show the records they left in quarantine, as delivered', async () => {
    const delivered = Buffer.concat([
      Buffer.from('{"record_id":"q1","sim":"nobody-1","occurred_at":"2026-03-15T11:00:00Z"}\n'),
      Buffer.from('caf\xe9 \\xe9\n', 'latin1'),
      Buffer.from('a\0b\n'),
    ])
    const { body: delivery } = await fixture.deliver(delivered, { as: accountKey })
    assert.equal(delivery.quarantined, 3)
    const url = `/v1/Imports/${delivery.import}/Quarantine` as const
    const first = (await fixture.get(`${url}?PageSize=2`)).body
    const last = (await fixture.get<typeof url>(first.meta.next_page_url!)).body
    assert.equal(last.meta.next_page_url, null)
    const all = [...first.quarantine, ...last.quarantine].sort((a, b) => a.line - b.line)
    assert.deepEqual(
      all.map(({ line, reason, field, raw, date_seen }) => [line, reason, field, raw, date_seen]),
      [
        [1, 'unknown_sim', 'sim', delivered.toString().split('\n')[0], '2026-03-15T12:34:56Z'],
        [2, 'unreadable', null, 'caf\\xe9 \\x5cxe9', '2026-03-15T12:34:56Z'],
        [3, 'unreadable', null, 'a\0b', '2026-03-15T12:34:56Z'],
      ],
    )
    for (const { detail } of all) assert.notEqual(detail, '')
    const stranger = await fixture.addAccount()
    assert.equal((await fixture.get(url, { as: stranger })).status, 404)
    assert.equal((await fixture.get(url, { as: fixture.operator })).status, 200)
  })

  it('do not take the page token of another import', async () => {
    const bad = 'x\ny\n'
    const one = (await fixture.deliver(bad)).body.import
    const other = (await fixture.deliver(bad)).body.import
    const { body } = await fixture.get(`/v1/Imports/${one}/Quarantine?PageSize=1`)
    const token = new URL(body.meta.next_page_url!).searchParams.get('PageToken')
    const answer = await fixture.get(`/v1/Imports/${other}/Quarantine?PageToken=${token}`)
    assert.equal(answer.error.code, 21481)
  })
})
