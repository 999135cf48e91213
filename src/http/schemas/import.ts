/** Feeds, imports and what they left in quarantine, as Simtally's own surface shows them. */
import { type Static, Type } from 'typebox'
import type { FeedProgress } from '../../domain/completeness.ts'
import type { Feed } from '../../domain/directory.ts'
import { type Import, type QuarantineEntry, recordCount } from '../../domain/import.ts'
import { formatInstant } from '../../domain/time.ts'
import type { ImportSummary } from '../../ingest/import-records.ts'
import { rawText } from '../raw-text.ts'
import { feedStatusFields, feedStatusToApi, instantOrNull } from './feed-status.ts'
import { listSchema, nullable, nullableText } from './shapes.ts'

export const feedSchema = Type.Object({
  name: Type.String(),
  format: Type.String(),
  settings: Type.Record(Type.String(), Type.Unknown()),
  on_conflict: Type.String(),
  default_zone: nullableText,
  ...feedStatusFields,
  date_created: Type.String(),
  links: Type.Object({ records: Type.String(), gaps: Type.String() }),
})

export const feedsSchema = listSchema('feeds', feedSchema)

export function feedToApi(
  feed: Feed,
  progress: FeedProgress,
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
    ...feedStatusToApi(feed, progress, nowSeconds),
    date_created: formatInstant(feed.createdAt),
    links: { records: `${url}/Records`, gaps: `${url}/Gaps` },
  }
}

const importFields = {
  import: Type.Integer(),
  feed: Type.String(),
  status: Type.String(),
  source: Type.String(),
  format: Type.String(),
  account_sid: nullableText,
  records: Type.Integer(),
  accepted: Type.Integer(),
  duplicate: Type.Integer(),
  replaced: Type.Integer(),
  quarantined: Type.Integer(),
  expired: Type.Integer(),
  checksum: nullableText,
  error: nullableText,
  sequence: nullable(Type.Object({ stream: Type.String(), number: Type.Integer() })),
  complete_through: nullableText,
  date_started: Type.String(),
  date_finished: nullableText,
  url: Type.String(),
  links: Type.Object({ quarantine: Type.String() }),
}

export const importSchema = Type.Object(importFields)
export const importsSchema = listSchema('imports', importSchema)

export function importToApi(found: Import, baseUrl: string): Static<typeof importSchema> {
  const url = `${baseUrl}/v1/Imports/${found.id}`
  return {
    import: found.id,
    feed: found.feedName,
    status: found.status,
    source: found.source,
    format: found.format,
    account_sid: found.accountSid,
    records: recordCount(found.counts),
    ...found.counts,
    checksum: found.checksum,
    error: found.error,
    sequence: found.facts.sequence,
    complete_through: instantOrNull(found.facts.completeThrough),
    date_started: formatInstant(found.startedAt),
    date_finished: found.finishedAt === null ? null : formatInstant(found.finishedAt),
    url,
    links: { quarantine: `${url}/Quarantine` },
  }
}

const faultFields = {
  line: Type.Integer(),
  reason: Type.String(),
  field: nullableText,
  detail: Type.String(),
}

/** The import, and what a person who delivers by hand wants to see at once. */
export const deliverySchema = Type.Object({
  ...importFields,
  warnings: Type.Array(Type.String()),
  errors: Type.Array(Type.Object(faultFields)),
})

export function deliveryToApi(
  summary: ImportSummary,
  baseUrl: string,
): Static<typeof deliverySchema> {
  return {
    ...importToApi(summary.import, baseUrl),
    warnings: [...summary.warnings],
    errors: summary.firstQuarantined.map(({ line, reason, field, detail }) => ({
      line,
      reason,
      field,
      detail,
    })),
  }
}

export const quarantineSchema = listSchema(
  'quarantine',
  Type.Object({ ...faultFields, raw: Type.String(), date_seen: Type.String() }),
)

export function quarantineEntryToApi(entry: QuarantineEntry) {
  const { line, reason, field, detail, raw, seenAt } = entry
  return { line, reason, field, detail, raw: rawText(raw), date_seen: formatInstant(seenAt) }
}
