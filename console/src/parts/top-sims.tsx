/** The SIMs that used most. */
import { answerOf, server } from '../api/server.ts'
import { askUsage } from '../api/usage.ts'
import { Shares } from '../charts/shares.tsx'
import { accountSid, isAccountKnown } from '../state/accounts.ts'
import { useAnswer } from '../state/answer.ts'
import { view } from '../state/navigation.ts'
import { amountOf, amountText, exactText } from './over-time.tsx'
import { Answered, Panel } from './panel.tsx'
import { simHref, simName } from './sim-search.tsx'

const SHOWN_MAX = 10

export function TopSims() {
  const { period, filters, metric } = view.value
  const account = accountSid.value
  const key = JSON.stringify([account, filters, period.start, period.end, metric])
  const answer = useAnswer(isAccountKnown.value ? key : null, async (signal) => {
    const order = metric === 'data' ? ('-data' as const) : ('-commands' as const)
    const question = { account, period, filters, groupBy: 'sim', order, limit: SHOWN_MAX }
    const { rows } = await askUsage(question, signal)
    return Promise.all(
      rows.map(async (row) => {
        const sid = row.member.sim_sid ?? ''
        return { row, sid, name: await nameOf(sid, signal) }
      }),
    )
  })
  return (
    <Panel size="third" title="Top SIMs">
      <Answered answer={answer} empty="No SIM used anything in this period.">
        {(sims) => (
          <Shares
            label="Top SIMs"
            amountText={amountText}
            exactText={exactText}
            shares={sims.map(({ row, sid, name }) => ({
              ...{ key: sid, name, amount: amountOf(row), href: simHref(sid) },
            }))}
          />
        )}
      </Answered>
    </Panel>
  )
}

const names = new Map<string, string>()

async function nameOf(sid: string, signal: AbortSignal): Promise<string> {
  const known = names.get(sid)
  if (known !== undefined) return known
  const path = { SidOrUniqueName: sid }
  const name = simName(
    await answerOf(server.GET('/v1/Sims/{SidOrUniqueName}', { params: { path }, signal })),
  )
  names.set(sid, name)
  return name
}
