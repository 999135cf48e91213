/** The records of a delivery that could not be counted, each as delivered and with the reason. */
import { useSignal } from '@preact/signals'
import { answerOf, type Schema, server } from '../api/server.ts'
import { failureText } from '../failure.ts'
import { tableOf } from '../format/csv.ts'
import { countText } from '../format/quantity.ts'
import { askAgain, useAnswer } from '../state/answer.ts'
import { session } from '../state/session.ts'
import { type Decision, DecisionDialog } from './decision.tsx'
import { Export } from './export.tsx'
import { Answered, Panel } from './panel.tsx'

const SHOWN_MAX = 200

const ENTRY_COLUMNS = ['line', 'reason', 'field', 'detail', 'raw', 'date_seen'] as const

type Entry = Schema<'QuarantineEntry'>

/** All quarantined records of one cause, or the one on a given line. */
interface Discarded {
  readonly cause: string
  readonly line: number | null
}

interface ImportPath {
  readonly id: string
}

/** Counts what can be counted now, and returns the result in words. */
async function recycle(path: ImportPath): Promise<string> {
  const { recycled } = await answerOf(
    server.POST('/v1/Imports/{id}/Quarantine/Recycle', { params: { path } }),
  )
  const { records, accepted, quarantined } = recycled
  return `Tried ${countText(records)}: ${countText(accepted)} counted, ${countText(quarantined)} still in quarantine.`
}

async function discard(
  path: ImportPath,
  { cause, line }: Discarded,
  decision: Decision,
): Promise<string> {
  const body = { ...decision, ...(line === null ? { Cause: cause } : { Line: String(line) }) }
  const { discarded } = await answerOf(
    server.POST('/v1/Imports/{id}/Quarantine/Discard', { params: { path }, body }),
  )
  return `${countText(discarded)} discarded.`
}

export function Quarantine({ of }: { readonly of: Schema<'Import'> }) {
  const said = useSignal<string | null>(null)
  const isBusy = useSignal(false)
  const discarding = useSignal<Discarded | null>(null)
  const path: ImportPath = { id: of.import }
  const answer = useAnswer(`quarantine ${of.import}`, (signal) => {
    const params = { path, query: { PageSize: String(SHOWN_MAX) } }
    return answerOf(server.GET('/v1/Imports/{id}/Quarantine', { params, signal }))
  })

  async function onRecycle(): Promise<void> {
    isBusy.value = true
    said.value = null
    try {
      said.value = await recycle(path)
      askAgain()
    } catch (error) {
      said.value = failureText(error)
    } finally {
      isBusy.value = false
    }
  }

  async function onDiscard(of: Discarded, decision: Decision): Promise<void> {
    said.value = await discard(path, of, decision)
    askAgain()
  }

  const hasSome = (answer.value?.quarantine.length ?? 0) > 0
  return (
    <Panel
      size="wide"
      title="Quarantine"
      aside={
        hasSome && (
          <div class="choices">
            {session.value?.scope === 'admin' && (
              <button
                type="button"
                disabled={isBusy}
                onClick={onRecycle}
                title="Counts those that can be counted now"
              >
                Recycle
              </button>
            )}
            <Export
              title="Quarantine"
              of={answer}
              table={({ quarantine }) => tableOf(quarantine, ENTRY_COLUMNS)}
              shown={({ quarantine: { length }, meta }) =>
                meta.next_page_url === null ? null : length
              }
            />
          </div>
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
        empty="Nothing is in quarantine: every record was counted, or was already stored."
      >
        {({ quarantine, meta }) => (
          <>
            {byReason(quarantine).map(([reason, entries]) => (
              <Reason
                key={reason}
                reason={reason}
                entries={entries}
                onDiscard={(line) => {
                  discarding.value = { cause: reason, line }
                }}
              />
            ))}
            {meta.next_page_url !== null && (
              <p class="muted small">The first {SHOWN_MAX}. The API lists all of them.</p>
            )}
          </>
        )}
      </Answered>
      {discarding.value !== null && (
        <DiscardDialog
          of={discarding.value}
          onDiscard={onDiscard}
          onClose={() => {
            discarding.value = null
          }}
        />
      )}
    </Panel>
  )
}

function byReason(entries: readonly Entry[]): [string, Entry[]][] {
  return [...Map.groupBy(entries, ({ reason }) => reason)]
}

function DiscardDialog({
  of,
  onDiscard,
  onClose,
}: {
  readonly of: Discarded
  readonly onDiscard: (of: Discarded, decision: Decision) => Promise<void>
  readonly onClose: () => void
}) {
  const what = of.line === null ? `All records in quarantine as ${words(of.cause)}` : 'This record'
  return (
    <DecisionDialog
      title={of.line === null ? `Discard ${words(of.cause)}` : `Discard line ${of.line}`}
      action="Discard for good"
      onClose={onClose}
      onDecide={(decision) => onDiscard(of, decision)}
    >
      <p>
        {what} will be deleted, and will not count unless delivered again. The log keeps who says
        so, and why, but not the records.
      </p>
    </DecisionDialog>
  )
}

function words(reason: string): string {
  return reason.replaceAll('_', ' ')
}

function Reason({
  reason,
  entries,
  onDiscard,
}: {
  readonly reason: string
  readonly entries: readonly Entry[]
  /** Null for all records with this reason. */
  readonly onDiscard: (line: number | null) => void
}) {
  const mayDiscard = session.value?.scope === 'admin'
  return (
    <details class="reason" open>
      <summary>
        {words(reason)} <span class="muted">{countText(entries.length)}</span>
      </summary>
      {mayDiscard && (
        <div class="actions">
          <button type="button" onClick={() => onDiscard(null)}>
            Discard all {words(reason)} …
          </button>
        </div>
      )}
      <ul>
        {entries.map((entry) => (
          <li key={`${entry.line} ${entry.raw}`}>
            <div class="line">
              <p>
                <strong>Line {countText(entry.line)}</strong> {entry.detail}
              </p>
              {mayDiscard && (
                <button
                  type="button"
                  aria-label={`Discard line ${entry.line}`}
                  onClick={() => onDiscard(entry.line)}
                >
                  Discard …
                </button>
              )}
            </div>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys */}
            <pre tabIndex={0}>{entry.raw}</pre>
          </li>
        ))}
      </ul>
    </details>
  )
}
