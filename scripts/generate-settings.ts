/**
 * Writes the tables of settings and limits into `docs/settings.md`: `node scripts/generate-settings.ts`. The
 * test of the limits fails while the page and the program differ.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { SETTING_NAMES, SETTINGS, settingVariable } from '../src/cli/settings.ts'
import { NAME_CHARACTERS_MAX } from '../src/domain/directory.ts'
import { HOME_SET_ENTRIES_MAX } from '../src/domain/home-set.ts'
import { RAW_BYTES_MAX } from '../src/domain/import.ts'
import { LIMIT_NAMES, limitDefinition, limitLabel } from '../src/domain/limits.ts'
import { PATTERN_CHARACTERS_MAX, PATTERN_STEPS_MAX } from '../src/domain/sequence-pattern.ts'
import { PAGE_SIZE_MAX } from '../src/http/list-page.ts'
import { BER_DEPTH_MAX, BER_ELEMENT_BYTES_MAX } from '../src/ingest/formats/ber.ts'
import { RECORD_ID_CHARACTERS_MAX } from '../src/ingest/formats/canonical-record.ts'
import { COLUMNS_MAX } from '../src/ingest/formats/csv-records.ts'
import { LINE_BYTES_MAX } from '../src/ingest/lines.ts'
import { NESTING_LEVELS_MAX, RECORD_BYTES_MAX } from '../src/ingest/mapped/limits.ts'
import { SIM_LIST_SIMS_MAX } from '../src/ingest/sim-list.ts'
import { BATCH_RECORDS_MAX } from '../src/storage/usage-store.ts'

export const SETTINGS_PAGE = new URL('../docs/settings.md', import.meta.url)

type Cells = readonly string[]

/** Bounds that cannot be set: with other values, one process would refuse what another accepts. */
const FIXED: readonly (readonly [bounds: string, value: number, unit: string, beyond: string])[] = [
  ['a line of a delivery', LINE_BYTES_MAX, 'bytes', 'the record is quarantined'],
  ['a record of a document, JSON or XML', RECORD_BYTES_MAX, 'bytes', 'the record is quarantined'],
  ['nesting of a document', NESTING_LEVELS_MAX, 'levels', 'the delivery fails'],
  ['columns of a CSV file', COLUMNS_MAX, 'columns', 'the delivery fails'],
  ["a record's id", RECORD_ID_CHARACTERS_MAX, 'characters', 'the record is quarantined'],
  ['an element of a roaming batch', BER_ELEMENT_BYTES_MAX, 'bytes', 'the delivery fails'],
  ['nesting of a roaming batch', BER_DEPTH_MAX, 'levels', 'the delivery fails'],
  ['what quarantine keeps of a record', RAW_BYTES_MAX, 'bytes', 'the rest is cut off'],
  ['records of one transaction', BATCH_RECORDS_MAX, 'records', 'wrong usage'],
  ['SIMs of a list to import', SIM_LIST_SIMS_MAX, 'SIMs', 'the list is refused'],
  ['a name', NAME_CHARACTERS_MAX, 'characters', 'refused'],
  ['networks and countries of a home set', HOME_SET_ENTRIES_MAX, 'entries', 'refused'],
  ['a sequence pattern', PATTERN_CHARACTERS_MAX, 'characters', 'refused'],
  ['steps of a sequence pattern', PATTERN_STEPS_MAX, 'steps', 'refused'],
  ['rows of a page', PAGE_SIZE_MAX, 'rows', 'at most this many are returned'],
]

/** Each table, with the marks before and after it. */
const TABLES: readonly (readonly [begin: string, table: () => string, end: string])[] = [
  ['<!-- settings -->\n', settingTable, '\n<!-- end of settings -->'],
  ['<!-- limits -->\n', limitTable, '\n<!-- end of limits -->'],
  ['<!-- fixed limits -->\n', fixedTable, '\n<!-- end of fixed limits -->'],
]

/** The page, with its tables up to date. */
export function settingsPage(page: string): string {
  return TABLES.reduce((text, [begin, table, end]) => {
    const from = text.indexOf(begin)
    const to = text.indexOf(end)
    if (from === -1 || to < from) throw new Error(`docs/settings.md has no place ${begin}`)
    return `${text.slice(0, from + begin.length)}\n${table()}\n${text.slice(to)}`
  }, page)
}

function settingTable(): string {
  const rows = SETTING_NAMES.map((name) => {
    const { value, sets, default: otherwise, flag } = SETTINGS[name]
    const flagText = flag === null ? '' : `\`--${name} ${value}\``.replaceAll('|', '\\|')
    return [`\`${name}\``, `\`${settingVariable(name)}\``, flagText, sets, otherwise]
  })
  return aligned([['name in the file', 'variable', 'flag', 'sets', 'default'], ...rows])
}

function fixedTable(): string {
  const rows = FIXED.map(([bounds, value, unit, beyond]) => [
    bounds,
    `${grouped(value)} ${unit}`,
    beyond,
  ])
  return aligned([['bounds', 'value', 'beyond it'], ...rows])
}

function limitTable(): string {
  const rows = LIMIT_NAMES.map((name) => {
    const { default: value, min, max, unit, bounds, reason, refusal } = limitDefinition(name)
    return [
      `\`${limitLabel(name)}\``,
      bounds,
      `${grouped(value)} ${unit}`,
      `${grouped(min)} to ${grouped(max)}`,
      refusal,
      reason,
    ]
  })
  return aligned([['limit', 'bounds', 'default', 'may be', 'beyond it', 'why'], ...rows])
}

function grouped(value: number): string {
  return value.toLocaleString('en-US')
}

function aligned([titles = [], ...rows]: Cells[]): string {
  const widths = titles.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => row[i]!.length)),
  )
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`
  return [line(titles), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join(
    '\n',
  )
}

if (import.meta.main) {
  writeFileSync(SETTINGS_PAGE, settingsPage(readFileSync(SETTINGS_PAGE, 'utf8')))
}
