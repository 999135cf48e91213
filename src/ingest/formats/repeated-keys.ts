/**
 * Keys that a JSON text states more than once in one object, with different values. Parsers keep only the
 * last of them, so that nobody would learn that the record contradicts itself.
 */

const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{}:,]/g

const SPACE = 0x20
const QUOTE = 0x22

const NONE: ReadonlyMap<string, readonly string[]> = new Map()

/** An object or a list of the text, while it is open. */
interface Level {
  /** Null for a list. */
  readonly values: Map<string, string[]> | null
  key: string
  /** Where the value of `key` begins; 0 if a key comes next. */
  valueFrom: number
}

/** Each such key with all its values as JSON texts. `value` is what `text` was parsed to. */
export function repeatedKeys(text: string, value: unknown): ReadonlyMap<string, readonly string[]> {
  // Nearly all texts have as many keys as their values. One that contains `":` costs a closer look.
  return quotesBeforeColons(text) === keysOf(value) ? NONE : scan(text)
}

/** At least one for each key. */
function quotesBeforeColons(text: string): number {
  let count = 0
  for (let at = text.indexOf(':'); at !== -1; at = text.indexOf(':', at + 1)) {
    let before = at - 1
    while (text.charCodeAt(before) <= SPACE) before--
    if (text.charCodeAt(before) === QUOTE) count++
  }
  return count
}

/**
 * Objects that a reviver has put in the place of numbers have no keys in the text. A parser has no limit to
 * how deeply values are nested, so there is none here either.
 */
function keysOf(value: unknown): number {
  let count = 0
  const open: unknown[] = [value]
  while (open.length > 0) {
    const one = open.pop()
    if (Array.isArray(one)) {
      for (const element of one) if (typeof element === 'object') open.push(element)
    } else if (isPlain(one)) {
      for (const key in one) {
        count++
        if (typeof one[key] === 'object') open.push(one[key])
      }
    }
  }
  return count
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return value != null && Object.getPrototypeOf(value) === Object.prototype
}

function scan(text: string): Map<string, readonly string[]> {
  const repeated = new Map<string, readonly string[]>()
  const levels: Level[] = []
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    const level = levels.at(-1)
    if (token === '{' || token === '[') {
      levels.push({ values: token === '{' ? new Map() : null, key: '', valueFrom: 0 })
    } else if (token === ':') {
      level!.valueFrom = index + 1
    } else if (token === ',' || token === '}' || token === ']') {
      if (level?.values != null && level.valueFrom > 0) {
        note(level.values, level.key, text.slice(level.valueFrom, index).trim(), repeated)
        level.valueFrom = 0
      }
      if (token !== ',') levels.pop()
    } else if (level?.values != null && level.valueFrom === 0) {
      level.key = JSON.parse(token) as string
    }
  }
  return repeated
}

function note(
  values: Map<string, string[]>,
  key: string,
  value: string,
  repeated: Map<string, readonly string[]>,
): void {
  const stated = values.get(key)
  if (stated === undefined) {
    values.set(key, [value])
    return
  }
  stated.push(value)
  if (value !== stated[0]) repeated.set(key, stated)
}
