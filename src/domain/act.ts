/**
 * Acts: what somebody has done to a store beside delivering records. The log of them is only added
 * to, so that a number which changed can be explained by who changed it, and when.
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
  /** `operator` on the command line, `upkeep` of a serving process, or the SID of a credential. */
  readonly name: string
  /** UTC seconds; the database's own clock unless given. */
  readonly clock?: () => number
}

/** Who acts where nobody is named. */
export const SOMEBODY: Actor = { name: 'program' }

/** JSON: counts, and values as they were given. Never a secret, and no subscriber number. */
export type ActDetails = Readonly<
  Record<string, string | number | boolean | null | readonly string[]>
>

export interface NewAct {
  /** What was done, in one word: `create`, `change`, `undo`. */
  readonly verb: string
  readonly objectKind: ActObject
  /** Its SID, name or number; of several, how they were chosen. */
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
  /** Acts from this instant on, in UTC seconds. */
  readonly since?: number
  readonly objectKind?: ActObject
  readonly object?: string
}
