/**
 * The settings of the one command, from the environment. With no settings, `npm run bench` takes about ten
 * minutes.
 */
import { CONTENDERS } from './peers/contenders.ts'
import { SHAPES, type Shape } from './workload.ts'

/** All shapes with many SIMs, which is the harder case, and two with few. */
const SIZES = '400000x100000,400000x1000:time+duplicates'

const PARTS = ['imports', 'questions', 'deliveries'] as const
type Part = (typeof PARTS)[number]

export interface ImportSize {
  readonly records: number
  readonly sims: number
  readonly shapes: readonly Shape[]
}

export interface Knobs {
  /** Rounds of each measurement. Within each, what is compared takes turns. */
  readonly rounds: number
  readonly parts: readonly Part[]
  readonly sizes: readonly ImportSize[]
  readonly peers: readonly string[]
  /** SIMs in the store that questions are asked of. */
  readonly questionSims: number
  /** Seconds of load on each server in each round. */
  readonly seconds: number
  readonly callers: number
  readonly batches: readonly number[]
}

/** Throws for an unknown name, so that a typo does not leave anything out. */
export function readKnobs(environment: NodeJS.ProcessEnv): Knobs {
  const list = (name: string, known: readonly string[], text?: string, between = ',') => {
    const chosen = text?.split(between) ?? known
    const unknown = chosen.filter((one) => !known.includes(one))
    if (unknown.length > 0) throw new Error(`${name}: ${unknown} is none of ${known}`)
    return chosen
  }
  const whole = (name: string, text: string) => {
    const number = Number(text)
    if (!Number.isSafeInteger(number) || number < 1) throw new Error(`${name}: ${text} is no count`)
    return number
  }
  const number = (name: string, usual: number) => whole(name, environment[name] ?? String(usual))
  const shapes = list('SHAPES', SHAPES, environment.SHAPES) as Shape[]
  const sizes = (environment.SIZES ?? SIZES).split(',').map((text): ImportSize => {
    const [, records, sims, ofSize] = /^(\d+)x(\d+)(?::([a-z+]+))?$/.exec(text) ?? []
    if (records === undefined)
      throw new Error(`SIZES: ${text} is not RECORDSxSIMS or …:SHAPE+SHAPE`)
    return {
      records: whole('SIZES', records),
      sims: whole('SIZES', sims!),
      shapes: ofSize === undefined ? shapes : (list('SIZES', SHAPES, ofSize, '+') as Shape[]),
    }
  })
  return {
    rounds: number('ROUNDS', 3),
    parts: list('PARTS', PARTS, environment.PARTS) as Part[],
    sizes,
    peers: list(
      'PEERS',
      CONTENDERS.map(({ name }) => name),
      environment.PEERS,
    ),
    questionSims: number('QUESTION_SIMS', 3_000),
    seconds: number('SECONDS', 2),
    callers: number('CALLERS', 10),
    batches: (environment.BATCHES ?? '1,10,1000').split(',').map((size) => whole('BATCHES', size)),
  }
}
