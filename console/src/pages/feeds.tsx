/** How usage comes in: feeds, how far they are complete, and deliveries with what became of their records. */
import { answerOf, type Schema, server } from '../api/server.ts'
import { countText } from '../format/quantity.ts'
import { instantOf, momentText } from '../format/time.ts'
import { Chips } from '../parts/chips.tsx'
import { Deliver } from '../parts/deliver.tsx'
import { Answered, Panel } from '../parts/panel.tsx'
import { isOperator } from '../state/accounts.ts'
import { useAnswer } from '../state/answer.ts'
import { hrefOf, view } from '../state/navigation.ts'
import { session } from '../state/session.ts'
import { withFilter } from '../state/view.ts'

export function FeedsPage() {
  return (
    <div class="page">
      <div class="title">
        <h1>Feeds</h1>
        <Chips />
      </div>
      {isOperator.value && <Feeds />}
      {session.value?.scope !== 'read' && <Deliver />}
      <Imports />
    </div>
  )
}

function Feeds() {
  const answer = useAnswer('feeds', (signal) =>
    answerOf(server.GET('/v1/Feeds', { params: { query: { PageSize: '1000' } }, signal })),
  )
  return (
    <Panel size="wide" title="State of the feeds">
      <Answered
        answer={answer}
        isEmpty={({ feeds }) => feeds.length === 0}
        empty="No feed yet: simtally feed create makes one on the server’s machine."
      >
        {({ feeds }) => (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys
          <section class="scrolling" tabIndex={0} aria-label="Feeds, as a table">
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
          </section>
        )}
      </Answered>
    </Panel>
  )
}

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

function Imports() {
  const { feed } = view.value.filters
  const answer = useAnswer(`imports ${feed}`, (signal) => {
    const query = { PageSize: PAGE_SIZE, ...(feed !== undefined && { Feed: feed }) }
    return answerOf(server.GET('/v1/Imports', { params: { query }, signal }))
  })
  return (
    <Panel size="wide" title="Deliveries">
      <Answered
        answer={answer}
        isEmpty={({ imports }) => imports.length === 0}
        empty="Nothing has been delivered yet. Drop a file above, or see simtally import."
      >
        {({ imports, meta }) => (
          <>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys */}
            <section class="scrolling tall" tabIndex={0} aria-label="Deliveries, as a table">
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
            </section>
            {meta.next_page_url !== null && (
              <p class="muted small">The newest {PAGE_SIZE}. Older ones are in the API’s list.</p>
            )}
          </>
        )}
      </Answered>
    </Panel>
  )
}
