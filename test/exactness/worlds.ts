/** Random worlds: a directory, feeds, deliveries of all kinds, and questions about them. */
import fc from 'fast-check'
import { checkDigit, iccidOf, imsiOf, instant, msisdnOf, sidOf } from '../support/builders.ts'
import type { ModelAccount, ModelHome, ModelSim } from '../support/model-directory.ts'
import {
  ALL_COLUMNS,
  COUNTRY_SPELLINGS,
  type DeliveryForm,
  deliveryBytes,
  INSTANT_SPELLINGS,
  PLMN_SPELLINGS,
  type RecordSpelling,
  type WrittenRecord,
} from '../support/record-files.ts'
import type { DeliveredRecord, ModelFeed, Reason } from '../support/usage-model.ts'
import { anyInstant, anyQuestion, type Question } from './questions.ts'

const HOUR = 3_600
const DAY = 24 * HOUR

export interface World {
  /** When everything starts. */
  readonly now: number
  readonly accounts: readonly ModelAccount[]
  readonly sims: readonly ModelSim[]
  readonly feeds: readonly WorldFeed[]
  /** One that is registered late or never; until then nobody knows its names. */
  readonly lateSim: ModelSim
  readonly deliveries: readonly Delivery[]
  /** What is done between them. */
  readonly acts: readonly Act[]
  readonly questions: readonly Question[]
}

/** Something done after so many deliveries. `which` picks one of those there are then. */
export type Act = { readonly after: number } & (
  | { readonly kind: 'undo'; readonly which: number; readonly road: 'store' | 'http' }
  | {
      readonly kind: 'recycle'
      /** The late SIM is registered just before. */
      readonly registers: boolean
      readonly of: 'import' | 'feed' | 'everything'
      readonly which: number
      readonly reason: Reason | null
      readonly road: 'store' | 'http'
      readonly waitsSeconds: number
    }
  | { readonly kind: 'accept'; readonly which: number; readonly road: 'store' | 'http' }
  | { readonly kind: 'register' }
  | { readonly kind: 'try'; readonly which: number }
)

export interface WorldFeed extends ModelFeed {
  readonly format: 'csv' | 'ndjson'
}

/** One file of records, how it comes, and what happens before it does. */
export interface Delivery {
  readonly feed: WorldFeed
  /** The account whose key delivers; null for the operator's. */
  readonly by: ModelAccount | null
  readonly records: readonly WrittenRecord[]
  readonly form: DeliveryForm
  readonly road: 'import' | 'http'
  readonly batchRecordsMax: number
  readonly chunkBytes: readonly number[]
  readonly waitsSeconds: number
  readonly sealsDays: number
  readonly purges: boolean
  /** A dry run of it comes before, and must announce what it then does. */
  readonly tries: boolean
}

/** Instants at which clocks are worth reading: month ends, a leap day, the start of a year. */
const CLOCKS = [
  '2026-03-15T12:34:56Z',
  '2024-03-01T00:00:00Z',
  '2025-08-31T23:59:59Z',
  '2028-02-29T10:00:00Z',
  '2027-01-01T00:30:00Z',
].map(instant)

const PARTS = 3
const ACTS_MAX = 8
const FEEDS = 3
const WAIT_SECONDS_MAX = 2 * HOUR

/** The unique name of a SIM in each account: without a key of one of them it names neither. */
const ACCOUNT_SIDS = [sidOf('AC', 0xa), sidOf('AC', 0xb)] as const
const SHARED_NAME = 'truck'

