/** Feeds, imports and their quarantined records, as Simtally's own surface shows them. */
import { type Static, Type } from 'typebox'
import type { FeedProgress } from '../../domain/completeness.ts'
import { type Feed, type FeedGrant, grantees } from '../../domain/directory.ts'
import {
  type Import,
  type QuarantinedRecord,
  type QuarantineEntry,
  recordCount,
} from '../../domain/import.ts'
import { formatInstant, instantOrNull } from '../../domain/time.ts'
import type { ImportSummary } from '../../ingest/import-records.ts'
import { rawText } from '../../ingest/raw-text.ts'
import type { RecycleSummary } from '../../ingest/recycle-records.ts'
import type { DryRunSummary } from '../../ingest/try-import.ts'
import type { UndoOutcome, UndoTrial } from '../../storage/usage-store.ts'
import type { Caller } from '../credentials.ts'
import { detailInSids, type ImportSids, inSids } from '../import-sids.ts'
import { feedStatusFields, feedStatusToApi, readingCounts } from './feed-status.ts'
import { listSchema, nullable, nullableText, sourceToApi } from './shapes.ts'
import { changesFields, changesToApi } from './usage-change.ts'

export const feedSchema = Type.Object({
  name: Type.String(),
  format: Type.String(),
  settings: Type.Record(Type.String(), Type.Unknown()),
  on_conflict: Type.String(),
  default_zone: nullableText,
  account_sid: nullableText,
  sim_names: Type.Array(Type.String()),
  granted_to: Type.Array(Type.String()),
  ...feedStatusFields,
  date_created: Type.String(),
  links: Type.Object({ records: Type.String(), gaps: Type.String() }),
})

export const feedsSchema = listSchema('feeds', feedSchema)

export interface ListedFeed {
  readonly feed: Feed
  readonly progress: FeedProgress
  /** The grants of all feeds. */
  readonly grants: readonly FeedGrant[]
}

export function feedToApi(
  { feed, progress, grants }: ListedFeed,
  nowSeconds: number,
  baseUrl: string,
): Static<typeof feedSchema> {
  const url = `${baseUrl}/v1/Feeds/${feed.name}`
  return {
    name: feed.name,
    format: feed.format,
    settings: feed.settings,
    on_conflict: feed.onConflict,
    default_zone: feed.defaultZone,
    account_sid: feed.accountSid,
    sim_names: [...feed.simNames],
    granted_to: grantees(feed, grants),
    ...feedStatusToApi(feed, progress, nowSeconds),
    date_created: formatInstant(feed.createdAt),
    links: { records: `${url}/Records`, gaps: `${url}/Gaps` },
  }
}

const verdictFields = {
  records: Type.Integer(),
  accepted: Type.Integer(),
  duplicate: Type.Integer(),
  replaced: Type.Integer(),
  quarantined: Type.Integer(),
  expired: Type.Integer(),
}

const importFields = {
  import: Type.String(),
  feed: Type.String(),
  status: Type.String(),
  source: Type.String(),
  format: Type.String(),
  account_sid: nullableText,
  ...verdictFields,
  readings: readingCounts,
  checksum: nullableText,
  error: nullableText,
  sequence: nullable(Type.Object({ stream: Type.String(), number: Type.Integer() })),
  complete_through: nullableText,
  date_started: Type.String(),
  date_finished: nullableText,
  date_undone: nullableText,
  url: Type.String(),
  links: Type.Object({ quarantine: Type.String() }),
}

export const importSchema = Type.Object(importFields)
export const importsSchema = listSchema('imports', importSchema)

/** How an answer names an import and its links. */
export interface ImportAddress {
  readonly baseUrl: string
  readonly sids: ImportSids
}

export function importToApi(
  found: Import,
  { baseUrl, sids }: ImportAddress,
): Static<typeof importSchema> {
  const sid = sids.of(found.id)
  const url = `${baseUrl}/v1/Imports/${sid}`
  return {
    import: sid,
    feed: found.feedName,
    status: found.status,
    source: sourceToApi(found.source),
    format: found.format,
    account_sid: found.accountSid,
    records: recordCount(found.counts),
    ...found.counts,
    readings: found.series,
    checksum: found.checksum,
    error: found.error === null ? null : inSids(found.error, found.id, sids),
    sequence: found.facts.sequence,
    complete_through: instantOrNull(found.facts.completeThrough),
    date_started: formatInstant(found.startedAt),
    date_finished: found.finishedAt === null ? null : formatInstant(found.finishedAt),
    date_undone: found.undoneAt === null ? null : formatInstant(found.undoneAt),
    url,
    links: { quarantine: `${url}/Quarantine` },
  }
}

