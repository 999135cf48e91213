/** The server's answer to the question of a view. */
import { signal, useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { isSilence } from '../failure.ts'

export interface Answer<T> {
  /** The latest answer, even to the previous question while the new one is pending. */
  readonly value: T | null
  readonly failure: unknown
  /** Whether the value or failure belongs to another question than the current one. */
  readonly isLoading: boolean
}

/** A server that restarts is back before anybody looks again. */
export const ASK_AGAIN_MS = 4_000

/** Counts how often the whole page was asked for again. */
const asked = signal(0)

export function askAgain(): void {
  asked.value++
}

/** Changes each time the whole page is asked for again. */
export function turnOfAsking(): number {
  return asked.peek()
}

/**
 * Asks when `key` changes, which contains everything that the question depends on; null asks nothing. If
 * nobody answers, it asks again from time to time, so that the page recovers by itself.
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
  // Before a new question is sent, the page is drawn once.
  const isOther = answer.value.key !== key
  return isOther ? { ...answer.value, isLoading: true } : answer.value
}
