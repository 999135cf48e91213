/** A decision that the log keeps: who makes it, and why. */
import type { ComponentChildren } from 'preact'
import { closeDialog, Dialog, Failure, fieldsOf, useAct } from './act.tsx'

export interface Decision {
  readonly By: string
  readonly Reason: string
}

/** Who made the last decision in this tab; probably also makes the next one. */
let lastBy = ''

/** Asks who decides and why, and closes once the decision is carried out. */
export function DecisionDialog({
  title,
  action,
  onDecide,
  onClose,
  children,
}: {
  readonly title: string
  /** The text of the button that carries it out. */
  readonly action: string
  readonly onDecide: (decision: Decision) => Promise<void>
  readonly onClose: () => void
  readonly children: ComponentChildren
}) {
  const act = useAct()

  async function submit(event: SubmitEvent): Promise<void> {
    const dialog = (event.currentTarget as HTMLFormElement).closest('dialog')
    const field = fieldsOf(event)
    lastBy = field('by')
    const decision = { By: lastBy, Reason: field('reason') }
    if (await act.run(() => onDecide(decision))) dialog?.close()
  }

  return (
    <Dialog title={title} onClose={onClose}>
      {children}
      <form class="decision" onSubmit={submit}>
        <label>
          Your name
          <input name="by" required autocomplete="name" defaultValue={lastBy} />
        </label>
        <label>
          Reason
          <input name="reason" required />
        </label>
        <Failure of={act} />
        <div class="actions">
          <button type="submit" class="danger" disabled={act.isBusy}>
            {action}
          </button>
          <button type="button" disabled={act.isBusy} onClick={closeDialog}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  )
}
