/** The part of the port about fleets: groups, labels, and questions about many SIMs. */
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

/** A page continues after the last row of the previous one, so rows added meanwhile shift nothing. */
export interface PageRequest {
  readonly limit: number
  /** Rows after the one with this id, in ascending order; from the first if absent. */
  readonly afterId?: number
  /** The last rows before the one with this id, still in ascending order. */
  readonly beforeId?: number
}

/** All given conditions must match. */
export interface SimFilter {
  readonly accountId?: number
  readonly iccid?: Iccid
  readonly status?: SimStatus
  /** Part of its SID, of a number or of a name, in any letter case. */
  readonly search?: string
  /** Its group at present; null for SIMs in none. */
  readonly groupId?: number | null
  /** A label that it has at present. */
  readonly label?: { readonly key: string; readonly value: string }
  /** UTC seconds; matches if it has used nothing since. */
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

/** What a registration would do: its effect, or the `conflict` that it would fail with. */
export type SimPreview =
  | { readonly effect: 'created' | 'updated' | 'unchanged' }
  | { readonly conflict: UsageError }

export interface MoveOutcome {
  /** As it is now. */
  readonly sim: Sim
  readonly fromAccountSid: Sid
  /** UTC seconds. */
  readonly since: number
  /** Events that counted for the one account and now count for the other. */
  readonly events: number
}

/** As `UsageStore`. */
export interface FleetStore {
  /**
   * Moves a SIM to another account, whole or not at all. Usage, whenever it comes, belongs to the account
   * that had the SIM when it was used. What is already counted from `since` on follows, keeping its
   * classification. The SIM's numbers, home set and status move along; its names, callback URLs, group
   * and labels end. Fails with `not_found`; with `invalid` if `since` lies after `at` or before the SIM
   * was registered; and with `conflict` if the account already has the SIM, if it was erased or has moved
   * at `since` or later, or if usage from then on was delivered by an account or by a feed bound to
   * another one.
   */
  moveSim(simId: number, move: SimMove, at: number): Promise<MoveOutcome>
  /**
   * As `findSim`. If the account has no such SIM, finds one that it had once, by its SID or by the unique
   * name it left with; of several, the one that left last.
   */
  findHeldSim(accountId: number | null, sidOrUniqueName: string): Promise<HeldSim | null>

  /**
   * What `registerSims` would do now, for each registration in order. One that conflicts does not affect
   * those after it.
   */
  previewSims(accountId: number, registrations: readonly SimRegistration[]): Promise<SimPreview[]>

  /** The present group and labels of SIMs, by id. Every SIM asked for is in the map. */
  simPlaces(simIds: readonly number[]): Promise<Map<number, SimPlace>>

  /** Fails with `conflict` if the SID, or the name within the account, is taken. */
  createGroup(accountId: number, group: NewSimGroup, at: number): Promise<SimGroup>
  /** Fails with `not_found`, and with `conflict` if another group of the account has the name. */
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
   * until the SIM's next change. A backdated change replaces what came after it, and nothing before it.
   * Usage follows, whenever it comes. Fails with `not_found` if a SIM or a group is not the account's;
   * with `invalid` if `since` lies after `at` or before the SIM came to the account, or if a SIM would
   * have too many labels; and with `conflict` if two changes set the same SIM's group, or the same label
   * of it, at one instant.
   */
  assignSims(
    accountId: number,
    assignments: readonly SimAssignment[],
    at: number,
  ): Promise<AssignOutcome>
  /**
   * The keys of the labels that an account has given to its present SIMs, including labels that have
   * ended, ordered by bytes.
   */
  listLabelKeys(accountId: number): Promise<string[]>
  /**
   * Answers a question about an account: one member with usage per bucket, in the question's order, with
   * the names of SIMs, groups and feeds. Sums over any grouping equal those of `queryUsage`. Fails with
   * `invalid` if `readsTooMuch`. It reads beside other questions, but may take long: see `sourceOf`.
   */
  answerUsage(question: UsageQuestion, page: MemberPage): Promise<UsageMember[]>
  /** The networks and countries in which SIMs of the account, or of all accounts, have used anything. */
  listUsedNetworks(accountId: number | null): Promise<UsedNetwork[]>
}
