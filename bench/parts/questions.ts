/**
 * Question: what does an answer cost beyond HTTP itself, if no two questions are the same and deliveries
 * arrive meanwhile?
 *
 * Measured: processor time per request of `simtally serve --workers 1` on SQLite, after `simtally import`,
 * against a bare `node:http` server that sends the same bytes. Every SIM is asked for once. With every
 * hundred questions, a delivery of one record is posted and committed. The cost of deliveries alone is
 * measured separately and subtracted. Before any time counts, answers are compared with the sums of the
 * records. The store is audited first; otherwise the server would audit it while it is being timed.
 */
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Sid } from '../../src/domain/identifiers.ts'
import { parsePlmn } from '../../src/domain/plmn.ts'
import { hashSecret } from '../../src/domain/secret.ts'
import { DAY_SECONDS, formatInstant, HOUR_SECONDS } from '../../src/domain/time.ts'
import { openStore } from '../../src/storage/open-store.ts'
import { type BenchServer, LAUNCHER, startServer, startSimtally } from '../bench-servers.ts'
import { AUTH_TOKEN, createFeed, iccid, monthStart, NOW, recordOf, simSid } from '../dataset.ts'
import { askAll, getRequest } from '../http-client.ts'
import { cpuMs, median, run } from '../measure.ts'
import { type AnswerRow, csvLineOf, Sums, sorted, writeRecords } from '../workload.ts'

export interface QuestionKnobs {
  readonly rounds: number
  /** SIMs in the store, each of which reports every hour for two months. */
  readonly sims: number
}

/** Processor microseconds per request; one figure per round. */
export interface Asked {
  readonly name: string
  readonly title: string
  readonly questions: number
  readonly bodyBytes: number
  readonly own: number[]
  readonly bare: number[]
  wrong: string | null
}

const ACCOUNTS = 10
const CONNECTIONS = 10
const QUESTIONS_A_DELIVERY = 100
const DELIVERIES_ALONE = 100
/** Lengths of an account's windows that begin on the same day. */
const WINDOW_DAYS = [31, 30, 29, 28]
/** The bare server answers so quickly that it needs more questions for a stable figure. */
const BARE_QUESTIONS_MIN = 2_000
/** The system counts the last milliseconds of a thread only once the thread waits. */
const SETTLE_MS = 30
/** SIMs of each account that are asked for only to compare answers. */
const COMPARED = 2
/** Milliseconds of questions before those that count, so that all their code is compiled. */
const WARM_UP_MS = 3_000

/** The last whole month that ended more than 48 hours ago, and the month before it. */
const MONTH_END = monthStart(NOW - 49 * HOUR_SECONDS)
const MONTH = monthStart(MONTH_END, -1)
const FIRST_HOUR = monthStart(MONTH_END, -2)

const accountSid = (account: number) => `AC${account.toString(16).padStart(32, '0')}` as Sid
const accountOf = (sim: number) => sim % ACCOUNTS
const authorization = (account: number) =>
  `Basic ${Buffer.from(`${accountSid(account)}:${AUTH_TOKEN}`).toString('base64')}`

interface One {
  readonly account: number
  readonly sim: number | null
  readonly granularity: 'all' | 'hourly' | 'daily'
  readonly start: number
  readonly end: number
}

function pathOf({ sim, granularity, start, end }: One): string {
  const of = sim === null ? '' : `/Sims/${simSid(sim)}`
  const period = `Start=${formatInstant(start)}&End=${formatInstant(end)}`
  return `/v1${of}/UsageRecords?Granularity=${granularity}&PageSize=1000&${period}`
}

const requestOf = (one: One) => getRequest(pathOf(one), authorization(one.account))

/** Makes the store with the commands that users have. Returns its path. */
async function fillStore(dir: string, sims: number): Promise<string> {
  const path = join(dir, 'questions.db')
  const store = await openStore(`sqlite:${path}`, { create: true })
  const accounts = []
  for (let number = 0; number < ACCOUNTS; number++) {
    const account = await store.createAccount({
      sid: accountSid(number),
      name: `account ${number}`,
      authTokenHash: hashSecret(AUTH_TOKEN),
      home: { plmns: [parsePlmn('310-260')!], countries: ['US' as never] },
      createdAt: NOW,
    })
    const own = Array.from({ length: sims }, (_, sim) => sim).filter(
      (sim) => accountOf(sim) === number,
    )
    for (let from = 0; from < own.length; from += 10_000) {
      const some = own.slice(from, from + 10_000)
      const registrations = some.map((sim) => ({ sid: simSid(sim), iccid: iccid(sim) }))
      await store.registerSims(account.id, registrations, { at: NOW, newSid: () => simSid(0) })
    }
    accounts.push(account)
  }
  const feed = await createFeed(store)
  await store.grantFeed(feed.id, accounts[0]!.id, NOW)
  await store.close()
  const records = sims * ((MONTH_END - FIRST_HOUR) / HOUR_SECONDS)
  const csv = join(dir, 'questions.csv')
  const indexes = Uint32Array.from({ length: records }, (_, index) => index)
  await writeRecords(csv, { records, sims, firstHour: FIRST_HOUR, monthEnd: MONTH_END }, indexes)
  const args = ['import', csv, '--feed', 'bench', '--json', '--database', `sqlite:${path}`]
  const { stdout } = await run([LAUNCHER, ...args])
  if (JSON.parse(stdout).accepted !== records) throw new Error(stdout)
  await rm(csv)
  await run([LAUNCHER, 'audit', '--json', '--database', `sqlite:${path}`])
  return path
}

