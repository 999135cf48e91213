/**
 * Which account had a SIM when. Usage is that of the account that had the SIM when it was used, so that
 * a move changes nothing before it.
 */
import type { Sim } from './directory.ts'
import type { Period } from './timeline.ts'

/** From an instant on, a SIM is another account's. */
export interface SimMove {
  readonly toAccountId: number
  /** UTC seconds; from now on where it is left out. */
  readonly since?: number
}

/** A SIM as far as one account has it, or once had it. */
export interface HeldSim
  extends Pick<Sim, 'id' | 'sid' | 'accountId' | 'accountSid' | 'uniqueName'> {
  /** UTC seconds: when it moved to another account; null while it is this one's. */
  readonly leftAt: number | null
}

/** What holds at the instant: of several, the first. Undefined where nothing does. */
export function tenureAt<T extends Pick<Period<unknown>, 'startedAt' | 'endedAt'>>(
  tenures: readonly T[],
  at: number,
): T | undefined {
  return tenures.find(({ startedAt, endedAt }) => startedAt <= at && at < endedAt)
}
