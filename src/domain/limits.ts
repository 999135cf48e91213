/** The limits that an operator can set: their values, and their names. */
import { LIMIT_DEFINITIONS, type LimitDefinition } from './limit-definitions.ts'
import { invalidField } from './usage-error.ts'

export type LimitName = keyof typeof LIMIT_DEFINITIONS

/** The value of each limit. */
export type Limits = Readonly<Record<LimitName, number>>

export const LIMIT_NAMES = Object.keys(LIMIT_DEFINITIONS) as LimitName[]

export const LIMITS_DEFAULT: Limits = limitsBy((name) => LIMIT_DEFINITIONS[name].default)

export function limitDefinition(name: LimitName): LimitDefinition {
  return LIMIT_DEFINITIONS[name]
}

/** Its name in flags, messages and metrics: `form-fields`. */
export function limitLabel(name: LimitName): string {
  return name.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`)
}

/** The environment variable that sets it: `SIMTALLY_LIMIT_FORM_FIELDS`. */
export function limitVariable(name: LimitName): string {
  return `SIMTALLY_LIMIT_${limitLabel(name).toUpperCase().replaceAll('-', '_')}`
}

/** Null if no limit has this label. */
export function limitOfLabel(label: string): LimitName | null {
  return LIMIT_NAMES.find((name) => limitLabel(name) === label) ?? null
}

/** Parses a limit's value. Throws `invalid`, naming `field`. */
export function parseLimit(field: string, name: LimitName, text: string): number {
  const { min, max, unit } = LIMIT_DEFINITIONS[name]
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw invalidField(field, text, `expected a whole number from ${min} to ${max}, in ${unit}`)
}

function limitsBy(value: (name: LimitName) => number): Limits {
  return Object.fromEntries(LIMIT_NAMES.map((name) => [name, value(name)])) as Limits
}

/** How an operator raises a limit, as a hint in the error that refuses. */
export function limitRemedy(name: LimitName): string {
  return `the limit ${limitLabel(name)} can be raised with ${limitVariable(name)}`
}
