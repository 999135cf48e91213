/** The parameters for accepting a gap. */
import { type Static, Type } from 'typebox'
import { parseGapEnd, parseSequenceNumber } from '../domain/feed-statements.ts'
import type { NamedGap } from '../domain/sequence.ts'
import { decisionOf, decisionParameters, requireGiven } from './decision-parameters.ts'
import { parsedParameter } from './validation.ts'

export const gapAcceptanceBody = Type.Object({
  Stream: Type.Optional(Type.String({ description: 'which of the feed’s streams' })),
  From: Type.Optional(
    parsedParameter('From', 'the first number that is missing', (text) =>
      parseSequenceNumber('From', text),
    ),
  ),
  To: Type.Optional(
    parsedParameter('To', 'the last one, or end if nothing more will come', (text) =>
      parseGapEnd('To', text),
    ),
  ),
  ...decisionParameters('who accepts it', 'why it need not come'),
})

/** From a body that the schema accepted. Throws `invalid`, naming everything that is missing. */
export function gapFromApi({ Stream = '', ...body }: Static<typeof gapAcceptanceBody>): {
  readonly gap: NamedGap
  readonly by: string
  readonly reason: string
} {
  const { From, To, By, Reason } = body
  const given = requireGiven(
    { From, To, By, Reason },
    'a gap is accepted by somebody, for a reason',
  )
  return {
    gap: {
      stream: Stream,
      from: parseSequenceNumber('From', given.From),
      to: parseGapEnd('To', given.To),
    },
    ...decisionOf(given),
  }
}
