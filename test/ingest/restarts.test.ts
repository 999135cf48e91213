/** A NAS announces that it restarts: what its sessions count from then on. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { recycleRecords } from '../../src/ingest/recycle-records.ts'
import { tryImport } from '../../src/ingest/try-import.ts'
import { permutations } from '../contract/engine.ts'
import { anAccount, aSim, NOW, newSimSid } from '../support/builders.ts'
import { IngestFixture, verdicts, type World } from '../support/ingest-fixture.ts'
import { inChunks } from '../support/record-files.ts'
import { type ModelReading, modelUsage } from '../support/series-model.ts'

let fixture: IngestFixture
before(async () => {
  fixture = await IngestFixture.open()
})
after(() => fixture.close())

const FROM = NOW - 86_400
const newWorld = (settings = {}) =>
  fixture.newWorld({ format: 'radius', onConflict: 'max', settings })

/** Without what comes to nothing, as starts do. */
async function usageOf({ sim }: Pick<World, 'sim'>): Promise<string[]> {
  return (await fixture.usage(sim)).filter((line) => !line.includes(' 0/0/'))
}

interface Packet {
  readonly status: string
  readonly nas?: string
  readonly session?: string
  /** Minutes after the beginning. */
  readonly minute: number
  readonly up?: number
  readonly down?: number
}

function written({ sim }: Pick<World, 'sim'>, packets: readonly Packet[]): string {
  const lines = packets.map(({ status, nas = 'gw-1', session, minute, up, down = up }) => {
    const ofSession = session !== undefined && {
      'Acct-Session-Id': session,
      'Calling-Station-Id': sim.sid,
      'Acct-Input-Octets': up,
      'Acct-Output-Octets': down,
      '3GPP-SGSN-MCC-MNC': '310260',
    }
    const at = FROM + 60 * minute
    return JSON.stringify({
      'Acct-Status-Type': status,
      'NAS-Identifier': nas,
      'Event-Timestamp': at,
      ...ofSession,
    })
  })
  return lines.map((line) => `${line}\n`).join('')
}

const interim = (minute: number, up: number, more: Partial<Packet> = {}): Packet => ({
  status: 'Interim-Update',
  session: 'a',
  minute,
  up,
  ...more,
})
const on = (minute: number, nas = 'gw-1'): Packet => ({ status: 'Accounting-On', nas, minute })

