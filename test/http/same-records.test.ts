/** The same usage in CSV, NDJSON, CloudEvents, TAP3, NRTRDE and RADIUS is the same usage records. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import type { Imsi } from '../../src/domain/identifiers.ts'
import { hashSecret } from '../../src/domain/secret.ts'
import { formatInstant } from '../../src/domain/time.ts'
import {
  anAccount,
  homeSet,
  iccidOf,
  imsiOf,
  instant,
  NOW,
  newSimSid,
  sidOf,
} from '../support/builders.ts'
import { HttpFixture } from '../support/http-fixture.ts'
import { engineOfTests } from '../support/temp-store.ts'
import {
  FORMAT_WRITERS,
  type FormatWriter,
  type Message,
  NETWORKS,
  type Portion,
  type Usage,
} from '../support/usage-in-formats.ts'
import { share } from '../support/volume.ts'

const SEED = 20_260_315
/** A world takes a server several times as long. */
const RUNS = engineOfTests() === 'sqlite' ? share(1, 8) : share(1, 3)
const OLDEST = instant('2024-10-01T00:00:00Z')
const SECRET = '0123456789abcdef0123456789abcdef'

/** SIMs of one account. The last one is at home in Mexico, whatever its IMSI says. */
const SIM_HOMES = [undefined, undefined, homeSet('334-020', 'MX')]

/** How the items of a format come: in this order, in so many deliveries, some of them again. */
interface Manner {
  readonly order: readonly number[]
  readonly deliveries: number
  readonly again: readonly number[]
}

/** Positions of SIMs stand for IMSIs, which each run gives anew. */
interface DrawnUsage {
  readonly sessions: readonly { readonly sim: number; readonly portions: readonly Portion[] }[]
  readonly messages: readonly (Omit<Message, 'imsi' | 'number'> & { readonly sim: number })[]
}

interface World {
  readonly usage: DrawnUsage
  readonly manner: Manner
  /** A record that a period is laid around, and how far from it the period starts and ends. */
  readonly around: { readonly record: number; readonly before: number; readonly after: number }
}

function anyUsage(messages: { min: number; max: number }): fc.Arbitrary<DrawnUsage> {
  const network = fc.constantFrom(...NETWORKS)
  // Also the last second of an hour, a day, a month.
  const at = fc.oneof(
    fc.integer({ min: OLDEST, max: NOW - 1 }),
    fc.integer({ min: 0, max: 600 }).map((hours) => NOW - (NOW % 3_600) - hours * 3_600 - 1),
    fc.constantFrom(instant('2026-02-28T23:59:59Z'), instant('2026-03-01T00:00:00Z')),
  )
  const bytes = fc.oneof(
    fc.constant(0),
    fc.integer({ min: 1, max: 100_000 }),
    fc.integer({ min: 2 ** 32 - 2, max: 2 ** 32 + 2 }),
    // Six of them are still a safe integer.
    fc.integer({ min: 0, max: 2 ** 50 }),
  )
  const sim = fc.nat({ max: SIM_HOMES.length - 1 })
  const portion = fc.record({ at, network, upload: bytes, download: bytes })
  const portions = fc
    .uniqueArray(portion, { selector: (of) => of.at, minLength: 1, maxLength: 6 })
    .map((of) => of.toSorted((a, b) => a.at - b.at))
  const direction = fc.constantFrom<Message['direction']>('to_sim', 'from_sim')
  return fc.record({
    sessions: fc.array(fc.record({ sim, portions }), { minLength: 1, maxLength: 6 }),
    messages: fc.array(fc.record({ sim, at, network, direction }), {
      minLength: messages.min,
      maxLength: messages.max,
    }),
  })
}

const anyManner = fc.record({
  order: fc.array(fc.nat({ max: 999 }), { minLength: 1, maxLength: 30 }),
  deliveries: fc.integer({ min: 1, max: 3 }),
  again: fc.array(fc.nat({ max: 999 }), { maxLength: 8 }),
})

let serial = 0

function anyWorld(messages: { min: number; max: number }) {
  const around = fc.record({
    record: fc.nat({ max: 999 }),
    before: fc.nat({ max: 30 * 3_600 }),
    after: fc.nat({ max: 200 * 3_600 }),
  })
  return fc.record({ usage: anyUsage(messages), manner: anyManner, around })
}

/** What each delivery of them holds. */
function dealt<Item>(items: readonly Item[], { order, deliveries, again }: Manner): Item[][] {
  const place = (i: number) => order[i % order.length]! + i / items.length
  const shuffled = [...items.keys()].toSorted((a, b) => place(a) - place(b))
  const size = Math.max(1, Math.ceil(items.length / deliveries))
  const parts = Array.from({ length: deliveries }, (_, i) =>
    shuffled.slice(i * size, (i + 1) * size),
  )
  for (const [i, which] of again.entries()) parts[i % deliveries]!.push(which % items.length)
  return parts.filter((part) => part.length > 0).map((part) => part.map((i) => items[i]!))
}

