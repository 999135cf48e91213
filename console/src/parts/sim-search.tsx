/** Finds a SIM by any part of its names and numbers, as the user types. */
import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { answerOf, type Schema, server } from '../api/server.ts'
import { API_ROOT } from '../base.ts'
import { accountSid } from '../state/accounts.ts'
import { useAnswer } from '../state/answer.ts'
import { go, hrefOf } from '../state/navigation.ts'

const SHOWN_MAX = 8
/** The search waits for a pause in typing. */
const TYPING_MS = 120

export function SimSearch() {
  const typed = useSignal('')
  const asked = useSignal('')
  /** The text for which Enter was pressed before its answer came. */
  const entered = useRef<string | null>(null)
  useEffect(() => {
    const timer = setTimeout(() => {
      asked.value = wantedOf(typed.value)
    }, TYPING_MS)
    return () => clearTimeout(timer)
  }, [typed.value, asked, typed])
  const found = useAnswer(asked.value === '' ? null : `${accountSid.value} ${asked}`, (signal) =>
    findSims(asked.value, signal),
  )
  const isOpen = asked.value !== '' && typed.value !== ''

  const openFirst = () => {
    const first = found.failure === null ? found.value?.[0] : undefined
    if (first === undefined) return
    typed.value = ''
    go(simHref(first.sid))
  }
  /** Never opens a result for a shorter text. */
  const enter = () => {
    const wanted = wantedOf(typed.value)
    if (wanted === '') return
    if (asked.value === wanted && !found.isLoading) return openFirst()
    entered.current = wanted
    asked.value = wanted
  }
  useEffect(() => {
    if (entered.current === null || found.isLoading) return
    const isAnswered = entered.current === asked.value
    entered.current = null
    if (isAnswered) openFirst()
  }, [found.isLoading, found.value])

  return (
    <search
      class="sim-search"
      onKeyDown={(event) => {
        if (event.key === 'Escape') typed.value = ''
        moveFocus(event)
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
          entered.current = null
          typed.value = event.currentTarget.value
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter') enter()
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

function wantedOf(typed: string): string {
  return typed.trim().slice(0, 64)
}

/** Moves down from the field through the results, and back up. */
function moveFocus(event: KeyboardEvent): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (step === undefined) return
  const search = event.currentTarget as HTMLElement
  const stops = [...search.querySelectorAll<HTMLElement>('input, .found a')]
  const next = stops[stops.indexOf(event.target as HTMLElement) + step]
  event.preventDefault()
  next?.focus()
}

export type Sim = Schema<'Sim'>

export function simName(sim: Sim): string {
  return sim.unique_name ?? sim.friendly_name ?? sim.iccid ?? sim.sid
}

/** Drops the fleet's filters, which only choose a part of the fleet. */
export function simHref(sid: string, at: number | null = null): string {
  return hrefOf({ page: 'sim', subject: sid, at, filters: {} })
}

/** Where the server streams the query's SIMs as CSV, however many there are. */
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
