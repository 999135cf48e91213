/**
 * What every storage engine promises. `ingest` and `http` know this port and never an engine.
 *
 * All instants are UTC seconds. All methods are safe for concurrent callers, in one process and in
 * several; what one call has written, every later call sees. A promise that has resolved is on
 * disk. Texts hold no NUL character, which not every engine can keep. Any method may fail with `unavailable` (the database cannot be reached, or another process
 * holds it for too long), `storage_full` or `read_only`; then nothing of the call is stored and
 * repeating it is safe.
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
import type { StoreTime } from '../domain/store-time.ts'
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

export interface UsageStore extends RestartStore, FleetStore, ConsoleStore, LifeStore {
  // Directory

  /** Fails with `conflict` when the SID is taken. */
  createAccount(account: NewAccount): Promise<Account>
  /**
   * Records that come from now on are classified by a new home set; `reclassify` is for those that
   * are counted. Fails with `not_found`.
   */
  updateAccount(accountId: number, changes: AccountChanges): Promise<Account>
  findAccount(sid: string): Promise<Account | null>
  findAccountById(id: number): Promise<Account | null>
  /** In order of creation. */
  listAccounts(): Promise<Account[]>

  createApiKey(key: NewApiKey): Promise<ApiKey>
  /** Finds revoked keys too; `revokedAt` tells. */
  findApiKey(sid: string): Promise<ApiKey | null>
  listApiKeys(): Promise<ApiKey[]>
  /** Null when there is no such key; a second call keeps the first instant. */
  revokeApiKey(sid: string, at: number): Promise<ApiKey | null>
  /** Keys that there are not are passed over; an instant before the one noted changes nothing. */
  noteKeyUses(uses: readonly KeyUse[]): Promise<void>

  /**
   * Registers SIMs of one account, all or none. A registration that names a SIM the account
   * already has (by SID, ICCID or one of its IMSIs, in this order) updates what it states and
   * keeps the rest; its IMSIs are added. Without a SID, `newSid` gives one. New SIMs are `active`
   * unless stated. Fails with `conflict`, naming field and value, when a SID, ICCID, IMSI or
   * MSISDN belongs to another SIM, or a unique name to another SIM of the account; `field`, with
   * which the message begins, then starts with the position in the list, counted from 0, as in
   * `2.iccid`. SIMs of other accounts are not named.
   */
  registerSims(
    accountId: number,
    registrations: readonly SimRegistration[],
    options: { at: number; newSid: () => Sid },
  ): Promise<RegisterOutcome>
  /** As `registerSims` for one, but fails with `conflict` when the SIM exists already. */
  createSim(
    accountId: number,
    registration: SimRegistration,
    options: { at: number; newSid: () => Sid },
  ): Promise<Sim>
  /** Fails with `conflict` when the unique name is another SIM's of the account. */
  updateSim(simId: number, changes: SimChanges, at: number): Promise<Sim>
  /** By SID, or by unique name within the account; null `accountId` finds by SID only. */
  findSim(accountId: number | null, sidOrUniqueName: string): Promise<Sim | null>
  /** Ascending by id, which is the order of registration. */
  listSims(filter: SimFilter, page: PageRequest): Promise<Sim[]>
  /**
   * Finds the SIMs that names mean, by the kinds of the scope and in the order of `simIdentities`.
   * A name that fits no SIM, or a unique name that fits SIMs of several accounts, is absent from
   * the map. Within an account, SIMs that it never had do not exist.
   */
  resolveSims(names: readonly string[], scope: NameScope): Promise<Map<string, SimMatch>>

  /** Fails with `conflict` when the name is taken, with `invalid` as `checkSimNames` does. */
  createFeed(feed: NewFeed): Promise<Feed>
  /**
   * What counts stays as it is, whatever changes; what is said of the feed's completeness is told anew
   * from all its deliveries. Fails with `not_found` when there is no such feed, with `invalid` as
   * `checkSimNames` does, and with `conflict` when its new name is taken, or when it is to be bound to
   * an account and is for another as well: by a grant, or by usage that it has brought.
   */
  updateFeed(feedId: number, changes: FeedChanges): Promise<Feed>
  findFeed(name: string): Promise<Feed | null>
  /**
   * The feed as it exists for the account; null where it does not: there is none of that name, or
   * the account may not deliver to it and has no usage that it brought.
   */
  findAccountFeed(accountId: number, name: string): Promise<AccountFeed | null>
  listFeeds(): Promise<Feed[]>
  /**
   * Lets the account deliver to the feed; a second time changes nothing. Fails with `not_found`,
   * and with `conflict` when the feed is bound to another account.
   */
  grantFeed(feedId: number, accountId: number, at: number): Promise<FeedGrant>
  /** Ends it, for deliveries that begin from now on. Null when there was no grant. */
  revokeFeedGrant(feedId: number, accountId: number): Promise<FeedGrant | null>
  /** By feed, then account, each in the order of creation. */
  listFeedGrants(): Promise<FeedGrant[]>

  // Imports

  beginImport(start: ImportStart): Promise<Import>
  /**
   * Stores a batch whole or not at all: ledger rows, rollups, quarantine and the import's counts
   * change together. An event whose identity is stored with the same content changes nothing and
   * is a `duplicate`, also within one batch; with other content, the operator's stands above an
   * account's, and among equals the feed's policy decides
   * (`resolveConflict`). A record that its deliverer has in quarantine already is counted again
   * but kept once. An event older than what `purge` took is `expired`. Repeating a batch whose outcome
   * is unknown is safe for all usage numbers. Fails with `conflict` when the import was undone, and
   * with `overflow` when it takes a sum past 2^63 - 1.
   */
  append(batch: AppendBatch): Promise<AppendOutcome>
  /**
   * Begins an import, appends its only batch and finishes it in one transaction, with the outcomes of the
   * three, whole or not at all. Only where the engine gains by it.
   */
  readonly deliver?: (delivery: WholeDelivery) => Promise<DeliveryOutcome>
  /**
   * Takes one import back as one act, whole or not at all: usage is what it would be had the import
   * never come, and everything derived follows. A version that another import delivered too stays, as
   * that one's. What it left in quarantine goes, and what it has driven there stays there. Usage older
   * than what `purge` took stays as it is. Fails with `not_found`, or with `conflict` when it was
   * undone before.
   */
  undoImport(importId: number, at: number): Promise<UndoOutcome>
  /**
   * What `undoImport` would come to now, and nothing of it is done. Fails as it does. Until then other
   * writers may have to wait as for the undo itself.
   */
  tryUndo(importId: number, at: number): Promise<UndoTrial>
  /**
   * Runs `work` on a trial, whose batches are all taken back when it ends. Until then other
   * writers may have to wait as for one long batch.
   */
  tryOut<T>(work: (trial: Trial) => Promise<T>): Promise<T>
  /**
   * With `done`, the feed's progress takes the delivery in, in the same transaction. Fails with
   * `conflict` when the import was undone.
   */
  finishImport(importId: number, end: ImportEnd): Promise<Import>
  findImport(id: number): Promise<Import | null>
  /**
   * The newest import of these bytes to the feed by the operator of which every record is known to
   * count still, so that importing them again would change nothing. Null where one waited or was too
   * old, where there was none, or where an undo in the feed may have taken away what made one a
   * duplicate. A file that an account delivered is the account's to take back, and does not stand
   * for the operator's.
   */
  findCountedImport(feedId: number, checksum: string): Promise<Import | null>
  /** Newest first; with an account, those its own keys have delivered. */
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
   * Counts quarantined records as `append` does, as records of the import and line that brought
   * them, and moves them from the import's `quarantined` to their new verdicts, whole or not at
   * all. Entries that are gone meanwhile, or are another import's, are passed over. Under
   * `replace`, a record that came before the version that counts does not take its place: it goes
   * to history before the versions that came after it, as a `duplicate`. `quarantined` of the
   * outcome are the entries that stay, each with its new reason. With an acceptance, a record counts
   * in the place of the version that does, whatever the policy says, and that one goes to history;
   * what the operator has delivered stays above an account's all the same. Fails with `overflow` as
   * `append`.
   */
  recycle(batch: RecycleBatch): Promise<AppendOutcome>
  /**
   * Deletes entries for good, their imports' counts stay; the log keeps who decided it and why. Returns
   * how many there were.
   */
  discardQuarantine(
    entryIds: readonly number[],
    decision: { by: string; reason: string },
  ): Promise<number>

  // Usage

  /**
   * Sums usage by bucket, zone and country. Buckets without usage are absent. Ordered by bucket,
   * zone, country.
   */
  queryUsage(query: UsageQuery): Promise<UsageGroup[]>
  /**
   * The ledger's rows behind `queryUsage` of the same SIM, start and end: where each came from, and
   * the versions it has replaced. In the order of time, feed (as created) and record id (by its
   * bytes); a page goes on after the last entry of the one before.
   */
  listUsageEvents(filter: LedgerFilter, page: LedgerPage): Promise<LedgerEntry[]>
  /**
   * From and up to when each feed that has brought usage of the account is complete, null where
   * nothing can be said. Asked with every answer about usage, so it is one short read.
   */
  accountCoverage(accountId: number): Promise<FeedCoverage[]>
  /** Of every feed, in order of creation: what was delivered, what is missing, what is complete. */
  listFeedProgress(): Promise<FeedProgress[]>
  /**
   * Accepts that deliveries of an open gap, or of a part of one, will not come; then they hold
   * nothing back. Fails with `not_found`, naming what is missing, when nothing of that is.
   */
  acceptGap(
    feedId: number,
    gap: NamedGap,
    acceptance: { by: string; reason: string; at: number },
  ): Promise<FeedProgress>
  /**
   * Of every feed, in order of creation. Goes through all imports, each as it is when its turn comes:
   * for looks now and then.
   */
  listFeedTotals(): Promise<FeedTotals[]>
  /**
   * Keeps how a drop folder is doing, in the place of what was known of it. Folders that were not
   * told of for `FOLDER_FORGOTTEN_SECONDS` are forgotten.
   */
  noteDropFolder(state: DropFolderState): Promise<void>
  /** Ordered by feed (as created) and path. */
  listDropFolders(): Promise<DropFolderState[]>

  // Acts

  /**
   * The same store, whose changes are logged as the actor's: each in the transaction that makes it.
   * What acts are, `acts.ts` says; deliveries are none. Closing either closes both.
   */
  actingAs(actor: Actor): UsageStore
  /** Newest first. */
  listActs(filter: ActFilter, page: { limit: number; beforeId?: number }): Promise<Act[]>

  // Upkeep

  /** What the store itself knows of the time, against which a machine's clock is held. */
  readTime(): Promise<StoreTime>
  /**
   * Keeps an instant that a process has seen come: a time that its store bore out, and what has
   * passed since by a clock that nobody can set. An earlier one than is kept changes nothing.
   */
  proveTime(at: number): Promise<void>
  /**
   * Says that it is `at` now: imports that a wrong clock stamped later are stamped with it, and what
   * their feeds are said to have delivered is told anew. Returns how many there were.
   */
  trustClock(at: number): Promise<number>

  /**
   * Recomputes everything that can be, compares all rows with their checksums, and has the engine
   * check itself; names each difference. Goes step by step, each on one consistent state, so that
   * writers do not wait and a running import does not disturb it. A database that is too damaged to
   * be read is a difference, too.
   */
  audit(options?: AuditOptions): Promise<AuditReport>
  /**
   * Rebuilds what is derived and does not agree with what it follows from: totals, feeds' progress,
   * which feeds have brought usage of an account, days and counts of imports. Tells what was wrong, and
   * what it leaves because nothing that can be trusted tells what it was; the ledger it never touches.
   * Each transaction that changes something stands in the log.
   */
  repairDerived(): Promise<RepairReport>
  /**
   * Takes rows that do not fit their checksums as they are, for somebody who has restored or corrected
   * them by hand: their checksums fit from then on. Returns what they were and are, which the log keeps
   * with the reason. Nothing that is recomputed is accepted.
   */
  acceptRows(acceptance: Acceptance): Promise<AuditDifference[]>
  /** The last audit of the store that was asked for or begun, as it was kept; null without one. */
  readAuditRun(): Promise<AuditRun | null>
  keepAuditRun(run: AuditRun): Promise<void>
  /**
   * Puts the oldest sealed day that is not under checksum yet under it: from then on a row of it that
   * changes in any other way than through here is named by `audit`. Returns false when there is none.
   */
  checksumNextDay(): Promise<boolean>
  /**
   * Writes the per-SIM totals of the oldest day that has none and ended before `before`, or does a part
   * of that where it is large; a month of a SIM then sums a few rows a day. Returns false when there is
   * none left. Late records of a sealed day keep its totals exact.
   */
  sealNextDay(before: number): Promise<boolean>
  /**
   * Deletes usage, history and quarantine older than `before` (a whole hour), oldest first, at
   * most about `rowsMax` rows in one transaction. With `dryRun` it only counts, everything.
   */
  purge(options: { before: number; rowsMax: number; dryRun: boolean }): Promise<PurgeOutcome>

  /** 32 random bytes made with the store; all processes on it sign page tokens with them. */
  signingKey(): Promise<Uint8Array>
  /**
   * Throws where the database that was opened is known to be gone (`missing`), to have another in its
   * place (`replaced`) or to be damaged (`incompatible`). Asked with every request, so it never waits.
   */
  requireInPlace(): void
  /** Fails with `unavailable` unless the store can be read now, and as `requireInPlace` throws. */
  check(): Promise<void>
  /** Ends what is under way, then closes. Further calls fail. */
  close(): Promise<void>
}
