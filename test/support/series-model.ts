/**
 * What readings of counters prove, written a second time in its simplest form: for each counter
 * separately, by trying which value it may really have had. It uses none of the product's rules.
 */

export const MODEL_COUNTERS = ['upload', 'download', 'toSim', 'fromSim'] as const
type Counter = (typeof MODEL_COUNTERS)[number]

export interface ModelReading extends Readonly<Record<Counter, number>> {
  readonly traits: {
    readonly is32Bit: boolean
    readonly mayLackGigawords?: boolean
    readonly resets?: 'never' | 'start' | 'fall'
    readonly isStart?: boolean
    readonly unknown?: readonly Counter[]
  }
}

export type ModelUsage = Record<Counter, number>

const RANGE = 2 ** 32

/** The usage of each reading, given and returned in order of time. */
export function modelUsage(readings: readonly ModelReading[]): ModelUsage[] {
  let high: ModelUsage = { upload: 0, download: 0, toSim: 0, fromSim: 0 }
  return readings.map((reading) => {
    const { resets = 'never', isStart = false, unknown = [] } = reading.traits
    const known = MODEL_COUNTERS.filter((name) => !unknown.includes(name))
    const reached = known.map(
      (name) => [name, highest(high[name], reading[name], reading)] as const,
    )
    const falls = reached.some(([, value]) => value === null)
    const begins = (isStart && resets !== 'never') || (falls && resets === 'fall')
    const before = begins ? { upload: 0, download: 0, toSim: 0, fromSim: 0 } : high
    const after = { ...before }
    for (const [name, value] of reached) {
      after[name] = begins ? reading[name] : (value ?? before[name])
    }
    high = after
    const used = MODEL_COUNTERS.map((name) => [name, after[name] - before[name]] as const)
    return Object.fromEntries(used) as ModelUsage
  })
}

/**
 * What the counter really stands at if it reads `value` and stood at `high` before; null after a fall.
 */
function highest(high: number, value: number, { traits }: ModelReading): number | null {
  const mayBeMore = traits.is32Bit || (traits.mayLackGigawords === true && high >= RANGE)
  if (!mayBeMore || value >= RANGE) return value >= high ? value : null
  if (value === high) return high
  let real = value
  while (real < high) real += RANGE
  if (value === 0 && real > high && traits.resets !== 'fall') return null
  // Without another wrap, any growth is valid; with one, half of the range at most.
  const wraps = Math.floor(real / RANGE) - Math.floor(high / RANGE)
  const isPlain = wraps === 0 && (high < RANGE || traits.resets === 'fall')
  return isPlain || real - high <= RANGE / 2 ? real : null
}
