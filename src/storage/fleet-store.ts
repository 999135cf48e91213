/** The part of the port that is about fleets: groups, labels, and questions about many SIMs. */
import type { CountryCode } from '../domain/country.ts'
import type { Sim, SimRegistration, SimStatus } from '../domain/directory.ts'
import type { Iccid, Sid } from '../domain/identifiers.ts'
import type { Plmn } from '../domain/plmn.ts'
import type {
  NewSimGroup,
  SimAssignment,
  SimGroup,
  SimGroupChanges,
  SimPlace,
} from '../domain/sim-group.ts'
import type { HeldSim, SimMove } from '../domain/sim-tenure.ts'
import type { UsageError } from '../domain/usage-error.ts'
import type { MemberPage, UsageMember, UsageQuestion } from '../domain/usage-question.ts'

/** A page goes on after the last row of the one before, so rows added meanwhile shift nothing. */
export interface PageRequest {
  readonly limit: number
  /** Rows after the one with this id, in ascending order; from the first when absent. */
  readonly afterId?: number
  /** The last rows before the one with this id, still in ascending order. */
  readonly beforeId?: number
}

/** All that are given have to fit. */
export interface SimFilter {
  readonly accountId?: number
  readonly iccid?: Iccid
  readonly status?: SimStatus
  /** A part of its SID, of a number or of a name, in any letter case. */
  readonly search?: string
  /** Its group at present; null for SIMs in none. */
  readonly groupId?: number | null
  /** A label that it has at present. */
  readonly label?: { readonly key: string; readonly value: string }
  /** UTC seconds: it has used nothing since then. */
  readonly silentSince?: number
}

/** A network on which something was used. */
export interface UsedNetwork {
  readonly plmn: Plmn
  readonly country: CountryCode | null
}

export interface AssignOutcome {
  readonly changed: number
  readonly unchanged: number
}

/** What a registration would come to: its effect, or the `conflict` that it would fail with. */
export type SimPreview =
  | { readonly effect: 'created' | 'updated' | 'unchanged' }
  | { readonly conflict: UsageError }

export interface MoveOutcome {
  /** As it is now. */
  readonly sim: Sim
  readonly fromAccountSid: Sid
  /** UTC seconds. */
  readonly since: number
  /** Events that were counted for the one account, and are for the other now. */
  readonly events: number
}

/** As `UsageStore`. */
export interface FleetStore {
  /**
   * Moves a SIM to another account, whole or not at all. Usage, whenever it comes, is that of the account
   * that had the SIM when it was used; what is counted already from `since` on follows, as it was
   * classified. The SIM's numbers, home set and status move along; its names, callback URLs, group and
   * labels end. Fails with `not_found`; with `invalid` where `since` lies after `at` or before the SIM
   * was registered; and with `conflict` where the SIM is the account's or was erased, has moved at `since`
   * or later, or usage from then on was delivered by an account or by a feed that is bound to another one.
   */
  moveSim(simId: number, move: SimMove, at: number): Promise<MoveOutcome>
  /**
   * As `findSim`, and where the account has no such SIM, one that it had once, by its SID or by the
   * unique name it left with; of several, the one that left last.
   */
  findHeldSim(accountId: number | null, sidOrUniqueName: string): Promise<HeldSim | null>

  /**
   * What `registerSims` would do at this moment, for each registration in their order; one that conflicts
   * counts for nothing in those after it.
   */
  previewSims(accountId: number, registrations: readonly SimRegistration[]): Promise<SimPreview[]>

  /** The group and the labels of SIMs at present, by their ids; every SIM that was asked for is there. */
  simPlaces(simIds: readonly number[]): Promise<Map<number, SimPlace>>

  /** Fails with `conflict` when the SID, or the name within the account, is taken. */
  createGroup(accountId: number, group: NewSimGroup, at: number): Promise<SimGroup>
  /** Fails with `not_found`, and with `conflict` when the name is another group's of the account. */
  updateGroup(groupId: number, changes: SimGroupChanges, at: number): Promise<SimGroup>
  /** By SID, or by unique name within the account. */
  findGroup(accountId: number, sidOrUniqueName: string): Promise<SimGroup | null>
  /** Ascending by id. */
  listGroups(
    filter: { accountId: number; uniqueName?: string },
    page: PageRequest,
  ): Promise<SimGroup[]>
  /**
   * Puts SIMs of one account into groups and labels them, all or none. Each change holds from its instant
   * until the next one of the same SIM: a change that is dated back replaces what came after it, and
   * nothing before it. Usage follows, whenever it comes. Fails with `not_found` where a SIM or a group is
   * not the account's, with `invalid` where `since` lies after `at` or before the SIM came to the account,
   * or a SIM would have too many labels,
   * and with `conflict` where two of the changes are of one SIM, and one group or label, at one instant.
   */
  assignSims(
    accountId: number,
    assignments: readonly SimAssignment[],
    at: number,
  ): Promise<AssignOutcome>
  /**
   * The keys of the labels that an account has given to the SIMs it has now, also of those that have ended; in
   * the order of their bytes.
   */
  listLabelKeys(accountId: number): Promise<string[]>
  /**
   * Answers a question about an account: one member with usage a bucket, in the order of the question,
   * with the names of SIMs, groups and feeds. Sums over any grouping are what `queryUsage` answers. Fails
   * with `invalid` where `readsTooMuch`. What it reads, it reads beside the other questions, but it may
   * take long: see `sourceOf`.
   */
  answerUsage(question: UsageQuestion, page: MemberPage): Promise<UsageMember[]>
  /** The networks and countries on which SIMs of the account, or of all, have used anything. */
  listUsedNetworks(accountId: number | null): Promise<UsedNetwork[]>
}
