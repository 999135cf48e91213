/** From records to events: whose they are, where they were used, and what cannot be told. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Account, Feed, Sim } from '../../src/domain/directory.ts'
import { SIM_NAME_KINDS } from '../../src/domain/identifiers.ts'
import type { NameScope } from '../../src/domain/sim-names.ts'
import { DAY_SECONDS } from '../../src/domain/time.ts'
import type { Zone } from '../../src/domain/usage-event.ts'
import { EventResolver } from '../../src/ingest/event-resolver.ts'
import {
  CANONICAL_FIELDS,
  type CanonicalField,
  CanonicalRecordParser,
  textsOf,
} from '../../src/ingest/formats/canonical-record.ts'
import type { CdrRecord, ReadRecord } from '../../src/ingest/formats/cdr-format.ts'
import type { UsageStore } from '../../src/storage/usage-store.ts'
import {
  anAccount,
  aQuarantinedRecord,
  aSim,
  homeSet,
  iccidOf,
  imsiOf,
  instant,
  msisdnOf,
  NOW,
  newSimSid,
  sidOf,
} from '../support/builders.ts'
import { IngestFixture, SIM_NAMES } from '../support/ingest-fixture.ts'

let fixture: IngestFixture
let feed: Feed
/** Bound to the fixture's account. */
let bound: Feed
let other: Account
let foreign: Sim
before(async () => {
  fixture = await IngestFixture.open()
  feed = await fixture.newFeed()
  bound = await fixture.newFeed({ accountId: fixture.account.id })
  other = await fixture.store.createAccount(anAccount({ home: homeSet('262-01', 'DE') }))
  foreign = await createSim(other, { imsis: [imsiOf(77)], uniqueName: 'foreign-1' })
})
after(() => fixture.close())

function createSim(account: Account, stated: Parameters<typeof aSim>[0]): Promise<Sim> {
  return fixture.store.createSim(account.id, aSim(stated), { at: NOW, newSid: newSimSid })
}

let line = 1
function aRecord(stated: Partial<Record<CanonicalField, string>> = {}): ReadRecord {
  const leftOut = Object.fromEntries(CANONICAL_FIELDS.map((field) => [field, '']))
  const fields = {
    ...leftOut,
    record_id: 'a',
    sim: SIM_NAMES.sid,
    occurred_at: '2026-03-15T10:00:00Z',
    plmn: '310-260',
    ...stated,
  }
  return new CanonicalRecordParser().parse(
    textsOf(fields as Record<CanonicalField, string>),
    ++line,
    'as delivered',
  )
}

interface Delivered {
  readonly of?: Feed
  readonly account?: Account
  readonly defaultZone?: Zone
  readonly store?: UsageStore
}

async function resolve(
  records: readonly ReadRecord[],
  { of = feed, account, defaultZone, store = fixture.store }: Delivered = {},
) {
  const set = defaultZone === undefined ? of : { ...of, defaultZone }
  return new EventResolver(store, set, account ?? null).resolve(records, NOW)
}

/** The SIM that a record of this `sim` is counted for, or the fault. */
async function resolvedSim(sim: string, delivered: Delivered = {}): Promise<number | string> {
  const { events, quarantined } = await resolve([aRecord({ sim })], delivered)
  return events[0]?.simId ?? `${quarantined[0]!.reason} ${quarantined[0]!.detail}`
}

/** `zone country` of a record that states this, or the fault. */
async function resolvedZone(
  stated: Partial<Record<CanonicalField, string>>,
  delivered: Delivered = {},
): Promise<string> {
  const { events, quarantined } = await resolve([aRecord(stated)], delivered)
  const serving = events[0]?.serving
  if (serving !== undefined) return `${serving.zone} ${serving.country ?? '-'}`
  return `${quarantined[0]!.reason} ${quarantined[0]!.detail}`
}

