/** Periods as the Super SIM API takes them, and each refusal with its code. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatInstant } from '../../../src/domain/time.ts'
import { errorBody, HttpError } from '../../../src/http/error-reply.ts'
import {
  type SuperSimGranularity,
  superSimWindow,
} from '../../../src/http/supersim/usage-window.ts'
import { instant, NOW } from '../../support/builders.ts'

/** Dates alone stand for midnight. */
function at(text: string | null): number | null {
  return text === null ? null : instant(text.length === 10 ? `${text}T00:00:00Z` : text)
}

function windowOf(
  granularity: SuperSimGranularity,
  start: string | null,
  end: string | null,
  isGroupedBySim = false,
): [start: string, end: string] {
  const asked = { granularity, start: at(start), end: at(end), isGroupedBySim }
  const window = superSimWindow(asked, NOW)
  return [formatInstant(window.start), formatInstant(window.end)]
}

describe('a period of the Super SIM API', () => {
  it('ends with the hour or the day that it is, and begins a month before, unless stated', () => {
    assert.deepEqual(windowOf('all', null, null), ['2026-02-15T13:00:00Z', '2026-03-15T13:00:00Z'])
    assert.deepEqual(windowOf('hour', null, null), windowOf('all', null, null))
    assert.deepEqual(windowOf('day', null, null), ['2026-02-16T00:00:00Z', '2026-03-16T00:00:00Z'])
    assert.deepEqual(windowOf('all', null, '2026-01-31'), [
      '2025-12-31T00:00:00Z',
      '2026-01-31T00:00:00Z',
    ])
    assert.deepEqual(windowOf('hour', '2026-03-15T12:00:00Z', null), [
      '2026-03-15T12:00:00Z',
      '2026-03-15T13:00:00Z',
    ])
  })

  it('lists no hours and days that have not begun, and states a whole period as asked', () => {
    assert.deepEqual(windowOf('day', '2026-03-01', '2026-04-01'), [
      '2026-03-01T00:00:00Z',
      '2026-03-16T00:00:00Z',
    ])
    assert.deepEqual(windowOf('hour', '2026-04-01', '2026-04-02'), [
      '2026-04-01T00:00:00Z',
      '2026-04-01T00:00:00Z',
    ])
    assert.equal(windowOf('all', '2026-03-01', '2026-04-01')[1], '2026-04-01T00:00:00Z')
  })

  const borders: [what: string, ...Parameters<typeof windowOf>][] = [
    ['31 days by the hour', 'hour', '2026-02-12', '2026-03-15'],
    ['3 months by the day', 'day', '2025-11-30', '2026-02-28'],
    ['18 months as a whole', 'all', '2024-09-15T12:00:00Z', '2026-03-15T12:00:00Z'],
    ['31 days by SIM', 'all', '2026-02-12', '2026-03-15', true],
    ['31 days by SIM and hour', 'hour', '2026-02-12', '2026-03-15', true],
  ]
  for (const [what, ...asked] of borders) {
    it(`may have ${what}`, () => {
      assert.equal(windowOf(...asked).length, 2)
    })
  }

  const refusals: [code: number, message: RegExp, ...Parameters<typeof windowOf>][] = [
    [
      83600,
      /StartTime .* is not before EndTime .*; EndTime is exclusive/,
      'all',
      '2026-03-02',
      '2026-03-01',
    ],
    [83600, /is not before EndTime/, 'day', '2026-03-01', '2026-03-01'],
    [83600, /\(now, the default\)/, 'all', '2026-03-16', null],
    [
      83601,
      /StartTime .*ask for 2026-03-01T00:00:00Z$/,
      'day',
      '2026-03-01T10:00:00Z',
      '2026-03-03',
    ],
    [83601, /EndTime .*ask for 2026-03-03T00:00:00Z$/, 'day', '2026-03-01', '2026-03-02T23:59:59Z'],
    [83602, /StartTime .*ask for 2026-03-01T10:00:00Z$/, 'hour', '2026-03-01T10:30:00Z', null],
    [83602, /EndTime .*ask for 2026-03-02T00:00:00Z$/, 'all', null, '2026-03-01T23:59:59Z'],
    [83603, /Group=sim covers 32 days/, 'all', '2026-02-11', '2026-03-15', true],
    [83603, /Group=sim covers 32 days/, 'hour', '2026-02-11T23:00:00Z', '2026-03-15', true],
    [83604, /Granularity=hour covers 32 days/, 'hour', '2026-02-11T23:00:00Z', '2026-03-15'],
    [83604, /at most 3 months .* from 2025-12-15T00:00:00Z on/, 'day', '2025-12-14', '2026-03-15'],
    [83604, /at most 18 months/, 'all', '2024-09-15T13:00:00Z', '2026-03-15T14:00:00Z'],
    [
      83605,
      /for 18 months, by now from 2024-09-15T12:00:00Z on/,
      'all',
      '2024-09-15T11:00:00Z',
      '2026-03-15T11:00:00Z',
    ],
    [83605, /StartTime 0001-01-01T00:00:00Z/, 'day', '0001-01-01', '0001-01-02'],
  ]
  for (const [code, message, ...asked] of refusals) {
    it(`is refused with ${code}: ${asked.join(', ')}`, () => {
      assert.throws(
        () => windowOf(...asked),
        (error) => {
          assert.ok(error instanceof HttpError)
          assert.match(error.message, message)
          assert.equal(errorBody(error.kind, error.message).code, code)
          return true
        },
      )
    })
  }
})
