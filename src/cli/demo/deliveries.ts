/**
 * The order in which the demo's carrier delivers its records: most within the hour, some late, some twice, a
 * few corrected later. At any instant, the feed is everything delivered until then.
 */
import { HOUR_SECONDS } from '../../domain/time.ts'
import { type Dice, diceOf } from './dice.ts'
import type { DemoSim } from './fleet.ts'
import { type DemoRecord, demoRecord, unknownSimRecord } from './records.ts'

export interface DemoFeedShape {
  readonly seed: number
  readonly fleet: readonly DemoSim[]
  /** Usage from this many days before `until`. */
  readonly days: number
  /** UTC seconds, a whole hour: the feed has usage before it and deliveries up to it. */
  readonly until: number
}

export interface Delivery {
  readonly record: DemoRecord
  /** UTC seconds, whole hours; never before the end of the usage's hour. */
  readonly deliveredAt: number
}

const LATE_PERMILLE = 20
const LATE_HOURS_MIN = 3
const LATE_HOURS_MAX = 40 * 24

const REPEAT_PERMILLE = 10
const REPEAT_HOURS_MAX = 72

/** One record in this many is corrected. */
const CORRECTED_ONE_IN = 10_000
const CORRECTION_HOURS_MIN = 6
const CORRECTION_HOURS_MAX = 10 * 24

const DELIVERY_DICE = 5

/** All deliveries up to `until`, in order. Holds in memory only those still on their way. */
export function* deliveries(shape: DemoFeedShape): Generator<Delivery> {
  const { seed, fleet } = shape
  const endHour = shape.until / HOUR_SECONDS
  const onTheirWay = new Map<number, DemoRecord[]>()
  const send = (record: DemoRecord, hour: number) => {
    if (hour > endHour) return
    const others = onTheirWay.get(hour)
    if (others === undefined) onTheirWay.set(hour, [record])
    else others.push(record)
  }
  for (let hour = endHour - shape.days * 24; hour < endHour; hour++) {
    const nextHour = hour + 1
    for (const sim of fleet) {
      const record = demoRecord(seed, sim, hour)
      if (record === null) continue
      const dice = diceOf(seed, sim.index, hour, DELIVERY_DICE)
      plan(record, nextHour, dice, send)
    }
    const unknown = unknownSimRecord(seed, hour)
    if (unknown !== null) send(unknown, nextHour)
    for (const record of onTheirWay.get(nextHour) ?? []) {
      yield { record, deliveredAt: nextHour * HOUR_SECONDS }
    }
    onTheirWay.delete(nextHour)
  }
}

function plan(
  record: DemoRecord,
  hour: number,
  dice: Dice,
  send: (record: DemoRecord, hour: number) => void,
): void {
  const arrival = dice.chance(LATE_PERMILLE) ? hour + lateHours(dice) : hour
  send(record, arrival)
  if (dice.chance(REPEAT_PERMILLE)) send(record, arrival + dice.below(REPEAT_HOURS_MAX))
  if (dice.below(CORRECTED_ONE_IN) === 0) {
    const wait = CORRECTION_HOURS_MIN + dice.below(CORRECTION_HOURS_MAX - CORRECTION_HOURS_MIN)
    send({ ...record, upload: record.upload + 1 + dice.below(1_000_000) }, arrival + wait)
  }
}

/** Hours are likelier than days, and days likelier than weeks: chance halves the upper limit. */
function lateHours(dice: Dice): number {
  const limit = LATE_HOURS_MAX >> dice.below(8)
  return LATE_HOURS_MIN + dice.below(limit - LATE_HOURS_MIN + 1)
}
