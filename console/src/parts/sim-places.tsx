/** Where a SIM used what: its countries, and its upload and download in each zone. */
import { askUsage } from '../api/usage.ts'
import { Shares } from '../charts/shares.tsx'
import { countryName } from '../format/country.ts'
import { zoneName } from '../format/zone.ts'
import { accountOf } from '../state/accounts.ts'
import { useAnswer } from '../state/answer.ts'
import { hrefOf, view } from '../state/navigation.ts'
import { type Filter, withFilter } from '../state/view.ts'
import { Export } from './export.tsx'
import { membersTable } from './export-tables.ts'
import { amountOf, amountText, exactText } from './over-time.tsx'
import { Answered, Panel } from './panel.tsx'
import type { Sim } from './sim-search.tsx'

export function SimPlaces({ sim }: { readonly sim: Sim }) {
  return (
    <>
      <Members sim={sim} title="Zones" groupBy="zone" filter="zone" />
      <Members sim={sim} title="Countries" groupBy="country" filter="country" />
    </>
  )
}

function Members({
  sim,
  title,
  groupBy,
  filter,
}: {
  readonly sim: Sim
  readonly title: string
  readonly groupBy: string
  readonly filter: Extract<Filter, 'zone' | 'country'>
}) {
  const { period, metric, filters } = view.value
  const { [filter]: chosen, ...others } = filters
  const asked = { ...others, sim: sim.sid }
  const key = JSON.stringify([asked, groupBy, period.start, period.end, metric])
  const answer = useAnswer(key, async (signal) => {
    const order = metric === 'data' ? ('-data' as const) : ('-commands' as const)
    const account = accountOf(sim)
    return (await askUsage({ account, period, filters: asked, groupBy, order }, signal)).rows
  })
  return (
    <Panel
      title={title}
      aside={
        <Export
          title={title}
          of={answer}
          table={(rows) =>
            membersTable(rows, [filter === 'zone' ? 'zone' : 'country_code'], period)
          }
        />
      }
    >
      <Answered answer={answer} lines={4} empty="This SIM used nothing in this period.">
        {(rows) => (
          <Shares
            label={title}
            amountText={amountText}
            exactText={exactText}
            shares={rows.map((row) => {
              const value = filter === 'zone' ? row.member.zone : row.member.country_code
              const name =
                filter === 'zone' ? zoneName(value ?? '') : countryName(value ?? 'Not known')
              const next = value === chosen ? null : value
              return {
                ...{ key: String(value), name, amount: amountOf(row), isChosen: value === chosen },
                href: value === null ? null : hrefOf(withFilter(view.value, filter, next)),
              }
            })}
          />
        )}
      </Answered>
    </Panel>
  )
}
