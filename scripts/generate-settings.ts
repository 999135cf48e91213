/**
 * Writes the table of limits into `docs/settings.md`: `node scripts/generate-settings.ts`. The test of
 * the limits fails while the page says something else than the program.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { LIMIT_NAMES, limitDefinition, limitLabel } from '../src/domain/limits.ts'

export const SETTINGS_PAGE = new URL('../docs/settings.md', import.meta.url)

const BEGIN = '<!-- limits -->\n'
const END = '\n<!-- end of limits -->'

/** The page with the table that belongs into it. */
export function settingsPage(page: string): string {
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  if (begin === -1 || end < begin) throw new Error('docs/settings.md has no place for the limits')
  return `${page.slice(0, begin + BEGIN.length)}\n${limitTable()}\n${page.slice(end)}`
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

function aligned([titles = [], ...rows]: string[][]): string {
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
