/** A world on a real store behind the real server, beside the model that judges its answers. */
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import type { HomeSet } from '../../src/domain/classification.ts'
import { countryCodeAlpha3 } from '../../src/domain/country.ts'
import type { Account, Feed, SimRegistration } from '../../src/domain/directory.ts'
import type { Sid } from '../../src/domain/identifiers.ts'
import { hashSecret } from '../../src/domain/secret.ts'
import { importSids } from '../../src/http/import-sids.ts'
import { buildServer } from '../../src/http/server.ts'
import { importRecords } from '../../src/ingest/import-records.ts'
import { recycleRecords } from '../../src/ingest/recycle-records.ts'
import { tryImport } from '../../src/ingest/try-import.ts'
import type { ConflictAcceptance, UsageChange, UsageStore } from '../../src/storage/usage-store.ts'
import { ask } from '../support/answers.ts'
import { aKey, anAccount, newSimSid, sidOf } from '../support/builders.ts'
import { basic } from '../support/http-fixture.ts'
import type { ModelSim } from '../support/model-directory.ts'
import { retentionLimit } from '../support/model-periods.ts'
import { deliveryBytes, INSTANT_SPELLINGS, inChunks } from '../support/record-files.ts'
import { rowsOfStore } from '../support/table-rows.ts'
import {
  type EngineName,
  engineOfTests,
  openTempStore,
  type TempStore,
} from '../support/temp-store.ts'
import {
  type Counts,
  type EventJson,
  noCounts,
  UsageModel,
  type UsageRecordJson,
} from '../support/usage-model.ts'
import type { Question } from './questions.ts'
import type { Act, Delivery, World } from './worlds.ts'

const SECRET = '0123456789abcdef0123456789abcdef'
export const OPERATOR = { sid: sidOf('SK', 0xf), secret: SECRET }

/** About how many rows of a day one step of sealing gathers. */
const GATHER_ROWS_MAX = 3

/** An answer is cut into at most about this many pages. */
const PAGES_MAX = 8

export interface Laboratory {
  /** Brings a delivery by its road, checks every verdict against the model, and returns them. */
  deliver(delivery: Delivery): Promise<Counts>
  /** Does it, checks what it tells against the model, and that nothing derived is wrong. */
  act(act: Act): Promise<void>
  /** Those that are registered by now; questions name them by their positions. */
  readonly sims: readonly ModelSim[]
  /** Counts and status of every import, and what waits in quarantine for which reason. */
  assertImports(): Promise<void>
  /** The whole list as the server answers it, page by page; null where it refuses the period. */
  ask(question: Question): Promise<readonly UsageRecordJson[] | null>
  /** The whole list as the model says it must be. */
  expect(question: Question): readonly UsageRecordJson[] | null
  /** The events of a SIM in a period and, where it is given, in one zone and country. */
  askEvents(sim: number, asked: AskedEvents): Promise<readonly EventJson[]>
  /** What each record of the answer has counted, as the model says it must be. */
  expectEvents(question: Question): readonly (readonly EventJson[])[] | null
  /** One request as it stands, and its whole answer. */
  send(request: RawRequest): Promise<RawAnswer>
  assertAuditClean(): Promise<void>
  /** Goes on with the store that `move` makes of the database at the URL, which is closed. */
  moveWith(move: (url: string) => Promise<TempStore>): Promise<void>
  close(): Promise<void>
}

export interface AskedEvents {
  readonly start: string
  readonly end: string
  readonly zone?: string
  readonly country?: string
  readonly pageSize: number
}

export interface RawRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly url: string
  /** The SID of an account or a key; null sends no credentials. */
  readonly as: string | null
  readonly secret?: string
  readonly contentType?: string
  readonly payload?: string
}

export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

