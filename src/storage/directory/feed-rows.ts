/** Converts between rows of feeds and the domain's values; see `rows.ts`. */
import { LATE_SECONDS, OVERDUE_SECONDS, SETTLE_SECONDS } from '../../domain/completeness.ts'
import type { Feed, FeedFormat, FeedSettings, NewFeed } from '../../domain/directory.ts'
import { checkLateness } from '../../domain/feed-statements.ts'
import type { Sid, SimNameKind } from '../../domain/identifiers.ts'
import { checkSimNames, simNamesDefault } from '../../domain/sim-names.ts'
import { type ConflictPolicy, ZONES, type Zone } from '../../domain/usage-event.ts'
import { type Row, split } from '../rows.ts'

/** How many distinct settings are remembered. */
const SETTINGS_MAX = 1_000

const settingsByText = new Map<string, FeedSettings>()

/**
 * A feed is read with every delivery. Equal settings are the same object, so that what follows from them is
 * worked out once.
 */
function settingsOf(text: string): FeedSettings {
  const known = settingsByText.get(text)
  if (known !== undefined) return known
  const settings = JSON.parse(text) as FeedSettings
  if (settingsByText.size >= SETTINGS_MAX) settingsByText.clear()
  settingsByText.set(text, settings)
  return settings
}

export function feedFromRow(row: Row): Feed {
  return {
    id: row.id as number,
    name: row.name as string,
    format: row.format as FeedFormat,
    settings: settingsOf(row.settings as string),
    onConflict: row.on_conflict as ConflictPolicy,
    defaultZone: row.default_zone === null ? null : ZONES[row.default_zone as number]!,
    settleSeconds: row.settle_seconds as number,
    sequencePattern: row.sequence_pattern as string | null,
    lateSeconds: row.late_seconds as number,
    overdueSeconds: row.overdue_seconds as number,
    coversFrom: row.covers_from as number | null,
    retirement:
      row.retired_at === null
        ? null
        : { at: row.retired_at as number, reason: row.retired_reason as string },
    accountId: row.account_id as number | null,
    accountSid: row.account_sid as Sid | null,
    simNames: split<SimNameKind>(row.sim_names),
    createdAt: row.created_at as number,
  }
}

/** Values of `INSERT_FEED`. */
export function newFeedToRow(feed: NewFeed) {
  const { lateSeconds = LATE_SECONDS, overdueSeconds = OVERDUE_SECONDS } = feed
  checkLateness({ lateSeconds, overdueSeconds })
  const { accountId = null } = feed
  const { simNames = simNamesDefault(accountId) } = feed
  checkSimNames({ accountId, simNames })
  return [
    feed.name,
    feed.format,
    JSON.stringify(feed.settings),
    feed.onConflict,
    zoneToRow(feed.defaultZone),
    feed.settleSeconds ?? SETTLE_SECONDS,
    feed.sequencePattern ?? null,
    lateSeconds,
    overdueSeconds,
    feed.coversFrom ?? null,
    feed.retirement?.at ?? null,
    feed.retirement?.reason ?? null,
    accountId,
    simNames.join(' '),
    feed.createdAt,
  ] as const
}

function zoneToRow(zone: Zone | null): number | null {
  return zone === null ? null : ZONES.indexOf(zone)
}

/** Values of `UPDATE_FEED`, before the feed's id. */
export function changedFeedToRow(feed: Feed) {
  checkSimNames(feed)
  checkLateness(feed)
  return [
    feed.name,
    feed.format,
    feed.onConflict,
    zoneToRow(feed.defaultZone),
    JSON.stringify(feed.settings),
    feed.settleSeconds,
    feed.sequencePattern,
    feed.lateSeconds,
    feed.overdueSeconds,
    feed.coversFrom,
    feed.retirement?.at ?? null,
    feed.retirement?.reason ?? null,
    feed.accountId,
    feed.simNames.join(' '),
  ] as const
}
