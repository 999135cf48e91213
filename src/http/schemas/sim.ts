/** A SIM on the wire, with every field of the original API. Fields that Simtally does not have are null. */
import { type Static, Type } from 'typebox'
import type { Sim } from '../../domain/directory.ts'
import { callbackOf } from '../../domain/sim-callbacks.ts'
import { formatInstant } from '../../domain/time.ts'
import { listSchema, nullableText } from './shapes.ts'

export const simSchema = Type.Object({
  sid: Type.String(),
  unique_name: nullableText,
  account_sid: Type.String(),
  rate_plan_sid: nullableText,
  friendly_name: nullableText,
  iccid: nullableText,
  e_id: nullableText,
  status: Type.String(),
  reset_status: nullableText,
  commands_callback_url: nullableText,
  commands_callback_method: nullableText,
  sms_fallback_method: nullableText,
  sms_fallback_url: nullableText,
  sms_method: nullableText,
  sms_url: nullableText,
  voice_fallback_method: nullableText,
  voice_fallback_url: nullableText,
  voice_method: nullableText,
  voice_url: nullableText,
  date_created: Type.String(),
  date_updated: Type.String(),
  url: Type.String(),
  links: Type.Object({
    data_sessions: Type.String(),
    rate_plan: nullableText,
    usage_records: Type.String(),
  }),
  ip_address: nullableText,
})

export const simsSchema = listSchema('sims', simSchema)

export function simToApi(sim: Sim, baseUrl: string): Static<typeof simSchema> {
  const url = `${baseUrl}/v1/Sims/${sim.sid}`
  const commands = callbackOf(sim.callbacks, 'commandsCallback')
  const sms = callbackOf(sim.callbacks, 'sms')
  const smsFallback = callbackOf(sim.callbacks, 'smsFallback')
  const voice = callbackOf(sim.callbacks, 'voice')
  const voiceFallback = callbackOf(sim.callbacks, 'voiceFallback')
  return {
    sid: sim.sid,
    unique_name: sim.uniqueName,
    account_sid: sim.accountSid,
    rate_plan_sid: null,
    friendly_name: sim.friendlyName,
    iccid: sim.iccid,
    e_id: null,
    status: sim.status,
    reset_status: null,
    commands_callback_url: commands.url,
    commands_callback_method: commands.method,
    sms_fallback_method: smsFallback.method,
    sms_fallback_url: smsFallback.url,
    sms_method: sms.method,
    sms_url: sms.url,
    voice_fallback_method: voiceFallback.method,
    voice_fallback_url: voiceFallback.url,
    voice_method: voice.method,
    voice_url: voice.url,
    date_created: formatInstant(sim.createdAt),
    date_updated: formatInstant(sim.updatedAt),
    url,
    links: {
      data_sessions: `${url}/DataSessions`,
      rate_plan: null,
      usage_records: `${url}/UsageRecords`,
    },
    ip_address: null,
  }
}
