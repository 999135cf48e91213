/** What must hold in every world, however its records came. */
import assert from 'node:assert/strict'
import type { EventJson, UsageRecordJson } from '../support/usage-model.ts'
import { type Laboratory, openLaboratory } from './laboratory.ts'
import type { Question } from './questions.ts'
import type { Delivery, World } from './worlds.ts'

const DAY = 86_400

/** `halfway`, something else may happen to the store. */
export async function checkWorld(
  world: World,
  halfway: (laboratory: Laboratory) => Promise<void> = async () => {},
): Promise<void> {
  const laboratory = await openLaboratory(world)
  try {
    const { deliveries, acts } = world
    for (let i = 0; i <= deliveries.length; i++) {
      for (const act of acts) if (act.after === i) await laboratory.act(act)
      if (i === Math.floor(deliveries.length / 2)) await halfway(laboratory)
      const delivery = deliveries[i]
      if (delivery !== undefined && delivery.records.length > 0) await laboratory.deliver(delivery)
    }
    await assertAll(laboratory, world)
    await assertSums(laboratory, world)
    // What was undone comes back once; else nothing new can come.
    const expired = acts.length === 0 ? [] : await bringAgain(laboratory, world)
    const counted = await bringAgain(laboratory, world)
    // In a store without usage, records expire by the clock alone. Usage that came back since may say that
    // it is earlier. Then they count, and nothing else does.
    const late = counted.map(({ accepted, replaced }, i) => {
      const mayCount = expired[i]?.expired ?? 0
      if (mayCount === 0) assert.deepEqual({ accepted, replaced }, { accepted: 0, replaced: 0 })
      assert.ok(accepted + replaced <= mayCount)
      return accepted + replaced
    })
    if (late.some((count) => count > 0)) {
      for (const { accepted, replaced } of await bringAgain(laboratory, world)) {
        assert.deepEqual({ accepted, replaced }, { accepted: 0, replaced: 0 })
      }
    }
    await assertAll(laboratory, world)
  } finally {
    await laboratory.close()
  }
}

/** The verdicts on all records, brought once more. */
async function bringAgain(laboratory: Laboratory, world: World) {
  const verdicts = []
  for (const delivery of againAndOtherwise(world)) verdicts.push(await laboratory.deliver(delivery))
  return verdicts
}

async function assertAll(laboratory: Laboratory, world: World): Promise<void> {
  await laboratory.assertAuditClean()
  await laboratory.assertImports()
  await assertAnswers(laboratory, world)
}

/** All records once more: from last to first, in one file for each feed and bringer. */
function againAndOtherwise({ deliveries }: World): Delivery[] {
  const byBringer = Map.groupBy(
    deliveries.filter(({ records }) => records.length > 0).toReversed(),
    ({ feed, by }) => `${feed.name} ${by?.sid}`,
  )
  return [...byBringer.values()].map((files) => ({
    ...files[0]!,
    records: files.flatMap(({ records }) => records.toReversed()),
    waitsSeconds: 0,
  }))
}

/** What the world asks, and the month of every SIM and account without any parameter. */
async function assertAnswers(laboratory: Laboratory, world: World): Promise<void> {
  const questions = [...world.questions, ...everybodysMonth(world, laboratory.sims)]
  for (const question of questions) {
    const answer = await laboratory.ask(question)
    assert.deepEqual(answer, laboratory.expect(question), JSON.stringify(question))
    for (const record of answer ?? []) assertAddsUp(record)
    if (question.sim !== null) await assertEvents(laboratory, question, answer ?? [])
  }
}

/** Of a long answer, the rows behind so many of its records are asked for. */
const RECORDS_LOOKED_INTO_MAX = 3

/**
 * The rows behind a record are those that the model has counted in its period, and in each zone
 * and country they add up to the record's branch.
 */
async function assertEvents(
  laboratory: Laboratory,
  question: Question,
  answer: readonly UsageRecordJson[],
): Promise<void> {
  const sim = question.sim!
  const { pageSize } = question
  const expected = laboratory.expectEvents(question)
  // Those with usage say more than those without.
  const chosen = [...answer.entries()]
    .toSorted(([, a], [, b]) => Number(b.data.total > 0n) - Number(a.data.total > 0n))
    .slice(0, RECORDS_LOOKED_INTO_MAX)
  for (const [i, record] of chosen) {
    const events = await laboratory.askEvents(sim, { ...record.period, pageSize })
    assert.deepEqual(events.toSorted(byIdentity), expected![i]!.toSorted(byIdentity))
    assert.deepEqual(
      events.map(({ occurred_at }) => occurred_at),
      events.map(({ occurred_at }) => occurred_at).toSorted(),
    )
    for (const { zone, country, data, commands } of branchesOf(record)) {
      const place = { zone, ...(country !== null && { country }) }
      const there = await laboratory.askEvents(sim, { ...record.period, ...place, pageSize })
      assert.deepEqual(total(there), { ...data, ...commands }, `${zone} ${country}`)
    }
  }
}

