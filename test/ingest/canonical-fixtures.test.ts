/**
 * Every example file of the canonical formats, good and bad, with what becomes of it beside it:
 * `times.csv` and `times.expected.json`. It is delivered at `NOW`, to a store that knows one SIM.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { type FeedFormat, parseFeedName } from '../../src/domain/directory.ts'
import type { VerdictCounts } from '../../src/domain/import.ts'
import type { ImportSummary } from '../../src/ingest/import-records.ts'
import { IngestFixture, someOf } from '../support/ingest-fixture.ts'

const FOLDER = new URL('../fixtures/canonical/', import.meta.url)

interface Expected {
  readonly error: string | null
  readonly counts: Partial<VerdictCounts>
  readonly warnings: readonly string[]
  readonly quarantined: readonly {
    readonly line: number
    readonly reason: string
    readonly field: string | null
    readonly detail: string
  }[]
  /** As `IngestFixture.usage` tells it. */
  readonly usage: readonly string[]
}

const files = readdirSync(FOLDER).sort()
const examples = files.filter((name) => !name.endsWith('.expected.json'))

describe('an example file', { concurrency: 4 }, () => {
  for (const name of examples) {
    it(`${name} becomes what stands beside it, and nothing more when it comes again`, async (t) => {
      const fixture = await IngestFixture.open()
      t.after(() => fixture.close())
      const content = readFileSync(new URL(name, FOLDER))
      const [base, format] = name.split('.') as [string, FeedFormat]
      const expected = expectedOf(base)
      const feed = await fixture.newFeed({
        ...{ name: parseFeedName(name), format },
        // Some of their records name SIMs by unique names.
        accountId: fixture.account.id,
      })
      const told = await tell(fixture, await fixture.deliver(feed, content))
      assert.deepEqual(told, expected)
      const { accepted = 0, duplicate = 0, ...others } = expected.counts
      const repeated = accepted + duplicate
      const again = {
        ...expected,
        counts: repeated === 0 ? others : { ...others, duplicate: repeated },
      }
      const packed = gzipSync(content)
      const inPieces = { batchRecordsMax: 1, chunkBytes: [1, 2, 3] }
      assert.deepEqual(await tell(fixture, await fixture.deliver(feed, packed, inPieces)), again)
      await fixture.assertAuditClean()
    })
  }

  it('is there for every expectation', () => {
    const expectations = files.filter((name) => !examples.includes(name))
    assert.deepEqual(
      expectations,
      examples.map((name) => `${name.split('.')[0]}.expected.json`),
    )
  })
})

function expectedOf(base: string): Expected {
  return JSON.parse(readFileSync(new URL(`${base}.expected.json`, FOLDER), 'utf8'))
}

async function tell(fixture: IngestFixture, summary: ImportSummary): Promise<Expected> {
  const { id, error, counts } = summary.import
  const entries = await fixture.store.listQuarantine({ importId: id }, { limit: 100 })
  return {
    error,
    counts: someOf(counts),
    warnings: summary.warnings,
    quarantined: entries
      .sort((a, b) => a.line - b.line)
      .map(({ line, reason, field, detail }) => ({ line, reason, field, detail })),
    usage: await fixture.usage(),
  }
}
