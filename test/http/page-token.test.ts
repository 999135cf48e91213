/** What a page token keeps to itself. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
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

describe('the source of an import', () => {
  it('is shown without the folders it lay in', () => {
    const shown = ['/srv/a/usage.csv', 'C:\\data\\usage.csv', 'usage.csv', '-', 'http'].map(
      sourceToApi,
    )
    assert.deepEqual(shown, ['usage.csv', 'usage.csv', 'usage.csv', '-', 'http'])
  })
})
