/** Keys that a JSON text has twice in one object: found wherever they are, and nothing else is. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { repeatedKeys } from '../../src/ingest/formats/repeated-keys.ts'

const found = (text: string) => Object.fromEntries(repeatedKeys(text, JSON.parse(text)))

describe('a key that is there twice', () => {
  const cases: readonly [text: string, expected: Record<string, readonly string[]>][] = [
    ['{"a":1,"b":2}', {}],
    ['{"a":1,"a":1}', {}],
    ['{"a":1,"a":2}', { a: ['1', '2'] }],
    ['{"a" : 1 , "a"\n:\t2 }', { a: ['1', '2'] }],
    ['{"a":1,"\\u0061":"1"}', { a: ['1', '"1"'] }],
    ['{"a":{"b":1},"a":{"b":2}}', { a: ['{"b":1}', '{"b":2}'] }],
    ['{"x":[{"a":1},{"a":2}],"a":3}', {}],
    ['[{"x":{"a":[1,2],"a":[1]}}]', { a: ['[1,2]', '[1]'] }],
    ['{"a":1,"a":1,"a":null}', { a: ['1', '1', 'null'] }],
    ['{"a":"\\"a\\":2,\\"a\\":3"}', {}],
    ['{"":1,"":2}', { '': ['1', '2'] }],
    ['["a",1]', {}],
    ['7', {}],
  ]
  for (const [text, expected] of cases) {
    it(`${text}: ${JSON.stringify(expected)}`, () => assert.deepEqual(found(text), expected))
  }

  it('is found however deeply values are nested', () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
    assert.deepEqual(found(`{"x":${deep},"a":1}`), {})
    assert.deepEqual(found(`{"x":${deep},"a":1,"a":2}`), { a: ['1', '2'] })
  })

  it('is in nothing that a program writes', () => {
    const isClean = (value: unknown) => assert.deepEqual(found(JSON.stringify(value)), {})
    fc.assert(fc.property(fc.jsonValue(), isClean))
  })
})
