/** Dry runs of deliveries and undos: what they answer, that they keep nothing, and whom they let in. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { Sim } from '../../src/domain/directory.ts'
import { NOW } from '../support/builders.ts'
import { basic, HttpFixture, type TestCredential } from '../support/http-fixture.ts'

const BYTES_MAX = 20_000
const RECORDS_MAX = 50

let fixture: HttpFixture
let sim: Sim
before(async () => {
  const limits = { dryRunBytes: BYTES_MAX, dryRunRecords: RECORDS_MAX }
  fixture = await HttpFixture.open({ limits })
  sim = await fixture.addSim()
})
after(() => fixture.close())

interface Stated {
  readonly name?: string
  readonly upload?: number
  readonly at?: string
}

const record = (id: string, { name = sim.sid, upload = 1, at = '2026-03-14' }: Stated = {}) => {
  const fields = { record_id: id, sim: name, occurred_at: `${at}T10:00:00Z`, plmn: '310-260' }
  return `${JSON.stringify({ ...fields, upload })}\n`
}
const tryOut = (body: string | Buffer, as: TestCredential = fixture.operator) =>
  fixture.send('POST', '/v1/Feeds/hub/Records/DryRun', body, { as })
/** All that a dry run must leave as it was. */
const state = async () => {
  const { store } = fixture
  return {
    imports: await store.listImports({}, { limit: 100 }),
    quarantine: await store.listQuarantine({}, { limit: 100 }),
    acts: await store.listActs({}, { limit: 100 }),
    rows: (await store.audit()).ledgerRows,
  }
}

describe('a dry run of a delivery', () => {
  it('has the verdicts and changes that the delivery then has, and keeps nothing', async () => {
    const old = record('old', { upload: 3 })
    await fixture.deliver(old, { as: fixture.operator })
    const text = [
      record('new', { upload: 2 ** 52 }),
      record('last month', { upload: 7, at: '2026-02-10' }),
      old,
      record('old', { upload: 4 }),
      record('x', { name: 'nobody' }),
      record('y', { name: 'nobody else' }),
      'unreadable\n',
    ].join('')
    const before = await state()
    const first = await tryOut(text)
    assert.equal(first.status, 200, first.text)
    assert.deepEqual(await state(), before)
    assert.deepEqual((await tryOut(gzipSync(text))).body, first.body)
    const { quarantined_by, changed_sims, months, changes, ...told } = first.body
    const { body: done } = await fixture.deliver(text, { as: fixture.operator })
    for (const name of [
      ...['feed', 'source', 'format', 'account_sid', 'records', 'accepted', 'duplicate'],
      ...['replaced', 'quarantined', 'expired', 'readings', 'sequence', 'warnings', 'errors'],
    ] as const) {
      if (name !== 'errors') assert.deepEqual(told[name], done[name], name)
      else assert.equal(told.errors.length, done.errors.length)
    }
    assert.deepEqual(quarantined_by.toSorted(byReason), [
      { reason: 'conflict', records: 1 },
      { reason: 'unknown_sim', records: 2 },
      { reason: 'unreadable', records: 1 },
    ])
    assert.equal(changed_sims, 1)
    const amounts = { download: 0, to_sim: 0, from_sim: 0 }
    const account_sid = fixture.owner.sid
    assert.deepEqual(months, [
      { account_sid, month: '2026-02', zone: 'home', upload: 7, ...amounts },
      { account_sid, month: '2026-03', zone: 'home', upload: 2 ** 52, ...amounts },
    ])
    const upload = 2 ** 52 + 7
    assert.deepEqual(changes, [
      { account_sid, sim_sid: sim.sid, zone: 'home', country_code: 'USA', upload, ...amounts },
    ])
  })

  it('is for whoever may deliver: an account, of its own SIMs', async () => {
    const ingest = await fixture.addKey({ account: fixture.owner, scope: 'ingest' })
    assert.equal((await tryOut(record('z'), ingest)).body.accepted, 1)
    const other = await fixture.addAccount()
    assert.equal((await tryOut(record('z'), other)).status, 404)
    await fixture.store.grantFeed(fixture.feed.id, other.account.id, NOW)
    const { body: told, text } = await tryOut(record('z'), other)
    assert.deepEqual([told.accepted, told.quarantined, told.changes], [0, 1, []])
    assert.ok(!text.includes(fixture.owner.sid))
    const read = await fixture.addKey({ account: fixture.owner, scope: 'read' })
    assert.equal((await tryOut(record('z'), read)).status, 403)
  })

  it('refuses what is too much for one, and says what to do', async () => {
    const many = Array.from({ length: RECORDS_MAX + 1 }, (_, i) => record(`m${i}`))
    assert.equal((await tryOut(many.slice(1).join(''))).body.accepted, RECORDS_MAX)
    const tooMany = await tryOut(many.join(''))
    assert.equal(tooMany.status, 413)
    assert.match(
      tooMany.error.message,
      /^The delivery has more than 50 records: .* in smaller parts/,
    )
    const tooLarge = await tryOut(' '.repeat(BYTES_MAX + 1))
    assert.equal(tooLarge.status, 413)
    assert.match(tooLarge.error.message, /^The body is larger than 20000 bytes: .* without one$/)
    const metrics = await fixture.get('/metrics', { as: fixture.operator })
    for (const limit of ['dry-run-bytes', 'dry-run-records']) {
      const line = `simtally_limit_refusals_total{limit="${limit}"} 1\n`
      assert.ok(metrics.text.includes(line), limit)
    }
  })

  it('refuses a delivery that cannot be read, as delivering it would', async () => {
    const before = await state()
    const cut = gzipSync(record('cut')).subarray(0, -9)
    const { status, error } = await tryOut(cut)
    assert.equal(status, 400)
    assert.match(
      error.message,
      /^The delivery could not be read to its end: .*nothing of it is kept/,
    )
    assert.deepEqual(await state(), before)
  })

  it('keeps nobody waiting for a body that is slow to come', async () => {
    const url = await fixture.listen()
    const slow = request(`${url}/v1/Feeds/hub/Records/DryRun`, {
      method: 'POST',
      headers: { authorization: basic(fixture.operator) },
    })
    slow.write(record('slow'))
    const { body } = await fixture.deliver(record('meanwhile'), { as: fixture.operator })
    assert.equal(body.accepted, 1)
    const [answer] = await once(slow.end(), 'response')
    assert.equal(answer.statusCode, 200)
    answer.resume()
  })
})

