/** Events in columns are the events that were put in, here and on another thread. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import fc from 'fast-check'
import type { Serving, UsageEvent } from '../../src/domain/usage-event.ts'
import { EventColumns, eventAt, type PackedEvents, Texts } from '../../src/storage/event-columns.ts'
import { anEvent } from '../support/builders.ts'

const HOME: Serving = anEvent().serving
const ABROAD: Serving = {
  plmn: null,
  country: null,
  zone: 'international_roaming',
  countryStated: false,
  zoneStated: true,
}

const counter = fc.maxSafeNat()

const someEvent: fc.Arbitrary<UsageEvent> = fc.record({
  simId: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  accountId: fc.integer({ min: 1, max: 9 }),
  recordId: fc.string({ unit: 'binary' }),
  occurredAt: fc.integer({ min: -90_000, max: 4_000_000_000 }),
  ...{ upload: counter, download: counter, toSim: counter, fromSim: counter },
  serving: fc.constantFrom(HOME, ABROAD),
  reading: fc.constantFrom(null, { is32Bit: true }, { is32Bit: false, isStart: true }),
  line: fc.nat(),
  raw: fc.oneof(fc.string({ unit: 'binary', maxLength: 90 }), fc.string({ maxLength: 90 })),
})

/** With the traits that are false left out, as a stored reading has them. */
const plain = (events: Iterable<UsageEvent>) => JSON.parse(JSON.stringify([...events]))
const known = ({ reading, ...event }: UsageEvent) => ({
  ...event,
  reading: reading && { is32Bit: reading.is32Bit, isStart: reading.isStart ?? false },
})

const onAnotherThread = (packed: PackedEvents): PackedEvents => {
  const { port1, port2 } = new MessageChannel()
  port1.postMessage(packed)
  const received = receiveMessageOnPort(port2)!.message as PackedEvents
  port1.close()
  return received
}

function eventsOf(packed: PackedEvents, textsOf: (packed: PackedEvents['raws']) => Texts) {
  const recordIds = textsOf(packed.recordIds)
  const raws = textsOf(packed.raws)
  return Array.from({ length: packed.count }, (_, index) =>
    eventAt(packed, index, recordIds.at(index), raws.at(index)),
  )
}

describe('events in columns', () => {
  it('are those that were added, in their order', () => {
    fc.assert(
      fc.property(fc.array(fc.array(someEvent), { maxLength: 4 }), (slices) => {
        const columns = new EventColumns()
        for (const slice of slices) columns.add(slice)
        const events = slices.flat()
        assert.equal(columns.length, events.length)
        assert.equal(
          columns.textLength,
          events.reduce((sum, { raw }) => sum + Buffer.byteLength(raw), 0),
        )
        const expected = plain(events.map(known))
        assert.deepEqual(plain([...columns].map(known)), expected)
        const received = onAnotherThread(columns.packed())
        for (const textsOf of [(texts: never) => new Texts(texts), Texts.decoded]) {
          assert.deepEqual(plain(eventsOf(received, textsOf as never).map(known)), expected)
        }
      }),
    )
  })

  it('hold many, and none after they were cleared', () => {
    const many = (count: number, from: number) =>
      Array.from({ length: count }, (_, i) => anEvent({ recordId: `r${from + i}`, line: from + i }))
    const columns = new EventColumns()
    for (let from = 0; from < 20_000; from += 700) columns.add(many(700, from))
    assert.deepEqual([...columns].at(-1), many(1, columns.length - 1)[0])
    columns.clear()
    assert.deepEqual([[...columns], columns.textLength], [[], 0])
    columns.add(many(2, 5))
    assert.deepEqual([...columns], many(2, 5))
  })

  it('are full of fewer events if each has a serving of its own', () => {
    const columns = new EventColumns()
    const add = (count: number) =>
      columns.add(Array.from({ length: count }, () => anEvent({ serving: { ...HOME } })))
    add(49_999)
    assert.equal(columns.isFull, false)
    columns.add([anEvent({ serving: HOME }), anEvent({ serving: HOME })])
    assert.equal(columns.isFull, true)
    columns.clear()
    assert.equal(columns.isFull, false)
  })

  it('are empty when they are opened again for another import', () => {
    for (const count of [1, 20_000]) {
      const columns = EventColumns.open()
      assert.equal(columns.length, 0)
      columns.add(Array.from({ length: count }, () => anEvent()))
      columns.release()
    }
    const again = EventColumns.open()
    assert.deepEqual([again.length, again.textLength, [...again]], [0, 0, []])
    assert.notEqual(EventColumns.open(), again)
  })

  it('keep texts apart that are no Unicode by themselves', () => {
    const halves = ['\u{1f600}'.slice(0, 1), '\u{1f600}'.slice(1)]
    const columns = EventColumns.of(halves.map((recordId) => anEvent({ recordId })))
    const found = [...columns].map(({ recordId }) => recordId)
    assert.deepEqual(found, ['\ufffd', '\ufffd'])
  })

  it('are taken as they are where a list is wanted', () => {
    const columns = new EventColumns()
    assert.equal(EventColumns.of(columns), columns)
    const events = new Set([anEvent()])
    const list = { length: 1, [Symbol.iterator]: () => events[Symbol.iterator]() }
    assert.deepEqual([...EventColumns.of(list)], [...events])
  })
})
