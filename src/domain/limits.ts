/**
 * Every limit that an operator can set: its name, where it stands unless it is set, and why. The
 * page `docs/settings.md` is made from this file.
 */
import { invalidField } from './usage-error.ts'

interface LimitDefinition {
  readonly default: number
  readonly min: number
  readonly max: number
  readonly unit: string
  /** What it bounds, as a phrase. */
  readonly bounds: string
  readonly reason: string
  /** What a caller who meets it is answered, or what happens. */
  readonly refusal: string
}

const KIB = 1024
const MIB = 1024 ** 2
const GIB = 1024 ** 3

const DEFINITIONS = {
  requestsInFlight: {
    default: 100,
    min: 1,
    max: 10_000,
    unit: 'requests',
    bounds: 'requests of one credential under way in a worker',
    reason: 'what the original API is said to allow; more would let one caller starve the others',
    refusal: '429',
  },
  requestRate: {
    default: 1_000,
    min: 1,
    max: 1_000_000,
    unit: 'requests a second',
    bounds: 'requests of one credential in a worker, on average',
    reason: 'enough to ask for 100,000 SIMs every two minutes, and all that a worker can answer',
    refusal: '429',
  },
  requestBurst: {
    default: 2_000,
    min: 1,
    max: 1_000_000,
    unit: 'requests',
    bounds: 'requests of one credential in a worker that may come at once, above the rate',
    reason: 'a caller who asks for everything once an hour does not ask too often',
    refusal: '429',
  },
  requestsWaiting: {
    default: 1_000,
    min: 10,
    max: 100_000,
    unit: 'requests',
    bounds: 'requests that wait for their turn in a worker, which answers for 20 ms at a time',
    reason: 'at most a second of work; health checks do not wait behind them',
    refusal: '503',
  },
  requestWaitSeconds: {
    default: 5,
    min: 1,
    max: 600,
    unit: 'seconds',
    bounds: 'how long a request waits for its turn',
    reason:
      'by then its caller has given up or asks again; a queue empties soon after the load ends',
    refusal: '503',
  },
  consoleIdleSeconds: {
    default: 7_200,
    min: 60,
    max: 604_800,
    unit: 'seconds',
    bounds: 'how long a session of the console lasts without a request',
    reason: 'through lunch and a meeting, and not until somebody else finds the computer',
    refusal: '401',
  },
  consoleSessionSeconds: {
    default: 43_200,
    min: 60,
    max: 2_592_000,
    unit: 'seconds',
    bounds: 'how long a session of the console lasts at all',
    reason: 'one sign-in a working day; a cookie that was stolen is worth little the day after',
    refusal: '401',
  },
  failedLogIns: {
    default: 30,
    min: 1,
    max: 100_000,
    unit: 'failures a minute',
    bounds:
      'wrong credentials from one address, over all workers; an IPv6 address stands for its /64',
    reason: 'a wrong setting is repeated, but not twice a second; secrets have 128 bits and more',
    refusal: '429',
  },
  urlCharacters: {
    default: 8 * KIB,
    min: 256,
    max: 64 * KIB,
    unit: 'characters',
    bounds: 'the URL of a request',
    reason: 'the longest page links are a tenth of it',
    refusal: '414',
  },
  pathSegments: {
    default: 16,
    min: 8,
    max: 256,
    unit: 'segments',
    bounds: 'the parts between the slashes of a path',
    reason: 'no route has more than six',
    refusal: '414',
  },
  queryParameters: {
    default: 100,
    min: 10,
    max: 1_000,
    unit: 'parameters',
    bounds: 'the parameters of a query string, counting repeated ones each time',
    reason: 'no route has more than ten; beyond the limit some would be dropped silently',
    refusal: '400',
  },
  headerBytes: {
    default: 16 * KIB,
    min: 2 * KIB,
    max: 256 * KIB,
    unit: 'bytes',
    bounds: 'the request line and all headers together',
    reason: 'what Node allows; proxies add a few hundred bytes each',
    refusal: '431',
  },
  headers: {
    default: 100,
    min: 20,
    max: 1_000,
    unit: 'headers',
    bounds: 'the headers of a request',
    reason: 'clients send ten, proxies add as many',
    refusal: '431',
  },
  formBytes: {
    default: 64 * KIB,
    min: KIB,
    max: MIB,
    unit: 'bytes',
    bounds: 'a form or JSON body',
    reason: 'a handful of names; more is a delivery at the wrong address',
    refusal: '413',
  },
  formFields: {
    default: 100,
    min: 10,
    max: 1_000,
    unit: 'fields',
    bounds: 'the fields of a form or JSON body, counting repeated ones each time',
    reason: 'a SIM has a dozen, and a few more with several IMSIs',
    refusal: '400',
  },
  fieldNameCharacters: {
    default: 128,
    min: 32,
    max: 4 * KIB,
    unit: 'characters',
    bounds: 'the name of a parameter or field',
    reason: 'the longest known name has twenty',
    refusal: '400',
  },
  fieldValueCharacters: {
    default: 4 * KIB,
    min: 256,
    max: 64 * KIB,
    unit: 'characters',
    bounds: 'the value of a parameter or field',
    reason: 'the longest are page tokens and comments, with a few hundred',
    refusal: '400',
  },
  headerSeconds: {
    default: 10,
    min: 1,
    max: 120,
    unit: 'seconds',
    bounds: 'from the start of a connection, or of a request, to the end of its headers',
    reason: 'a request line is one packet; whoever takes longer holds a place and sends nothing',
    refusal: '408',
  },
  bodySeconds: {
    default: 3_600,
    min: 120,
    max: 86_400,
    unit: 'seconds',
    bounds: 'a whole request, up to the last byte of its body',
    reason: 'the largest delivery at 300 kB a second',
    refusal: '408',
  },
  bodyIdleSeconds: {
    default: 30,
    min: 1,
    max: 600,
    unit: 'seconds',
    bounds: 'how long a body may stall',
    reason: 'a network that loses packets repeats them within seconds',
    refusal: '408',
  },
  bodyBytesPerSecond: {
    default: KIB,
    min: 1,
    max: MIB,
    unit: 'bytes a second',
    bounds: 'the lowest average rate of a body, checked after 30 s',
    reason: 'slower than any line by which deliveries are sent',
    refusal: '408',
  },
  lingerSeconds: {
    default: 10,
    min: 1,
    max: 120,
    unit: 'seconds',
    bounds: 'how long the server reads the rest of a body after its answer',
    reason: 'some clients read the answer only after sending everything',
    refusal: 'closes',
  },
  idleSeconds: {
    default: 72,
    min: 1,
    max: 3_600,
    unit: 'seconds',
    bounds: 'how long a connection is kept between two requests',
    reason: 'longer than the 60 seconds of most proxies, so that they close first',
    refusal: 'closes',
  },
  connections: {
    default: 4_000,
    min: 10,
    max: 100_000,
    unit: 'connections',
    bounds: 'connections open in a worker',
    reason:
      'each takes 10 kB and a file handle; beyond twice the limit they are closed without an answer',
    refusal: '503, and closes',
  },
  connectionsPerAddress: {
    default: 1_000,
    min: 1,
    max: 100_000,
    unit: 'connections',
    bounds:
      'connections of one address open in a worker; an IPv6 address stands for its /64, and trusted proxies are exempt',
    reason: 'one address cannot take all places',
    refusal: '429, and closes',
  },
  shutdownSeconds: {
    default: 25,
    min: 0,
    max: 600,
    unit: 'seconds',
    bounds: 'how long requests under way may take after the signal to stop',
    reason: 'service managers kill after 30 seconds or later',
    refusal: 'closes, exit code 1',
  },
  deliveryBytes: {
    default: GIB,
    min: KIB,
    max: 1024 * GIB,
    unit: 'bytes',
    bounds: 'a delivery over HTTP, as it is sent',
    reason: 'after a lost connection a larger one would start again from zero: better cut it',
    refusal: '413',
  },
  unpackedBytes: {
    default: 16 * GIB,
    min: KIB,
    max: 16_384 * GIB,
    unit: 'bytes',
    bounds: 'what the packed data of a delivery or file unpacks to',
    reason: 'the largest delivery over HTTP, compressed as well as usage records ever are',
    refusal: '413; a file fails',
  },
  unpackRatio: {
    default: 200,
    min: 10,
    max: 1_100,
    unit: 'times',
    bounds: 'how many times larger data may become by unpacking, once it is past 16 MiB',
    reason: 'usage records reach 5 to 50; only crafted data exceeds 200',
    refusal: '413; a file fails',
  },
  deliveryRecords: {
    default: 100_000_000,
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    unit: 'records',
    bounds: 'the records of a delivery or file',
    reason: 'a day of four million SIMs that report every hour',
    refusal: '413; a file fails',
  },
  importsPerKey: {
    default: 4,
    min: 1,
    max: 1_000,
    unit: 'imports',
    bounds: 'imports of one credential under way in a worker',
    reason: 'records are parsed on one core and written one batch after the other',
    refusal: 'waits, then 429',
  },
  importsAtOnce: {
    default: 16,
    min: 1,
    max: 1_000,
    unit: 'imports',
    bounds: 'imports under way in a worker',
    reason: 'each may hold two batches in memory, of up to 5 MB each',
    refusal: 'waits, then 429',
  },
  importsWaiting: {
    default: 200,
    min: 0,
    max: 10_000,
    unit: 'imports',
    bounds: 'imports that wait for their turn in a worker',
    reason: 'each holds a connection, and 64 KiB of its body',
    refusal: '429',
  },
  keysPerAccount: {
    default: 1_000,
    min: 1,
    max: 1_000_000,
    unit: 'keys',
    bounds: 'the keys of an account, or of the operator, that are not revoked',
    reason: 'one key for each system; a script that makes a key on every run is noticed',
    refusal: 'key create fails',
  },
  importWaitSeconds: {
    default: 10,
    min: 0,
    max: 600,
    unit: 'seconds',
    bounds: 'how long an import waits for its turn',
    reason: 'shorter than the patience of HTTP clients, which then repeat the request',
    refusal: '429',
  },
} as const satisfies Record<string, LimitDefinition>

