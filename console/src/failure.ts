/** What to say about a failed request: what happened, and what to do about it. */
import { SimtallyError } from './api/server.ts'

/** Whether the server did not answer at all. */
export function isSilence(error: unknown): boolean {
  return !(error instanceof SimtallyError)
}

/** For views that ask again by themselves. */
export const SILENCE_TEXT =
  'The server does not answer. Check that it runs and that you are online; the page continues by itself as soon as it answers.'

export function failureText(error: unknown): string {
  if (!(error instanceof SimtallyError)) {
    return 'The server does not answer. Check that it runs and that you are online, then try again.'
  }
  const { message, retryAfterSeconds: seconds } = error
  return seconds === null ? sentence(message) : `${sentence(message)} Try again in ${seconds} s.`
}

function sentence(text: string): string {
  const begun = text.slice(0, 1).toUpperCase() + text.slice(1)
  return /[.!?]$/.test(begun) ? begun : `${begun}.`
}
