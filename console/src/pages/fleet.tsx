/**
 * What a whole fleet used: when, where, on what and by which SIMs. A click on anything filters everything.
 */

import type { UsageRow } from '../api/amounts.ts'
import { askUsage, type UsageQuestion, usageCsvHref } from '../api/usage.ts'
import { bucketsOf, heatOf } from '../charts/buckets.ts'
import { HeatMap } from '../charts/heat-map.tsx'
import { type Share, Shares } from '../charts/shares.tsx'
import { WorldMap } from '../charts/world-map.tsx'
import { countryName, NO_COUNTRY } from '../format/country.ts'
import { DAY_SECONDS } from '../format/time.ts'
import { Chips } from '../parts/chips.tsx'
import { Export, ExportLink } from '../parts/export.tsx'
import { heatTable, membersTable } from '../parts/export-tables.ts'
import { useLabelKeys } from '../parts/label-keys.ts'
import { amountOf, amountText, exactText, OverTime } from '../parts/over-time.tsx'
import { Answered, Panel } from '../parts/panel.tsx'
import { zoom } from '../parts/range-picker.tsx'
import { SilentSims } from '../parts/silent-sims.tsx'
import { useTitle } from '../parts/title.ts'
import { TopSims } from '../parts/top-sims.tsx'
import { Scrolling } from '../scrolling.tsx'
import { accountSid, accounts, isAccountKnown } from '../state/accounts.ts'
import { type Answer, useAnswer } from '../state/answer.ts'
import { go, hrefOf, show, view } from '../state/navigation.ts'
import { HOURLY_DAYS_MAX, type Period } from '../state/period.ts'
import { type Filter, withFilter } from '../state/view.ts'

export function FleetPage() {
  useTitle('Fleet')
  const question = { account: accountSid.value, filters: view.value.filters }
  if (accounts.value?.length === 0) return <NoAccounts />
  return (
    <div class="page fleet">
      <div class="title">
        <h1>Fleet</h1>
        <Chips />
        <FleetExport />
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
        Make the first one under <a href={hrefOf({ page: 'manage' })}>Manage</a>, or on the server’s
        machine with <code>simtally account create</code>. <code>simtally demo</code> has one to try
        the console with.
      </p>
    </div>
  )
}

/** What each SIM used in each place, under the view's filters. */
function FleetExport() {
  const { period, filters, granularity } = view.value
  const question = { account: accountSid.value, period, filters, groupBy: 'sim,zone,country' }
  const href = usageCsvHref({ ...question, ...(granularity === 'daily' && { granularity }) })
  const title = 'SIMs by zone and country'
  return <ExportLink title={title} text={title} href={href} />
}

/**
 * The view's period and filters, grouped by one dimension. Its own filter is left out, so that the chosen
 * member stays beside the others.
 */
function memberQuestion(groupBy: string | null, filter: Filter): UsageQuestion {
  const { period, filters, metric } = view.value
  const { [filter]: _, ...others } = filters
  return {
    ...{ account: accountSid.value, period, filters: others },
    order: metric === 'data' ? '-data' : '-commands',
    ...(groupBy !== null && { groupBy }),
  }
}

function useMembers(groupBy: string | null, filter: Filter): Answer<readonly UsageRow[]> {
  const { period, metric } = view.value
  const question = memberQuestion(groupBy, filter)
  const key = JSON.stringify([
    question.filters,
    period.start,
    period.end,
    groupBy,
    metric,
    accountSid.value,
  ])
  return useAnswer(isAccountKnown.value && groupBy !== null ? key : null, async (signal) => {
    const { rows } = await askUsage({ ...question, limit: MEMBERS_MAX }, signal)
    return rows
  })
}

/** A longer list is for the export, which has all rows. */
const MEMBERS_MAX = 300

function MemberExport({
  title,
  groupBy,
  filter,
  answer,
  rowsOf = (rows) => rows,
}: {
  readonly title: string
  readonly groupBy: string | null
  readonly filter: 'country' | 'network' | 'group' | 'label'
  readonly answer: Answer<readonly UsageRow[]>
  /** The rows to show. */
  readonly rowsOf?: (rows: readonly UsageRow[]) => readonly UsageRow[]
}) {
  if (groupBy === null) return null
  if ((answer.value?.length ?? 0) >= MEMBERS_MAX) {
    return <ExportLink title={title} href={usageCsvHref(memberQuestion(groupBy, filter))} />
  }
  const { period } = view.value
  return (
    <Export
      title={title}
      of={answer}
      table={(rows) => membersTable(rowsOf(rows), MEMBER_COLUMNS[filter], period)}
    />
  )
}

