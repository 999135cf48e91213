/** Debian's `python3-twilio`, unchanged, as a client of the Super SIM API. */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { NETWORKS, openSuperSimWorld, type SuperSimWorld } from '../../support/super-sim-world.ts'

/** The distribution's own: another Python in front of it does not see its packages. */
const PYTHON = '/usr/bin/python3'
const SCRIPT = join(import.meta.dirname, '../../clients/super_sim.py')

interface Totals {
  readonly sum: number
  readonly members: readonly string[]
  readonly starts: readonly string[]
}

describe('the client of python3-twilio, of the Super SIM API', () => {
  if (spawnSync(PYTHON, ['-c', 'import twilio']).status !== 0) {
    it('asks the server where it is installed', (t) => {
      t.diagnostic('not run: python3-twilio is missing')
      if (process.env.CI) assert.fail('CI has to install it')
    })
    return
  }

  let world: SuperSimWorld
  let answers: { readonly usage: Readonly<Record<string, Totals>> } & Record<string, unknown>
  before(async () => {
    world = await openSuperSimWorld()
    const baseUrl = `${await world.fixture.listen()}/supersim`
    const { sid, secret } = world.fixture.owner
    const { TWILIO_EDGE: _, TWILIO_REGION: __, ...env } = process.env
    const { stdout } = await promisify(execFile)(PYTHON, [SCRIPT, baseUrl, sid, secret], { env })
    answers = JSON.parse(stdout)
  })
  after(() => world.fixture.close())

  it('lists usage in every group and granularity, which adds up', () => {
    const { sims, fleets } = world
    const members: Readonly<Record<string, readonly string[]>> = {
      None: ['None'],
      sim: [sims.roamer.sid, sims.fixed.sid],
      // Before it was moved, the one was in none.
      fleet: ['None', fleets.eu.sid, fleets.us.sid],
      network: Object.values(NETWORKS),
      isoCountry: ['FR', 'MX', 'US'],
    }
    assert.equal(Object.keys(answers.usage).length, 20)
    for (const [asked, { sum, members: found, starts }] of Object.entries(answers.usage)) {
      assert.equal(sum, 6_432_115, asked)
      assert.deepEqual(found, [...members[asked.split(' ')[0]!]!].sort(), asked)
      assert.deepEqual(starts, [...starts].sort().reverse(), asked)
    }
  })

  it('works with fleets, networks and SIMs, and is told of what is wrong', () => {
    const { usage: _, ...others } = answers
    assert.deepEqual(others, {
      fleets: [
        ['eu fleet', 1000],
        ['us fleet', 1000],
        ['python', 7],
      ],
      networks: [[{ mcc: '208', mnc: '01' }]],
      sims: ['roamer'],
      moved: [true, 'inactive'],
      wrong: [400, 83600],
      missing: [404, 20404],
    })
  })
})
