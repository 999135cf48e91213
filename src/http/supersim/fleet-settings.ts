/**
 * What the Super SIM API keeps with a fleet. It is stored with the group and returned, but nothing here
 * switches, limits or calls anything because of it.
 */
import { createHash } from 'node:crypto'
import { type Static, Type } from 'typebox'
import { parseCallbackMethod, parseCallbackUrl } from '../../domain/sim-callbacks.ts'
import type { GroupSettings, SimGroup } from '../../domain/sim-group.ts'
import { formatInstant } from '../../domain/time.ts'
import { pageParameters } from '../list-page.ts'
import { accountSidParameter } from '../sim-lookup.ts'
import { callbackMethod, callbackUrl, uniqueNameParameter } from '../sim-parameters.ts'
import { parameter } from '../validation.ts'
import { superSimUrl } from './address.ts'
import type { fleetSchema } from './schemas.ts'

/** In megabytes per SIM and month, the bound of the original. */
const DATA_LIMIT_MAX = 2_000_000
const DATA_LIMIT_DEFAULT = 1_000

const PROFILE_CHARACTERS_MAX = 64

const profile = parameter(
  'NetworkAccessProfile',
  `expected a SID (HA…) or a unique name of at most ${PROFILE_CHARACTERS_MAX} characters`,
  (text) => text.length <= PROFILE_CHARACTERS_MAX,
)

const flag = (name: string) =>
  Type.Optional(parameter(name, 'expected true or false', (text) => /^(true|false)$/i.test(text)))

const changeable = {
  UniqueName: Type.Optional(uniqueNameParameter),
  NetworkAccessProfile: Type.Optional(profile),
  DataLimit: Type.Optional(
    parameter(
      'DataLimit',
      `expected megabytes, from 1 to ${DATA_LIMIT_MAX}; kept, and holds nothing back`,
      (text) => /^\d{1,7}$/.test(text) && Number(text) >= 1 && Number(text) <= DATA_LIMIT_MAX,
    ),
  ),
  IpCommandsUrl: callbackUrl('IpCommandsUrl'),
  IpCommandsMethod: callbackMethod('IpCommandsMethod'),
  SmsCommandsUrl: callbackUrl('SmsCommandsUrl'),
  SmsCommandsMethod: callbackMethod('SmsCommandsMethod'),
}

export const fleetCreateBody = Type.Object({
  ...accountSidParameter,
  ...changeable,
  DataEnabled: flag('DataEnabled'),
  SmsCommandsEnabled: flag('SmsCommandsEnabled'),
})

const SET_AT_FIRST = 'this is said when a fleet is made, and stays'

export const fleetUpdateBody = Type.Object(changeable, {
  refused: { DataEnabled: SET_AT_FIRST, SmsCommandsEnabled: SET_AT_FIRST },
})

export const fleetListQuery = Type.Object({
  ...accountSidParameter,
  NetworkAccessProfile: Type.Optional(profile),
  ...pageParameters,
})

/** From a body that one of the schemas accepted: its content, under the names that answers use. */
export function settingsFromApi(
  body: Static<typeof fleetCreateBody> | Static<typeof fleetUpdateBody>,
): GroupSettings {
  const given: Partial<Static<typeof fleetCreateBody>> = body
  const settings: Record<string, GroupSettings[string]> = {}
  if (given.NetworkAccessProfile) settings.network_access_profile = given.NetworkAccessProfile
  if (given.DataLimit) settings.data_limit = Number(given.DataLimit)
  if (given.DataEnabled) settings.data_enabled = isTrue(given.DataEnabled)
  if (given.SmsCommandsEnabled) settings.sms_commands_enabled = isTrue(given.SmsCommandsEnabled)
  for (const kind of ['Ip', 'Sms'] as const) {
    const [givenUrl, givenMethod] = [given[`${kind}CommandsUrl`], given[`${kind}CommandsMethod`]]
    const name = `${kind.toLowerCase()}_commands`
    if (givenUrl !== undefined) {
      settings[`${name}_url`] = parseCallbackUrl(`${kind}CommandsUrl`, givenUrl)
    }
    if (givenMethod !== undefined) {
      settings[`${name}_method`] = parseCallbackMethod(`${kind}CommandsMethod`, givenMethod)
    }
  }
  return settings
}

function isTrue(text: string): boolean {
  return text.toLowerCase() === 'true'
}

/** A group made elsewhere shows the original's defaults. */
export function fleetToApi(fleet: SimGroup, baseUrl: string): Static<typeof fleetSchema> {
  const { settings } = fleet
  return {
    account_sid: fleet.accountSid,
    unique_name: fleet.uniqueName,
    data_enabled: settings.data_enabled !== false,
    data_limit: Number(settings.data_limit ?? DATA_LIMIT_DEFAULT),
    data_metering: 'payg',
    date_created: formatInstant(fleet.createdAt),
    date_updated: formatInstant(fleet.updatedAt),
    sms_commands_enabled: settings.sms_commands_enabled !== false,
    sms_commands_method: String(settings.sms_commands_method ?? 'POST'),
    sms_commands_url: textOrNull(settings.sms_commands_url),
    ip_commands_method: String(settings.ip_commands_method ?? 'POST'),
    ip_commands_url: textOrNull(settings.ip_commands_url),
    network_access_profile_sid: profileSidOf(fleet),
    sid: fleet.sid,
    url: `${superSimUrl(baseUrl)}/v1/Fleets/${fleet.sid}`,
  }
}

function textOrNull(setting: GroupSettings[string] | undefined): string | null {
  return typeof setting === 'string' && setting !== '' ? setting : null
}

/** The SID of a fleet's profile, which was given by its SID or its name; null without one. */
export function profileSidOf({ settings }: Pick<SimGroup, 'settings'>): string | null {
  const given = textOrNull(settings.network_access_profile)
  return given === null ? null : sidOfProfile(given)
}

/**
 * Simtally has no network access profiles. A profile given by name gets a SID derived from the name, so that
 * either finds the fleets that share it.
 */
export function sidOfProfile(sidOrName: string): string {
  if (/^HA[0-9a-fA-F]{32}$/.test(sidOrName)) return sidOrName
  return `HA${createHash('sha256').update(sidOrName).digest('hex').slice(0, 32)}`
}
