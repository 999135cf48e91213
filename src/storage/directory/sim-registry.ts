/**
 * Registers and changes SIMs, by a rule over the existing ones. An engine loads every SIM that holds a
 * value it is asked about, lets the registry decide, and writes what the registry says.
 */
import type { Account, Sim, SimChanges, SimRegistration } from '../../domain/directory.ts'
import { maskIdentifier, type Sid } from '../../domain/identifiers.ts'
import { changedCallbacks } from '../../domain/sim-callbacks.ts'
import { shown, UsageError } from '../../domain/usage-error.ts'

/** The registrations' values that at most one SIM may hold, for the engine to look up. */
export interface NamedValues {
  readonly sids: readonly string[]
  readonly iccids: readonly string[]
  readonly imsis: readonly string[]
  readonly msisdns: readonly string[]
  /** Within the account. */
  readonly uniqueNames: readonly string[]
}

export function valuesNamedBy(registrations: readonly SimRegistration[]): NamedValues {
  const distinct = (of: (registration: SimRegistration) => readonly (string | undefined)[]) => [
    ...new Set(registrations.flatMap(of).filter((value) => value !== undefined && value !== '')),
  ]
  return {
    sids: distinct(({ sid }) => [sid]) as string[],
    iccids: distinct(({ iccid }) => [iccid]) as string[],
    imsis: distinct(({ imsis }) => imsis ?? []) as string[],
    msisdns: distinct(({ msisdn }) => [msisdn]) as string[],
    uniqueNames: distinct(({ uniqueName }) => [uniqueName]) as string[],
  }
}

type Owner = Pick<Account, 'id' | 'sid'>

/** A SIM as it will be written. Its `id` is null until the engine has inserted it. */
export interface SimDraft extends Omit<Sim, 'id'> {
  readonly id: number | null
}

export type RegistrationEffect = 'created' | 'updated' | 'unchanged'

interface Entry {
  sim: SimDraft
  /** As stored; null for a new SIM. */
  readonly stored: Sim | null
}

/** What to write for one SIM. */
export interface SimWrite {
  readonly draft: SimDraft
  /** IMSIs that are not stored yet, and the position of the first of them. */
  readonly newImsis: readonly string[]
  readonly firstPosition: number
}

/** The kinds of value, in the order in which collisions are checked. */
const HELD = ['sid', 'iccid', 'msisdn', 'unique_name', 'imsi'] as const
type HeldKind = (typeof HELD)[number]

