/**
 * Question: how many small deliveries per second reach the disk, and how long does a sender wait?
 *
 * Measured: senders that post batches of new events, each again as soon as it has its answer. Servers take
 * turns. An answer has to count all events of its batch, a repeated batch must count none, and in the end
 * every server must have the sums of what it was sent. The limits keep nothing that they receive, or only its
 * bytes.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { formatInstant, HOUR_SECONDS } from '../../src/domain/time.ts'
import { openSqliteStore } from '../../src/storage/sqlite/sqlite-store.ts'
import { percentile } from '../answer-times.ts'
import { type BenchServer, startServer, startSimtally } from '../bench-servers.ts'
import { createDirectory, NOW } from '../dataset.ts'
import { authorization, EVENTS_FROM, FEED, Senders, type Totals } from '../event-sender.ts'

export interface DeliveryKnobs {
  readonly rounds: number
  /** Seconds of load on each server in each round. */
  readonly seconds: number
  readonly callers: number
  readonly batches: readonly number[]
}

/** One server with batches of one size; one figure per round. */
export interface Delivered {
  readonly name: string
  readonly title: string
  readonly isLimit: boolean
  readonly batch: number
  readonly eventsPerSecond: number[]
  readonly p50Ms: number[]
  readonly p99Ms: number[]
  wrong: string | null
}

const WARM_UP_SECONDS = 1

interface Measured {
  readonly name: string
  readonly title: string
  readonly isLimit: boolean
  readonly server: BenchServer
  readonly senders: Senders
  /** The server's totals; null for one that keeps nothing. */
  readonly totals: (() => Promise<Totals>) | null
  wrong: string | null
}

/** A store with the events' SIMs and their feed, to which the account may deliver. */
export async function makeWebhookStore(path: string): Promise<void> {
  const store = await openSqliteStore(path, { create: true })
  const { account } = await createDirectory(store)
  const feed = await store.createFeed({
    name: FEED,
    format: 'mapped',
    settings: { mapping: 'supersim', usage: 'updated', sim: 'sid' },
    onConflict: 'reject',
    defaultZone: null,
    createdAt: NOW,
  })
  await store.grantFeed(feed.id, account.id, NOW)
  await store.close()
}

async function simtallyTotals(url: string): Promise<Totals> {
  const start = formatInstant(EVENTS_FROM - HOUR_SECONDS)
  const answer = await fetch(`${url}/v1/UsageRecords?Start=${start}`, {
    headers: { authorization },
  })
  const { usage_records } = (await answer.json()) as {
    usage_records: { data: { upload: number; download: number } }[]
  }
  const imports = await importedRecords(url)
  const [{ data }] = usage_records as [{ data: { upload: number; download: number } }]
  return { records: imports, upload: data.upload, download: data.download }
}

/** Of the feed, over all deliveries. */
async function importedRecords(url: string): Promise<number> {
  let records = 0
  let next: string | null = `${url}/v1/Imports?PageSize=1000`
  while (next !== null) {
    const answer: Response = await fetch(next, { headers: { authorization } })
    const page = (await answer.json()) as {
      imports: { accepted: number }[]
      meta: { next_page_url: string | null }
    }
    records += page.imports.reduce((sum, { accepted }) => sum + accepted, 0)
    next = page.meta.next_page_url
  }
  return records
}

async function startAll(dir: string, postgresUrl: string): Promise<Measured[]> {
  const path = join(dir, 'deliveries.db')
  await makeWebhookStore(path)
  const made = (
    { name, title, isLimit = false }: { name: string; title: string; isLimit?: boolean },
    server: BenchServer,
    totals: ((url: string) => Promise<Totals>) | null,
  ): Measured => ({
    ...{ name, title, isLimit, server, senders: new Senders(server.url), wrong: null },
    totals: totals === null ? null : () => totals(server.url),
  })
  const plain = async (url: string) => (await (await fetch(url)).json()) as Totals
  const file = (name: string) => join(dir, name)
  return [
    made(
      { name: 'simtally', title: 'Simtally on SQLite' },
      await startSimtally(path),
      simtallyTotals,
    ),
    made(
      { name: 'plain-sqlite', title: 'Plain SQLite' },
      await startServer('plain-sqlite', file('deliveries-plain.db')),
      plain,
    ),
    made(
      { name: 'plain-postgres', title: 'Plain PostgreSQL' },
      await startServer('plain-postgres', postgresUrl),
      plain,
    ),
    made(
      { name: 'fsync', title: 'parsed, bytes on disk', isLimit: true },
      await startServer('json-sink', file('deliveries.log')),
      null,
    ),
    made(
      { name: 'sink', title: 'only parsed', isLimit: true },
      await startServer('json-sink'),
      null,
    ),
  ]
}

export async function measureDeliveries(
  { rounds, seconds, callers, batches }: DeliveryKnobs,
  { dir, postgresUrl }: { readonly dir: string; readonly postgresUrl: string },
): Promise<Delivered[]> {
  const servers = await startAll(dir, postgresUrl)
  const results: Delivered[] = []
  try {
    for (const one of servers) {
      await one.senders.load(10, WARM_UP_SECONDS, callers)
      if (one.totals === null) continue
      const events = one.senders.batch(5)
      const counted = [await one.senders.post(events), await one.senders.post(events)]
      if (counted.join() !== '5,0') one.wrong = `counts ${counted.join(' and then ')} of 5 events`
    }
    for (const batch of batches) {
      const found = servers.map(({ name, title, isLimit }): Delivered => {
        return {
          name,
          title,
          isLimit,
          batch,
          eventsPerSecond: [],
          p50Ms: [],
          p99Ms: [],
          wrong: null,
        }
      })
      for (let round = 0; round < rounds; round++) {
        for (const [i, { senders }] of servers.entries()) {
          const { times, eventsPerSecond } = await senders.load(batch, seconds, callers)
          const ascending = times.toSorted((a, b) => a - b)
          found[i]!.eventsPerSecond.push(eventsPerSecond)
          found[i]!.p50Ms.push(percentile(ascending, 0.5))
          found[i]!.p99Ms.push(percentile(ascending, 0.99))
        }
      }
      for (const of of found) say(of)
      results.push(...found)
    }
    await requireTotals(servers)
    for (const of of results) of.wrong = servers.find(({ name }) => name === of.name)!.wrong
    return results
  } finally {
    for (const { server } of servers) await server.stop()
    for (const name of ['deliveries.db', 'deliveries-plain.db', 'deliveries.log']) {
      await rm(join(dir, name), { force: true })
    }
  }
}

async function requireTotals(servers: readonly Measured[]): Promise<void> {
  for (const one of servers) {
    if (one.totals === null) continue
    const counted = JSON.stringify(await one.totals())
    const sent = JSON.stringify(one.senders.totals)
    if (counted === sent) continue
    one.wrong ??= `counts ${counted} of ${sent}`
    process.stderr.write(`${one.title}: WRONG: ${one.wrong}\n`)
  }
}

function say({ title, batch, eventsPerSecond, p99Ms }: Delivered): void {
  const rate = Math.round(Math.max(...eventsPerSecond)).toLocaleString('en')
  process.stderr.write(
    `${batch} a delivery, ${title}: at best ${rate} events/s, p99 ${p99Ms[0]!.toFixed(1)} ms\n`,
  )
}