describe('the SIM of a record', () => {
  it('is the account’s that had it when it was used, by whose home set it is classified', async () => {
    const options = { at: instant('2026-01-01T00:00:00Z'), newSid: newSimSid }
    const stated = aSim({ uniqueName: 'travels' })
    const sim = await fixture.store.createSim(fixture.account.id, stated, options)
    const since = instant('2026-03-15T10:00:00Z')
    await fixture.store.moveSim(sim.id, { toAccountId: other.id, since }, NOW)
    const told = async (name: string, delivered: Delivered = {}) => {
      const records = ['09:59:59Z', '10:00:00Z'].map((time) =>
        aRecord({ sim: name, occurred_at: `2026-03-15T${time}`, plmn: '262-01' }),
      )
      const { events, quarantined } = await resolve(records, delivered)
      return [
        ...events.map(({ accountId, serving }) => `${accountId} ${serving.zone}`),
        ...quarantined.map(
          ({ reason, detail }) => `${reason} ${detail.replace(/^sim "[^"]*": /, '')}`,
        ),
      ]
    }
    const { account } = fixture
    const [old, own] = [`${account.id} international_roaming`, `${other.id} home`]
    const unknown = 'unknown_sim no SIM is registered with this name'
    assert.deepEqual(await told(sim.iccid!), [old, own])
    assert.deepEqual(await told(sim.iccid!, { of: bound }), [old, unknown])
    assert.deepEqual(await told(sim.iccid!, { account }), [old, unknown])
    assert.deepEqual(await told(sim.iccid!, { account: other }), [own, unknown])
    assert.deepEqual(await told('travels', { of: bound }), [old, unknown])
    assert.deepEqual(await told('travels', { account: other }), [unknown, unknown])
    // From then on, the name means the SIM that has it now.
    const next = await createSim(account, { uniqueName: 'travels' })
    const { events } = await resolve(
      ['09:59:59Z', '10:00:00Z'].map((time) =>
        aRecord({ sim: 'travels', occurred_at: `2026-03-15T${time}` }),
      ),
      { of: bound },
    )
    assert.deepEqual(
      events.map(({ simId }) => simId),
      [sim.id, next.id],
    )
  })

  it('is found by each of its names', async () => {
    const { sid, iccid, imsis, msisdn, uniqueName } = SIM_NAMES
    const printed = iccid.replace(/(\d{4})(?=\d)/g, '$1 ')
    for (const name of [sid, iccid, ...imsis, msisdn, `+${msisdn}`, printed]) {
      assert.equal(await resolvedSim(name), fixture.sim.id, name)
      assert.equal(await resolvedSim(name, { of: bound }), fixture.sim.id, name)
    }
    assert.equal(await resolvedSim(uniqueName, { of: bound }), fixture.sim.id)
    assert.equal(await resolvedSim(uniqueName, { account: fixture.account }), fixture.sim.id)
    assert.equal(
      await resolvedSim(uniqueName),
      'unknown_sim sim "tr…": records of this feed name SIMs by SID, ICCID, IMSI or MSISDN only',
    )
  })

  it('is found by the kinds of name that its feed allows, and by no other', async () => {
    const { sid, iccid, imsis, msisdn, uniqueName } = SIM_NAMES
    const names = { sid, iccid, imsi: imsis[0]!, msisdn, unique_name: uniqueName }
    for (const kind of SIM_NAME_KINDS) {
      const of = { ...bound, simNames: [kind] }
      for (const [other, name] of Object.entries(names)) {
        const found = await resolvedSim(name, { of })
        if (other === kind) assert.equal(found, fixture.sim.id)
        else assert.match(String(found), /^unknown_sim /, `${name} as ${kind}`)
      }
    }
  })

  it('is of the account that its feed is bound to, whoever delivers', async () => {
    for (const name of [foreign.sid, foreign.iccid!, foreign.uniqueName!]) {
      assert.match(String(await resolvedSim(name, { of: bound })), /^unknown_sim /)
      assert.match(String(await resolvedSim(name, { of: bound, account: other })), /^unknown_sim /)
    }
  })

  it('stays the same one whatever unique name another SIM is given', async () => {
    const { imsis, msisdn, iccid } = SIM_NAMES
    for (const number of [imsis[0], msisdn, iccid]) {
      // The way in refuses such a name; one that is there from before means nothing.
      const liar = await createSim(other, { uniqueName: number })
      const ofOther = { account: other }
      assert.equal(await resolvedSim(number), fixture.sim.id)
      assert.match(String(await resolvedSim(number, ofOther)), /^unknown_sim /)
      await fixture.store.updateSim(liar.id, { uniqueName: '' }, NOW)
    }
  })

  it('is found by an ICCID with and without its check digit', async () => {
    assert.equal(await resolvedSim(SIM_NAMES.iccid.slice(0, -1)), fixture.sim.id)
    assert.equal(await resolvedSim(`${SIM_NAMES.iccid}F`), fixture.sim.id)
  })

  it('is unknown when no SIM has the name, which is told without giving it away', async () => {
    const unknown = (masked: string) =>
      `unknown_sim sim "${masked}": no SIM is registered with this name`
    // Far from the numbers that builders count up.
    const n = 900_009
    for (const name of [iccidOf(n), imsiOf(n), msisdnOf(n), sidOf('DE', n)]) {
      const masked = `${name.slice(0, 6)}…${name.slice(-2)}`
      assert.equal(await resolvedSim(name), unknown(masked))
    }
    assert.equal(await resolvedSim('Tracker-1', { of: bound }), unknown('Tr…'))
  })

  it('of another account is as unknown to an account as one that does not exist', async () => {
    const names = [foreign.sid, foreign.iccid!, foreign.imsis[0]!, foreign.uniqueName!]
    for (const name of names) {
      if (name !== foreign.uniqueName) assert.equal(await resolvedSim(name), foreign.id)
      assert.equal(await resolvedSim(name, { account: other }), foreign.id)
      assert.match(
        String(await resolvedSim(name, { account: fixture.account })),
        /^unknown_sim sim "[^"]+": no SIM is registered with this name$/,
      )
    }
  })

  it('is not touched by a SIM of another account with the same unique name', async () => {
    const mine = await createSim(fixture.account, { uniqueName: 'both' })
    assert.equal(await resolvedSim('both', { of: bound }), mine.id)
    const theirs = await createSim(other, { uniqueName: 'both' })
    assert.equal(await resolvedSim('both', { of: bound }), mine.id)
    assert.equal(await resolvedSim('both', { account: fixture.account }), mine.id)
    assert.equal(await resolvedSim('both', { account: other }), theirs.id)
  })

  it('is asked of the store once, unless it is unknown', async () => {
    const asked: string[][] = []
    const store = Object.assign(Object.create(fixture.store), {
      resolveSims(names: string[], scope: NameScope) {
        asked.push(names)
        return fixture.store.resolveSims(names, scope)
      },
    })
    const resolver = new EventResolver(store, bound, null)
    const records = [aRecord(), aRecord(), aRecord({ sim: 'late' })]
    assert.equal((await resolver.resolve(records, NOW)).events.length, 2)
    await createSim(fixture.account, { uniqueName: 'late' })
    assert.equal((await resolver.resolve(records, NOW)).events.length, 3)
    await resolver.resolve(records, NOW)
    assert.deepEqual(asked, [[SIM_NAMES.sid, 'late'], ['late']])
  })
})

