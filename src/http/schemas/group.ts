/** A group of SIMs on the wire, and a SIM's membership. */
import { type Static, Type } from 'typebox'
import type { Sim } from '../../domain/directory.ts'
import type { SimGroup, SimPlace } from '../../domain/sim-group.ts'
import { formatInstant } from '../../domain/time.ts'
import { listSchema, nullableText } from './shapes.ts'

export const groupSchema = Type.Object({
  sid: Type.String(),
  unique_name: nullableText,
  account_sid: Type.String(),
  date_created: Type.String(),
  date_updated: Type.String(),
  url: Type.String(),
  links: Type.Object({ sims: Type.String(), usage: Type.String() }),
})

export const groupsSchema = listSchema('groups', groupSchema)

export function groupToApi(group: SimGroup, baseUrl: string): Static<typeof groupSchema> {
  const { sid, uniqueName, accountSid, createdAt, updatedAt } = group
  return {
    sid,
    unique_name: uniqueName,
    account_sid: accountSid,
    date_created: formatInstant(createdAt),
    date_updated: formatInstant(updatedAt),
    url: `${baseUrl}/v1/Groups/${sid}`,
    links: {
      sims: `${baseUrl}/v1/Sims?Group=${sid}`,
      usage: `${baseUrl}/v1/Usage?Group=${sid}`,
    },
  }
}

export const membershipSchema = Type.Object({
  account_sid: Type.String(),
  sim_sid: Type.String(),
  group_sid: nullableText,
  group: nullableText,
  labels: Type.Record(Type.String(), Type.String()),
  url: Type.String(),
})

export function membershipToApi(
  { accountSid, sid }: Sim,
  { group, labels }: SimPlace,
  baseUrl: string,
): Static<typeof membershipSchema> {
  return {
    account_sid: accountSid,
    sim_sid: sid,
    group_sid: group?.sid ?? null,
    group: group === null ? null : (group.uniqueName ?? group.sid),
    labels: { ...labels },
    url: `${baseUrl}/v1/Sims/${sid}/Membership`,
  }
}
