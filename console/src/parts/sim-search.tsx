/** Finds a SIM while typing, by any part of its names and numbers. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { answerOf, type Schema, server } from '../api/server.ts'
import { API_ROOT } from '../base.ts'
import { accountSid } from '../state/accounts.ts'
import { useAnswer } from '../state/answer.ts'
import { hrefOf } from '../state/navigation.ts'

const SHOWN_MAX = 8
/** Who types on has not asked yet. */
const TYPING_MS = 120

export function SimSearch() {
  const typed = useSignal('')
  const asked = useSignal('')
  useEffect(() => {
    const timer = setTimeout(() => {
      asked.value = typed.value.trim().slice(0, 64)
    }, TYPING_MS)
    return () => clearTimeout(timer)
  }, [typed.value, asked, typed])
  const found = useAnswer(asked.value === '' ? null : `${accountSid.value} ${asked}`, (signal) =>
    findSims(asked.value, signal),
  )
  const isOpen = asked.value !== '' && typed.value !== ''

  return (
    <search
      class="sim-search"
      onKeyDown={(event) => {
        if (event.key === 'Escape') typed.value = ''
      }}
      onClick={(event) => {
        if ((event.target as Element).closest('a') !== null) typed.value = ''
      }}
    >
      <input
        id="sim-search"
        type="search"
        placeholder="Find a SIM  ( / )"
        aria-label="Find a SIM by name, ICCID, IMSI or SID"
        autocomplete="off"
        spellcheck={false}
        value={typed}
        onInput={(event) => {
          typed.value = event.currentTarget.value
        }}
        onKeyDown={(event) => {
          const first = event.currentTarget.parentElement?.querySelector('a')
          if (event.key === 'Enter') first?.click()
          if (event.key === 'ArrowDown') first?.focus()
        }}
      />
      {isOpen && (
        <div class="card popup found" aria-live="polite">
          {found.value?.length === 0 && (
            <p class="empty">No SIM has this in its names or numbers.</p>
          )}
          {found.failure !== null && (
            <p class="empty">The search got no answer. Type on to try again.</p>
          )}
          <ul>
            {found.value?.map((sim) => (
              <li key={sim.sid}>
                <a href={simHref(sim.sid)}>
                  <span>{simName(sim)}</span>
                  <span class="muted detail">{sim.iccid ?? sim.sid}</span>
                </a>
              </li>
            ))}
          </ul>
          {found.value?.length === SHOWN_MAX && (
            <a class="more" href={hrefOf({ page: 'sims', search: asked.value })}>
              All with “{asked}”
            </a>
          )}
        </div>
      )}
    </search>
  )
}

export type Sim = Schema<'Sim'>

export function simName(sim: Sim): string {
  return sim.unique_name ?? sim.friendly_name ?? sim.iccid ?? sim.sid
}

/** Filters of the fleet do not follow: they say what of the fleet is shown. */
export function simHref(sid: string, at: number | null = null): string {
  return hrefOf({ page: 'sim', subject: sid, at, filters: {} })
}

/** Where the server streams those that the query finds as CSV, however many they are. */
export function simsCsvHref(query: Readonly<Record<string, string>>): string {
  const account = accountSid.value
  const params = new URLSearchParams({
    ...(account !== null && { AccountSid: account }),
    ...query,
    Format: 'csv',
  })
  return `${API_ROOT}v1/Sims?${params}`
}

async function findSims(text: string, signal: AbortSignal): Promise<readonly Sim[]> {
  const query = {
    Search: text,
    PageSize: String(SHOWN_MAX),
    ...(accountSid.value !== null && { AccountSid: accountSid.value }),
  }
  const page = await answerOf(server.GET('/v1/Sims', { params: { query }, signal }))
  return page.sims
}