describe('the zone of a record', () => {
  it('comes from the home set of its SIM', async () => {
    assert.equal(await resolvedZone({ plmn: '310-260' }), 'home US')
    assert.equal(await resolvedZone({ plmn: '310-410' }), 'national_roaming US')
    assert.equal(await resolvedZone({ plmn: '262-01' }), 'international_roaming DE')
    assert.equal(await resolvedZone({ plmn: '901-01' }), 'international_roaming ZZ')
    assert.equal(await resolvedZone({ sim: foreign.sid, plmn: '262-01' }), 'home DE')
    assert.equal(await resolvedZone({ sim: foreign.sid, plmn: '262-001' }), 'national_roaming DE')
    const own = await createSim(other, { home: homeSet('', 'US') })
    assert.equal(await resolvedZone({ sim: own.sid, plmn: '310-260' }), 'national_roaming US')
  })

  it('is what the record states, rather than what its network says', async () => {
    assert.equal(await resolvedZone({ plmn: '', country: 'MEX' }), 'international_roaming MX')
    assert.equal(await resolvedZone({ plmn: '310-410', country: 'CA' }), 'international_roaming CA')
    assert.equal(await resolvedZone({ plmn: '310-410', zone: 'home' }), 'home US')
    assert.equal(await resolvedZone({ plmn: '', zone: 'home' }), 'home -')
  })

  const nowhere: readonly [Partial<Record<CanonicalField, string>>, string][] = [
    [{ plmn: '' }, 'no plmn and no country'],
    [{ plmn: '100-01' }, 'plmn 100-01, whose country is not known and no country'],
    [
      { plmn: '', zone: 'international_roaming' },
      'no plmn and no country and zone international_roaming',
    ],
  ]
  for (const [stated, words] of nowhere) {
    it(`is not guessed where the record states ${words}`, async () => {
      assert.equal(
        await resolvedZone(stated),
        `unknown_network the record states ${words}: it cannot be told where it was used`,
      )
    })
  }

  it('is the default of the feed where nothing else tells it', async () => {
    const home = { defaultZone: 'home' } as const
    assert.equal(await resolvedZone({ plmn: '' }, home), 'home -')
    assert.equal(await resolvedZone({ plmn: '100-01' }, home), 'home -')
    assert.equal(await resolvedZone({ plmn: '262-01' }, home), 'international_roaming DE')
    assert.match(
      await resolvedZone({ plmn: '' }, { defaultZone: 'international_roaming' }),
      /^unknown_network /,
    )
  })

  it('is right however many networks come by', async () => {
    const resolver = new EventResolver(fixture.store, feed, null)
    const kinds = ['310-260', '310-410', '208-01'].map((plmn) => aRecord({ plmn }) as CdrRecord)
    // A network that was read anew is another object, although it says the same.
    const records = Array.from({ length: 100_500 }, (_, i) => {
      const record = kinds[i % 3]!
      return { ...record, network: { ...record.network } }
    })
    const { events } = await resolver.resolve(records, NOW)
    assert.deepEqual(
      new Set(events.map(({ serving }, i) => `${i % 3} ${serving.zone}`)),
      new Set(['0 home', '1 national_roaming', '2 international_roaming']),
    )
  })
})

