/**
 * Acts: what somebody does to a store besides delivering records. Their log is append-only, so that a
 * changed number can be explained by who changed it, and when.
 */

export const ACT_OBJECTS = [
  'account',
  'key',
  'sim',
  'group',
  'feed',
  'import',
  'quarantine',
  'store',
] as const
export type ActObject = (typeof ACT_OBJECTS)[number]

/** Who acts. */
export interface Actor {
  /** `operator` on the command line, `upkeep` for a serving process, or a credential's SID. */
  readonly name: string
  /** UTC seconds; by default the database's own clock. */
  readonly clock?: () => number
}

/** The actor if nobody is named. */
export const SOMEBODY: Actor = { name: 'program' }

/** JSON: counts, and values as they were given. Never a secret or a subscriber's number. */
export type ActDetails = Readonly<
  Record<string, string | number | boolean | null | readonly string[]>
>

export interface NewAct {
  /** What was done, in one word: `create`, `change`, `undo`. */
  readonly verb: string
  readonly objectKind: ActObject
  /** Its SID, name or number; for several objects, how they were chosen. */
  readonly object: string
  readonly details: ActDetails
}

export interface Act extends NewAct {
  /** Grows with each act; pages continue before it. */
  readonly id: number
  /** UTC seconds. */
  readonly at: number
  readonly actor: string
}

export interface ActFilter {
  /** Only acts from this instant on, in UTC seconds. */
  readonly since?: number
  readonly objectKind?: ActObject
  readonly object?: string
}