/** With `eventful`, more is undone and recycled, and there is more for it to change. */
export function anyWorld(size: {
  identitiesMax: number
  questions: number
  eventful?: boolean
}): fc.Arbitrary<World> {
  const eventful = size.eventful === true
  return fc.constantFrom(...CLOCKS).chain((now) =>
    fc
      .record({
        directory: anyDirectory,
        feeds: anyFeeds,
        identities: fc.array(anyIdentity(now, eventful), {
          minLength: eventful ? Math.ceil(size.identitiesMax / 2) : 1,
          maxLength: size.identitiesMax,
        }),
        manners: fc.array(anyManner(eventful), {
          minLength: PARTS * FEEDS,
          maxLength: PARTS * FEEDS,
        }),
        acts: fc.array(anyAct, {
          minLength: eventful ? ACTS_MAX : 0,
          maxLength: eventful ? 2 * ACTS_MAX : ACTS_MAX,
        }),
        questions: fc.array(anyQuestion(now, SIMS), {
          minLength: size.questions,
          maxLength: size.questions,
        }),
      })
      .map(({ directory, feeds, identities, manners, acts, questions }) => {
        const { accounts, sims, lateSim } = directory
        const arrivals = identities
          .flatMap((identity) => arrivalsOf(identity, [...sims, lateSim]))
          .toSorted((a, b) => a.order - b.order)
        const deliveries = manners.map(({ by, ...manner }, i) => ({
          ...manner,
          feed: feeds[i % FEEDS]!,
          by: delivererOf(feeds[i % FEEDS]!, by === null ? null : accounts[by]!),
          records: arrivals.filter(({ part, feed }) => part * FEEDS + feed === i),
        }))
        const world = { now, accounts, sims, lateSim, feeds, deliveries, acts, questions }
        return { ...world, [fc.toStringMethod]: () => describeWorld(world) }
      }),
  )
}

/** What a person needs to play a counterexample through by hand. */
function describeWorld(world: World): string {
  const { now, accounts, sims, lateSim, feeds, deliveries, acts, questions } = world
  const lines = [
    `now ${new Date(now * 1000).toISOString()}`,
    ...accounts.map((account) => `account ${JSON.stringify(account)}`),
    ...[...sims, lateSim].map(
      (sim) => `sim ${JSON.stringify({ ...sim, account: sim.account.sid })}`,
    ),
    ...feeds.map((feed) => `feed ${JSON.stringify(feed)}`),
  ]
  for (const [i, { records, form, feed, by, ...rest }] of deliveries.entries()) {
    lines.push(...acts.filter(({ after }) => after === i).map((act) => JSON.stringify(act)))
    if (records.length === 0) continue
    lines.push(
      `delivery ${i} to ${feed.name} by ${by?.sid ?? 'the operator'} ${JSON.stringify(rest)}`,
    )
    lines.push(deliveryBytes(records, { ...form, gzip: false }).toString())
  }
  const atEnd = acts.filter(({ after }) => after >= deliveries.length)
  lines.push(...atEnd.map((act) => JSON.stringify(act)))
  return [...lines, ...questions.map((question) => JSON.stringify(question))].join('\n')
}

/** To a feed that is bound to an account, only that one and the operator deliver. */
function delivererOf({ boundTo }: WorldFeed, by: ModelAccount | null): ModelAccount | null {
  return boundTo === null || boundTo === by?.sid ? by : null
}

const NO_HOME: ModelHome = { plmns: [], countries: [] }
const anyHome: fc.Arbitrary<ModelHome> = fc.record({
  plmns: fc.subarray(['310-260', '310-160', '208-01']),
  countries: fc.subarray(['US', 'PR', 'FR']),
})
const anyOverride = fc.oneof({ weight: 2, arbitrary: fc.constant(NO_HOME) }, anyHome)

const SIMS = 5
const anyDirectory = fc
  .record({
    homes: fc.tuple(anyHome, anyHome),
    overrides: fc.array(anyOverride, { minLength: SIMS + 1, maxLength: SIMS + 1 }),
  })
  .map(({ homes: [homeA, homeB], overrides }) => {
    const a: ModelAccount = { sid: ACCOUNT_SIDS[0], home: homeA }
    const b: ModelAccount = { sid: ACCOUNT_SIDS[1], home: homeB }
    const nameless = { iccid: null, imsis: [], msisdn: null, uniqueName: null }
    const sim = (n: number, account: ModelAccount, names: Partial<ModelSim>): ModelSim => ({
      ...nameless,
      sid: sidOf(n % 2 === 0 ? 'HS' : 'DE', n),
      account,
      home: overrides[n - 1]!,
      ...names,
    })
    const sims = [
      sim(1, a, { iccid: iccidOf(1), imsis: [imsiOf(1), imsiOf(11)], msisdn: msisdnOf(1) }),
      sim(2, a, { iccid: iccidOf(2).slice(0, -1), uniqueName: SHARED_NAME }),
      sim(3, a, { imsis: [imsiOf(3)], uniqueName: 'Lkw "7", Köln' }),
      sim(4, b, { iccid: iccidOf(4), imsis: [imsiOf(4)], uniqueName: SHARED_NAME }),
      sim(5, b, { imsis: [imsiOf(5)], msisdn: msisdnOf(5) }),
    ]
    const lateSim = sim(6, a, { imsis: [imsiOf(6)], uniqueName: 'late' })
    return { accounts: [a, b], sims, lateSim }
  })

