/**
 * A store of two accounts on feeds that are shared in every way: A has SIMs, usage, imports and records
 * that wait, and B attacks. Also what A and the operator see of it, and what they have yet to deliver.
 */
import type { Sid } from '../../src/domain/identifiers.ts'
import { DAY_SECONDS, formatInstant } from '../../src/domain/time.ts'
import { anyList } from './answers.ts'
import { aFeed, iccidOf, imsiOf, msisdnOf, NOW, sidOf } from './builders.ts'
import { basic, HttpFixture, type TestAccount, type TestCredential } from './http-fixture.ts'
import { routesOf } from './routes.ts'

export interface Request {
  readonly method: string
  readonly url: string
  readonly as: TestCredential
  readonly payload?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
}

export interface WorldRecord {
  readonly record_id: string
  readonly sim: string
  readonly occurred_at: string
  readonly upload: number
}

/** Who delivers to each feed, and which account it is bound to. */
const FEEDS = [
  { name: 'rejecting', onConflict: 'reject', grants: 'AB', boundTo: null },
  { name: 'replacing', onConflict: 'replace', grants: 'AB', boundTo: null },
  { name: 'growing', onConflict: 'max', grants: 'AB', boundTo: null },
  { name: 'silent', onConflict: 'replace', grants: 'AB', boundTo: null },
  { name: 'for-a', onConflict: 'replace', grants: 'A', boundTo: null },
  { name: 'for-b', onConflict: 'replace', grants: 'B', boundTo: null },
  { name: 'for-nobody', onConflict: 'replace', grants: '', boundTo: null },
  { name: 'bound-to-a', onConflict: 'replace', grants: 'A', boundTo: 'A' },
] as const
export const FEED_NAMES = FEEDS.map(({ name }) => name)

/** Whether B may deliver to the feed; other feeds do not exist for it. */
export function isGrantedToB(feed: string): boolean {
  return FEEDS.some(({ name, grants }) => name === feed && grants.includes('B'))
}

/** The usage of A's SIMs begins with digits that nothing else has. */
const UPLOAD = 77_311_000

/** A's numbers begin at 1, B's at 101. The last of A's is never named by anybody but A. */
function registration(n: number, uniqueName: string) {
  return {
    sid: sidOf('DE', 0xa77ac0 + n),
    iccid: iccidOf(900_000 + n),
    imsis: [imsiOf(900_000 + n)],
    msisdn: msisdnOf(9_000 + n),
    uniqueName,
    friendlyName: n < 100 ? `The pump by the gate, ${n}` : `B ${n}`,
  }
}

export const LABEL_OF_A = 'customer=very-secret'

export const A_SIMS = [registration(1, 'pump-4'), registration(2, 'meter 12-b')]
const HIDDEN_SIM = registration(3, 'nobody-knows')
const B_SIMS = [registration(101, 'pump-4'), registration(102, 'mine')]
/** It was A's and is B's now, or the other way round. Neither may see what the other used with it. */
const LEFT = registration(4, 'left-us')
const CAME = registration(103, 'came-to-us')
export const MOVED_SIMS = [LEFT, CAME]
/**
 * A number that no SIM has yet. Whoever may register numbers may claim it, along with what comes under
 * it.
 */
export const FREE_IMSI = imsiOf(955_555)

export function namesOf({ sid, iccid, imsis, msisdn, uniqueName }: (typeof A_SIMS)[number]) {
  return [sid, iccid, imsis[0]!, msisdn, uniqueName]
}
export const B_NAMES = B_SIMS.flatMap(namesOf)
export const B_SIDS = B_SIMS.map(({ sid }) => sid)

function aRecord(id: string, sim: string, at: number, upload: number): WorldRecord {
  return { record_id: id, sim, occurred_at: formatInstant(at), upload: UPLOAD + upload }
}

interface Delivery {
  readonly feed: string
  readonly by: 'A' | 'operator'
  readonly records: readonly WorldRecord[]
  /** For B's SIMs. B may have delivered the same earlier, but the operator's version still counts. */
  readonly isOfB?: true
}

/**
 * The same on every feed: records with each kind of name, and one for the SIM that B knows nothing of.
 */