export type LimitName = keyof typeof DEFINITIONS

/** What each limit stands at. */
export type Limits = Readonly<Record<LimitName, number>>

export const LIMIT_NAMES = Object.keys(DEFINITIONS) as LimitName[]

export const LIMITS_DEFAULT: Limits = limitsBy((name) => DEFINITIONS[name].default)

export function limitDefinition(name: LimitName): LimitDefinition {
  return DEFINITIONS[name]
}

/** As flags, messages and metrics call it: `form-fields`. */
export function limitLabel(name: LimitName): string {
  return name.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`)
}

/** The environment variable that sets it: `SIMTALLY_LIMIT_FORM_FIELDS`. */
export function limitVariable(name: LimitName): string {
  return `SIMTALLY_LIMIT_${limitLabel(name).toUpperCase().replaceAll('-', '_')}`
}

/** Null for a label that no limit has. */
export function limitOfLabel(label: string): LimitName | null {
  return LIMIT_NAMES.find((name) => limitLabel(name) === label) ?? null
}

/** A limit's value from text. Throws `invalid`, naming `field`. */
export function parseLimit(field: string, name: LimitName, text: string): number {
  const { min, max, unit } = DEFINITIONS[name]
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw invalidField(field, text, `expected a whole number from ${min} to ${max}, in ${unit}`)
}

function limitsBy(value: (name: LimitName) => number): Limits {
  return Object.fromEntries(LIMIT_NAMES.map((name) => [name, value(name)])) as Limits
}

/** How an operator raises a limit, as a hint of the message that refuses. */
export function limitRemedy(name: LimitName): string {
  return `the limit ${limitLabel(name)} can be raised with ${limitVariable(name)}`
}
