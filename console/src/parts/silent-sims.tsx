/** SIMs that have fallen silent, often the first sign of a fault. */
import { useSignal } from '@preact/signals'
import { answerOf, server } from '../api/server.ts'
import { accountSid, isAccountKnown } from '../state/accounts.ts'
import { useAnswer } from '../state/answer.ts'
import { ExportLink } from './export.tsx'
import { Answered, Choice, Panel } from './panel.tsx'
import { simHref, simName, simsCsvHref } from './sim-search.tsx'

const SHOWN_MAX = 10

export function SilentSims() {
  const silence = useSignal<'1d' | '7d' | '30d'>('7d')
  const account = accountSid.value
  const answer = useAnswer(
    isAccountKnown.value ? `${account} ${silence.value}` : null,
    async (signal) => {
      const query = {
        ...{ Silent: silence.value, PageSize: String(SHOWN_MAX) },
        ...(account !== null && { AccountSid: account }),
      }
      return await answerOf(server.GET('/v1/Sims', { params: { query }, signal }))
    },
  )
  return (
    <Panel
      size="third"
      title="Silent SIMs"
      aside={
        <div class="choices">
          <Choice
            label="Silent for"
            value={silence.value}
            options={[
              { value: '1d', name: '1 d' },
              { value: '7d', name: '7 d' },
              { value: '30d', name: '30 d' },
            ]}
            onChoose={(chosen) => {
              silence.value = chosen
            }}
          />
          <ExportLink
            title="Silent SIMs"
            period={null}
            href={simsCsvHref({ Silent: silence.value })}
          />
        </div>
      }
    >
      <Answered
        answer={answer}
        isEmpty={({ sims }) => sims.length === 0}
        empty="No SIM has been silent for this long."
      >
        {({ sims, meta }) => (
          <>
            <ol class="plain-list">
              {sims.map((sim) => (
                <li key={sim.sid}>
                  <a href={simHref(sim.sid)}>
                    <span>{simName(sim)}</span>
                    <span class="muted detail">{sim.status}</span>
                  </a>
                </li>
              ))}
            </ol>
            {meta.next_page_url !== null && (
              <p class="muted small">
                The first {SHOWN_MAX} in order of registration; the export has all.
              </p>
            )}
          </>
        )}
      </Answered>
    </Panel>
  )
}
