/** The first question of a server about a fleet, asked by the server itself. */
import type { UsageStore } from '../storage/usage-store.ts'

/** A server that ends before had no use for it. */
const ASKED_AFTER_MS = 5_000

/** Of nobody's account: it has no answer, and needs what every question about many SIMs needs. */
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
 * Asks it after a while, so that the first caller does not wait for a thread and a connection to start: a
 * third of a second. Returns what takes it back.
 */
export function askFirstQuestion(store: Pick<UsageStore, 'answerUsage'>): () => void {
  const asking = setTimeout(() => {
    // What makes it fail meets the next question, which tells of it.
    store.answerUsage(QUESTION, { limit: 1 }).catch(() => {})
  }, ASKED_AFTER_MS).unref()
  return () => clearTimeout(asking)
}