/** The engine is the one of the tests unless named; so is the key that page tokens are signed with. */
export async function openLaboratory(
  world: World,
  { engine = engineOfTests(), signingKey }: { engine?: EngineName; signingKey?: Uint8Array } = {},
): Promise<Laboratory> {
  // Days are sealed in many steps, so that much comes in the midst of it.
  let temp = await openTempStore(engine, undefined, { gatherRowsMax: GATHER_ROWS_MAX })
  const clock = { now: world.now }
  const serve = () => {
    const { store } = temp
    const signing = { signingKey: async () => signingKey ?? (await store.signingKey()) }
    return buildServer({ store: { ...store, ...signing }, clock: () => clock.now })
  }
  let server = serve()
  const { accounts, feeds } = await register(temp.store, world)
  const model = new UsageModel(world.sims)
  const sims = [...world.sims]
  /** The number of each import in the store, by its number in the model. */
  const importIds: number[] = []

  async function prepare({ waitsSeconds, sealsDays, purges }: Delivery): Promise<void> {
    clock.now += waitsSeconds
    const { store } = temp
    for (let i = 0; i < sealsDays; i++) await store.sealNextDay(clock.now)
    const before = retentionLimit(clock.now)
    while (purges && !(await store.purge({ before, rowsMax: 5, dryRun: false })).done);
    if (purges) model.purge(before)
  }

  const requestOf = ({ feed, by, form, batchRecordsMax, chunkBytes }: Delivery, bytes: Buffer) => ({
    store: temp.store,
    feed: feeds.get(feed.name)!,
    account: by === null ? null : accounts.get(by.sid)!,
    source: { name: 'file', bytes: inChunks(bytes, chunkBytes) },
    format: form.format,
    clock: () => clock.now,
    batchRecordsMax,
  })

  async function importFile(delivery: Delivery, bytes: Buffer): Promise<Counts> {
    const summary = await importRecords(requestOf(delivery, bytes))
    assert.equal(summary.import.status, 'done', summary.import.error ?? '')
    importIds.push(summary.import.id)
    return summary.import.counts
  }

  /** A dry run, which must announce what the model says and change nothing. */
  async function tryDelivery(delivery: Delivery): Promise<void> {
    const trial = model.copy()
    const expected = deliverTo(trial, delivery)
    const before = await storedRows()
    const bytes = deliveryBytes(delivery.records, delivery.form)
    const { import: tried, changes } = await tryImport(requestOf(delivery, bytes))
    assert.deepEqual([tried.status, tried.counts], ['done', expected])
    assert.deepEqual(announced(changes), differences(model.totals(), trial.totals()))
    assert.deepEqual(await storedRows(), before)
  }

  /** Everything but the keys: when one was used is noted by and by. */
  async function storedRows() {
    const { api_key: _, ...rows } = await rowsOfStore(temp.url)
    return rows
  }

  function deliverTo(to: UsageModel, { feed, by, records }: Delivery): Counts {
    to.beginImport()
    const expected = noCounts()
    const manner = { feed, accountSid: by?.sid ?? null, now: clock.now }
    for (const { record } of records) expected[to.deliver(record, manner)] += 1
    return expected
  }

  async function undo(which: number, road: 'store' | 'http'): Promise<void> {
    const done = importIds
      .keys()
      .filter((i) => model.imports[i]!.status === 'done')
      .toArray()
    if (done.length === 0) return
    const number = done[which % done.length]!
    const expected = model.undo(number)
    const outcome = await (road === 'http' ? postUndo : storeUndo)(importIds[number]!)
    assert.deepEqual(outcome, expected)
  }

  async function storeUndo(importId: number) {
    const outcome = await temp.store.undoImport(importId, clock.now)
    const { removed, restored, kept, quarantineEntries } = outcome
    return { removed, restored, kept, quarantineEntries }
  }

  async function postUndo(importId: number) {
    const body = await postAsOperator(`/v1/Imports/${importId}/Undo`)
    const { removed, restored, kept, quarantine_entries: quarantineEntries } = body
    return { removed, restored, kept, quarantineEntries }
  }

  async function postAsOperator<const Url extends string>(
    url: Url,
    form: Record<string, string> = {},
  ) {
    const headers = {
      authorization: basic(OPERATOR),
      'content-type': 'application/x-www-form-urlencoded',
    }
    const payload = new URLSearchParams(form).toString()
    const request = { method: 'POST', url, headers, payload } as const
    const { status, body, text } = await ask<Url, 'POST'>(server, request)
    assert.equal(status, 200, text)
    return body
  }

  async function recycle(act: Extract<Act, { kind: 'recycle' }>): Promise<void> {
    clock.now += act.waitsSeconds
    if (act.registers) await registerLate()
    const reason = act.reason === null ? {} : { reason: act.reason }
    const { which } = act
    if (act.of === 'import') {
      if (importIds.length === 0) return
      const number = which % importIds.length
      const importId = importIds[number]!
      const isPosted = act.road === 'http' && act.reason === null
      const verdicts = isPosted
        ? pickCounts((await postAsOperator(`/v1/Imports/${importId}/Quarantine/Recycle`)).recycled)
        : await recycled({ importId, ...reason })
      assert.deepEqual(verdicts, model.recycle({ import: number, ...reason }, clock.now))
    } else if (act.of === 'feed') {
      const { name } = world.feeds[which % world.feeds.length]!
      const verdicts = await recycled({ feedId: feeds.get(name)!.id, ...reason })
      assert.deepEqual(verdicts, model.recycle({ feed: name, ...reason }, clock.now))
    } else {
      assert.deepEqual(await recycled(reason), model.recycle(reason, clock.now))
    }
  }

  /** What waits is told by import and line, and is to leave quarantine unless the operator's counts. */
  async function accept(which: number, road: 'store' | 'http'): Promise<void> {
    const accepted = model.accept(which, clock.now)
    if (accepted === null) return
    const importId = importIds[accepted.import]!
    const conflicts = await temp.store.listQuarantine(
      { importId, reason: 'conflict' },
      { limit: 10_000 },
    )
    const { line } = conflicts.toSorted((a, b) => a.line - b.line)[accepted.position]!
    const acceptance = { by: 'Ada', reason: 'the carrier says so' }
    const counts =
      road === 'http'
        ? pickCounts(
            (
              await postAsOperator(`/v1/Imports/${importId}/Quarantine/Accept`, {
                Line: String(line),
                By: acceptance.by,
                Reason: acceptance.reason,
              })
            ).recycled,
          )
        : await recycled({ importId, reason: 'conflict', line }, acceptance)
    assert.deepEqual(counts, accepted.counts)
  }

  async function recycled(
    filter: Parameters<typeof recycleRecords>[0]['filter'],
    acceptance?: ConflictAcceptance,
  ): Promise<Counts> {
    const request = {
      ...{ store: temp.store, filter, clock: () => clock.now },
      ...(acceptance !== undefined && { acceptance }),
    }
    return { ...(await recycleRecords(request)).counts }
  }

  async function registerLate(): Promise<void> {
    const { lateSim } = world
    if (sims.includes(lateSim)) return
    await registerSim(temp.store, lateSim, accounts, clock.now)
    model.register(lateSim)
    sims.push(lateSim)
  }

  async function post({ feed, by, form, chunkBytes }: Delivery, bytes: Buffer): Promise<Counts> {
    const reply = await server.inject({
      method: 'POST',
      url: `/v1/Feeds/${feed.name}/Records`,
      headers: {
        authorization: basic(by === null ? OPERATOR : { sid: by.sid, secret: SECRET }),
        'content-type': form.format === 'csv' ? 'text/csv' : 'application/x-ndjson',
      },
      payload: Readable.from(inChunks(bytes, chunkBytes), { objectMode: false }),
    })
    assert.equal(reply.statusCode, 200, reply.body)
    const body = reply.json<Counts & { import: string }>()
    importIds.push((await importSids(temp.store)).idOf(body.import)!)
    return pickCounts(body)
  }

  async function getList<Key extends keyof ListJson>(key: Key, path: string, accountSid: string) {
    const records: ListJson[Key][number][] = []
    const headers = { authorization: basic({ sid: accountSid, secret: SECRET }) }
    let next: string | null = path
    while (next !== null) {
      const reply: InjectedReply = await server.inject({ url: next, headers })
      if (reply.statusCode === 400) {
        assert.equal(reply.json<{ code: number }>().code, 33101)
        return null
      }
      assert.equal(reply.statusCode, 200, reply.body)
      const page = parseExactly(reply.body) as PageJson
      records.push(...page[key])
      next = relativeUrl(page.meta.next_page_url)
    }
    return records
  }

  function scopeOf({ sim, account }: Question) {
    if (sim === null) return { accountSid: world.accounts[account]!.sid }
    const { sid: simSid, account: owner } = sims[sim]!
    return { accountSid: owner.sid, simSid }
  }

  const expect = (question: Question) =>
    model.usageRecords(scopeOf(question), question.asked, clock.now)

  return {
    sims,
    async deliver(delivery) {
      await prepare(delivery)
      const { records, form, road, tries } = delivery
      if (tries) await tryDelivery(delivery)
      const bytes = deliveryBytes(records, form)
      const expected = deliverTo(model, delivery)
      const counts = await (road === 'http' ? post : importFile)(delivery, bytes)
      assert.deepEqual(counts, expected)
      return counts
    },
    async act(act) {
      if (act.kind === 'undo') await undo(act.which, act.road)
      else if (act.kind === 'recycle') await recycle(act)
      else if (act.kind === 'accept') await accept(act.which, act.road)
      else if (act.kind === 'register') await registerLate()
      else await tryDelivery(world.deliveries[act.which % world.deliveries.length]!)
      assert.deepEqual((await temp.store.audit()).differences, [])
    },
    async assertImports() {
      const imports = await temp.store.listImports({}, { limit: 1_000 })
      const stored = imports.toReversed().map(({ id, status, counts }) => [id, status, counts])
      const expected = model.imports.map(({ status, counts }, i) => [importIds[i], status, counts])
      assert.deepEqual(stored, expected)
      const waiting = await temp.store.listQuarantine({}, { limit: 10_000 })
      const numbers = new Map(importIds.map((id, i) => [id, i]))
      const reasons = waiting.map(({ importId, reason }) => `${numbers.get(importId)} ${reason}`)
      assert.deepEqual(reasons.sort(), model.waiting)
    },
    ask(question) {
      const { sim, byName } = question
      const expectedLength = expect(question)?.length ?? 0
      const path = pathOf(sim === null ? null : sims[sim]!, byName)
      const query = queryOf(question, Math.ceil(expectedLength / PAGES_MAX))
      return getList('usage_records', `${path}?${query}`, scopeOf(question).accountSid)
    },
    expect,
    async askEvents(sim, { start, end, zone, country, pageSize }) {
      const { sid, account } = sims[sim]!
      const query = new URLSearchParams({ Start: start, End: end, PageSize: String(pageSize) })
      if (zone !== undefined) query.set('Zone', zone)
      if (country !== undefined) query.set('Country', country)
      const path = `/v1/Sims/${sid}/UsageEvents?${query}`
      const events = await getList('usage_events', path, account.sid)
      // What was undone explains earlier answers, and counts nothing.
      const undone = events!.filter(({ status }) => status === 'undone')
      for (const event of undone) assert.deepEqual(usageOf(event), NO_USAGE_JSON)
      return events!.filter(({ status }) => status === 'counted').map(comparable)
    },
    expectEvents(question) {
      const { sid, account } = sims[question.sim!]!
      const scope = { accountSid: account.sid, simSid: sid }
      return model.usageEvents(scope, question.asked, clock.now)
    },
    async send({ method, url, as, secret = SECRET, contentType, payload }) {
      const headers = {
        ...(as !== null && { authorization: basic({ sid: as, secret }) }),
        ...(contentType !== undefined && { 'content-type': contentType }),
      }
      const body = payload === undefined ? {} : { payload }
      const reply = await server.inject({ method, url, headers, ...body })
      return { status: reply.statusCode, headers: reply.headers, body: reply.body }
    },
    async assertAuditClean() {
      assert.deepEqual((await temp.store.audit()).differences, [])
    },
    async moveWith(move) {
      await server.close()
      const left = temp
      await left.store.close()
      try {
        temp = await move(left.url)
      } finally {
        await left.dispose()
      }
      server = serve()
    },
    async close() {
      await server.close()
      await temp.dispose()
    },
  }
}