export class SimRegistry {
  readonly #entries: Entry[] = []
  readonly #holders: Readonly<Record<HeldKind, Map<string, Entry>>> = {
    sid: new Map(),
    iccid: new Map(),
    msisdn: new Map(),
    unique_name: new Map(),
    imsi: new Map(),
  }
  readonly #results: Entry[] = []

  constructor(stored: readonly Sim[]) {
    for (const sim of stored) this.#add({ sim, stored: sim })
  }

  /**
   * Does what `UsageStore.registerSims` says for one registration of a list, at position `index`. Throws
   * `conflict`.
   */
  register(
    owner: Owner,
    registration: SimRegistration,
    given: { at: number; sid: Sid; index: number | null },
  ): RegistrationEffect {
    const known = this.#findRegistered(owner.id, registration)
    if (known !== null) return this.#update(known, registration, given)
    this.create(owner, registration, given)
    return 'created'
  }

  /** Adds a SIM. Throws `conflict` if another SIM holds one of its values. */
  create(
    owner: Owner,
    registration: SimRegistration,
    { at, sid, index }: { at: number; sid: Sid; index: number | null },
  ): void {
    const { iccid, imsis = [], msisdn, uniqueName, friendlyName, status, home } = registration
    const sim: SimDraft = {
      id: null,
      sid: registration.sid ?? sid,
      accountId: owner.id,
      accountSid: owner.sid,
      iccid: iccid ?? null,
      imsis: [...new Set(imsis)],
      msisdn: msisdn ?? null,
      uniqueName: uniqueName || null,
      friendlyName: friendlyName || null,
      status: status ?? 'active',
      home: { plmns: home?.plmns ?? [], countries: home?.countries ?? [] },
      callbacks: {},
      createdAt: at,
      updatedAt: at,
    }
    this.#refuseTaken(sim, null, index)
    this.#results.push(this.#add({ sim, stored: null }))
  }

  /** Changes a stored SIM. Throws `conflict` if its new unique name is taken. */
  change(sim: Sim, changes: SimChanges, at: number): void {
    const { uniqueName, friendlyName, status, callbacks = {} } = changes
    const entry = this.#holders.sid.get(sim.sid)!
    this.#replace(
      entry,
      {
        ...sim,
        uniqueName: uniqueName === undefined ? sim.uniqueName : uniqueName || null,
        friendlyName: friendlyName === undefined ? sim.friendlyName : friendlyName || null,
        status: status ?? sim.status,
        callbacks: changedCallbacks(sim.callbacks, callbacks),
      },
      { at, index: null },
    )
    this.#results.push(entry)
  }

  /** What is not stored yet; new SIMs in order of registration. */
  writes(): SimWrite[] {
    return this.#entries.flatMap(({ sim, stored }) => {
      if (stored !== null && sameSim(stored, sim)) return []
      const known = stored?.imsis ?? []
      return [{ draft: sim, newImsis: sim.imsis.slice(known.length), firstPosition: known.length }]
    })
  }

  /** The SIM of each registration, in order. `idOf` gives the ids of new ones. */
  sims(idOf: (sid: Sid) => number): Sim[] {
    return this.#results.map(({ sim }) => ({ ...sim, id: sim.id ?? idOf(sim.sid) }))
  }

  #findRegistered(accountId: number, { sid, iccid, imsis = [] }: SimRegistration): Entry | null {
    const named = [
      sid === undefined ? undefined : this.#holders.sid.get(sid),
      iccid === undefined ? undefined : this.#holders.iccid.get(iccid),
      ...imsis.map((imsi) => this.#holders.imsi.get(imsi)),
    ]
    return named.find((entry) => entry?.sim.accountId === accountId) ?? null
  }

  #update(
    entry: Entry,
    registration: SimRegistration,
    { at, index }: { at: number; index: number | null },
  ): RegistrationEffect {
    const known = entry.sim
    if (registration.sid !== undefined && registration.sid !== known.sid) {
      const rule = `the SIM with this ICCID or IMSI is registered as ${known.sid}`
      throw taken(fieldAt(index, 'sid'), registration.sid, rule)
    }
    const changed: SimDraft = {
      ...known,
      iccid: registration.iccid ?? known.iccid,
      imsis: [...new Set([...known.imsis, ...(registration.imsis ?? [])])],
      msisdn: registration.msisdn ?? known.msisdn,
      uniqueName: registration.uniqueName || known.uniqueName,
      friendlyName: registration.friendlyName || known.friendlyName,
      status: registration.status ?? known.status,
      home: {
        plmns: registration.home?.plmns ?? known.home.plmns,
        countries: registration.home?.countries ?? known.home.countries,
      },
    }
    const isChanged = this.#replace(entry, changed, { at, index })
    this.#results.push(entry)
    return isChanged ? 'updated' : 'unchanged'
  }

  #replace(
    entry: Entry,
    changed: SimDraft,
    { at, index }: { at: number; index: number | null },
  ): boolean {
    this.#refuseTaken(changed, entry, index)
    if (sameSim(entry.sim, changed)) return false
    for (const [kind, value] of heldBy(entry.sim)) this.#holders[kind].delete(value)
    entry.sim = { ...changed, updatedAt: at }
    for (const [kind, value] of heldBy(entry.sim)) this.#holders[kind].set(value, entry)
    return true
  }

  #refuseTaken(sim: SimDraft, own: Entry | null, index: number | null): void {
    for (const [kind, value] of heldBy(sim)) {
      const holder = this.#holders[kind].get(value)
      if (holder === undefined || holder === own) continue
      const told = kind === 'unique_name' ? sim.uniqueName! : value
      throw taken(fieldAt(index, kind), told, 'another SIM is registered with it')
    }
  }

  #add(entry: Entry): Entry {
    this.#entries.push(entry)
    for (const [kind, value] of heldBy(entry.sim)) this.#holders[kind].set(value, entry)
    return entry
  }
}

function heldBy(sim: SimDraft): [HeldKind, string][] {
  const held: Readonly<Record<HeldKind, readonly (string | null)[]>> = {
    sid: [sim.sid],
    iccid: [sim.iccid],
    msisdn: [sim.msisdn],
    // Other accounts may use the same one.
    unique_name: [sim.uniqueName === null ? null : `${sim.accountId} ${sim.uniqueName}`],
    imsi: sim.imsis,
  }
  return HELD.flatMap((kind) =>
    held[kind].flatMap((value): [HeldKind, string][] => (value === null ? [] : [[kind, value]])),
  )
}

/** The columns that may change. */
export const CHANGING_COLUMNS = [
  'iccid',
  'msisdn',
  'unique_name',
  'friendly_name',
  'status',
  'home_plmns',
  'home_countries',
  'callbacks',
] as const

/** Values of `CHANGING_COLUMNS`. */
export function changingColumns({ home, callbacks, ...sim }: SimDraft) {
  return [
    sim.iccid,
    sim.msisdn,
    sim.uniqueName,
    sim.friendlyName,
    sim.status,
    home.plmns.join(' '),
    home.countries.join(' '),
    JSON.stringify(callbacks),
  ] as const
}

function sameSim(a: SimDraft, b: SimDraft): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function fieldAt(index: number | null, field: string): string {
  return index === null ? field : `${index}.${field}`
}

/** Numbers that identify a person's SIM are not repeated in messages, because messages end up in logs. */
const MASKED_FIELD = /(^|\.)(iccid|imsi|msisdn)$/

/** The `conflict` for a feed name that is in use. */
export function feedNameTaken(name: string): UsageError {
  return taken('feed', name, 'a feed with this name exists already')
}

export function taken(field: string, value: string, rule: string): UsageError {
  const told = shown(MASKED_FIELD.test(field) ? maskIdentifier(value) : value)
  return new UsageError('conflict', `${field} ${told}: ${rule}`, { field, value })
}