/** All the names that a record may give the SIM. */
function namesOf({ sid, iccid, imsis, msisdn, uniqueName }: ModelSim): string[] {
  const withoutCheckDigit = iccid?.slice(0, -1) ?? ''
  return [
    sid,
    ...imsis,
    ...(uniqueName === null ? [] : [uniqueName]),
    ...(msisdn === null ? [] : [msisdn, `+${msisdn}`]),
    ...(iccid === null ? [] : [iccid, iccid.replace(/(\d{4})/g, '$1 ').trim(), `${iccid}F`]),
    ...(iccid === null ? [] : [iccid + checkDigit(iccid)]),
    ...(iccid === withoutCheckDigit + checkDigit(withoutCheckDigit) ? [withoutCheckDigit] : []),
  ]
}

/** One feed a policy. */
const anyFeeds = fc
  .tuple(
    ...(['reject', 'replace', 'max'] as const).map((onConflict) =>
      fc.record({
        name: fc.constant(`feed-${onConflict}`),
        onConflict: fc.constant(onConflict),
        defaultZone: fc.constantFrom(null, 'home', 'national_roaming', 'international_roaming'),
        format: fc.constantFrom('csv', 'ndjson'),
        boundTo: fc.constantFrom(null, null, ACCOUNT_SIDS[0]),
      }),
    ),
  )
  .map((feeds): readonly WorldFeed[] => feeds)

/** What makes an event itself, and everything that comes under this identity. */
interface Identity {
  readonly feed: number
  /** Position of the SIM; after the last comes the late one, then one that nobody registers. */
  readonly sim: number
  readonly occurredAt: number
  readonly recordId: string
  /** One content that comes again and again, or several that contradict each other. */
  readonly contents: readonly Content[]
  readonly comings: readonly Coming[]
}

type Content = Omit<DeliveredRecord, 'recordId' | 'sim' | 'occurredAt'>

interface Coming {
  readonly content: number
  readonly name: number
  readonly part: number
  readonly order: number
  readonly spelling: RecordSpelling
}

/** `plmn country zone`, - for what is not stated. 299-01 is of no country that is known. */
const NETWORKS = [
  '310-260 - -',
  '310-160 - -',
  '310-410 - -',
  '310-26 - -',
  '330-110 - -',
  '208-01 - -',
  '208-10 - -',
  '221-01 - -',
  '901-14 - -',
  '- FR -',
  '- US -',
  '- ZZ -',
  '310-260 MX -',
  '208-01 PR -',
  '208-01 - home',
  '310-260 - international_roaming',
  '- GB international_roaming',
  '- - national_roaming',
  '- - -',
  '299-01 - -',
  '299-01 - international_roaming',
]

