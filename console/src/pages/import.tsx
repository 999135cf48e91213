/** One delivery: what became of its records, which of them are in quarantine, and its undo. */

import { answerOf, type Schema, server } from '../api/server.ts'
import { tableOf } from '../format/csv.ts'
import { countText } from '../format/quantity.ts'
import { instantOf, momentText } from '../format/time.ts'
import { Export } from '../parts/export.tsx'
import { Answered, Panel } from '../parts/panel.tsx'
import { Quarantine } from '../parts/quarantine.tsx'
import { useTitle } from '../parts/title.ts'
import { Undo } from '../parts/undo.tsx'
import { useAnswer } from '../state/answer.ts'
import { view } from '../state/navigation.ts'
import { session } from '../state/session.ts'
import { IMPORT_COLUMNS } from './feeds.tsx'

export function ImportPage() {
  const id = view.value.subject ?? ''
  const answer = useAnswer(`import ${id}`, (signal) =>
    answerOf(server.GET('/v1/Imports/{id}', { params: { path: { id } }, signal })),
  )
  useTitle(answer.value === null ? 'Delivery' : deliveryName(answer.value))
  return (
    <Answered answer={answer} lines={12}>
      {(found) => (
        <div class="page">
          <div class="title">
            <h1>{deliveryName(found)}</h1>
            <span class={`status ${found.status}`}>{found.status}</span>
          </div>
          <Panel
            size="wide"
            title="What became of it"
            aside={
              <Export
                title="Delivery"
                of={answer}
                table={(row) => tableOf([row], IMPORT_COLUMNS)}
              />
            }
          >
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

function deliveryName({ source, feed }: Schema<'Import'>): string {
  return source === 'http' ? `Delivery to ${feed}` : source
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
