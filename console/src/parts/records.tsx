/** The records behind a number: file and line, when they came, and their earlier versions. */
import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { answerOf, type Schema, server } from '../api/server.ts'
import { countryName } from '../format/country.ts'
import { bytesText, countText, exactBytesText } from '../format/quantity.ts'
import { DAY_SECONDS, instantOf, isoText, momentText, periodText } from '../format/time.ts'
import { zoneName } from '../format/zone.ts'
import { Scrolling } from '../scrolling.tsx'
import { useAnswer } from '../state/answer.ts'
import { hrefOf, view } from '../state/navigation.ts'
import { bucketSeconds, granularityOf } from '../state/period.ts'
import { byteUnits } from '../state/preferences.ts'
import { Export } from './export.tsx'
import { eventsTable } from './export-tables.ts'
import { chartPixels } from './over-time.tsx'
import { Answered, Panel } from './panel.tsx'
import type { Sim } from './sim-search.tsx'

type Event = Schema<'UsageEvent'>

const PAGE_SIZE = 50
const SHOWN_MAX = 1000

export function Records({ sim }: { readonly sim: Sim }) {
  const { period, at, filters, granularity: wanted } = view.value
  const pages = useSignal(1)
  const step = bucketSeconds(granularityOf(period, { wanted, pixels: chartPixels() }))
  const [start, end] = at === null ? [period.start, period.end] : [at, at + step]
  useEffect(() => {
    pages.value = 1
  }, [start, end])
  const { zone, country, feed } = filters
  const key = JSON.stringify([sim.sid, start, end, zone, country, feed, pages.value])
  const answer = useAnswer(key, async (signal) => {
    const query = {
      ...{ Start: isoText(start), End: isoText(end - 1), PageSize: pages.value * PAGE_SIZE },
      ...(zone !== undefined && { Zone: zone }),
      ...(country !== undefined && { Country: country }),
      ...(feed !== undefined && { Feed: feed }),
    } as object
    const path = { SidOrUniqueName: sim.sid }
    const request = { params: { path, query }, signal }
    return await answerOf(server.GET('/v1/Sims/{SidOrUniqueName}/UsageEvents', request))
  })
  return (
    <Panel
      size="wide"
      title="Records"
      aside={
        <div class="choices">
          <span class="muted small">
            {periodText(start, end)} UTC{' '}
            {at === null ? (
              end - start > DAY_SECONDS && '· choose a bar of the chart for its own'
            ) : (
              <a href={hrefOf({ at: null })}>show all of the period</a>
            )}
          </span>
          <Export
            title="Records"
            period={{ start, end }}
            of={answer}
            table={({ usage_events }) => eventsTable(usage_events)}
            shown={({ usage_events: { length }, meta }) =>
              meta.next_page_url === null ? null : length
            }
          />
        </div>
      }
    >
      <Answered
        answer={answer}
        isEmpty={({ usage_events: events }) => events.length === 0}
        empty="No record says that this SIM used anything in this period."
      >
        {({ usage_events: events, meta }) => (
          <EventTable events={events}>
            {meta.next_page_url !== null && events.length < SHOWN_MAX && (
              <button type="button" onClick={() => pages.value++}>
                Show more
              </button>
            )}
          </EventTable>
        )}
      </Answered>
    </Panel>
  )
}

/** `children` come below the last row, even if the rows scroll. */
function EventTable({
  events,
  children,
}: {
  readonly events: readonly Event[]
  readonly children: ComponentChildren
}) {
  return (
    <Scrolling kind="tall" label="Table of records">
      <table class="records">
        <thead>
          <tr>
            <th scope="col">Used at (UTC)</th>
            <th scope="col">Download</th>
            <th scope="col">Upload</th>
            <th scope="col">Commands</th>
            <th scope="col">Where</th>
            <th scope="col">File and line</th>
            <th scope="col">Known since</th>
          </tr>
        </thead>
        <tbody>
          {events.map((event) => (
            <EventRow key={`${event.feed} ${event.record_id}`} event={event} />
          ))}
        </tbody>
      </table>
      {children}
    </Scrolling>
  )
}

function EventRow({ event }: { readonly event: Event }) {
  const versions = [
    ...event.replaced.map((version) => ({ ...version, what: 'replaced' })),
    ...event.undone.map((version) => ({ ...version, what: 'undone' })),
  ]
  return (
    <>
      <tr class={event.status}>
        <th scope="row" title={`Record ${event.record_id} of feed ${event.feed}`}>
          {momentText(instantOf(event.occurred_at))}
          {event.occurred_at.slice(16, 19)}
          {event.status === 'undone' && <span class="status">undone</span>}
        </th>
        <Counters of={event} />
        <td>
          <code>{event.source}</code>, line {countText(event.line)}
        </td>
        <td>{momentText(instantOf(event.date_known))}</td>
      </tr>
      {versions.map((version) => (
        <tr key={`${version.import} ${version.line} ${version.what}`} class="version">
          <th scope="row">{version.what === 'replaced' ? '↳ said before' : '↳ undone'}</th>
          <Counters of={version} />
          <td>
            <code>{version.source}</code>, line {countText(version.line)}
          </td>
          <td>{momentText(instantOf(version.date_known))}</td>
        </tr>
      ))}
    </>
  )
}

type Counted = Pick<
  Event,
  'upload' | 'download' | 'to_sim' | 'from_sim' | 'zone' | 'country_code' | 'plmn'
>

function Counters({ of }: { readonly of: Counted }) {
  const country = of.country_code === null ? '' : countryName(of.country_code)
  const bytes = (count: number) => (
    <td title={exactBytesText(BigInt(count))}>{bytesText(BigInt(count), byteUnits.value)}</td>
  )
  return (
    <>
      {bytes(of.download)}
      {bytes(of.upload)}
      <td title={`${of.to_sim} to the SIM, ${of.from_sim} from it`}>
        {countText(BigInt(of.to_sim) + BigInt(of.from_sim))}
      </td>
      <td title={zoneName(of.zone)}>
        {country} {of.plmn !== null && <span class="muted">{of.plmn}</span>}
      </td>
    </>
  )
}