/** Every branch of a record; what is null in it counts as zeros. */
function branchesOf({ data, commands }: UsageRecordJson) {
  const countries = [...data.international_roaming, ...commands.international_roaming]
  const abroad = [...new Set(countries.map(({ country_code }) => country_code))]
  const ofCountry = (code: string) => ({
    data: data.international_roaming.find(({ country_code }) => country_code === code),
    commands: commands.international_roaming.find(({ country_code }) => country_code === code),
  })
  const places = [
    ...(['home', 'national_roaming'] as const).map((zone) => ({
      ...{ zone, country: null, data: data[zone], commands: commands[zone] },
    })),
    ...abroad.map((country) => ({ zone: 'international_roaming', country, ...ofCountry(country) })),
  ]
  return places.map(({ zone, country, data: bytes, commands: counts }) => ({
    zone,
    country,
    data: { upload: bytes?.upload ?? 0n, download: bytes?.download ?? 0n },
    commands: { to_sim: counts?.to_sim ?? 0n, from_sim: counts?.from_sim ?? 0n },
  }))
}

function total(events: readonly EventJson[]) {
  const sums = { upload: 0n, download: 0n, to_sim: 0n, from_sim: 0n }
  for (const event of events) {
    for (const name of ['upload', 'download', 'to_sim', 'from_sim'] as const) {
      sums[name] += event[name]
    }
  }
  return sums
}

function byIdentity(a: EventJson, b: EventJson): number {
  const key = ({ occurred_at, feed, record_id }: EventJson) =>
    JSON.stringify([occurred_at, feed, record_id])
  return key(a) < key(b) ? -1 : 1
}

const PLAIN = { byName: false, startSpelling: 0, endSpelling: 0, pageSize: 1000 } as const

function everybodysMonth({ accounts }: World, sims: Laboratory['sims']): Question[] {
  const asked = { start: null, end: null, granularity: 'all' } as const
  return [
    ...accounts.map((_, account) => ({ ...PLAIN, sim: null, account, asked })),
    ...sims.map((_, sim) => ({ ...PLAIN, sim, account: 0, asked })),
  ]
}

/** Top = home + national roaming + Σ international, and total = both directions, everywhere. */
function assertAddsUp({ data, commands }: UsageRecordJson): void {
  for (const [tree, counters] of [
    [data, ['total', 'upload', 'download']],
    [commands, ['total', 'to_sim', 'from_sim']],
  ] as const) {
    const branches = [tree.home, tree.national_roaming, ...tree.international_roaming]
    const counts = (branch: object | null, name: string) =>
      branch === null ? 0n : (branch as Record<string, bigint>)[name]!
    for (const name of counters) {
      const parts = branches.reduce((sum, branch) => sum + counts(branch, name), 0n)
      assert.equal(counts(tree, name), parts)
    }
    for (const branch of [tree, ...branches]) {
      const [total, one, other] = counters.map((name) => counts(branch, name))
      assert.equal(total, one! + other!)
    }
  }
}

/**
 * Over whole days: Σ hourly = Σ daily = `all` for every SIM and account, and Σ SIMs = account.
 * Asked of the server alone; the model has no part in it.
 */
async function assertSums(laboratory: Laboratory, world: World): Promise<void> {
  const to = world.now - (world.now % DAY) + DAY
  const bounds = { start: to - 5 * DAY, end: to }
  const sumOf = async (who: Pick<Question, 'sim' | 'account'>, granularity: Granularity) => {
    const question = { ...PLAIN, ...who, asked: { ...bounds, granularity } }
    return sum((await laboratory.ask(question))!)
  }
  const totals = new Map<string, Sums[]>()
  for (const [sim, { account }] of laboratory.sims.entries()) {
    const total = await assertSameSums((granularity) => sumOf({ sim, account: 0 }, granularity))
    totals.set(account.sid, [...(totals.get(account.sid) ?? []), total])
  }
  for (const [account, { sid }] of world.accounts.entries()) {
    const who = { sim: null, account }
    const total = await assertSameSums((granularity) => sumOf(who, granularity))
    assert.deepEqual(total, merge(totals.get(sid) ?? []))
  }
}

type Granularity = Question['asked']['granularity']

async function assertSameSums(ask: (granularity: Granularity) => Promise<Sums>): Promise<Sums> {
  const all = await ask('all')
  assert.deepEqual(await ask('daily'), all)
  assert.deepEqual(await ask('hourly'), all)
  return all
}

/** `data.home.upload` and the like; what is zero is not listed. */
type Sums = ReadonlyMap<string, bigint>

function sum(records: readonly UsageRecordJson[]): Sums {
  return merge(records.map(({ data, commands }) => new Map(flattened({ data, commands }, ''))))
}

function* flattened(node: object, path: string): Generator<[string, bigint]> {
  for (const [key, value] of Object.entries(node)) {
    if (typeof value === 'bigint') yield [path + key, value]
    else if (Array.isArray(value)) {
      for (const branch of value) yield* flattened(branch, `${path}${branch.country_code}.`)
    } else if (typeof value === 'object' && value !== null)
      yield* flattened(value, `${path}${key}.`)
  }
}

function merge(parts: readonly Sums[]): Sums {
  const merged = new Map<string, bigint>()
  for (const part of parts) {
    for (const [path, value] of part) merged.set(path, (merged.get(path) ?? 0n) + value)
  }
  return new Map([...merged].filter(([, value]) => value !== 0n).toSorted())
}
