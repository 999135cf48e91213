/** Undoes a delivery, after its dry run has shown what that would change. */
import { useSignal } from '@preact/signals'
import { answerOf, type Schema, server } from '../api/server.ts'
import { countText, nounOf } from '../format/quantity.ts'
import { askAgain, useAnswer } from '../state/answer.ts'
import { closeDialog, Dialog, Failure, useAct } from './act.tsx'
import { Answered, Panel } from './panel.tsx'
import { WhatChanges } from './what-changes.tsx'

export function Undo({ of }: { readonly of: Schema<'Import'> }) {
  const isAsking = useSignal(false)
  if (of.status === 'undone') return null
  return (
    <Panel size="wide" title="Take it back" isForActing>
      <p>
        Usage becomes what it would be if this delivery had never come: records that only it has are
        removed, versions that it replaced count again, and its records leave quarantine. It stays
        in the list as undone.
      </p>
      <div class="actions">
        <button
          type="button"
          onClick={() => {
            isAsking.value = true
          }}
        >
          Undo …
        </button>
      </div>
      {isAsking.value && (
        <UndoDialog
          id={of.import}
          onClose={() => {
            isAsking.value = false
          }}
        />
      )}
    </Panel>
  )
}

function UndoDialog({ id, onClose }: { readonly id: string; readonly onClose: () => void }) {
  const act = useAct()
  const params = { path: { id } }
  const answer = useAnswer(`undo ${id}`, (signal) =>
    answerOf(server.POST('/v1/Imports/{id}/Undo/DryRun', { params, signal })),
  )

  async function undo(): Promise<void> {
    const isDone = await act.run(async () => {
      await answerOf(server.POST('/v1/Imports/{id}/Undo', { params }))
    })
    if (!isDone) return
    onClose()
    askAgain()
  }

  return (
    <Dialog title="Undo this delivery?" onClose={onClose}>
      <Answered answer={answer} lines={6}>
        {(trial) => (
          <>
            <ul class="comes-to">
              {outcomesOf(trial).map(([count, what]) => (
                <li key={what}>
                  <strong>{countText(count)}</strong> {what}
                </li>
              ))}
            </ul>
            <WhatChanges of={trial} />
          </>
        )}
      </Answered>
      <Failure of={act} />
      <div class="actions">
        <button
          type="button"
          class="danger"
          disabled={act.isBusy || answer.value === null || answer.failure !== null}
          onClick={undo}
        >
          {act.isBusy ? 'Undoing …' : 'Undo it'}
        </button>
        <button type="button" disabled={act.isBusy} onClick={closeDialog}>
          Keep it
        </button>
      </div>
    </Dialog>
  )
}

function outcomesOf(trial: Schema<'UndoDryRun'>): (readonly [number, string])[] {
  return [
    [trial.removed, `usage ${nounOf(trial.removed, 'event')} would go`],
    [trial.restored, 'would count with another version'],
    [trial.kept, 'would stay, because another delivery has them too'],
    [
      trial.quarantine_entries,
      `quarantined ${nounOf(trial.quarantine_entries, 'record')} would go`,
    ],
  ]
}
