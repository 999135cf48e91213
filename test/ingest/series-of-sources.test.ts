/** Series as sources in the field write them: what their readings come to. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NOTHING_PROVED, proveAll } from '../../src/domain/counter-series.ts'
import { COUNTER_NAMES } from '../../src/domain/counters.ts'
import type { FeedSettings } from '../../src/domain/directory.ts'
import { CDR_FORMATS } from '../../src/ingest/formats/formats.ts'
import { readingOf } from '../../src/storage/series/reading-rows.ts'
import { readDelivery } from './reading.ts'

type Format = 'radius' | 'mapped'

/** What the readings of a delivery come to, as `upload/download/to_sim/from_sim`, and their verdicts. */
function usageOf(format: Format, content: string, settings: FeedSettings) {
  const { records } = readDelivery(CDR_FORMATS[format].createReader(settings), content)
  const sorted = records.toSorted((a, b) => a.occurredAt - b.occurredAt)
  const readings = sorted.map(({ counters, reading }) => readingOf(counters, reading!))
  const proved = proveAll(NOTHING_PROVED, readings)
  const total = COUNTER_NAMES.map((name) => proved.reduce((sum, one) => sum + one.usage[name], 0))
  return [total.join('/'), ...proved.map(({ verdict }) => verdict)]
}

type Octets = number | string | undefined

interface Packet {
  readonly status?: string
  readonly up?: Octets
  readonly down?: Octets
  readonly more?: Readonly<Record<string, string | number>>
}

/** Packets of one session, ten minutes apart. */
function session(...packets: readonly Packet[]): string {
  const objects = packets.map(({ status = 'Interim-Update', up, down, more }, i) => ({
    'Acct-Status-Type': status,
    'NAS-Identifier': 'gw-7',
    'Acct-Session-Id': '5F',
    '3GPP-IMSI': '310260000000017',
    'Event-Timestamp': 1_793_000_000 + 600 * i,
    ...(up !== undefined && { 'Acct-Input-Octets': up }),
    ...(down !== undefined && { 'Acct-Output-Octets': down }),
    ...more,
  }))
  return objects.map((object) => `${JSON.stringify(object)}\n`).join('')
}

describe('a RADIUS session', () => {
  const cases: readonly [
    kind: string,
    packets: readonly Packet[],
    expected: readonly string[],
    settings?: FeedSettings,
  ][] = [
    [
      'with an interim after its stop',
      [
        { up: 200, down: 900 },
        { status: 'Stop', up: 310, down: 1400 },
        { up: 300, down: 1390 },
      ],
      ['310/1400/0/0', 'growth', 'growth', 'fall'],
    ],
    [
      'with a zero between two good readings',
      [
        { up: 70, down: 80 },
        { up: 0, down: 0 },
        { up: 71, down: 85 },
      ],
      ['71/85/0/0', 'growth', 'fall', 'growth'],
    ],
    [
      'of which one direction has fallen',
      [
        { up: 70, down: 80 },
        { up: 60, down: 95 },
      ],
      ['70/95/0/0', 'growth', 'fall'],
    ],
    [
      'that has started again under its name',
      [{ status: 'Start' }, { up: 70, down: 80 }, { status: 'Start' }, { up: 90, down: 10 }],
      ['160/90/0/0', 'growth', 'growth', 'reset', 'growth'],
    ],
    [
      'with a start that is repeated, where sessions have names of their own',
      [{ up: 70, down: 80 }, { status: 'Start' }, { up: 90, down: 80 }],
      ['90/80/0/0', 'growth', 'fall', 'growth'],
      { resets: 'never' },
    ],
    [
      'of a server that writes no starts',
      [
        { up: 70, down: 80 },
        { up: 5, down: 90 },
      ],
      ['75/170/0/0', 'growth', 'reset'],
      { resets: 'fall' },
    ],
    [
      'whose 32-bit counter is fast',
      [
        { up: 1, down: 3_900_000_000 },
        { up: 2, down: 1_300_000_000 },
      ],
      ['2/5594967296/0/0', 'growth', 'wrap'],
      { gigawords: false },
    ],
    [
      'whose stop leaves out the gigawords that its interims had',
      [
        { up: 5, down: 2_500_000_000, more: { 'Acct-Output-Gigawords': 1 } },
        { status: 'Stop', up: 5, down: 2_500_000_040 },
      ],
      ['5/6794967336/0/0', 'growth', 'growth'],
    ],
    [
      'whose stop leaves out gigawords that are 0 where they are absent',
      [
        { up: 5, down: 2_500_000_000, more: { 'Acct-Output-Gigawords': 1 } },
        { status: 'Stop', up: 6, down: 2_500_000_040 },
      ],
      ['6/6794967296/0/0', 'growth', 'fall'],
      { gigawords: true },
    ],
    [
      'with a packet without one direction, and one where it is empty',
      [{ up: 70, down: 80 }, { up: 75 }, { up: '', down: 90 }, { up: 80, down: 90 }],
      ['80/90/0/0', 'growth', 'growth', 'growth', 'growth'],
    ],
  ]
  for (const [kind, packets, expected, settings = {}] of cases) {
    it(`${kind} comes to what it proves`, () => {
      assert.deepEqual(usageOf('radius', session(...packets), settings), expected)
    })
  }

  it('has no packet without both directions', () => {
    const reader = CDR_FORMATS.radius.createReader({})
    const { records, faults } = readDelivery(reader, session({ status: 'Stop' }))
    assert.equal(records.length, 0)
    assert.match(faults[0]!, /Acct-Input-Octets: a value is required; Acct-Output-Octets: a value/)
  })

  it('has counters that begin again as the feed says, or not at all', () => {
    assert.throws(
      () => CDR_FORMATS.radius.checkSettings({ resets: 'often' }),
      /resets "often": expected one of never, start, fall/,
    )
  })
})

