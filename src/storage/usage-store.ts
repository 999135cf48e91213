/**
 * What every storage engine promises. `ingest` and `http` know this port and never an engine.
 *
 * All instants are UTC seconds. All methods are safe for concurrent callers, in one process and in
 * several; every call sees what earlier calls have written. A promise that has resolved is on disk. Texts
 * hold no NUL character, because not every engine can store it. Any method may fail with `unavailable`
 * (the database cannot be reached, or another process holds it for too long), `storage_full` or
 * `read_only`; then nothing of the call is stored and repeating it is safe.
 */
import type { Act, ActFilter, Actor } from '../domain/act.ts'
import type { FeedCoverage, FeedProgress } from '../domain/completeness.ts'
import type {
  Account,
  AccountChanges,
  AccountFeed,
  ApiKey,
  Feed,
  FeedChanges,
  FeedGrant,
  KeyUse,
  NewAccount,
  NewApiKey,
  NewFeed,
  Sim,
  SimChanges,
  SimRegistration,
} from '../domain/directory.ts'
import type { DropFolderState } from '../domain/drop-folder.ts'
import type { Sid } from '../domain/identifiers.ts'
import type {
  FeedTotals,
  Import,
  ImportStatus,
  QuarantineEntry,
  QuarantineReason,
} from '../domain/import.ts'
import type { LedgerEntry, LedgerFilter, LedgerPage } from '../domain/ledger-entry.ts'
import type { NamedGap } from '../domain/sequence.ts'
import type { NameScope } from '../domain/sim-names.ts'
import type { ConfirmedTime, StoreTime } from '../domain/store-time.ts'
import type { UsageGroup, UsageQuery } from '../domain/usage-query.ts'
import type { Acceptance } from './audit/accept.ts'
import type {
  AuditDifference,
  AuditOptions,
  AuditReport,
  AuditRun,
  RepairReport,
} from './audit/report.ts'
import type {
  AppendBatch,
  AppendOutcome,
  BatchForm,
  DeliveryOutcome,
  ImportEnd,
  ImportStart,
  RecycleBatch,
  Trial,
  WholeDelivery,
} from './batches.ts'
import type { ConsoleStore } from './directory/console-sessions.ts'
import type { SimMatch } from './directory/sim-matches.ts'
import type { FleetStore, PageRequest, SimFilter } from './fleet-store.ts'
import type { LifeStore } from './life-store.ts'
import type { PurgeOutcome, UndoOutcome, UndoTrial } from './outcomes.ts'
import type { RestartStore } from './series/restarts.ts'

export type {
  AuditDifference,
  AuditOptions,
  AuditReport,
  AuditRun,
  AuditState,
  RepairReport,
} from './audit/report.ts'
export { endOfAudit, newAuditRun } from './audit/report.ts'

export {
  type AppendBatch,
  type AppendOutcome,
  BATCH_RECORDS_MAX,
  type ConflictAcceptance,
  type DeliveryOutcome,
  type ImportEnd,
  type ImportStart,
  type MonthChange,
  type RecordFault,
  type RecycleBatch,
  TRIAL_IMPORT_ID,
  type Trial,
  type TrialChanges,
  type UsageChange,
  type WholeDelivery,
} from './batches.ts'
export { issueAccount, issueKey, keysOf } from './directory/issue.ts'
export type { SimMatch, SimTenure } from './directory/sim-matches.ts'
export type { OpenEvents } from './event-list.ts'

export interface RegisterOutcome {
  readonly created: number
  readonly updated: number
  readonly unchanged: number
  /** In the order of the registrations. */
  readonly sims: readonly Sim[]
}

export type {
  AssignOutcome,
  MoveOutcome,
  PageRequest,
  SimFilter,
  UsedNetwork,
} from './fleet-store.ts'
export type * from './life-store.ts'
export type { PurgeOutcome, UndoOutcome, UndoTrial } from './outcomes.ts'

export interface UsageStore extends RestartStore, FleetStore, ConsoleStore, LifeStore, BatchForm {
  // Directory

  /** Fails with `conflict` when the SID is taken. */
  createAccount(account: NewAccount): Promise<Account>
  /**
   * A new home set classifies records that come from now on; `reclassify` is for those already counted.
   * Fails with `not_found`.
   */
  updateAccount(accountId: number, changes: AccountChanges): Promise<Account>
  findAccount(sid: string): Promise<Account | null>
  findAccountById(id: number): Promise<Account | null>
  /** In order of creation. */
  listAccounts(): Promise<Account[]>

