/** What the server answers to a question that a view puts. */
import { signal, useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'

export interface Answer<T> {
  /** The last one; that of another question while the new one is asked. */
  readonly value: T | null
  readonly failure: unknown
  readonly isLoading: boolean
}

/** Counts how often everything on the page was asked for again. */
const asked = signal(0)

export function askAgain(): void {
  asked.value++
}

/** Asks when `key` changes, which says all that the question depends on; null asks nothing. */
export function useAnswer<T>(
  key: string | null,
  ask: (signal: AbortSignal) => Promise<T>,
): Answer<T> {
  const answer = useSignal<Answer<T>>({ value: null, failure: null, isLoading: true })
  const turn = asked.value
  useEffect(() => {
    if (key === null) return
    const abort = new AbortController()
    answer.value = { ...answer.peek(), isLoading: true }
    const settle = (settled: Partial<Answer<T>>) => {
      if (abort.signal.aborted) return
      answer.value = { ...answer.peek(), failure: null, isLoading: false, ...settled }
    }
    ask(abort.signal).then(
      (value) => settle({ value }),
      (failure: unknown) => settle({ failure }),
    )
    return () => abort.abort()
  }, [key, turn])
  return answer.value
}
