/** Who is known: accounts, their SIMs, the keys they call with, and the feeds of the operator. */
import type { HomeSet } from './classification.ts'
import {
  type Iccid,
  type Imsi,
  isNameShaped,
  type Msisdn,
  type Sid,
  type SimNameKind,
} from './identifiers.ts'
import type { CallbackChanges, SimCallbacks } from './sim-callbacks.ts'
import { invalidField } from './usage-error.ts'
import type { ConflictPolicy, Zone } from './usage-event.ts'

export interface Account {
  /** The store's own number, stable and never reused. */
  readonly id: number
  readonly sid: Sid
  readonly name: string
  /** SHA-256 of the auth token, hexadecimal; the token itself is not kept. */
  readonly authTokenHash: string
  /** The token before it, while both are good; null where there is none. */
  readonly previousToken: PreviousToken | null
  readonly home: HomeSet
  /** Whether its own keys may register SIMs, which brings numbers that records name SIMs by. */
  readonly mayRegisterNumbers: boolean
  readonly createdAt: number
}

/** An auth token that another one has replaced. */
export interface PreviousToken {
  readonly hash: string
  /** UTC seconds; from then on it is refused. */
  readonly until: number
}

/** It may register no numbers unless that is said. */
export type NewAccount = Omit<Account, 'id' | 'previousToken' | 'mayRegisterNumbers'> &
  Partial<Pick<Account, 'mayRegisterNumbers'>>

/** What may be changed later. A part of the home set that is left out stays. */
export interface AccountChanges {
  readonly name?: string
  readonly home?: Partial<HomeSet>
  readonly mayRegisterNumbers?: boolean
}

export const SIM_STATUSES = [
  'new',
  'ready',
  'active',
  'suspended',
  'deactivated',
  'canceled',
  'scheduled',
  'updating',
] as const
export type SimStatus = (typeof SIM_STATUSES)[number]

export interface Sim {
  readonly id: number
  readonly sid: Sid
  readonly accountId: number
  readonly accountSid: Sid
  readonly iccid: Iccid | null
  readonly imsis: readonly Imsi[]
  readonly msisdn: Msisdn | null
  /** Unique within the account; usable wherever the SID is. */
  readonly uniqueName: string | null
  readonly friendlyName: string | null
  readonly status: SimStatus
  /** Overrides the account's home set, part by part; empty parts do not. */
  readonly home: HomeSet
  readonly callbacks: SimCallbacks
  readonly createdAt: number
  readonly updatedAt: number
}

/** True of a SIM that nothing names any more but its SID: an account keeps its usage under it. */
export function isErased({ iccid, imsis, msisdn, uniqueName, status }: Sim): boolean {
  const names = [iccid, msisdn, uniqueName].filter((name) => name !== null)
  return status === 'canceled' && names.length + imsis.length === 0
}

/** What may be said of a SIM at registration; what is left out keeps its value or default. */
export interface SimRegistration {
  readonly sid?: Sid
  readonly iccid?: Iccid
  readonly imsis?: readonly Imsi[]
  readonly msisdn?: Msisdn
  readonly uniqueName?: string
  readonly friendlyName?: string
  readonly status?: SimStatus
  readonly home?: Partial<HomeSet>
}

/** What may be changed later. An empty text takes a name away. */
export interface SimChanges {
  readonly uniqueName?: string
  readonly friendlyName?: string
  readonly status?: SimStatus
  readonly callbacks?: CallbackChanges
}

/** Each scope includes the ones before it. */
export const KEY_SCOPES = ['read', 'ingest', 'admin'] as const
export type KeyScope = (typeof KEY_SCOPES)[number]

export interface ApiKey {
  readonly sid: Sid
  /** Null for a key of the operator, who may act for every account. */
  readonly accountId: number | null
  readonly accountSid: Sid | null
  readonly scope: KeyScope
  readonly secretHash: string
  /** What it is for, in the words of who made it; may be empty. */
  readonly label: string
  readonly createdAt: number
  /** When it was shown last, to the hour (`KEY_USE_NOTED_SECONDS`); null before that. */
  readonly lastUsedAt: number | null
  readonly revokedAt: number | null
}

export type NewApiKey = Omit<ApiKey, 'accountSid' | 'lastUsedAt'>

/** A key's use is noted once in so many seconds: each note is a write. */
export const KEY_USE_NOTED_SECONDS = 3_600

export interface KeyUse {
  readonly sid: Sid
  readonly at: number
}

export const FEED_FORMATS = ['csv', 'ndjson', 'mapped', 'radius', 'tap3', 'nrtrde'] as const
export type FeedFormat = (typeof FEED_FORMATS)[number]

/** Plain JSON: it is kept as a text. */
export type FeedSettings = Readonly<Record<string, unknown>>

