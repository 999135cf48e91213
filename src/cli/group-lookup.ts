/** Finds the groups that a person names. */
import type { Account } from '../domain/directory.ts'
import type { SimGroup } from '../domain/sim-group.ts'
import { shown, UsageError } from '../domain/usage-error.ts'
import type { UsageStore } from '../storage/usage-store.ts'

type GroupStore = Pick<UsageStore, 'findGroup' | 'listAccounts'>

/** By SID or unique name, within the account or in all of them. Throws `not_found` if there is none. */
export async function groupsNamed(
  store: GroupStore,
  name: string,
  account: Account | null,
): Promise<readonly SimGroup[]> {
  const accounts = account === null ? await store.listAccounts() : [account]
  const found: SimGroup[] = []
  for (const { id } of accounts) {
    const group = await store.findGroup(id, name)
    if (group !== null) found.push(group)
  }
  if (found.length > 0) return found
  throw new UsageError('not_found', `there is no group ${shown(name)}`, {
    hint: 'simtally group list shows the existing ones, simtally group create makes one',
  })
}

/**
 * As `groupsNamed`, for exactly one group. Throws `invalid` if several accounts have a group of this name.
 */
export async function groupNamed(
  store: GroupStore,
  name: string,
  account: Account | null,
): Promise<SimGroup> {
  const [group, ...others] = await groupsNamed(store, name, account)
  if (others.length === 0) return group!
  throw new UsageError('invalid', `several accounts have a group ${shown(name)}`, {
    hint: 'name the account with --account',
  })
}
