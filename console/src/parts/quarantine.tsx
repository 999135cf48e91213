/** The records of a delivery that could not be counted, each as it came and with the reason. */
import { useSignal } from '@preact/signals'
import { answerOf, type Schema, server } from '../api/server.ts'
import { failureText } from '../failure.ts'
import { countText } from '../format/quantity.ts'
import { askAgain, useAnswer } from '../state/answer.ts'
import { session } from '../state/session.ts'
import { Answered, Panel } from './panel.tsx'

const SHOWN_MAX = 200

type Entry = Schema<'QuarantineEntry'>

export function Quarantine({ of }: { readonly of: Schema<'Import'> }) {
  const said = useSignal<string | null>(null)
  const isBusy = useSignal(false)
  const path = { id: of.import }
  const answer = useAnswer(`quarantine ${of.import}`, (signal) => {
    const params = { path, query: { PageSize: String(SHOWN_MAX) } }
    return answerOf(server.GET('/v1/Imports/{id}/Quarantine', { params, signal }))
  })

  async function recycle(): Promise<void> {
    isBusy.value = true
    said.value = null
    try {
      const { recycled } = await answerOf(
        server.POST('/v1/Imports/{id}/Quarantine/Recycle', { params: { path } }),
      )
      const { records, accepted, quarantined } = recycled
      said.value = `Tried ${countText(records)}: ${countText(accepted)} counted, ${countText(quarantined)} still wait.`
      askAgain()
    } catch (error) {
      said.value = failureText(error)
    } finally {
      isBusy.value = false
    }
  }

  const hasSome = (answer.value?.quarantine.length ?? 0) > 0
  return (
    <Panel
      size="wide"
      title="Quarantine"
      aside={
        session.value?.scope === 'admin' &&
        hasSome && (
          <button
            type="button"
            disabled={isBusy}
            onClick={recycle}
            title="Counts those that can be counted now"
          >
            Recycle
          </button>
        )
      }
    >
      <p class="small" role="status">
        {said}
      </p>
      <Answered
        answer={answer}
        lines={4}
        isEmpty={({ quarantine }) => quarantine.length === 0}
        empty="Nothing waits: every record was counted, or met one that was."
      >
        {({ quarantine, meta }) => (
          <>
            {byReason(quarantine).map(([reason, entries]) => (
              <Reason key={reason} reason={reason} entries={entries} />
            ))}
            {meta.next_page_url !== null && (
              <p class="muted small">The first {SHOWN_MAX}. The API lists all of them.</p>
            )}
          </>
        )}
      </Answered>
    </Panel>
  )
}

function byReason(entries: readonly Entry[]): [string, Entry[]][] {
  return [...Map.groupBy(entries, ({ reason }) => reason)]
}

function Reason({ reason, entries }: { reason: string; entries: readonly Entry[] }) {
  return (
    <details class="reason" open>
      <summary>
        {reason.replaceAll('_', ' ')} <span class="muted">{countText(entries.length)}</span>
      </summary>
      <ul>
        {entries.map((entry) => (
          <li key={`${entry.line} ${entry.raw}`}>
            <p>
              <strong>Line {countText(entry.line)}</strong> {entry.detail}
            </p>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys */}
            <pre tabIndex={0}>{entry.raw}</pre>
          </li>
        ))}
      </ul>
    </details>
  )
}
