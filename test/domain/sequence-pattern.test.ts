/** Numbers in the names of files. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseSequencePattern, sequenceOfName } from '../../src/domain/sequence-pattern.ts'

describe('a sequence pattern', () => {
  it('finds number and stream in the name, wherever the file lies', () => {
    const pattern = '^(?<stream>[A-Z]+)_(?<sequence>\\d+)\\.csv'
    assert.deepEqual(sequenceOfName(pattern, 'IOT_00042.csv.gz'), { stream: 'IOT', number: 42 })
    assert.deepEqual(sequenceOfName(pattern, '/in/2026/IOT_7.csv'), { stream: 'IOT', number: 7 })
    assert.deepEqual(sequenceOfName('usage-(?<sequence>\\d+)', 'usage-12-34.csv'), {
      stream: '',
      number: 12,
    })
  })

  it('finds nothing in a name that does not fit, or without a number that is exact', () => {
    const pattern = 'u(?<sequence>.*)\\.csv'
    for (const name of ['-', 'http', 'v1.csv', 'u.csv', 'u1a.csv', 'u-1.csv', 'u1.csv/x', '']) {
      assert.equal(sequenceOfName(pattern, name), null, name)
    }
    assert.equal(sequenceOfName(pattern, `u${'9'.repeat(15)}.csv`)!.number, 999_999_999_999_999)
    assert.equal(sequenceOfName(pattern, `u${'9'.repeat(16)}.csv`), null)
    assert.equal(sequenceOfName(pattern, `u${'0'.repeat(300)}1.csv`), null)
    assert.equal(sequenceOfName('(?<sequence>\\d+)?x', 'x'), null)
  })

  it('is a regular expression with the group sequence', () => {
    const good = 'a(?<sequence>\\d+)|b(?<stream>.)'
    assert.equal(parseSequencePattern('--sequence-pattern', good), good)
    for (const [text, message] of [
      ['usage_\\d+', /--sequence-pattern "usage_.*": expected a regular expression with a group/],
      ['(?<number>\\d+)', /with a group \(\?<sequence>…\)/],
      ['\\(?<sequence>\\d+', /with a group/],
      ['(?<sequence>\\d+', /\(error parsing regexp: missing closing \)/],
      ['(?=u)(?<sequence>\\d+)', /\(error parsing regexp: invalid or unsupported Perl syntax/],
      ['(?<sequence>\\d+)-\\1', /\(error parsing regexp: invalid escape sequence/],
      [
        `(?<sequence>\\d+)${'(x?){255}'.repeat(20)}`,
        /\(its repetitions come to more than 2000 steps\)/,
      ],
      ['', /with a group/],
      [`(?<sequence>${'1'.repeat(500)})`, /expected at most 500 characters/],
    ] as const) {
      assert.throws(() => parseSequencePattern('--sequence-pattern', text), {
        code: 'invalid',
        message,
      })
    }
  })

  it('costs time in proportion to the name, however its repetitions are nested', () => {
    const startedAt = performance.now()
    for (const pattern of [
      '(?<sequence>(\\d+)+)+x',
      '(?<sequence>(\\d|\\d\\d)+)!',
      '(?<sequence>(1*)*)*x',
    ]) {
      assert.equal(parseSequencePattern('--sequence-pattern', pattern), pattern)
      assert.equal(sequenceOfName(pattern, '1'.repeat(255)), null)
    }
    // The engine of the language itself does not come to an end with any of them.
    assert.ok(performance.now() - startedAt < 1_000)
  })
})
