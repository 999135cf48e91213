/** The group into which a request puts a SIM, and the labels that it gives it. */
import { type Static, Type } from 'typebox'
import type { Sim, SimChanges } from '../domain/directory.ts'
import { parseLabelChanges, requirePast, sinceOfNothing } from '../domain/question-text.ts'
import type { SimAssignment } from '../domain/sim-group.ts'
import { invalidField } from '../domain/usage-error.ts'
import type { UsageStore } from '../storage/usage-store.ts'
import { groupIdOf } from './question-page.ts'
import { INSTANT_RULE, readInstant } from './usage-page.ts'
import { parameter, repeatableParameter } from './validation.ts'

export const assignmentParameters = {
  Group: Type.Optional(
    Type.String({
      description: 'the group it is in from Since on, by SID or unique name; empty for none',
    }),
  ),
  Label: Type.Optional(
    repeatableParameter(
      'Label',
      'key=value from Since on, several repeated; key= ends it',
      (text) => parseLabelChanges('Label', [text]),
    ),
  ),
  Since: Type.Optional(parameter('Since', INSTANT_RULE, (text) => readInstant(text) !== null)),
}

const assignmentBody = Type.Object(assignmentParameters)

/**
 * From a body that `assignmentParameters` accepted; null if it names neither. Throws `invalid` for a group
 * that the SIM's account does not have, and for a future instant.
 */
export async function assignmentFromApi(
  store: Pick<UsageStore, 'findGroup'>,
  sim: Sim,
  { Group, Label, Since }: Static<typeof assignmentBody>,
  nowSeconds: number,
): Promise<SimAssignment | null> {
  const texts = [Label ?? []].flat().filter((text) => text !== '')
  const labels = parseLabelChanges('Label', texts)
  const since = Since ? readInstant(Since)! : undefined
  if (since !== undefined) requirePast('Since', since, nowSeconds)
  if (Group === undefined && texts.length === 0) {
    if (since === undefined) return null
    throw sinceOfNothing('Since', 'Group or Label')
  }
  return {
    simId: sim.id,
    ...(Group !== undefined && {
      groupId: Group === '' ? null : await groupIdOf(store, sim.accountId, Group),
    }),
    ...(texts.length > 0 && { labels }),
    ...(since !== undefined && { since }),
  }
}

/** Throws `invalid` if another SIM has the name, before the request changes anything. */
export async function requireFreeName(
  store: Pick<UsageStore, 'findSim'>,
  { id, accountId }: Pick<Sim, 'id' | 'accountId'>,
  { uniqueName }: SimChanges,
): Promise<void> {
  if (!uniqueName) return
  const other = await store.findSim(accountId, uniqueName)
  if (other === null || other.id === id) return
  throw invalidField('UniqueName', uniqueName, 'another SIM has this name')
}
