/** The whole road of a delivery: a verdict for every record, and each counted once. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { NO_FACTS, recordCount, type VerdictCounts } from '../../src/domain/import.ts'
import { CDR_FORMATS } from '../../src/ingest/formats/formats.ts'
import type { UsageStore } from '../../src/storage/usage-store.ts'
import { anAccount, aSim, homeSet, NOW, newSimSid } from '../support/builders.ts'
import {
  CSV_HEADER,
  csv,
  IngestFixture,
  someOf,
  usageOf,
  verdicts,
} from '../support/ingest-fixture.ts'

let fixture: IngestFixture
before(async () => {
  fixture = await IngestFixture.open()
})
after(() => fixture.close())

describe('an import', () => {
  it('gives every record one verdict', async () => {
    const { deliver, lines, sim } = await fixture.newWorld()
    const [first, second, third] = lines(3)
    const bad = [
      third!.replace('310-260', '100-01'),
      first!.replace(sim.sid, 'nobody'),
      first!.replace(/,4\n/, ',-4\n'),
      first!.replace(/2026-03-\d\d/, '2026-03-18'),
      first!.replace(/,4\n/, ',5\n'),
      'x\n',
      `${'x'.repeat(70_000)}\n`,
    ]
    const old = first!.replace('2026-03', '2024-03')
    const content = csv([first!, second!, first!, ...bad, old, '\n', third!])
    const summary = await deliver(content)
    assert.deepEqual(verdicts(summary), { accepted: 3, duplicate: 1, quarantined: 7, expired: 1 })
    assert.equal(recordCount(summary.import.counts), 12)
    assert.deepEqual(await fixture.quarantined(summary), [
      '5 unknown_network',
      '6 unknown_sim',
      '7 invalid_field',
      '8 future',
      '9 conflict',
      '10 unreadable',
      '11 line_too_long',
    ])
    assert.deepEqual(await fixture.usage(sim), usageOf(3))
    await fixture.assertAuditClean()
  })

  it('says what it was, and of which bytes', async () => {
    const { deliver, lines, feed } = await fixture.newWorld({ format: 'ndjson' })
    const bytes = gzipSync(csv(lines(2)))
    const { import: done, warnings } = await deliver(bytes, { format: 'csv', now: NOW + 7 })
    assert.deepEqual(done, {
      id: done.id,
      feedId: feed.id,
      feedName: feed.name,
      source: 'usage.ndjson',
      format: 'csv',
      accountSid: null,
      status: 'done',
      counts: { accepted: 2, duplicate: 0, replaced: 0, quarantined: 0, expired: 0 },
      series: { resets: 0, falls: 0, wraps: 0 },
      checksum: createHash('sha256').update(bytes).digest('hex'),
      error: null,
      facts: { ...NO_FACTS, usageFrom: done.facts.usageFrom },
      startedAt: NOW + 7,
      finishedAt: NOW + 7,
      undoneAt: null,
      rereading: done.rereading,
    })
    assert.equal(JSON.parse(done.rereading!).context, csv([]).trimEnd())
    assert.deepEqual(warnings, [])
    assert.deepEqual(await fixture.store.findImport(done.id), done)
  })

  it('passes on what the format warns of', async () => {
    const { deliver } = await fixture.newWorld()
    const { warnings } = await deliver('record_id,sim,occurred_at,colour\n')
    assert.deepEqual(warnings, ['columns that Simtally does not know were ignored: "colour"'])
  })

  it('keeps what its format reads of the delivery as a whole, once it was read to its end', async (t) => {
    const facts = { sequence: { stream: 'A→B', number: 7 }, completeThrough: NOW - 3_600 }
    const { createReader } = CDR_FORMATS.csv
    t.mock.method(CDR_FORMATS.csv, 'createReader', () => ({
      ...createReader({}),
      facts: () => facts,
    }))
    const { deliver, lines, feed } = await fixture.newWorld()
    const cut = gzipSync(csv(lines(2))).subarray(0, -9)
    assert.deepEqual((await deliver(cut)).import.facts, NO_FACTS)
    const { usageFrom, ...told } = (await deliver(csv(lines(2)))).import.facts
    assert.deepEqual(told, facts)
    assert.ok(usageFrom! <= NOW)
    const progress = (await fixture.store.listFeedProgress()).find(
      ({ feedId }) => feedId === feed.id,
    )!
    assert.equal(progress.completeThrough, NOW - 3_600 - (NOW % 3_600))
    assert.equal(progress.deliveries.streams[0]!.runs[0]!.last, 7)
  })

  it('warns of a name that does not match the sequence pattern of its feed', async () => {
    const world = await fixture.newWorld()
    const warningsOf = async (sequencePattern: string | null) => {
      const feed = await fixture.store.updateFeed(world.feed.id, { sequencePattern })
      return (await fixture.deliver(feed, CSV_HEADER)).warnings
    }
    assert.deepEqual(await warningsOf(null), [])
    assert.deepEqual(await warningsOf('(?<sequence>\\d*)usage'), [
      'the name "usage.csv" does not match the sequence pattern of its feed, ' +
        '"(?<sequence>\\\\d*)usage": a missing delivery before it would not be noticed',
    ])
  })

  it('of an account knows its own SIMs only', async () => {
    const { deliver, lines, sim } = await fixture.newWorld()
    const account = await fixture.store.createAccount(anAccount({ home: homeSet('', 'US') }))
    const own = await fixture.store.createSim(account.id, aSim(), { at: NOW, newSid: newSimSid })
    const mine = lines(1)[0]!.replace(sim.sid, own.sid)
    const summary = await deliver(csv([...lines(2), mine]), { account })
    assert.deepEqual(verdicts(summary), { accepted: 1, quarantined: 2 })
    assert.equal(summary.import.accountSid, account.sid)
    assert.deepEqual(await fixture.quarantined(summary), ['2 unknown_sim', '3 unknown_sim'])
    assert.deepEqual(await fixture.usage(sim), [])
    assert.deepEqual(await fixture.usage(own), ['national_roaming US 1/2/3/4'])
    assert.deepEqual(verdicts(await deliver(csv([...lines(2), mine]))), {
      accepted: 2,
      duplicate: 1,
    })
  })
})

describe('a delivery that comes again', () => {
  it('changes nothing, in any order, pieces, packing and batches', async () => {
    const { deliver, lines, sim, feed } = await fixture.newWorld()
    const records = lines(20)
    const bad = ['x\n', records[0]!.replace(sim.sid, 'nobody')]
    await deliver(csv([...records, ...bad]))
    const before = await fixture.usage(sim)
    assert.deepEqual(before, usageOf(20))
    const again = fc.record({
      lines: fc.shuffledSubarray([...records, ...bad], { minLength: 1 }),
      chunkBytes: fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 4 }),
      packed: fc.boolean(),
      batchRecordsMax: fc.constantFrom(1, 2, 7, 50_000),
    })
    await fc.assert(
      fc.asyncProperty(again, async ({ lines: some, packed, ...options }) => {
        const content = csv(some)
        const bytes = packed ? gzipSync(content) : Buffer.from(content)
        const summary = await fixture.deliver(feed, bytes, options)
        const quarantined = some.filter((line) => bad.includes(line)).length
        const expected = { duplicate: some.length - quarantined, quarantined }
        assert.deepEqual(verdicts(summary), someOf(expected as VerdictCounts))
      }),
      { numRuns: 25 },
    )
    assert.deepEqual(await fixture.usage(sim), before)
    await fixture.assertAuditClean()
  })

  it('is counted the same, whatever the size of its batches and pieces', async () => {
    for (const batchRecordsMax of [1, 2, 7, undefined]) {
      for (const chunkBytes of [[1], [64], [100, 3], [1_000_000]]) {
        const { deliver, lines, sim } = await fixture.newWorld()
        const [first = '', ...rest] = lines(15)
        const other = first.replace(/,4\n/, ',5\n')
        const summary = await deliver(csv([first, ...rest, 'x\n', first, other, first]), {
          chunkBytes,
          ...(batchRecordsMax === undefined ? {} : { batchRecordsMax }),
        })
        assert.deepEqual(verdicts(summary), { accepted: 15, duplicate: 2, quarantined: 2 })
        assert.deepEqual(await fixture.quarantined(summary), ['17 unreadable', '19 conflict'])
        assert.deepEqual(await fixture.usage(sim), usageOf(15))
      }
    }
    await fixture.assertAuditClean()
  })

  it('keeps what it quarantines once, and lists it for each delivery', async () => {
    const { deliver, feed } = await fixture.newWorld()
    const imports = [await deliver(csv(['broken\n'])), await deliver(csv(['\n', 'broken\n']))]
    const entries = await fixture.store.listQuarantine({ feedId: feed.id }, { limit: 10 })
    assert.deepEqual(
      entries.map(({ importId, line, reason, raw }) => [
        importId,
        line,
        reason,
        Buffer.from(raw).toString(),
      ]),
      [
        [imports[0]!.import.id, 2, 'unreadable', 'broken'],
        [imports[1]!.import.id, 3, 'unreadable', 'broken'],
      ],
    )
  })

  it('is completed by the mended file, in which what was good is a duplicate', async () => {
    const { deliver, lines, sim } = await fixture.newWorld()
    const good = lines(6)
    const bad = good.map((line, i) => (i % 2 === 0 ? line : line.replace('310-260', '31-0')))
    assert.deepEqual(verdicts(await deliver(csv(bad))), { accepted: 3, quarantined: 3 })
    assert.deepEqual(await fixture.usage(sim), usageOf(3))
    assert.deepEqual(verdicts(await deliver(csv(good))), { accepted: 3, duplicate: 3 })
    assert.deepEqual(await fixture.usage(sim), usageOf(6))
  })
})

describe('the batches of an import', () => {
  it('are told once they are on disk, and never more than is there', async () => {
    const { deliver, lines } = await fixture.newWorld()
    const content = Buffer.from(csv([...lines(5), 'x\n', ...lines(2), ...lines(3, 5)]))
    const told: { counts: VerdictCounts; bytesRead: number }[] = []
    const stored: ReturnType<UsageStore['findImport']>[] = []
    const first = Promise.withResolvers<void>()
    // It reads ahead of what it stores, so the rest comes when the first batch was told of.
    const halves = (async function* () {
      const half = content.length >> 1
      yield content.subarray(0, half)
      await first.promise
      yield content.subarray(half)
    })()
    const { import: done } = await deliver(halves, {
      batchRecordsMax: 4,
      onProgress: ({ importId, counts, bytesRead }) => {
        told.push({ counts, bytesRead })
        stored.push(fixture.store.findImport(importId))
        first.resolve()
      },
    })
    assert.deepEqual(
      told.map(({ counts }) => recordCount(counts)),
      [4, 8, 11],
    )
    for (const [i, found] of (await Promise.all(stored)).entries()) {
      // The next batch may be there by the time the store has answered.
      assert.ok(recordCount(found!.counts) >= recordCount(told[i]!.counts))
    }
    assert.deepEqual(told.at(-1)!.counts, done.counts)
    assert.equal(told.at(-1)!.bytesRead, content.length)
    assert.ok(told[0]!.bytesRead < told[1]!.bytesRead)
  })

  it('are not told when there are none', async () => {
    const { deliver } = await fixture.newWorld()
    const told: unknown[] = []
    await deliver(CSV_HEADER, { onProgress: (progress) => told.push(progress) })
    assert.deepEqual(told, [])
  })

  it('are smaller where records are long, so that they fit into memory', async () => {
    const { deliver, lines, sim } = await fixture.newWorld()
    const header = `note,${CSV_HEADER}`
    const long = lines(600).map((line) => `${'n'.repeat(65_000)},${line}`)
    async function* content() {
      yield Buffer.from(header)
      for (const line of long) yield Buffer.from(line)
    }
    const told: number[] = []
    await deliver(content(), { onProgress: ({ counts }) => told.push(counts.accepted) })
    assert.deepEqual([told.length, told.at(-1)], [2, 600])
    assert.deepEqual(await fixture.usage(sim), usageOf(600))
  })

  it('leave the first ten quarantined records in the summary, by their lines', async () => {
    const { deliver, lines, sim } = await fixture.newWorld()
    const [first = ''] = lines(1)
    const bad = [
      first.replace(/,4\n/, ',5\n'),
      first.replace(sim.sid, 'nobody'),
      'x\n',
      first.replace('310-260', '100-01'),
    ]
    const content = csv([first, ...bad, ...bad, ...bad, ...bad])
    for (const batchRecordsMax of [3, 50_000]) {
      const { firstQuarantined } = await deliver(content, { batchRecordsMax })
      assert.deepEqual(
        firstQuarantined.map(({ line, reason }) => `${line} ${reason}`),
        [
          '3 conflict',
          '4 unknown_sim',
          '5 unreadable',
          '6 unknown_network',
          '7 conflict',
          '8 unknown_sim',
          '9 unreadable',
          '10 unknown_network',
          '11 conflict',
          '12 unknown_sim',
        ],
      )
    }
  })
})
