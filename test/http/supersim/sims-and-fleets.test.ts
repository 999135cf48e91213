/** SIMs and fleets of the Super SIM API: what is kept of them, what is refused, and whose they are. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { iccidOf, imsiOf, NOW } from '../../support/builders.ts'
import type { HttpFixture } from '../../support/http-fixture.ts'
import { allRecords, openSuperSimWorld, type SuperSimWorld } from '../../support/super-sim-world.ts'

let world: SuperSimWorld
let fixture: HttpFixture
before(async () => {
  world = await openSuperSimWorld()
  fixture = world.fixture
})
after(() => fixture.close())

describe('SIMs and fleets of the Super SIM API', () => {
  it('show a SIM by its own SID, and its status as one of five', async () => {
    const sim = await fixture.addSim({ status: 'deactivated', uniqueName: 'old' })
    const url = `/supersim/v1/Sims/${sim.sid}` as const
    const shown = await fixture.get(url)
    assert.match(shown.body.sid, /^DE/)
    assert.equal(shown.body.status, 'inactive')
    await fixture.post(url, { Status: 'inactive' })
    assert.equal((await fixture.get(`/v1/Sims/${sim.sid}`)).body.status, 'deactivated')
    await fixture.post(url, { Status: 'active' })
    await fixture.post(url, { Status: 'inactive' })
    assert.equal((await fixture.get(`/v1/Sims/${sim.sid}`)).body.status, 'suspended')
  })

  it('leave usage in the fleet where it was used when a SIM moves now, also out of none', async () => {
    const sim = await fixture.addSim({ uniqueName: 'mover' })
    const fleet = async (name: string) =>
      (await fixture.post('/supersim/v1/Fleets', { UniqueName: name })).body.sid
    const [first, second] = [await fleet('first'), await fleet('second')]
    const url = `/supersim/v1/Sims/${sim.sid}` as const
    const move = (to: string) => fixture.post(url, { Fleet: to })
    try {
      await fixture.use(sim, NOW - 60, { upload: 1 })
      await move('first')
      await fixture.use(sim, NOW, { upload: 10 })
      fixture.clock.now = NOW + 100
      const moved = await move(second)
      assert.equal(moved.body.fleet_sid, second)
      await fixture.use(sim, NOW + 99, { upload: 100 })
      await fixture.use(sim, NOW + 100, { upload: 1_000 })
      fixture.clock.now = NOW + 200
      await move('')
      await fixture.use(sim, NOW + 200, { upload: 10_000 })
      const records = await allRecords(fixture, 'Sim=mover&Group=fleet')
      assert.deepEqual(
        new Map(records.map((record) => [record.fleet_sid, record.data_total])),
        new Map([
          [null, 10_001],
          [first, 110],
          [second, 1_000],
        ]),
      )
    } finally {
      fixture.clock.now = NOW
    }
  })

  const refused: [path: string, form: Record<string, string>, message: RegExp][] = [
    ['Sims', {}, /^Iccid is missing/],
    ['Sims', { Iccid: '123' }, /^Iccid "12…": expected 18 to 20 digits/],
    [
      'Sims/roamer',
      { Status: 'suspended' },
      /^Status "suspended": expected ready, active, inactive$/,
    ],
    [
      'Sims/roamer',
      { Fleet: 'nowhere', UniqueName: 'x' },
      /^Fleet "nowhere": there is no such fleet$/,
    ],
    ['Sims/roamer', { Fleet: 'their fleet' }, /^Fleet "their fleet": there is no such fleet$/],
    ['Sims/roamer', { CallbackUrl: 'https://example.com' }, /^CallbackUrl: nobody is called back/],
    ['Sims/roamer', { UniqueName: 'fixed' }, /^UniqueName "fixed"/],
    ['Fleets', { DataLimit: '0' }, /^DataLimit "0": expected megabytes, from 1 to 2000000/],
    ['Fleets', { DataLimit: '2000001' }, /^DataLimit "2000001"/],
    [
      'Fleets',
      { DataLimit: '1.5', DataEnabled: 'yes' },
      /DataLimit "1.5".*; DataEnabled "yes": expected true or false$/,
    ],
    ['Fleets', { UniqueName: 'a/b' }, /^UniqueName "a\/b"/],
    ['Fleets', { UniqueName: 'us fleet' }, /^UniqueName "us fleet"/],
    ['Fleets', { SmsCommandsUrl: 'ftp://example.com' }, /^SmsCommandsUrl /],
    ['Fleets', { IpCommandsMethod: 'PUT' }, /^IpCommandsMethod "PUT"/],
    [
      'Fleets',
      { NetworkAccessProfile: 'x'.repeat(65) },
      /^NetworkAccessProfile "x+": expected a SID/,
    ],
    [
      'Fleets/eu%20fleet',
      { DataEnabled: 'false' },
      /^DataEnabled: this is said when a fleet is made/,
    ],
    ['Fleets/eu%20fleet', { UniqueName: 'us fleet' }, /^UniqueName "us fleet"/],
  ]
  for (const [path, form, message] of refused) {
    it(`refuse ${JSON.stringify(form)} at ${path}, and change nothing`, async () => {
      const before = await fixture.get(`/supersim/v1/${path}`)
      const { status, error } = await fixture.post(`/supersim/v1/${path}`, form)
      assert.deepEqual([status, error.code], [400, 33101], error.message)
      assert.match(error.message, message)
      assert.equal((await fixture.get(`/supersim/v1/${path}`)).text, before.text)
    })
  }

  it('do not exist for another account', async () => {
    const { roamer } = world.sims
    const as = world.other
    for (const path of [
      `Sims/${roamer.sid}`,
      'Sims/roamer',
      `Fleets/${world.fleets.eu.sid}`,
      'Fleets/eu%20fleet',
    ]) {
      for (const answer of [
        await fixture.get(`/supersim/v1/${path}`, { as }),
        await fixture.post(`/supersim/v1/${path}`, { UniqueName: 'mine' }, { as }),
      ]) {
        assert.equal(answer.status, 404)
        assert.equal(answer.error.message, `The requested resource /${path} was not found`)
      }
    }
    const networks = await fixture.get('/supersim/v1/Networks', { as })
    assert.equal(networks.body.networks.length, 1)
    const numbers = await fixture.post('/supersim/v1/Sims', { Iccid: iccidOf(701) }, { as })
    assert.deepEqual([numbers.status, numbers.error.code], [403, 20003])
    assert.match(numbers.error.message, /^Permission Denied: Iccid: SIMs and their numbers/)
  })

  it('keep of a SIM what the other API has of it', async () => {
    const sim = await fixture.addSim({ imsis: [imsiOf(702)], friendlyName: 'For people' })
    await fixture.post(`/supersim/v1/Sims/${sim.sid}`, { UniqueName: 'named' })
    const { body } = await fixture.get(`/v1/Sims/${sim.sid}`)
    assert.deepEqual([body.unique_name, body.friendly_name], ['named', 'For people'])
  })
})
