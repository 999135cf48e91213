/** Small builders of domain values: a test states what matters to it, and the rest has a default. */
import { createHash } from 'node:crypto'
import type { HomeSet } from '../../src/domain/classification.ts'
import type { CountryCode } from '../../src/domain/country.ts'
import type { Feed, NewAccount, NewApiKey, SimRegistration } from '../../src/domain/directory.ts'
import {
  type Iccid,
  type Imsi,
  type Msisdn,
  SIM_NAME_KINDS,
  type Sid,
  type SidPrefix,
} from '../../src/domain/identifiers.ts'
import type { Import, QuarantinedRecord } from '../../src/domain/import.ts'
import type { Plmn } from '../../src/domain/plmn.ts'
import { type NameScope, simNamesDefault } from '../../src/domain/sim-names.ts'
import type { Serving, UsageEvent } from '../../src/domain/usage-event.ts'
import type { AppendBatch } from '../../src/storage/usage-store.ts'

/** UTC seconds of an ISO text that names its zone. */
export function instant(text: string): number {
  const milliseconds = Date.parse(text)
  if (Number.isNaN(milliseconds) || !text.endsWith('Z')) throw new Error(`no instant: ${text}`)
  return milliseconds / 1000
}

/** The clock of tests that need none in particular: a Sunday in spring, in the middle of an hour. */
export const NOW = instant('2026-03-15T12:34:56Z')

/** Larger than numbers that tests write themselves, whatever has run before in the same process. */
let serial = 1_000_000
/** Grows with each call, so that built values differ where they must. */
function nextSerial(): number {
  serial += 1
  return serial
}

export function sidOf(prefix: SidPrefix, n: number): Sid {
  return `${prefix}${n.toString(16).padStart(32, '0')}` as Sid
}

/** A SIM's SID that no other call returns. */
export function newSimSid(): Sid {
  return sidOf('DE', 0xc0000 + nextSerial())
}

/** ICCID number `n`: 19 digits, of which the last is the check digit. */
export function iccidOf(n: number): Iccid {
  const digits = `8901260${n.toString().padStart(11, '0')}`
  return `${digits}${checkDigit(digits)}` as Iccid
}

export function imsiOf(n: number): Imsi {
  return `310260${n.toString().padStart(9, '0')}` as Imsi
}

export function msisdnOf(n: number): Msisdn {
  return `1555${n.toString().padStart(7, '0')}` as Msisdn
}

/** Luhn: from the right, every second digit counts double, and twelve counts as one plus two. */
export function checkDigit(digits: string): string {
  let sum = 0
  for (const [position, digit] of [...digits].reverse().entries()) {
    const weighted = position % 2 === 0 ? Number(digit) * 2 : Number(digit)
    sum += Math.floor(weighted / 10) + (weighted % 10)
  }
  return String((10 - (sum % 10)) % 10)
}

export const US_HOME: HomeSet = homeSet('310-260', 'US')

/** PLMNs and countries separated by spaces; an empty text is an empty part. */
export function homeSet(plmns: string, countries: string): HomeSet {
  return { plmns: words(plmns) as Plmn[], countries: words(countries) as CountryCode[] }
}

function words(text: string): string[] {
  return text.split(' ').filter((word) => word !== '')
}

export function anAccount(stated: Partial<NewAccount> = {}): NewAccount {
  const n = nextSerial()
  return {
    sid: sidOf('AC', n),
    name: `Account ${n}`,
    authTokenHash: sha256(`token ${n}`),
    home: US_HOME,
    createdAt: NOW,
    ...stated,
  }
}

export function aKey(stated: Partial<NewApiKey> = {}): NewApiKey {
  const n = nextSerial()
  return {
    sid: sidOf('SK', n),
    accountId: null,
    scope: 'read',
    secretHash: sha256(`secret ${n}`),
    label: '',
    createdAt: NOW,
    revokedAt: null,
    ...stated,
  }
}

export function aSim(stated: SimRegistration = {}): SimRegistration {
  return { iccid: iccidOf(nextSerial()), ...stated }
}

export function aFeed(stated: Partial<Omit<Feed, 'id'>> = {}): Omit<Feed, 'id'> {
  return {
    name: `feed-${nextSerial()}`,
    format: 'csv',
    settings: {},
    onConflict: 'reject',
    defaultZone: null,
    settleSeconds: 172_800,
    sequencePattern: null,
    lateSeconds: 86_400,
    overdueSeconds: 172_800,
    coversFrom: null,
    retirement: null,
    accountId: null,
    accountSid: null,
    simNames: simNamesDefault(stated.accountId ?? null),
    createdAt: NOW,
    ...stated,
  }
}

/** Any name, of any account's SIMs. */
export const ANY_NAME: NameScope = { accountId: null, kinds: SIM_NAME_KINDS }

export const AT_HOME: Serving = {
  plmn: '310-260' as Plmn,
  country: 'US' as CountryCode,
  zone: 'home',
  countryStated: false,
  zoneStated: false,
}

export const NATIONAL: Serving = {
  ...AT_HOME,
  plmn: '310-410' as Plmn,
  zone: 'national_roaming',
}

/** Usage abroad, whose country follows from the PLMN. */
export function abroad(country: string, plmn = '208-01'): Serving {
  return {
    ...AT_HOME,
    plmn: plmn as Plmn,
    country: country as CountryCode,
    zone: 'international_roaming',
  }
}

/** An event of SIM 1 of account 1, at home an hour ago, without usage unless stated. */
export function anEvent(stated: Partial<UsageEvent> = {}): UsageEvent {
  return {
    simId: 1,
    accountId: 1,
    recordId: `r${nextSerial()}`,
    occurredAt: NOW - 3_600,
    upload: 0,
    download: 0,
    toSim: 0,
    fromSim: 0,
    serving: AT_HOME,
    reading: null,
    line: 1,
    raw: 'as delivered',
    ...stated,
  }
}

export function aBatch(
  stated: Partial<AppendBatch> & Pick<AppendBatch, 'importId' | 'feed'>,
): AppendBatch {
  return { accountId: null, events: [], quarantined: [], expired: 0, knownAt: NOW, ...stated }
}

export function anImportStart(feed: Feed, stated: Partial<Import & { accountId: number }> = {}) {
  return {
    feedId: feed.id,
    source: 'usage.csv',
    format: feed.format,
    startedAt: NOW,
    accountId: null,
    ...stated,
  }
}

/** A quarantined record; two built from the same `text` are the same record. */
export function aQuarantinedRecord(
  text: string,
  stated: Partial<QuarantinedRecord> = {},
): QuarantinedRecord {
  return {
    line: 1,
    reason: 'unknown_sim',
    detail: `sim "${text}": no SIM is registered under it`,
    field: 'sim',
    raw: Buffer.from(text),
    rawHash: sha256(text),
    ...stated,
  }
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
