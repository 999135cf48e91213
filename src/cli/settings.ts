/**
 * Every setting except the limits: its name, what it sets, and how its text is parsed. The name gives its
 * flag, its environment variable and its key in the settings file; this file gives `docs/settings.md`.
 */
import { LIMIT_NAMES, limitLabel, limitOfLabel, parseLimit } from '../domain/limits.ts'
import { invalidField } from '../domain/usage-error.ts'
import { parseOrigin } from '../http/cross-origin.ts'
import { EMPTY_BRANCHES, type EmptyBranches } from '../http/usage-record.ts'

export const PORT_MAX = 65_535
/** More than one machine can use: each worker has a store and its connections. */
export const WORKERS_MAX = 64

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

interface SettingDefinition {
  /** Stands for the value in help texts. */
  readonly value: string
  /** What it sets, for help texts and the page. */
  readonly sets: string
  /** The default, for the page; empty if there is none. */
  readonly default: string
  /**
   * The commands with the flag: every command or `serve`. A secret has no flag, because other users of the
   * machine see flags.
   */
  readonly flag: 'every' | 'serve' | null
  /** Throws an `invalid` that names `field`. */
  parse(field: string, text: string): unknown
}

const text = (_field: string, given: string): string => given

export const SETTINGS = {
  'database-url': {
    value: '<url>',
    sets: 'where usage is stored, such as sqlite:./data/simtally.db',
    default: '`sqlite:./data/simtally.db`',
    flag: 'every',
    parse: text,
  },
  'database-password-file': {
    value: '<file>',
    sets: 'a file with the password of a database server',
    default: '',
    flag: null,
    parse: text,
  },
  'database-password': {
    value: '<text>',
    sets: 'the password of a database server',
    default: '',
    flag: null,
    parse: text,
  },
  port: {
    value: '<number>',
    sets: 'port to listen on; 0 picks a free one',
    default: '8080',
    flag: 'serve',
    parse: (field, given) => wholeNumber(field, given, 0, PORT_MAX),
  },
  host: {
    value: '<address>',
    sets: 'address to listen on',
    default: '127.0.0.1',
    flag: 'serve',
    parse: text,
  },
  'public-url': {
    value: '<url>',
    sets: 'start of the URLs in answers',
    default: 'where the request was sent to',
    flag: 'serve',
    parse: text,
  },
  'trust-proxy': {
    value: '[addresses]',
    sets: 'proxies whose X-Forwarded-* headers count: addresses and networks, or true for all',
    default: 'none',
    flag: 'serve',
    parse: (_field, given): true | string[] => {
      const addresses = given.split(/[\s,]+/).filter((address) => address !== '')
      return addresses.length === 0 || given === 'true' ? true : addresses
    },
  },
  'allow-origin': {
    value: '<origin>',
    sets: 'origin whose pages may read answers in browsers (CORS), never *; may be repeated',
    default: 'none',
    flag: 'serve',
    parse: (_field, given): string[] => {
      const origins = given.split(/[\s,]+/).filter((origin) => origin !== '')
      for (const origin of origins) parseOrigin(origin)
      return origins
    },
  },
  'empty-branches': {
    value: '<null|zero>',
    sets: 'how usage records show branches without usage',
    default: '`null`, as documented',
    flag: 'serve',
    parse: (field, given): EmptyBranches => oneOf(field, given, EMPTY_BRANCHES),
  },
  workers: {
    value: '<number>',
    sets: 'number of processes that answer requests',
    default: 'one per core, at most 8',
    flag: 'serve',
    parse: (field, given) => wholeNumber(field, given, 1, WORKERS_MAX),
  },
  'tls-cert': {
    value: '<file>',
    sets: 'certificate for HTTPS, in PEM; SIGHUP reloads it',
    default: '',
    flag: 'serve',
    parse: text,
  },
  'tls-key': {
    value: '<file>',
    sets: 'private key of the certificate, in PEM',
    default: '',
    flag: 'serve',
    parse: text,
  },
  'log-file': {
    value: '<path>',
    sets: 'log file, created with mode 0600; SIGHUP reopens it',
    default: 'stderr',
    flag: 'serve',
    parse: text,
  },
  'log-level': {
    value: '<level>',
    sets: `log level: ${LOG_LEVELS.join(', ')}`,
    default: '`info`',
    flag: 'serve',
    parse: (field, given): LogLevel => oneOf(field, given.toLowerCase(), LOG_LEVELS),
  },
} as const satisfies Record<string, SettingDefinition>

export type SettingName = keyof typeof SETTINGS
export type SettingValue<Name extends SettingName> = ReturnType<(typeof SETTINGS)[Name]['parse']>

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[]

/** `SIMTALLY_LOG_LEVEL` for `log-level`. */
export function settingVariable(name: string): string {
  return `SIMTALLY_${name.toUpperCase().replaceAll('-', '_')}`
}

/** All names that a settings file may have, including limits in the form `limit-form-fields`. */
export function settingNames(): string[] {
  return [...SETTING_NAMES, ...LIMIT_NAMES.map((name) => `limit-${limitLabel(name)}`)]
}

/** Throws an `invalid` that names `field`, if the setting or limit does not take the value. */
export function checkSetting(name: string, field: string, value: string): void {
  const limit = name.startsWith('limit-') ? limitOfLabel(name.slice('limit-'.length)) : null
  if (limit !== null) parseLimit(field, limit, value)
  else SETTINGS[name as SettingName].parse(field, value)
}

/** The name with the fewest letters changed; null if all are far off. */
export function nearestName(name: string, names: readonly string[]): string | null {
  const [nearest] = names
    .map((known) => ({ known, distance: lettersApart(name, known) }))
    .sort((a, b) => a.distance - b.distance)
  const isNear = nearest !== undefined && nearest.distance <= Math.max(2, name.length / 3)
  return isNear ? nearest.known : null
}

function lettersApart(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...b].entries()) {
      next.push(Math.min(next[j]! + 1, row[j + 1]! + 1, row[j]! + (letter === other ? 0 : 1)))
    }
    row = next
  }
  return row.at(-1)!
}

function wholeNumber(field: string, given: string, min: number, max: number): number {
  const value = /^\d{1,9}$/.test(given) ? Number(given) : Number.NaN
  if (value >= min && value <= max) return value
  throw invalidField(field, given, `expected a whole number from ${min} to ${max}`)
}

function oneOf<T extends string>(field: string, given: string, known: readonly T[]): T {
  const found = known.find((value) => value === given)
  if (found !== undefined) return found
  throw invalidField(field, given, `expected ${known.join(', ')}`)
}
