/** Who is known: accounts, their SIMs, the keys they call with, and the operator's feeds. */
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
  /** The store's own number. It never changes and is never reused. */
  readonly id: number
  readonly sid: Sid
  readonly name: string
  /** SHA-256 of the auth token, in hexadecimal. The token itself is not kept. */
  readonly authTokenHash: string
  /** The previous token while both are valid; null if there is none. */
  readonly previousToken: PreviousToken | null
  readonly home: HomeSet
  /**
   * Whether its own keys may register SIMs. Registering claims the numbers by which records name SIMs.
   */
  readonly mayRegisterNumbers: boolean
  readonly createdAt: number
}

/** An auth token that has been replaced by another. */
export interface PreviousToken {
  readonly hash: string
  /** UTC seconds; refused from then on. */
  readonly until: number
}

/** May not register numbers unless it says so. */
export type NewAccount = Omit<Account, 'id' | 'previousToken' | 'mayRegisterNumbers'> &
  Partial<Pick<Account, 'mayRegisterNumbers'>>

/** What may be changed later. An omitted part of the home set stays. */
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
  /** Unique within the account; accepted wherever the SID is. */
  readonly uniqueName: string | null
  readonly friendlyName: string | null
  readonly status: SimStatus
  /** Overrides the account's home set part by part. An empty part overrides nothing. */
  readonly home: HomeSet
  readonly callbacks: SimCallbacks
  readonly createdAt: number
  readonly updatedAt: number
}

/** True of a SIM with no name left but its SID, under which its account keeps the usage. */
export function isErased({ iccid, imsis, msisdn, uniqueName, status }: Sim): boolean {
  const names = [iccid, msisdn, uniqueName].filter((name) => name !== null)
  return status === 'canceled' && names.length + imsis.length === 0
}

/** What a registration may state. Omitted fields keep their value or default. */
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

/** What may be changed later. An empty text removes a name. */
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
  /** Null for an operator key, which may act for every account. */
  readonly accountId: number | null
  readonly accountSid: Sid | null
  readonly scope: KeyScope
  readonly secretHash: string
  /** What it is for, in its creator's words; may be empty. */
  readonly label: string
  readonly createdAt: number
  /** When it was last presented, to the hour (`KEY_USE_NOTED_SECONDS`); null if never. */
  readonly lastUsedAt: number | null
  readonly revokedAt: number | null
}

export type NewApiKey = Omit<ApiKey, 'accountSid' | 'lastUsedAt'>

/** How often a key's use is noted at most, because each note is a write. */
export const KEY_USE_NOTED_SECONDS = 3_600

export interface KeyUse {
  readonly sid: Sid
  readonly at: number
}

export const FEED_FORMATS = ['csv', 'ndjson', 'mapped', 'radius', 'tap3', 'nrtrde'] as const
export type FeedFormat = (typeof FEED_FORMATS)[number]

/** Plain JSON, because it is stored as text. */
export type FeedSettings = Readonly<Record<string, unknown>>

export interface Feed {
  readonly id: number
  readonly name: string
  readonly format: FeedFormat
  /** What the format leaves open, as checked by the format; empty if it leaves nothing open. */
  readonly settings: FeedSettings
  readonly onConflict: ConflictPolicy
  /** The zone of records that state neither network nor country; null sends them to quarantine. */
  readonly defaultZone: Zone | null
  /** How long after the usage its records may still come if deliveries state no cut-off. */
  readonly settleSeconds: number
  /** A regular expression that finds a number in its file names; null if there is none. */
  readonly sequencePattern: string | null
  /** Seconds without a delivery after which it is late, and then overdue. */
  readonly lateSeconds: number
  readonly overdueSeconds: number
  /** The operator's word on when its coverage begins; null leaves that to the first delivery. */
  readonly coversFrom: number | null
  /** When it stopped bringing usage, and why; null while it is active. */
  readonly retirement: FeedRetirement | null
  /** The account it is bound to, whose SIMs are the only ones its records can mean; null for any. */
  readonly accountId: number | null
  readonly accountSid: Sid | null
  /** The kinds of name by which its records identify SIMs; see `checkSimNames`. */
  readonly simNames: readonly SimNameKind[]
  readonly createdAt: number
}

export interface FeedRetirement {
  /** UTC seconds. Usage from then on does not come from this feed. */
  readonly at: number
  readonly reason: string
}

/** Omitted fields take their defaults. */
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
  /**
   * By a grant. Without one, the feed exists for the account because it has brought usage of its SIMs.
   */
  readonly mayDeliver: boolean
}

export function scopeAllows(held: KeyScope, needed: KeyScope): boolean {
  return KEY_SCOPES.indexOf(held) >= KEY_SCOPES.indexOf(needed)
}

/**
 * Throws `invalid`. A feed's name appears in URLs, so it may only have characters that need no escaping.
 */
export function parseFeedName(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text)) return text
  throw invalidField(
    'feed',
    text,
    'expected 1 to 64 letters, digits, dots, hyphens or underscores, a letter or digit first',
  )
}

export const NAME_CHARACTERS_MAX = 64

/** Trims. Throws `invalid` above 64 characters or if there are control characters. */
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

/** Part of a name or number to search for, no longer than the longest of them. Throws `invalid`. */
export function parseSearch(field: string, text: string): string {
  const search = parseName(field, text)
  if (search !== '') return search
  throw invalidField(field, text, 'expected part of a SID, a number or a name')
}

/** Path separators and invisible characters: control, format and line characters. */
const UNSAFE_IN_PATH = /[/\\]|[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

/** Clients and proxies remove these path segments, encoded or not. */
const DOT_SEGMENT = /^(\.|%2e){1,2}$/i

export function isDotSegment(text: string): boolean {
  return DOT_SEGMENT.test(text)
}

/**
 * A unique name stands in for a SID in URL paths and for a number in records. Throws `invalid` for what
 * is unsafe in a path or means something else in a record. An empty text removes the name.
 */
export function parseUniqueName(field: string, text: string): string {
  const name = parseName(field, text)
  if (name !== text) throw invalidField(field, text, 'a unique name has no space around it')
  if (UNSAFE_IN_PATH.test(name) || isDotSegment(name)) {
    throw invalidField(
      field,
      text,
      'a unique name appears in paths: no slash, backslash or invisible character, and not . or ..',
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
