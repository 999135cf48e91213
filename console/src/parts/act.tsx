/** Changes something: shows whether it is running and what went wrong, and asks before doing it. */
import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { failureText } from '../failure.ts'
import { Copy } from './copy.tsx'

export interface Act {
  readonly isBusy: boolean
  /** The message to show; null if nothing went wrong. */
  readonly failure: string | null
  /** Does the work, one at a time. Resolves to true on success. */
  run(work: () => Promise<void>): Promise<boolean>
  /** Does the work and aborts work that is already running, whose failures are not shown. */
  supersede(work: (signal: AbortSignal) => Promise<void>): Promise<boolean>
}

export function useAct(): Act {
  const isBusy = useSignal(false)
  const failure = useSignal<string | null>(null)
  const last = useRef<AbortController | null>(null)

  async function supersede(work: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
    last.current?.abort()
    const abort = new AbortController()
    const { signal } = abort
    last.current = abort
    isBusy.value = true
    failure.value = null
    try {
      await work(signal)
      return !signal.aborted
    } catch (error) {
      if (!signal.aborted) failure.value = failureText(error)
      return false
    } finally {
      if (!signal.aborted) isBusy.value = false
    }
  }

  return {
    isBusy: isBusy.value,
    failure: failure.value,
    run: async (work) => !isBusy.peek() && (await supersede(work)),
    supersede,
  }
}

export function Failure({ of }: { readonly of: Act }) {
  return (
    <p class="failure" role="alert">
      {of.failure}
    </p>
  )
}

/** A dialog above the page. Escape and a click on Close close it. */
export function Dialog({
  title,
  onClose,
  children,
}: {
  readonly title: string
  readonly onClose: () => void
  readonly children: ComponentChildren
}) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    dialog.current?.showModal()
  }, [])
  return (
    <dialog ref={dialog} class="card" aria-label={title} onClose={onClose}>
      <h2>{title}</h2>
      {children}
    </dialog>
  )
}

/** Closes the dialog that contains a button, so that focus returns to where it was. */
export function closeDialog(event: Event): void {
  const button = event.currentTarget as Element
  button.closest('dialog')?.close()
}

/** The values of a form's fields, without surrounding spaces. */
export function fieldsOf(event: SubmitEvent): (name: string) => string {
  event.preventDefault()
  const fields = new FormData(event.currentTarget as HTMLFormElement)
  return (name) => String(fields.get(name) ?? '').trim()
}

/** A secret, shown until the user confirms having saved it. */
export function Secret({
  title,
  facts,
  onKept,
}: {
  readonly title: string
  readonly facts: readonly (readonly [name: string, value: string])[]
  readonly onKept: () => void
}) {
  return (
    <Dialog title={title} onClose={onKept}>
      <dl class="secret">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <code>{value}</code> <Copy text={value} name={name} />
            </dd>
          </div>
        ))}
      </dl>
      <p>Keep it now: it is shown only here, and the server has no copy of it.</p>
      <div class="actions">
        <button type="button" class="primary" onClick={onKept}>
          I have kept it
        </button>
      </div>
    </Dialog>
  )
}
