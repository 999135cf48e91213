/** One delivery: what became of its records, those that wait in quarantine, and taking it back. */
import { useSignal } from '@preact/signals'
import { answerOf, type Schema, server } from '../api/server.ts'
import { failureText } from '../failure.ts'
import { countText } from '../format/quantity.ts'
import { instantOf, momentText } from '../format/time.ts'
import { Answered, Panel } from '../parts/panel.tsx'
import { Quarantine } from '../parts/quarantine.tsx'
import { askAgain, useAnswer } from '../state/answer.ts'
import { view } from '../state/navigation.ts'
import { session } from '../state/session.ts'

export function ImportPage() {
  const id = view.value.subject ?? ''
  const answer = useAnswer(`import ${id}`, (signal) =>
    answerOf(server.GET('/v1/Imports/{id}', { params: { path: { id } }, signal })),
  )
  return (
    <Answered answer={answer} lines={12}>
      {(found) => (
        <div class="page">
          <div class="title">
            <h1>{found.source === 'http' ? `Delivery to ${found.feed}` : found.source}</h1>
            <span class={`status ${found.status}`}>{found.status}</span>
          </div>
          <Panel size="wide" title="What became of it">
            <Counts of={found} />
          </Panel>
          <Quarantine of={found} />
          {session.value?.scope === 'admin' && found.status !== 'running' && (
            <Undo of={found} key={found.status} />
          )}
        </div>
      )}
    </Answered>
  )
}

function Counts({ of }: { readonly of: Schema<'Import'> }) {
  const facts = [
    ['Import', of.import],
    ['Feed', of.feed],
    ['Begun (UTC)', momentText(instantOf(of.date_started))],
    ['Records', countText(of.records)],
    ['Counted', countText(of.accepted)],
    ['Duplicates', countText(of.duplicate)],
    ['Replaced', countText(of.replaced)],
    ['Quarantined', countText(of.quarantined)],
    ['Expired', countText(of.expired)],
    ...(of.error === null ? [] : [['Error', of.error]]),
    ...(of.date_undone === null ? [] : [['Undone (UTC)', momentText(instantOf(of.date_undone))]]),
  ] as const
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

function Undo({ of }: { readonly of: Schema<'Import'> }) {
  const isAsking = useSignal(false)
  const isBusy = useSignal(false)
  const failure = useSignal<string | null>(null)

  async function undo(): Promise<void> {
    isBusy.value = true
    failure.value = null
    try {
      const path = { id: of.import }
      await answerOf(server.POST('/v1/Imports/{id}/Undo', { params: { path } }))
      askAgain()
    } catch (error) {
      failure.value = failureText(error)
    } finally {
      isBusy.value = false
      isAsking.value = false
    }
  }

  if (of.status === 'undone') return null
  return (
    <Panel size="wide" title="Take it back">
      <p>
        Usage becomes what it would be if this delivery had never come: what only it brought goes,
        versions that it replaced count again, and its records leave quarantine. It stays in the
        list as undone.
      </p>
      <div class="actions">
        {isAsking.value ? (
          <>
            <button type="button" class="danger" disabled={isBusy} onClick={undo}>
              {isBusy.value ? 'Undoing …' : `Undo ${countText(of.records)} records`}
            </button>
            <button
              type="button"
              disabled={isBusy}
              onClick={() => {
                isAsking.value = false
              }}
            >
              Keep it
            </button>
          </>
        ) : (
          <button
            type="button"
            onClick={() => {
              isAsking.value = true
            }}
          >
            Undo …
          </button>
        )}
      </div>
      <p class="failure" role="alert">
        {failure}
      </p>
    </Panel>
  )
}
