/**
 * Converts between rows and the domain's values: `…FromRow` reads, `…ToRow` writes. The engines name
 * their columns alike, and return integers as numbers, except sums, which may be bigints.
 */
import type { HomeSet } from '../domain/classification.ts'
import { type CounterValues, mapCounters, NO_COUNTERS } from '../domain/counters.ts'
import type { CountryCode } from '../domain/country.ts'
import type {
  Account,
  AccountChanges,
  ApiKey,
  FeedFormat,
  KeyScope,
  NewAccount,
  NewApiKey,
  Sim,
  SimStatus,
} from '../domain/directory.ts'
import type { DropFolderState } from '../domain/drop-folder.ts'
import type { Iccid, Imsi, Msisdn, Sid } from '../domain/identifiers.ts'
import {
  type DeliveryFacts,
  type Import,
  type ImportStatus,
  type KeptRecord,
  NO_FACTS,
  type QuarantineEntry,
  type QuarantineReason,
} from '../domain/import.ts'
import type { Plmn } from '../domain/plmn.ts'
import type { SimCallbacks } from '../domain/sim-callbacks.ts'
import { type Sum, sumOf } from '../domain/sums.ts'
import {
  type EventVersion,
  type ReadingTraits,
  type Serving,
  ZONES,
} from '../domain/usage-event.ts'
import type { UsageGroup } from '../domain/usage-query.ts'
import { COUNTER_COLUMNS } from './counter-columns.ts'
import { isOfReading, traitsFromBits, traitsToBits } from './series/reading-rows.ts'
import type { ImportEnd } from './usage-store.ts'

export type Row = Record<string, unknown>

export function split<T extends string>(text: unknown): T[] {
  return text === '' ? [] : (String(text).split(' ') as T[])
}

export function homeSetFromRow(plmns: unknown, countries: unknown): HomeSet {
  return { plmns: split<Plmn>(plmns), countries: split<CountryCode>(countries) }
}

export function accountFromRow(row: Row): Account {
  return {
    id: row.id as number,
    sid: row.sid as Sid,
    name: row.name as string,
    authTokenHash: row.auth_token_hash as string,
    previousToken:
      row.previous_token_hash === null
        ? null
        : {
            hash: row.previous_token_hash as string,
            until: row.previous_token_until as number,
          },
    home: homeSetFromRow(row.home_plmns, row.home_countries),
    mayRegisterNumbers: row.may_register_numbers === 1,
    createdAt: row.created_at as number,
  }
}

/** Values of `INSERT_ACCOUNT`. */
export function newAccountToRow(account: NewAccount) {
  const { sid, name, authTokenHash, home, mayRegisterNumbers, createdAt } = account
  const [plmns, countries] = [home.plmns.join(' '), home.countries.join(' ')]
  return [
    sid,
    name,
    authTokenHash,
    plmns,
    countries,
    mayRegisterNumbers ? 1 : 0,
    createdAt,
  ] as const
}

/** Values of `UPDATE_ACCOUNT`. */
export function changedAccountToRow(account: Account, changes: AccountChanges) {
  const { id, name, mayRegisterNumbers } = { ...account, ...changes }
  const { plmns, countries } = { ...account.home, ...changes.home }
  const mayRegister = mayRegisterNumbers ? 1 : 0
  return [name, plmns.join(' '), countries.join(' '), mayRegister, id] as const
}

/** Values of `INSERT_API_KEY`. */
export function newApiKeyToRow(key: NewApiKey) {
  const { sid, accountId, scope, secretHash, label, createdAt, revokedAt } = key
  return [sid, accountId, scope, secretHash, label, createdAt, revokedAt] as const
}