describe('the same usage', () => {
  /** A store of its own for each format, so that everything has the same names in each. */
  const fixtures = new Map<FormatWriter, HttpFixture>()
  before(async () => {
    for (const writer of FORMAT_WRITERS) {
      const fixture = await HttpFixture.open()
      fixtures.set(writer, fixture)
      await fixture.addFeed({ name: 'usage', ...writer.feed })
    }
  })
  after(() => Promise.all(fixtures.values().map((fixture) => fixture.close())))

  /** Asks for the account's and each SIM's records, in the same words of every store. */
  async function records(fixture: HttpFixture, paths: readonly string[], world: World, as: string) {
    const texts = new Map<string, string>()
    for (const query of queries(world)) {
      for (const path of paths) {
        const url = `${path}?${query}&PageSize=1000`
        const answer = await fixture.get(url, { as: { sid: as, secret: SECRET } })
        assert.equal(answer.status, 200, answer.text)
        texts.set(url, answer.text)
      }
    }
    return texts
  }

  async function check(world: World, writers: readonly FormatWriter[]): Promise<void> {
    const run = ++serial
    const account = sidOf('AC', 0xf0000 + run)
    const sims = SIM_HOMES.map((home, i) => ({
      sid: sidOf('DE', run * 16 + i),
      iccid: iccidOf(run * 16 + i),
      imsis: [imsiOf(run * 16 + i)],
      ...(home !== undefined && { home }),
    }))
    const paths = ['/v1/UsageRecords', ...sims.map(({ sid }) => `/v1/Sims/${sid}/UsageRecords`)]
    let expected: Map<string, string> | null = null
    for (const writer of writers) {
      const fixture = fixtures.get(writer)!
      const { store } = fixture
      const { id } = await store.createAccount(
        anAccount({ sid: account, name: 'Acme', authTokenHash: hashSecret(SECRET) }),
      )
      const options = { at: NOW, newSid: newSimSid }
      for (const sim of sims) await store.createSim(id, sim, options)
      for (const part of dealt(writer.items(usageOf(world, sims)), world.manner)) {
        const body = writer.delivery(part)
        const {
          status,
          body: counts,
          text,
        } = await fixture.send(
          'POST',
          '/v1/Feeds/usage/Records',
          typeof body === 'string' ? body : Buffer.from(body),
          { as: fixture.operator, headers: { 'content-type': writer.contentType } },
        )
        assert.equal(status, 200, `${writer.name}: ${text}`)
        const settled = counts.accepted + counts.duplicate + counts.replaced
        assert.equal(settled, part.length, `${writer.name}: ${text}`)
      }
      const answers = await records(fixture, paths, world, account)
      expected ??= answers
      for (const [url, text] of answers) {
        assert.equal(text, expected.get(url), `${writer.name} at ${url}`)
      }
    }
    assertWhole(expected!.get(`${paths[0]}?${queries(world)[0]}&PageSize=1000`)!, world.usage)
  }

  const all = FORMAT_WRITERS
  it(`in ${all.map(({ name }) => name).join(', ')} is the same records, byte for byte`, async () => {
    const worlds = anyWorld({ min: 0, max: 0 })
    await fc.assert(
      fc.asyncProperty(worlds, (world) => check(world, all)),
      { seed: SEED, numRuns: RUNS },
    )
  })

  const withMessages = all.filter(({ carriesMessages }) => carriesMessages)
  const names = withMessages.map(({ name }) => name).join(', ')
  it(`with Commands in ${names} is the same records, byte for byte`, async () => {
    const worlds = anyWorld({ min: 1, max: 12 })
    await fc.assert(
      fc.asyncProperty(worlds, (world) => check(world, withMessages)),
      { seed: SEED, numRuns: RUNS },
    )
  })
})

function usageOf({ usage }: World, sims: readonly { imsis: readonly Imsi[] }[]): Usage {
  const named = <Of extends { readonly sim: number }>(of: Of, i: number) => ({
    ...of,
    imsi: sims[of.sim]!.imsis[0]!,
    number: i + 1,
  })
  return { sessions: usage.sessions.map(named), messages: usage.messages.map(named) }
}

/** The first one asks for everything. */
function queries({ usage, around }: World): string[] {
  const instants = [...usage.sessions.flatMap(({ portions }) => portions), ...usage.messages]
  const { at } = instants[around.record % instants.length]!
  const near = `Start=${formatInstant(at - around.before)}&End=${formatInstant(at + around.after)}`
  const whole = `Start=${formatInstant(OLDEST)}&End=${formatInstant(NOW)}`
  const granularities = ['all', 'daily', 'hourly'].map((name) => `Granularity=${name}&${near}`)
  return [`Granularity=all&${whole}`, `Granularity=daily&${whole}`, ...granularities]
}

/** Records that agree must also be those of the usage: none of it is missing in all formats. */
function assertWhole(text: string, { sessions, messages }: DrawnUsage): void {
  const portions = sessions.flatMap((session) => session.portions)
  const sum = (of: readonly number[]) => of.reduce((total, count) => total + BigInt(count), 0n)
  const upload = sum(portions.map((portion) => portion.upload))
  const download = sum(portions.map((portion) => portion.download))
  const data = `"data":{"total":${upload + download},"download":${download},"upload":${upload},`
  assert.ok(text.includes(data), `${data} in ${text}`)
  const toSim = messages.filter(({ direction }) => direction === 'to_sim').length
  const fromSim = messages.length - toSim
  const commands = `"commands":{"total":${messages.length},"to_sim":${toSim},"from_sim":${fromSim},`
  assert.ok(text.includes(commands), `${commands} in ${text}`)
}
