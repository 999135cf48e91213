/** What a feed of roaming batches may set, because the batches leave it open. */
import { parseCountry } from '../../domain/country.ts'
import type { FeedSettings } from '../../domain/directory.ts'
import { parsePlmn } from '../../domain/plmn.ts'
import { shown, UsageError } from '../../domain/usage-error.ts'
import { isTadig, type NetworkSetting } from './tadig.ts'

const REFUSE_OR_COUNT = ['refuse', 'count'] as const
type RefuseOrCount = (typeof REFUSE_OR_COUNT)[number]
const PARTS = ['by_content', 'by_place'] as const

export interface RoamingSettings {
  /** Countries and PLMNs by TADIG code. */
  readonly networks: Readonly<Record<string, NetworkSetting>>
  /** What to do with a file that is marked as a test. */
  readonly testFiles: RefuseOrCount
  /** What to do with a file whose own count of events is not ours. */
  readonly countMismatch: RefuseOrCount
  /** What tells apart parts of one session that start in the same second. */
  readonly parts: (typeof PARTS)[number]
}

interface Fault {
  readonly path: string
  readonly value: unknown
  readonly rule: string
}

export type SettingName = 'networks' | 'test_files' | 'count_mismatch' | 'parts'

/** Throws `invalid`, naming every path that breaks a rule; `known` are the format's settings. */
export function checkRoamingSettings(settings: FeedSettings, known: readonly SettingName[]): void {
  const faults = Object.entries(settings).flatMap(([name, value]): Fault[] => {
    if (!known.some((setting) => setting === name)) {
      return [{ path: name, value, rule: `this format has only ${known.join(', ')}` }]
    }
    if (name === 'networks') return networkFaults(value)
    return choiceFaults(name, value, name === 'parts' ? PARTS : REFUSE_OR_COUNT)
  })
  const [first] = faults
  if (first === undefined) return
  const told = faults.map(({ path, value, rule }) => `${path} ${asText(value)}: ${rule}`)
  throw new UsageError('invalid', told.join('; '), {
    field: first.path,
    value: JSON.stringify(first.value) ?? '',
    hint: 'such as {"networks": {"ESPVV": {"country": "ES", "plmn": "214-01"}}, "count_mismatch": "refuse"}',
  })
}

/** From checked settings. */
export function roamingSettingsOf(settings: FeedSettings): RoamingSettings {
  return {
    networks: (settings.networks ?? {}) as RoamingSettings['networks'],
    testFiles: (settings.test_files ?? 'refuse') as RefuseOrCount,
    countMismatch: (settings.count_mismatch ?? 'refuse') as RefuseOrCount,
    parts: (settings.parts ?? 'by_content') as RoamingSettings['parts'],
  }
}

function choiceFaults(path: string, value: unknown, choices: readonly string[]): Fault[] {
  if (choices.some((choice) => choice === value)) return []
  return [{ path, value, rule: `expected ${choices.join(' or ')}` }]
}

function networkFaults(value: unknown): Fault[] {
  if (!isObject(value)) {
    return [{ path: 'networks', value, rule: 'expected an object of TADIG codes' }]
  }
  return Object.entries(value).flatMap(([tadig, network]): Fault[] => {
    const path = `networks.${tadig}`
    if (!isTadig(tadig)) {
      return [{ path, value: network, rule: 'a TADIG code is 5 capital letters or digits' }]
    }
    if (!isObject(network) || Object.keys(network).length === 0) {
      return [{ path, value: network, rule: 'expected an object with country, plmn or both' }]
    }
    return Object.entries(network).flatMap(([name, part]) => partFaults(`${path}.${name}`, part))
  })
}

function partFaults(path: string, value: unknown): Fault[] {
  const isCountry = path.endsWith('.country')
  if (!isCountry && !path.endsWith('.plmn')) {
    return [{ path, value, rule: 'a network has no such setting' }]
  }
  const isKnown =
    typeof value === 'string' && (isCountry ? parseCountry(value) : parsePlmn(value)) !== null
  if (isKnown) return []
  const rule = isCountry
    ? 'expected an ISO 3166-1 code such as MX or MEX'
    : 'expected MCC-MNC such as 310-260 (3 digits, then 2 or 3)'
  return [{ path, value, rule }]
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function asText(value: unknown): string {
  return typeof value === 'string' ? shown(value) : shown(JSON.stringify(value) ?? 'undefined')
}