  createApiKey(key: NewApiKey): Promise<ApiKey>
  /** Finds revoked keys too; `revokedAt` tells them apart. */
  findApiKey(sid: string): Promise<ApiKey | null>
  listApiKeys(): Promise<ApiKey[]>
  /** Null if there is no such key. A second call keeps the first instant. */
  revokeApiKey(sid: string, at: number): Promise<ApiKey | null>
  /** Skips keys that do not exist. An instant before the one noted changes nothing. */
  noteKeyUses(uses: readonly KeyUse[]): Promise<void>

  /**
   * Registers SIMs of one account, all or none. A registration that names a SIM the account already has
   * (by SID, ICCID or one of its IMSIs, in this order) updates what it states and keeps the rest; its
   * IMSIs are added. Without a SID, `newSid` supplies one. New SIMs are `active` unless stated otherwise.
   * Fails with `conflict`, naming field and value, when a SID, ICCID, IMSI or MSISDN belongs to another
   * SIM, or a unique name to another SIM of the account. `field`, with which the message begins, then
   * starts with the position in the list, counted from 0, as in `2.iccid`. SIMs of other accounts are not
   * named.
   */
  registerSims(
    accountId: number,
    registrations: readonly SimRegistration[],
    options: { at: number; newSid: () => Sid },
  ): Promise<RegisterOutcome>
  /** As `registerSims` for one SIM, but fails with `conflict` if it exists already. */
  createSim(
    accountId: number,
    registration: SimRegistration,
    options: { at: number; newSid: () => Sid },
  ): Promise<Sim>
  /** Fails with `conflict` if another SIM of the account has the unique name. */
  updateSim(simId: number, changes: SimChanges, at: number): Promise<Sim>
  /** By SID, or by unique name within the account. With a null `accountId`, by SID only. */
  findSim(accountId: number | null, sidOrUniqueName: string): Promise<Sim | null>
  /** Ascending by id, which is the order of registration. */
  listSims(filter: SimFilter, page: PageRequest): Promise<Sim[]>
  /**
   * Finds the SIMs that names mean, by the scope's kinds of name and in the order of `simIdentities`. A
   * name that matches no SIM, or a unique name that matches SIMs of several accounts, is absent from the
   * map. Within an account, SIMs that it never had do not exist.
   */
  resolveSims(names: readonly string[], scope: NameScope): Promise<Map<string, SimMatch>>

  /** Fails with `conflict` when the name is taken, with `invalid` as `checkSimNames` does. */
  createFeed(feed: NewFeed): Promise<Feed>
  /**
   * What counts stays as it is, whatever changes. The feed's completeness is derived again from all its
   * deliveries. Fails with `not_found` if there is no such feed, with `invalid` as `checkSimNames` does,
   * and with `conflict` if its new name is taken, or if it would be bound to one account while another
   * has a grant or usage from it.
   */
  updateFeed(feedId: number, changes: FeedChanges): Promise<Feed>
  findFeed(name: string): Promise<Feed | null>
  /**
   * The feed as it exists for the account. Null if no feed has that name, or if the account may not
   * deliver to it and has no usage from it.
   */
  findAccountFeed(accountId: number, name: string): Promise<AccountFeed | null>
  listFeeds(): Promise<Feed[]>
  /**
   * Lets the account deliver to the feed; a second call changes nothing. Fails with `not_found`, and with
   * `conflict` when the feed is bound to another account.
   */
  grantFeed(feedId: number, accountId: number, at: number): Promise<FeedGrant>
  /** Ends the grant for deliveries that begin from now on. Null if there was no grant. */
  revokeFeedGrant(feedId: number, accountId: number): Promise<FeedGrant | null>
  /** By feed, then account, each in order of creation. */
  listFeedGrants(): Promise<FeedGrant[]>

  // Imports

