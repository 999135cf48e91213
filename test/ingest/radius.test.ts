/** RADIUS accounting: what is more than an example file can show. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import type { FeedSettings } from '../../src/domain/directory.ts'
import { UsageError } from '../../src/domain/usage-error.ts'
import { CDR_FORMATS } from '../../src/ingest/formats/formats.ts'
import {
  BLOCK_ATTRIBUTES_MAX,
  BLOCK_CHARACTERS_MAX,
} from '../../src/ingest/formats/radius-detail.ts'
import { LINE_BYTES_MAX } from '../../src/ingest/lines.ts'
import { type ModelReading, modelUsage } from '../support/series-model.ts'
import { readDelivery } from './reading.ts'

const readRadius = (content: string | Uint8Array, settings: FeedSettings = {}) =>
  readDelivery(CDR_FORMATS.radius.createReader(settings), content)

const ATTRIBUTES = {
  'Acct-Status-Type': 'Interim-Update',
  'NAS-Identifier': 'pgw-1',
  'Acct-Session-Id': '0017',
  '3GPP-IMSI': '310260000000017',
  'Acct-Input-Octets': '1',
  'Acct-Output-Octets': '2',
  'Event-Timestamp': '1793865600',
}
type Attributes = Readonly<Record<string, string | undefined>>

function block(stated: Attributes = {}, more: readonly string[] = []): string {
  const lines = Object.entries({ ...ATTRIBUTES, ...stated }).flatMap(([name, value]) =>
    value === undefined ? [] : [`\t${name} = ${value}`],
  )
  return ['Thu Nov  5 08:00:00 2026', ...lines, ...more].join('\n').concat('\n\n')
}
const object = (stated: object = {}) => JSON.stringify({ ...ATTRIBUTES, ...stated })
const recordIdOf = (stated: Attributes, settings?: FeedSettings) =>
  readRadius(block(stated), settings).records[0]?.recordId

describe('a RADIUS delivery', () => {
  it('is the same reading as detail text, as a line and as an element', () => {
    const [text] = readRadius(block()).records
    const [line] = readRadius(object()).records
    const [element] = readRadius(`\n[${object()}]`).records
    assert.deepEqual({ ...line, raw: '' }, { ...text, raw: '' })
    assert.deepEqual({ ...element, raw: '' }, { ...text, raw: '' })
    assert.equal(line?.raw, object())
    assert.equal(element?.raw, object())
    assert.equal(text?.raw, block().trimEnd())
  })

  it('begins where its first character is, after empty lines and a byte order mark', () => {
    assert.deepEqual(readRadius(`\ufeff\n \r\n${block()}`).lines, [3])
    assert.deepEqual(readRadius(`\ufeff\n\n${object()}`).lines, [3])
    assert.deepEqual(readRadius(`\ufeff\n\n[${object()}]`).lines, [1])
  })

  it('is read in UTF-16 as well, with a byte order mark and without', () => {
    for (const text of [block(), `${object()}\n`, `[${object()}]`]) {
      const plain = readRadius(text).records
      assert.equal(plain.length, 1)
      for (const mark of ['\ufeff', '']) {
        const bytes = Buffer.from(mark + text, 'utf16le')
        assert.deepEqual(readRadius(bytes).records, plain)
        assert.deepEqual(readRadius(Buffer.from(bytes).swap16()).records, plain)
      }
    }
  })

  it('has nothing but blanks, and no records', () => {
    const nothing = { records: [], faults: [], lines: [], warnings: [] }
    assert.deepEqual(readRadius(' \r\n\n'), nothing)
    assert.deepEqual(readRadius(' '.repeat(LINE_BYTES_MAX + 10)).records, [])
  })
})

describe('the session of a RADIUS record', () => {
  it('is another one for another NAS, session id or charging id', () => {
    const ids = [
      recordIdOf({}),
      recordIdOf({ 'NAS-Identifier': 'pgw-2' }),
      recordIdOf({ 'NAS-Identifier': undefined, 'NAS-IP-Address': '192.0.2.1' }),
      recordIdOf({ 'Acct-Session-Id': '0018' }),
      recordIdOf({ '3GPP-Charging-ID': '1' }),
      recordIdOf({ '3GPP-Charging-ID': '2' }),
    ]
    assert.ok(!ids.includes(undefined))
    assert.equal(new Set(ids).size, ids.length)
  })

  it('is not another one for what may change within it', () => {
    const changing = { 'NAS-IP-Address': '192.0.2.1', '3GPP-SGSN-MCC-MNC': '334020', Class: 'x' }
    assert.equal(recordIdOf(changing), recordIdOf({}))
  })

  it('is not mistaken for another one because of where its parts meet', () => {
    const ids = [
      recordIdOf({ 'NAS-Identifier': 'a/b', 'Acct-Session-Id': 'c' }),
      recordIdOf({ 'NAS-Identifier': 'a', 'Acct-Session-Id': 'b/c' }),
      recordIdOf({ 'NAS-Identifier': 'a\\', 'Acct-Session-Id': 'b/c' }),
      recordIdOf({ 'NAS-Identifier': 'a', 'Acct-Session-Id': 'b', '3GPP-Charging-ID': 'c' }),
    ]
    assert.equal(new Set(ids).size, ids.length)
  })

  it('is told by the attributes that the feed names, and by no other', () => {
    const settings = { series: ['acct-unique-session-id'] }
    const id = (session: string) =>
      recordIdOf({ 'Acct-Session-Id': session, 'Acct-Unique-Session-Id': 'f6b1' }, settings)
    assert.equal(id('1'), 'f6b1')
    assert.equal(id('2'), 'f6b1')
  })
})

describe('a RADIUS feed whose source has no gigawords', () => {
  const is32Bit = (stated: Attributes, settings: FeedSettings) =>
    readRadius(block(stated), settings).records[0]?.reading?.is32Bit

  it('declares its readings as such', () => {
    assert.equal(is32Bit({}, { gigawords: false }), true)
    assert.equal(is32Bit({ 'Acct-Status-Type': 'Stop' }, { gigawords: false }), true)
  })

  it('never declares a start so, since all counters begin again there', () => {
    assert.equal(is32Bit({ 'Acct-Status-Type': 'Start' }, { gigawords: false }), false)
  })

  it('has to say so', () => {
    assert.equal(is32Bit({}, {}), false)
    assert.equal(is32Bit({}, { gigawords: true }), false)
  })

  it('is asked to say so when its counters may have wrapped', () => {
    const large = block({ 'Acct-Input-Octets': '3000000000' })
    assert.match(readRadius(large).warnings[0]!, /^readings of 2 GiB .* \(1\): .* gigawords/)
    assert.deepEqual(readRadius(large, { gigawords: true }).warnings, [])
    assert.deepEqual(readRadius(large, { gigawords: false }).warnings, [])
    assert.deepEqual(readRadius(block({ 'Acct-Input-Octets': '2000000000' })).warnings, [])
  })
})

describe('the two times of a RADIUS packet', () => {
  const EVENT = 1_793_865_600
  const received = (seconds: number, stated: Attributes = {}) =>
    block({ Timestamp: String(EVENT + seconds), ...stated })
  const timesOf = (content: string, settings?: FeedSettings) =>
    readRadius(content, settings).records.map(({ occurredAt }) => occurredAt - EVENT)

  it('may differ by a day, in both directions', () => {
    for (const seconds of [0, 86_400, -86_400]) {
      assert.deepEqual(timesOf(received(seconds)), [0])
    }
  })

  it('may differ by as much more as the packet says that it has waited', () => {
    const waited = { 'Acct-Delay-Time': '3600' }
    assert.deepEqual(timesOf(received(90_000, waited)), [0])
    assert.equal(readRadius(received(90_001, waited)).faults.length, 1)
  })

  for (const seconds of [86_401, -86_401, 39 * 86_400]) {
    it(`that differ by ${seconds} s keep it in quarantine, which names both`, () => {
      const { records, faults } = readRadius(received(seconds))
      assert.deepEqual(records, [])
      const at = new Date((EVENT + seconds) * 1000).toISOString().replace('.000', '')
      assert.match(
        faults[0]!,
        /Event-Timestamp "2026-11-05T08:00:00Z": the packet was received at /,
      )
      assert.ok(faults[0]!.includes(at))
      assert.match(faults[0]!, /the setting time says which counts, event or receipt/)
    })

    it(`that differ by ${seconds} s leave it to the setting which one counts`, () => {
      assert.deepEqual(timesOf(received(seconds), { time: 'event' }), [0])
      assert.deepEqual(timesOf(received(seconds), { time: 'receipt' }), [seconds])
    })
  }

  const dated = (dateLine: string, stated: Attributes = {}) =>
    block(stated).replace('Thu Nov  5 08:00:00 2026', dateLine)

  it('are compared with the date line as well, where its offset is known', () => {
    const content = dated('Fri Nov  6 10:00:00 2026')
    assert.deepEqual(timesOf(content), [0])
    assert.equal(readRadius(content, { date_line: '+01:00' }).faults.length, 1)
    assert.deepEqual(timesOf(content, { date_line: '+01:00', time: 'receipt' }), [90_000])
  })

  it('are compared with a date line of any zone, which has to be a day away in all of them', () => {
    for (const near of ['Fri Nov  6 22:00:00 2026', 'Tue Nov  3 20:00:00 2026']) {
      assert.deepEqual(timesOf(dated(near)), [0], near)
    }
    for (const far of ['Fri Nov  6 22:00:01 2026', 'Tue Nov  3 19:59:59 2026']) {
      const { records, faults } = readRadius(dated(far))
      assert.deepEqual(records, [], far)
      assert.ok(
        faults[0]!.includes(`received at "${far}", more than a day away in every time zone`),
      )
      assert.deepEqual(timesOf(dated(far), { time: 'event' }), [0])
    }
    const waited = { 'Acct-Delay-Time': String(39 * 86_400) }
    assert.deepEqual(timesOf(dated('Mon Dec 14 08:00:00 2026', waited)), [0])
    assert.deepEqual(timesOf(dated('mar. 14 déc. 2026 08:00:00')), [0])
  })

  it('are one where the time of receipt is not told', () => {
    assert.deepEqual(timesOf(block(), { time: 'receipt' }), [0])
  })
})

describe('the octets of a RADIUS packet', () => {
  const countersOf = (stated: Attributes, settings?: FeedSettings) => {
    const { counters } = readRadius(block(stated), settings).records[0]!
    return [counters.upload, counters.download]
  }

  it('go the other way round where the NAS counts from the other side', () => {
    assert.deepEqual(countersOf({}), [1, 2])
    assert.deepEqual(countersOf({}, { input: 'upload' }), [1, 2])
    assert.deepEqual(countersOf({}, { input: 'download' }), [2, 1])
  })

  it('may be one number of 64 bits, under either name', () => {
    for (const suffix of ['Octets64', 'Octets-64']) {
      const stated = {
        'Acct-Input-Octets': undefined,
        'Acct-Output-Octets': undefined,
        [`Acct-Input-${suffix}`]: '4294967308',
        [`Acct-Output-${suffix}`]: '9007199254740991',
      }
      assert.deepEqual(countersOf(stated), [4_294_967_308, 9_007_199_254_740_991])
    }
  })

  it('of 64 bits stand beside those of 32, which then are not read', () => {
    const stated = { 'Acct-Input-Octets64': '4294967297', 'Acct-Output-Octets64': '0x100000002' }
    assert.deepEqual(countersOf(stated), [4_294_967_297, 4_294_967_298])
    assert.deepEqual(readRadius(block(stated)).warnings, [])
  })

  it('of 64 bits are refused beyond what can be counted', () => {
    const { faults } = readRadius(block({ 'Acct-Input-Octets64': '9007199254740992' }))
    assert.match(faults[0]!, /Acct-Input-Octets64 "900719…92": expected a whole number/)
  })
})

describe('a start of a RADIUS session', () => {
  it('is a reading of 0, with or without octets', () => {
    for (const octets of [undefined, '0']) {
      const { records, faults } = readRadius(
        block({
          'Acct-Status-Type': 'Start',
          'Acct-Input-Octets': octets,
          'Acct-Output-Octets': octets,
        }),
      )
      assert.deepEqual(faults, [])
      assert.deepEqual(records[0]?.counters, { upload: 0, download: 0, toSim: 0, fromSim: 0 })
    }
  })
})

describe('what the example sessions have used', () => {
  const usageOf = (name: string, settings: FeedSettings = {}) => {
    const content = readFileSync(new URL(`../fixtures/radius/${name}`, import.meta.url))
    const readings = readRadius(content, settings).records.map(
      ({ counters, reading }): ModelReading => ({ ...counters, traits: reading! }),
    )
    return modelUsage(readings).map(({ upload, download }) => [upload, download])
  }

  it('is what docs/formats/radius.md says', () => {
    assert.deepEqual(usageOf('one-session.detail'), [
      [0, 0],
      [731_560, 2_763_049],
      [0, 0],
      [4_294_235_748, 12_882_138_838],
    ])
  })

  it('goes on where counters without gigawords wrap', () => {
    assert.deepEqual(usageOf('no-gigawords.detail', { gigawords: false }), [
      [0, 0],
      [4_294_967_290, 7],
      [10, 1],
    ])
  })
})

describe('the limits of RADIUS records', () => {
  const attributes = (count: number) =>
    Array.from({ length: count }, (_, i) => `\tClass = ${i % 10}`)
  const own = Object.keys(ATTRIBUTES).length

  it('allow as many attributes as a packet can have, and cost their own block only', () => {
    const full = block({}, attributes(BLOCK_ATTRIBUTES_MAX - own))
    const over = block({}, attributes(BLOCK_ATTRIBUTES_MAX - own + 1))
    const { records, faults } = readRadius(over + full + block())
    assert.equal(records.length, 2)
    assert.deepEqual(faults, ['1 unreadable: the block has more than 2048 attributes'])
  })

  it('end a block that is too long', () => {
    const line = `\tClass = ${'x'.repeat(9_990)}`
    const long = block({}, Array(20).fill(line))
    const { records, faults } = readRadius(long + block())
    assert.equal(records.length, 1)
    const detail = `the block has more than ${BLOCK_CHARACTERS_MAX} characters`
    assert.deepEqual(faults, [`1 unreadable: ${detail}`])
  })

  it('end a line that is too long, and its block with it', () => {
    const { records, faults } = readRadius(
      block({}, [`\tClass = ${'x'.repeat(LINE_BYTES_MAX)}`]) + block(),
    )
    assert.equal(records.length, 1)
    assert.match(
      faults[0]!,
      /^1 line_too_long: line 9: the line has \d+ bytes, at most 65536 allowed$/,
    )
  })

  it('end an element that is too long, and not the array', () => {
    const { records, faults } = readRadius(
      `[${object({ Note: 'x'.repeat(LINE_BYTES_MAX) })},${object()}]`,
    )
    assert.equal(records.length, 1)
    assert.match(faults[0]!, /^1 line_too_long: the record has \d+ bytes, at most 65536 allowed$/)
  })

  it('are not met by what is nested as deeply as it can be', () => {
    const nested = '['.repeat(30_000) + ']'.repeat(30_000)
    const { lines, faults } = readRadius(`[${nested},${object()}]`)
    assert.deepEqual(lines, [1, 2])
    assert.match(faults[0]!, /^1 unreadable: /)
    assert.equal(faults.length, 1)
  })

  it('tell no more names than a few', () => {
    const names = Array.from({ length: 50 }, (_, i) => `\tX-${i} = 1`)
    const [warning] = readRadius(block({}, names)).warnings
    assert.match(warning!, /^attributes .* X-0 \(1\), .*X-19 \(1\) and 30 more$/)
  })
})

describe('the settings of a RADIUS feed', () => {
  it('are refused with all that is wrong with them', () => {
    const settings = { sim: [''], gigawords: 0, zones: { CET: 1 }, colour: 'red' }
    assert.throws(
      () => CDR_FORMATS.radius.checkSettings(settings),
      (error) => {
        assert.ok(error instanceof UsageError)
        for (const path of ['colour', 'sim[0]', 'gigawords', 'zones.CET']) {
          assert.ok(error.message.includes(path), error.message)
        }
        return true
      },
    )
  })
})
