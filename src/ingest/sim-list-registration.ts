/**
 * Registers a list of SIMs with their groups and labels, or tells what it would do. Groups and instants
 * are checked before any SIM is registered; groups and labels are assigned once all are.
 */
import type { Account, Sim } from '../domain/directory.ts'
import { requirePast } from '../domain/question-text.ts'
import { newSid } from '../domain/secret.ts'
import type { SimAssignment } from '../domain/sim-group.ts'
import { invalidField, UsageError } from '../domain/usage-error.ts'
import type { AssignOutcome, RegisterOutcome, UsageStore } from '../storage/usage-store.ts'
import type { SimList, SimListEntry, SimListFault } from './sim-list.ts'

export interface ListGiven {
  readonly store: Pick<UsageStore, 'findGroup' | 'previewSims' | 'registerSims' | 'assignSims'>
  readonly account: Account
  readonly simList: SimList
  /** UTC seconds: now. */
  readonly at: number
  /** The list's name in messages; null if they need not name it. */
  readonly name: string | null
}

export interface ListOutcome extends Omit<RegisterOutcome, 'sims'> {
  /** Null if the list says nothing about groups and labels. */
  readonly assigned: AssignOutcome | null
}

/** Registers nothing if there are faults, which are returned in the order of their lines. */
export async function registerSimList(
  given: ListGiven,
): Promise<{ readonly faults: readonly SimListFault[] } | { readonly outcome: ListOutcome }> {
  const { store, account, simList, at } = given
  if (simList.faults.length > 0) return { faults: simList.faults }
  const groups = await groupsOf(given)
  const faults = placeFaults(given, groups)
  if (faults.length > 0) return { faults }
  const registrations = simList.entries.map(({ registration }) => registration)
  const { sims, ...counts } = await store
    .registerSims(account.id, registrations, { at, newSid: () => newSid('DE') })
    .catch((error: unknown) => throwWithLine(given, error))
  return { outcome: { ...counts, assigned: await assignListed(given, groups, sims) } }
}

export interface ListPreview {
  /** The lines without a fault, in order. */
  readonly lines: readonly {
    readonly entry: SimListEntry
    readonly effect: 'created' | 'updated' | 'unchanged'
  }[]
  /** In the order of their lines. */
  readonly faults: readonly SimListFault[]
}

/**
 * What `registerSimList` would do now, line by line. It does not notice when two lines name one SIM by
 * different names and change the same group or label at one instant.
 */
export async function previewSimList(given: ListGiven): Promise<ListPreview> {
  const { store, account, simList } = given
  const { entries } = simList
  const placed = placeFaults(given, await groupsOf(given))
  const previews = await store.previewSims(
    account.id,
    entries.map(({ registration }) => registration),
  )
  const conflicts = entries.flatMap(({ line }, index) => {
    const preview = previews[index]!
    if ('effect' in preview) return []
    return [{ line, message: withoutPosition(preview.conflict).message }]
  })
  const faults = [...simList.faults, ...placed, ...conflicts].toSorted((a, b) => a.line - b.line)
  const faulty = new Set(faults.map(({ line }) => line))
  const lines = entries.flatMap((entry, index) => {
    const preview = previews[index]!
    return 'effect' in preview && !faulty.has(entry.line) ? [{ entry, effect: preview.effect }] : []
  })
  return { lines, faults }
}

/** Ids by the names that the list uses; null for a group that does not exist. */
type GroupIds = ReadonlyMap<string, number | null>

async function groupsOf({ store, account, simList }: ListGiven): Promise<GroupIds> {
  const names = new Set(simList.entries.flatMap(({ place }) => place?.group ?? []))
  const ids = new Map<string, number | null>()
  for (const name of names) ids.set(name, (await store.findGroup(account.id, name))?.id ?? null)
  return ids
}

/** What is wrong with groups and instants, in the order of the lines. */
function placeFaults({ simList, at }: ListGiven, groups: GroupIds): SimListFault[] {
  return simList.entries.flatMap(({ line, place }) => {
    const { group, since } = place ?? {}
    const faults: UsageError[] = []
    if (group !== undefined && groups.get(group) === null) {
      const rule = 'there is no such group; simtally group create makes it'
      faults.push(invalidField('group', group, rule))
    }
    if (since !== undefined) {
      try {
        requirePast('since', since, at)
      } catch (error) {
        if (!(error instanceof UsageError)) throw error
        faults.push(error)
      }
    }
    return faults.map(({ message }) => ({ line, message }))
  })
}

async function assignListed(
  { store, account, simList, at, name }: ListGiven,
  groups: GroupIds,
  sims: readonly Sim[],
): Promise<AssignOutcome | null> {
  const assignments: SimAssignment[] = []
  const lineOf = new Map<string, number>()
  for (const [i, { line, place }] of simList.entries.entries()) {
    if (place === undefined) continue
    const { group, labels, since } = place
    const simId = sims[i]!.id
    const parts = [
      ...(group === undefined ? [] : ['group']),
      ...Object.keys(labels ?? {}).map((key) => `label ${key}`),
    ]
    for (const part of parts) {
      const key = `${simId} ${since ?? ''} ${part}`
      const other = lineOf.get(key)
      if (other !== undefined) throw twiceAtOnce(lineNamed(name, line), part, other)
      lineOf.set(key, line)
    }
    assignments.push({
      simId,
      ...(group !== undefined && { groupId: groups.get(group)! }),
      ...(labels !== undefined && { labels }),
      ...(since !== undefined && { since }),
    })
  }
  if (assignments.length === 0) return null
  return store.assignSims(account.id, assignments, at).catch((error: unknown) => {
    if (!(error instanceof UsageError)) throw error
    const { code, message } = error
    const named = name === null ? message : `${name}: ${message}`
    throw new UsageError(code, named, { hint: REGISTERED_ONLY, cause: error })
  })
}

/** In the form in which a person looks for it. */
export function lineNamed(name: string | null, line: number): string {
  return name === null ? `line ${line}` : `${name} line ${line}`
}

const REGISTERED_ONLY = 'the SIMs of the list are registered; no group and no label has changed'

function twiceAtOnce(where: string, part: string, other: number): UsageError {
  return new UsageError(
    'conflict',
    `${where}: the ${part} of this SIM changes at the same instant in line ${other}`,
    { hint: REGISTERED_ONLY },
  )
}

/** The store gives the SIM's position in the list, but a person looks for a line. */
function throwWithLine({ simList, name }: ListGiven, error: unknown): never {
  if (!(error instanceof UsageError)) throw error
  const { position, message } = withoutPosition(error)
  const entry = position === null ? undefined : simList.entries[position]
  if (entry === undefined) throw error
  throw new UsageError(error.code, `${lineNamed(name, entry.line)}: ${message}`, {
    hint: 'no SIM of the list was registered',
    cause: error,
  })
}

/** `2.iccid "8901…"` is about the third registration. */
function withoutPosition({ field, message }: UsageError): {
  readonly position: number | null
  readonly message: string
} {
  const found = /^(\d+)\.(\w+)$/.exec(field ?? '')
  if (found === null) return { position: null, message }
  return {
    position: Number(found[1]),
    message: found[2] + message.slice(found[0].length),
  }
}