describe('the time of a record', () => {
  const at = (seconds: number) => aRecord({ occurred_at: new Date(seconds * 1_000).toISOString() })

  it('may be a day ahead of the clock, and not a second more', async () => {
    const { events, quarantined } = await resolve([
      at(NOW),
      at(NOW + DAY_SECONDS),
      at(NOW + DAY_SECONDS + 1),
    ])
    assert.equal(events.length, 2)
    assert.deepEqual(
      quarantined.map(({ reason, field, detail }) => [reason, field, detail]),
      [
        [
          'future',
          'occurred_at',
          'occurred_at 2026-03-16T12:34:57Z: more than one day after now, 2026-03-15T12:34:56Z',
        ],
      ],
    )
  })

  it('may lie 18 months back, to the hour', async () => {
    const limit = instant('2024-09-15T12:00:00Z')
    const { events, quarantined, expired } = await resolve([at(limit), at(limit - 1), at(0)])
    assert.deepEqual([events.length, quarantined.length, expired], [1, 0, 2])
  })

  it('is looked at before the SIM: what is too old is expired, whoever used it', async () => {
    const { quarantined, expired } = await resolve([
      aRecord({ occurred_at: '2020-01-01', sim: 'nobody' }),
    ])
    assert.deepEqual([quarantined.length, expired], [0, 1])
  })
})

describe('the order of records', () => {
  it('is kept, together with the faults that reading has found', async () => {
    const fault = (n: number) => aQuarantinedRecord(`fault ${n}`, { line: n })
    line = 1
    const records = [aRecord(), fault(3), aRecord({ sim: 'nobody' }), fault(5), aRecord()]
    const { events, quarantined } = await resolve(records)
    assert.deepEqual(
      events.map((event) => event.line),
      [2, 4],
    )
    assert.deepEqual(
      quarantined.map((record) => record.line),
      [3, 3, 5],
    )
  })

  it('leaves every word of a record in its event', async () => {
    line = 41
    const { events } = await resolve([
      aRecord({ record_id: 'id', upload: '1', download: '2', to_sim: '3', from_sim: '4' }),
    ])
    assert.deepEqual(events, [
      {
        simId: fixture.sim.id,
        accountId: fixture.account.id,
        recordId: 'id',
        occurredAt: instant('2026-03-15T10:00:00Z'),
        upload: 1,
        download: 2,
        toSim: 3,
        fromSim: 4,
        serving: {
          plmn: '310-260',
          country: 'US',
          zone: 'home',
          countryStated: false,
          zoneStated: false,
        },
        reading: null,
        line: 42,
        raw: 'as delivered',
      },
    ])
  })

  it('says of a reading how its counters count', async () => {
    const { events } = await resolve([
      { ...aRecord(), reading: { is32Bit: false, resets: 'start' } },
      { ...aRecord(), reading: { is32Bit: true, unknown: ['upload'] } },
    ])
    assert.deepEqual(
      events.map(({ reading }) => reading),
      [
        { is32Bit: false, resets: 'start' },
        { is32Bit: true, unknown: ['upload'] },
      ],
    )
  })
})