describe('cumulative counters of a mapping', () => {
  const own = (resets?: string): FeedSettings => ({
    mapping: {
      source: { format: 'csv' },
      fields: {
        record_id: 'cycle',
        sim: 'sim',
        occurred_at: { from: 'at' },
        download: { from: 'bytes', unit: 'bytes' },
        from_sim: 'sms',
      },
      readings: true,
      ...(resets !== undefined && { resets }),
    },
  })
  const polls = (...rows: readonly string[]) =>
    `cycle,sim,at,bytes,sms\n${rows.map((row, i) => `c,s,2026-11-05T0${i}:00:00Z,${row}\n`).join('')}`

  it('fall and add nothing, unless the mapping says that they begin again', () => {
    const corrected = polls('5000,3', '4000,3', '5100,4')
    assert.deepEqual(usageOf('mapped', corrected, own()), [
      '0/5100/0/4',
      'growth',
      'fall',
      'growth',
    ])
    assert.deepEqual(usageOf('mapped', corrected, own('fall')), [
      '0/10100/0/7',
      'growth',
      'reset',
      'growth',
    ])
  })

  it('are not known where a record has nothing for them', () => {
    for (const resets of ['never', 'fall']) {
      assert.deepEqual(usageOf('mapped', polls('5000,3', ',', ',4', '5100,'), own(resets)), [
        '0/5100/0/4',
        'growth',
        'unknown',
        'growth',
        'growth',
      ])
    }
  })

  it('of a ready mapping are not known where they are absent or null', () => {
    const settings = { mapping: 'cisco-control-center', total_is: 'download', sms: 'to_sim' }
    const answers = [
      { ctdDataUsage: 7_000_000, ctdSMSUsage: 2 },
      { status: 'ACTIVATED' },
      { ctdDataUsage: 7_000_200, ctdSMSUsage: null },
      { ctdDataUsage: 7_000_200, ctdSMSUsage: 3 },
      { ctdDataUsage: 40, ctdSMSUsage: 0 },
    ].map((stated, i) => ({ iccid: '1', readAt: `2026-11-05T0${i}:00:00Z`, ...stated }))
    const [total, ...verdicts] = usageOf('mapped', JSON.stringify(answers), settings)
    assert.equal(total, '0/7000240/3/0')
    assert.deepEqual(verdicts, ['growth', 'unknown', 'growth', 'growth', 'reset'])
  })
})
