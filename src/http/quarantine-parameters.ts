/** The parameters for accepting a conflict and for discarding quarantined records. */
import { type Static, Type } from 'typebox'
import { QUARANTINE_REASONS, type QuarantineReason } from '../domain/import.ts'
import { invalidField, UsageError } from '../domain/usage-error.ts'
import type { ConflictAcceptance } from '../storage/usage-store.ts'
import { decisionOf, decisionParameters, requireGiven } from './decision-parameters.ts'
import { parameter, parsedParameter } from './validation.ts'

const line = Type.Optional(
  parsedParameter('Line', 'the line of the record, as the quarantine lists it', parseLine),
)

export const conflictAcceptanceBody = Type.Object({
  Line: line,
  ...decisionParameters('who accepts it', 'why it counts'),
})

/** From a body that the schema accepted. Throws `invalid`, naming everything that is missing. */
export function acceptanceFromApi({ Line, By, Reason }: Static<typeof conflictAcceptanceBody>): {
  readonly line: number
  readonly acceptance: ConflictAcceptance
} {
  const given = requireGiven({ Line, By, Reason }, 'a record is accepted by somebody, for a reason')
  return { line: parseLine(given.Line), acceptance: decisionOf(given) }
}

export const discardBody = Type.Object({
  Line: line,
  Cause: Type.Optional(
    parameter('Cause', `expected ${QUARANTINE_REASONS.join(', ')}`, isQuarantineReason),
  ),
  All: Type.Optional(
    parameter('All', 'true for all records of the delivery that wait', (text) => text === 'true'),
  ),
  ...decisionParameters('who discards them', 'why they shall never be counted'),
})

/**
 * As `acceptanceFromApi`. Discarding all records of a delivery has to be stated: unknown parameters are
 * ignored, so a mistyped `Line` would otherwise mean all of them.
 */
export function discardFromApi({ Line, Cause, All, By, Reason }: Static<typeof discardBody>): {
  readonly filter: { readonly line?: number; readonly reason?: QuarantineReason }
  readonly decision: { readonly by: string; readonly reason: string }
} {
  const given = requireGiven({ By, Reason }, 'records are discarded by somebody, for a reason')
  const isFiltered = Line !== undefined || Cause !== undefined
  if (isFiltered === (All !== undefined)) {
    throw new UsageError(
      'invalid',
      isFiltered
        ? 'All goes with neither Line nor Cause'
        : 'Which records? Give Line, Cause, or All=true for every one that waits',
    )
  }
  const filter = {
    ...(Line && { line: parseLine(Line) }),
    ...(Cause && { reason: Cause as QuarantineReason }),
  }
  return { filter, decision: decisionOf(given) }
}

function parseLine(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw invalidField('Line', text, 'expected the number of a line, at most 15 digits')
}

function isQuarantineReason(text: string): boolean {
  return (QUARANTINE_REASONS as readonly string[]).includes(text)
}
