import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { barChart } from '../../src/cli/bar-chart.ts'
import { escapedText } from '../../src/cli/escaped-text.ts'
import { formatBytes, formatCount, formatDuration } from '../../src/cli/quantity-text.ts'
import { textTable } from '../../src/cli/text-table.ts'
import { csvLine } from '../../src/http/csv-line.ts'

describe('bytes in words', () => {
  it('have three digits of the unit in which they are below 1000', () => {
    for (const [bytes, text] of [
      [0, '0 B'],
      [999, '999 B'],
      [1000, '1.00 kB'],
      [12_345, '12.3 kB'],
      [999_499, '999 kB'],
      [999_500, '1.00 MB'],
      [2n ** 63n, '9.22 EB'],
    ] as const) {
      assert.equal(formatBytes(bytes), text)
    }
  })
})

describe('counts and durations in words', () => {
  it('group digits by thousands', () => {
    assert.deepEqual([0, 999, 1000, 1234567, 2n ** 64n].map(formatCount), [
      '0',
      '999',
      '1,000',
      '1,234,567',
      '18,446,744,073,709,551,616',
    ])
  })

  it('show tenths of a second below a minute', () => {
    const texts = [40, 59_949, 59_950, 119_999, 200_000].map(formatDuration)
    assert.deepEqual(texts, ['0.0 s', '59.9 s', '1 min 0 s', '2 min 0 s', '3 min 20 s'])
  })
})

describe('a table of text', () => {
  it('aligns its columns and leaves no spaces at the end of a line', () => {
    const rows = [
      ['NAME', 'COUNT', 'NOTE'],
      ['a', '1', ''],
      ['longer', '1,000', 'x'],
    ]
    assert.deepEqual(textTable(rows, ['left', 'right']), [
      'NAME    COUNT  NOTE',
      'a           1',
      'longer  1,000  x',
    ])
  })

  it('keeps its lines and columns whatever the cells hold', () => {
    assert.deepEqual(
      textTable([
        ['a\n\u001b', 'x'],
        ['b', 'y'],
      ]),
      ['a\\u000a\\u001b  x', 'b              y'],
    )
  })
})

describe('a bar chart', () => {
  it('gives the largest bar all the width that is left, and the others their share', () => {
    const chart = barChart(
      [
        { label: 'a', bytes: 400n },
        { label: 'b', bytes: 200n },
        { label: 'c', bytes: 25n },
        { label: 'd', bytes: 0n },
      ],
      24,
    )
    assert.deepEqual(chart, [
      `a 400 B ${'█'.repeat(16)}`,
      `b 200 B ${'█'.repeat(8)}`,
      'c  25 B █',
      'd   0 B',
    ])
  })

  it('draws the smallest usage as an eighth, and keeps a bar on a narrow terminal', () => {
    const chart = barChart(
      [
        { label: 'much', bytes: 10n ** 18n },
        { label: 'little', bytes: 1n },
      ],
      5,
    )
    assert.deepEqual(chart, [`much   1.00 EB ${'█'.repeat(10)}`, 'little     1 B ▏'])
  })

  it('is empty without bars', () => {
    assert.deepEqual(barChart([], 80), [])
  })
})

describe('a line of CSV', () => {
  it('has no formula in it, and leaves numbers what they are', () => {
    for (const [cell, text] of [
      ['=1+1', "'=1+1"],
      ['+cmd|calc', "'+cmd|calc"],
      ['-2+3', "'-2+3"],
      ['@SUM(A1)', "'@SUM(A1)"],
      ['＝1', "'＝1"],
      ['\t=1', '\\u0009=1'],
      ['a,"b"\r\n', '"a,""b""\\u000d\\u000a"'],
      ['-5', '-5'],
      ['+4915112345678', '+4915112345678'],
      ['-1.5', '-1.5'],
      [-5, '-5'],
      [2n ** 64n, '18446744073709551616'],
      ['r-1=2', 'r-1=2'],
      ['', ''],
    ] as const) {
      assert.equal(csvLine([cell, 'x']), `${text},x`)
    }
  })
})

describe('bytes from outside as text', () => {
  it('keep what is printable, in every script', () => {
    assert.equal(escapedText(Buffer.from('a,b "ü€𝄞�"')), 'a,b "ü€𝄞�"')
  })

  it('show bytes that are not UTF-8, control characters and backslashes as \\xNN', () => {
    const bytes = [0x61, 0xff, 0x00, 0x1b, 0x5c, 0xc2, 0x9b, 0xe2, 0x82, 0x41, 0xf0, 0x9d]
    assert.equal(
      escapedText(Uint8Array.from(bytes)),
      'a\\xff\\x00\\x1b\\x5c\\xc2\\x9b\\xe2\\x82A\\xf0\\x9d',
    )
  })
})
