/** What a whole fleet used: when, where, on what and by which SIMs. A click on anything filters everything. */
import type { UsageRow } from '../api/amounts.ts'
import { askUsage, type UsageQuestion, usageQuery } from '../api/usage.ts'
import { API_ROOT } from '../base.ts'
import { bucketsOf, heatOf } from '../charts/buckets.ts'
import { HeatMap } from '../charts/heat-map.tsx'
import { type Share, Shares } from '../charts/shares.tsx'
import { WorldMap } from '../charts/world-map.tsx'
import { countryName } from '../format/country.ts'
import { DAY_SECONDS } from '../format/time.ts'
import { Chips } from '../parts/chips.tsx'
import { amountOf, amountText, exactText, OverTime } from '../parts/over-time.tsx'
import { Answered, Panel } from '../parts/panel.tsx'
import { zoom } from '../parts/range-picker.tsx'
import { SilentSims } from '../parts/silent-sims.tsx'
import { TopSims } from '../parts/top-sims.tsx'
import { accountSid, accounts, isAccountKnown } from '../state/accounts.ts'
import { type Answer, useAnswer } from '../state/answer.ts'
import { go, hrefOf, view } from '../state/navigation.ts'
import { HOURLY_DAYS_MAX, type Period } from '../state/period.ts'
import { type Filter, withFilter } from '../state/view.ts'

export function FleetPage() {
  const question = { account: accountSid.value, filters: view.value.filters }
  if (accounts.value?.length === 0) return <NoAccounts />
  return (
    <div class="page fleet">
      <div class="title">
        <h1>Fleet</h1>
        <Chips />
        <ExportLink />
      </div>
      <OverTime question={question} pickName="show it alone" onPick={zoom} />
      <Countries />
      <ByMember title="Networks" groupBy="network,country" filter="network" />
      <TopSims />
      <SilentSims />
      <ByMember title="Groups" groupBy="group" filter="group" />
      <Labels />
      <HoursOfTheWeek />
    </div>
  )
}

function NoAccounts() {
  return (
    <div class="card failed">
      <h1>No accounts yet</h1>
      <p>
        Make the first one on the server’s machine with <code>simtally account create</code>, or try
        the console with <code>simtally demo</code>.
      </p>
    </div>
  )
}

/** Exactly what is seen: the same question, as CSV, streamed by the server. */
function ExportLink() {
  const { period, filters, granularity } = view.value
  const question = { account: accountSid.value, period, filters, groupBy: 'sim,zone,country' }
  const query = usageQuery({ ...question, ...(granularity === 'daily' && { granularity }) })
  const params = new URLSearchParams({ ...query, Format: 'csv' })
  return (
    <a class="toggle export" href={`${API_ROOT}v1/Usage?${params}`} download="usage.csv">
      Export CSV
    </a>
  )
}

/** Usage of the view's period and filters, by one member; what is chosen of it stays beside the others. */
export function useMembers(groupBy: string | null, filter: Filter): Answer<readonly UsageRow[]> {
  const { period, filters, metric } = view.value
  const { [filter]: _, ...others } = filters
  const question: UsageQuestion = {
    ...{ account: accountSid.value, period, filters: others },
    order: metric === 'data' ? '-data' : '-commands',
    limit: MEMBERS_MAX,
    ...(groupBy !== null && { groupBy }),
  }
  const key = JSON.stringify([
    question.filters,
    period.start,
    period.end,
    groupBy,
    metric,
    accountSid.value,
  ])
  return useAnswer(isAccountKnown.value && groupBy !== null ? key : null, async (signal) => {
    const { rows } = await askUsage(question, signal)
    return rows
  })
}

/** More than a list shows at a time are a question for the export. */
const MEMBERS_MAX = 300

function Countries() {
  const answer = useMembers('country', 'country')
  const chosen = view.value.filters.country ?? null
  const href = (code: string) =>
    hrefOf(withFilter(view.value, 'country', code === chosen ? null : code))
  return (
    <Panel size="wide" title="Countries">
      <Answered answer={answer} lines={9}>
        {(rows) => {
          const places = rows
            .filter((row) => amountOf(row) > 0n && row.member.country_code !== null)
            .map((row) => {
              const code = row.member.country_code!
              const amount = amountOf(row)
              return { code, amount, text: `${countryName(code)}: ${amountText(amount)}` }
            })
          return (
            <div class="countries">
              <WorldMap places={places} chosen={chosen} onPick={(code) => go(href(code))} />
              <MemberShares
                label="Countries"
                shares={places.map(({ code, amount }) => ({
                  ...{ key: code, name: countryName(code), detail: code, amount },
                  ...{ href: href(code), isChosen: code === chosen },
                }))}
              />
            </div>
          )
        }}
      </Answered>
    </Panel>
  )
}

