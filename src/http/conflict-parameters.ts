/** What may be said in accepting a conflict. */
import { type Static, Type } from 'typebox'
import { parseName } from '../domain/directory.ts'
import { parseReason } from '../domain/feed-statements.ts'
import { invalidField, UsageError } from '../domain/usage-error.ts'
import type { ConflictAcceptance } from '../storage/usage-store.ts'
import { parsedParameter } from './validation.ts'

export const conflictAcceptanceBody = Type.Object({
  Line: Type.Optional(
    parsedParameter('Line', 'the line of the record, as the quarantine lists it', parseLine),
  ),
  By: Type.Optional(parsedParameter('By', 'who accepts it', (text) => parseName('By', text))),
  Reason: Type.Optional(
    parsedParameter('Reason', 'why it counts', (text) => parseReason('Reason', text)),
  ),
})

/** From a body that the schema has accepted. Throws `invalid` naming everything that is missing. */
export function acceptanceFromApi(body: Static<typeof conflictAcceptanceBody>): {
  readonly line: number
  readonly acceptance: ConflictAcceptance
} {
  const given = { Line: body.Line, By: body.By?.trim(), Reason: body.Reason?.trim() }
  const missing = Object.entries(given).filter(([, text]) => !text)
  if (missing.length > 0) {
    const names = missing.map(([name]) => name).join(', ')
    throw new UsageError(
      'invalid',
      `Missing: ${names}; a record is accepted by somebody, for a reason`,
    )
  }
  const { Line, By, Reason } = given as Record<keyof typeof given, string>
  return {
    line: parseLine(Line),
    acceptance: { by: parseName('By', By), reason: parseReason('Reason', Reason) },
  }
}

function parseLine(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw invalidField('Line', text, 'expected the number of a line, at most 15 digits')
}
