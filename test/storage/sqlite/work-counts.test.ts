/**
 * How much work fixed jobs are on SQLite: statements run, pages written to the log, transactions. Times
 * differ from machine to machine and from run to run; these numbers hardly do. If a change is intended,
 * `SIMTALLY_WORK_COUNTS=write npm test -- work-counts` rewrites the figures, and its commit says why.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StatementSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import type { Feed } from '../../../src/domain/directory.ts'
import type { UsageEvent } from '../../../src/domain/usage-event.ts'
import { EventColumns } from '../../../src/storage/event-columns.ts'
import { type Connection, openConnection } from '../../../src/storage/sqlite/connection.ts'
import { openSqliteStore } from '../../../src/storage/sqlite/sqlite-store.ts'
import { OPERATIONS } from '../../../src/storage/sqlite/writer-operations.ts'
import {
  aBatch,
  aFeed,
  anAccount,
  anEvent,
  anImportStart,
  aSim,
  NOW,
  newSimSid,
} from '../../support/builders.ts'

const FIGURES = new URL('work-counts.json', import.meta.url)

const SIMS = 2_000
const PAGES_BY_CHANCE = 6
const DAY = 86_400
const TODAY = NOW - (NOW % DAY)

let dir: string
let connection: Connection
let feed: Feed

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'simtally-work-'))
  const path = join(dir, 'simtally.db')
  const store = await openSqliteStore(path, { create: true })
  const { id: accountId } = await store.createAccount(anAccount())
  const stated = Array.from({ length: SIMS }, () => aSim())
  await store.registerSims(accountId, stated, { at: NOW, newSid: newSimSid })
  feed = await store.createFeed(aFeed())
  await store.close()
  connection = openConnection(path, { role: 'writer' })
})
after(async () => {
  connection.close()
  await rm(dir, { recursive: true })
})

/** One record for each of some SIMs, one after another from an instant on. */
function records(name: string, count: number, at: number, step = 1): UsageEvent[] {
  return Array.from({ length: count }, (_, i) =>
    anEvent({
      ...{ simId: 1 + ((i * 7) % SIMS), recordId: `${name}-${i}`, occurredAt: at + i * step },
      upload: 1_000 + i,
    }),
  )
}

function deliver(events: UsageEvent[]): void {
  const start = anImportStart(feed)
  const { importId: _, ...batch } = aBatch({ importId: 0, feed, events })
  const end = { status: 'done', endedAt: NOW } as never
  OPERATIONS.deliver(connection, {
    start,
    batch: { ...batch, events: EventColumns.of(events).packed() },
    end,
  })
}

interface Work {
  readonly statements: number
  readonly pages: number
  readonly transactions: number
}

/**
 * Of the log, which nobody folds here. A frame has the size of a page, and the last one of a transaction
 * is marked.
 */
function framesOf(path: string): { pages: number; transactions: number } {
  const log = readFileSync(path)
  const frameBytes = 24 + log.readUInt32BE(8)
  const found = { pages: 0, transactions: 0 }
  for (let at = 32; at + frameBytes <= log.length; at += frameBytes) {
    if (!log.subarray(at + 8, at + 16).equals(log.subarray(16, 24))) break
    found.pages++
    if (log.readUInt32BE(at + 4) > 0) found.transactions++
  }
  return found
}

function workOf(job: () => void): Work {
  const path = join(dir, 'simtally.db-wal')
  connection.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()
  let statements = 0
  const methods = ['run', 'get', 'all', 'iterate'] as const
  const original = methods.map((name) => StatementSync.prototype[name])
  for (const [i, name] of methods.entries()) {
    StatementSync.prototype[name] = function counted(this: StatementSync, ...given: never[]) {
      statements++
      return (original[i] as (...given: never[]) => never).apply(this, given)
    } as never
  }
  try {
    job()
  } finally {
    for (const [i, name] of methods.entries()) StatementSync.prototype[name] = original[i] as never
  }
  return { statements, ...framesOf(path) }
}

describe('the work of', () => {
  const found: Record<string, Work> = {}
  const hour = (of: number) => TODAY + of * 3_600
  const jobs: Readonly<Record<string, () => void>> = {
    'a delivery of one record': () => deliver(records('one', 1, hour(9) + 3_000)),
    'a delivery of 200 records of the last hour': () =>
      deliver(records('two', 200, hour(9) + 3_000, 7)),
    'the same delivery again': () => deliver(records('two', 200, hour(9) + 3_000, 7)),
    '20 deliveries of one record in one transaction': () =>
      connection.share(() => {
        for (let i = 0; i < 20; i++) deliver(records(`s${i}`, 1, hour(9) + 3_000))
      }),
    'an import of 10,000 records of four days ago': () =>
      deliver(records('past', 10_000, TODAY - 4 * DAY, 8)),
    'sealing a day of 10,000 records': () => {
      while (OPERATIONS.sealNextDay(connection, TODAY - 3 * DAY));
    },
    'a delivery of 200 records of a sealed day': () =>
      deliver(records('late', 200, TODAY - 4 * DAY, 7)),
  }

  it('deliveries, imports and sealing is what it was', () => {
    // Each SIM has used something in each of the previous hours.
    for (let i = 0; i < 10; i++) deliver(records(`before-${i}`, SIMS, hour(i)))
    for (const [name, job] of Object.entries(jobs)) found[name] = workOf(job)
    if (process.env.SIMTALLY_WORK_COUNTS === 'write') {
      writeFileSync(FIGURES, `${JSON.stringify(found, null, 2)}\n`)
    }
    const known = JSON.parse(readFileSync(FIGURES, 'utf8')) as Record<string, Work>
    assert.deepEqual(Object.keys(found), Object.keys(known))
    for (const [name, { pages, ...exact }] of Object.entries(found)) {
      const { pages: pagesKnown, ...exactKnown } = known[name]!
      assert.deepEqual(exact, exactKnown, name)
      // Random keys decide where a page is full.
      const tolerance = Math.max(PAGES_BY_CHANCE, pagesKnown * 0.1)
      assert.ok(
        Math.abs(pages - pagesKnown) <= tolerance,
        `${name}: ${pages} pages, where ${pagesKnown} are known`,
      )
    }
  })
})
