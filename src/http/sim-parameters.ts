/** The parameters of a SIM in request bodies, and in the query of the list of SIMs. */
import { type Static, Type } from 'typebox'
import type { CountryCode } from '../domain/country.ts'
import {
  parseName,
  parseSearch,
  parseUniqueName,
  SIM_STATUSES,
  type SimChanges,
  type SimRegistration,
  type SimStatus,
} from '../domain/directory.ts'
import { parseSilence } from '../domain/feed-statements.ts'
import { parseCountryList, parsePlmnList } from '../domain/home-set.ts'
import {
  type Imsi,
  parseIccid,
  parseImsi,
  parseMsisdn,
  parseSid,
  type Sid,
} from '../domain/identifiers.ts'
import type { Plmn } from '../domain/plmn.ts'
import {
  CALLBACK_KINDS,
  CALLBACK_METHODS,
  type Callback,
  type CallbackChanges,
  type CallbackKind,
  parseCallbackMethod,
  parseCallbackUrl,
} from '../domain/sim-callbacks.ts'
import { UsageError } from '../domain/usage-error.ts'
import { pageParameters } from './list-page.ts'
import type { ParameterOptions } from './parameter-names.ts'
import { formatParameter, groupParameter, labelParameter } from './question-page.ts'
import { assignmentParameters } from './sim-assignment.ts'
import { accountSidParameter } from './sim-lookup.ts'
import { moveParameters } from './sim-move.ts'
import { parameter, parsedParameter, repeatableParameter } from './validation.ts'

const isStatus = (text: string): text is SimStatus =>
  (SIM_STATUSES as readonly string[]).includes(text)

const statusParameter = parameter('Status', `expected ${SIM_STATUSES.join(', ')}`, isStatus)

export const iccidParameter = parsedParameter('Iccid', 'the number of the SIM card', (text) =>
  parseIccid(text, 'Iccid'),
)

const FLEET_OF_SUPER_SIM = 'this is how the Super SIM API calls it; here it is Group'

/** Documented filters that do not apply to any SIM here. An unfiltered list would be wrong. */
const REFUSED_FILTERS: ParameterOptions = {
  refused: {
    RatePlan: 'SIMs have no rate plan here; leave it out',
    EId: 'SIMs have no EId here; leave it out, or filter by Iccid',
    SimRegistrationCode: 'SIMs have no registration code here; leave it out, or filter by Iccid',
    Fleet: FLEET_OF_SUPER_SIM,
  },
}

export const simListQuery = Type.Object(
  {
    ...accountSidParameter,
    Iccid: Type.Optional(iccidParameter),
    Status: Type.Optional(statusParameter),
    Search: Type.Optional(
      parsedParameter('Search', 'a part of a SID, of a number or of a name', (text) =>
        parseSearch('Search', text),
      ),
    ),
    Group: groupParameter,
    Label: labelParameter,
    Silent: Type.Optional(
      parsedParameter('Silent', 'that have used nothing for so long, such as 30d', (text) =>
        parseSilence('Silent', text),
      ),
    ),
    Format: formatParameter,
    ...pageParameters,
  },
  REFUSED_FILTERS,
)

export const uniqueNameParameter = parsedParameter(
  'UniqueName',
  'a name for the SID; empty takes it away',
  (text) => parseUniqueName('UniqueName', text),
)

const nameParameters = {
  UniqueName: Type.Optional(uniqueNameParameter),
  FriendlyName: Type.Optional(
    parsedParameter('FriendlyName', 'a name for people; empty takes it away', (text) =>
      parseName('FriendlyName', text),
    ),
  ),
  Status: Type.Optional(statusParameter),
}

export const callbackUrl = (name: string) =>
  Type.Optional(
    parsedParameter(name, 'kept and never called; empty takes it away', (text) =>
      parseCallbackUrl(name, text),
    ),
  )
export const callbackMethod = (name: string) =>
  Type.Optional(
    parsedParameter(name, CALLBACK_METHODS.join(' or '), (text) => parseCallbackMethod(name, text)),
  )

const callbackParameters = {
  CommandsCallbackUrl: callbackUrl('CommandsCallbackUrl'),
  CommandsCallbackMethod: callbackMethod('CommandsCallbackMethod'),
  SmsUrl: callbackUrl('SmsUrl'),
  SmsMethod: callbackMethod('SmsMethod'),
  SmsFallbackUrl: callbackUrl('SmsFallbackUrl'),
  SmsFallbackMethod: callbackMethod('SmsFallbackMethod'),
  VoiceUrl: callbackUrl('VoiceUrl'),
  VoiceMethod: callbackMethod('VoiceMethod'),
  VoiceFallbackUrl: callbackUrl('VoiceFallbackUrl'),
  VoiceFallbackMethod: callbackMethod('VoiceFallbackMethod'),
}

