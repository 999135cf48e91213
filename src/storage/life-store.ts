/** The part of the port about what happens to accounts and SIMs in the course of their lives. */
import type { Account, ApiKey } from '../domain/directory.ts'
import type { Sid } from '../domain/identifiers.ts'
import type { UsageChange } from './batches.ts'

/** A ledger row after which a step continues. */
export interface LedgerPlace {
  readonly day: number
  readonly simId: number
  readonly occurredAt: number
  readonly feedId: number
  readonly recordId: string
}

/** Which usage to classify again. */
export interface Reclassification {
  /** UTC seconds: usage from then on. */
  readonly since: number
  /** Only this account's. */
  readonly accountId?: number
  /** Reports what would change, all at once. */
  readonly dryRun: boolean
  /** Where the previous step ended. */
  readonly after?: LedgerPlace | null
  /** How many rows one transaction looks at. */
  readonly rowsMax: number
}

export interface ReclassifyOutcome {
  /** Usage events that now count in another zone. */
  readonly changed: number
  /** Usage events that stay as they are because nothing tells their zone any more. */
  readonly unknown: number
  /** For a dry run, by account, SIM, zone and country. */
  readonly changes: readonly UsageChange[]
  /** Where the next step has to continue; null when all is done. */
  readonly next: LedgerPlace | null
}

/** Who erases and why; kept for good. */
export interface Erasure {
  readonly by: string
  readonly reason: string
  readonly at: number
  /** Only counts. */
  readonly dryRun: boolean
}

export interface SimErasure extends Erasure {
  /** The SID that keeps its usage. Nothing leads to it from the old one. */
  readonly newSid: Sid
}

export interface AccountErasure extends Erasure {
  /** The hash of a secret that nobody knows. */
  readonly unusableHash: string
}

export interface EraseOutcome {
  /** The SIM's SID from now on. */
  readonly sid: Sid
  /** Usage events that are only hourly sums now. */
  readonly usageEvents: number
  /** Replaced and undone versions. */
  readonly versions: number
  /** Deliveries of quarantined records that named it. */
  readonly quarantineEntries: number
}

export interface EraseAccountOutcome {
  readonly keys: number
  readonly groups: number
  /** Deliveries of quarantined records by its own keys. */
  readonly quarantineEntries: number
}

/** As `UsageStore`. */
export interface LifeStore {
  /**
   * Replaces the current auth token. The old one stays valid until `previousUntil`; any token before that
   * ends. Fails with `not_found`.
   */
  rotateAuthToken(
    accountId: number,
    token: { readonly hash: string; readonly previousUntil: number },
  ): Promise<Account>
  /** Changes what people call a key. Fails with `not_found`. */
  updateApiKey(sid: string, changes: { readonly label: string }): Promise<ApiKey>
  /** Leaves only the newest of an account's tokens valid. Fails with `not_found`. */
  endPreviousToken(accountId: number): Promise<Account>
  /**
   * Classifies usage that is already counted by the present home sets, as if its records came today, and
   * everything derived follows. A zone that a record states stays. Usage for which nothing tells a zone
   * any more stays where it is. A step is one transaction. Calling it again with the returned `next`
   * continues; starting over changes nothing twice.
   */
  reclassify(given: Reclassification): Promise<ReclassifyOutcome>

  /**
   * Removes for good what names a SIM and each of its records, in one transaction, also from the log and
   * from quarantine. Its usage stays as hourly sums under another SID, so that every total stays as it
   * is. Later records with its numbers belong to no SIM. Fails with `not_found`, and with `conflict` if
   * it was erased before.
   */
  eraseSim(simId: number, given: SimErasure): Promise<EraseOutcome>
  /**
   * Removes from quarantine what names a number; returns how many deliveries there were. Fails with
   * `not_found` if it is no number.
   */
  eraseNumber(number: string, given: Erasure): Promise<number>
  /**
   * Removes for good what names an account and who could log in to it. Its totals stay under its SID.
   * Fails with `not_found`, and with `conflict` while it has SIMs that are not erased.
   */
  eraseAccount(accountId: number, given: AccountErasure): Promise<EraseAccountOutcome>
  /**
   * Overwrites what the store's own files still hold of deleted rows. False if other processes that have
   * it open prevented that, or if the engine leaves it to its operator.
   */
  overwriteDeleted(): Promise<boolean>
}