/** The import after its undo, and what that changed. */
export const undoneSchema = Type.Object({
  ...importFields,
  removed: Type.Integer(),
  restored: Type.Integer(),
  kept: Type.Integer(),
  quarantine_entries: Type.Integer(),
})

export function undoneToApi(
  outcome: UndoOutcome,
  address: ImportAddress,
): Static<typeof undoneSchema> {
  const { removed, restored, kept, quarantineEntries } = outcome
  return {
    ...importToApi(outcome.import, address),
    removed,
    restored,
    kept,
    quarantine_entries: quarantineEntries,
  }
}

/** The import as it is, and what its undo would change. */
export const undoDryRunSchema = Type.Object({ ...undoneSchema.properties, ...changesFields })

export function undoDryRunToApi(
  trial: UndoTrial,
  caller: Caller,
  address: ImportAddress,
): Static<typeof undoDryRunSchema> {
  return { ...undoneToApi(trial, address), ...changesToApi(trial, caller) }
}

const faultFields = {
  line: Type.Integer(),
  reason: Type.String(),
  field: nullableText,
  detail: Type.String(),
}

const fault = Type.Object(faultFields)

function faultToApi(
  { line, reason, field, detail }: Pick<QuarantinedRecord, 'line' | 'reason' | 'field' | 'detail'>,
  sids: ImportSids,
): Static<typeof fault> {
  return { line, reason, field, detail: detailInSids(detail, sids) }
}

/** The import, with what a person who delivers by hand wants to see at once. */
export const deliverySchema = Type.Object({
  ...importFields,
  warnings: Type.Array(Type.String()),
  errors: Type.Array(fault),
})

export function deliveryToApi(
  summary: ImportSummary,
  address: ImportAddress,
): Static<typeof deliverySchema> {
  return {
    ...importToApi(summary.import, address),
    warnings: [...summary.warnings],
    errors: summary.firstQuarantined.map((record) => faultToApi(record, address.sids)),
  }
}

/** What a delivery would result in, and how usage would change. */
export const dryRunSchema = Type.Object({
  feed: importFields.feed,
  source: importFields.source,
  format: importFields.format,
  account_sid: importFields.account_sid,
  ...verdictFields,
  readings: importFields.readings,
  sequence: importFields.sequence,
  complete_through: importFields.complete_through,
  warnings: Type.Array(Type.String()),
  /** How many records would be quarantined for each reason. */
  quarantined_by: Type.Array(Type.Object({ reason: Type.String(), records: Type.Integer() })),
  errors: Type.Array(fault),
  ...changesFields,
})

export function dryRunToApi(
  { import: tried, quarantinedBy, ...summary }: DryRunSummary,
  caller: Caller,
  sids: ImportSids,
): Static<typeof dryRunSchema> {
  return {
    feed: tried.feedName,
    source: tried.source,
    format: tried.format,
    account_sid: tried.accountSid,
    records: recordCount(tried.counts),
    ...tried.counts,
    readings: tried.series,
    sequence: tried.facts.sequence,
    complete_through: instantOrNull(tried.facts.completeThrough),
    warnings: [...summary.warnings],
    quarantined_by: [...quarantinedBy].map(([reason, records]) => ({ reason, records })),
    errors: summary.firstQuarantined.map((record) => faultToApi(record, sids)),
    ...changesToApi(summary, caller),
  }
}

/** The import, whose counts stay, and how many of its quarantined records were deleted. */
export const discardedSchema = Type.Object({ ...importFields, discarded: Type.Integer() })

/** The import after recycling, and what became of its quarantined records. */
export const recycledSchema = Type.Object({
  ...importFields,
  recycled: Type.Object(verdictFields),
  errors: Type.Array(fault),
})

export function recycledToApi(
  found: Import,
  { counts, firstWaiting }: RecycleSummary,
  address: ImportAddress,
): Static<typeof recycledSchema> {
  return {
    ...importToApi(found, address),
    recycled: { records: recordCount(counts), ...counts },
    errors: firstWaiting.map(({ entry: { line, field }, reason, detail }) =>
      faultToApi({ line, reason, field, detail }, address.sids),
    ),
  }
}

export const quarantineSchema = listSchema(
  'quarantine',
  Type.Object({ ...faultFields, raw: Type.String(), date_seen: Type.String() }),
)

export function quarantineEntryToApi(entry: QuarantineEntry, sids: ImportSids) {
  const { line, reason, field, raw, seenAt } = entry
  const detail = detailInSids(entry.detail, sids)
  return { line, reason, field, detail, raw: rawText(raw), date_seen: formatInstant(seenAt) }
}