async function register(store: UsageStore, world: World) {
  await store.createApiKey(aKey({ ...OPERATOR, scope: 'admin', secretHash: hashSecret(SECRET) }))
  const accounts = new Map<string, Account>()
  for (const { sid, home } of world.accounts) {
    const authTokenHash = hashSecret(SECRET)
    const facts = { sid: sid as Sid, home: home as HomeSet, authTokenHash }
    const stated = anAccount({ ...facts, mayRegisterNumbers: true })
    accounts.set(sid, await store.createAccount(stated))
  }
  for (const sim of world.sims) await registerSim(store, sim, accounts, world.now)
  const feeds = new Map<string, Feed>()
  for (const feed of world.feeds) {
    const { boundTo, ...stated } = feed
    const accountId = boundTo === null ? null : accounts.get(boundTo)!.id
    const made = { ...stated, accountId, settings: {}, createdAt: world.now }
    const { id, name, accountId: bound } = await store.createFeed(made)
    for (const account of accounts.values()) {
      if (bound === null || bound === account.id) await store.grantFeed(id, account.id, world.now)
    }
    feeds.set(name, (await store.findFeed(name))!)
  }
  return { accounts, feeds }
}

async function registerSim(
  store: UsageStore,
  { account, ...sim }: ModelSim,
  accounts: ReadonlyMap<string, Account>,
  at: number,
): Promise<void> {
  const stated = Object.entries(sim).filter(([, value]) => value !== null)
  const registration = Object.fromEntries(stated) as SimRegistration
  const options = { at, newSid: newSimSid }
  await store.registerSims(accounts.get(account.sid)!.id, [registration], options)
}

