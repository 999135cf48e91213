/** The first question about a fleet, which a server asks itself. */
import type { UsageStore } from '../storage/usage-store.ts'

/** A server that ends sooner does not need it. */
const ASKED_AFTER_MS = 5_000

/**
 * It belongs to no account: it has no answer, but it needs the same machinery as every question about many
 * SIMs.
 */
const QUESTION = {
  accountId: 0,
  start: 0,
  end: 3_600,
  granularity: 'all',
  filter: {},
  groupBy: ['sim'],
  order: '-data',
} as const

/**
 * Asks the question after a while, so that the first caller does not wait a third of a second for a thread
 * and a connection to start. Returns a function that cancels it.
 */
export function askFirstQuestion(store: Pick<UsageStore, 'answerUsage'>): () => void {
  const asking = setTimeout(() => {
    // If it fails, the next question fails for the same reason and reports it.
    store.answerUsage(QUESTION, { limit: 1 }).catch(() => {})
  }, ASKED_AFTER_MS).unref()
  return () => clearTimeout(asking)
}