const anyCounter = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 3, arbitrary: fc.nat({ max: 3 }) },
  { weight: 2, arbitrary: fc.nat({ max: 10_000_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(2 ** 53 - 1, 2 ** 53 - 2, 2 ** 50 + 1) },
)
/** Rarely one that cannot be counted. */
const anyUpload = fc.oneof(
  { weight: 40, arbitrary: anyCounter },
  { weight: 1, arbitrary: fc.constantFrom(-1, 0.5, 2 ** 53, 1e21) },
)

const anyContent: fc.Arbitrary<Content> = fc
  .record({
    network: fc.constantFrom(...NETWORKS),
    upload: anyUpload,
    download: anyCounter,
    toSim: anyCounter,
    fromSim: anyCounter,
  })
  .map(({ network, ...counters }) => {
    const [plmn, country, zone] = network.split(' ').map((part) => (part === '-' ? null : part))
    return { plmn: plmn!, country: country!, zone: zone as Content['zone'], ...counters }
  })

const anySpelling: fc.Arbitrary<RecordSpelling> = fc.record({
  instant: fc.nat({ max: INSTANT_SPELLINGS.length - 1 }),
  plmn: fc.nat({ max: PLMN_SPELLINGS.length - 1 }),
  country: fc.nat({ max: COUNTRY_SPELLINGS.length - 1 }),
  writesZeros: fc.boolean(),
  quotes: fc.boolean(),
})

const anyComing: fc.Arbitrary<Coming> = fc.record({
  content: fc.nat({ max: 2 }),
  name: fc.nat({ max: 20 }),
  part: fc.nat({ max: PARTS - 1 }),
  order: fc.nat({ max: 1_000_000 }),
  spelling: anySpelling,
})

function anyIdentity(now: number, eventful: boolean): fc.Arbitrary<Identity> {
  // Only where much is waited for does this cease to be too far in the future.
  const tooFar = now + 2 * DAY
  return fc.record({
    feed: eventful ? fc.constantFrom(0, 0, 1, 1, 2, 2) : fc.nat({ max: FEEDS - 1 }),
    sim: fc.oneof(
      { weight: 9, arbitrary: fc.nat({ max: SIMS - 1 }) },
      { weight: eventful ? 6 : 1, arbitrary: fc.constant(SIMS) },
      fc.constant(SIMS + 1),
    ),
    occurredAt: fc.oneof({ weight: 20, arbitrary: anyInstant(now) }, fc.constant(tooFar)),
    recordId: fc.constantFrom('r1', 'r2', 'R1', '0', 'a,"b"', 'ñ🚚', `'; DROP TABLE ledger`),
    contents: fc.array(anyContent, { minLength: eventful ? 2 : 1, maxLength: 3 }),
    comings: fc.array(anyComing, { minLength: eventful ? 3 : 1, maxLength: eventful ? 7 : 5 }),
  })
}

const NOBODY = ['nobody', imsiOf(999), sidOf('DE', 999)]

function arrivalsOf(
  { feed, sim, occurredAt, recordId, contents, comings }: Identity,
  sims: readonly ModelSim[],
) {
  const names = sims[sim] === undefined ? NOBODY : namesOf(sims[sim])
  return comings.map(({ content, name, part, order, spelling }) => ({
    record: {
      recordId,
      sim: names[name % names.length]!,
      occurredAt,
      ...contents[content % contents.length]!,
    },
    spelling,
    part,
    order,
    feed,
  }))
}

const anyManner = (eventful: boolean) =>
  fc.record({
    by: eventful
      ? fc.constantFrom(null, null, null, 0)
      : fc.option(fc.nat({ max: 1 }), { freq: 3 }),
    form: fc.record({
      format: fc.constantFrom('csv', 'ndjson'),
      gzip: fc.boolean(),
      columns: fc.shuffledSubarray([...ALL_COLUMNS], { minLength: ALL_COLUMNS.length }),
      lineEnd: fc.constantFrom('\n', '\r\n'),
      endsLastLine: fc.boolean(),
      byteOrderMark: fc.boolean(),
    }),
    road: fc.constantFrom('import', 'import', 'http'),
    batchRecordsMax: fc.constantFrom(1, 2, 7, 1_000),
    chunkBytes: fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 4 }),
    waitsSeconds: fc.oneof(fc.constant(0), fc.nat({ max: WAIT_SECONDS_MAX })),
    sealsDays: fc.oneof(fc.constant(0), fc.nat({ max: 20 })),
    purges: fc.boolean(),
    tries: fc.boolean(),
  })

const anyAct: fc.Arbitrary<Act> = fc
  .record({
    after: fc.nat({ max: PARTS * FEEDS }),
    which: fc.nat({ max: 20 }),
    road: fc.constantFrom('store', 'http'),
    registers: fc.boolean(),
    of: fc.constantFrom('import', 'feed', 'everything'),
    reason: fc.constantFrom(null, null, 'unknown_sim', 'conflict', 'future'),
    waitsSeconds: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat({ max: 2 * DAY })),
    kind: fc.oneof(
      { weight: 4, arbitrary: fc.constant('undo') },
      { weight: 4, arbitrary: fc.constant('recycle') },
      { weight: 3, arbitrary: fc.constant('accept') },
      { weight: 1, arbitrary: fc.constant('register') },
      { weight: 1, arbitrary: fc.constant('try') },
    ),
  })
  .map((act) => act as Act)
