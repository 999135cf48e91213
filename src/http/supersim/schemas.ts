/** The answers of the Super SIM API, with fields in the order of the original. */
import { Type } from 'typebox'
import { bigInteger, listSchema, nullableText } from '../schemas/shapes.ts'

export const superSimUsageRecord = Type.Object({
  period: Type.Object({ start_time: Type.String(), end_time: Type.String() }),
  account_sid: Type.String(),
  data_upload: bigInteger,
  data_download: bigInteger,
  data_total: bigInteger,
  data_total_billed: Type.String(),
  billed_unit: nullableText,
  sim_sid: nullableText,
  fleet_sid: nullableText,
  network_sid: nullableText,
  iso_country: nullableText,
})

export const superSimUsageRecords = listSchema('usage_records', superSimUsageRecord)

export const superSimSchema = Type.Object({
  sid: Type.String(),
  account_sid: Type.String(),
  unique_name: nullableText,
  status: Type.String(),
  fleet_sid: nullableText,
  iccid: nullableText,
  date_created: Type.String(),
  date_updated: Type.String(),
  url: Type.String(),
  links: Type.Object({ billing_periods: Type.String(), sim_ip_addresses: Type.String() }),
})

export const superSimsSchema = listSchema('sims', superSimSchema)

export const fleetSchema = Type.Object({
  account_sid: Type.String(),
  unique_name: nullableText,
  data_enabled: Type.Boolean(),
  data_limit: Type.Integer(),
  data_metering: Type.String(),
  date_created: Type.String(),
  date_updated: Type.String(),
  sms_commands_enabled: Type.Boolean(),
  sms_commands_method: Type.String(),
  sms_commands_url: nullableText,
  ip_commands_method: Type.String(),
  ip_commands_url: nullableText,
  network_access_profile_sid: nullableText,
  sid: Type.String(),
  url: Type.String(),
})

export const fleetsSchema = listSchema('fleets', fleetSchema)

export const networkSchema = Type.Object({
  friendly_name: Type.String(),
  iso_country: nullableText,
  identifiers: Type.Array(Type.Object({ mcc: Type.String(), mnc: Type.String() })),
  sid: Type.String(),
  url: Type.String(),
})

export const networksSchema = listSchema('networks', networkSchema)
