/**
 * How this browser prefers to show things. The preferences stay in the browser, because they are not part of
 * a view.
 */
import { effect, signal } from '@preact/signals'
import type { ByteUnits } from '../format/quantity.ts'

export type Theme = 'system' | 'light' | 'dark'

export const byteUnits = signal<ByteUnits>(kept('units') === 'binary' ? 'binary' : 'decimal')
export const theme = signal<Theme>(
  (['light', 'dark'] as const).find((name) => name === kept('theme')) ?? 'system',
)

effect(() => keep('units', byteUnits.value))
effect(() => {
  document.documentElement.dataset.theme = theme.value
  keep('theme', theme.value)
})

/** If the browser refuses to keep anything, the choice lasts as long as the page. */
function kept(name: string): string | null {
  try {
    return localStorage.getItem(`simtally.${name}`)
  } catch {
    return null
  }
}

function keep(name: string, value: string): void {
  try {
    localStorage.setItem(`simtally.${name}`, value)
  } catch {
    // Only the choice is lost.
  }
}
