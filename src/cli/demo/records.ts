/** What a SIM of the demo's fleet used in an hour, as its carrier's record states it. */

import { HOUR_SECONDS } from '../../domain/time.ts'
import { busyPermille } from './device-kinds.ts'
import { type Dice, diceOf } from './dice.ts'
import type { DemoSim } from './fleet.ts'
import { servingPlmn } from './networks.ts'

export interface DemoRecord {
  readonly recordId: string
  readonly sim: string
  readonly occurredAt: number
  readonly plmn: string
  readonly upload: number
  readonly download: number
  readonly toSim: number
  readonly fromSim: number
}

/** Some records describe a session in which nothing was sent. */
const EMPTY_PERMILLE = 30

/** The share of the usual records in the quietest hour. */
const QUIET_PRESENCE_PERMILLE = 250

const RECORD_DICE = 3
const UNKNOWN_SIM_DICE = 4

/** Ten records in 90 days name an unregistered SIM. */
const UNKNOWN_SIM_EVERY_HOURS = 216

/** The SIM's record for the hour, or null if it was silent. `hour` counts from 1970, UTC. */
export function demoRecord(seed: number, sim: DemoSim, hour: number): DemoRecord | null {
  const { kind } = sim
  if ((hour + sim.index) % kind.everyHours !== 0) return null
  const dice = diceOf(seed, sim.index, hour, RECORD_DICE)
  const busy = busyPermille(kind, hour)
  const presence = QUIET_PRESENCE_PERMILLE + (busy * (1000 - QUIET_PRESENCE_PERMILLE)) / 1000
  if (!dice.chance((kind.recordPermille * presence) / 1000)) return null
  const empty = dice.chance(EMPTY_PERMILLE)
  const commands = !empty && dice.chance(kind.commandsPermille)
  return {
    recordId: recordIdOf(dice),
    sim: sim.nameInRecords,
    occurredAt: hour * HOUR_SECONDS + dice.below(HOUR_SECONDS),
    plmn: servingPlmn(seed, sim, hour),
    upload: empty ? 0 : bytesOf(dice, kind.upload, busy),
    download: empty ? 0 : bytesOf(dice, kind.download, busy),
    toSim: commands ? dice.below(3) : 0,
    fromSim: commands ? 1 + dice.below(2) : 0,
  }
}

/** A record of a SIM outside the fleet. Carriers send those for SIMs that they sold elsewhere. */
export function unknownSimRecord(seed: number, hour: number): DemoRecord | null {
  if ((hour + seed) % UNKNOWN_SIM_EVERY_HOURS !== 0) return null
  const dice = diceOf(seed, hour, UNKNOWN_SIM_DICE)
  return {
    recordId: recordIdOf(dice),
    sim: `8901999${String(dice.below(1e9)).padStart(12, '0')}`,
    occurredAt: hour * HOUR_SECONDS + dice.below(HOUR_SECONDS),
    plmn: '310-260',
    upload: dice.below(100_000),
    download: dice.below(100_000),
    toSim: 0,
    fromSim: 0,
  }
}

function recordIdOf(dice: Dice): string {
  return dice.next().toString(16).padStart(8, '0')
}

/** A usual hour's bytes, reduced in quiet hours, times a quarter to two by chance. */
function bytesOf(dice: Dice, usualBytes: number, busy: number): number {
  const noisePermille = 250 + dice.below(1750)
  return Math.floor((usualBytes * Math.floor(busy) * noisePermille) / 1_000_000)
}