export interface Feed {
  readonly id: number
  readonly name: string
  readonly format: FeedFormat
  /** What the format leaves open, as the format itself checks it; empty where it leaves nothing. */
  readonly settings: FeedSettings
  readonly onConflict: ConflictPolicy
  /** The zone of records that state neither network nor country; null sends them to quarantine. */
  readonly defaultZone: Zone | null
  /** How long after usage its records may still come, where deliveries state no cut-off. */
  readonly settleSeconds: number
  /** A regular expression that finds a number in the names of its files; null where there is none. */
  readonly sequencePattern: string | null
  /** It is late after so long without a delivery, and overdue after longer; seconds. */
  readonly lateSeconds: number
  readonly overdueSeconds: number
  /** The operator's word on since when it brings all usage; null leaves it to the first delivery. */
  readonly coversFrom: number | null
  /** Since when it brings no usage any more, and why; null while it does. */
  readonly retirement: FeedRetirement | null
  /** The account it is bound to, whose SIMs are all that its records can mean; null for any. */
  readonly accountId: number | null
  readonly accountSid: Sid | null
  /** By which kinds of name its records mean their SIMs; see `checkSimNames`. */
  readonly simNames: readonly SimNameKind[]
  readonly createdAt: number
}

export interface FeedRetirement {
  /** UTC seconds; usage from then on is not the feed's. */
  readonly at: number
  readonly reason: string
}

/** Fields that are left out take their defaults. */
export type NewFeed = Pick<
  Feed,
  'name' | 'format' | 'settings' | 'onConflict' | 'defaultZone' | 'createdAt'
> &
  FeedChanges

/** What may be changed later. */
export type FeedChanges = Partial<
  Pick<
    Feed,
    | 'name'
    | 'format'
    | 'onConflict'
    | 'defaultZone'
    | 'settings'
    | 'settleSeconds'
    | 'sequencePattern'
    | 'lateSeconds'
    | 'overdueSeconds'
    | 'coversFrom'
    | 'retirement'
    | 'accountId'
    | 'simNames'
  >
>

/** Lets an account deliver to a feed. */
export interface FeedGrant {
  readonly feedId: number
  readonly accountId: number
  readonly accountSid: Sid
  readonly grantedAt: number
}

/** The accounts that may deliver to the feed. */
export function grantees({ id }: Pick<Feed, 'id'>, grants: readonly FeedGrant[]): Sid[] {
  return grants.filter(({ feedId }) => feedId === id).map(({ accountSid }) => accountSid)
}

/** A feed as it exists for an account. */
export interface AccountFeed {
  readonly feed: Feed
  /** By a grant; without one, it has brought usage of the account's SIMs. */
  readonly mayDeliver: boolean
}

export function scopeAllows(held: KeyScope, needed: KeyScope): boolean {
  return KEY_SCOPES.indexOf(held) >= KEY_SCOPES.indexOf(needed)
}

/** Throws `invalid`. A feed's name stands in URLs, so it has only characters that need no escape. */
export function parseFeedName(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text)) return text
  throw invalidField(
    'feed',
    text,
    'expected 1 to 64 letters, digits, dots, hyphens or underscores, a letter or digit first',
  )
}

export const NAME_CHARACTERS_MAX = 64

/** Trims; throws `invalid` above 64 characters or with control characters in it. */
export function parseName(field: string, text: string): string {
  const trimmed = text.trim()
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
  if (trimmed.length > NAME_CHARACTERS_MAX || /[\u0000-\u001f\u007f]/.test(trimmed)) {
    throw invalidField(
      field,
      text,
      `expected at most ${NAME_CHARACTERS_MAX} characters, none of them control characters`,
    )
  }
  return trimmed
}

/** A part of a name or number to look for: as long as the longest of them. Throws `invalid`. */
export function parseSearch(field: string, text: string): string {
  const search = parseName(field, text)
  if (search !== '') return search
  throw invalidField(field, text, 'expected a part of a SID, of a number or of a name')
}

/** Separators of a path, and what cannot be seen: control, format and line characters. */
const UNSAFE_IN_PATH = /[/\\]|[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

/** Clients and proxies take these segments of a path away, encoded or not. */
const DOT_SEGMENT = /^(\.|%2e){1,2}$/i

export function isDotSegment(text: string): boolean {
  return DOT_SEGMENT.test(text)
}

/**
 * A unique name stands in URL paths in place of a SID, and in records in place of a number. Empty
 * takes the name away. Throws `invalid` for what is not safe in one or has a meaning in the other.
 */
export function parseUniqueName(field: string, text: string): string {
  const name = parseName(field, text)
  if (name !== text) throw invalidField(field, text, 'a unique name has no space around it')
  if (UNSAFE_IN_PATH.test(name) || isDotSegment(name)) {
    throw invalidField(
      field,
      text,
      'a unique name stands in paths: no slash, backslash or invisible character, and not . or ..',
    )
  }
  if (/^[A-Z]{2}[0-9a-f]{32}$/i.test(name) || !isNameShaped(name)) {
    throw invalidField(
      field,
      text,
      'a unique name does not look like a SID, an ICCID, an IMSI or a phone number',
    )
  }
  return name
}
