/** The kinds of devices in the demo's fleet, and how much of their traffic falls into each hour. */
import { HOUR_SECONDS } from '../../domain/time.ts'

export interface DeviceKind {
  /** Part of the SIMs' unique names. */
  readonly name: string
  readonly title: string
  /** How many SIMs in ten are of this kind. */
  readonly share: number
  /** The device wakes in one of this many hours. */
  readonly everyHours: number
  /** Records per 1000 waking hours, at the busiest time of day. */
  readonly recordPermille: number
  /** True when people use it: nights and weekends are quiet. */
  readonly followsPeople: boolean
  /** Bytes in a usual hour. */
  readonly upload: number
  readonly download: number
  readonly commandsPermille: number
  /** How often a quarter of a day is spent on another network in the home country. */
  readonly nationalPermille: number
  /** How often a stretch of ten days includes a trip abroad. */
  readonly tripPermille: number
}

export const DEVICE_KINDS: readonly DeviceKind[] = [
  {
    name: 'meter',
    title: 'Water meter',
    share: 3,
    everyHours: 4,
    recordPermille: 980,
    followsPeople: false,
    upload: 2_400,
    download: 900,
    commandsPermille: 20,
    nationalPermille: 30,
    tripPermille: 0,
  },
  {
    name: 'tracker',
    title: 'Truck tracker',
    share: 4,
    everyHours: 1,
    recordPermille: 950,
    followsPeople: true,
    upload: 180_000,
    download: 60_000,
    commandsPermille: 60,
    nationalPermille: 120,
    tripPermille: 300,
  },
  {
    name: 'camera',
    title: 'Site camera',
    share: 2,
    everyHours: 1,
    recordPermille: 970,
    followsPeople: false,
    upload: 14_000_000,
    download: 700_000,
    commandsPermille: 8,
    nationalPermille: 15,
    tripPermille: 0,
  },
  {
    name: 'router',
    title: 'Shop router',
    share: 1,
    everyHours: 1,
    recordPermille: 990,
    followsPeople: true,
    upload: 9_000_000,
    download: 65_000_000,
    commandsPermille: 4,
    nationalPermille: 25,
    tripPermille: 40,
  },
]

/** The fleet's local time all year: the demo has no daylight saving time. */
const LOCAL_OFFSET_HOURS = -6
const FRIDAY = 5

/** How busy people are by hour of the day, out of 1000. */
const BUSY_PERMILLE_BY_HOUR = [
  180, 150, 140, 140, 170, 300, 480, 680, 830, 930, 970, 1000, 980, 990, 980, 950, 900, 830, 740,
  650, 550, 440, 330, 240,
] as const

/** Monday to Sunday, out of 1000. Machines follow the rhythm a little, because what they watch moves. */
const WEEKEND_PERMILLE = 450
const MACHINE_WEEKEND_PERMILLE = 850

/** How busy a device is in an hour, out of 1000. `hour` counts from 1970, UTC. */
export function busyPermille(kind: DeviceKind, hour: number): number {
  const local = new Date((hour + LOCAL_OFFSET_HOURS) * HOUR_SECONDS * 1000)
  const dayOfWeek = local.getUTCDay()
  const weekend = dayOfWeek === 0 || dayOfWeek > FRIDAY
  const byHour = BUSY_PERMILLE_BY_HOUR[local.getUTCHours()]!
  if (kind.followsPeople) return weekend ? (byHour * WEEKEND_PERMILLE) / 1000 : byHour
  const byMachineHour = 700 + (byHour * 300) / 1000
  return weekend ? (byMachineHour * MACHINE_WEEKEND_PERMILLE) / 1000 : byMachineHour
}
