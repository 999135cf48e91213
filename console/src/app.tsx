/** What is shown: the form for signing in, or the page of the address. */
import { useEffect } from 'preact/hooks'
import { SignIn } from './pages/sign-in.tsx'
import { findSession, session, signOut } from './state/session.ts'

export function App() {
  useEffect(() => void findSession(), [])
  if (session.value === undefined) return null
  if (session.value === null) return <SignIn />
  return (
    <main>
      <button type="button" onClick={signOut}>
        Sign out
      </button>
    </main>
  )
}