describe('a NAS that announces a restart', () => {
  it('makes its sessions begin again, and those of no other NAS', async () => {
    const world = await newWorld()
    const other = { nas: 'gw-2' }
    const packets = [
      ...[interim(1, 1_000), interim(1, 1_000, other)],
      on(2),
      ...[interim(3, 40), interim(4, 50), interim(3, 40, other)],
    ]
    const summary = await world.deliver(written(world, packets))
    assert.deepEqual(verdicts(summary), { accepted: 6 })
    assert.match(summary.warnings.join(), /restarts were announced .*, by NAS: gw-1 \(1\)/)
    assert.deepEqual(await usageOf(world), ['home US 2050/2050/0/0'])
    await fixture.assertAuditClean()
  })

  for (const [name, order] of [
    ['before its readings', [1, 0, 2]],
    ['between them', [0, 1, 2]],
    ['after them', [0, 2, 1]],
    ['when the reading before it is late', [1, 2, 0]],
    ['when all comes backwards', [2, 1, 0]],
  ] as const) {
    it(`is heard in a delivery of its own ${name}`, async () => {
      const world = await newWorld()
      const packets = [interim(1, 1_000), { ...on(2), status: '7' }, interim(3, 40)]
      for (const i of order) await world.deliver(written(world, [packets[i]!]))
      assert.deepEqual(await usageOf(world), ['home US 1040/1040/0/0'])
    })
  }

  for (const [name, movedAt] of [
    ['after it', 150],
    ['before it', 90],
  ] as const) {
    it(`counts for each account what it used where the SIM moves ${name}`, async () => {
      const packets = [interim(1, 1_000), on(2), interim(3, 40)]
      for (const order of permutations([0, 1, 2])) {
        const world = await newWorld()
        const { store, account } = fixture
        const { id: toAccountId } = await store.createAccount(anAccount())
        const options = { at: FROM, newSid: newSimSid }
        const sim = await store.createSim(account.id, aSim(), options)
        await store.moveSim(sim.id, { toAccountId, since: FROM + movedAt }, NOW)
        for (const i of order) await world.deliver(written({ sim }, [packets[i]!]))
        const used = []
        for (const accountId of [account.id, toAccountId]) {
          const scope = { simId: sim.id, accountId }
          const asked = { scope, start: FROM, end: NOW, granularity: 'all' } as const
          const groups = await store.queryUsage(asked)
          used.push(groups.reduce((sum, { upload }) => sum + Number(upload), 0))
        }
        assert.deepEqual(used, [1_000, 40], `${order}`)
      }
      await fixture.assertAuditClean()
    })
  }

  it('says nothing of its sessions when it goes down: their stops may follow', async () => {
    const world = await newWorld()
    const off: Packet = { status: 'Accounting-Off', minute: 2 }
    const stop: Packet = { status: 'Stop', session: 'a', minute: 3, up: 1_200 }
    const packets = [interim(1, 1_000), off, stop, on(5), interim(6, 40)]
    const summary = await world.deliver(written(world, packets))
    assert.match(summary.warnings.join(), /were skipped: Acct-Status-Type Accounting-Off \(1\)/)
    assert.deepEqual(await usageOf(world), ['home US 1240/1240/0/0'])
  })

  it('changes nothing when it is delivered again, and is taken back with its import', async () => {
    const world = await newWorld()
    await world.deliver(written(world, [interim(1, 1_000), interim(3, 40)]))
    assert.deepEqual(await usageOf(world), ['home US 1000/1000/0/0'])
    const first = await world.deliver(written(world, [on(2)]))
    assert.deepEqual(verdicts(first), { accepted: 1 })
    const second = await world.deliver(written(world, [on(2)]))
    assert.deepEqual(verdicts(second), { duplicate: 1 })
    await fixture.store.undoImport(first.import.id, NOW)
    assert.deepEqual(await usageOf(world), ['home US 1040/1040/0/0'])
    await fixture.store.undoImport(second.import.id, NOW)
    assert.deepEqual(await usageOf(world), ['home US 1000/1000/0/0'])
    await world.deliver(written(world, [interim(4, 50)]))
    assert.deepEqual(await usageOf(world), ['home US 1000/1000/0/0'])
    await fixture.assertAuditClean()
  })

  it('adds no start where the session has one', async () => {
    const world = await newWorld()
    const start: Packet = { status: 'Start', session: 'a', minute: 3, up: 0 }
    const summary = await world.deliver(
      written(world, [interim(1, 9), on(2), start, interim(4, 5)]),
    )
    assert.deepEqual(verdicts(summary), { accepted: 3 })
    assert.deepEqual(await usageOf(world), ['home US 14/14/0/0'])
  })

  it('is skipped where counters do not begin again, its time is unknown or it has no name', async () => {
    const never = await newWorld({ resets: 'never' })
    const packets = [interim(1, 1_000), on(2), interim(3, 40)]
    const skipped = await never.deliver(written(never, packets))
    assert.match(skipped.warnings.join(), /were skipped: Acct-Status-Type Accounting-On \(1\)/)
    assert.deepEqual(await usageOf(never), ['home US 1000/1000/0/0'])
    const world = await newWorld()
    const broken = [
      { 'Acct-Status-Type': 7, 'NAS-Identifier': 'gw-1' },
      { 'Acct-Status-Type': 'Accounting-On', 'Event-Timestamp': FROM },
    ]
    const unknown = await world.deliver(broken.map((one) => `${JSON.stringify(one)}\n`).join(''))
    assert.deepEqual(verdicts(unknown), {})
    assert.match(unknown.warnings.join(), /Acct-Status-Type 7 \(1\).*Accounting-On \(1\)/)
    const bySessionOnly = await newWorld({ series: ['Acct-Session-Id'] })
    await bySessionOnly.deliver(written(bySessionOnly, packets))
    assert.deepEqual(await usageOf(bySessionOnly), ['home US 1000/1000/0/0'])
  })

  it('is heard by readings that waited in quarantine', async () => {
    const world = await newWorld()
    const unknown = { sim: { ...world.sim, sid: `HS${'5'.repeat(32)}` } } as Pick<World, 'sim'>
    await world.deliver(written(unknown, [interim(1, 1_000), on(2), interim(3, 40)]))
    const { store } = fixture
    const options = { at: NOW, newSid: newSimSid }
    const sim = await store.createSim(fixture.account.id, { sid: unknown.sim.sid }, options)
    await recycleRecords({ store, filter: { feedId: world.feed.id }, clock: () => NOW })
    assert.deepEqual(await usageOf({ sim }), ['home US 1040/1040/0/0'])
    await fixture.assertAuditClean()
  })

  it('is tried out as it would be imported', async () => {
    const world = await newWorld()
    await world.deliver(written(world, [interim(1, 1_000)]))
    const bytes = Buffer.from(written(world, [on(2), interim(3, 40)]))
    const { store } = fixture
    const summary = await tryImport({
      ...{ store, feed: world.feed, account: null, clock: () => NOW },
      source: { name: 'usage.radius', bytes: inChunks(bytes, [bytes.length]) },
    })
    assert.deepEqual(
      summary.changes.map(({ upload }) => upload),
      [40n],
    )
    assert.deepEqual(await store.listRestarts(world.feed.id), [])
  })

  it('that an account delivers concerns no SIM of another', async () => {
    const world = await newWorld()
    const { store } = fixture
    const account = await store.createAccount({
      ...(await store.findAccountById(fixture.account.id))!,
      sid: `AC${'7'.repeat(32)}`,
      authTokenHash: 'a'.repeat(64),
    } as never)
    const options = { at: NOW, newSid: newSimSid }
    const theirs = { sim: await store.createSim(account.id, aSim(), options) }
    await store.grantFeed(world.feed.id, account.id, NOW)
    const of = (owner: Pick<World, 'sim'>) => written(owner, [interim(1, 1_000), interim(3, 40)])
    await world.deliver(of(world) + of(theirs))
    await world.deliver(written(world, [on(2)]), { account })
    await world.deliver(written(world, [interim(4, 50)]) + written(theirs, [interim(4, 50)]))
    assert.deepEqual(await usageOf(world), ['home US 1000/1000/0/0'])
    assert.deepEqual(await usageOf(theirs), ['home US 1050/1050/0/0'])
  })
})

