/** The form to sign in with SID and secret. A sign-in link that failed also leads here. */

import { useSignal } from '@preact/signals'
import { SimtallyError } from '../api/server.ts'
import { failureText } from '../failure.ts'
import { useTitle } from '../parts/title.ts'
import { signIn, signInNotice } from '../state/session.ts'

export function SignIn() {
  useTitle('Sign in')
  const failure = useSignal<string | null>(null)
  const isBusy = useSignal(false)

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    const fields = new FormData(event.currentTarget as HTMLFormElement)
    const written = (name: string) => String(fields.get(name) ?? '').trim()
    isBusy.value = true
    failure.value = null
    try {
      await signIn({ sid: written('sid'), secret: written('secret') })
    } catch (error) {
      failure.value = signInFailure(error)
    } finally {
      isBusy.value = false
    }
  }

  return (
    <main class="sign-in">
      <form class="card" onSubmit={submit}>
        <h1>
          <Mark /> Simtally
        </h1>
        <p class="muted">Sign in with an account, or with a key of it or of the operator.</p>
        {signInNotice.value !== null && <p class="notice">{signInNotice}</p>}
        <label>
          SID
          <input
            name="sid"
            required
            autocomplete="username"
            autocapitalize="off"
            spellcheck={false}
            placeholder="AC… or SK…"
          />
        </label>
        <label>
          Auth token or secret
          <input name="secret" type="password" required autocomplete="current-password" />
        </label>
        <p class="failure" role="alert">
          {failure}
        </p>
        <button type="submit" class="primary" disabled={isBusy}>
          {isBusy.value ? 'Signing in …' : 'Sign in'}
        </button>
        <p class="muted small">
          <code>simtally console link</code> on the server’s machine prints a link that signs in
          once.
        </p>
      </form>
    </main>
  )
}

export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M8 23V14M14 23V9M20 23v-7M26 23V12" />
    </svg>
  )
}

function signInFailure(error: unknown): string {
  if (error instanceof SimtallyError && error.status === 401) {
    return 'This SID and secret do not belong together. Check both: a secret is shown only once, so replace a lost one.'
  }
  return failureText(error)
}