/** Documented changes that nothing here can carry out. Ignoring them would look like success. */
const REFUSED_CHANGES: ParameterOptions = {
  refused: {
    RatePlan: 'SIMs have no rate plan here; leave it out',
    CallbackUrl: 'nobody is called back; the answer has the new status already, leave it out',
    CallbackMethod: 'nobody is called back; leave it out',
    ResetStatus: 'nothing here reaches the network to reset a connection; leave it out',
    Fleet: FLEET_OF_SUPER_SIM,
  },
}

export const simUpdateBody = Type.Object(
  { ...moveParameters, ...nameParameters, ...callbackParameters, ...assignmentParameters },
  REFUSED_CHANGES,
)

const REFUSED_AT_REGISTRATION: ParameterOptions = {
  refused: {
    RegistrationCode: 'this is of the Super SIM API; SIMs have no registration code here',
  },
}

export const simRegistrationBody = Type.Object(
  {
    ...accountSidParameter,
    Sid: Type.Optional(parsedParameter('Sid', 'its SID, where it has one already', parseSimSid)),
    Iccid: Type.Optional(iccidParameter),
    Imsi: Type.Optional(
      repeatableParameter('Imsi', 'one or more, separated by spaces or repeated', parseImsis),
    ),
    Msisdn: Type.Optional(
      parsedParameter('Msisdn', 'its phone number', (text) => parseMsisdn(text, 'Msisdn')),
    ),
    ...nameParameters,
    HomePlmns: Type.Optional(
      parsedParameter(
        'HomePlmns',
        'its home networks, in place of those of its account',
        parseHomePlmns,
      ),
    ),
    HomeCountries: Type.Optional(
      parsedParameter('HomeCountries', 'its home countries, likewise', parseHomeCountries),
    ),
  },
  REFUSED_AT_REGISTRATION,
)

function parseSimSid(text: string): Sid {
  return parseSid('Sid', text, 'DE', 'HS')
}

function parseImsis(text: string): Imsi[] {
  const words = text.split(/\s+/).filter((word) => word !== '')
  return words.map((word) => parseImsi(word, 'Imsi'))
}

function parseHomePlmns(text: string): readonly Plmn[] {
  return parsePlmnList('HomePlmns', text)
}

function parseHomeCountries(text: string): readonly CountryCode[] {
  return parseCountryList('HomeCountries', text)
}

/** From a body that `simUpdateBody` accepted. */
export function changesFromApi(body: Static<typeof simUpdateBody>): SimChanges {
  const callbacks = callbacksFromApi(body)
  return { ...namesFromApi(body), ...(Object.keys(callbacks).length > 0 && { callbacks }) }
}

/** The parameters of each kind begin with its name and end with Url and Method. */
function callbacksFromApi(body: Static<typeof simUpdateBody>): CallbackChanges {
  const changes: Partial<Record<CallbackKind, Partial<Callback>>> = {}
  for (const kind of CALLBACK_KINDS) {
    const name = `${kind[0]!.toUpperCase()}${kind.slice(1)}` as Capitalize<CallbackKind>
    const url = body[`${name}Url`]
    const method = body[`${name}Method`]
    if (url === undefined && method === undefined) continue
    changes[kind] = {
      ...(url !== undefined && { url: parseCallbackUrl(`${name}Url`, url) }),
      ...(method !== undefined && { method: parseCallbackMethod(`${name}Method`, method) }),
    }
  }
  return changes
}

type SimNames = Pick<Static<typeof simUpdateBody>, 'UniqueName' | 'FriendlyName' | 'Status'>

function namesFromApi(body: SimNames): Pick<SimChanges, 'uniqueName' | 'friendlyName' | 'status'> {
  const { UniqueName, FriendlyName, Status } = body
  return {
    ...(UniqueName !== undefined && { uniqueName: parseUniqueName('UniqueName', UniqueName) }),
    ...(FriendlyName !== undefined && { friendlyName: parseName('FriendlyName', FriendlyName) }),
    ...(Status && { status: Status as SimStatus }),
  }
}

/** From a body that `simRegistrationBody` accepted. Throws `invalid` if it names no card. */
export function registrationFromApi(body: Static<typeof simRegistrationBody>): SimRegistration {
  const { Sid, Iccid, Msisdn, HomePlmns, HomeCountries } = body
  const imsis = [body.Imsi ?? ''].flat().flatMap(parseImsis)
  if (!Iccid && imsis.length === 0) {
    throw new UsageError(
      'invalid',
      'Iccid and Imsi are missing: a SIM is registered by one of them',
    )
  }
  return {
    ...(Sid && { sid: parseSimSid(Sid) }),
    ...(Iccid && { iccid: parseIccid(Iccid) }),
    ...(imsis.length > 0 && { imsis }),
    ...(Msisdn && { msisdn: parseMsisdn(Msisdn) }),
    ...namesFromApi(body),
    home: {
      ...(HomePlmns && { plmns: parseHomePlmns(HomePlmns) }),
      ...(HomeCountries && { countries: parseHomeCountries(HomeCountries) }),
    },
  }
}
