/** Horizontal bars of text. */
import type { Sum } from '../domain/sums.ts'
import { formatBytes } from './quantity-text.ts'

export interface Bar {
  readonly label: string
  readonly bytes: Sum
}

/** A bar grows by eighths of a character. */
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const

const BAR_CHARACTERS_MIN = 10

/** One line per bar. The longest bar fills the `width` that its label and number leave. */
export function barChart(bars: readonly Bar[], width: number): string[] {
  const numbers = bars.map(({ bytes }) => formatBytes(bytes))
  const labelWidth = Math.max(0, ...bars.map(({ label }) => label.length))
  const numberWidth = Math.max(0, ...numbers.map((number) => number.length))
  const room = Math.max(BAR_CHARACTERS_MIN, width - labelWidth - numberWidth - 2)
  const most = Math.max(0, ...bars.map(({ bytes }) => Number(bytes)))
  return bars.map(({ label, bytes }, i) => {
    const number = numbers[i]!.padStart(numberWidth)
    return `${label.padEnd(labelWidth)} ${number} ${drawn(Number(bytes), most, room)}`.trimEnd()
  })
}

/** Even the smallest usage is drawn, as one eighth of a character. */
function drawn(bytes: number, most: number, room: number): string {
  if (bytes === 0) return ''
  const eighths = Math.max(1, Math.round((bytes / most) * room * 8))
  return '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]
}
