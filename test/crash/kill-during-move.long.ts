/**
 * Kills moves to PostgreSQL at random moments, on one pair of databases, and looks after each kill
 * whether what was said to be moved is there, and whether other commands keep off. The last run
 * goes to the end, and has to prove that nothing is missing.
 */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { openStore } from '../../src/storage/open-store.ts'
import { TABLES } from '../../src/storage/tables.ts'
import { jsonLines } from '../cli/cli-fixture.ts'
import {
  AT_HOME,
  aBatch,
  abroad,
  aFeed,
  anAccount,
  anEvent,
  anImportStart,
  imsiOf,
  instant,
  NOW,
  newSimSid,
} from '../support/builders.ts'
import { runCli, startCli } from '../support/cli-process.ts'
import { seededRandom } from '../support/killed-process.ts'
import { execute, newDatabase } from '../support/postgres-schema.ts'
import { stopServerAtEnd } from '../support/postgres-server.ts'
import { openTempStore } from '../support/temp-store.ts'

stopServerAtEnd()

const SIMS = 40
const RECORDS_PER_SIM = 200
const BATCH_ROWS = 200

/** A run is killed after so many lines: in its schema, its first rows, and further on. */
const KILLS = [
  ...[0, 1].map((lines) => ({ lines, of: /schema version/ })),
  ...[1, 2, 3, 5, 9].map((lines) => ({ lines, of: /rows moved/ })),
]

/** A run waits at most so long between its line and its end, in milliseconds. */
const DELAY_MAX_MS = 12

async function openFilled(t: TestContext): Promise<string> {
  const temp = await openTempStore('sqlite')
  t.after(() => temp.dispose())
  const { store } = temp
  const account = await store.createAccount(anAccount())
  const registrations = Array.from({ length: SIMS }, (_, n) => ({ imsis: [imsiOf(n)] }))
  const options = { at: NOW, newSid: newSimSid }
  const { sims } = await store.registerSims(account.id, registrations, options)
  const feed = await store.createFeed(aFeed())
  const { id: importId } = await store.beginImport(anImportStart(feed))
  const events = sims.flatMap(({ id: simId }, n) =>
    Array.from({ length: RECORDS_PER_SIM }, (_, i) =>
      anEvent({
        simId,
        accountId: account.id,
        occurredAt: instant('2026-02-01T00:00:00Z') + i * 10_000 + n,
        upload: i,
        serving: i % 3 === 0 ? abroad('FR') : AT_HOME,
      }),
    ),
  )
  await store.append(aBatch({ importId, feed, events }))
  while (await store.sealNextDay(instant('2026-02-12T00:00:00Z')));
  return temp.url
}

/** Rows in the target; 0 before it has a schema. The setting it begins with is none of the source. */
async function rowsIn(to: string): Promise<number> {
  const [found] = await execute(to, "SELECT to_regclass('transfer') IS NOT NULL AS begun")
  if (!found!.rows[0].begun) return 0
  const counts = TABLES.map(({ name }) => `(SELECT COUNT(*) FROM ${name})`)
  const [result] = await execute(to, `SELECT (${counts.join(' + ')})::integer AS rows`)
  return result!.rows[0].rows
}

/** Runs a move and kills it; answers how many rows it had said to be moved. */
async function killedMove(
  args: readonly string[],
  { lines, of }: (typeof KILLS)[number],
  delayMs: number,
) {
  const moving = startCli(args)
  const seen: number[] = []
  const reached = Promise.withResolvers<void>()
  let linesSeen = 0
  moving.onLine((line) => {
    const [, rows] = /^simtally: (\d+) of \d+ rows moved, in \w+$/.exec(line) ?? []
    if (rows !== undefined) seen.push(Number(rows))
    if (of.test(line) && ++linesSeen >= lines) reached.resolve()
  })
  if (lines === 0) reached.resolve()
  const ended = moving.ended().finally(() => reached.resolve())
  await reached.promise
  await setTimeout(delayMs)
  moving.child.kill('SIGKILL')
  const { signal } = await ended
  return { moved: seen.at(-1) ?? 0, isCutShort: signal === 'SIGKILL' }
}

describe('a move that is killed', () => {
  it('keeps what it said to be moved, and ends well when it is started again', async (t) => {
    const from = await openFilled(t)
    const { url: to, remove } = await newDatabase()
    t.after(remove)
    const args = ['migrate', '--from', from, '--to', to, '--batch-size', String(BATCH_ROWS)]
    const random = seededRandom(7)
    let before = 0
    for (const kill of KILLS) {
      const killed = await killedMove(args, kill, random() * DELAY_MAX_MS)
      assert.ok(killed.isCutShort, `ended by itself, not after ${kill.lines} of ${kill.of}`)
      const rows = await rowsIn(to)
      assert.ok(rows >= killed.moved, `${rows} rows there, ${killed.moved} said to be moved`)
      assert.ok(rows >= before, `${rows} rows there, ${before} before`)
      before = rows
      if (rows === 0) continue
      const { exitCode, stderr } = await runCli(['account', 'list', '--database', to])
      assert.equal(exitCode, 1)
      assert.match(stderr, /^simtally: .* holds only a part of .*simtally\.db, [^\n]+\n$/)
    }
    assert.ok(before > 0)
    const last = await runCli([...args, '--json'])
    assert.equal(last.exitCode, 0, last.stderr)
    const [first] = /(\d+) of \d+ rows moved/.exec(last.stderr) ?? []
    assert.ok(first !== undefined && Number.parseInt(first, 10) > before, `${first}, was ${before}`)
    const [proof] = jsonLines<{ difference_count: number; rows: Record<string, number> }>(
      last.stdout,
    )
    assert.equal(proof!.difference_count, 0)
    assert.equal(proof!.rows.ledger, SIMS * RECORDS_PER_SIM)
    const moved = await openStore(to)
    t.after(() => moved.close())
    assert.equal((await moved.audit()).differenceCount, 0)
  })
})