function pickCounts({ accepted, duplicate, replaced, quarantined, expired }: Counts): Counts {
  return { accepted, duplicate, replaced, quarantined, expired }
}

type Totals = ReadonlyMap<string, readonly bigint[]>

/** As the model names places. */
function announced(changes: readonly UsageChange[]): Totals {
  const lines = changes.map(({ accountSid, simSid, zone, country, ...counters }) => {
    const code = country === null ? null : countryCodeAlpha3(country)
    const { upload, download, toSim, fromSim } = counters
    const place = [accountSid, simSid, zone, code].join(' ')
    return [place, [upload, download, toSim, fromSim]] as const
  })
  return new Map(lines.sort(byPlace))
}

function differences(before: Totals, after: Totals): Totals {
  const none = [0n, 0n, 0n, 0n]
  const places = [...new Set([...before.keys(), ...after.keys()])]
  const lines = places.map((place) => {
    const [from, to] = [before.get(place) ?? none, after.get(place) ?? none]
    return [place, to.map((sum, i) => sum - from[i]!)] as const
  })
  return new Map(lines.filter(([, sums]) => sums.some((sum) => sum !== 0n)).sort(byPlace))
}

function byPlace([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1
}

interface ListJson {
  readonly usage_records: readonly UsageRecordJson[]
  readonly usage_events: readonly (Omit<EventJson, 'replaced'> & {
    status: string
    replaced: unknown[]
  })[]
}

const NO_USAGE_JSON = { upload: 0n, download: 0n, to_sim: 0n, from_sim: 0n }

function usageOf({ upload, download, to_sim, from_sim }: ListJson['usage_events'][number]) {
  return { upload, download, to_sim, from_sim }
}

/** What the model knows of an event. */
function comparable(event: ListJson['usage_events'][number]): EventJson {
  const { feed, record_id, occurred_at, zone, country_code, plmn } = event
  const { upload, download, to_sim, from_sim, replaced } = event
  const place = { zone, country_code, plmn }
  const counters = { upload, download, to_sim, from_sim }
  return { feed, record_id, occurred_at, ...place, ...counters, replaced: replaced.length }
}

interface PageJson extends ListJson {
  readonly meta: { readonly next_page_url: string | null }
}

type InjectedReply = Awaited<ReturnType<ReturnType<typeof buildServer>['inject']>>

function relativeUrl(url: string | null): string | null {
  if (url === null) return null
  const { pathname, search } = new URL(url)
  return pathname + search
}

/** Every number as a bigint of the digits that stand in the text. */
function parseExactly(text: string): unknown {
  const reviver = (_key: string, value: unknown, { source }: { source: string }) =>
    typeof value === 'number' ? BigInt(source) : value
  return JSON.parse(text, reviver as (key: string, value: unknown) => unknown)
}

export function pathOf(sim: ModelSim | null, byName: boolean): string {
  if (sim === null) return '/v1/UsageRecords'
  const name = byName && sim.uniqueName !== null ? sim.uniqueName : sim.sid
  return `/v1/Sims/${encodeURIComponent(name)}/UsageRecords`
}

export function queryOf(question: Question, pageSizeMin: number): string {
  const { asked, startSpelling, endSpelling, pageSize } = question
  const query = new URLSearchParams({ PageSize: String(Math.max(pageSize, pageSizeMin)) })
  const { start, end, granularity } = asked
  if (start !== null) query.set('Start', INSTANT_SPELLINGS[startSpelling]!(start))
  if (end !== null) query.set('End', INSTANT_SPELLINGS[endSpelling]!(end))
  if (granularity !== 'all' || pageSize > 1) query.set('Granularity', granularity)
  return query.toString()
}
