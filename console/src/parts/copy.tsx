/** A button that copies a text. */
import { useSignal } from '@preact/signals'

export function Copy({ text, name }: { readonly text: string; readonly name: string }) {
  const said = useSignal('Copy')
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text)
      said.value = 'Copied'
    } catch {
      said.value = 'Select it and press Ctrl+C'
    }
  }
  return (
    <button type="button" onClick={copy} aria-label={`Copy: ${name}`}>
      <span aria-live="polite">{said}</span>
    </button>
  )
}
