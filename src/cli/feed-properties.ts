/** The flags that `feed create` and `feed set` share, and the consequences of changing a property. */
import { Option } from 'commander'
import { type FeedChanges, parseFeedName } from '../domain/directory.ts'
import { CONFLICT_POLICIES, type ConflictPolicy, ZONES, type Zone } from '../domain/usage-event.ts'
import { nameFlags } from './feed-names.ts'
import { settingsFlags } from './feed-settings.ts'
import { flag } from './option-values.ts'

/** How a feed's records are judged, for both commands. */
export interface PolicyOptions {
  readonly onConflict?: ConflictPolicy
  /** False if `--no-default-zone` removes it. */
  readonly defaultZone?: Zone | false
}

function policyFlags(): Option[] {
  return [
    new Option(
      '--on-conflict <policy>',
      'what a record with other content does (default: what the ready mapping needs, or reject)',
    ).choices(CONFLICT_POLICIES),
    new Option(
      '--default-zone <zone>',
      'the zone of records that name no network; without it they go to quarantine',
    ).choices(ZONES),
  ]
}

export function policyChanges({ onConflict, defaultZone }: PolicyOptions): FeedChanges {
  return {
    ...(onConflict === undefined ? {} : { onConflict }),
    ...(defaultZone === undefined
      ? {}
      : { defaultZone: defaultZone === false ? null : defaultZone }),
  }
}

/** Created anew for each command that has them. `deliveryFlags` are those of a feed's deliveries. */
export function propertyFlags(deliveryFlags: readonly Option[]): Option[] {
  return [...policyFlags(), ...settingsFlags(), ...deliveryFlags, ...nameFlags()]
}

/** Flags that apply only to an existing feed. */
export function changingFlags(): Option[] {
  return [
    new Option('--name <name>', 'its new name').argParser(
      flag('--name', (_, text) => parseFeedName(text)),
    ),
    new Option('--no-default-zone', 'records that name no network go to quarantine'),
    new Option('--no-sequence-pattern', 'its files have no numbers in their names'),
    new Option('--no-covers-from', 'its first delivery shows since when it delivers all usage'),
    new Option('--no-account', 'its records may mean SIMs of any account'),
  ]
}

const READ_FROM_NOW_ON =
  'this applies to later deliveries and to recycled records; counted usage does not change'
const TOLD_ANEW = 'its gaps and its "complete through" are recomputed from all its deliveries'
const RESOLVED_FROM_NOW_ON =
  'this applies to later and recycled records; counted usage does not change'

/** People expect these changes to do more than they do. */
const CONSEQUENCES: Readonly<Partial<Record<keyof FeedChanges, string>>> = {
  name: 'everyone who delivers to it or asks for it has to use the new name; its imports show it too',
  format: READ_FROM_NOW_ON,
  settings: READ_FROM_NOW_ON,
  onConflict: 'this applies to later and recycled records; counted usage does not change',
  defaultZone: 'this applies to later and recycled records; counted usage keeps its zone',
  settleSeconds: TOLD_ANEW,
  sequencePattern: TOLD_ANEW,
  coversFrom: 'answers are complete from then on, unless another feed of the account begins later',
  accountId: RESOLVED_FROM_NOW_ON,
  simNames: RESOLVED_FROM_NOW_ON,
}

/** The consequences of the changes, in sentences, each once. */
export function consequencesOf(changes: FeedChanges): string[] {
  const keys = Object.keys(changes) as (keyof FeedChanges)[]
  return [...new Set(keys.flatMap((key) => CONSEQUENCES[key] ?? []))]
}
