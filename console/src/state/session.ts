/** Who is signed in to this browser. */
import { computed, signal } from '@preact/signals'
import { answerOf, type Schema, SimtallyError, server, whenSessionEnds } from '../api/server.ts'

export type Session = Schema<'ConsoleSession'>

/** Undefined until the server has said whether there is one. */
export const session = signal<Session | null | undefined>(undefined)

/** Whether the session's credential may change accounts, keys, groups and SIMs. */
export const isAdmin = computed(() => session.value?.scope === 'admin')

/** The notice above the sign-in form; null for none. */
export const signInNotice = signal<string | null>(null)

whenSessionEnds(() => {
  if (session.value === null) return
  session.value = null
  signInNotice.value = 'Your session has ended. Sign in to continue where you were.'
})

/** Rejects if the server does not answer. */
export async function findSession(): Promise<void> {
  try {
    session.value = await answerOf(server.GET('/console/session'))
  } catch (error) {
    if (!(error instanceof SimtallyError) || error.status !== 401) throw error
    session.value = null
  }
}

export type Credentials =
  | { readonly sid: string; readonly secret: string }
  | { readonly code: string }

/** Rejects with the message to show. */
export async function signIn(credentials: Credentials): Promise<void> {
  const body = credentials as { readonly sid: string; readonly secret: string }
  session.value = await answerOf(server.POST('/console/session', { body }))
  signInNotice.value = null
}

/** Rejects if the session goes on, because the user of a shared machine must know. */
export async function signOut(): Promise<void> {
  const { error, response } = await server.DELETE('/console/session')
  if (!response.ok && response.status !== 401) throw new SimtallyError(response, error)
  session.value = null
  signInNotice.value = null
}
