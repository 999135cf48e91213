/** The SIMs that used most. */
import { answerOf, server } from '../api/server.ts'
import { askUsage } from '../api/usage.ts'
import { Shares } from '../charts/shares.tsx'
import { accountSid, isAccountKnown } from '../state/accounts.ts'
import { turnOfAsking, useAnswer } from '../state/answer.ts'
import { view } from '../state/navigation.ts'
import { Export } from './export.tsx'
import { topSimsTable } from './export-tables.ts'
import { amountOf, amountText, exactText } from './over-time.tsx'
import { Answered, Panel } from './panel.tsx'
import { type Sim, simHref, simName } from './sim-search.tsx'

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
        return { row, sim: await simOf(sid, signal) }
      }),
    )
  })
  return (
    <Panel
      size="third"
      title="Top SIMs"
      aside={<Export title="Top SIMs" of={answer} table={(sims) => topSimsTable(sims, period)} />}
    >
      <Answered answer={answer} empty="No SIM used anything in this period.">
        {(sims) => (
          <Shares
            label="Top SIMs"
            amountText={amountText}
            exactText={exactText}
            shares={sims.map(({ row, sim }) => ({
              ...{ key: sim.sid, name: simName(sim), amount: amountOf(row) },
              href: simHref(sim.sid),
            }))}
          />
        )}
      </Answered>
    </Panel>
  )
}

/** Names are fetched once, until something here changes that may be a name. */
let known = { turn: 0, sims: new Map<string, Sim>() }

async function simOf(sid: string, signal: AbortSignal): Promise<Sim> {
  const turn = turnOfAsking()
  if (known.turn !== turn) known = { turn, sims: new Map() }
  const { sims } = known
  const path = { SidOrUniqueName: sid }
  const sim =
    sims.get(sid) ??
    (await answerOf(server.GET('/v1/Sims/{SidOrUniqueName}', { params: { path }, signal })))
  sims.set(sid, sim)
  return sim
}
