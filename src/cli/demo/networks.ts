/** The networks that serve the demo's fleet, and where a SIM is in a given hour. */

import { diceOf } from './dice.ts'
import type { DemoSim } from './fleet.ts'

export const HOME_PLMN = '310-260'
export const NATIONAL_PLMNS = ['310-410', '311-480'] as const

/** Mexico, Canada, Great Britain, Germany, France, Japan, Guatemala, Brazil, and at sea. */
export const PLMNS_ABROAD = [
  '334-020',
  '302-720',
  '234-15',
  '262-01',
  '208-01',
  '440-10',
  '704-02',
  '724-05',
  '901-12',
] as const

/** A travelling SIM starts at most one trip in each stretch of this length. */
const TRIP_STRETCH_HOURS = 240
const TRIP_HOURS_MIN = 24

const TRIP_DICE = 1
const NATIONAL_DICE = 2

/** The network that serves a SIM in an hour. `hour` counts from 1970, UTC. */
export function servingPlmn(seed: number, sim: DemoSim, hour: number): string {
  const abroad = tripPlmn(seed, sim, hour)
  if (abroad !== null) return abroad
  if (sim.kind.nationalPermille === 0) return HOME_PLMN
  // National roaming lasts a quarter of a day: a stretch of road without the home network.
  const dice = diceOf(seed, sim.index, Math.floor(hour / 6), NATIONAL_DICE)
  if (!dice.chance(sim.kind.nationalPermille)) return HOME_PLMN
  return NATIONAL_PLMNS[dice.below(NATIONAL_PLMNS.length)]!
}

function tripPlmn(seed: number, sim: DemoSim, hour: number): string | null {
  if (sim.kind.tripPermille === 0) return null
  const stretch = Math.floor(hour / TRIP_STRETCH_HOURS)
  const dice = diceOf(seed, sim.index, stretch, TRIP_DICE)
  if (!dice.chance(sim.kind.tripPermille)) return null
  const plmn = PLMNS_ABROAD[dice.below(PLMNS_ABROAD.length)]!
  const lengthHours = TRIP_HOURS_MIN + dice.below(TRIP_STRETCH_HOURS - TRIP_HOURS_MIN)
  const startHour = stretch * TRIP_STRETCH_HOURS + dice.below(TRIP_STRETCH_HOURS - lengthHours)
  return hour >= startHour && hour < startHour + lengthHours ? plmn : null
}
