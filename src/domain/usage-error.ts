/**
 * Failures that somebody can act on. Expected results (a duplicate, a late record) are part of a return
 * value instead, and our own mistakes are assertions.
 */
import type { LimitName } from './limits.ts'
import { printable } from './printable.ts'

export type UsageErrorCode =
  /** A value from outside breaks a rule; `field` and `value` say which. */
  | 'invalid'
  | 'not_found'
  /** What should be created exists already, with other content. */
  | 'conflict'
  /** A delivery as a whole cannot be read: cut gzip, no header line. */
  | 'unreadable'
  /** A sum of usage would pass 2^63 - 1, the largest that is kept. Nothing of the call was stored. */
  | 'overflow'
  /** The store cannot be reached, or another process holds it. Trying again is safe. */
  | 'unavailable'
  /** The expected store does not exist, or no longer does. */
  | 'missing'
  /** The database that was opened has been replaced by another. */
  | 'replaced'
  | 'storage_full'
  | 'read_only'
  /** The database is not ours, is damaged, or has a schema unknown to this program. */
  | 'incompatible'

export interface UsageErrorDetails {
  /** What to do about it, as a sentence for the person who sees the error. */
  readonly hint?: string
  /** The faults joined in the message, if there are several; people see one per line. */
  readonly faults?: readonly string[]
  readonly field?: string
  readonly value?: string
  /** The limit that was exceeded, if any. */
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

/** How much of an outside value a message repeats at most, in characters. */
const VALUE_SHOWN_CHARACTERS_MAX = 80

/** An outside value as messages show it: quoted, cut, with unprintable characters escaped. */
export function shown(value: string): string {
  const cut =
    value.length > VALUE_SHOWN_CHARACTERS_MAX
      ? `${value.slice(0, VALUE_SHOWN_CHARACTERS_MAX)}…`
      : value
  return printable(JSON.stringify(cut))
}

/** An `invalid` error about one field, in the form that all of them share. */
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

/** The error with its leading field renamed to what the caller knows it by. */
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