const MEMBER_COLUMNS = {
  country: ['country_code'],
  network: ['network', 'country_code'],
  group: ['group'],
  label: ['label'],
} as const

function Countries() {
  const answer = useMembers('country', 'country')
  const chosen = view.value.filters.country ?? null
  const href = (code: string) =>
    hrefOf(withFilter(view.value, 'country', code === chosen ? null : code))
  return (
    <Panel
      size="wide"
      title="Countries"
      aside={
        <MemberExport
          {...{ title: 'Countries', groupBy: 'country', filter: 'country', answer }}
          rowsOf={usedPlaces}
        />
      }
    >
      <Answered answer={answer} lines={9}>
        {(rows) => {
          const places = usedPlaces(rows).map((row) => {
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
                  ...{ key: code, name: countryName(code), amount },
                  ...(code !== NO_COUNTRY && { detail: code }),
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

function usedPlaces(rows: readonly UsageRow[]): readonly UsageRow[] {
  return rows.filter((row) => amountOf(row) > 0n && row.member.country_code !== null)
}

function MemberShares({ label, shares }: { label: string; shares: readonly Share[] }) {
  if (shares.length === 0) return <p class="empty">Nothing was used in this period.</p>
  return (
    <Scrolling label={`${label}, by how much`}>
      <Shares label={label} shares={shares} amountText={amountText} exactText={exactText} />
      {shares.length >= MEMBERS_MAX && (
        <p class="muted small">The first {MEMBERS_MAX}; the export has all.</p>
      )}
    </Scrolling>
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
    <Panel
      size={filter === 'network' ? 'third' : 'half'}
      title={title}
      aside={<MemberExport {...{ title, groupBy, filter, answer }} />}
    >
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
  const keys = useLabelKeys()
  const groupBy = labelKey === null ? null : `label:${labelKey}`
  const answer = useMembers(groupBy, 'label')
  // A link may name a label key that no SIM has any more.
  const known = [...new Set([...(keys.value ?? []), ...(labelKey === null ? [] : [labelKey])])]
  return (
    <Panel
      title="Labels"
      aside={
        known.length > 0 && (
          <div class="choices">
            <select
              aria-label="Key of the label"
              value={labelKey ?? ''}
              onChange={({ currentTarget: { value } }) =>
                show({ labelKey: value === '' ? null : value })
              }
            >
              <option value="">Choose a label</option>
              {known.map((key) => (
                <option key={key} value={key}>
                  {key}
                </option>
              ))}
            </select>
            <MemberExport {...{ title: `Label ${labelKey}`, groupBy, filter: 'label', answer }} />
          </div>
        )
      }
    >
      {labelKey === null ? (
        <Answered answer={keys}>
          {() => (
            <p class="empty">
              {known.length > 0
                ? 'Choose the key of a label to see usage by its values.'
                : 'No SIM has a label yet, such as customer=acme. Add labels on the page of a SIM, or with a list under Manage.'}
            </p>
          )}
        </Answered>
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

/** For a longer period, its last 31 days: hours are not shown for more. */
function HoursOfTheWeek() {
  const { period, filters, metric } = view.value
  const start = Math.max(period.start, period.end - HOURLY_DAYS_MAX * DAY_SECONDS)
  const hours: Period = { preset: null, start, end: period.end }
  const account = accountSid.value
  const key = JSON.stringify([account, filters, hours])
  const answer = useAnswer(isAccountKnown.value ? key : null, (signal) =>
    askUsage({ account, period: hours, filters, granularity: 'hourly' }, signal),
  )
  const isCut = start > period.start
  const heatOfRows = (rows: readonly UsageRow[]) =>
    heatOf(
      bucketsOf(rows, {
        ...{ period: hours, granularity: 'hourly', layers: [{ key: 'all', name: 'All' }] },
        amount: amountOf,
      }),
    )
  return (
    <Panel
      size="wide"
      title="Hours of the week"
      aside={
        <div class="choices">
          <span class="muted small">UTC{isCut ? `, last ${HOURLY_DAYS_MAX} days` : ''}</span>
          <Export
            title="Hours of the week"
            period={hours}
            of={answer}
            table={({ rows }) => heatTable(heatOfRows(rows), metric)}
          />
        </div>
      }
    >
      <Answered answer={answer} lines={8}>
        {({ rows }) => <HeatMap heat={heatOfRows(rows)} amountText={amountText} />}
      </Answered>
    </Panel>
  )
}