  beginImport(start: ImportStart): Promise<Import>
  /**
   * Stores a batch whole or not at all: ledger rows, rollups, quarantine and the import's counts change
   * together. An event whose identity is stored with the same content changes nothing and is a
   * `duplicate`, also within one batch. With other content, the operator's version outranks an account's,
   * and among equals the feed's policy decides (`resolveConflict`). A record that its deliverer already
   * has in quarantine is counted again but kept once. An event older than what `purge` took is `expired`.
   * Repeating a batch whose outcome is unknown is safe for all usage numbers. Fails with `conflict` when
   * the import was undone, and with `overflow` when it takes a sum past 2^63 - 1.
   */
  append(batch: AppendBatch): Promise<AppendOutcome>
  /**
   * Begins an import, appends its only batch and finishes it in one transaction, whole or not at all,
   * with the outcomes of all three. Absent if the engine gains nothing by it.
   */
  readonly deliver?: (delivery: WholeDelivery) => Promise<DeliveryOutcome>
  /**
   * Takes one import back as one act, whole or not at all: usage becomes what it would be had the import
   * never come, and everything derived follows. A version that another import delivered too stays, as
   * that import's. What the import left in quarantine is deleted; records of others that it drove into
   * quarantine stay there. Usage older than what `purge` took stays as it is. Fails with `not_found`, or
   * with `conflict` if it was undone before.
   */
  undoImport(importId: number, at: number): Promise<UndoOutcome>
  /**
   * What `undoImport` would do now, without doing it. Fails as it does. Meanwhile other writers may have
   * to wait as for the undo itself.
   */
  tryUndo(importId: number, at: number): Promise<UndoTrial>
  /**
   * Runs `work` on a trial, all of whose batches are rolled back at the end. Meanwhile other writers may
   * have to wait as for one long batch.
   */
  tryOut<T>(work: (trial: Trial) => Promise<T>): Promise<T>
  /**
   * With `done`, the same transaction adds the delivery to the feed's progress. Fails with `conflict`
   * when the import was undone.
   */
  finishImport(importId: number, end: ImportEnd): Promise<Import>
  findImport(id: number): Promise<Import | null>
  /**
   * The operator's newest import of these bytes to the feed, if every record of it is known to count
   * still, so that importing them again would change nothing. Null if there was none, if one of its
   * records waited or was too old, or if an undo in the feed may have removed what made one a duplicate.
   * A file delivered by an account does not stand for the operator's, because the account can take it
   * back.
   */
  findCountedImport(feedId: number, checksum: string): Promise<Import | null>
  /** Newest first; if an account is given, only imports by its own keys. */
  listImports(
    filter: { accountId?: number; feedId?: number; status?: ImportStatus },
    page: { limit: number; beforeId?: number },
  ): Promise<Import[]>
  /** In order of arrival, one entry for each time a record was delivered. */
  listQuarantine(
    filter: { importId?: number; feedId?: number; reason?: QuarantineReason },
    page: { limit: number; afterId?: number },
  ): Promise<QuarantineEntry[]>
  findQuarantineEntry(id: number): Promise<QuarantineEntry | null>
  /**
   * Counts quarantined records as `append` does, as records of the import and line that brought them, and
   * moves them from the import's `quarantined` to their new verdicts, whole or not at all. Skips entries
   * that are gone by now or belong to another import. Under `replace`, a record older than the version
   * that counts does not replace it: it goes to history before the versions that came after it, as a
   * `duplicate`. In the outcome, `quarantined` are the entries that stay, each with its new reason. With
   * an acceptance, a record replaces the version that counts, whatever the policy says, and that version
   * goes to history; even so, the operator's version still outranks an account's. Fails with `overflow`
   * as `append`.
   */
  recycle(batch: RecycleBatch): Promise<AppendOutcome>
  /**
   * Deletes entries for good and returns how many there were. Their imports' counts stay. The log keeps
   * who decided it and why.
   */
  discardQuarantine(
    entryIds: readonly number[],
    decision: { by: string; reason: string },
  ): Promise<number>

  // Usage

  /** Sums usage by bucket, zone and country, in that order. Buckets without usage are absent. */
  queryUsage(query: UsageQuery): Promise<UsageGroup[]>
  /**
   * The ledger rows behind `queryUsage` of the same SIM, start and end: where each came from, and the
   * versions it has replaced. Ordered by time, feed (as created) and record id (by its bytes). A page
   * continues after the last entry of the previous one.
   */
  listUsageEvents(filter: LedgerFilter, page: LedgerPage): Promise<LedgerEntry[]>
  /**
   * From when and up to when each feed that has brought usage of the account is complete; null if it
   * cannot be told. Every answer about usage asks this, so it is one short read.
   */
  accountCoverage(accountId: number): Promise<FeedCoverage[]>
  /** For every feed, in order of creation: what was delivered, what is missing, what is complete. */
  listFeedProgress(): Promise<FeedProgress[]>
  /**
   * Accepts that the deliveries of an open gap, or part of one, will not come, so that they hold nothing
   * back. Fails with `not_found`, naming what is missing, unless all of it is missing.
   */
  acceptGap(
    feedId: number,
    gap: NamedGap,
    acceptance: { by: string; reason: string; at: number },
  ): Promise<FeedProgress>
  /**
   * For every feed, in order of creation. Goes through all imports, reading each as it is at that moment,
   * so it suits occasional looks.
   */
  listFeedTotals(): Promise<FeedTotals[]>
  /**
   * Replaces what is known of a drop folder's state. Folders not reported for `FOLDER_FORGOTTEN_SECONDS`
   * are forgotten.
   */
  noteDropFolder(state: DropFolderState): Promise<void>
  /** Ordered by feed (as created) and path. */
  listDropFolders(): Promise<DropFolderState[]>