function sentTo(feed: string, at: number): Delivery[] {
  const names = [...namesOf(A_SIMS[0]!).slice(0, 4), ...namesOf(A_SIMS[1]!).slice(0, 4)]
  const records = [
    ...names.map((sim, i) => aRecord(`o${i}`, sim, at + i, i)),
    aRecord('o-hidden', HIDDEN_SIM.iccid, at, 555),
    aRecord('o-free', FREE_IMSI, at, 7),
    ...B_SIMS.map(({ iccid }, i) => ({ ...aRecord(`b${i}`, iccid, at, 0), upload: 5 })),
  ]
  return [{ feed, by: 'operator', records }]
}

const DAY_AGO = NOW - DAY_SECONDS
const SENT: readonly Delivery[] = [
  ...FEED_NAMES.filter((feed) => feed !== 'silent').flatMap((feed) => sentTo(feed, DAY_AGO)),
  ...['rejecting', 'replacing', 'growing', 'for-a'].map(
    (feed): Delivery => ({
      feed,
      by: 'A',
      records: [
        aRecord('a0', 'pump-4', DAY_AGO + 60, 20),
        aRecord('a1', A_SIMS[1]!.iccid, DAY_AGO + 61, 21),
        // These wait: content that differs from the operator's, an unknown SIM, and a missing time.
        aRecord('o1', A_SIMS[0]!.iccid, DAY_AGO + 1, 99),
        aRecord('a2', 'no-such-pump', DAY_AGO, 22),
        { ...aRecord('a3', 'pump-4', DAY_AGO, 23), occurred_at: 'never' },
      ],
    }),
  ),
]

/** Not sent yet: new records, versions by A and the operator of each other's records, and corrections. */
const LATER: readonly Delivery[] = FEED_NAMES.filter((feed) => feed !== 'for-b').flatMap(
  (feed): Delivery[] => [
    {
      feed,
      by: 'operator',
      records: [
        aRecord('n0', A_SIMS[0]!.imsis[0]!, DAY_AGO + 120, 40),
        aRecord('n1', A_SIMS[1]!.iccid, DAY_AGO + 121, 41),
        aRecord('o0', A_SIMS[0]!.sid, DAY_AGO, 42),
        aRecord('a0', A_SIMS[0]!.sid, DAY_AGO + 60, 43),
        aRecord('o2', A_SIMS[0]!.imsis[0]!, DAY_AGO + 2, 2),
        aRecord('n3', 'pump-4', DAY_AGO + 123, 44),
        aRecord('o-free', FREE_IMSI, DAY_AGO + 125, 7),
      ],
    },
    {
      feed,
      by: 'operator',
      records: [{ ...aRecord('n4', B_SIMS[0]!.iccid, DAY_AGO + 124, 0), upload: 6 }],
      isOfB: true,
    },
    ...(['for-nobody', 'silent'].includes(feed)
      ? []
      : [
          {
            feed,
            by: 'A' as const,
            records: [
              aRecord('n2', 'pump-4', DAY_AGO + 122, 45),
              aRecord('n0', A_SIMS[0]!.sid, DAY_AGO + 120, 40),
              aRecord('a1', A_SIMS[1]!.msisdn, DAY_AGO + 61, 46),
              aRecord('a2', 'no-such-pump', DAY_AGO, 22),
            ],
          },
        ]),
  ],
)

/** What B may know of it, each once: everything that does not name the hidden SIM. */
export const KNOWN_RECORDS: readonly WorldRecord[] = [
  ...new Map(
    [...SENT, ...LATER]
      .flatMap(({ records }) => records)
      .filter(({ record_id }) => record_id !== 'o-hidden')
      .map((record) => [JSON.stringify(record), record]),
  ).values(),
]

const MOVED_AT = DAY_AGO - 3_600

/** Usage around the moves. */
const MOVED_USAGE: readonly WorldRecord[] = [
  aRecord('m0', LEFT.iccid, MOVED_AT - 60, 900_000),
  { ...aRecord('m1', LEFT.iccid, MOVED_AT + 60, 0), upload: 5 },
  { ...aRecord('m2', CAME.iccid, MOVED_AT - 60, 0), upload: 6 },
  aRecord('m3', CAME.iccid, MOVED_AT + 60, 900_001),
]

const GRANULARITIES = ['hourly', 'daily', 'all']
const PERIOD = `Start=${formatInstant(NOW - 12 * DAY_SECONDS)}&End=${formatInstant(NOW)}`

