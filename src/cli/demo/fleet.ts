/** The demo's account and its SIMs, with their names and the kind of device in which each is used. */
import type { HomeSet } from '../../domain/classification.ts'
import type { SimRegistration } from '../../domain/directory.ts'
import { parseCountryList, parsePlmnList } from '../../domain/home-set.ts'
import {
  luhnDigit,
  parseIccid,
  parseImsi,
  parseMsisdn,
  parseSid,
  type Sid,
  type SidPrefix,
} from '../../domain/identifiers.ts'
import { DEVICE_KINDS, type DeviceKind } from './device-kinds.ts'
import { diceOf } from './dice.ts'
import { HOME_PLMN } from './networks.ts'

/** Seeds and positions are digits of the ICCIDs, so no two fleets share a number. */
export const SEED_MAX = 99_999
export const SIM_COUNT_MAX = 9_999

export const DEMO_ACCOUNT_NAME = 'Simtally demo'

export const DEMO_HOME: HomeSet = {
  plmns: parsePlmnList('home_plmns', HOME_PLMN),
  countries: parseCountryList('home_countries', 'US PR'),
}

export interface DemoSim {
  /** Starts at 0. The SIM depends on this and the seed, not on the number of other SIMs. */
  readonly index: number
  readonly kind: DeviceKind
  readonly registration: SimRegistration & { readonly sid: Sid }
  /** How the carrier's records name the SIM. */
  readonly nameInRecords: string
}

export function demoAccountSid(seed: number): Sid {
  return sidOf('AC', seed, 0)
}

export function demoFleet(seed: number, simCount: number): DemoSim[] {
  return Array.from({ length: simCount }, (_, index) => demoSim(seed, index))
}

function demoSim(seed: number, index: number): DemoSim {
  const kind = kindOf(index)
  const block = String(seed).padStart(5, '0')
  const position = String(index).padStart(4, '0')
  const iccidBody = `8901260${block}00${position}`
  const iccid = parseIccid(iccidBody + luhnDigit(iccidBody))
  const imsi = parseImsi(`310260${block}${position}`)
  const name = `${kind.name}-${position}`
  return {
    index,
    kind,
    registration: {
      sid: sidOf('DE', seed, index),
      iccid,
      imsis: [imsi],
      msisdn: parseMsisdn(`15${block}${position}`),
      uniqueName: name,
      friendlyName: `${kind.title} ${index + 1}`,
    },
    // Carriers differ in how they name SIMs in records; the demo's carrier uses two of the forms.
    nameInRecords: index % 4 === 3 ? imsi : iccid,
  }
}

/** Kinds are dealt in turn, so that a fleet of any size has some of each. */
const TURN = DEVICE_KINDS.flatMap((kind) => Array.from({ length: kind.share }, () => kind))

/** Shares no divisor with the length of a turn, so it visits each place once. */
const TURN_STEP = 7

function kindOf(index: number): DeviceKind {
  return TURN[(index * TURN_STEP) % TURN.length]!
}

function sidOf(prefix: SidPrefix, seed: number, index: number): Sid {
  const dice = diceOf(seed, index, prefix.charCodeAt(0))
  const digits = Array.from({ length: 4 }, () => dice.next().toString(16).padStart(8, '0'))
  return parseSid('sid', prefix + digits.join(''), prefix)
}
