/** How usage comes in: feeds, how far they are complete, and deliveries with the fate of their records. */

import { answerOf, type Schema, server } from '../api/server.ts'
import { tableOf } from '../format/csv.ts'
import { countText } from '../format/quantity.ts'
import { instantOf, momentText } from '../format/time.ts'
import { Chips } from '../parts/chips.tsx'
import { Deliver } from '../parts/deliver.tsx'
import { Export } from '../parts/export.tsx'
import { Gaps } from '../parts/gaps.tsx'
import { Answered, Panel } from '../parts/panel.tsx'
import { useTitle } from '../parts/title.ts'
import { Scrolling } from '../scrolling.tsx'
import { isOperator } from '../state/accounts.ts'
import { type Answer, useAnswer } from '../state/answer.ts'
import { hrefOf, view } from '../state/navigation.ts'
import { session } from '../state/session.ts'
import { withFilter } from '../state/view.ts'

export function FeedsPage() {
  useTitle('Feeds')
  const answer = useAnswer(isOperator.value ? 'feeds' : null, (signal) =>
    answerOf(server.GET('/v1/Feeds', { params: { query: { PageSize: '1000' } }, signal })),
  )
  const feeds = answer.value?.feeds ?? []
  const numbered = feeds.filter((feed) => feed.open_gaps > 0 || feed.sequence_pattern !== null)
  const mayDeliver = session.value?.scope !== 'read'
  return (
    <div class="page">
      <div class="title">
        <h1>Feeds</h1>
        <Chips />
      </div>
      {isOperator.value && <Feeds answer={answer} />}
      {numbered.length > 0 && <Gaps feeds={numbered} />}
      {/* Text typed there must survive the moment when the feeds become known. */}
      {mayDeliver && (!isOperator.value || !answer.isLoading || answer.value !== null) && (
        <Deliver feeds={feeds.map(({ name }) => name)} />
      )}
      <Imports />
    </div>
  )
}

type FeedsAnswer = Answer<{ readonly feeds: readonly Schema<'Feed'>[] }>

function Feeds({ answer }: { readonly answer: FeedsAnswer }) {
  return (
    <Panel
      size="wide"
      title="State of the feeds"
      aside={
        <Export title="Feeds" of={answer} table={(found) => tableOf(found.feeds, FEED_COLUMNS)} />
      }
    >
      <Answered
        answer={answer}
        isEmpty={({ feeds }) => feeds.length === 0}
        empty="No feed yet: create one on the server’s machine with simtally feed create."
      >
        {({ feeds }) => (
          <Scrolling label="Feeds, as a table">
            <table class="words">
              <thead>
                <tr>
                  <th scope="col">Feed</th>
                  <th scope="col">State</th>
                  <th scope="col">Last delivery (UTC)</th>
                  <th scope="col">Complete from</th>
                  <th scope="col">Complete through</th>
                  <th scope="col">Open gaps</th>
                </tr>
              </thead>
              <tbody>
                {feeds.map((feed) => (
                  <FeedRow key={feed.name} feed={feed} />
                ))}
              </tbody>
            </table>
          </Scrolling>
        )}
      </Answered>
    </Panel>
  )
}

const FEED_COLUMNS = [
  ...(['name', 'format', 'state', 'date_last_delivery'] as const),
  ...(['complete_from', 'complete_through', 'open_gaps'] as const),
]

function FeedRow({ feed }: { readonly feed: Schema<'Feed'> }) {
  return (
    <tr>
      <th scope="row">
        <a href={hrefOf(withFilter(view.value, 'feed', feed.name))}>{feed.name}</a>{' '}
        <span class="muted small">{feed.format}</span>
      </th>
      <td>
        <span class={`status ${feed.state}`}>{feed.state}</span>
      </td>
      <td>{moment(feed.date_last_delivery)}</td>
      <td>{moment(feed.complete_from)}</td>
      <td>{moment(feed.complete_through)}</td>
      <td>{countText(feed.open_gaps)}</td>
    </tr>
  )
}

function moment(iso: string | null): string {
  return iso === null ? 'not known' : momentText(instantOf(iso))
}

const PAGE_SIZE = '50'

export const IMPORT_COLUMNS = [
  ...(['import', 'feed', 'source', 'status', 'date_started', 'date_finished'] as const),
  ...(['records', 'accepted', 'duplicate', 'replaced', 'quarantined', 'expired'] as const),
]

function Imports() {
  const { feed } = view.value.filters
  const answer = useAnswer(`imports ${feed}`, (signal) => {
    const query = { PageSize: PAGE_SIZE, ...(feed !== undefined && { Feed: feed }) }
    return answerOf(server.GET('/v1/Imports', { params: { query }, signal }))
  })
  return (
    <Panel
      size="wide"
      title="Deliveries"
      aside={
        <Export
          title="Deliveries"
          of={answer}
          table={({ imports }) => tableOf(imports, IMPORT_COLUMNS)}
          shown={({ imports: { length }, meta }) => (meta.next_page_url === null ? null : length)}
        />
      }
    >
      <Answered
        answer={answer}
        isEmpty={({ imports }) => imports.length === 0}
        empty="Nothing has been delivered yet. Drop a file above, or see simtally import."
      >
        {({ imports, meta }) => (
          <>
            <Scrolling kind="tall" label="Deliveries, as a table">
              <table class="imports">
                <thead>
                  <tr>
                    <th scope="col">Begun (UTC)</th>
                    <th scope="col">Feed</th>
                    <th scope="col">File</th>
                    <th scope="col">Status</th>
                    <th scope="col">Records</th>
                    <th scope="col">Counted</th>
                    <th scope="col">Duplicates</th>
                    <th scope="col">Replaced</th>
                    <th scope="col">Quarantined</th>
                  </tr>
                </thead>
                <tbody>
                  {imports.map((row) => (
                    <tr key={row.import}>
                      <th scope="row">
                        <a href={hrefOf({ page: 'import', subject: row.import })}>
                          {momentText(instantOf(row.date_started))}
                        </a>
                      </th>
                      <td>{row.feed}</td>
                      <td>
                        <code>{row.source}</code>
                      </td>
                      <td>
                        <span class={`status ${row.status}`}>{row.status}</span>
                      </td>
                      <td>{countText(row.records)}</td>
                      <td>{countText(row.accepted)}</td>
                      <td>{countText(row.duplicate)}</td>
                      <td>{countText(row.replaced)}</td>
                      <td>{countText(row.quarantined)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </Scrolling>
            {meta.next_page_url !== null && (
              <p class="muted small">The newest {PAGE_SIZE}. Older ones are in the API’s list.</p>
            )}
          </>
        )}
      </Answered>
    </Panel>
  )
}