export function simFromRow(row: Row): Sim {
  return {
    id: row.id as number,
    sid: row.sid as Sid,
    accountId: row.account_id as number,
    accountSid: row.account_sid as Sid,
    iccid: row.iccid as Iccid | null,
    imsis: split<Imsi>(row.imsis),
    msisdn: row.msisdn as Msisdn | null,
    uniqueName: row.unique_name as string | null,
    friendlyName: row.friendly_name as string | null,
    status: row.status as SimStatus,
    home: homeSetFromRow(row.home_plmns, row.home_countries),
    callbacks: JSON.parse(row.callbacks as string) as SimCallbacks,
    createdAt: row.created_at as number,
    updatedAt: row.updated_at as number,
  }
}

export function apiKeyFromRow(row: Row): ApiKey {
  return {
    sid: row.sid as Sid,
    accountId: row.account_id as number | null,
    accountSid: row.account_sid as Sid | null,
    scope: row.scope as KeyScope,
    secretHash: row.secret_hash as string,
    label: row.label as string,
    createdAt: row.created_at as number,
    lastUsedAt: row.last_used_at as number | null,
    revokedAt: row.revoked_at as number | null,
  }
}

export function importFromRow(row: Row): Import {
  return {
    id: row.id as number,
    feedId: row.feed_id as number,
    feedName: row.feed_name as string,
    source: row.source as string,
    format: row.format as FeedFormat,
    accountSid: row.account_sid as Sid | null,
    status: row.status as ImportStatus,
    counts: {
      accepted: row.accepted as number,
      duplicate: row.duplicate as number,
      replaced: row.replaced as number,
      quarantined: row.quarantined as number,
      expired: row.expired as number,
    },
    series: {
      resets: row.resets as number,
      falls: row.falls as number,
      wraps: row.wraps as number,
    },
    checksum: row.checksum as string | null,
    error: row.error as string | null,
    facts: factsFromRow(row),
    startedAt: row.started_at as number,
    finishedAt: row.finished_at as number | null,
    undoneAt: row.undone_at as number | null,
    rereading: row.rereading as string | null,
  }
}

export function factsFromRow(row: Row): DeliveryFacts {
  const number = row.sequence_number as number | null
  return {
    sequence: number === null ? null : { stream: row.sequence_stream as string, number },
    completeThrough: row.complete_through as number | null,
    usageFrom: row.usage_from as number | null,
  }
}

export function dropFolderFromRow(row: Row): DropFolderState {
  return {
    feedId: row.feed_id as number,
    path: row.path as string,
    waiting: row.waiting as number,
    waitingSince: row.waiting_since as number | null,
    failed: row.failed as number,
    leftAlone: row.left_alone as number,
    seenAt: row.seen_at as number,
  }
}

/** Values of `UPSERT_DROP_FOLDER`. */
export function dropFolderToRow(state: DropFolderState) {
  const { feedId, path, waiting, waitingSince, failed, leftAlone, seenAt } = state
  return [feedId, path, waiting, waitingSince, failed, leftAlone, seenAt] as const
}

/** Values of `FINISH_IMPORT`, before the import's id. */
export function importEndToRow(end: ImportEnd) {
  const { sequence, completeThrough, usageFrom } = end.facts ?? NO_FACTS
  const place = [sequence?.stream ?? null, sequence?.number ?? null] as const
  const facts = [...place, completeThrough, usageFrom] as const
  return [end.status, end.finishedAt, end.checksum, end.error, ...facts] as const
}

export function quarantineEntryFromRow(row: Row): QuarantineEntry {
  return {
    id: row.id as number,
    importId: row.import_id as number,
    feedName: row.feed_name as string,
    line: row.line as number,
    reason: row.reason as QuarantineReason,
    detail: row.detail as string,
    field: row.field as string | null,
    raw: row.raw as Uint8Array,
    rawHash: row.raw_hash as string,
    record: row.record === null ? null : keptRecordFromRow(row.record as string),
    seenAt: row.seen_at as number,
  }
}

/** A record kept before a counter existed has 0 for it. */
function keptRecordFromRow(text: string): KeptRecord {
  return { ...NO_COUNTERS, ...(JSON.parse(text) as KeptRecord) }
}

