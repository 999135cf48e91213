/** The keys, and the dialog that tells them. */
import { useEffect } from 'preact/hooks'
import { show, view } from '../state/navigation.ts'
import { step } from './range-picker.tsx'

const KEYS = [
  { key: '/', does: 'find a SIM' },
  { key: '←', does: 'the period before' },
  { key: '→', does: 'the period after' },
  { key: 'c', does: 'compare with the period before' },
  { key: 't', does: 'charts as tables' },
  { key: '?', does: 'these keys' },
] as const

export function showHelp(): void {
  const dialog = document.querySelector<HTMLDialogElement>('#help')
  if (dialog?.open === false) dialog.showModal()
}

const ACTIONS: Readonly<Record<string, () => void>> = {
  '/': () => document.querySelector<HTMLInputElement>('#sim-search')?.focus(),
  ArrowLeft: () => step(-1),
  ArrowRight: () => step(1),
  c: () => show({ compares: !view.value.compares }),
  t: () => show({ asTable: !view.value.asTable }),
  '?': showHelp,
}

/** Never with Alt or Ctrl, which are the browser's, and not while something is typed or moved. */
function act(event: KeyboardEvent): void {
  const target = event.target as Element
  const isTyping = target.closest('input, select, textarea, dialog, .scrolling') !== null
  const action = ACTIONS[event.key]
  if (action === undefined || isTyping || event.altKey || event.ctrlKey || event.metaKey) return
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
