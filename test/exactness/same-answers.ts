/**
 * The engines beside each other: the same feed brought to each, the same requests sent to each, and
 * the answers compared byte for byte. SIDs, the clock and the key that signs page tokens are the
 * same everywhere. Left out of the comparison: `Twilio-Request-Id`, which is new for each request,
 * `Server-Timing`, and `Date`, which the machine's clock gives.
 */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { sidOf } from '../support/builders.ts'
import type { EngineName } from '../support/temp-store.ts'
import {
  type Laboratory,
  OPERATOR,
  openLaboratory,
  pathOf,
  queryOf,
  type RawAnswer,
  type RawRequest,
} from './laboratory.ts'
import { anyQuestion } from './questions.ts'
import { anyWorld, type World } from './worlds.ts'

const NOT_COMPARED = new Set(['twilio-request-id', 'server-timing', 'date'])

const KEY = Buffer.alloc(32, 7)

/** A request that may depend on the answer before it: the pages of a list follow each other. */
type Step = (previous: RawAnswer | null) => RawRequest

interface AskedAtRandom {
  readonly seed: number
  readonly requests: number
  /** Is told each answer, which all engines give. */
  readonly told?: (answer: RawAnswer) => void
}

export async function assertSameAnswers(
  engines: readonly EngineName[],
  { seed, requests, told = () => {} }: AskedAtRandom,
): Promise<ReadonlyMap<number, number>> {
  const [world] = fc.sample(anyWorld({ identitiesMax: 60, questions: 1 }), { seed, numRuns: 1 })
  const steps = fc.sample(anyStep(world!), { seed, numRuns: requests })
  const laboratories: Laboratory[] = []
  const statuses = new Map<number, number>()
  try {
    for (const engine of engines) {
      laboratories.push(await openLaboratory(world!, { engine, signingKey: KEY }))
    }
    for (const delivery of world!.deliveries) {
      if (delivery.records.length === 0) continue
      for (const laboratory of laboratories) await laboratory.deliver(delivery)
    }
    let previous: RawAnswer | null = null
    for (const [number, step] of steps.entries()) {
      const request = step(previous)
      const answers: RawAnswer[] = []
      for (const laboratory of laboratories) answers.push(compared(await laboratory.send(request)))
      const [first, ...others] = answers
      for (const [i, other] of others.entries()) {
        const where = `request ${number} of seed ${seed} on ${engines[0]} and ${engines[i + 1]}`
        assert.deepEqual(other, first, `${where}: ${JSON.stringify(request)}`)
      }
      assert.ok(first!.status < 500, `${first!.body} to ${JSON.stringify(request)}`)
      statuses.set(first!.status, (statuses.get(first!.status) ?? 0) + 1)
      told(first!)
      previous = first!
    }
    for (const laboratory of laboratories) await laboratory.assertAuditClean()
  } finally {
    for (const laboratory of laboratories) await laboratory.close()
  }
  return statuses
}

function compared({ status, headers, body }: RawAnswer): RawAnswer {
  const kept = Object.entries(headers).filter(([name]) => !NOT_COMPARED.has(name))
  return { status, headers: Object.fromEntries(kept), body }
}

function anyStep(world: World): fc.Arbitrary<Step> {
  const fixed = (requests: fc.Arbitrary<RawRequest>) =>
    requests.map(
      (request): Step =>
        () =>
          request,
    )
  return fc.oneof(
    { weight: 5, arbitrary: fixed(anyUsageRequest(world)) },
    { weight: 3, arbitrary: anyNextPage(world) },
    { weight: 2, arbitrary: fixed(anyList(world)) },
    { weight: 1, arbitrary: fixed(anyChange(world)) },
    { weight: 1, arbitrary: fixed(anyDelivery(world)) },
    { weight: 2, arbitrary: fixed(anyMistake(world)) },
  )
}

function anyCaller({ accounts }: World): fc.Arbitrary<string> {
  return fc.constantFrom(...accounts.map(({ sid }) => sid), OPERATOR.sid)
}

function get(url: string, as: string | null): RawRequest {
  return { method: 'GET', url, as }
}

/** Both resources in all granularities; another account's SIM among them. */
function anyUsageRequest(world: World): fc.Arbitrary<RawRequest> {
  const { sims, accounts } = world
  const question = anyQuestion(world.now, sims.length)
  return fc.tuple(question, anyCaller(world)).map(([asked, caller]) => {
    const { sim, account } = asked
    const query = queryOf(asked, 1)
    if (sim !== null) return get(`${pathOf(sims[sim]!, asked.byName)}?${query}`, caller)
    const { sid } = accounts[account]!
    const named = caller === OPERATOR.sid ? `&AccountSid=${sid}` : ''
    return get(`/v1/UsageRecords?${query}${named}`, caller)
  })
}

/** Follows a link of the answer before; now and then with a change that a token does not allow. */
function anyNextPage(world: World): fc.Arbitrary<Step> {
  const link = fc.constantFrom(
    'next_page_url',
    'next_page_url',
    'previous_page_url',
    'first_page_url',
  )
  const change = fc.constantFrom(
    '',
    '',
    '',
    '',
    '&Page=7',
    '&PageSize=2',
    '&Granularity=daily',
    'x',
  )
  return fc
    .tuple(link, change, anyCaller(world), anyUsageRequest(world))
    .map(([name, added, caller, otherwise]) => (previous) => {
      const meta = metaOf(previous)
      const next = meta?.[name]
      if (typeof next !== 'string') return otherwise
      const { pathname, search } = new URL(next)
      return get(`${pathname}${search}${added}`, callerOf(next, world) ?? caller)
    })
}

