/**
 * The stores of released versions, kept as they were. `scripts/keep-store.ts` creates one, and every
 * later version has to open it and answer as its creator did.
 */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { hashSecret } from '../../src/domain/secret.ts'
import { importSids } from '../../src/http/import-sids.ts'
import { buildServer } from '../../src/http/server.ts'
import type { UsageStore } from '../../src/storage/usage-store.ts'
import { aFeed, aKey, anAccount, aSim, iccidOf, NOW, sidOf } from './builders.ts'
import { basic } from './http-fixture.ts'
import { makeRichStore } from './rich-store.ts'

export const KEPT_STORES = join(import.meta.dirname, '../fixtures/stores')

const OPERATOR = { sid: sidOf('SK', 1_000_000), secret: 'the operator of a kept store' }
const FEED = 'kept'
const SIM = iccidOf(4_000_001)
const SIM_SID = sidOf('DE', 0xfffff)
const [FROM, TO] = ['2026-02-26', '2026-04-12']
const BY_DAY = `Granularity=daily&Start=${FROM}&End=${TO}&PageSize=100`

/**
 * For one feed, whose second delivery repeats a record, changes one, and brings one for an unknown SIM.
 */
const DELIVERIES = [
  `record_id,sim,occurred_at,plmn,upload
a,${SIM},2026-03-10T01:00:00Z,310-260,1
b,${SIM},2026-03-11T02:00:00Z,208-01,20`,
  `record_id,sim,occurred_at,plmn,upload
a,${SIM},2026-03-10T01:00:00Z,310-260,1
b,${SIM},2026-03-11T02:00:00Z,208-01,300
c,${iccidOf(4_000_002)},2026-03-11T03:00:00Z,310-260,4000`,
]

/**
 * What a store answers: first as it is, then after undoing a delivery and delivering everything again.
 */
export interface KeptAnswers {
  readonly asIs: Readonly<Record<string, unknown>>
  readonly afterChanges: readonly unknown[]
}

/** Turns a feed of the first version into one for TAP3. */
export const TO_TAP3 = `UPDATE feed SET format = 'tap3', settings = '{"test_files":"count"}' WHERE name = 'feed-13'`

/** A feed converted by `TO_TAP3` still gives its records the same ids. */
export async function assertPartsByPlace(store: UsageStore): Promise<void> {
  const feeds = await store.listFeeds()
  assert.deepEqual(
    feeds.map(({ format, settings }) => [format, settings]),
    feeds.map(({ name }) =>
      name === 'feed-13' ? ['tap3', { test_files: 'count', parts: 'by_place' }] : ['csv', {}],
    ),
  )
}

/** The versions with kept stores. */
export function keptVersions(): string[] {
  return globSync('*/', { cwd: KEPT_STORES }).sort()
}

/** Unpacked. */
export function keptFile(version: string, name: 'simtally.db' | 'postgres.sql' | 'answers.json') {
  return gunzipSync(readFileSync(join(KEPT_STORES, version, `${name}.gz`)))
}

export function keptAnswers(version: string): KeptAnswers {
  return JSON.parse(keptFile(version, 'answers.json').toString())
}

/** Puts rows into every table, and what `answersOf` asks for. */
export async function fillKeptStore(store: UsageStore): Promise<void> {
  await makeRichStore(store)
  await store.createApiKey(
    aKey({ sid: OPERATOR.sid, scope: 'admin', secretHash: hashSecret(OPERATOR.secret) }),
  )
  const account = await store.createAccount(anAccount())
  const sim = aSim({ iccid: SIM, uniqueName: 'kept-1' })
  await store.registerSims(account.id, [sim], { at: NOW, newSid: () => SIM_SID })
  await store.createFeed(aFeed({ name: FEED, format: 'csv', onConflict: 'replace' }))
  const ask = asking(store)
  for (const delivery of DELIVERIES) await ask.deliver(delivery)
  await ask.close()
}

/** Asks, then undoes and delivers again; for a copy of a store. The audit is clean before and after. */
export async function answersOf(store: UsageStore): Promise<KeptAnswers> {
  const ask = asking(store)
  try {
    assert.equal((await store.audit()).differenceCount, 0)
    const asIs: Record<string, unknown> = {}
    for (const url of await urlsOf(store)) asIs[url] = await ask.get(url)
    const usage = `/v1/Sims/${SIM_SID}/UsageRecords?${BY_DAY}`
    const { imports } = (await ask.get(`/v1/Imports?Feed=${FEED}`)) as ImportList
    await ask.post(`/v1/Imports/${imports[0]!.import}/Undo`)
    const afterChanges = [await ask.get(usage)]
    for (const delivery of DELIVERIES) afterChanges.push(await ask.deliver(delivery))
    afterChanges.push(await ask.get(usage))
    assert.equal((await store.audit()).differenceCount, 0)
    return { asIs, afterChanges }
  } finally {
    await ask.close()
  }
}

