/** What a page token keeps to itself. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { csvLine } from '../../src/http/csv-line.ts'
import { importSids } from '../../src/http/import-sids.ts'
import { PageTokens, type TokenPayload } from '../../src/http/page-token.ts'
import { sourceToApi } from '../../src/http/schemas/shapes.ts'

const tokensOf = (key: number) =>
  new PageTokens({ signingKey: async () => new Uint8Array(32).fill(key) })

describe('a page token', () => {
  const tokens = tokensOf(1)

  it('gives back what it was made of, and nothing to another store', async () => {
    const values = fc.array(
      fc.oneof(
        fc.maxSafeInteger(),
        fc.string({ unit: 'grapheme', maxLength: 20 }),
        fc.constant(null),
      ),
      { maxLength: 20 },
    )
    await fc.assert(
      fc.asyncProperty(values, async (rest) => {
        const payload: TokenPayload = ['kind', ...rest]
        const token = await tokens.seal(payload)
        assert.deepEqual(
          await tokens.open(token, 'kind'),
          payload.map((value) => (Object.is(value, -0) ? 0 : value)),
        )
        assert.equal(await tokens.seal(payload), token)
        await assert.rejects(tokensOf(2).open(token, 'kind'), /PageToken/)
        await assert.rejects(tokens.open(token, 'other'), /PageToken/)
      }),
      { numRuns: 30 },
    )
  })

  it('tells neither ids nor how long they are', async () => {
    const lengths = new Set<number>()
    for (const id of [1, 42, 1_000_000, Number.MAX_SAFE_INTEGER]) {
      const token = await tokens.seal(['imports', id, 'a'])
      lengths.add(token.length)
      const bytes = Buffer.from(token, 'base64url')
      assert.ok(!bytes.toString('latin1').includes(String(id).padStart(3, '[')))
      assert.ok(!bytes.toString('latin1').includes('imports'))
    }
    assert.equal(lengths.size, 1)
  })
})

describe('a page token in a line of CSV', () => {
  it('stands there as it is: no spreadsheet would take it for a formula', async () => {
    const tokens = tokensOf(1)
    for (let i = 0; i < 300; i++) {
      const token = await tokens.seal(['usage', i])
      assert.equal(csvLine([token]), token)
      assert.deepEqual(await tokens.open(token, 'usage'), ['usage', i])
    }
  })
})

describe('the SID of an import', () => {
  it('leads back to its id in its own store, and says nothing of others', async () => {
    const key = (fill: number) => ({ signingKey: async () => new Uint8Array(32).fill(fill) })
    const [sids, others] = [await importSids(key(1)), await importSids(key(2))]
    const seen = new Set<string>()
    for (const id of [0, 1, 2, 999, Number.MAX_SAFE_INTEGER]) {
      const sid = sids.of(id)
      assert.match(sid, /^IM[0-9a-f]{32}$/)
      assert.equal(sids.idOf(sid), id)
      assert.equal(others.idOf(sid), null)
      seen.add(sid.slice(0, 6))
    }
    assert.equal(seen.size, 5)
    const wrong = [
      '1',
      'IM',
      `IM${'0'.repeat(32)}`,
      `im${sids.of(1).slice(2)}`,
      `${sids.of(1)}0`,
      '',
    ]
    for (const text of wrong) assert.equal(sids.idOf(text), null)
  })
})

describe('the source of an import', () => {
  it('is shown without the folders it lay in', () => {
    const shown = ['/srv/a/usage.csv', 'C:\\data\\usage.csv', 'usage.csv', '-', 'http'].map(
      sourceToApi,
    )
    assert.deepEqual(shown, ['usage.csv', 'usage.csv', 'usage.csv', '-', 'http'])
  })
})