function byReason(a: { readonly reason: string }, b: { readonly reason: string }): number {
  return a.reason < b.reason ? -1 : 1
}

describe('a dry run of an undo', () => {
  const tryUndo = (id: string, as: TestCredential = fixture.operator) =>
    fixture.post(`/v1/Imports/${id}/Undo/DryRun`, {}, { as })

  it('tells what would leave, stay and count again, and changes nothing', async () => {
    const text = record('u', { upload: 9 }) + record('v') + record('w', { name: 'nobody' })
    const { body } = await fixture.deliver(text, { as: fixture.operator })
    await fixture.deliver(record('v'), { as: fixture.operator })
    const before = await state()
    const { status, body: told } = await tryUndo(body.import)
    assert.equal(status, 200)
    assert.deepEqual(await state(), before)
    assert.deepEqual(
      [told.import, told.status, told.removed, told.restored, told.kept, told.quarantine_entries],
      [body.import, 'done', 1, 0, 1, 1],
    )
    assert.deepEqual([told.changed_sims, told.date_undone], [1, null])
    assert.deepEqual(
      told.months.map(({ month, upload }) => [month, upload]),
      [['2026-03', -9]],
    )
    const undone = await fixture.post(
      `/v1/Imports/${body.import}/Undo`,
      {},
      { as: fixture.operator },
    )
    assert.deepEqual([undone.body.removed, undone.body.kept], [1, 1])
    const twice = await tryUndo(body.import)
    assert.equal(twice.status, 400)
    assert.ok(twice.error.message.startsWith(`import ${body.import} was already undone, at `))
  })

  it('is for the admin scope, and for accounts on what their own keys delivered', async () => {
    const ingest = await fixture.addKey({ account: fixture.owner, scope: 'ingest' })
    const admin = await fixture.addKey({ account: fixture.owner, scope: 'admin' })
    const own = (await fixture.deliver(record('own'), { as: ingest })).body.import
    const operators = (await fixture.deliver('', { as: fixture.operator })).body.import
    assert.equal((await tryUndo(own, ingest)).status, 403)
    assert.equal((await tryUndo(own, admin)).body.removed, 1)
    assert.equal((await tryUndo(operators, admin)).status, 404)
  })
})

