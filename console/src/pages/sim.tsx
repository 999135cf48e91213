/** One SIM: its names, its usage, and the records behind the numbers. */

import { answerOf, server } from '../api/server.ts'
import { dayText, instantOf } from '../format/time.ts'
import { Chips } from '../parts/chips.tsx'
import { OverTime } from '../parts/over-time.tsx'
import { Answered, Panel } from '../parts/panel.tsx'
import { Records } from '../parts/records.tsx'
import { RequestText } from '../parts/request-text.tsx'
import { SimChange } from '../parts/sim-change.tsx'
import { SimPlaces } from '../parts/sim-places.tsx'
import { type Sim, simName } from '../parts/sim-search.tsx'
import { useTitle } from '../parts/title.ts'
import { accountOf } from '../state/accounts.ts'
import { useAnswer } from '../state/answer.ts'
import { hrefOf, show, view } from '../state/navigation.ts'
import { isAdmin } from '../state/session.ts'
import { withFilter } from '../state/view.ts'

export function SimPage() {
  const sid = view.value.subject ?? ''
  const path = { SidOrUniqueName: sid }
  const answer = useAnswer(sid, async (signal) => {
    const [sim, membership] = await Promise.all([
      answerOf(server.GET('/v1/Sims/{SidOrUniqueName}', { params: { path }, signal })),
      answerOf(server.GET('/v1/Sims/{SidOrUniqueName}/Membership', { params: { path }, signal })),
    ])
    return { sim, membership }
  })
  useTitle(answer.value === null ? 'SIM' : simName(answer.value.sim))
  return (
    <Answered answer={answer} lines={20}>
      {({ sim, membership }) => (
        <div class="page sim">
          <div class="title">
            <h1>{simName(sim)}</h1>
            <span class="status">{sim.status}</span>
            <Chips />
          </div>
          <Panel size="wide" title="Identity">
            <Identity sim={sim} group={membership.group} labels={membership.labels} />
          </Panel>
          <OverTime
            question={{ account: accountOf(sim), filters: { ...view.value.filters, sim: sim.sid } }}
            pickName="list its records"
            onPick={({ start }) => show({ at: start === view.value.at ? null : start })}
          />
          <SimPlaces sim={sim} />
          <Records sim={sim} />
          {isAdmin.value && <SimChange sim={sim} membership={membership} />}
          <RequestText sim={sim} />
        </div>
      )}
    </Answered>
  )
}

function Identity({
  sim,
  group,
  labels,
}: {
  readonly sim: Sim
  readonly group: string | null
  readonly labels: Readonly<Record<string, string>>
}) {
  const fleet = { ...view.value, page: 'fleet', subject: null, at: null, filters: {} } as const
  const facts: readonly (readonly [string, string | null])[] = [
    ['SID', sim.sid],
    ['ICCID', sim.iccid],
    ['Unique name', sim.unique_name],
    ['Friendly name', sim.friendly_name],
    ['Registered', `${dayText(instantOf(sim.date_created))}`],
    ['Changed', `${dayText(instantOf(sim.date_updated))}`],
  ]
  return (
    <dl class="facts">
      {facts.map(
        ([name, value]) =>
          value !== null && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
      <div>
        <dt>Group</dt>
        <dd>
          {group === null ? (
            'none'
          ) : (
            <a href={hrefOf(withFilter(fleet, 'group', group))}>{group}</a>
          )}
        </dd>
      </div>
      {Object.entries(labels).map(([key, value]) => (
        <div key={key}>
          <dt>{key}</dt>
          <dd>
            <a href={hrefOf(withFilter(fleet, 'label', `${key}=${value}`))}>{value}</a>
          </dd>
        </div>
      ))}
    </dl>
  )
}
