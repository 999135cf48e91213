/**
 * A usage record on the wire. The key order is that of the original API. `usageRecordJson` writes these
 * records; tests hold it to this schema.
 */
import { Type } from 'typebox'
import { bigInteger, listSchema, nullable } from './shapes.ts'

const commandCounts = { total: bigInteger, to_sim: bigInteger, from_sim: bigInteger }
const dataCounts = {
  total: bigInteger,
  download: bigInteger,
  upload: bigInteger,
  units: Type.String(),
}
const country = { country_code: Type.String() }

const commandUsage = Type.Object({
  ...commandCounts,
  home: nullable(Type.Object(commandCounts)),
  national_roaming: nullable(Type.Object(commandCounts)),
  international_roaming: Type.Array(Type.Object({ ...country, ...commandCounts })),
})

const dataUsage = Type.Object({
  ...dataCounts,
  home: nullable(Type.Object(dataCounts)),
  national_roaming: nullable(Type.Object(dataCounts)),
  international_roaming: Type.Array(Type.Object({ ...country, ...dataCounts })),
})

const period = Type.Object({ start: Type.String(), end: Type.String() })

const usage = { period, commands: commandUsage, data: dataUsage }

export const accountUsageRecord = Type.Object({ account_sid: Type.String(), ...usage })
export const simUsageRecord = Type.Object({
  account_sid: Type.String(),
  sim_sid: Type.String(),
  ...usage,
})

export const accountUsageRecords = listSchema('usage_records', accountUsageRecord)
export const simUsageRecords = listSchema('usage_records', simUsageRecord)
