/** What is wrong with an attribute, in words. */
import { maskIdentifier } from '../../domain/identifiers.ts'
import { shown } from '../../domain/usage-error.ts'
import { shownName } from './radius-warnings.ts'

export interface AttributeFault {
  readonly field: string
  /** Null if there is nothing to repeat. */
  readonly value: string | null
  readonly rule: string
}

export function describeFault({ field, value, rule }: AttributeFault): string {
  if (value === null) return `${shownName(field)}: ${rule}`
  // A number in the wrong place may be a subscriber's.
  const masked = value.replace(/\d{10,}/g, (digits) => maskIdentifier(digits))
  return `${shownName(field)} ${shown(masked)}: ${rule}`
}