/** About the same days. */
const SUPER_SIM_QUESTIONS = [
  'Granularity=hour&PageSize=1000',
  ...['sim', 'fleet', 'network', 'isoCountry'].map((group) => `Granularity=day&Group=${group}`),
  'Sim=pump-4&Granularity=day',
  'Fleet=pumps&Granularity=day',
]

export class AttackWorld {
  readonly fixture: HttpFixture
  readonly a: TestAccount
  readonly b: TestAccount
  /** B's token, and one key for each scope. */
  readonly bCredentials: readonly TestCredential[]
  /** Whether B may register numbers. */
  readonly mayRegister: boolean
  readonly routes: readonly string[]
  readonly aImports: readonly string[]
  readonly aFleets: readonly string[]
  /** Page tokens of A's lists. */
  readonly aTokens: readonly string[]
  readonly #aKey: TestCredential

  private constructor(
    fixture: HttpFixture,
    known: Pick<
      AttackWorld,
      'a' | 'b' | 'bCredentials' | 'routes' | 'aImports' | 'aFleets' | 'aTokens' | 'mayRegister'
    > & {
      aKey: TestCredential
    },
  ) {
    this.fixture = fixture
    this.a = known.a
    this.b = known.b
    this.bCredentials = known.bCredentials
    this.mayRegister = known.mayRegister
    this.routes = known.routes
    this.aImports = known.aImports
    this.aFleets = known.aFleets
    this.aTokens = known.aTokens
    this.#aKey = known.aKey
  }

  static async open({ mayRegister }: { mayRegister: boolean }): Promise<AttackWorld> {
    const limits = { requestBurst: 1_000_000, requestRate: 1_000_000 }
    const fixture = await HttpFixture.open({ limits })
    const { owner: a, operator } = fixture
    // The same in every world, because an account can read its own name.
    await fixture.store.updateAccount(a.account.id, { name: 'The pumps' })
    const b = await fixture.addAccount({ mayRegisterNumbers: mayRegister })
    const accounts = { A: a, B: b }
    for (const { name, onConflict, grants, boundTo } of FEEDS) {
      const accountId = boundTo === null ? null : accounts[boundTo].account.id
      const stated = aFeed({ name, format: 'ndjson', onConflict, accountId })
      const { id } = await fixture.store.createFeed(stated)
      for (const to of grants) {
        await fixture.store.grantFeed(id, accounts[to as 'A' | 'B'].account.id, NOW)
      }
    }
    for (const sim of [...A_SIMS, HIDDEN_SIM]) await fixture.addSim(sim, a)
    for (const sim of B_SIMS) await fixture.addSim(sim, b)
    await addMovedSims(fixture, a, b)
    const aFleet = await fixture.post('/supersim/v1/Fleets', { UniqueName: 'pumps' }, { as: a })
    await fixture.post(`/supersim/v1/Sims/${A_SIMS[0]!.sid}`, { Fleet: 'pumps' }, { as: a })
    await fixture.post(`/v1/Sims/${A_SIMS[1]!.sid}`, { Label: LABEL_OF_A }, { as: a })
    await fixture.post('/supersim/v1/Fleets', { UniqueName: 'pumps' }, { as: b })
    const keys = {
      a: await fixture.addKey({ account: a, scope: 'read' }),
      b: [b] as TestCredential[],
    }
    for (const scope of ['read', 'ingest', 'admin'] as const) {
      keys.b.push(await fixture.addKey({ account: b, scope }))
    }

    fixture.clock.now = NOW - 10 * DAY_SECONDS
    for (const delivery of sentTo('silent', fixture.clock.now - 3_600)) {
      await deliver(fixture, delivery, operator)
    }
    fixture.clock.now = NOW
    for (const delivery of SENT) {
      await deliver(fixture, delivery, delivery.by === 'A' ? a : operator)
    }
    const undone = await deliver(fixture, { ...SENT.at(-1)!, feed: 'replacing' }, a)
    await fixture.post(`/v1/Imports/${undone.body.import}/Undo`, {}, { as: a })

    // A's list of keys shows when they were used, and looking at what A sees uses them.
    await fixture.store.noteKeyUses([{ sid: keys.a.sid as Sid, at: NOW }])
    const listed = await fixture.get('/v1/Imports', { as: a })
    const aTokens: string[] = []
    for (const list of [
      '/v1/Imports',
      '/v1/Sims',
      `/v1/UsageRecords?Granularity=hourly&${PERIOD}`,
      `/v1/Usage?GroupBy=sim&${PERIOD}`,
    ]) {
      const url = `${list}${list.includes('?') ? '&' : '?'}PageSize=1`
      const { meta } = anyList((await fixture.get(url, { as: a })).body)
      aTokens.push(new URL(meta.next_page_url!).searchParams.get('PageToken')!)
    }
    return new AttackWorld(fixture, {
      ...{ a, b, aKey: keys.a, bCredentials: keys.b, mayRegister },
      routes: await routesOf(fixture.server),
      aImports: listed.body.imports.map(({ import: sid }) => sid),
      aFleets: [aFleet.body.sid, 'pumps'],
      aTokens,
    })
  }