/** Posts deliveries of one new record each, for a day that is not sealed. */
class Trickle {
  readonly #url: string
  #sent = 0

  constructor(url: string) {
    this.#url = url
  }

  get sent(): number {
    return this.#sent
  }

  async post(): Promise<void> {
    const number = this.#sent++
    const record = {
      ...recordOf(0, { sims: 1, firstHour: FIRST_HOUR }),
      ...{ recordId: `t${number}`, at: NOW - 1 - (number % HOUR_SECONDS) },
    }
    const header = 'record_id,sim,occurred_at,plmn,country,zone,upload,download,to_sim,from_sim\n'
    const answer = await fetch(`${this.#url}/v1/Feeds/bench/Records`, {
      method: 'POST',
      headers: { authorization: authorization(0), 'content-type': 'text/csv' },
      body: header + csvLineOf(record),
    })
    const { accepted } = (await answer.json()) as { accepted: number }
    if (accepted !== 1) throw new Error(`a delivery was answered ${answer.status}`)
  }
}

interface Kind {
  readonly name: string
  readonly title: string
  /** The questions that are timed, no two of them the same. */
  readonly asked: readonly One[]
  readonly warmUp: readonly One[]
  readonly compared: readonly One[]
}

function kindsOf(sims: number): Kind[] {
  const ofSim = (granularity: One['granularity'], [start, end]: readonly [number, number]) =>
    Array.from(
      { length: sims },
      (_, sim): One => ({ account: accountOf(sim), sim, granularity, start, end }),
    )
  const month = [MONTH, MONTH_END] as const
  const before = [FIRST_HOUR, MONTH] as const
  const kept = sims - COMPARED * ACCOUNTS
  const simKind = (name: string, title: string, granularity: One['granularity']): Kind => {
    const all = ofSim(granularity, month)
    const warmUp = [0, 1, 2].flatMap((days) =>
      ofSim(granularity, [before[0], before[1] - days * DAY_SECONDS]),
    )
    return { name, title, asked: all.slice(0, kept), warmUp, compared: all.slice(kept) }
  }
  /** For each account, windows of about one month that each begin a day later. */
  const accountKind = (name: string, title: string, granularity: One['granularity']): Kind => {
    const days = (MONTH - FIRST_HOUR) / DAY_SECONDS
    const ofAccount = WINDOW_DAYS.flatMap((length) =>
      Array.from({ length: days * ACCOUNTS }, (_, i): One => {
        const start = FIRST_HOUR + Math.floor(i / ACCOUNTS) * DAY_SECONDS
        const end = start + length * DAY_SECONDS
        return { account: i % ACCOUNTS, sim: null, granularity, start, end }
      }),
    )
    const warmUp = ofAccount.map((one) => ({
      ...one,
      end: one.end - WINDOW_DAYS.length * DAY_SECONDS,
    }))
    const compared = Array.from(
      { length: ACCOUNTS },
      (_, account): One => ({ account, sim: null, granularity, start: MONTH, end: MONTH_END }),
    )
    return { name, title, asked: ofAccount, warmUp, compared }
  }
  return [
    simKind('sim-all', "a SIM's month, `all`", 'all'),
    simKind('sim-hourly', "a SIM's month, `hourly`", 'hourly'),
    accountKind('account-daily', "an account's month, `daily`", 'daily'),
    accountKind('account-all', "an account's month, `all`", 'all'),
  ]
}

/** Null if the answers are right. */
async function faultOf(url: string, kind: Kind, sims: number): Promise<string | null> {
  for (const one of kind.compared) {
    const headers = { authorization: authorization(one.account) }
    const answer = await fetch(url + pathOf(one), { headers })
    if (answer.status !== 200) return `${answer.status} ${await answer.text()}`
    const got = JSON.stringify(rowsOf((await answer.json()) as Body))
    const wanted = JSON.stringify(expected(one, sims))
    if (got !== wanted) return `${pathOf(one)} is answered wrong`
  }
  return null
}

interface Branch {
  readonly upload: number
  readonly download: number
  readonly total: number
}
interface Body {
  readonly usage_records: readonly {
    readonly period: { readonly start: string }
    readonly data: {
      readonly home: Branch | null
      readonly national_roaming: Branch | null
      readonly international_roaming: readonly (Branch & { readonly country_code: string })[]
    }
  }[]
}

const ALPHA_2: Readonly<Record<string, string>> = { MEX: 'MX', CAN: 'CA', GBR: 'GB', DEU: 'DE' }

