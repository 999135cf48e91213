/** A usage event on Simtally's own surface: what counts, and the lines it came from. */
import { Type } from 'typebox'
import { byField, counterValues } from '../../domain/counters.ts'
import { countryCodeAlpha3 } from '../../domain/country.ts'
import type {
  LedgerEntry,
  Provenance,
  ReplacedVersion,
  UndoneVersion,
} from '../../domain/ledger-entry.ts'
import type { HeldSim } from '../../domain/sim-tenure.ts'
import { formatInstant } from '../../domain/time.ts'
import type { EventVersion } from '../../domain/usage-event.ts'
import { listSchema, nullableText } from './shapes.ts'

const versionFields = {
  zone: Type.String(),
  country_code: nullableText,
  plmn: nullableText,
  ...byField(() => Type.Integer()),
  import: Type.String(),
  source: Type.String(),
  line: Type.Integer(),
  date_known: Type.String(),
}

const replacedVersion = Type.Object({
  ...versionFields,
  date_replaced: Type.String(),
  replaced_by_import: Type.String(),
})

const undoneVersion = Type.Object({
  ...versionFields,
  date_replaced: nullableText,
  date_undone: Type.String(),
})

const usageEvent = Type.Object({
  account_sid: Type.String(),
  sim_sid: Type.String(),
  feed: Type.String(),
  record_id: Type.String(),
  occurred_at: Type.String(),
  status: Type.String({ description: 'counted, or undone' }),
  reading: Type.Union([Type.String(), Type.Null()], {
    description: 'of cumulative counters: growth, fall, wrap, reset or unknown',
  }),
  ...versionFields,
  replaced: Type.Array(replacedVersion),
  undone: Type.Array(undoneVersion),
})

export const usageEventsSchema = Type.Object({
  ...listSchema('usage_events', usageEvent).properties,
  period: Type.Object({ start: Type.String(), end: Type.String(), open: Type.Boolean() }),
})

/** How the deliveries of an event are named; callers of the API and the operator see different names. */
export interface DeliveryNames<Name> {
  readonly importOf: (id: number) => Name
  readonly sourceOf: (source: string) => string
}

export function usageEventToApi<Name>(
  entry: LedgerEntry,
  sim: HeldSim,
  names: DeliveryNames<Name>,
) {
  return {
    account_sid: sim.accountSid,
    sim_sid: sim.sid,
    feed: entry.feedName,
    record_id: entry.recordId,
    occurred_at: formatInstant(entry.occurredAt),
    status: entry.isCounted ? 'counted' : 'undone',
    reading: entry.reading,
    ...versionToApi(entry, names),
    replaced: entry.replaced.map((version) => replacedToApi(version, names)),
    undone: entry.undone.map((version) => undoneToApi(version, names)),
  }
}

function replacedToApi<Name>(version: ReplacedVersion, names: DeliveryNames<Name>) {
  return {
    ...versionToApi(version, names),
    date_replaced: formatInstant(version.replacedAt),
    replaced_by_import: names.importOf(version.replacedByImport),
  }
}

function undoneToApi<Name>(version: UndoneVersion, names: DeliveryNames<Name>) {
  return {
    ...versionToApi(version, names),
    date_replaced: version.replacedAt === null ? null : formatInstant(version.replacedAt),
    date_undone: formatInstant(version.undoneAt),
  }
}

function versionToApi<Name>(
  version: EventVersion & Provenance,
  { importOf, sourceOf }: DeliveryNames<Name>,
) {
  const { zone, country, plmn } = version.serving
  const counters = counterValues(version)
  return {
    zone,
    country_code: country === null ? null : countryCodeAlpha3(country),
    plmn,
    ...byField((place) => counters[place]!),
    import: importOf(version.importId),
    source: sourceOf(version.source),
    line: version.line,
    date_known: formatInstant(version.knownAt),
  }
}
