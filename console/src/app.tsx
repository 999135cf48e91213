/** Shows the sign-in form, or the page that the address names. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { SimtallyError } from './api/server.ts'
import { CONSOLE_PATH } from './base.ts'
import { failureText } from './failure.ts'
import { periodText } from './format/time.ts'
import { FeedsPage } from './pages/feeds.tsx'
import { FleetPage } from './pages/fleet.tsx'
import { ImportPage } from './pages/import.tsx'
import { MissingPage } from './pages/missing.tsx'
import { SignIn } from './pages/sign-in.tsx'
import { SimPage } from './pages/sim.tsx'
import { SimsPage } from './pages/sims.tsx'
import { Failed } from './parts/failed.tsx'
import { Header } from './parts/header.tsx'
import { Help } from './parts/help.tsx'
import { lazy } from './parts/lazy.tsx'
import { accountSid, accounts, accountsFailure, findAccounts } from './state/accounts.ts'
import { closeMenus, followLinks, go, view } from './state/navigation.ts'
import { findSession, session, signIn, signInNotice } from './state/session.ts'
import { hasPeriod } from './state/view.ts'

const ManagePage = lazy('manage', async () => (await import('./pages/manage.tsx')).ManagePage)

const PAGES = {
  ...{ fleet: FleetPage, sims: SimsPage, sim: SimPage },
  ...{ feeds: FeedsPage, import: ImportPage, missing: MissingPage, manage: ManagePage },
}

export function App() {
  const failure = useSignal<unknown>(null)
  const start = () => {
    failure.value = null
    begin().catch((error: unknown) => {
      failure.value = error
    })
  }
  useEffect(() => {
    start()
    addEventListener('click', onClick)
    return () => removeEventListener('click', onClick)
  }, [])
  if (failure.value !== null) {
    return (
      <main class="sign-in">
        <div class="card failed" role="alert">
          <p>{failureText(failure.value)}</p>
          <button type="button" onClick={start}>
            Try again
          </button>
        </div>
      </main>
    )
  }
  if (session.value === undefined) return null
  if (session.value === null) return <SignIn />
  const Page = PAGES[view.value.page]
  return (
    <>
      <a class="skip" href="#content">
        To the content
      </a>
      <Header />
      <main id="content" tabIndex={-1}>
        <Printed />
        {accounts.value === undefined && accountsFailure.value !== null ? (
          <Failed failure={accountsFailure.value} onAgain={findAccounts} />
        ) : (
          <Page />
        )}
      </main>
      <Help />
    </>
  )
}

/** For paper: what the header says on the screen. */
function Printed() {
  const { period } = view.value
  const account = accounts.value?.find(({ sid }) => sid === accountSid.value)
  const name = account?.name ?? session.value?.account?.name ?? ''
  return (
    <p class="printed">
      Simtally{name !== '' && ` · ${name}`}
      {hasPeriod(view.value) && ` · ${periodText(period.start, period.end)} UTC`}
    </p>
  )
}

function onClick(event: MouseEvent): void {
  closeMenus(event)
  followLinks(event)
}

/**
 * Signs in with the code of a sign-in link, which is then removed from the address, or else with the existing
 * session.
 */
async function begin(): Promise<void> {
  const isLink = location.pathname === `${CONSOLE_PATH}sign-in` && location.hash.length > 1
  if (!isLink) return findSession()
  const code = location.hash.slice(1)
  go(CONSOLE_PATH, { replace: true })
  try {
    await signIn({ code })
  } catch (error) {
    if (!(error instanceof SimtallyError) || error.status !== 401) throw error
    session.value = null
    signInNotice.value =
      'This link has been used or has expired. `simtally console link` makes another one.'
  }
}