const anyPacket = fc.record({
  status: fc.constantFrom('Interim-Update', 'Interim-Update', 'Start', 'Accounting-On'),
  nas: fc.constantFrom('gw-1', 'gw/2'),
  session: fc.constantFrom('a', 'b'),
  up: fc.nat({ max: 50 }),
  down: fc.nat({ max: 50 }),
})

describe('restarts', () => {
  it('come to the same in every order, cut into any deliveries', async () => {
    const any = fc.array(anyPacket, { minLength: 1, maxLength: 12 }).chain((packets) =>
      fc.record({
        packets: fc.constant(packets.map((packet, minute) => ({ ...packet, minute }))),
        order: fc.shuffledSubarray([...packets.keys()], { minLength: packets.length }),
        sizes: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 12, maxLength: 12 }),
      }),
    )
    await fc.assert(
      fc.asyncProperty(any, async ({ packets, order, sizes }) => {
        const world = await newWorld()
        for (let i = 0, from = 0; from < order.length; from += sizes[i++]!) {
          const some = order.slice(from, from + sizes[i]!).map((at) => packets[at]!)
          await world.deliver(written(world, some.map(asDelivered)))
        }
        const { upload, download } = expected(packets)
        const total = upload + download === 0 ? [] : [`home US ${upload}/${download}/0/0`]
        assert.deepEqual(await usageOf(world), total)
      }),
      { numRuns: 40, seed: 20_261_128 },
    )
    await fixture.assertAuditClean()
  })
})

type AnyPacket = typeof anyPacket extends fc.Arbitrary<infer T> ? T & { minute: number } : never

function asDelivered({ session, ...packet }: AnyPacket): Packet {
  return packet.status === 'Accounting-On' ? packet : { ...packet, session }
}

/** The sum over all sessions, each with the announcements of its NAS as starts at 0. */
function expected(packets: readonly AnyPacket[]) {
  const sum = { upload: 0, download: 0 }
  for (const nas of ['gw-1', 'gw/2']) {
    for (const session of ['a', 'b']) {
      const ofSeries = packets.filter(
        (packet) =>
          packet.nas === nas && (packet.session === session || packet.status === 'Accounting-On'),
      )
      const readings = ofSeries.map(({ status, up, down }): ModelReading => {
        const isRestart = status === 'Accounting-On'
        return {
          ...{ upload: isRestart ? 0 : up, download: isRestart ? 0 : down, toSim: 0, fromSim: 0 },
          traits: { is32Bit: false, resets: 'start', isStart: status !== 'Interim-Update' },
        }
      })
      for (const used of modelUsage(readings)) {
        sum.upload += used.upload
        sum.download += used.download
      }
    }
  }
  return sum
}