function metaOf(answer: RawAnswer | null): Record<string, unknown> | undefined {
  if (answer === null || answer.status !== 200) return undefined
  return (JSON.parse(answer.body) as { meta?: Record<string, unknown> }).meta
}

/** Whose list it is, where the URL tells. */
function callerOf(url: string, { sims, accounts }: World): string | undefined {
  const sim = sims.find(({ sid }) => url.includes(sid))
  return (sim?.account ?? accounts.find(({ sid }) => url.includes(sid)))?.sid
}

function anyList(world: World): fc.Arbitrary<RawRequest> {
  const { sims } = world
  const path = fc.oneof(
    fc.constantFrom('/v1/Sims', '/v1/Sims', '/v1/Imports', '/v1/Feeds'),
    fc.constantFrom(...sims.map(({ sid }) => `/v1/Sims/${sid}`)),
    fc.integer({ min: 1, max: 12 }).map((id) => `/v1/Imports/${id}`),
    fc.integer({ min: 1, max: 12 }).map((id) => `/v1/Imports/${id}/Quarantine`),
  )
  const query = fc.constantFrom(
    ...['', '', 'PageSize=1', 'PageSize=2', 'PageSize=3', 'PageSize=1000', 'Status=active'],
    ...['Status=inactive', `Iccid=${sims[0]!.iccid}`, `AccountSid=${world.accounts[1]!.sid}`],
  )
  return fc
    .tuple(path, query, anyCaller(world))
    .map(([asked, given, caller]) => get(`${asked}?${given}`, caller))
}

/** Changes that succeed and changes that meet another SIM. */
function anyChange(world: World): fc.Arbitrary<RawRequest> {
  const { sims, accounts } = world
  const form = fc.constantFrom(
    ...['FriendlyName=Köln', 'FriendlyName=', 'Status=suspended', 'Status=active'],
    ...['UniqueName=truck', 'UniqueName=other', 'UniqueName=', 'Status=asleep&UniqueName=%00'],
  )
  const ofSim = fc.tuple(fc.nat({ max: sims.length - 1 }), form, anyCaller(world))
  const changing = ofSim.map(([sim, payload, as]) => ({
    url: `/v1/Sims/${sims[sim]!.sid}`,
    payload,
    as,
  }))
  const sid = fc.nat({ max: 8 }).map((n) => sidOf('DE', 0x100 + n))
  const adding = fc
    .tuple(
      sid,
      fc.constantFrom('', '&Iccid=8901260000000000013', '&UniqueName=truck'),
      fc.nat({ max: 1 }),
    )
    .map(([added, rest, account]) => {
      return { url: '/v1/Sims', payload: `Sid=${added}${rest}`, as: accounts[account]!.sid }
    })
  const contentType = 'application/x-www-form-urlencoded'
  return fc.oneof(changing, adding).map((request) => ({ method: 'POST', contentType, ...request }))
}

/** Small deliveries whose records are new, known, contradicting, or cannot be counted. */
function anyDelivery(world: World): fc.Arbitrary<RawRequest> {
  const { sims, feeds, now } = world
  const record = fc.record({
    record_id: fc.constantFrom('d1', 'd2', 'd3', 'd4'),
    sim: fc.constantFrom(...sims.map(({ sid }) => sid as string), 'nobody'),
    occurred_at: fc
      .nat({ max: 40 })
      .map((hours) => new Date((now - hours * 3_600) * 1_000).toISOString()),
    plmn: fc.constantFrom('310-260', '208-01', '310-410', '299-01'),
    upload: fc.constantFrom(0, 1, 2 ** 53 - 1, -1),
  })
  const lines = fc.array(record, { minLength: 1, maxLength: 12 })
  return fc
    .tuple(
      fc.constantFrom(...feeds),
      lines,
      anyCaller(world),
      fc.constantFrom('', '{"record_id":\n'),
    )
    .map(([feed, records, as, rest]) => ({
      method: 'POST',
      url: `/v1/Feeds/${feed.name}/Records`,
      as,
      contentType: 'application/x-ndjson',
      payload: records.map((one) => `${JSON.stringify(one)}\n`).join('') + rest,
    }))
}

function anyMistake(world: World): fc.Arbitrary<RawRequest> {
  const { accounts, sims } = world
  const [a, b] = accounts.map(({ sid }) => sid)
  const ofA = sims.find(({ account }) => account.sid === a)!.sid
  const usage = '/v1/UsageRecords'
  return fc.constantFrom<RawRequest>(
    get(usage, null),
    { ...get(usage, a!), secret: 'wrong' },
    get(usage, sidOf('AC', 0xdead)),
    get(usage, OPERATOR.sid),
    get(`${usage}?Granularity=weekly&PageSize=0&Start=yesterday`, a!),
    get(`${usage}?Start=2026-03-02&End=2026-03-01`, a!),
    get(`${usage}?PageToken=abc`, a!),
    get(`/v1/Sims/${ofA}/UsageRecords`, b!),
    get('/v1/Sims/nothing/UsageRecords', a!),
    get('/v1/Sims?Page=3', a!),
    get('/v1/Imports/999999', OPERATOR.sid),
    get('/v1/Imports/x', OPERATOR.sid),
    get('/v1/Nothing', a!),
    { method: 'DELETE', url: usage, as: a! },
    { method: 'POST', url: '/v1/Feeds/nothing/Records', as: a!, payload: '{}' },
  )
}
