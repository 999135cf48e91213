/** The part of the port that is about what happens to accounts and SIMs in the course of their lives. */
import type { Account, ApiKey } from '../domain/directory.ts'
import type { Sid } from '../domain/identifiers.ts'
import type { UsageChange } from './batches.ts'

/** A row of the ledger, behind which a step goes on. */
export interface LedgerPlace {
  readonly day: number
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

/** Who erases and why, for good. */
export interface Erasure {
  readonly by: string
  readonly reason: string
  readonly at: number
  /** Only counts. */
  readonly dryRun: boolean
}

export interface SimErasure extends Erasure {
  /** Under which its usage stays: nothing leads to it from the one before. */
  readonly newSid: Sid
}

export interface AccountErasure extends Erasure {
  /** Of a secret that nobody knows. */
  readonly unusableHash: string
}

export interface EraseOutcome {
  /** The SIM's from now on. */
  readonly sid: Sid
  /** Usage events that are sums by the hour now. */
  readonly usageEvents: number
  /** Versions that were replaced or undone. */
  readonly versions: number
  /** Deliveries of quarantined records that named it. */
  readonly quarantineEntries: number
}

export interface EraseAccountOutcome {
  readonly keys: number
  readonly groups: number
  /** Deliveries of quarantined records that it delivered itself. */
  readonly quarantineEntries: number
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
  /** What people call a key. Fails with `not_found`. */
  updateApiKey(sid: string, changes: { readonly label: string }): Promise<ApiKey>
  /** Of the tokens of an account, only the newest is good. Fails with `not_found`. */
  endPreviousToken(accountId: number): Promise<Account>
  /**
   * Classifies usage that is counted already by the home sets of now, as if its records came today, and
   * everything derived follows. A zone that a record states stays. Usage for which nothing tells a zone
   * any more stays where it is. A step is one transaction; calling it again with what it returned as
   * `next` goes on, and beginning anew changes nothing twice.
   */
  reclassify(given: Reclassification): Promise<ReclassifyOutcome>

  /**
   * Takes away for good what names a SIM and each of its records, in one transaction, also from the log and
   * from quarantine. Its usage stays as sums by the hour under another SID, so that every total stays as
   * it is. Later records of its numbers are of no SIM. Fails with `not_found`, and with `conflict` when it
   * was erased before.
   */
  eraseSim(simId: number, given: SimErasure): Promise<EraseOutcome>
  /**
   * Takes what names a number away from quarantine; returns how many deliveries there were. Fails with
   * `not_found` for what is no number.
   */
  eraseNumber(number: string, given: Erasure): Promise<number>
  /**
   * Takes away for good what names an account and who could log in to it. Its totals stay under its SID.
   * Fails with `not_found`, and with `conflict` while it has SIMs that are not erased.
   */
  eraseAccount(accountId: number, given: AccountErasure): Promise<EraseAccountOutcome>
  /**
   * Overwrites what the store's own files hold of rows that were deleted. False where others who have
   * it open were in the way, or where an engine leaves it to its operator.
   */
  overwriteDeleted(): Promise<boolean>
}
