/** Debian's `python3-twilio`, unchanged: what it reads is what the API answers. */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { HttpFixture } from '../support/http-fixture.ts'

/** The distribution's own: another Python in front of it does not see its packages. */
const PYTHON = '/usr/bin/python3'
const SCRIPT = join(import.meta.dirname, '../clients/usage_records.py')
const INSTALL = 'apt-get install -y --no-install-recommends python3-twilio'

interface PythonRecord {
  readonly account_sid: string
  readonly period: { readonly start: string; readonly end: string }
  readonly data: object
  readonly commands: object
}

interface Failure {
  readonly status: number
  readonly code: number
  readonly message: string
}

interface Answers {
  readonly version: string
  readonly sim: ScopeAnswers
  readonly account: ScopeAnswers
  readonly sims: Readonly<Record<string, unknown>>
  readonly stranger: Failure
}

type Lists = 'all' | 'days' | 'of dates' | 'hours' | 'streamed' | 'limited'
interface ScopeAnswers extends Readonly<Record<Lists, readonly PythonRecord[]>> {
  readonly many: number
  readonly pages: { readonly forward: readonly string[][]; readonly back: readonly string[][] }
  readonly beyond: Failure
  readonly backwards: Failure
  readonly token: Failure
}

const DAYS = 'Granularity=daily&Start=2026-03-10&End=2026-03-15'
const ASKED: Readonly<Record<Lists, string>> = {
  all: '',
  days: DAYS,
  'of dates': 'Start=2026-03-10&End=2026-03-15',
  hours: 'Granularity=hourly&Start=2026-03-10&End=2026-03-15&PageSize=1000',
  streamed: DAYS,
  limited: `${DAYS}&PageSize=3`,
}

describe('the client of python3-twilio', () => {
  if (spawnSync(PYTHON, ['-c', 'import twilio']).status !== 0) {
    it('asks the server where it is installed', (t) => {
      t.diagnostic(`not run: python3-twilio is missing; ${INSTALL} installs it`)
      if (process.env.CI) assert.fail('CI has to install it')
    })
    return
  }

  let fixture: HttpFixture
  let answers: Answers

  before(async () => {
    fixture = await HttpFixture.open()
    const baseUrl = await fixture.listen()
    for (let i = 0; i < 5; i++) await fixture.addSim({ uniqueName: `tracker-${i}` })
    const sim = (await fixture.store.findSim(fixture.owner.account.id, 'tracker-1'))!
    await fixture.use(sim, '2026-03-13T11:00:00Z', { upload: 3, download: 4, to_sim: 1 })
    await fixture.use(sim, '2026-03-11T23:59:59Z', { plmn: '208-01', download: 9 })
    await fixture.use(sim, '2026-03-15T00:00:00Z', { plmn: '310-410', upload: 50, from_sim: 2 })
    const { sid, secret } = fixture.owner
    const { TWILIO_EDGE: _, TWILIO_REGION: __, ...env } = process.env
    const { stdout } = await promisify(execFile)(PYTHON, [SCRIPT, baseUrl, sid, secret], { env })
    answers = JSON.parse(stdout)
  })
  after(() => fixture.close())

  for (const [scope, path] of [
    ['sim', '/v1/Sims/tracker-1/UsageRecords'],
    ['account', '/v1/UsageRecords'],
  ] as const) {
    for (const [list, query] of Object.entries(ASKED)) {
      it(`lists ${list} of the ${scope} as the API answers`, async () => {
        const { body } = await fixture.get(`${path}?${query}`)
        const expected = body.usage_records.map(({ account_sid, period, data, commands }) => {
          return { account_sid, period, data, commands }
        })
        assert.ok(expected.length > 0)
        assert.deepEqual(answers[scope][list as Lists], expected)
      })
    }

    it(`goes through pages of the ${scope}, forward and back`, () => {
      const { forward, back } = answers[scope].pages
      const starts = ['14', '13', '12', '11', '10'].map((day) => `2026-03-${day}T00:00:00Z`)
      const inPages = [starts.slice(0, 2), starts.slice(2, 4), starts.slice(4)]
      assert.deepEqual(forward, inPages)
      assert.deepEqual(back, inPages.slice(0, -1).toReversed())
    })

    it(`reads more than a page can hold of the ${scope}`, () => {
      assert.equal(answers[scope].many, 2000)
    })

    it(`raises its own exception for what is wrong in a question about the ${scope}`, () => {
      const { beyond, backwards, token } = answers[scope]
      const codes = [beyond, backwards, token].map(({ status, code }) => [status, code])
      assert.deepEqual(codes, [
        [400, 33101],
        [400, 33101],
        [400, 21481],
      ])
      assert.match(beyond.message, /Granularity "weekly": expected hourly, daily, all/)
    })
  }

  it('lists, fetches and changes SIMs', () => {
    const { missing, 'rate plan': ratePlan, ...found } = answers.sims
    assert.deepEqual(found, {
      names: [0, 1, 2, 3, 4].map((i) => `tracker-${i}`),
      active: [0, 1, 3, 4].map((i) => `tracker-${i}`),
      fetched: 'tracker-1',
      created: '2026-03-15T12:34:56+00:00',
      changed: ['Büro & Hof', 'https://example.com/c', 'suspended'],
    })
    const { status, code } = missing as Failure
    assert.deepEqual([status, code], [404, 20404])
    assert.match((ratePlan as Failure).message, /RatePlan/)
  })

  it('is told of a wrong token', () => {
    assert.deepEqual([answers.stranger.status, answers.stranger.code], [401, 20003])
  })
})
