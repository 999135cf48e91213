/** The keyboard shortcuts, and the dialog that explains them. */
import { useEffect } from 'preact/hooks'
import { show, view } from '../state/navigation.ts'
import { hasPeriod } from '../state/view.ts'
import { step } from './range-picker.tsx'

const KEYS = [
  { key: '/', does: 'find a SIM' },
  { key: '←', does: 'the previous period' },
  { key: '→', does: 'the next period' },
  { key: 'c', does: 'compare with the previous period' },
  { key: 't', does: 'charts as tables' },
  { key: 'Esc', does: 'close a menu, or remove the filters' },
  { key: '?', does: 'these keys' },
] as const

export function showHelp(): void {
  const dialog = document.querySelector<HTMLDialogElement>('#help')
  if (dialog?.open === false) dialog.showModal()
}

function closeOrUnfilter(): void {
  const menu = document.querySelector<HTMLDetailsElement>('details.menu[open]')
  if (menu === null) show({ filters: {} })
  else {
    menu.open = false
    menu.querySelector('summary')?.focus()
  }
}

const ACTIONS: Readonly<Record<string, () => void>> = {
  '/': () => document.querySelector<HTMLInputElement>('#sim-search')?.focus(),
  ArrowLeft: () => step(-1),
  ArrowRight: () => step(1),
  c: () => show({ compares: !view.value.compares }),
  t: () => show({ asTable: !view.value.asTable }),
  Escape: closeOrUnfilter,
  '?': showHelp,
}

/** These change only pages that show usage. */
const OF_PERIODS = ['ArrowLeft', 'ArrowRight', 'c', 't']

/**
 * Ignores keys with Alt or Ctrl, which are the browser's, and keys pressed while the user types or moves
 * something.
 */
function act(event: KeyboardEvent): void {
  const { key, target, altKey, ctrlKey, metaKey } = event
  const action = ACTIONS[key]
  if (action === undefined || altKey || ctrlKey || metaKey) return
  if (OF_PERIODS.includes(key) && !hasPeriod(view.value)) return
  const busy = `input, select, textarea, dialog${key.startsWith('Arrow') ? ', .scrolling' : ''}`
  if ((target as Element).closest(busy) !== null) return
  event.preventDefault()
  action()
}

export function Help() {
  useEffect(() => {
    addEventListener('keydown', act)
    return () => removeEventListener('keydown', act)
  }, [])
  return (
    <dialog id="help" class="card" aria-labelledby="help-title">
      <h2 id="help-title">Keys</h2>
      <dl class="keys">
        {KEYS.map(({ key, does }) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <p class="muted">In a chart, the arrows move from bar to bar, and Enter goes into one.</p>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  )
}
