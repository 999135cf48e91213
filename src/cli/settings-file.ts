/** The settings file: names and values in YAML. Each name is that of its flag and environment variable. */
import { readFileSync } from 'node:fs'
import { UsageError } from '../domain/usage-error.ts'
import type { SettingsFile } from './config.ts'
import { WrongUsage } from './failure.ts'
import { readMapping } from './feed-settings.ts'
import { checkSetting, nearestName, settingNames } from './settings.ts'

/** A settings file has a few dozen lines, so a larger file is something else. */
const SETTINGS_BYTES_MAX = 1_048_576

const HINT = 'docs/settings.md lists the names'

/** Null if no file is named and the default file does not exist. Throws `WrongUsage`. */
export function readSettingsFile(
  path: string,
  { isNamed }: { isNamed: boolean },
): SettingsFile | null {
  let content: Buffer
  try {
    content = readFileSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' && !isNamed) return null
    throw new WrongUsage(`the settings file ${path} cannot be read (${code})`)
  }
  if (content.length > SETTINGS_BYTES_MAX) {
    throw new WrongUsage(
      `${path}: it has more than ${SETTINGS_BYTES_MAX} bytes (SETTINGS_BYTES_MAX)`,
    )
  }
  return { path, values: settingsOf(path, readMapping(path, content.toString('utf8')) ?? {}) }
}

/** Throws one `WrongUsage` with every fault. */
export function settingsOf(path: string, document: unknown): Record<string, string> {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw new WrongUsage(`${path}: expected names and values, such as port: 8080`, HINT)
  }
  const known = settingNames()
  const faults: string[] = []
  const values: Record<string, string> = {}
  for (const [name, value] of Object.entries(document)) {
    const field = `${path}: ${name}`
    const text = textOf(value)
    if (!known.includes(name)) {
      const nearest = nearestName(name, known)
      faults.push(`${field}: there is no such setting${nearest === null ? '' : `; ${nearest}?`}`)
    } else if (text === null) {
      faults.push(`${field}: expected one value, or a list of them`)
    } else {
      const fault = faultOf(name, field, text)
      if (fault === null) values[name] = text
      else faults.push(fault)
    }
  }
  if (faults.length > 0) throw new WrongUsage(faults.join('; '), HINT, faults)
  return values
}

function faultOf(name: string, field: string, text: string): string | null {
  try {
    checkSetting(name, field, text)
    return null
  } catch (error) {
    if (error instanceof UsageError) return error.message
    throw error
  }
}

/** A list becomes text with commas, as in the environment. */
function textOf(value: unknown): string | null {
  if (Array.isArray(value)) {
    const texts = value.map(textOf)
    return texts.includes(null) ? null : texts.join(',')
  }
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : null
}
