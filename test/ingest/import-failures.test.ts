/** Imports that fail on their way: nothing is half done, and repeating them completes the count. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { recordCount, type VerdictCounts } from '../../src/domain/import.ts'
import { UsageError } from '../../src/domain/usage-error.ts'
import { importRecords } from '../../src/ingest/import-records.ts'
import type { UsageStore } from '../../src/storage/usage-store.ts'
import { NOW } from '../support/builders.ts'
import { csv, IngestFixture, someOf, usageOf, verdicts } from '../support/ingest-fixture.ts'
import { inChunks } from '../support/record-files.ts'

let fixture: IngestFixture
before(async () => {
  fixture = await IngestFixture.open()
})
after(() => fixture.close())

describe('an import whose delivery cannot be read to its end', () => {
  it('fails with the reason, counts no part of a batch, and is completed by the whole', async () => {
    const { deliver, lines, sim } = await fixture.newWorld()
    const records = lines(1_000)
    const packed = gzipSync(csv(records), { level: 0 })
    const damaged = Buffer.from(packed)
    damaged[damaged.length - 6]! ^= 1
    const broken: [Uint8Array, string][] = [
      [packed.subarray(0, packed.length / 2), 'the gzip data is cut off (unexpected end of file)'],
      [damaged, 'the gzip data is damaged (incorrect data check)'],
    ]
    for (const [bytes, error] of broken) {
      const { import: failed, firstQuarantined } = await deliver(bytes)
      assert.deepEqual([failed.status, failed.error], ['failed', error])
      assert.deepEqual([failed.checksum, recordCount(failed.counts)], [null, 0])
      assert.deepEqual(firstQuarantined, [])
      assert.deepEqual(await fixture.usage(sim), [])
    }
    const written = Promise.withResolvers<void>()
    async function* cutAfterFirstBatch() {
      yield packed.subarray(0, packed.length / 2)
      await written.promise
      yield packed.subarray(packed.length / 2, packed.length - 100)
    }
    const { import: failed } = await deliver(cutAfterFirstBatch(), {
      batchRecordsMax: 100,
      onProgress: () => written.resolve(),
    })
    const counted = failed.counts.accepted
    assert.equal(failed.status, 'failed')
    assert.ok(counted >= 100 && counted % 100 === 0, `${counted} records were counted`)
    assert.deepEqual(await fixture.usage(sim), usageOf(counted))
    const whole = await deliver(packed)
    assert.deepEqual(verdicts(whole), { accepted: 1_000 - counted, duplicate: counted })
    assert.deepEqual(await fixture.usage(sim), usageOf(1_000))
    await fixture.assertAuditClean()
  })

  it('fails without a header, and counts nothing', async () => {
    const { deliver, lines } = await fixture.newWorld()
    const { import: failed } = await deliver(lines(3).join(''))
    assert.equal(failed.status, 'failed')
    assert.match(
      failed.error!,
      /^the header line "r0,DE\d+….*" has no column record_id, sim, occurred_at$/,
    )
    assert.equal(recordCount(failed.counts), 0)
  })

  it('fails with the words of its source', async () => {
    const { deliver, lines, sim } = await fixture.newWorld()
    async function* source() {
      yield Buffer.from(csv(lines(5)))
      throw new UsageError('unreadable', 'the connection ended before the body did')
    }
    const { import: failed } = await deliver(source(), { batchRecordsMax: 2 })
    assert.deepEqual(
      [failed.status, failed.error, failed.counts.accepted],
      ['failed', 'the connection ended before the body did', 4],
    )
    assert.deepEqual(await fixture.usage(sim), usageOf(4))
  })

  it('stays running where its source breaks in a way that nobody foresaw', async () => {
    const { deliver, lines, sim, feed } = await fixture.newWorld()
    async function* source() {
      yield Buffer.from(csv(lines(5)))
      throw new TypeError('a bug')
    }
    await assert.rejects(deliver(source(), { batchRecordsMax: 2 }), { message: 'a bug' })
    const [newest] = await fixture.store.listImports({}, { limit: 1 })
    assert.deepEqual(
      [newest!.feedId, newest!.status, newest!.counts.accepted],
      [feed.id, 'running', 4],
    )
    assert.deepEqual(verdicts(await deliver(csv(lines(5)))), { accepted: 1, duplicate: 4 })
    assert.deepEqual(await fixture.usage(sim), usageOf(5))
  })
})

describe('an import whose store fails', () => {
  /** The store, until a call of `name` is to fail: the one after `calls` that did not. */
  function failingStore(name: 'append' | 'resolveSims', calls: number, error: unknown): UsageStore {
    let left = calls
    const real = fixture.store
    const call = (...values: unknown[]) =>
      left-- > 0
        ? (real[name] as (...values: unknown[]) => Promise<unknown>)(...values)
        : Promise.reject(error)
    return Object.assign(Object.create(real), { [name]: call })
  }

  for (const [name, calls] of [
    ['append', 0],
    ['append', 2],
    ['resolveSims', 0],
  ] as const) {
    it(`rejects with what ${name} failed with after ${calls} calls, and can be repeated`, async () => {
      const { deliver, lines, sim, feed } = await fixture.newWorld()
      const content = csv(lines(9))
      const full = new UsageError('storage_full', 'no space left')
      let isLetGo = false
      async function* source() {
        try {
          yield* inChunks(Buffer.from(content), [100])
        } finally {
          isLetGo = true
        }
      }
      const importing = importRecords({
        store: failingStore(name, calls, full),
        feed,
        account: null,
        source: { name: 'usage.csv', bytes: source() },
        clock: () => NOW,
        batchRecordsMax: 2,
      })
      await assert.rejects(importing, full)
      assert.ok(isLetGo)
      // Where nothing was to be stored yet, nothing is there.
      const expected = name === 'append' ? [[feed.id, 'running', 2 * calls]] : []
      const imports = await fixture.store.listImports({ feedId: feed.id }, { limit: 9 })
      assert.deepEqual(
        imports.map(({ feedId, status, counts }) => [feedId, status, counts.accepted]),
        expected,
      )
      const repeated = { accepted: 9 - 2 * calls, duplicate: 2 * calls } as VerdictCounts
      assert.deepEqual(verdicts(await deliver(content)), someOf(repeated))
      assert.deepEqual(await fixture.usage(sim), usageOf(9))
    })
  }

  for (const [error, reason] of [
    [new UsageError('not_found', 'there is no such feed'), 'there is no such feed'],
    [
      new UsageError('incompatible', '/var/lib/usage.db is damaged'),
      'the usage store could not be used as it was',
    ],
    [new TypeError('a bug'), 'the usage store failed unexpectedly'],
  ] as const) {
    it(`ends as failed where that is no passing failure: ${error.message}`, async () => {
      const { feed, lines, sim, deliver } = await fixture.newWorld()
      const importing = importRecords({
        store: failingStore('append', 1, error),
        feed,
        account: null,
        source: { name: 'usage.csv', bytes: inChunks(Buffer.from(csv(lines(9))), [100]) },
        clock: () => NOW,
        batchRecordsMax: 2,
      })
      await assert.rejects(importing, error)
      const [newest] = await fixture.store.listImports({}, { limit: 1 })
      assert.deepEqual(
        [newest!.feedId, newest!.status, newest!.error, newest!.counts.accepted],
        [feed.id, 'failed', reason, 2],
      )
      assert.deepEqual(verdicts(await deliver(csv(lines(9)))), { accepted: 7, duplicate: 2 })
      assert.deepEqual(await fixture.usage(sim), usageOf(9))
    })
  }
})