  // Acts

  /**
   * The same store, with changes logged under the actor's name, each in the transaction that makes it.
   * `acts.ts` defines the acts; deliveries are not among them. Closing either store closes both.
   */
  actingAs(actor: Actor): UsageStore
  /** Newest first. */
  listActs(filter: ActFilter, page: { limit: number; beforeId?: number }): Promise<Act[]>

  // Upkeep

  /** What the store itself knows about the time, for comparison with a machine's clock. */
  readTime(): Promise<StoreTime>
  /** The part of `readTime` that every delivery needs. */
  readConfirmedTime(): Promise<ConfirmedTime>
  /**
   * Keeps the furthest instant that a process has seen arrive: a time that its store confirmed, plus what
   * has passed since by a clock that nobody can set. An instant earlier than the stored one changes
   * nothing.
   */
  proveTime(at: number): Promise<void>
  /**
   * States that it is `at` now. Imports that a wrong clock stamped later are stamped with it, and the
   * progress of their feeds is derived again. Returns how many there were.
   */
  trustClock(at: number): Promise<number>

  /**
   * Recomputes everything that can be recomputed, compares all rows with their checksums, and has the
   * engine check itself; names each difference. Proceeds in steps, each on one consistent state, so that
   * writers do not wait and a running import does not disturb it. A database too damaged to read is a
   * difference, too.
   */
  audit(options?: AuditOptions): Promise<AuditReport>
  /**
   * Rebuilds derived data that does not agree with its source: totals, feeds' progress, which feeds have
   * brought usage of an account, days and counts of imports. Reports what was wrong, and what it leaves
   * because nothing trustworthy tells what it was. It never touches the ledger. Each transaction that
   * changes something is logged.
   */
  repairDerived(): Promise<RepairReport>
  /**
   * Accepts rows that do not fit their checksums as they are, for somebody who has restored or corrected
   * them by hand; their checksums fit from then on. Returns what they were and are, which the log keeps
   * with the reason. Recomputed values cannot be accepted.
   */
  acceptRows(acceptance: Acceptance): Promise<AuditDifference[]>
  /** The store's last audit that was requested or started, as it was kept; null if there was none. */
  readAuditRun(): Promise<AuditRun | null>
  keepAuditRun(run: AuditRun): Promise<void>
  /**
   * Puts the oldest sealed day that has no checksum yet under one, or some SIMs of a large one. From then
   * on, `audit` names each of these rows that anything but this store changes. Returns false when there is
   * no such day.
   */
  checksumNextDay(): Promise<boolean>
  /**
   * Writes the per-SIM totals of the oldest day that has none and ended before `before`, or of part of a
   * large one. A month of a SIM then sums a few rows per day. Returns false when no such day is left.
   * Late records of a sealed day keep its totals exact.
   */
  sealNextDay(before: number): Promise<boolean>
  /**
   * Deletes usage, history and quarantine older than `before` (a whole hour), oldest first, in a
   * transaction of at most about `rowsMax` rows. With `dryRun`, it only counts, all of it.
   */
  purge(options: { before: number; rowsMax: number; dryRun: boolean }): Promise<PurgeOutcome>

  /** 32 random bytes created with the store; all its processes sign page tokens with them. */
  signingKey(): Promise<Uint8Array>
  /**
   * Throws if the opened database is known to be gone (`missing`), to have been replaced by another
   * (`replaced`) or to be damaged (`incompatible`). Every request calls this, so it never waits.
   */
  requireInPlace(): void
  /** Fails with `unavailable` unless the store can be read now, and as `requireInPlace` throws. */
  check(): Promise<void>
  /** Finishes what is under way, then closes. Further calls fail. */
  close(): Promise<void>
}
