/** The list of SIMs as CSV and NDJSON: the same SIMs as the list, however many there are. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { PIECE_SIMS } from '../../src/http/sim-lines.ts'
import { rowsIn } from '../support/answers.ts'
import { iccidOf } from '../support/builders.ts'
import { HttpFixture } from '../support/http-fixture.ts'

const HEADER = 'sid,account_sid,unique_name,friendly_name,iccid,status,date_created,date_updated'

describe('SIMs in lines', () => {
  let fixture: HttpFixture
  before(async () => {
    fixture = await HttpFixture.open()
    await fixture.addSim({ iccid: iccidOf(1), uniqueName: 'roof-1', friendlyName: '=1+"2",3' })
    await fixture.addSim({ iccid: iccidOf(2) })
    await fixture.addSim({ iccid: iccidOf(3), uniqueName: 'roof-3', status: 'suspended' })
    const other = await fixture.addAccount()
    await fixture.addSim({ iccid: iccidOf(4), uniqueName: 'theirs' }, other)
  })
  after(() => fixture.close())

  const ask = (query: string, accept = '') =>
    fixture.get(`/v1/Sims?${query}`, { headers: { ...(accept !== '' && { accept }) } })

  const linesOf = (csv: string) => {
    const [header, ...lines] = csv.trimEnd().split('\n')
    assert.equal(header, HEADER)
    return lines
  }

  it('are CSV where the parameter says so, or else what is accepted; names compute nothing', async () => {
    const { sid: owner } = fixture.owner
    const [first, second, third] = (await ask('')).body.sims.map(({ sid }) => sid)
    const at = '2026-03-15T12:34:56Z,2026-03-15T12:34:56Z'
    const expected = [
      `${first},${owner},roof-1,"'=1+""2"",3",${iccidOf(1)},active,${at}`,
      `${second},${owner},,,${iccidOf(2)},active,${at}`,
      `${third},${owner},roof-3,,${iccidOf(3)},suspended,${at}`,
    ]
    for (const [query, accept] of [
      ['Format=csv', ''],
      ['Format=csv', 'application/json'],
      ['', 'text/csv'],
    ] as const) {
      const { status, headers, text } = await ask(query, accept)
      assert.equal(status, 200, text)
      assert.match(String(headers['content-type']), /^text\/csv; charset=utf-8; header=present/)
      assert.match(String(headers.vary), /\bAccept(?!-)/)
      assert.deepEqual(linesOf(text), expected)
    }
    assert.equal((await ask('Format=xml')).status, 400)
  })

  it('are NDJSON of the same values as the list', async () => {
    const { headers, text } = await ask('Format=ndjson')
    assert.match(String(headers['content-type']), /^application\/x-ndjson/)
    assert.deepEqual(rowsIn<'/v1/Sims'>(text), (await ask('')).body.sims)
  })

  it('are those that the filters find, none among them', async () => {
    const found = linesOf((await ask('Format=csv&Search=ROOF&Status=suspended')).text)
    assert.deepEqual(
      found.map((line) => line.split(',')[2]),
      ['roof-3'],
    )
    assert.deepEqual(linesOf((await ask('Format=csv&Search=theirs')).text), [])
    assert.equal((await ask('Format=ndjson&Search=theirs')).text, '')
  })

  it('are a page where its size is said, and go on where a token leads', async () => {
    assert.equal(linesOf((await ask('Format=csv&PageSize=2')).text).length, 2)
    const { meta } = (await ask('PageSize=1')).body
    const next = new URL(meta.next_page_url!).searchParams
    next.delete('PageSize')
    next.set('Format', 'csv')
    assert.deepEqual(
      linesOf((await ask(next.toString())).text),
      linesOf((await ask('Format=csv')).text).slice(1),
    )
  })

  it('of a HEAD are the headers', async () => {
    const { status, headers, text } = await fixture.send('HEAD', '/v1/Sims?Format=csv')
    assert.deepEqual([status, text], [200, ''])
    assert.match(String(headers['content-type']), /^text\/csv/)
  })

  it('come piece by piece until all are said, each once and in order', async () => {
    const count = 2 * PIECE_SIMS
    const other = await fixture.addAccount()
    const numbers = Array.from({ length: count + 1 }, (_, i) => iccidOf(1_000 + i))
    for (const iccid of numbers) await fixture.addSim({ iccid }, other)
    const { status, text } = await fixture.get('/v1/Sims?Format=csv', { as: other })
    assert.equal(status, 200)
    assert.deepEqual(
      linesOf(text).map((line) => line.split(',')[4]),
      numbers,
    )
  })
})
