/** Which feed a file of a drop folder belongs to. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Feed } from '../../../src/domain/directory.ts'
import {
  FolderRoutes,
  fits,
  parseRoute,
  ROUTES_MAX,
} from '../../../src/ingest/drop-folder/routes.ts'

const feed = (id: number) => ({ id }) as Feed

describe('a pattern of files', () => {
  it('fits whole names', () => {
    const cases: readonly [pattern: string, fits: readonly string[], not: readonly string[]][] = [
      ['CD*', ['CD', 'CDESPVV.tap'], ['cd', 'xCD', '']],
      ['*.csv', ['.csv', 'a.csv', 'a.csv.csv'], ['a.csv.gz', 'csv']],
      ['a-?.csv', ['a-1.csv'], ['a-.csv', 'a-12.csv']],
      ['a*b*c', ['abc', 'aXbXc', 'abcbc'], ['ab', 'acb']],
      ['a.b', ['a.b'], ['axb', 'a.bc']],
      ['[a]+', ['[a]+'], ['a']],
      ['*', ['', 'anything'], []],
    ]
    for (const [pattern, good, bad] of cases) {
      for (const name of good) assert.ok(fits(name, pattern), `${name} ${pattern}`)
      for (const name of bad) assert.ok(!fits(name, pattern), `${name} ${pattern}`)
    }
  })

  it('fits as a regular expression of the same meaning does', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 })
    const name = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 })
    fc.assert(
      fc.property(name, text, (given, pattern) => {
        const same = new RegExp(`^${pattern.replace(/[*]+/g, '.*').replaceAll('?', '.')}$`)
        assert.equal(fits(given, pattern), same.test(given))
      }),
      { numRuns: 2_000 },
    )
  })

  it('takes no longer for names and patterns that are made for it', () => {
    const startedAt = performance.now()
    assert.ok(!fits('a'.repeat(255), `${'a*'.repeat(120)}b`))
    assert.ok(performance.now() - startedAt < 1_000)
  })

  it('is written with its feed', () => {
    assert.deepEqual(parseRoute('a=b*=roamco'), { pattern: 'a=b*', feedName: 'roamco' })
    for (const text of ['', 'a', '=a', 'a=', 'x/*=a']) {
      assert.throws(() => parseRoute(text), { code: 'invalid' })
    }
  })
})

describe('the routes of a folder', () => {
  it('go by the first pattern that fits, and else by no pattern', () => {
    const routes = [
      { pattern: 'a*', feed: feed(1) },
      { pattern: '*z', feed: feed(2) },
      { pattern: 'ab*', feed: feed(1) },
    ]
    const all = new FolderRoutes(routes, feed(3))
    assert.deepEqual(
      ['az', 'bz', 'b'].map((name) => all.feedOf(name)?.id),
      [1, 2, 3],
    )
    assert.deepEqual(
      all.feeds.map(({ id }) => id),
      [1, 2, 3],
    )
    assert.equal(new FolderRoutes(routes, null).feedOf('b'), null)
    const many = Array.from({ length: ROUTES_MAX + 1 }, () => routes[0]!)
    assert.throws(() => new FolderRoutes(many, null), /101 patterns of files, at most 100 allowed/)
  })
})
