/** What may be said in accepting a gap. */
import { type Static, Type } from 'typebox'
import { parseName } from '../domain/directory.ts'
import { parseGapEnd, parseReason, parseSequenceNumber } from '../domain/feed-statements.ts'
import type { NamedGap } from '../domain/sequence.ts'
import { UsageError } from '../domain/usage-error.ts'
import { parsedParameter } from './validation.ts'

export const gapAcceptanceBody = Type.Object({
  Stream: Type.Optional(Type.String({ description: 'which of the feed’s streams' })),
  From: Type.Optional(
    parsedParameter('From', 'the first number that is missing', (text) =>
      parseSequenceNumber('From', text),
    ),
  ),
  To: Type.Optional(
    parsedParameter('To', 'the last one, or end where nothing more comes', (text) =>
      parseGapEnd('To', text),
    ),
  ),
  By: Type.Optional(parsedParameter('By', 'who accepts it', (text) => parseName('By', text))),
  Reason: Type.Optional(
    parsedParameter('Reason', 'why it need not come', (text) => parseReason('Reason', text)),
  ),
})

/** From a body that the schema has accepted. Throws `invalid` naming everything that is missing. */
export function gapFromApi(body: Static<typeof gapAcceptanceBody>): {
  readonly gap: NamedGap
  readonly by: string
  readonly reason: string
} {
  const given = { From: body.From, To: body.To, By: body.By?.trim(), Reason: body.Reason?.trim() }
  const missing = Object.entries(given).filter(([, text]) => !text)
  if (missing.length > 0) {
    const names = missing.map(([name]) => name).join(', ')
    throw new UsageError(
      'invalid',
      `Missing: ${names}; a gap is accepted by somebody, for a reason`,
    )
  }
  const { From, To, By, Reason } = given as Record<keyof typeof given, string>
  return {
    gap: {
      stream: body.Stream ?? '',
      from: parseSequenceNumber('From', From),
      to: parseGapEnd('To', To),
    },
    by: parseName('By', By),
    reason: parseReason('Reason', Reason),
  }
}
