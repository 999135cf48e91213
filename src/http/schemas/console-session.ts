/** A console session, as its browser sees it. */
import { type Static, Type } from 'typebox'
import type { ConsoleSession } from '../../domain/console-session.ts'
import { formatInstant } from '../../domain/time.ts'
import type { Caller } from '../credentials.ts'
import { nullable, nullableText } from './shapes.ts'

export const consoleSessionSchema = Type.Object({
  credential_sid: Type.String(),
  name: nullableText,
  role: Type.String(),
  scope: Type.String(),
  account: nullable(Type.Object({ sid: Type.String(), name: Type.String() })),
  date_created: Type.String(),
  date_expires: Type.String(),
  idle_seconds: Type.Integer(),
})

export function consoleSessionToApi(
  { createdAt, expiresAt }: ConsoleSession,
  { credentialSid, scope, account, key }: Caller,
  idleSeconds: number,
): Static<typeof consoleSessionSchema> {
  return {
    credential_sid: credentialSid,
    name: (key === null ? account?.name : key.label) || null,
    role: account === null ? 'operator' : 'account',
    scope,
    account: account === null ? null : { sid: account.sid, name: account.name },
    date_created: formatInstant(createdAt),
    date_expires: formatInstant(expiresAt),
    idle_seconds: idleSeconds,
  }
}
