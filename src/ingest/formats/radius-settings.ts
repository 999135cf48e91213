/** What a RADIUS feed may set, and the defaults. */
import type { FeedSettings } from '../../domain/directory.ts'
import { shown, UsageError } from '../../domain/usage-error.ts'
import { RESETS, type Resets } from '../../domain/usage-event.ts'

export interface RadiusSettings {
  /** The attributes that may name the SIM, best first. */
  readonly sim: readonly string[]
  /** The attributes that together name the session; null for NAS, session id and charging id. */
  readonly series: readonly string[] | null
  /** False if the source counts in 32 bits and its counters wrap. Null is taken as true. */
  readonly gigawords: boolean | null
  /** The UTC offset of each abbreviation that an Event-Timestamp may end with. */
  readonly zones: ReadonlyMap<string, string>
  /** The UTC offset of a block's date line; null if date lines are not trusted. */
  readonly dateLine: string | null
  /** Which of two times counts if they differ by more than a day; null if neither is trusted then. */
  readonly time: (typeof TIMES)[number] | null
  /** The direction of `Acct-Input-Octets`: from the SIM, unless the NAS counts the other way round. */
  readonly input: (typeof INPUTS)[number]
  /** When the source's counters may begin again. */
  readonly resets: Resets
}

const TIMES = ['event', 'receipt'] as const
const INPUTS = ['upload', 'download'] as const

export const SIM_ATTRIBUTES_DEFAULT = ['3GPP-IMSI', 'Calling-Station-Id'] as const

const SETTING_NAMES = [
  'sim',
  'series',
  'gigawords',
  'zones',
  'date_line',
  'time',
  'input',
  'resets',
]
/** More names than any server gives to one session or SIM. */
const ATTRIBUTES_MAX = 8
/** There are fewer abbreviations of time zones in the world. */
const ZONES_MAX = 100
const ATTRIBUTE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/
const ZONE_NAME = /^[A-Za-z]{1,8}$/
const OFFSET = /^[+-](?:0\d|1[0-4]):[0-5]\d$/
const OFFSET_RULE = 'expected an offset from UTC such as +01:00'

/** Attributes that identify a subscriber; record ids appear in places where those are masked. */
const SUBSCRIBER_ATTRIBUTES = ['3gpp-imsi', 'calling-station-id']

interface SettingFault {
  readonly path: string
  readonly value: unknown
  readonly rule: string
}

/** Throws `invalid`, naming every path that breaks a rule. */
export function parseRadiusSettings(settings: FeedSettings): RadiusSettings {
  const faults: SettingFault[] = []
  for (const [name, value] of Object.entries(settings)) {
    if (SETTING_NAMES.includes(name)) continue
    const rule = `this format has no such setting; it has ${SETTING_NAMES.join(', ')}`
    faults.push({ path: name, value, rule })
  }
  const { sim, series, gigawords, zones, date_line: dateLine, time, input, resets } = settings
  faults.push(...attributeFaults('sim', sim), ...attributeFaults('series', series))
  faults.push(...subscriberFaults(series), ...zoneFaults(zones))
  if (gigawords !== undefined && typeof gigawords !== 'boolean') {
    faults.push({ path: 'gigawords', value: gigawords, rule: 'expected true or false' })
  }
  if (dateLine !== undefined && !isOffset(dateLine)) {
    faults.push({ path: 'date_line', value: dateLine, rule: OFFSET_RULE })
  }
  faults.push(...choiceFaults('time', time, TIMES), ...choiceFaults('input', input, INPUTS))
  faults.push(...choiceFaults('resets', resets, RESETS))
  if (faults.length > 0) throw invalidSettings(faults)
  return {
    sim: (sim as string[] | undefined) ?? SIM_ATTRIBUTES_DEFAULT,
    series: (series as string[] | undefined) ?? null,
    gigawords: (gigawords as boolean | undefined) ?? null,
    zones: new Map(Object.entries((zones as Record<string, string> | undefined) ?? {})),
    dateLine: (dateLine as string | undefined) ?? null,
    time: (time as RadiusSettings['time'] | undefined) ?? null,
    input: (input as RadiusSettings['input'] | undefined) ?? 'upload',
    resets: (resets as Resets | undefined) ?? 'start',
  }
}

function choiceFaults(path: string, value: unknown, choices: readonly string[]): SettingFault[] {
  if (value === undefined || choices.includes(value as string)) return []
  return [{ path, value, rule: `expected one of ${choices.join(', ')}` }]
}

function attributeFaults(path: string, value: unknown): SettingFault[] {
  if (value === undefined) return []
  if (!Array.isArray(value) || value.length === 0 || value.length > ATTRIBUTES_MAX) {
    const rule = `expected a list of 1 to ${ATTRIBUTES_MAX} attribute names`
    return [{ path, value, rule }]
  }
  return value.flatMap((name: unknown, i) => {
    const isName = typeof name === 'string' && ATTRIBUTE_NAME.test(name)
    const rule = 'expected the name of an attribute such as Acct-Unique-Session-Id'
    return isName ? [] : [{ path: `${path}[${i}]`, value: name, rule }]
  })
}

function subscriberFaults(series: unknown): SettingFault[] {
  if (!Array.isArray(series)) return []
  return series.flatMap((name: unknown, i) => {
    const names = typeof name === 'string' && SUBSCRIBER_ATTRIBUTES.includes(name.toLowerCase())
    const rule = 'a session is known by its SIM in any case; name what tells its sessions apart'
    return names ? [{ path: `series[${i}]`, value: name, rule }] : []
  })
}

function zoneFaults(zones: unknown): SettingFault[] {
  if (zones === undefined) return []
  if (typeof zones !== 'object' || zones === null || Array.isArray(zones)) {
    return [{ path: 'zones', value: zones, rule: 'expected an object such as {"CET":"+01:00"}' }]
  }
  const entries = Object.entries(zones)
  if (entries.length > ZONES_MAX) {
    return [{ path: 'zones', value: entries.length, rule: `at most ${ZONES_MAX} allowed` }]
  }
  return entries.flatMap(([name, offset]) => {
    const path = `zones.${name}`
    if (!ZONE_NAME.test(name)) {
      return [{ path, value: name, rule: 'expected an abbreviation of 1 to 8 letters such as CET' }]
    }
    return isOffset(offset) ? [] : [{ path, value: offset, rule: OFFSET_RULE }]
  })
}

function isOffset(value: unknown): value is string {
  return typeof value === 'string' && OFFSET.test(value)
}

function invalidSettings(faults: readonly SettingFault[]): UsageError {
  const told = faults.map(({ path, value, rule }) => `${shownPath(path)} ${asJson(value)}: ${rule}`)
  return new UsageError('invalid', told.join('; '), {
    field: faults[0]!.path,
    value: asJson(faults[0]!.value),
  })
}

/** A path may contain a made-up key, which a message shows unchanged only if it is harmless. */
function shownPath(path: string): string {
  return /^[\w.[\]-]{1,80}$/.test(path) ? path : shown(path)
}

function asJson(value: unknown): string {
  return typeof value === 'string' ? shown(value) : shown(JSON.stringify(value) ?? 'nothing')
}
