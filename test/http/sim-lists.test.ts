/** Lists of SIMs over HTTP: what they would do, what they do, and what is refused with its line. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { iccidOf, imsiOf, NOW } from '../support/builders.ts'
import { HttpFixture, type TestCredential } from '../support/http-fixture.ts'

let fixture: HttpFixture
before(async () => {
  fixture = await HttpFixture.open({ limits: { simListBytes: 2_000 } })
  await fixture.post('/v1/Groups', { UniqueName: 'pumps' })
})
after(() => fixture.close())

const send = (
  list: string | Buffer,
  path: '' | '/DryRun' | `?${string}` = '',
  { as = fixture.owner }: { readonly as?: TestCredential } = {},
) =>
  fixture.send('POST', `/v1/SimLists${path}`, list, {
    as,
    headers: { 'content-type': 'text/csv' },
  })

const namesOf = async () => {
  const { body } = await fixture.get('/v1/Sims?PageSize=1000')
  return body.sims.map(({ friendly_name }) => friendly_name)
}

describe('a list of SIMs', () => {
  it('says what it would do, does nothing, and then does just that', async () => {
    await fixture.addSim({ iccid: iccidOf(1), friendlyName: 'One' })
    await fixture.addSim({ iccid: iccidOf(2), friendlyName: 'Two' })
    const list =
      'iccid,imsi,friendly_name,group,labels,colour\n' +
      `${iccidOf(1)},,One,,,red\n${iccidOf(2)},,Second,pumps,,\n` +
      `,${imsiOf(3)},Three,pumps,site=lisbon,\n`
    const told = await send(list, '/DryRun')
    const row = { imsi: null, unique_name: null, group: null }
    assert.deepEqual(
      [told.status, told.body],
      [
        200,
        {
          account_sid: fixture.owner.sid,
          dry_run: true,
          ...{ created: 1, updated: 1, unchanged: 1, assigned: null },
          warnings: ['columns that Simtally does not know were ignored: "colour"'],
          ...{ faults: 0, errors: [] },
          preview: [
            { ...row, line: 2, effect: 'unchanged', iccid: iccidOf(1), friendly_name: 'One' },
            {
              ...row,
              ...{ line: 3, effect: 'updated', iccid: iccidOf(2), friendly_name: 'Second' },
              group: 'pumps',
            },
            {
              ...row,
              ...{ line: 4, effect: 'created', iccid: null, friendly_name: 'Three' },
              ...{ imsi: imsiOf(3), group: 'pumps' },
            },
          ],
        },
      ],
    )
    assert.deepEqual(await namesOf(), ['One', 'Two'])
    const done = await send(gzipSync(list))
    const { created, updated, unchanged, assigned, dry_run } = done.body
    assert.deepEqual(
      { created, updated, unchanged, assigned, dry_run },
      {
        ...{ created: 1, updated: 1, unchanged: 1, dry_run: false },
        assigned: { changed: 2, unchanged: 0 },
      },
    )
    assert.deepEqual(await namesOf(), ['One', 'Second', 'Three'])
    const log = await fixture.get('/v1/Log?Kind=sim&PageSize=2', { as: fixture.operator })
    assert.deepEqual(
      log.body.acts.map(({ verb, actor }) => [verb, actor]),
      [
        ['assign', fixture.owner.sid],
        ['register', fixture.owner.sid],
      ],
    )
  })

  it('names every line that is wrong, and registers nothing', async () => {
    const other = await fixture.addAccount()
    await fixture.addSim({ iccid: iccidOf(20) }, other)
    const before = await namesOf()
    const list =
      `iccid,group,since\n1,,\n${iccidOf(20)},,\n${iccidOf(21)},nowhere,\n` +
      `${iccidOf(22)},pumps,2999-01-01\n${iccidOf(23)},,\n`
    const { body } = await send(list, '/DryRun')
    assert.equal(body.faults, 4)
    assert.deepEqual(
      body.errors.map(({ line, message }) => [line, message.split(' ')[0]]),
      [
        [2, 'iccid'],
        [3, 'iccid'],
        [4, 'group'],
        [5, 'since'],
      ],
    )
    assert.match(body.errors[1]!.message, /another SIM is registered with it/)
    assert.deepEqual(
      body.preview.map(({ line }) => line),
      [6],
    )
    const refused = await send(list)
    assert.equal(refused.status, 400)
    assert.match(
      refused.error.message,
      /^1 fault: line 2: iccid .*; no SIM of the list was registered$/,
    )
    const taken = await send(`iccid\n${iccidOf(23)}\n${iccidOf(20)}\n`)
    assert.match(taken.error.message, /^line 3: iccid .*another SIM.*; no SIM of the list/)
    assert.match((await send('a,b\n1,2\n')).error.message, /has neither iccid nor imsi/)
    assert.match((await send('', '/DryRun')).error.message, /there is no header line/)
    assert.deepEqual(await namesOf(), before)
  })

  it('is too large above a limit, packed or not', async () => {
    const rows = Array.from({ length: 120 }, (_, i) => iccidOf(100 + i)).join('\n')
    const list = `iccid\n${rows}\n`
    for (const body of [list, gzipSync(`iccid\n${`${iccidOf(1)}\n`.repeat(2_000)}`)]) {
      const { status, error } = await send(body, '/DryRun')
      assert.ok([400, 413].includes(status), error.message)
      assert.match(error.message, /larger than 2000 bytes|more than 2000 bytes/)
    }
  })

  it('is for the operator, and for accounts that may register numbers', async () => {
    const account = await fixture.addAccount()
    const list = `iccid\n${iccidOf(300)}\n`
    for (const query of ['', '/DryRun'] as const) {
      const refused = await send(list, query, { as: account })
      assert.equal(refused.status, 403)
      assert.match(refused.error.message, /registered by the operator, unless it allows/)
    }
    const as = fixture.operator
    assert.match((await send(list, '', { as })).error.message, /^AccountSid is missing/)
    const done = await send(list, `?AccountSid=${account.sid}`, { as })
    assert.deepEqual([done.status, done.body.created], [200, 1])
    const sims = (await fixture.get('/v1/Sims', { as: account })).body.sims
    assert.equal(sims.length, 1)
    assert.equal(sims[0]!.date_created, new Date(NOW * 1000).toISOString().replace('.000', ''))
  })
})
