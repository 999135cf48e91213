/** What may be said of a SIM in a request body, and in the query of the list of SIMs. */
import { type Static, Type } from 'typebox'
import type { CountryCode } from '../domain/country.ts'
import {
  parseName,
  parseUniqueName,
  SIM_STATUSES,
  type SimChanges,
  type SimRegistration,
  type SimStatus,
} from '../domain/directory.ts'
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
import { UsageError } from '../domain/usage-error.ts'
import { pageParameters } from './list-page.ts'
import { accountSidParameter } from './sim-lookup.ts'
import {
  type ParameterOptions,
  parameter,
  parsedParameter,
  repeatableParameter,
} from './validation.ts'

const isStatus = (text: string): text is SimStatus =>
  (SIM_STATUSES as readonly string[]).includes(text)

const statusParameter = parameter('Status', `expected ${SIM_STATUSES.join(', ')}`, isStatus)

const iccidParameter = parsedParameter('Iccid', 'the number of the SIM card', (text) =>
  parseIccid(text, 'Iccid'),
)

/** Documented filters that no SIM here could answer; an unfiltered list would be a wrong one. */
const REFUSED_FILTERS: ParameterOptions = {
  refused: {
    RatePlan: 'SIMs have no rate plan here; leave it out',
    EId: 'SIMs have no EId here; leave it out, or filter by Iccid',
    SimRegistrationCode: 'SIMs have no registration code here; leave it out, or filter by Iccid',
  },
}

export const simListQuery = Type.Object(
  {
    ...accountSidParameter,
    Iccid: Type.Optional(iccidParameter),
    Status: Type.Optional(statusParameter),
    ...pageParameters,
  },
  REFUSED_FILTERS,
)

const nameParameters = {
  UniqueName: Type.Optional(
    parsedParameter('UniqueName', 'a name for the SID; empty takes it away', (text) =>
      parseUniqueName('UniqueName', text),
    ),
  ),
  FriendlyName: Type.Optional(
    parsedParameter('FriendlyName', 'a name for people; empty takes it away', (text) =>
      parseName('FriendlyName', text),
    ),
  ),
  Status: Type.Optional(statusParameter),
}

export const simUpdateBody = Type.Object(nameParameters)

export const simRegistrationBody = Type.Object({
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
})

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

/** From a body that `simUpdateBody` has accepted. */
export function changesFromApi(body: Static<typeof simUpdateBody>): SimChanges {
  const { UniqueName, FriendlyName, Status } = body
  return {
    ...(UniqueName !== undefined && { uniqueName: parseUniqueName('UniqueName', UniqueName) }),
    ...(FriendlyName !== undefined && { friendlyName: parseName('FriendlyName', FriendlyName) }),
    ...(Status && { status: Status as SimStatus }),
  }
}

/** From a body that `simRegistrationBody` has accepted. Throws `invalid` when it names no card. */
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
    ...changesFromApi(body),
    home: {
      ...(HomePlmns && { plmns: parseHomePlmns(HomePlmns) }),
      ...(HomeCountries && { countries: parseHomeCountries(HomeCountries) }),
    },
  }
}