/** Bucket, zone, country, upload and download of each row. */
function rowsOf({ usage_records }: Body): AnswerRow[] {
  return sorted(
    usage_records.flatMap(({ period, data }) => {
      const bucket = Date.parse(period.start) / 1_000
      const row = (zone: number, country: string, of: Branch | null): AnswerRow[] =>
        of === null ? [] : [[bucket, zone, country, of.upload, of.download, 0, 0]]
      return [
        ...row(0, 'US', data.home),
        ...row(1, 'US', data.national_roaming),
        ...data.international_roaming.flatMap((of) => row(2, ALPHA_2[of.country_code]!, of)),
      ]
    }),
  )
}

function expected(one: One, sims: number): AnswerRow[] {
  const sums = new Sums(one)
  const fleet = { sims, firstHour: FIRST_HOUR }
  const hours = (MONTH_END - FIRST_HOUR) / HOUR_SECONDS
  for (let sim = 0; sim < sims; sim++) {
    if (one.sim === null ? accountOf(sim) !== one.account : sim !== one.sim) continue
    for (let hour = 0; hour < hours; hour++) sums.add(recordOf(hour * sims + sim, fleet))
  }
  return sums
    .rows()
    .filter(([, , , upload, download]) => upload + download > 0)
    .map(([bucket, zone, country, upload, download]) => [
      ...([bucket, zone, country, upload, download, 0, 0] as const),
    ])
}

export async function measureQuestions(
  { rounds, sims }: QuestionKnobs,
  dir: string,
): Promise<Asked[]> {
  const path = await fillStore(dir, sims)
  const simtally = await startSimtally(path, '--workers', '1')
  const trickle = new Trickle(simtally.url)
  const results: Asked[] = []
  try {
    for (const kind of kindsOf(sims)) {
      results.push(await measureKind(kind, { simtally, trickle, dir, rounds, sims }))
    }
  } finally {
    await simtally.stop()
    await rm(path)
  }
  return results
}

async function measureKind(
  kind: Kind,
  {
    simtally,
    trickle,
    dir,
    rounds,
    sims,
  }: { simtally: BenchServer; trickle: Trickle; dir: string; rounds: number; sims: number },
): Promise<Asked> {
  const { name, title } = kind
  const wrong = await faultOf(simtally.url, kind, sims)
  const sample = kind.compared[0]!
  const answer = await fetch(simtally.url + pathOf(sample), {
    headers: { authorization: authorization(sample.account) },
  })
  const bytes = Buffer.from(await answer.arrayBuffer())
  const body = join(dir, `${name}.json`)
  await writeFile(body, bytes)
  const bare = await startServer('bare', body)
  const perRound = Math.floor(kind.asked.length / rounds)
  const asked: Asked = {
    ...{ name, title, questions: perRound, bodyBytes: bytes.length, own: [], bare: [], wrong },
  }
  try {
    const warmUp = kind.warmUp.map(requestOf)
    for (const server of [simtally, bare]) await warm(server, warmUp)
    for (let round = 0; round < rounds; round++) {
      const some = kind.asked.slice(round * perRound, (round + 1) * perRound).map(requestOf)
      asked.own.push(await ownCost(simtally, some, trickle))
      const often = Math.ceil(BARE_QUESTIONS_MIN / some.length)
      const bareRequests = Array.from({ length: often }, () => some).flat()
      asked.bare.push(await costOf(bare, bareRequests.length, () => askAllOf(bare, bareRequests)))
    }
    const told = `${title}: ${median(asked.own).toFixed(1)} µs of CPU`
    process.stderr.write(`${told}; bare node:http ${median(asked.bare).toFixed(1)} µs\n`)
    return asked
  } finally {
    await bare.stop()
  }
}

async function warm(server: BenchServer, requests: readonly Buffer[]): Promise<void> {
  const until = performance.now() + WARM_UP_MS
  for (let at = 0; performance.now() < until; at += 100) {
    const from = at % requests.length
    await askAllOf(server, requests.slice(from, from + 100))
  }
}

const askAllOf = ({ url }: BenchServer, requests: readonly Buffer[]) =>
  askAll(url, requests, { connections: CONNECTIONS })

/** Processor microseconds for each of this many. */
async function costOf(
  { pid }: BenchServer,
  count: number,
  work: () => Promise<unknown>,
): Promise<number> {
  await setTimeout(SETTLE_MS)
  const before = cpuMs(pid)
  await work()
  await setTimeout(SETTLE_MS)
  return ((cpuMs(pid) - before) * 1_000) / count
}

async function ownCost(
  simtally: BenchServer,
  requests: readonly Buffer[],
  trickle: Trickle,
): Promise<number> {
  const delivery = await costOf(simtally, DELIVERIES_ALONE, async () => {
    for (let i = 0; i < DELIVERIES_ALONE; i++) await trickle.post()
  })
  const before = trickle.sent
  const all = await costOf(simtally, 1, () =>
    askAll(simtally.url, requests, {
      connections: CONNECTIONS,
      pauseEvery: QUESTIONS_A_DELIVERY,
      pause: () => trickle.post(),
    }),
  )
  return (all - (trickle.sent - before) * delivery) / requests.length
}