function MemberShares({ label, shares }: { label: string; shares: readonly Share[] }) {
  if (shares.length === 0) return <p class="empty">Nothing was used in this period.</p>
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys
    <section class="scrolling" tabIndex={0} aria-label={`${label}, by how much`}>
      <Shares label={label} shares={shares} amountText={amountText} exactText={exactText} />
    </section>
  )
}

function ByMember({
  title,
  groupBy,
  filter,
}: {
  readonly title: string
  readonly groupBy: string
  readonly filter: 'network' | 'group'
}) {
  const answer = useMembers(groupBy, filter)
  return (
    <Panel size={filter === 'network' ? 'third' : 'half'} title={title}>
      <Answered answer={answer}>
        {(rows) => (
          <MemberShares
            label={title}
            shares={rows.map((row) => shareOf(row, filter, row.member[filter]))}
          />
        )}
      </Answered>
    </Panel>
  )
}

function shareOf(
  row: UsageRow,
  filter: 'network' | 'group' | 'label',
  value: string | null,
): Share {
  const code = row.member.country_code
  const wanted = filter === 'label' ? `${view.value.labelKey}=${value}` : value
  const isChosen = wanted !== null && view.value.filters[filter] === wanted
  return {
    key: `${value} ${code}`,
    name:
      value ??
      (filter === 'group' ? 'In no group' : filter === 'label' ? 'Without it' : 'Not known'),
    ...(code !== null && { detail: countryName(code) }),
    amount: amountOf(row),
    isChosen,
    href: value === null ? null : hrefOf(withFilter(view.value, filter, isChosen ? null : wanted)),
  }
}

function Labels() {
  const { labelKey } = view.value
  const answer = useMembers(labelKey === null ? null : `label:${labelKey}`, 'label')
  return (
    <Panel
      title="Labels"
      aside={
        <form
          onSubmit={(event) => {
            event.preventDefault()
            const key = String(
              new FormData(event.currentTarget as HTMLFormElement).get('key'),
            ).trim()
            go(hrefOf({ labelKey: key === '' ? null : key }))
          }}
        >
          <input
            name="key"
            class="short"
            aria-label="Key of the label"
            placeholder="customer"
            pattern="[A-Za-z0-9][A-Za-z0-9_.\-]*"
            title="Letters, digits, _ . -"
            defaultValue={labelKey ?? ''}
            key={labelKey}
          />
        </form>
      }
    >
      {labelKey === null ? (
        <p class="empty">
          Type the key of a label, such as <code>customer</code>, to see usage by its values.
        </p>
      ) : (
        <Answered answer={answer}>
          {(rows) => (
            <MemberShares
              label={`Label ${labelKey}`}
              shares={rows.map((row) => shareOf(row, 'label', row.member.label))}
            />
          )}
        </Answered>
      )}
    </Panel>
  )
}

/** Of the last 31 days of a longer period: hours are asked for no further. */
function HoursOfTheWeek() {
  const { period, filters } = view.value
  const start = Math.max(period.start, period.end - HOURLY_DAYS_MAX * DAY_SECONDS)
  const hours: Period = { preset: null, start, end: period.end }
  const account = accountSid.value
  const key = JSON.stringify([account, filters, hours])
  const answer = useAnswer(isAccountKnown.value ? key : null, (signal) =>
    askUsage({ account, period: hours, filters, granularity: 'hourly' }, signal),
  )
  const isCut = start > period.start
  return (
    <Panel
      size="wide"
      title="Hours of the week"
      aside={<span class="muted small">UTC{isCut ? `, last ${HOURLY_DAYS_MAX} days` : ''}</span>}
    >
      <Answered answer={answer} lines={8}>
        {({ rows }) => {
          const layers = [{ key: 'all', name: 'All' }]
          const options = {
            period: hours,
            granularity: 'hourly',
            layers,
            amount: amountOf,
          } as const
          return <HeatMap heat={heatOf(bucketsOf(rows, options))} amountText={amountText} />
        }}
      </Answered>
    </Panel>
  )
}
