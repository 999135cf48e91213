/** A feed's format and its settings, from the flags that set them. */
import { readFile } from 'node:fs/promises'
import { Option } from 'commander'
import { LineCounter, parseDocument } from 'yaml'
import { FEED_FORMATS, type FeedFormat, type FeedSettings } from '../domain/directory.ts'
import { UsageError } from '../domain/usage-error.ts'
import { CDR_FORMATS } from '../ingest/formats/formats.ts'
import { readyMapping } from '../ingest/mappings/mappings.ts'
import { fromFlags, WrongUsage } from './failure.ts'

export interface SettingsOptions {
  readonly format?: FeedFormat
  readonly mapping?: string
  readonly set?: readonly string[]
  readonly settings?: string
}

export interface ChosenFormat {
  readonly format: FeedFormat
  readonly settings: FeedSettings
}

/** A mapping is a page of text, so a larger file is something else. */
const MAPPING_BYTES_MAX = 1_048_576

/** Created anew for each command that has them. */
export function settingsFlags(): readonly Option[] {
  return [
    new Option('--format <format>', 'how its records are written').choices(FEED_FORMATS),
    new Option(
      '--mapping <name|file>',
      'a ready mapping (simtally mapping list) or a file of YAML or JSON; the format is then mapped',
    ).conflicts('settings'),
    setOption().conflicts('settings'),
    new Option('--settings <json>', 'all settings of the format, as a JSON object'),
  ]
}

export function setOption(): Option {
  return new Option(
    '--set <name=value>',
    'a setting of the format or the mapping; may be repeated',
  ).argParser((text: string, before: readonly string[] | undefined) => [...(before ?? []), text])
}

/**
 * `before` has the settings to which single ones are added. Throws one `WrongUsage` for everything that is
 * wrong with them.
 */
export async function chosenFormat(
  options: SettingsOptions,
  before: FeedSettings = {},
): Promise<ChosenFormat> {
  const { mapping, format = mapping === undefined ? undefined : 'mapped' } = options
  if (format === undefined) {
    throw new WrongUsage(
      'how are its records written?',
      `give --format (${FEED_FORMATS.join(', ')}) or --mapping`,
    )
  }
  if (mapping !== undefined && format !== 'mapped') {
    throw new WrongUsage(
      `--mapping ${JSON.stringify(mapping)}: the format ${format} has no mapping`,
    )
  }
  const given =
    options.settings === undefined ? settingsOf(format, options) : jsonObject(options.settings)
  const isFile = mapping !== undefined && readyMapping(mapping) === null
  const settings = {
    ...before,
    ...(mapping !== undefined && { mapping: isFile ? await mappingFile(mapping) : mapping }),
    ...given,
  }
  fromFlags(() => check(format, settings, isFile ? mapping : null))
  return { format, settings }
}

function check(format: FeedFormat, settings: FeedSettings, file: string | null): void {
  try {
    CDR_FORMATS[format].checkSettings(settings)
  } catch (error) {
    if (file === null || !(error instanceof UsageError)) throw error
    const { code, message, hint, faults } = error
    throw new UsageError(code, `${file}: ${message}`, {
      ...(hint === undefined ? {} : { hint }),
      ...(faults.length > 1 ? { faults: [`${file}:`, ...faults] } : {}),
    })
  }
}

/** Settings of mappings are texts. Other formats also take lists, objects, true and false. */
function settingsOf(format: FeedFormat, options: SettingsOptions): FeedSettings {
  const named = namedSettings(options)
  if (format === 'mapped') return named
  const typed = Object.entries(named).map(([name, value]) => [name, typedValue(value as string)])
  return Object.fromEntries(typed)
}

/** Text that is not JSON stays as it is; the format then says what it expects. */
function typedValue(text: string): unknown {
  if (!/^(?:true|false|[[{].*)$/s.test(text)) return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Throws `WrongUsage` for a setting that is not `name=value` or is given twice. */
export function namedSettings({ set = [] }: Pick<SettingsOptions, 'set'>): FeedSettings {
  const settings: Record<string, string> = {}
  for (const text of set) {
    const [, name, value] = /^([A-Za-z][\w-]*)=(.*)$/s.exec(text) ?? []
    if (name === undefined || value === undefined) {
      throw new WrongUsage(
        `--set ${JSON.stringify(text)}: expected name=value, such as megabyte=MB`,
      )
    }
    if (settings[name] !== undefined) throw new WrongUsage(`--set ${name}: it is given twice`)
    settings[name] = value
  }
  return settings
}

function jsonObject(text: string): FeedSettings {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new WrongUsage(`--settings ${JSON.stringify(text)}: it is not JSON`)
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as FeedSettings
  }
  throw new WrongUsage(`--settings ${JSON.stringify(text)}: expected an object such as {"name": …}`)
}

/** A mapping nests five levels deep. The YAML reader takes minutes for thousands of unclosed brackets. */
const BRACKETS_DEEP_MAX = 64

async function mappingFile(path: string): Promise<unknown> {
  return readMapping(path, await readMappingFile(path))
}

/**
 * JSON is also YAML, so one reader handles both. Throws a `WrongUsage` that names `path`, line and column.
 */
export function readMapping(path: string, text: string): unknown {
  if (bracketDepth(text) > BRACKETS_DEEP_MAX) {
    throw new WrongUsage(`${path}: its brackets are nested more than ${BRACKETS_DEEP_MAX} deep`)
  }
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const [fault] = document.errors
  if (fault !== undefined) {
    const { line, col } = lines.linePos(fault.pos[0])
    throw new WrongUsage(`${path}, line ${line}, column ${col}: ${fault.message}`)
  }
  try {
    return document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    throw new WrongUsage(`${path}: ${(error as Error).message}`)
  }
}

/** Counts brackets inside texts too: even so, no mapping comes near the limit. */
function bracketDepth(text: string): number {
  let depth = 0
  let deepest = 0
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    if (bracket === '[' || bracket === '{') deepest = Math.max(deepest, ++depth)
    else depth = Math.max(0, depth - 1)
  }
  return deepest
}

async function readMappingFile(path: string): Promise<string> {
  let bytes: Buffer
  try {
    bytes = await readFile(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new WrongUsage(
      `--mapping ${JSON.stringify(path)}: no ready mapping has this name, and as a file it cannot be read (${code})`,
      'simtally mapping list shows the ready ones',
    )
  }
  if (bytes.length <= MAPPING_BYTES_MAX) return bytes.toString('utf8')
  throw new WrongUsage(`${path}: it has more than ${MAPPING_BYTES_MAX} bytes (MAPPING_BYTES_MAX)`)
}
