/** Missing deliveries of numbered feeds, and accepting that they will not come. */
import { useSignal } from '@preact/signals'
import { answerOf, rowsOf, type Schema, server } from '../api/server.ts'
import type { CsvTable } from '../format/csv.ts'
import { instantOf, momentText } from '../format/time.ts'
import { Scrolling } from '../scrolling.tsx'
import { askAgain, useAnswer } from '../state/answer.ts'
import { session } from '../state/session.ts'
import { DecisionDialog } from './decision.tsx'
import { Export } from './export.tsx'
import { Answered, Panel } from './panel.tsx'

type Gap = Schema<'Gap'>

const SHOWN_MAX = 200

/** Draws nothing if nothing is missing. */
export function Gaps({ feeds }: { readonly feeds: readonly Schema<'Feed'>[] }) {
  const accepting = useSignal<Gap | null>(null)
  const names = feeds.map(({ name }) => name)
  const answer = useAnswer(`gaps ${names.join(' ')}`, async () => {
    const found: Gap[] = []
    for (const name of names) {
      const gaps = rowsOf(server, '/v1/Feeds/{name}/Gaps', {
        path: { name },
        query: { PageSize: String(SHOWN_MAX) },
      })
      for await (const gap of gaps) {
        found.push(gap)
        if (found.length >= SHOWN_MAX) return found
      }
    }
    return found
  })
  if (answer.value?.length === 0) return null
  return (
    <Panel
      size="wide"
      title="Missing deliveries"
      aside={
        <Export
          title="Missing deliveries"
          of={answer}
          table={gapsTable}
          shown={({ length }) => (length >= SHOWN_MAX ? length : null)}
        />
      }
    >
      <Answered answer={answer} lines={2}>
        {(gaps) => (
          <>
            <GapTable
              gaps={gaps}
              onAccept={(gap) => {
                accepting.value = gap
              }}
            />
            {gaps.length >= SHOWN_MAX && (
              <p class="muted small">The first {SHOWN_MAX}. The API lists all of them.</p>
            )}
          </>
        )}
      </Answered>
      {accepting.value !== null && (
        <AcceptDialog
          gap={accepting.value}
          onClose={() => {
            accepting.value = null
          }}
        />
      )}
    </Panel>
  )
}

function gapsTable(gaps: readonly Gap[]): CsvTable {
  return {
    columns: [
      ...['feed', 'stream', 'from', 'to', 'count', 'status', 'date_opened'],
      ...['accepted_by', 'accepted_reason', 'accepted_date'],
    ],
    rows: gaps.map(({ accepted, ...gap }) => [
      ...[gap.feed, gap.stream, gap.from, gap.to, gap.count, gap.status, gap.date_opened],
      ...[accepted?.by ?? null, accepted?.reason ?? null, accepted?.date ?? null],
    ]),
  }
}

function GapTable({
  gaps,
  onAccept,
}: {
  readonly gaps: readonly Gap[]
  readonly onAccept: (gap: Gap) => void
}) {
  const mayAccept = session.value?.scope === 'admin'
  return (
    <Scrolling label="Missing deliveries, as a table">
      <table class="words">
        <thead>
          <tr>
            <th scope="col">Feed</th>
            <th scope="col">Stream</th>
            <th scope="col">Missing</th>
            <th scope="col">Since (UTC)</th>
            <th scope="col">Accepted</th>
          </tr>
        </thead>
        <tbody>
          {gaps.map((gap) => (
            <tr key={`${gap.feed} ${gap.stream} ${gap.from}`}>
              <th scope="row">{gap.feed}</th>
              <td>{gap.stream}</td>
              <td>{numbersText(gap)}</td>
              <td>{momentText(instantOf(gap.date_opened))}</td>
              <td>
                {gap.accepted !== null ? (
                  `${gap.accepted.by}: ${gap.accepted.reason}`
                ) : mayAccept ? (
                  <button
                    type="button"
                    aria-label={`Accept that ${gap.feed} ${numbersText(gap)} will not come`}
                    onClick={() => onAccept(gap)}
                  >
                    Accept …
                  </button>
                ) : (
                  'no'
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolling>
  )
}

function AcceptDialog({ gap, onClose }: { readonly gap: Gap; readonly onClose: () => void }) {
  return (
    <DecisionDialog
      title="Accept a gap"
      action="Accept it"
      onClose={onClose}
      onDecide={async (decision) => {
        const params = { path: { name: gap.feed } }
        const { stream: Stream, from, to } = gap
        const body = { Stream, From: String(from), To: String(to), ...decision }
        await answerOf(server.POST('/v1/Feeds/{name}/Gaps/Accept', { params, body }))
        askAgain()
      }}
    >
      <p>
        The missing {numbersText(gap)} of {gap.feed} will then no longer hold back how far the feed
        is complete. If it comes after all, it is counted. The log keeps who says so, and why.
      </p>
    </DecisionDialog>
  )
}

function numbersText({ from, to }: Pick<Gap, 'from' | 'to'>): string {
  return from === to ? String(from) : `${from} to ${to}`
}
