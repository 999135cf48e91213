/**
 * Bar charts as SVG: one line per bar, with its value in words, and groups below each other. Each group has a
 * scale of its own unless told otherwise. Colours follow the reader's light or dark scheme, and each chart
 * has a background, so that it is readable on any page.
 */

export interface Bar {
  readonly label: string
  readonly value: number
  /** The value as it is written. */
  readonly text: string
  readonly kind: 'own' | 'peer' | 'limit' | 'wrong'
}

export interface BarGroup {
  readonly title: string
  readonly bars: readonly Bar[]
}

export interface BarChart {
  readonly title: string
  /** What longer bars mean. */
  readonly note: string
  readonly groups: readonly BarGroup[]
}

const WIDTH = 860
const LEFT = 230
const RIGHT = 190
const LINE = 22
const BAR = 14
const TOP = 62
const GROUP_GAP = 40

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: var(--ink) }
  .title { font-size: 16px; font-weight: 600 }
  .note { fill: var(--faint) }
  .group { font-weight: 600 }
  .ground { fill: var(--ground) }
  .own { fill: var(--own) } .peer { fill: var(--peer) }
  .limit { fill: var(--limit) } .wrong { fill: none; stroke: var(--faint); stroke-dasharray: 3 3 }
  svg { --ink: #1f2328; --faint: #59636e; --ground: #ffffff; --own: #0b6bcb; --peer: #9a7d4f; --limit: #b6bec7 }
  @media (prefers-color-scheme: dark) {
    svg { --ink: #e6edf3; --faint: #9198a1; --ground: #0d1117; --own: #4493f8; --peer: #c9a26a; --limit: #4b5563 }
  }`

export function barChart({ title, note, groups }: BarChart): string {
  const parts: string[] = []
  let y = TOP
  for (const group of groups) {
    parts.push(text(16, y + 4, group.title, 'group'))
    y += LINE
    const most = Math.max(...group.bars.map(({ value }) => value))
    for (const bar of group.bars) {
      const width = Math.max(1, (bar.value / most) * (WIDTH - LEFT - RIGHT))
      const top = y - BAR + 3
      parts.push(
        text(LEFT - 10, y, bar.label, '', 'end'),
        `<rect class="${bar.kind}" x="${LEFT}" y="${top}" width="${width.toFixed(1)}" height="${BAR}" rx="2"/>`,
        text(LEFT + width + 8, y, bar.text),
      )
      y += LINE
    }
    y += GROUP_GAP - LINE
  }
  const height = y
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(title)}">`,
    `<style>${STYLE}\n</style>`,
    `<rect class="ground" width="${WIDTH}" height="${height}" rx="6"/>`,
    text(16, 26, title, 'title'),
    text(16, 44, note, 'note'),
    ...parts,
    '</svg>\n',
  ].join('\n')
}

function text(x: number, y: number, words: string, kind = '', anchor = 'start'): string {
  const name = kind === '' ? '' : ` class="${kind}"`
  return `<text${name} x="${x.toFixed(1)}" y="${y}" text-anchor="${anchor}">${escaped(words)}</text>`
}

function escaped(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
