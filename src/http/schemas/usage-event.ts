/** A usage event on Simtally's own surface: what counts, and the lines it came from. */
import { type Static, Type } from 'typebox'
import { countryCodeAlpha3 } from '../../domain/country.ts'
import type { Sim } from '../../domain/directory.ts'
import type { LedgerEntry, Provenance, ReplacedVersion } from '../../domain/ledger-entry.ts'
import { formatInstant } from '../../domain/time.ts'
import type { EventVersion } from '../../domain/usage-event.ts'
import { listSchema, nullableText, sourceToApi } from './shapes.ts'

const versionFields = {
  zone: Type.String(),
  country_code: nullableText,
  plmn: nullableText,
  upload: Type.Integer(),
  download: Type.Integer(),
  to_sim: Type.Integer(),
  from_sim: Type.Integer(),
  import: Type.Integer(),
  source: Type.String(),
  line: Type.Integer(),
  date_known: Type.String(),
}

const replacedVersion = Type.Object({
  ...versionFields,
  date_replaced: Type.String(),
  replaced_by_import: Type.Integer(),
})

const usageEvent = Type.Object({
  account_sid: Type.String(),
  sim_sid: Type.String(),
  feed: Type.String(),
  record_id: Type.String(),
  occurred_at: Type.String(),
  ...versionFields,
  replaced: Type.Array(replacedVersion),
})

export const usageEventsSchema = Type.Object({
  ...listSchema('usage_events', usageEvent).properties,
  period: Type.Object({ start: Type.String(), end: Type.String(), open: Type.Boolean() }),
})

export function usageEventToApi(entry: LedgerEntry, sim: Sim): Static<typeof usageEvent> {
  return {
    account_sid: sim.accountSid,
    sim_sid: sim.sid,
    feed: entry.feedName,
    record_id: entry.recordId,
    occurred_at: formatInstant(entry.occurredAt),
    ...versionToApi(entry),
    replaced: entry.replaced.map(replacedToApi),
  }
}

function replacedToApi(version: ReplacedVersion): Static<typeof replacedVersion> {
  return {
    ...versionToApi(version),
    date_replaced: formatInstant(version.replacedAt),
    replaced_by_import: version.replacedByImport,
  }
}

function versionToApi(version: EventVersion & Provenance) {
  const { zone, country, plmn } = version.serving
  return {
    zone,
    country_code: country === null ? null : countryCodeAlpha3(country),
    plmn,
    upload: version.upload,
    download: version.download,
    to_sim: version.toSim,
    from_sim: version.fromSim,
    import: version.importId,
    source: sourceToApi(version.source),
    line: version.line,
    date_known: formatInstant(version.knownAt),
  }
}
