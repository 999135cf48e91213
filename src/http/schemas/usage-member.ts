/** A record of one fleet member's usage. `memberJson` writes these records; tests hold it to this schema. */
import { Type } from 'typebox'
import { type FieldOf, OWN_COUNTERS } from '../../domain/counters.ts'
import { bigInteger, listSchema, nullableText } from './shapes.ts'

const own = OWN_COUNTERS.map(({ field }) => [field, bigInteger])
const ownCounters = Object.fromEntries(own) as Record<FieldOf<null>, typeof bigInteger>

export const usageMemberSchema = Type.Object({
  account_sid: Type.String(),
  sim_sid: nullableText,
  group: nullableText,
  label: nullableText,
  zone: nullableText,
  country_code: nullableText,
  network: nullableText,
  feed: nullableText,
  period: Type.Object({ start: Type.String(), end: Type.String() }),
  data: Type.Object({
    total: bigInteger,
    download: bigInteger,
    upload: bigInteger,
    units: Type.String(),
  }),
  commands: Type.Object({ total: bigInteger, to_sim: bigInteger, from_sim: bigInteger }),
  ...ownCounters,
})

export const usageMembersSchema = listSchema('usage', usageMemberSchema)
