/**
 * Which account had a SIM when. Usage belongs to the account that had the SIM when it was used, so a move
 * changes nothing before it.
 */
import type { Sim } from './directory.ts'
import type { Period } from './timeline.ts'

/** From an instant on, a SIM belongs to another account. */
export interface SimMove {
  readonly toAccountId: number
  /** UTC seconds; now if omitted. */
  readonly since?: number
}

/** A SIM that an account has or once had, as that account sees it. */
export interface HeldSim
  extends Pick<Sim, 'id' | 'sid' | 'accountId' | 'accountSid' | 'uniqueName'> {
  /** UTC seconds: when it moved to another account; null while this account has it. */
  readonly leftAt: number | null
}

/** The tenure that holds at the instant, the first if several do. Undefined if none does. */
export function tenureAt<T extends Pick<Period<unknown>, 'startedAt' | 'endedAt'>>(
  tenures: readonly T[],
  at: number,
): T | undefined {
  return tenures.find(({ startedAt, endedAt }) => startedAt <= at && at < endedAt)
}