interface ImportList {
  /** Newest first. */
  readonly imports: readonly { readonly import: string }[]
}

/** What to ask a store, depending on what is in it. */
async function urlsOf(store: UsageStore): Promise<string[]> {
  const [accounts, feeds] = [await store.listAccounts(), await store.listFeeds()]
  const sims = await store.listSims({}, { limit: 1_000 })
  const imports = await store.listImports({}, { limit: 1_000 })
  const importNames = await importSids(store)
  return [
    ...['/v1/Accounts', '/v1/Feeds', '/v1/Log?PageSize=1000', '/v1/Imports?PageSize=1000'],
    ...accounts.flatMap(({ sid }) => [
      `/v1/Sims?AccountSid=${sid}&PageSize=100`,
      `/v1/Groups?AccountSid=${sid}`,
      `/v1/UsageRecords?AccountSid=${sid}&${BY_DAY}`,
      `/supersim/v1/UsageRecords?AccountSid=${sid}&Granularity=day&StartTime=${FROM}&EndTime=${TO}&PageSize=100`,
    ]),
    ...sims.flatMap(({ sid }) => [
      `/v1/Sims/${sid}/UsageRecords?${BY_DAY}`,
      `/v1/Sims/${sid}/UsageEvents?Start=${FROM}&End=${TO}&PageSize=100`,
    ]),
    ...feeds.map(({ name }) => `/v1/Feeds/${name}/Gaps`),
    ...imports.map(({ id }) => `/v1/Imports/${importNames.of(id)}/Quarantine?PageSize=100`),
  ]
}

interface Asking {
  get(url: string): Promise<unknown>
  post(url: string): Promise<void>
  /** Its counts. */
  deliver(records: string): Promise<unknown>
  close(): Promise<void>
}

/** As the operator, over HTTP, because that is what callers rely on. */
function asking(store: UsageStore): Asking {
  const server = buildServer({ store, clock: () => NOW })
  const authorization = basic(OPERATOR)
  const send = async (method: 'GET' | 'POST', url: string, payload?: string) => {
    const headers = { authorization, ...(payload !== undefined && { 'content-type': 'text/csv' }) }
    const reply = await server.inject({ method, url, headers, ...(payload && { payload }) })
    assert.ok(reply.statusCode < 300, `${method} ${url}: ${reply.payload}`)
    return exactJson(reply.payload)
  }
  return {
    get: (url) => send('GET', url),
    post: async (url) => void (await send('POST', url)),
    deliver: async (records) => {
      const answer = await send('POST', `/v1/Feeds/${FEED}/Records`, records)
      const { accepted, duplicate, replaced, quarantined } = answer as Record<string, unknown>
      return { accepted, duplicate, replaced, quarantined }
    },
    close: () => server.close(),
  }
}

/** Numbers as written, because sums may pass 2^53. */
function exactJson(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' ? `number ${context?.source}` : value,
  )
}

/** What its deliveries come to by their own text, whatever was kept. */
export function assertKnownNumbers({ afterChanges }: KeptAnswers): void {
  const [undone, first, second, again] = afterChanges
  const counts = (...given: number[]) => {
    const [accepted, duplicate, replaced, quarantined] = given.map((count) => `number ${count}`)
    return { accepted, duplicate, replaced, quarantined }
  }
  assert.deepEqual(uploadsOf(undone), { '2026-03-10': '1', '2026-03-11': '20' })
  assert.deepEqual(first, counts(0, 2, 0, 0))
  assert.deepEqual(second, counts(0, 1, 1, 1))
  assert.deepEqual(uploadsOf(again), { '2026-03-10': '1', '2026-03-11': '300' })
}

function uploadsOf(answer: unknown): Record<string, string> {
  const { usage_records } = answer as {
    usage_records: { period: { start: string }; data: { upload: string } }[]
  }
  return Object.fromEntries(
    usage_records
      .map(({ period, data }) => [period.start.slice(0, 10), data.upload.slice('number '.length)])
      .filter(([, upload]) => upload !== '0')
      .reverse(),
  )
}

/** Everything that an older version answered is still there; newer fields may be added. */
export function assertAnswersStill(now: unknown, then: unknown, where = 'answers'): void {
  if (typeof then !== 'object' || then === null) {
    assert.deepEqual(now, then, where)
    return
  }
  assert.ok(typeof now === 'object' && now !== null, `${where} is ${now}`)
  if (Array.isArray(then)) assert.equal((now as unknown[]).length, then.length, where)
  for (const [key, value] of Object.entries(then)) {
    assertAnswersStill((now as Record<string, unknown>)[key], value, `${where}, ${key}`)
  }
}
