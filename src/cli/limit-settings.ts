/** The limits that the environment and `--limit` set. */
import {
  LIMIT_NAMES,
  LIMITS_DEFAULT,
  type LimitName,
  type Limits,
  limitLabel,
  limitOfLabel,
  limitVariable,
  parseLimit,
} from '../domain/limits.ts'
import { shown } from '../domain/usage-error.ts'
import type { Config } from './config.ts'
import { fromFlags, WrongUsage } from './failure.ts'

export interface LimitOption {
  readonly limit?: Partial<Limits>
}

export const LIMIT_HELP = 'set a limit, such as imports-per-key=8; may be repeated'

const HINT = 'docs/settings.md lists the limits'

/** `--limit` takes precedence over the environment. Throws a `WrongUsage` that names the variable. */
export function limitsOf(config: Config, { limit = {} }: LimitOption): Limits {
  const limits: Partial<Record<LimitName, number>> = {}
  for (const [variable, text] of Object.entries(config.limits)) {
    const name = LIMIT_NAMES.find((known) => limitVariable(known) === variable)
    if (name === undefined) throw new WrongUsage(`${variable}: there is no such limit`, HINT)
    limits[name] = fromFlags(() => parseLimit(variable, name, text))
  }
  return { ...LIMITS_DEFAULT, ...limits, ...limit }
}

/** For commander: adds one `name=value` after another. Throws `WrongUsage`. */
export function addLimit(text: string, before: Partial<Limits> = {}): Partial<Limits> {
  const at = text.indexOf('=')
  const label = at === -1 ? text : text.slice(0, at)
  const name = limitOfLabel(label)
  if (name === null || at === -1) {
    const rule = at === -1 ? 'expected name=value' : 'there is no such limit'
    throw new WrongUsage(`--limit ${shown(text)}: ${rule}`, HINT)
  }
  const value = fromFlags(() => parseLimit(`--limit ${limitLabel(name)}`, name, text.slice(at + 1)))
  return { ...before, [name]: value }
}
