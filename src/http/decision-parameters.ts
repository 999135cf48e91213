/** The parameters of a decision that the log keeps: who made it, and why. */
import { Type } from 'typebox'
import { parseName } from '../domain/directory.ts'
import { parseReason } from '../domain/feed-statements.ts'
import { UsageError } from '../domain/usage-error.ts'
import { parsedParameter } from './validation.ts'

/** `who` and `why` describe the two in words. */
export function decisionParameters(who: string, why: string) {
  return {
    By: Type.Optional(parsedParameter('By', who, (text) => parseName('By', text))),
    Reason: Type.Optional(parsedParameter('Reason', why, (text) => parseReason('Reason', text))),
  }
}

/** The given values, trimmed. Throws `invalid`, naming everything that is missing and then the rule. */
export function requireGiven<Name extends string>(
  values: Readonly<Record<Name, string | undefined>>,
  rule: string,
): Record<Name, string> {
  const given = Object.entries<string | undefined>(values).map(
    ([name, text]) => [name, text?.trim() ?? ''] as const,
  )
  const missing = given.filter(([, text]) => text === '').map(([name]) => name)
  if (missing.length > 0) {
    throw new UsageError('invalid', `Missing: ${missing.join(', ')}; ${rule}`)
  }
  return Object.fromEntries(given) as Record<Name, string>
}

/** From a body that the schema accepted. */
export function decisionOf({ By, Reason }: Readonly<Record<'By' | 'Reason', string>>): {
  readonly by: string
  readonly reason: string
} {
  return { by: parseName('By', By), reason: parseReason('Reason', Reason) }
}
