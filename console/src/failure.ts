/** What to say of a request that failed: what happened, and what to do about it. */
import { SimtallyError } from './api/server.ts'

/** Whether nobody has answered. */
export function isSilence(error: unknown): boolean {
  return !(error instanceof SimtallyError)
}

/** For what asks again by itself. */
export const SILENCE_TEXT =
  'The server does not answer. Check that it runs and that you are online; the page goes on by itself as soon as it answers.'

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