/** `deliverer_id` of a row of `quarantine`: the account of the import, or the operator. */
export function delivererId(accountId: number | null): number {
  return accountId ?? 0
}

/** `record` of a row of `quarantine_delivery`. */
export function keptRecordToRow({ record }: { readonly record?: KeptRecord }): string | null {
  return record === undefined ? null : JSON.stringify(record)
}

/** A row of sums, read as an array. Integers are all numbers or all bigints. */
type UsageRow = readonly [
  bucketStart: number | bigint,
  zone: number | bigint,
  country: string,
  ...sums: CounterValues<number | bigint>,
]

/** From rows read as arrays, which are quicker to create than objects and always in the same order. */
export function usageGroupsFromRows(rows: readonly unknown[]): UsageGroup[] {
  const groups: UsageGroup[] = []
  for (const row of rows as readonly UsageRow[]) {
    const [bucketStart, zone, country, upload, download, toSim, fromSim] = row
    groups.push({
      bucketStart: Number(bucketStart),
      zone: ZONES[Number(zone)]!,
      country: country === '' ? null : (country as CountryCode),
      // Written out, because there are many rows of sums.
      upload: asSum(upload),
      download: asSum(download),
      toSim: asSum(toSim),
      fromSim: asSum(fromSim),
    })
  }
  return groups
}

function asSum(value: number | bigint): Sum {
  return typeof value === 'number' ? value : sumOf(value)
}

const COUNTRY_STATED = 1
const ZONE_STATED = 2
/** Where usage happened, in the ledger's columns. */
export interface ServingColumns {
  readonly zone: number
  readonly country: string
  readonly plmn: string
  readonly stated: number
}

export function servingToRow(serving: Serving): ServingColumns {
  return {
    zone: ZONES.indexOf(serving.zone),
    country: serving.country ?? '',
    plmn: serving.plmn ?? '',
    stated: (serving.countryStated ? COUNTRY_STATED : 0) | (serving.zoneStated ? ZONE_STATED : 0),
  }
}

/** The columns of a row whose usage follows from a reading. */
export function readingServingToRow(serving: Serving, traits: ReadingTraits): ServingColumns {
  const columns = servingToRow(serving)
  return { ...columns, stated: columns.stated | traitsToBits(traits) }
}

/** What identifies a ledger row: values of `IDENTITY_COLUMNS`. */
export type Identity = readonly [
  bucket: number,
  simId: number,
  occurredAt: number,
  feedId: number,
  recordId: string,
]

/** A ledger row, as far as a second version of it needs it. */
export interface StoredEvent {
  readonly version: EventVersion
  readonly columns: ServingColumns
  /** True if the row's counters follow from a reading, which is kept beside it. */
  readonly isReading: boolean
  readonly accountId: number
  readonly importId: number
  readonly line: number
  readonly knownAt: number
}

export function storedEventFromRow(row: Row): StoredEvent {
  const columns: ServingColumns = {
    zone: row.zone as number,
    country: row.country as string,
    plmn: row.plmn as string,
    stated: row.stated as number,
  }
  const isReading = isOfReading(columns.stated)
  return {
    version: {
      ...mapCounters((place) => row[COUNTER_COLUMNS[place]!] as number),
      ...(isReading && { traits: traitsFromBits(columns.stated) }),
      serving: {
        plmn: columns.plmn === '' ? null : (columns.plmn as Plmn),
        country: columns.country === '' ? null : (columns.country as CountryCode),
        zone: ZONES[columns.zone]!,
        countryStated: (columns.stated & COUNTRY_STATED) !== 0,
        zoneStated: (columns.stated & ZONE_STATED) !== 0,
      },
    },
    columns,
    isReading,
    accountId: row.account_id as number,
    importId: row.import_id as number,
    line: row.line as number,
    knownAt: row.known_at as number,
  }
}
