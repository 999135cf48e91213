/** The ready mappings by name, and the mapping that a feed's settings name or hold. */
import type { FeedSettings } from '../../domain/directory.ts'
import { shown, UsageError } from '../../domain/usage-error.ts'
import type { Mapping } from '../mapped/mapping.ts'
import { checkMapping } from '../mapped/mapping-check.ts'
import { CISCO } from './cisco.ts'
import { EMNIFY, ONE_NCE, ONE_NCE_STATISTICS } from './emnify.ts'
import { HOLOGRAM, HOLOGRAM_DAILY } from './hologram.ts'
import type { MappingSetting, ReadyMapping } from './ready-mapping.ts'
import { SORACOM } from './soracom.ts'
import { SUPERSIM } from './supersim.ts'
import { TELNYX_USAGE, TELNYX_WDR } from './telnyx.ts'
import { THINGS_MOBILE } from './things-mobile.ts'

export const READY_MAPPINGS: readonly ReadyMapping[] = [
  SUPERSIM,
  EMNIFY,
  ONE_NCE,
  ONE_NCE_STATISTICS,
  TELNYX_WDR,
  TELNYX_USAGE,
  THINGS_MOBILE,
  HOLOGRAM,
  HOLOGRAM_DAILY,
  SORACOM,
  CISCO,
]

export function readyMapping(name: unknown): ReadyMapping | null {
  return READY_MAPPINGS.find((ready) => ready.name === name) ?? null
}

const mappingsBySettings = new WeakMap<FeedSettings, Mapping>()

/**
 * The same mapping for the same settings. Throws `invalid` with everything that is wrong with a mapped
 * feed's settings.
 */
export function mappingOf(settings: FeedSettings): Mapping {
  const known = mappingsBySettings.get(settings)
  if (known !== undefined) return known
  const mapping = checkedMapping(settings)
  mappingsBySettings.set(settings, mapping)
  return mapping
}

function checkedMapping(settings: FeedSettings): Mapping {
  const { mapping, ...given } = settings
  if (typeof mapping === 'string') {
    const ready = readyMapping(mapping)
    if (ready === null) throw unknownMapping(mapping)
    return ready.build(checkedSettings(ready, given))
  }
  if (mapping === undefined) throw unknownMapping('')
  const [surplus] = Object.keys(given)
  if (surplus !== undefined) {
    throw new UsageError('invalid', `${surplus}: a mapping of your own has no settings`, {
      field: surplus,
      hint: 'what differs between feeds is written into the mapping itself',
    })
  }
  checkMapping(mapping)
  return mapping
}

/** `name=value` of the one setting with which the same mapping would pass; null if there is none. */
export function settingThatReads(
  settings: FeedSettings,
  passes: (mapping: Mapping) => boolean,
): string | null {
  const { mapping, ...given } = settings
  const ready = readyMapping(mapping)
  if (ready === null) return null
  for (const [name, { choices }] of Object.entries(ready.settings)) {
    for (const value of Object.keys(choices ?? {})) {
      if (passes(ready.build(checkedSettings(ready, { ...given, [name]: value })))) {
        return `${name}=${value}`
      }
    }
  }
  return null
}

/** The setting's values with their meanings, for a person. */
export function describeChoices({ choices, expected }: MappingSetting): string {
  if (choices === null) return expected
  return Object.entries(choices)
    .map(([value, meaning]) => `${value} (${meaning})`)
    .join(', ')
}

function checkedSettings(ready: ReadyMapping, given: FeedSettings): Record<string, string> {
  const faults = Object.keys(given)
    .filter((name) => !Object.hasOwn(ready.settings, name))
    .map((name) => `${name}: the mapping ${ready.name} has no such setting`)
  const checked: Record<string, string> = {}
  for (const [name, setting] of Object.entries(ready.settings)) {
    const value = given[name]
    if (typeof value === 'string' && setting.accepts(value)) checked[name] = value
    else if (value !== undefined) {
      faults.push(`${name} ${shown(String(value))}: expected ${describeChoices(setting)}`)
    } else if (setting.otherwise === 'required') {
      faults.push(`${name}: it is required: ${setting.meaning}: ${describeChoices(setting)}`)
    } else if (setting.otherwise !== 'left out') checked[name] = setting.otherwise.value
  }
  if (faults.length === 0) return checked
  throw new UsageError('invalid', faults.join('; '), {
    faults,
    field: 'settings',
    hint: `give each as --set name=value; simtally mapping list explains them`,
  })
}

function unknownMapping(name: string): UsageError {
  const names = READY_MAPPINGS.map((ready) => ready.name).join(', ')
  const what =
    name === ''
      ? 'mapping: it is required'
      : `mapping ${shown(name)}: there is no mapping of this name`
  return new UsageError('invalid', what, {
    field: 'mapping',
    value: name,
    hint: `the ready ones are ${names}; a mapping of your own is a file, see docs/formats/mapped.md`,
  })
}