describe('discarding quarantined records', () => {
  const why = { By: 'Ada', Reason: 'test SIMs' }
  const everything = { ...why, All: 'true' }
  const discard = (
    id: string,
    form: Record<string, string>,
    as: TestCredential = fixture.operator,
  ) => fixture.post(`/v1/Imports/${id}/Quarantine/Discard`, form, { as })
  const waiting = async (id: string) => {
    const { body } = await fixture.get(`/v1/Imports/${id}/Quarantine`, { as: fixture.operator })
    return body.quarantine.map(({ line }) => line)
  }

  it('deletes those of a line, of a cause, or all, and names who and why in the log', async () => {
    const text = `${record('a', { name: 'n1' })}unreadable\n${record('b', { name: 'n2' })}unread\n`
    const { body } = await fixture.deliver(text, { as: fixture.operator })
    const first = await discard(body.import, { ...why, Line: '3' })
    assert.equal(first.status, 200, first.text)
    // What became of the records when they came stays as it was.
    assert.deepEqual([first.body.discarded, first.body.quarantined], [1, 4])
    assert.deepEqual(await waiting(body.import), [1, 2, 4])
    assert.equal((await discard(body.import, { ...why, Cause: 'unknown_sim' })).body.discarded, 1)
    assert.deepEqual(await waiting(body.import), [2, 4])
    const [act] = await fixture.store.listActs({}, { limit: 1 })
    assert.deepEqual(
      [act!.verb, act!.actor, act!.details.by, act!.details.reason],
      ['discard', fixture.operator.sid, 'Ada', 'test SIMs'],
    )
    const all = await discard(body.import, everything)
    const again = await discard(body.import, everything)
    assert.deepEqual([all.body.discarded, again.body.discarded], [2, 0])
    assert.deepEqual(await waiting(body.import), [])
  })

  it('names what is missing or wrong, and deletes nothing then', async () => {
    const { body } = await fixture.deliver('unreadable\n', { as: fixture.operator })
    for (const [form, expected] of [
      [{}, /^Missing: By, Reason; /],
      [why, /^Which records\? Give Line, Cause, or All=true/],
      [{ ...why, Lines: '1' }, /^Which records\?/],
      [{ ...why, All: 'yes' }, /All.*true for all records/],
      [{ ...why, All: 'true', Line: '1' }, /^All goes with neither Line nor Cause/],
      [{ ...why, By: ' ' }, /By/],
      [{ ...why, Line: 'one' }, /Line/],
      [{ ...why, Cause: 'bad' }, /Cause "bad": expected unreadable, /],
    ] as const) {
      const { status, error } = await discard(body.import, form)
      assert.equal(status, 400)
      assert.match(error.message, expected)
    }
    assert.deepEqual(await waiting(body.import), [1])
  })

  it('is for the admin scope, and for accounts on what their own keys delivered', async () => {
    const ingest = await fixture.addKey({ account: fixture.owner, scope: 'ingest' })
    const admin = await fixture.addKey({ account: fixture.owner, scope: 'admin' })
    const own = (await fixture.deliver('mine\n', { as: ingest })).body.import
    const operators = (await fixture.deliver('theirs\n', { as: fixture.operator })).body.import
    assert.equal((await discard(own, everything, ingest)).status, 403)
    assert.equal((await discard(operators, everything, admin)).status, 404)
    assert.equal((await discard(own, everything, admin)).body.discarded, 1)
    assert.deepEqual(await waiting(operators), [1])
  })
})
