/** What the server answers to a question that a view puts. */
import { signal, useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { isSilence } from '../failure.ts'

export interface Answer<T> {
  /** The last one; that of another question while the new one is asked. */
  readonly value: T | null
  readonly failure: unknown
  /** Whether the question is another one than the value or failure is of. */
  readonly isLoading: boolean
}

/** A server that restarts is back sooner than anybody looks again. */
export const ASK_AGAIN_MS = 4_000

/** Counts how often everything on the page was asked for again. */
const asked = signal(0)

export function askAgain(): void {
  asked.value++
}

/** Another one after everything was asked for again. */
export function turnOfAsking(): number {
  return asked.peek()
}

/**
 * Asks when `key` changes, which says all that the question depends on; null asks nothing. Where nobody
 * answers, it asks again from time to time, and the page goes on by itself once somebody does.
 */
export function useAnswer<T>(
  key: string | null,
  ask: (signal: AbortSignal) => Promise<T>,
): Answer<T> {
  const answer = useSignal<Answer<T> & { readonly key: string | null }>({
    ...{ value: null, failure: null, isLoading: true, key },
  })
  const turn = asked.value
  const attempt = useSignal(0)
  useEffect(() => {
    if (key === null) return
    const abort = new AbortController()
    let again: ReturnType<typeof setTimeout> | undefined
    answer.value = { ...answer.peek(), isLoading: true }
    const settle = (settled: Partial<Answer<T>>) => {
      if (abort.signal.aborted) return
      answer.value = { ...answer.peek(), failure: null, isLoading: false, ...settled, key }
    }
    ask(abort.signal).then(
      (value) => settle({ value }),
      (failure: unknown) => {
        settle({ failure })
        if (abort.signal.aborted || !isSilence(failure)) return
        again = setTimeout(() => attempt.value++, ASK_AGAIN_MS)
      },
    )
    return () => {
      abort.abort()
      clearTimeout(again)
    }
  }, [key, turn, attempt.value])
  // Before the new question is put, the page is drawn once.
  const isOther = answer.value.key !== key
  return isOther ? { ...answer.value, isLoading: true } : answer.value
}