  close(): Promise<void> {
    return this.fixture.close()
  }

  /** What nobody tells B except by its own deliveries. Names that B's SIMs share are not secret. */
  get secrets(): readonly string[] {
    const names = [...A_SIMS, HIDDEN_SIM].flatMap((sim) => [...namesOf(sim), sim.friendlyName])
    const uploads = [...SENT, ...LATER].flatMap(({ records }) =>
      records.flatMap(({ upload }) => (upload < UPLOAD ? [] : [String(upload)])),
    )
    names.push(LEFT.uniqueName, LEFT.friendlyName)
    for (const { upload } of MOVED_USAGE) if (upload >= UPLOAD) uploads.push(String(upload))
    const sids = [this.a.sid, this.#aKey.sid, this.fixture.operator.sid, ...this.aImports]
    sids.push(this.aFleets[0]!, LABEL_OF_A.split('=')[1]!)
    return [...new Set([...names, ...uploads, ...sids])].filter((word) => !B_NAMES.includes(word))
  }

  async ask({ method, url, as, payload, headers }: Request): Promise<Reply> {
    return ask(this.fixture, {
      method,
      url,
      as,
      ...(payload && { payload }),
      ...(headers && { headers }),
    })
  }

  /** Every answer that A can get, and what the operator learns of feeds, by request. */
  async snapshot(): Promise<ReadonlyMap<string, string>> {
    const answers = new Map<string, string>()
    const look = async (as: TestCredential, url: string) => {
      const { status, headers, text } = await ask(this.fixture, { method: 'GET', url, as })
      const { date: _, 'twilio-request-id': __, 'server-timing': ___, ...rest } = headers
      answers.set(url, JSON.stringify([status, rest, text]))
    }
    for (const url of this.#urls()) await look(this.a, url)
    // Another credential of the account sees the same.
    for (const url of ['/v1/Sims', '/v1/Imports']) await look(this.#aKey, `${url}?PageSize=99`)
    for (const url of ['/v1/Feeds', ...FEED_NAMES.map((name) => `/v1/Feeds/${name}/Gaps`)]) {
      await look(this.fixture.operator, `${url}?of=operator`)
    }
    return answers
  }

  /**
   * Delivers what A and the operator have not sent yet. Returns the fate of each record, and what A sees
   * then.
   */
  async deliverLater(): Promise<string> {
    const told: unknown[] = []
    for (const delivery of LATER) {
      const as = delivery.by === 'A' ? this.a : this.fixture.operator
      const { status, body } = await deliver(this.fixture, delivery, as)
      const { accepted, duplicate, replaced, quarantined, expired, errors } = body
      const counted = delivery.isOfB
        ? accepted + duplicate + replaced
        : { accepted, duplicate, replaced }
      told.push({ status, delivery, counted, quarantined, expired, errors })
      const left = await this.fixture.get(`/v1/Imports/${body.import}/Quarantine`, { as })
      told.push(left.body.quarantine)
    }
    const lines = told.map((one) => JSON.stringify(one))
    return this.#inAnyWorld([...lines, ...(await this.#seen())].join('\n'))
  }

  /**
   * What A sees, and what B has used, once B has undone all of its own deliveries. It must be as if B had
   * done nothing.
   */
  async asIfNothing(): Promise<string> {
    const used: string[] = []
    for (const { sid } of B_SIMS) {
      const url = `/v1/Sims/${sid}/UsageRecords?${PERIOD}&Granularity=daily`
      used.push((await this.ask({ method: 'GET', url, as: this.b })).text)
    }
    return this.#inAnyWorld([...used, ...(await this.#seen())].join('\n'))
  }

  async #seen(): Promise<string[]> {
    return [...(await this.snapshot())].map((answer) => answer.join(' '))
  }

  #urls(): string[] {
    const paths = new Map<string, readonly string[]>([
      [
        ':SidOrUniqueName',
        [
          ...['pump-4', LEFT.uniqueName],
          ...[...A_SIMS, HIDDEN_SIM, ...MOVED_SIMS].map(({ sid }) => sid),
        ],
      ],
      [':id', this.aImports],
      [':name', ['rejecting']],
      [':Sid', [this.a.sid]],
      [':FleetSidOrUniqueName', this.aFleets],
      [':SidOrName', this.aFleets],
      [':NetworkSid', ['HW00000000000000000000000000310260']],
    ])
    const gets = this.routes
      .filter((route) => route.startsWith('GET '))
      .map((route) => route.slice(4))
    const urls = gets.flatMap((pattern) => {
      const parameter = /:\w+/.exec(pattern)?.[0]
      if (parameter === undefined) return [pattern]
      return paths.get(parameter)!.map((name) => pattern.replace(parameter, name))
    })
    const [imports, sims, hours, members] = this.aTokens
    return [
      ...urls.flatMap((url) =>
        url.endsWith('/v1/UsageRecords') && url.startsWith('/supersim')
          ? SUPER_SIM_QUESTIONS.map((question) => `${url}?${question}`)
          : url.endsWith('/UsageRecords')
            ? GRANULARITIES.map((granularity) => `${url}?${PERIOD}&Granularity=${granularity}`)
            : [url.endsWith('/UsageEvents') ? `${url}?${PERIOD}` : url],
      ),
      ...FEED_NAMES.map((feed) => `/v1/Sims/pump-4/UsageEvents?Feed=${feed}&${PERIOD}`),
      `/v1/Imports?PageSize=1&PageToken=${imports}`,
      `/v1/Sims?PageSize=1&PageToken=${sims}`,
      `/v1/UsageRecords?Granularity=hourly&PageSize=1&PageToken=${hours}`,
      `/v1/Usage?PageSize=1&PageToken=${members}`,
      ...['sim', 'group,label:customer', 'zone,country,network,feed'].map(
        (dimensions) => `/v1/Usage?${PERIOD}&GroupBy=${dimensions}`,
      ),
      `/v1/Sims?Label=${encodeURIComponent(LABEL_OF_A)}`,
    ]
  }

  /** Removes what differs from store to store. */
  #inAnyWorld(text: string): string {
    const imports: string[] = []
    return text
      .replaceAll(this.a.sid, '(A)')
      .replaceAll(this.b.sid, '(B)')
      .replaceAll(this.#aKey.sid, '(key)')
      .replaceAll(this.aFleets[0]!, '(fleet)')
      .replaceAll(/PageToken=[\w.~%-]+/g, 'PageToken=(token)')
      .replaceAll(/IM[0-9a-f]{32}/g, (sid) => {
        if (!imports.includes(sid)) imports.push(sid)
        return `(import ${imports.indexOf(sid)})`
      })
  }
}

async function addMovedSims(fixture: HttpFixture, a: TestAccount, b: TestAccount): Promise<void> {
  const { store, operator } = fixture
  for (const [stated, from, to] of [
    [LEFT, a, b],
    [CAME, b, a],
  ] as const) {
    const options = { at: NOW - 11 * DAY_SECONDS, newSid: () => stated.sid }
    const { id } = await store.createSim(from.account.id, stated, options)
    await store.moveSim(id, { toAccountId: to.account.id, since: MOVED_AT }, NOW)
  }
  await deliver(fixture, { feed: 'rejecting', by: 'operator', records: MOVED_USAGE }, operator)
}

async function ask(fixture: HttpFixture, request: Request): Promise<Reply> {
  const { method, url, as, payload, headers } = request
  const reply = await fixture.server.inject({
    method: method as 'GET',
    url,
    headers: { authorization: basic(as), ...headers },
    ...(payload !== undefined && { payload }),
  })
  return { status: reply.statusCode, headers: reply.headers, text: reply.body }
}

/** Records as a request body. Their network is home for everybody. */
export function bodyOf(records: readonly WorldRecord[]): string {
  return records.map((record) => `${JSON.stringify({ ...record, plmn: '310-260' })}\n`).join('')
}

function deliver(fixture: HttpFixture, { feed, records }: Delivery, as: TestCredential) {
  return fixture.send('POST', `/v1/Feeds/${feed}/Records`, bodyOf(records), { as })
}
