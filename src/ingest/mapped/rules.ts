/** Rules for plain data from outside. Each fault is named by its path. */
import { shown } from '../../domain/usage-error.ts'

/** Checks one value and adds a sentence for each rule it breaks. */
export type Rule = (value: unknown, path: string, faults: string[]) => void

export function refuse(faults: string[], path: string, value: unknown, rule: string): void {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  faults.push(value === undefined ? `${path}: ${rule}` : `${path} ${shown(text)}: ${rule}`)
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function texts(rule: string, accepts: (text: string) => boolean): Rule {
  return (value, path, faults) => {
    if (typeof value !== 'string' || !accepts(value)) refuse(faults, path, value, rule)
  }
}

export function choice(names: readonly string[]): Rule {
  return texts(`expected one of ${names.join(', ')}`, (text) => names.includes(text))
}

export function wholeNumbers(min: number, max: number): Rule {
  return (value, path, faults) => {
    const isOne = typeof value === 'number' && Number.isInteger(value)
    if (!isOne || value < min || value > max) {
      refuse(faults, path, value, `expected a whole number from ${min} to ${max}`)
    }
  }
}

export const flags: Rule = (value, path, faults) => {
  if (typeof value !== 'boolean') refuse(faults, path, value, 'expected true or false')
}

export function listOf(rule: Rule): Rule {
  return (value, path, faults) => {
    if (!Array.isArray(value) || value.length === 0) {
      refuse(faults, path, value, 'expected a list that is not empty')
    } else {
      value.forEach((entry, i) => {
        rule(entry, `${path}[${i}]`, faults)
      })
    }
  }
}

export function mapOf(rule: Rule): Rule {
  return (value, path, faults) => {
    if (!isRecord(value) || Object.keys(value).length === 0) {
      refuse(faults, path, value, 'expected a map such as {Germany: DE}')
      return
    }
    for (const [key, entry] of Object.entries(value)) rule(entry, `${path}.${key}`, faults)
  }
}

/** A map with known keys only, all of the `required` ones, and exactly one of each `oneOf`. */
export function objectOf(
  rules: Readonly<Record<string, Rule>>,
  { required = [], oneOf = [] }: { required?: readonly string[]; oneOf?: readonly string[] } = {},
): Rule {
  return (value, path, faults) => {
    const names = Object.keys(rules)
    if (!isRecord(value)) {
      refuse(faults, path, value, `expected a map of ${names.join(', ')}`)
      return
    }
    for (const [name, entry] of Object.entries(value)) {
      if (entry === undefined) continue
      const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
      if (rule !== undefined) rule(entry, below(path, name), faults)
      else faults.push(`${below(path, name)}: not known here; expected one of ${names.join(', ')}`)
    }
    for (const name of required) {
      if (value[name] === undefined) refuse(faults, below(path, name), undefined, 'it is required')
    }
    const given = oneOf.filter((name) => value[name] !== undefined)
    if (oneOf.length > 0 && given.length !== 1) {
      refuse(faults, path, value, `expected exactly one of ${oneOf.join(', ')}`)
    }
  }
}

/** Maps are checked by `object`, everything else by `other`. */
export function eitherObjectOr(other: Rule, object: Rule): Rule {
  return (value, path, faults) => (isRecord(value) ? object : other)(value, path, faults)
}

function below(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}
