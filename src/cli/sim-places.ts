/** The groups and labels of a list of SIMs: checked before a SIM is registered, given once all are. */
import type { Account, Sim } from '../domain/directory.ts'
import { requirePast } from '../domain/question-text.ts'
import type { SimAssignment } from '../domain/sim-group.ts'
import { invalidField, UsageError } from '../domain/usage-error.ts'
import type { SimList, SimListEntry, SimListFault } from '../ingest/sim-list.ts'
import type { AssignOutcome, UsageStore } from '../storage/usage-store.ts'

/** Ids by the names that the list uses, null for a group that there is not. */
export type GroupIds = ReadonlyMap<string, number | null>

export async function groupsOf(
  store: Pick<UsageStore, 'findGroup'>,
  { id }: Account,
  entries: readonly SimListEntry[],
): Promise<GroupIds> {
  const names = new Set(entries.flatMap(({ place }) => place?.group ?? []))
  const ids = new Map<string, number | null>()
  for (const name of names) ids.set(name, (await store.findGroup(id, name))?.id ?? null)
  return ids
}

/** What is wrong with groups and instants, in the order of the lines. */
export function placeFaults(
  entries: readonly SimListEntry[],
  groups: GroupIds,
  nowSeconds: number,
): SimListFault[] {
  return entries.flatMap(({ line, place }) => {
    const { group, since } = place ?? {}
    const faults: UsageError[] = []
    if (group !== undefined && groups.get(group) === null) {
      const rule = 'there is no such group; simtally group create makes it'
      faults.push(invalidField('group', group, rule))
    }
    if (since !== undefined) {
      try {
        requirePast('since', since, nowSeconds)
      } catch (error) {
        if (!(error instanceof UsageError)) throw error
        faults.push(error)
      }
    }
    return faults.map(({ message }) => ({ line, message }))
  })
}

export interface ListedSims {
  readonly file: string
  readonly simList: SimList
  readonly groups: GroupIds
  /** As registered, one an entry. */
  readonly sims: readonly Sim[]
  /** UTC seconds: now. */
  readonly at: number
}

/** Null where the list says nothing of groups and labels. */
export async function assignListed(
  store: Pick<UsageStore, 'assignSims'>,
  account: Account,
  { file, simList, groups, sims, at }: ListedSims,
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
      if (other !== undefined) throw twiceAtOnce(`${file} line ${line}`, part, other)
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
    throw new UsageError(code, `${file}: ${message}`, { hint: REGISTERED_ONLY, cause: error })
  })
}

const REGISTERED_ONLY = 'the SIMs of the list are registered; no group and no label has changed'

function twiceAtOnce(where: string, part: string, other: number): UsageError {
  return new UsageError(
    'conflict',
    `${where}: the ${part} of this SIM changes at the same instant in line ${other}`,
    { hint: REGISTERED_ONLY },
  )
}
