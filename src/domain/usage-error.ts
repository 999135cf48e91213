/**
 * The failures somebody can act on. What is expected (a duplicate, a late record) is part of a
 * return value instead, and what is our own mistake is an assertion.
 */
import type { LimitName } from './limits.ts'
import { printable } from './printable.ts'

export type UsageErrorCode =
  /** A value given from outside breaks a rule; `field` and `value` say which. */
  | 'invalid'
  | 'not_found'
  /** What was to be created exists already, with other content. */
  | 'conflict'
  /** A delivery as a whole cannot be read: cut gzip, no header line. */
  | 'unreadable'
  /** A sum of usage would pass 2^63 - 1, the largest kept; nothing of the call was stored. */
  | 'overflow'
  /** The store cannot be reached or is held by another process; trying again is safe. */
  | 'unavailable'
  /** There is no store where one is to be, or no longer. */
  | 'missing'
  /** Another database is in the place of the one that was opened. */
  | 'replaced'
  | 'storage_full'
  | 'read_only'
  /** The database is not ours, is damaged, or has a schema this program does not know. */
  | 'incompatible'

export interface UsageErrorDetails {
  /** What to do about it, as a sentence for the person who meets the error. */
  readonly hint?: string
  /** The faults that the message joins, where it has several: a person is shown one a line. */
  readonly faults?: readonly string[]
  readonly field?: string
  readonly value?: string
  /** The limit that was met, where one was. */
  readonly limit?: LimitName
  readonly cause?: unknown
}

export class UsageError extends Error {
  readonly code: UsageErrorCode
  readonly hint: string | undefined
  readonly field: string | undefined
  readonly value: string | undefined
  readonly limit: LimitName | undefined
  readonly faults: readonly string[]

  constructor(code: UsageErrorCode, message: string, details: UsageErrorDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause })
    this.name = 'UsageError'
    this.code = code
    this.hint = details.hint
    this.field = details.field
    this.value = details.value
    this.limit = details.limit
    this.faults = details.faults ?? [message]
  }
}

/** The longest part of an outside value that a message repeats, in characters. */
const VALUE_SHOWN_CHARACTERS_MAX = 80

/** An outside value as messages show it: quoted, cut, unprintable characters escaped. */
export function shown(value: string): string {
  const cut =
    value.length > VALUE_SHOWN_CHARACTERS_MAX
      ? `${value.slice(0, VALUE_SHOWN_CHARACTERS_MAX)}…`
      : value
  return printable(JSON.stringify(cut))
}

/** An `invalid` error about one field, in the form all of them take. */
export function invalidField(
  field: string,
  value: string,
  rule: string,
  details: UsageErrorDetails = {},
): UsageError {
  return new UsageError('invalid', `${field} ${shown(value)}: ${rule}`, {
    ...details,
    field,
    value,
  })
}

/** The failure with its field, with which the message begins, under the name that the asker gave it. */
export function withFieldNamed(error: unknown, names: Readonly<Record<string, string>>): unknown {
  if (!(error instanceof UsageError) || error.field === undefined) return error
  const { code, message, field, value, hint } = error
  const name = names[field]
  if (name === undefined) return error
  return new UsageError(code, name + message.slice(field.length), {
    field: name,
    ...(value !== undefined && { value }),
    ...(hint !== undefined && { hint }),
  })
}
