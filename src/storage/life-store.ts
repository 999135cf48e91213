/** The part of the port that is about what happens to accounts and SIMs in the course of their lives. */
import type { Account } from '../domain/directory.ts'
import type { UsageChange } from './batches.ts'

/** A row of the ledger, behind which a step goes on. */
export interface LedgerPlace {
  readonly bucket: number
  readonly simId: number
  readonly occurredAt: number
  readonly feedId: number
  readonly recordId: string
}

/** Which usage is to be classified anew. */
export interface Reclassification {
  /** UTC seconds: usage from here on. */
  readonly since: number
  /** Of this account only. */
  readonly accountId?: number
  /** Tells what would change, of everything at once. */
  readonly dryRun: boolean
  /** Where the step before has ended. */
  readonly after?: LedgerPlace | null
  /** How many rows one transaction looks at. */
  readonly rowsMax: number
}

export interface ReclassifyOutcome {
  /** Usage events that count in another zone. */
  readonly changed: number
  /** Usage events that stay as they are, because nothing tells their zone any more. */
  readonly unknown: number
  /** Of a dry run, by account, SIM, zone and country. */
  readonly changes: readonly UsageChange[]
  /** Where the next step has to go on; null when all is done. */
  readonly next: LedgerPlace | null
}

/** As `UsageStore`. */
export interface LifeStore {
  /**
   * Puts a new auth token in the place of the one that counts now, which stays good before
   * `previousUntil`; a token before that ends. Fails with `not_found`.
   */
  rotateAuthToken(
    accountId: number,
    token: { readonly hash: string; readonly previousUntil: number },
  ): Promise<Account>
  /** Of the tokens of an account, only the newest is good. Fails with `not_found`. */
  endPreviousToken(accountId: number): Promise<Account>
  /**
   * Classifies usage that is counted already by the home sets of now, as if its records came today, and
   * everything derived follows. A zone that a record states stays. Usage for which nothing tells a zone
   * any more stays where it is. A step is one transaction; calling it again with what it returned as
   * `next` goes on, and beginning anew changes nothing twice.
   */
  reclassify(given: Reclassification): Promise<ReclassifyOutcome>
}
