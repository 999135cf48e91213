/** The SIMs of an account, searchable by all their names and numbers. */

import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { answerOf, server } from '../api/server.ts'
import { dayText, instantOf } from '../format/time.ts'
import { ExportLink } from '../parts/export.tsx'
import { Answered } from '../parts/panel.tsx'
import { type Sim, simHref, simName, simsCsvHref } from '../parts/sim-search.tsx'
import { useTitle } from '../parts/title.ts'
import { Scrolling } from '../scrolling.tsx'
import { accountSid, isAccountKnown } from '../state/accounts.ts'
import { useAnswer } from '../state/answer.ts'
import { hrefOf, show, view } from '../state/navigation.ts'

const PAGE_SIZE = 50

export function SimsPage() {
  useTitle('SIMs')
  const { search } = view.value
  const account = accountSid.value
  const pages = useSignal(1)
  useEffect(() => {
    pages.value = 1
  }, [search, account])
  const key = JSON.stringify([account, search, pages.value])
  const answer = useAnswer(isAccountKnown.value ? key : null, async (signal) => {
    const query = {
      PageSize: String(pages.value * PAGE_SIZE),
      ...(search !== null && { Search: search }),
      ...(account !== null && { AccountSid: account }),
    }
    return await answerOf(server.GET('/v1/Sims', { params: { query }, signal }))
  })
  return (
    <div class="page">
      <div class="title">
        <h1>SIMs</h1>
        <input
          type="search"
          aria-label="Search in names and numbers"
          placeholder="Name, ICCID, IMSI, MSISDN or SID"
          value={search ?? ''}
          maxLength={64}
          onInput={(event) =>
            show({ search: event.currentTarget.value.trim() || null }, { replace: true })
          }
        />
        <ExportLink
          title={search === null ? 'SIMs' : `SIMs with ${search}`}
          href={simsCsvHref(search === null ? {} : { Search: search })}
        />
      </div>
      <section class="card panel wide" aria-label="SIMs">
        <Answered
          answer={answer}
          lines={12}
          isEmpty={({ sims }) => sims.length === 0}
          empty={
            search === null ? (
              <>
                No SIM is registered yet. <a href={hrefOf({ page: 'manage' })}>Manage</a> registers
                a list, and so does <code>simtally sim import sims.csv</code>.
              </>
            ) : (
              'No SIM has this in its names or numbers. Try fewer letters or digits.'
            )
          }
        >
          {({ sims, meta }) => (
            <>
              <SimTable sims={sims} />
              {meta.next_page_url !== null && sims.length < 1000 && (
                <button type="button" onClick={() => pages.value++}>
                  Show more
                </button>
              )}
            </>
          )}
        </Answered>
      </section>
    </div>
  )
}

function SimTable({ sims }: { readonly sims: readonly Sim[] }) {
  return (
    <Scrolling kind="tall" label="Table of SIMs">
      <table class="words">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Friendly name</th>
            <th scope="col">ICCID</th>
            <th scope="col">Status</th>
            <th scope="col">Registered</th>
          </tr>
        </thead>
        <tbody>
          {sims.map((sim) => (
            <tr key={sim.sid}>
              <th scope="row">
                <a href={simHref(sim.sid)}>{simName(sim)}</a>
              </th>
              <td>{sim.friendly_name ?? ''}</td>
              <td>{sim.iccid ?? ''}</td>
              <td>{sim.status}</td>
              <td>{dayText(instantOf(sim.date_created))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolling>
  )
}
